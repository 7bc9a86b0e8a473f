"""Roll back to a former release: the champion alias moves, nothing is trained, built or copied.

pyflyte run workflows/rollback.py rollback                  # to the one that served before
pyflyte run workflows/rollback.py rollback --version 3      # to registered version 3
"""

from flytekit import workflow

from nightshift.artifacts import Promotion
from tasks.rollback import move_back


@workflow
def rollback(version: int = 0) -> Promotion:
    """Move the champion alias to `version`, or with 0 to the release that served before this one."""
    promotion: Promotion = move_back(version=version)
    return promotion
