import sys

import pytest

from nightshift.errors import BaseModelMissing, SettingsError
from nightshift.store.base_models import resolve


def test_a_wheel_is_located_without_being_imported(tmp_path, monkeypatch):
    """A package whose import fails still yields the folder inside it."""
    (tmp_path / "broken_on_import" / "model").mkdir(parents=True)
    (tmp_path / "broken_on_import" / "__init__.py").write_text("raise RuntimeError('imported')")
    monkeypatch.syspath_prepend(tmp_path)
    assert resolve("pypi:some-wheel/broken_on_import/model") == tmp_path / "broken_on_import" / "model"
    assert "broken_on_import" not in sys.modules


@pytest.mark.parametrize("url", ["file:/a/folder", "file:///a/folder"])
def test_both_spellings_of_a_file_url_are_the_same_folder(tmp_path, url):
    """One slash or three: the folder is found."""
    (tmp_path / "a" / "folder").mkdir(parents=True)
    assert resolve(url.replace("/a/folder", f"{tmp_path}/a/folder")) == tmp_path / "a" / "folder"


@pytest.mark.parametrize(
    "url", ["pypi:no-such-wheel/no_such_package/model", "pypi:pytest/pytest/no/such/folder", "file:/no/such/folder"]
)
def test_an_absent_model_names_the_cure(url):
    """Whichever part of the URL is absent, the error names the command that installs the model."""
    with pytest.raises(BaseModelMissing, match="make models"):
        resolve(url)


@pytest.mark.parametrize("url", ["model", "ftp://models/a", "pypi:only-a-distribution", "pypi:a/../b"])
def test_an_unknown_scheme_is_refused(url):
    """A URL without a known scheme or a package is a mistake in the settings."""
    with pytest.raises(SettingsError):
        resolve(url)
