"""A cache version that changes when the code behind a task changes, and only then.

    @task(cache=cached(__file__))

A fixed version would not see changes in imported code. This one is the digest of the task's own file and of every
first-party module that it reaches through imports, with the data files beside them (SQL, mappings, articles), of the
base models and the handover rules in use, and of the identity of the store, because a cached result names bytes in
that store.
"""

import hashlib
from pathlib import Path

from flytekit import Cache

from nightshift.settings import Settings, profile
from nightshift.store import open_store
from tasks.code_version import code_version


def cached(task_file: str, *folders: str) -> Cache:
    """The cache of the task in `task_file`; `folders` are data outside the package that it reads, e.g. "dbt"."""
    settings = Settings.from_env()
    version = hashlib.sha256(code_version(Path(task_file), folders).encode())
    sizes = profile(settings.profile)
    version.update(f"{open_store(settings.store).identity} {sizes.encoder} {sizes.generator}".encode())
    if settings.handover and settings.handover.exists():
        version.update(settings.handover.read_bytes())
    return Cache(version=version.hexdigest()[:16])
