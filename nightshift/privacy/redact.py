"""Replaces personal data in a text by the kind in brackets, before the text is stored or shown to a model.

    redact("Call 541-714-1388 about LF-204518, ann@example.org")
    -> ("Call [PHONE] about LF-204518, [EMAIL]", {"PHONE": 1, "EMAIL": 1})

Replaced are e-mail addresses, phone numbers, payment cards (Luhn), IBANs (mod 97), IP addresses, and secrets in URLs.
Order numbers, dates, versions and amounts stay: support needs them. Names are not detected.
"""

import ipaddress
import re
from collections import Counter

from nightshift.privacy.phones import redact_phones

VERSION = "2"  # raise it with every change of what is detected: the lake then reads its objects again

_URL = re.compile(r"\b[a-z][a-z0-9+.-]{1,20}://[^\s<>\"']+", re.IGNORECASE)
_USERINFO = re.compile(r"(?<=://)[^/?#\s]+(?=@)")
_PARAMETER = re.compile(
    r"([?&#;](?:[\w.-]*(?:token|secret|passw(?:or)?d|api[_-]?key|signature|credential|session)[\w.-]*"
    r"|pwd|pass|key|sig|auth|code|otp|sid)=)(?!\[SECRET\])[^&#;\s]+",
    re.IGNORECASE,
)
_ONE_TIME_LINK = re.compile(
    r"(/(?:reset|confirm|verify|invite|activate|magic|login|unsubscribe)[\w-]*/)[\w.~%-]{16,}", re.IGNORECASE
)

_EMAIL = re.compile(
    r"(?<![\w.+%-])[\w.+%'-]{1,64}(?:@|\s?[\[({]at[\])}]\s?)[^\W_](?:[\w-]{0,62}\.)+[^\W\d_]{2,24}(?![\w-])",
    re.IGNORECASE,
)
_SPELT_AT = re.compile(r"[\[({]at[\])}]", re.IGNORECASE)
_IBAN_START = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{2}\d{2}(?=[ -]?[A-Za-z0-9]{4})")
_SHORTEST_IBAN, _LONGEST_IBAN = 15, 34
_CARD = re.compile(r"(?<![\w.+-])\d(?:[ -]?\d){11,18}(?![\w-])(?!\.\d)")
_ISSUER = re.compile(
    r"4(?:\d{15}|\d{18})"  # Visa
    r"|(?:5[1-5]|2[2-7])\d{14}"  # Mastercard
    r"|3[47]\d{13}|3(?:0[0-5]|[689]\d)\d{11}"  # American Express, Diners
    r"|6(?:011|4[4-9]\d|5\d\d)\d{12}|35\d{14}|(?:1800|2131)\d{11}"  # Discover, JCB
    r"|62\d{14,17}"  # UnionPay
)
_RARE_ISSUER = re.compile(r"4\d{12}|(?:50|5[6-9]|6\d)\d{10,17}")  # old Visa, Maestro: EANs and parcels look like them
_CARD_BEFORE = re.compile(r"\b(?:cards?|cc|visa|maestro|credit|debit)\b[^\d]{0,25}$", re.IGNORECASE)
_IPV4 = re.compile(r"(?<![\w.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\w-]|\.\d)")
_VERSION_BEFORE = re.compile(
    r"(?:\b(?:version|ver|v|release|build)[\W_]{0,6}|\w/)$", re.IGNORECASE
)  # also Firefox/115.3.1.0
_IPV6 = re.compile(
    r"(?<![\w:.])(?=[\da-f:.]*[\da-f]{1,4}:[\da-f:.]*:)[\da-f:]+(?:\d+(?:\.\d+){3})?(?![\w:])", re.IGNORECASE
)
_MANY_DIGITS = re.compile(r"\d(?:\D*\d){6}")


def redact(text: str) -> tuple[str, dict[str, int]]:
    """The text without personal data, and the number of replacements by kind. Idempotent."""
    counts: Counter[str] = Counter()
    if "://" in text:
        text = _URL.sub(lambda match: _redact_url(match[0], counts), text)
    if "@" in text or _SPELT_AT.search(text):
        text, replacements = _EMAIL.subn("[EMAIL]", text)
        counts["EMAIL"] += replacements
    text = _IPV4.sub(lambda match: _redact_ipv4(match, counts), text)
    if _MANY_DIGITS.search(text):
        text = _redact_ibans(text, counts)
        text = _CARD.sub(lambda match: _redact_card(match, counts), text)
        text = redact_phones(text, counts)
    if ":" in text:
        text = _IPV6.sub(lambda match: _redact_ipv6(match[0], counts), text)
    return text, {kind: count for kind, count in sorted(counts.items()) if count}


def _redact_url(url: str, counts: Counter[str]) -> str:
    redacted = _USERINFO.sub("[SECRET]", url) if "[SECRET]@" not in url else url
    redacted = _PARAMETER.sub(r"\1[SECRET]", redacted)
    redacted = _ONE_TIME_LINK.sub(r"\1[SECRET]", redacted)
    if redacted != url:
        counts["SECRET"] += 1
    return redacted


def _redact_ibans(text: str, counts: Counter[str]) -> str:
    pieces, copied = [], 0
    for match in _IBAN_START.finditer(text):
        end = _iban_end(text, match.start())
        if match.start() >= copied and end:
            pieces += [text[copied : match.start()], "[IBAN]"]
            copied = end
            counts["IBAN"] += 1
    return "".join(pieces) + text[copied:]


def _iban_end(text: str, start: int) -> int:
    """The end of the IBAN that begins at `start`; 0 when there is none. Spaces and hyphens between groups are allowed.

    The check digits inside some national account numbers are not verified: a wrong one is still somebody's account.
    """
    from stdnum import iban  # 40 ms, and few texts hold a candidate

    code = ""
    for position in range(start, len(text)):
        character = text[position]
        if character.isascii() and character.isalnum():
            code += character
            if len(code) > _LONGEST_IBAN:
                return 0
            if text[position + 1 : position + 2].isalnum() or len(code) < _SHORTEST_IBAN:
                continue
            if iban.is_valid(code, check_country=False):
                return position + 1
        elif character not in " -" or not text[position - 1].isalnum():
            return 0
    return 0


def _redact_card(match: re.Match[str], counts: Counter[str]) -> str:
    from stdnum import luhn

    digits = re.sub(r"\D", "", match[0])
    preceding = match.string[max(0, match.start() - 40) : match.start()]
    issued = _ISSUER.fullmatch(digits) or (_RARE_ISSUER.fullmatch(digits) and _CARD_BEFORE.search(preceding))
    if not (issued and luhn.is_valid(digits)):
        return match[0]
    counts["CARD"] += 1
    return "[CARD]"


def _redact_ipv4(match: re.Match[str], counts: Counter[str]) -> str:
    if _VERSION_BEFORE.search(match.string[max(0, match.start() - 14) : match.start()]):
        return match[0]
    counts["IP"] += 1
    return "[IP]"


def _redact_ipv6(address: str, counts: Counter[str]) -> str:
    try:
        ipaddress.IPv6Address(address)
    except ValueError:
        return address
    counts["IP"] += 1
    return "[IP]"
