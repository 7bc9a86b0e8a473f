"""What was made of the same ingredients before is not made again.

    tree = once("classifiers", [code, tower.digest, pairs.fingerprint], lambda: train(...).digest, store)

Flyte's cache asks whether a task saw the same inputs, and tonight's features are never those of yesterday. What a stage
really takes from them often is: new tickets go into the evaluation part until the split moves. A stage that says
what it takes, its code included, is then done before it begins.
"""

from collections.abc import Callable

from nightshift.digests import canonical_json, digest_of
from nightshift.store import Store


def memoize(name: str, ingredients: object, make: Callable[[], str], store: Store) -> str:
    """The digest of the tree that `make` keeps in the store, remembered under the `ingredients`, a JSON value.

    A tree whose files are no longer all there is made again.
    """
    ref = f"{name}/of/{digest_of(canonical_json(ingredients))}"
    kept = store.read_ref(ref)
    if kept is not None and store.has(kept) and all(map(store.has, store.tree(kept).values())):
        return kept
    made = make()
    store.write_ref(ref, made)
    return made
