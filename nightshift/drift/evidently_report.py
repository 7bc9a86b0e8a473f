"""The drift report a person browses: Evidently over the columns of detect.py, one HTML page of about 4 MB.

    html = report(reference["rows"], tabular(tonight, centres), {"intent": 0.35, "cluster": 0.34, "length": 0.18})

Importing Evidently takes 12 s of CPU by any path, for its package imports everything. So it is imported inside the
function, which runs only on nights with at least 30 new tickets. Categories only: its text descriptors download.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

_MIN_EXPECTED = 3  # tickets of tonight that a category should have to be shown by itself
_NO_LIMIT = 99.0  # where there was too little data for one; PSI does not come near it


def report(
    reference: Mapping[str, Sequence[str]], tonight: Mapping[str, Sequence[str]], limits: Mapping[str, float]
) -> str:
    """The page. It shows the columns that `limits` names, and calls one drifted where its PSI exceeds the limit.

    It is not the same from run to run (random element ids), so it never enters a digest.
    """
    import pandas as pd
    from evidently import DataDefinition, Dataset, Report
    from evidently.presets import DataDriftPreset

    names = sorted(limits)
    definition = DataDefinition(categorical_columns=names)
    merged = {name: merge_rare(reference[name], tonight[name]) for name in names}
    before, now = (
        Dataset.from_pandas(pd.DataFrame({name: merged[name][side] for name in names}), data_definition=definition)
        for side in (0, 1)
    )
    drift = DataDriftPreset(
        cat_method="psi",
        per_column_threshold={name: limit or _NO_LIMIT for name, limit in limits.items()},
        drift_share=1 / len(names),
    )
    page: str = Report([drift]).run(now, before).get_html_str(as_iframe=False)
    return page


def merge_rare(reference: Sequence[str], tonight: Sequence[str]) -> tuple[list[str], list[str]]:
    """Both columns with their rare categories as one: Evidently's PSI is huge where a bin is empty, ours is not."""
    before, now = Counter(reference), Counter(tonight)
    expected = {value: count * len(tonight) / len(reference) for value, count in before.items()}
    shown = {value for value in {*before, *now} if expected.get(value, 0) >= _MIN_EXPECTED and now[value]}
    first, second = ([value if value in shown else "rare" for value in column] for column in (reference, tonight))
    return first, second
