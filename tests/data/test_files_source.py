"""A folder as a source: which files are objects, when they have changed, and what is refused."""

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


def open_folder(folder):
    return open_source(f"file://{folder}?mapping={folder.parent}/m.yaml", Settings.from_env({}))


def names(folder):
    return [item.name for item in open_folder(folder).objects()]


def test_only_finished_visible_mapped_files_are_objects(folder):
    """Hidden, unfinished and unmapped files are no objects; the others are sorted by name."""
    for name in ("b.csv", "a.csv", "new/c.csv", ".d.csv", ".git/e.csv", "f.csv.part", "g.csv.tmp", "h.txt"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(b"id,at\n")
    assert names(folder) == ["a.csv", "b.csv", "new/c.csv"]


def test_links_are_followed_inside_the_folder_only(folder):
    """A link to a file outside is no object, and a link to a folder is not followed."""
    (folder.parent / "secret.csv").write_bytes(b"id,at\n")
    (folder / "a.csv").write_bytes(b"id,at\n")
    (folder / "in.csv").symlink_to(folder / "a.csv")
    (folder / "out.csv").symlink_to(folder.parent / "secret.csv")
    (folder / "gone.csv").symlink_to(folder / "nothing.csv")
    (folder / "new" / "up").symlink_to(folder)
    assert names(folder) == ["a.csv", "in.csv"]
    for outside in ("out.csv", "../secret.csv"):
        with pytest.raises(SourceError, match="lies outside"):
            open_folder(folder).read(outside)


def test_an_etag_follows_the_content_not_the_clock(folder):
    """Copying or touching a file changes nothing; one changed byte does, even at the same size and time."""
    path = folder / "a.csv"
    path.write_bytes(b"id,at\n1,2026\n")
    (old,) = open_folder(folder).objects()
    os.utime(path, (1, 1))
    assert open_folder(folder).objects() == [old]
    path.write_bytes(b"id,at\n2,2026\n")
    os.utime(path, (1, 1))
    (new,) = open_folder(folder).objects()
    assert new.etag != old.etag
    assert new.size == old.size


def test_a_large_file_is_not_hashed(folder, monkeypatch):
    """Above the limit size and time are the etag, so that a night does not read every large file."""
    monkeypatch.setattr("nightshift.sources.files.HASHED_BELOW", 4)
    path = folder / "a.csv"
    path.write_bytes(b"id,at\n")
    os.utime(path, ns=(1, 5))
    assert [item.etag for item in open_folder(folder).objects()] == ["6-5"]


def test_the_key_is_that_of_the_folder(folder):
    """Nights of one company share a key, and two folders have different keys."""
    inner = open_source(f"file://{folder}/new?mapping=company", Settings.from_env({}))
    assert open_folder(folder).key == open_folder(folder).key != inner.key
    assert source_key("simulate://shop?night=1") == source_key("simulate://shop?night=2")
    assert source_key("s3://user:secret@bucket/a") == source_key("s3://bucket/a")
    assert source_key("s3://bucket/a") != source_key("s3://bucket/b")


@pytest.mark.parametrize(
    ("url", "error", "message"),
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
def test_a_wrong_url_is_a_typed_error(folder, url, error, message):
    """The error names what is wrong with a source URL."""
    with pytest.raises(error, match=message):
        open_source(url.format(folder), Settings.from_env({}))


def test_a_file_that_vanishes_is_a_typed_error(folder):
    """A file deleted between listing and reading stops the night."""
    with pytest.raises(SourceError, match="cannot be read"):
        open_folder(folder).read("a.csv")
