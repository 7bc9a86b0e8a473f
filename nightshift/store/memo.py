"""Memoization in the store: a tree is made once for the same key.

    tree = memoize("classifiers", [code, tower.digest, pairs.fingerprint], lambda: train(...).digest, store)

Flyte caches a task by its inputs, and the features of a night always differ from those of the last. The part of them
that a stage uses often does not: new tickets go into the evaluation part until the split moves. A stage whose key holds
exactly what it uses, its code included, is then skipped.
"""

from collections.abc import Callable

from nightshift.digests import canonical_json, digest_of
from nightshift.store import Store


def memoize(name: str, key: object, make: Callable[[], str], store: Store) -> str:
    """The digest of the tree that `make` puts into the store, memoized under `name` and `key`, a JSON value.

    A tree of which a file is missing from the store is made again. What `make` raises is passed on and not memoized.
    """
    ref = f"{name}/of/{digest_of(canonical_json(key))}"
    known = store.read_ref(ref)
    if known is not None and store.has(known) and all(map(store.has, store.tree(known).values())):
        return known
    digest = make()
    store.write_ref(ref, digest)
    return digest
