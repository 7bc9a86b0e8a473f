"""Settings: sane alone, strict in production."""

import pytest

from nightshift.errors import SettingsError
from nightshift.settings import Settings, profile


def test_nothing_is_needed_in_development(tmp_path, monkeypatch):
    """An empty environment gives embedded defaults below the state folder."""
    monkeypatch.chdir(tmp_path)
    settings = Settings.from_env({})
    assert settings.home == tmp_path / ".nightshift"
    assert settings.store.startswith("file://")
    assert settings.source.startswith("simulate://")


def test_production_has_no_default_secret():
    """Without a key of its own production is refused, by the name of the variable."""
    with pytest.raises(SettingsError, match="NIGHTSHIFT_PSEUDONYM_KEY"):
        Settings.from_env({"NIGHTSHIFT_MODE": "production"})
    settings = Settings.from_env({"NIGHTSHIFT_MODE": "production", "NIGHTSHIFT_PSEUDONYM_KEY": "k"})
    assert settings.pseudonym_key == "k"


@pytest.mark.parametrize(
    ("name", "value"),
    [("NIGHTSHIFT_MODE", "prod"), ("NIGHTSHIFT_THREADS", "many"), ("NIGHTSHIFT_PROFILE", "huge")],
)
def test_a_wrong_value_is_named(name, value):
    """The message shows the value and what would do."""
    with pytest.raises(SettingsError, match=value):
        Settings.from_env({name: value})


def test_a_profile_is_one_of_those_there_are():
    """An unknown profile lists the known ones."""
    with pytest.raises(SettingsError, match="smoke, tiny, small, full"):
        profile("medium")
