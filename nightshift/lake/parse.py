"""Parses raw values into values of lake columns; BadValue carries the reason that the quarantine counts.

to_time("2026-01-05T10:00:00+02:00") -> datetime(2026, 1, 5, 8, 0)     UTC, without a zone
to_cents("1299.90", scale=2) -> 129990
"""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation

from nightshift.schema import Kind
from nightshift.sources.readers import NOT_UTF8

MISSING_KEY, MISSING_VALUE, EMPTY_TEXT = "missing key", "missing value", "empty text"
BAD_TIME, WRONG_TYPE = "unparsable time", "wrong type"
TRUE, FALSE = frozenset({"true", "t", "yes", "y", "1"}), frozenset({"false", "f", "no", "n", "0"})
FIRST_YEAR, LAST_YEAR = 1990, 2100  # others are mistakes: 0001-01-01, 9999-12-31, milliseconds read as seconds
_SECONDS = re.compile(r"\d{9,10}(?:\.\d+)?")
_MILLISECONDS = re.compile(r"\d{12,13}")


class BadValue(Exception):
    """A value that its column cannot hold; `reason` is counted."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def to_text(value: object) -> str:
    """A text with newline characters as line ends, stripped; '' for None."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise BadValue(WRONG_TYPE)
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError as error:  # half a character, as in the JSON text "\ud83d"
            raise BadValue(NOT_UTF8) from error
    return value.replace("\r\n", "\n").replace("\x00", "").strip()


def to_id(value: object) -> str:
    """An id as a string: 17, 17.0 (what spreadsheets and pandas make of it) and ' 17 ' are '17'."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return to_text(value)


def to_words(value: object) -> str:
    """The words of a text in lower case: 'LF-99173' becomes 'lf 99173'."""
    return " ".join(re.findall(r"\w+", to_id(value).lower()))


def to_label(value: object) -> str:
    """A short word: text, number or flag."""
    return str(value).lower() if isinstance(value, bool) else to_id(value)


def to_time(value: object, time_format: str = "") -> datetime | None:
    """The time in UTC, without a zone; None for None and ''.

    `time_format` is that of strptime; without it ISO 8601 and seconds or milliseconds since 1970 are accepted. A time
    without a zone is read as UTC.
    """
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, str | int | float | date):
        raise BadValue(WRONG_TYPE)
    try:
        time = _parsed_time(value, time_format)
        time = time.astimezone(UTC).replace(tzinfo=None) if time.tzinfo else time
    except (ValueError, OverflowError, OSError) as error:
        raise BadValue(BAD_TIME) from error
    if not FIRST_YEAR <= time.year <= LAST_YEAR:
        raise BadValue(BAD_TIME)
    return time


def _parsed_time(value: str | float | date, time_format: str) -> datetime:
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day)  # noqa: DTZ001 (UTC without a zone is what the lake keeps)
    text = str(value).strip()
    if time_format:
        return datetime.strptime(text, time_format)  # noqa: DTZ007 (same)
    if _SECONDS.fullmatch(text):
        return datetime.fromtimestamp(float(text), UTC)
    if _MILLISECONDS.fullmatch(text):
        return datetime.fromtimestamp(int(text) / 1000, UTC)
    return datetime.fromisoformat(text.removesuffix(" UTC"))


def to_flag(value: object) -> bool | None:
    """A flag in any spelling of TRUE or FALSE; None for None and ''."""
    if value is None or isinstance(value, bool):
        return value
    text = str(value).strip().lower() if isinstance(value, str | int) else "?"
    if text in TRUE | FALSE:
        return text in TRUE
    if text == "":
        return None
    raise BadValue(WRONG_TYPE)


def to_cents(value: object, scale: int = 0) -> int | None:
    """A whole number of cents; with `scale=2` from an amount such as '19.99'. None for None and ''."""
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise BadValue(WRONG_TYPE)
    try:
        cents = Decimal(str(value).strip()).scaleb(scale)
        whole = int(cents)
    except (InvalidOperation, ValueError, OverflowError) as error:
        raise BadValue(WRONG_TYPE) from error
    if whole != cents or abs(whole) >= 2**63:
        raise BadValue(WRONG_TYPE)
    return whole


READ: dict[Kind, Callable[[object], object]] = {
    Kind.ID: to_id,
    Kind.CUSTOMER: to_id,
    Kind.TIME: to_time,
    Kind.TEXT: to_text,
    Kind.LABEL: to_label,
    Kind.FLAG: to_flag,
    Kind.CENTS: to_cents,
    Kind.HIDDEN: to_words,
}
