"""From a snapshot of the lake to the marts that models are trained and evaluated on, by dbt over DuckDB.

    features, work = transform(snapshot, "", night)
    features.split_at                                   # '2026-01-09T00:00:00Z'
    read_mart(store, features, "training_pairs")        # -> pyarrow.Table
    # ticket_id  created_at        text                        article_id      intent
    # t-1042     2026-01-03 09:12  Where is my parcel? I or..  standard-del..  delivery

The warehouse is a cache: delete the file and the next night builds the same Features from the lake.
"""

from nightshift.warehouse.marts import MARTS, read_mart
from nightshift.warehouse.transform import Refresh, WarehouseWork, transform

__all__ = ["MARTS", "Refresh", "WarehouseWork", "read_mart", "transform"]
