"""What every stage of a night needs, opened once per stage and passed on.

night = Night.open("tiny")                  # the settings of the environment at this profile
features, work = transform(snapshot, "", night)
night.run_log.cost_summary(night.run_log.night)
"""

from dataclasses import dataclass

from nightshift.reports.run_log import RunLog
from nightshift.settings import Profile, Settings, profile
from nightshift.store import Store, open_store


@dataclass(frozen=True)
class Night:
    """The open store, the settings, the profile they name, and the log of the runs under `settings.home`."""

    store: Store
    settings: Settings
    profile: Profile
    run_log: RunLog

    @classmethod
    def open(cls, profile_name: str = "") -> "Night":
        """The night of the environment; `profile_name` overrides NIGHTSHIFT_PROFILE. Raises SettingsError."""
        settings = Settings.from_env()
        return cls.from_settings(settings.with_profile(profile_name) if profile_name else settings)

    @classmethod
    def from_settings(cls, settings: Settings, store: Store | None = None) -> "Night":
        """The night of `settings`, on `store` where one is open already. Raises SettingsError."""
        return cls(
            store=store or open_store(settings.store),
            settings=settings,
            profile=profile(settings.profile),
            run_log=RunLog(settings.home),
        )
