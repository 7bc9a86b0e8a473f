"""Detects phone numbers in running text, among the other long numbers that support tickets hold.

    "Phone: 0490 75 40 81"   a phone number: a phone word stands before it
    "+1-448-414-3381x060"    a phone number by its shape
    "2026-01-05 10:15", "10.0.19045.3570", "1 299.00", "bug 1401059"   none

A candidate is a run of 7 to 15 digits and separators. Words around it ("tel", "order") decide first, then
`phonenumbers`.
"""

import re
from collections import Counter

import phonenumbers

# Regions in which a number without a country code is tried; the order does not matter.
REGIONS = ("US", "GB", "DE", "FR", "NL", "AU", "IT", "ES", "CH", "IN")

_CANDIDATE = re.compile(
    r"(?<![\w./#=@:\\-])"
    r"(?:\(\+?\d{1,5}\)|\+?\d)(?:(?:[ ]?[-./]?[ ]?[()]{0,2}[ ]?)\d){4,16}"
    r"(?:\s?(?:x|ext\.?|extension)\s?\d{1,6}\b)?"
    r"(?![\w%€$]|[-/.:,]\d|[ ]?(?:€|EUR\b|USD\b|GBP\b|[KMG]i?B\b|bytes\b|ms\b))",
    re.IGNORECASE,
)
_DAY, _MONTH = r"(?:0?[1-9]|[12]\d|3[01])", r"(?:0?[1-9]|1[0-2])"
_DATE = re.compile(
    rf"(?<!\d)(?<!\d[-./])(?:(?:19|20)\d\d([-./]){_MONTH}\1{_DAY}(?!\d|\1\d)"
    rf"|(?:{_DAY}([-./]){_MONTH}\2|{_MONTH}([-./]){_DAY}\3)(?:19|20)?\d\d(?!\d|[-./]\d))"
)
_PHONE_BEFORE = re.compile(
    r"\b(?:(?:tele)?phone|tel|call|mobile|cell|desk|office|fax|whats ?app|sms|text|ring|dial|reach|answering"
    r"|messages|registered)\b"
    r"(?:[\s:.#=]|\b(?:me|us|him|her|them|back|at|on|to|number|no|nr|is|my|the)\b){0,9}$",
    re.IGNORECASE,
)
_PHONE_AFTER = re.compile(r"^[\s,\\-]{0,3}(?:office|mobile|fax|home|work|cell)\b", re.IGNORECASE)
_OTHER_BEFORE = re.compile(
    r"\b(?:order|ticket|case|invoice|bug|reference|ref|id|version|build|tracking|customer|account|serial|article|parcel)"
    r"\b[^\d\n]{0,12}$",
    re.IGNORECASE,
)
_VERSION = re.compile(r"(?=.*\b\d\b)\d+(?:\.\d+){2,}")  # 10.0.19045.3570: dots only, and a group of one digit
_NORTH_AMERICAN = re.compile(r"(?:(?:\+|00)?1[-. ]|001-)?(?:\([2-9]\d\d\)[-. ]?|[2-9]\d\d[-. ])\d{3}[-. ]\d{4}")


def redact_phones(text: str, counts: Counter[str]) -> str:
    """The text with [PHONE] for every phone number; adds their number to `counts`."""

    def replacement(match: re.Match[str]) -> str:
        preceding, following = text[max(0, match.start() - 45) : match.start()], text[match.end() : match.end() + 12]
        if not _is_phone(match[0], preceding, following):
            return match[0]
        counts["PHONE"] += 1
        return "[PHONE]"

    return _CANDIDATE.sub(replacement, text)


def _is_phone(number: str, preceding: str, following: str) -> bool:
    digits = re.sub(r"\D", "", re.split(r"x|ext", number, flags=re.IGNORECASE)[0])
    if not 7 <= len(digits) <= 15 or _DATE.search(number) or _VERSION.fullmatch(number) or _unbalanced(number):
        return False
    if number.lstrip("(").startswith("+"):
        return _possible(number)
    if _OTHER_BEFORE.search(preceding):
        return False
    if _PHONE_BEFORE.search(preceding) or _PHONE_AFTER.search(following):
        return True
    if number.strip("()").isdigit():
        return False
    is_national = number[0] in "0(" and len(digits) >= 9 and _valid_in_a_region(number)
    return is_national or _NORTH_AMERICAN.match(number) is not None


def _unbalanced(number: str) -> bool:
    return number.count("(") != number.count(")")


def _possible(number: str) -> bool:
    try:
        return bool(phonenumbers.is_possible_number(phonenumbers.parse(number, None)))
    except phonenumbers.NumberParseException:
        return False


def _valid_in_a_region(number: str) -> bool:
    """Whether it is a valid number, assigned or not, in one of REGIONS."""
    for region in REGIONS:
        try:
            if phonenumbers.is_valid_number(phonenumbers.parse(number, region)):
                return True
        except phonenumbers.NumberParseException:
            continue
    return False
