"""Roll back to a former release.

pyflyte run tasks/rollback.py move_back --version 3
"""

from flytekit import task

from nightshift.artifacts import Promotion
from nightshift.night import Night
from tasks.promote import page
from tasks.resources import IMAGE, LIGHT
from tasks.stage import DECK, stage


@task(container_image=IMAGE, requests=LIGHT, **DECK)
def move_back(version: int = 0) -> Promotion:
    """Move the champion alias to `version`; 0 means the release that served before."""
    from nightshift.registry.promotion import roll_back

    night = Night.open()
    with stage("promote", night) as finish:
        promotion = roll_back(night.settings, version or None)
        finish(page(promotion), changed=1, total=1, unit="releases")
    return promotion
