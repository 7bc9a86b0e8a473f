"""The macros of dbt that our models call, for the SQL linter, which renders the models without dbt.

{{ dbt.type_bigint() }}  ->  bigint
"""


def type_timestamp() -> str:
    return "timestamp"


def type_bigint() -> str:
    return "bigint"


def concat(fields: list[str]) -> str:
    return " || ".join(fields)


def hash(field: str) -> str:
    return f"md5({field})"


def date_trunc(part: str, date: str) -> str:
    return f"date_trunc('{part}', {date})"
