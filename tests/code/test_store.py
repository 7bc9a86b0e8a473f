"""The store: the same bytes get the same name, and no partial or damaged object is ever returned."""

import errno
import hashlib
from pathlib import Path

import pytest

from nightshift.errors import CorruptObject, MissingObject, SettingsError, StoreError, StoreFull
from nightshift.store import open_store
from nightshift.store.atomic import atomic_write
from nightshift.store.local import FileStore


@pytest.fixture
def store(tmp_path):
    return FileStore(tmp_path / "store")


def test_same_bytes_same_name(store):
    """Putting the same bytes twice keeps one object under their SHA-256."""
    first, second = store.put(b"tent"), store.put(b"tent")
    assert first == second == hashlib.sha256(b"tent").hexdigest()
    assert store.get(first) == b"tent"
    assert sum(1 for p in (store.root / "objects").rglob("*") if p.is_file()) == 1


def test_a_damaged_object_is_refused_and_can_be_written_again(store):
    """Bytes of another hash raise CorruptObject and are moved to corrupt/; a new put repairs the store."""
    digest = store.put(b"lantern")
    path = store.path(digest)
    path.chmod(0o644)
    path.write_bytes(b"lantErn")
    fresh = FileStore(store.root)
    with pytest.raises(CorruptObject, match=digest[:12]):
        fresh.get(digest)
    assert (store.root / "corrupt" / digest).exists()
    fresh.put(b"lantern")
    assert fresh.get(digest) == b"lantern"


def test_a_truncated_object_is_written_again(store):
    """A put over an object of another size replaces it."""
    digest = store.put(b"sleeping bag")
    path = store.path(digest)
    path.chmod(0o644)
    path.write_bytes(b"sleep")
    assert FileStore(store.root).put(b"sleeping bag") == digest
    assert FileStore(store.root).get(digest) == b"sleeping bag"


def test_an_absent_object_names_itself_and_the_cure(store):
    """MissingObject shows the digest and says what to run."""
    with pytest.raises(MissingObject, match="cure: run the night again"):
        store.get("0" * 64)


def test_a_word_is_no_digest(store):
    """Anything but 64 hex digits is refused before the disk is touched."""
    with pytest.raises(StoreError, match="not a digest"):
        store.get("../../etc/passwd")


def test_a_tree_comes_back_as_it_went_in(store, tmp_path):
    """A folder checks out with the same files; equal folders have equal digests."""
    for name in ("a", "b"):
        folder = tmp_path / name / "deep"
        folder.mkdir(parents=True)
        (folder / "x.txt").write_text("one")
        (tmp_path / name / "y.bin").write_bytes(b"\0\1")
    digest = store.put_tree(tmp_path / "a")
    assert digest == store.put_tree(tmp_path / "b")
    out = store.checkout(digest)
    assert (out / "deep/x.txt").read_text() == "one"
    assert (out / "y.bin").read_bytes() == b"\0\1"
    assert store.checkout(digest) == out


def test_a_write_that_breaks_off_leaves_the_old_file(tmp_path):
    """When the block raises, the target keeps its former bytes and no temporary file stays."""
    target = tmp_path / "ref"
    target.write_text("old")

    def break_off() -> None:
        with atomic_write(target) as temporary:
            temporary.write_text("ne")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        break_off()
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_no_space_is_a_typed_error(store, monkeypatch):
    """ENOSPC becomes StoreFull with a cure, and nothing stays behind."""

    def full(self: Path, data: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(StoreFull, match="free some space"):
        store.put(b"x")
    monkeypatch.undo()
    assert not [p for p in store.root.rglob("*") if p.is_file()]


def test_a_ref_is_replaced_whole(store):
    """A ref points to what was written last; an unknown one is None."""
    assert store.read_ref("lake/shop") is None
    store.write_ref("lake/shop", "one")
    store.write_ref("lake/shop", "two")
    assert store.read_ref("lake/shop") == "two"


def test_a_store_created_again_has_another_identity(tmp_path):
    """Deleting the folder changes the identity, so cached results of the old store are not used."""
    store = FileStore(tmp_path / "s")
    first = store.identity
    assert FileStore(tmp_path / "s").identity == first
    (tmp_path / "s" / "identity").unlink()
    assert store.identity != first


def test_an_unknown_scheme_is_refused():
    """The error names the schemes there are."""
    with pytest.raises(SettingsError, match="file:///"):
        open_store("gopher://x")
