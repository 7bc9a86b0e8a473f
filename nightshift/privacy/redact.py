"""Personal data in a text becomes a word in brackets, before anything else sees the text.

    redact("Call 541-714-1388 about LF-204518, ann@example.org")
    -> ("Call [PHONE] about LF-204518, [EMAIL]", {"PHONE": 1, "EMAIL": 1})

Found are e-mail addresses, phone numbers, payment cards (Luhn), IBANs (mod 97), IP addresses, and secrets in URLs.
Order numbers, dates, versions and amounts stay: they are what a support desk needs. Names are not looked for.
"""

import ipaddress
import re
from collections import Counter

from nightshift.privacy.phones import redact_phones

VERSION = "1"  # raise it with every change of what is found: the lake then reads its objects again

_URL = re.compile(r"\b[a-z][a-z0-9+.-]{1,20}://[^\s<>\"']+", re.IGNORECASE)
_USERINFO = re.compile(r"(?<=://)[^/?#\s]+(?=@)")
_PARAMETER = re.compile(
    r"([?&#;](?:[\w.-]*(?:token|secret|passw(?:or)?d|api[_-]?key|signature|credential|session)[\w.-]*|pwd|pass|key|sig|auth|code|otp|sid)=)"
    r"(?!\[SECRET\])[^&#;\s]+",
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
_IBAN_LENGTH = {
    country: length
    for length, countries in {
        15: "NO", 16: "BE", 18: "DK FI FO GL NL", 19: "MK SI", 20: "AT BA EE KZ LT LU XK", 21: "CH HR LI LV",
        22: "BG BH CR DE GB GE IE ME RS VA", 23: "AE GI IL IQ TL", 24: "AD CZ ES MD PK RO SA SE SK TN VG",
        25: "LY PT ST", 26: "IS TR", 27: "FR GR IT MC SM", 28: "AL AZ BY CY DO GT HU LB PL", 29: "BR PS QA UA",
        30: "JO KW MU", 31: "MT SC", 32: "LC",
    }.items()
    for country in countries.split()
}  # fmt: skip
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
    """The text without personal data, and how many of each kind were taken out. Doing it twice changes nothing."""
    found: Counter[str] = Counter()
    if "://" in text:
        text = _URL.sub(lambda match: _redact_url(match[0], found), text)
    if "@" in text or _SPELT_AT.search(text):
        text, times = _EMAIL.subn("[EMAIL]", text)
        found["EMAIL"] += times
    text = _IPV4.sub(lambda match: _ipv4(match, found), text)
    if _MANY_DIGITS.search(text):
        text = _redact_ibans(text, found)
        text = _CARD.sub(lambda match: _card(match, found), text)
        text = redact_phones(text, found)
    if ":" in text:
        text = _IPV6.sub(lambda match: _ipv6(match[0], found), text)
    return text, {kind: times for kind, times in sorted(found.items()) if times}


def _redact_url(url: str, found: Counter[str]) -> str:
    before = url
    url = _USERINFO.sub("[SECRET]", url) if "[SECRET]@" not in url else url
    url = _PARAMETER.sub(r"\1[SECRET]", url)
    url = _ONE_TIME_LINK.sub(r"\1[SECRET]", url)
    if url != before:
        found["SECRET"] += 1
    return url


def _redact_ibans(text: str, found: Counter[str]) -> str:
    pieces, done = [], 0
    for match in _IBAN_START.finditer(text):
        end = _iban_end(text, match.start())
        if match.start() >= done and end:
            pieces += [text[done : match.start()], "[IBAN]"]
            done = end
            found["IBAN"] += 1
    return "".join(pieces) + text[done:]


def _iban_end(text: str, start: int) -> int:
    """Where the IBAN that begins at `start` ends; 0 when there is none."""
    wanted = _IBAN_LENGTH.get(text[start : start + 2].upper(), 0)
    code, position = "", start
    while len(code) < wanted and position < len(text):
        character = text[position]
        if character.isascii() and character.isalnum():
            code += character.upper()
        elif character not in " -" or not text[position - 1].isalnum():
            return 0
        position += 1
    if len(code) < max(wanted, 1) or (position < len(text) and text[position].isalnum()):
        return 0
    return position if int("".join(str(int(c, 36)) for c in code[4:] + code[:4])) % 97 == 1 else 0


def luhn(digits: str) -> bool:
    """Whether the check digit of a card number is right."""
    doubled = (int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits)))
    return sum(value - 9 * (value > 9) for value in doubled) % 10 == 0


def _card(match: re.Match[str], found: Counter[str]) -> str:
    digits = re.sub(r"\D", "", match[0])
    before = match.string[max(0, match.start() - 40) : match.start()]
    issued = _ISSUER.fullmatch(digits) or (_RARE_ISSUER.fullmatch(digits) and _CARD_BEFORE.search(before))
    if not (issued and luhn(digits)):
        return match[0]
    found["CARD"] += 1
    return "[CARD]"


def _ipv4(match: re.Match[str], found: Counter[str]) -> str:
    if _VERSION_BEFORE.search(match.string[max(0, match.start() - 14) : match.start()]):
        return match[0]
    found["IP"] += 1
    return "[IP]"


def _ipv6(address: str, found: Counter[str]) -> str:
    try:
        ipaddress.IPv6Address(address)
    except ValueError:
        return address
    found["IP"] += 1
    return "[IP]"
