"""A night: store, settings, profile and run log of one state, opened from the environment."""

import pytest

from nightshift.errors import SettingsError
from nightshift.night import Night
from nightshift.settings import Settings
from nightshift.store import open_store


def test_a_night_opens_from_the_environment(tmp_path, monkeypatch):
    """Store and run log lie under NIGHTSHIFT_HOME, and a named profile overrides NIGHTSHIFT_PROFILE."""
    monkeypatch.setenv("NIGHTSHIFT_HOME", str(tmp_path))
    monkeypatch.setenv("NIGHTSHIFT_PROFILE", "small")
    assert (Night.open().profile.name, Night.open("smoke").profile.name) == ("small", "smoke")
    night = Night.open("smoke")
    assert (night.settings.profile, night.run_log.home) == ("smoke", tmp_path)
    digest = night.store.put(b"bytes")
    assert open_store(night.settings.store).get(digest) == b"bytes"


def test_an_unknown_profile_is_refused(tmp_path, monkeypatch):
    """A profile that does not exist is a SettingsError before anything opens."""
    monkeypatch.setenv("NIGHTSHIFT_HOME", str(tmp_path))
    with pytest.raises(SettingsError, match="no profile 'huge'"):
        Night.open("huge")


def test_an_open_store_is_used(tmp_path):
    """A night on a store that is open already opens no other."""
    store = open_store(f"file://{tmp_path}/elsewhere")
    night = Night.from_settings(Settings.from_env({"NIGHTSHIFT_HOME": str(tmp_path)}), store)
    assert night.store is store
