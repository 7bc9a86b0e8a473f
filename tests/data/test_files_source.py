"""A folder as a source: which files are objects, when they count as changed, and what is refused."""

import os

import pytest

from nightshift.errors import MappingError, SettingsError, SourceError
from nightshift.settings import Settings
from nightshift.sources import open_source, source_key

MAPPING = """
tables:
  customers: {files: "**/*.csv", columns: {customer: id, since: at}}
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "shop" / "new").mkdir(parents=True)
    (tmp_path / "m.yaml").write_text(MAPPING, encoding="utf-8")
    return tmp_path / "shop"


def opened(folder):
    return open_source(f"file://{folder}?mapping={folder.parent}/m.yaml", Settings.from_env({}))


def names(folder):
    return [each.name for each in opened(folder).objects()]


def test_only_finished_visible_mapped_files_are_objects(folder):
    """Hidden, unfinished and unmapped files are left alone; the rest comes sorted."""
    for name in ("b.csv", "a.csv", "new/c.csv", ".d.csv", ".git/e.csv", "f.csv.part", "g.csv.tmp", "h.txt"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(b"id,at\n")
    assert names(folder) == ["a.csv", "b.csv", "new/c.csv"]


def test_links_are_followed_inside_the_folder_only(folder):
    """A link cannot bring in files from elsewhere, nor lead in circles."""
    (folder.parent / "secret.csv").write_bytes(b"id,at\n")
    (folder / "a.csv").write_bytes(b"id,at\n")
    (folder / "in.csv").symlink_to(folder / "a.csv")
    (folder / "out.csv").symlink_to(folder.parent / "secret.csv")
    (folder / "gone.csv").symlink_to(folder / "nothing.csv")
    (folder / "new" / "up").symlink_to(folder)
    assert names(folder) == ["a.csv", "in.csv"]
    for outside in ("out.csv", "../secret.csv"):
        with pytest.raises(SourceError, match="lies outside"):
            opened(folder).read(outside)


def test_an_etag_follows_the_content_not_the_clock(folder):
    """Copying or touching a file changes nothing; one changed byte does, even at the same size and time."""
    path = folder / "a.csv"
    path.write_bytes(b"id,at\n1,2026\n")
    (before,) = opened(folder).objects()
    os.utime(path, (1, 1))
    assert opened(folder).objects() == [before]
    path.write_bytes(b"id,at\n2,2026\n")
    os.utime(path, (1, 1))
    (after,) = opened(folder).objects()
    assert after.etag != before.etag
    assert after.size == before.size


def test_a_large_file_is_not_hashed(folder, monkeypatch):
    """Above the limit size and time tell changes, so that a night does not read a huge folder for nothing."""
    monkeypatch.setattr("nightshift.sources.files.HASHED_BELOW", 4)
    path = folder / "a.csv"
    path.write_bytes(b"id,at\n")
    os.utime(path, ns=(1, 5))
    assert [each.etag for each in opened(folder).objects()] == ["6-5"]


def test_the_key_is_that_of_the_folder(folder):
    """Nights of one company share a key, and two folders never do."""
    inner = open_source(f"file://{folder}/new?mapping=company", Settings.from_env({}))
    assert opened(folder).key == opened(folder).key != inner.key
    assert source_key("simulate://shop?night=1") == source_key("simulate://shop?night=2")
    assert source_key("s3://user:secret@bucket/a") == source_key("s3://bucket/a")
    assert source_key("s3://bucket/a") != source_key("s3://bucket/b")


@pytest.mark.parametrize(
    ("url", "error", "told"),
    [
        ("file://{}/absent?mapping=thunderbird", SourceError, "there is no folder"),
        ("file://{}", SettingsError, "exactly one parameter"),
        ("file://{}?mapping=", SettingsError, "exactly one parameter"),
        ("file://{}?maping=thunderbird", SettingsError, "exactly one parameter"),
        ("file://{}?mapping=absent.yaml", MappingError, "there is no mapping"),
        ("ftp://{}", SettingsError, "no source speaks 'ftp'"),
        ("{}", SettingsError, "no source speaks"),
    ],
)
def test_a_wrong_url_is_a_typed_error(folder, url, error, told):
    """Every mistake in a source URL says what is wrong with it."""
    with pytest.raises(error, match=told):
        open_source(url.format(folder), Settings.from_env({}))


def test_a_file_that_vanishes_is_a_typed_error(folder):
    """A file deleted between listing and reading stops the night."""
    with pytest.raises(SourceError, match="cannot be read"):
        opened(folder).read("a.csv")
