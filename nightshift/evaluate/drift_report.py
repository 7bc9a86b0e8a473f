"""The drift report a person browses: Evidently over the columns of drift.py, one HTML page of about 4 MB.

    html = report(reference["rows"], tabular(tonight, centres))

Importing Evidently takes 12 s of CPU by any path, for its package imports everything. So it is imported here, and
only on nights that have a few dozen tickets to show. Tabular columns only: its text descriptors download.
"""

from collections.abc import Mapping
from typing import Any

_CATEGORIES = ["intent", "cluster", "length", "hour", "weekday"]


def report(reference: Mapping[str, list[Any]], tonight: Mapping[str, list[Any]]) -> str:
    """The page. It is not the same from run to run (random element ids), so it never enters a digest."""
    import pandas as pd
    from evidently import DataDefinition, Dataset, Report
    from evidently.presets import DataDriftPreset

    definition = DataDefinition(categorical_columns=_CATEGORIES, numerical_columns=["n_words"])
    before, now = (
        Dataset.from_pandas(pd.DataFrame(columns).astype(dict.fromkeys(_CATEGORIES, str)), data_definition=definition)
        for columns in (reference, tonight)
    )
    page: str = (
        Report([DataDriftPreset(cat_method="psi", num_method="psi")]).run(now, before).get_html_str(as_iframe=False)
    )
    return page
