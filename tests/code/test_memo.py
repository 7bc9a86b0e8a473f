"""The same key is worked on once."""

import pytest

from nightshift.store import open_store
from nightshift.store.memo import memoize


def test_the_same_key_is_worked_on_once(tmp_path):
    """A second call with the same key returns the tree of the first; another key or name is new work."""
    store = open_store(f"file://{tmp_path}/store")
    calls = []

    def make():
        calls.append(1)
        return store.put_json({"made": store.put(b"classifiers")})

    first = memoize("classifiers", ["code", 1], make, store)
    assert memoize("classifiers", ["code", 1], make, open_store(f"file://{tmp_path}/store")) == first
    assert len(calls) == 1
    memoize("classifiers", ["code", 2], make, store)
    memoize("fusion", ["code", 1], make, store)
    assert len(calls) == 3


def test_a_tree_with_a_missing_file_is_made_again(tmp_path):
    """A file that is missing from the store costs the work again, not the night."""
    store = open_store(f"file://{tmp_path}/store")

    def make():
        return store.put_json({"made": store.put(b"classifiers")})

    tree = memoize("classifiers", [], make, store)
    store.path(store.tree(tree)["made"]).unlink()
    assert memoize("classifiers", [], make, store) == tree
    assert store.get(store.tree(tree)["made"]) == b"classifiers"


def test_a_failure_is_not_memoized(tmp_path):
    """The next call tries again."""
    store = open_store(f"file://{tmp_path}/store")

    def fail():
        raise RuntimeError

    with pytest.raises(RuntimeError):
        memoize("classifiers", [], fail, store)
    assert store.has(memoize("classifiers", [], lambda: store.put_json({}), store))
