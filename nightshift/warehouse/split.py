"""Where training ends and evaluation begins.

parse_split("2026-01-09") -> '2026-01-09T00:00:00Z'
"""

from datetime import UTC, datetime

import duckdb

from nightshift.errors import NotEnoughData, SettingsError

TRAINING_PERCENT = 80


def parse_split(text: str) -> str:
    """The one spelling of a time: UTC, to the second, e.g. '2026-01-09T00:00:00Z'. SettingsError if it is none."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise SettingsError(
            f"split_at is {text[:40]!r}", "give a date or a time such as 2026-01-09T00:00:00Z"
        ) from None
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def automatic_split(connection: duckdb.DuckDBPyConnection) -> str:
    """The day on which the newest fifth of the resolved tickets begins. NotEnoughData when none is resolved."""
    row = connection.execute(
        """
        with live as (select table_name, part from nightshift_raw.parts where state <> 'gone'),
        linked as (
            select ticket_id from nightshift_raw.resolutions
            where part in (select part from live where table_name = 'resolutions')
                and article_id in (
                    select article_id from nightshift_raw.articles
                    where part in (select part from live where table_name = 'articles')
                )
        ),
        resolved as (
            select ticket_id, min(created_at) as created_at from nightshift_raw.tickets
            where part in (select part from live where table_name = 'tickets')
                and ticket_id in (select ticket_id from linked)
            group by ticket_id
        ),
        ranked as (
            select created_at, row_number() over (order by created_at) - 1 as place, count(*) over () as n
            from resolved
        )
        select date_trunc('day', created_at) from ranked where place = n * ? // 100
        """,
        [TRAINING_PERCENT],
    ).fetchone()
    if row is None:
        raise NotEnoughData(
            "no ticket of the snapshot was resolved by an article that exists, so nothing can be learnt",
            "map the source's links from tickets to articles to the table `resolutions`",
        )
    return parse_split(row[0].isoformat())
