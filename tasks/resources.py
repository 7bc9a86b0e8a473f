"""The resources that a task requests from a cluster. Local runs ignore them.

NIGHTSHIFT_IMAGE names the container image (containers/Dockerfile); unset, `pyflyte run --remote --image` decides.
"""

import os
from typing import Any

from flytekit import Resources, Secret

from nightshift.settings import Settings, profile

IMAGE = os.environ.get("NIGHTSHIFT_IMAGE")

LIGHT = Resources(cpu="1", mem="2Gi")
BROAD = Resources(cpu="2", mem="6Gi")
TRAINING = Resources(cpu="4", mem="16Gi", gpu="1") if os.environ.get("NIGHTSHIFT_GPU") else BROAD


def secrets() -> list[Secret]:
    """The pseudonym key, which only production mode requests: the development key is no secret."""
    if Settings.from_env().mode == "development":
        return []
    return [Secret(group="nightshift", key="pseudonym_key", env_var="NIGHTSHIFT_PSEUDONYM_KEY")]


def processes() -> dict[str, Any]:
    """Torch elastic over the processes (or GPUs) of NIGHTSHIFT_PROFILE; empty for one process."""
    count = profile(Settings.from_env().profile).processes
    if count == 1:
        return {}
    from flytekitplugins.kfpytorch import Elastic  # costs 2 s of import, so only where it is used

    config = Elastic(nnodes=1, nproc_per_node=count, start_method="spawn", increase_shared_mem=False)
    return {"task_config": config, "shared_memory": True}
