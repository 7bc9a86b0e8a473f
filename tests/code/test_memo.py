"""The same ingredients are worked on once."""

import pytest

from nightshift.store import open_store
from nightshift.store.memo import memoize


def test_the_same_ingredients_are_worked_on_once(tmp_path):
    """Another night with the same ingredients takes what the first made; any other ingredient is new work."""
    store = open_store(f"file://{tmp_path}/store")
    calls = []

    def make():
        calls.append(1)
        return store.put_json({"made": store.put(b"classifiers")})

    first = memoize("classifiers", ["code", 1], make, store)
    assert memoize("classifiers", ["code", 1], make, open_store(f"file://{tmp_path}/store")) == first
    assert len(calls) == 1
    memoize("classifiers", ["code", 2], make, store)
    memoize("dials", ["code", 1], make, store)
    assert len(calls) == 3


def test_what_is_no_longer_whole_is_made_again(tmp_path):
    """A file that went missing from the store costs the work, not the night."""
    store = open_store(f"file://{tmp_path}/store")

    def make():
        return store.put_json({"made": store.put(b"classifiers")})

    tree = memoize("classifiers", [], make, store)
    store.path(store.tree(tree)["made"]).unlink()
    assert memoize("classifiers", [], make, store) == tree
    assert store.get(store.tree(tree)["made"]) == b"classifiers"


def test_work_that_fails_is_not_remembered(tmp_path):
    """The next night tries again."""
    store = open_store(f"file://{tmp_path}/store")

    def fail():
        raise RuntimeError

    with pytest.raises(RuntimeError):
        memoize("classifiers", [], fail, store)
    assert store.has(memoize("classifiers", [], lambda: store.put_json({}), store))
