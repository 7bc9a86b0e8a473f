"""A store and settings for each test, and the ingest of a delivery into it."""

import pytest

from nightshift.lake import ingest
from nightshift.night import Night
from nightshift.settings import Settings
from nightshift.store import open_store


@pytest.fixture
def store(tmp_path):
    return open_store(f"file://{tmp_path}/store")


@pytest.fixture
def settings():
    return Settings.from_env({"NIGHTSHIFT_PSEUDONYM_KEY": "key"})


@pytest.fixture
def night(store, settings):
    return lambda delivery, settings=settings: ingest(delivery, Night.from_settings(settings, store))
