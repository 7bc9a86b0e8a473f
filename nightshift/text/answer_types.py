"""What kind of fact a question asks for, and whether a sentence holds one of that kind.

    answer_types("How long is a guest basket kept?")                 # frozenset({'duration'})
    holds_type("A basket is kept 24 hours for guests.", "duration")  # True

English only: a question in another language has no type, as has one that is answered by yes or no.
"""

from functools import lru_cache
from typing import Final

import regex


def _any_of(*alternatives: str) -> regex.Pattern[str]:
    return regex.compile("|".join(alternatives), regex.IGNORECASE)


_AUXILIARY: Final = (
    r"(?:can|could|may|might|do|does|did|is|are|was|were|am|will|would|must|should|shall|have|has|need)"
    r"(?:n['\u2019]?t)?"
)
_SUBJECT: Final = (
    r"(?:i|you|we|they|he|she|it|my|your|our|the|a|an|this|that|these|those|there|someone|anyone|anybody|somebody|any|"
    r"all|one|both|each|guests?|\p{L}+s|\p{Lu}[\p{L}\d]*)"
)
_YES_NO: Final = _any_of(
    rf"(?:^|[.!?;,\u2013-]\s*|\b(?:and|or|so|but|please|hi|hello|also)\s+){_AUXILIARY}\s+{_SUBJECT}\b",
    rf"^{_AUXILIARY}\s",
)
_MEASURED: Final = (
    "percentage|percent|rate|number|size|age|weight|temperature|value|limit|amount|maximum|minimum|version|torque"
)
_ASKS: Final = {
    "amount": _any_of(
        r"\bhow (?:many|much|high|big|large|old|heavy|wide|tall|warm|hot|cold|far|deep|strong|often)\b",
        rf"\b(?:what|which|at what) (?:is the |are the |was the )?(?:\p{{L}}+ ){{0,2}}(?:{_MEASURED})\b",
    ),
    "price": _any_of(
        r"\bhow much(?! (?:time|room|space|longer|gas|water|torque|fuel))\b",
        r"\b(?:cost|costs|price|prices|fee|fees|charge|surcharge|expensive|discount|pay for)\b",
    ),
    "duration": _any_of(
        r"\bhow (?:long|soon|quick\p{L}*|fast|many (?:\p{L}+ )?(?:minutes|hours|days|weeks|months|years))\b",
        r"\b(?:until|till|by|since) (?:when|what)\b",
        r"\bwhen\b(?!.*,)",
        r"\bwhat (?:time|date|day)\b|\bwithin (?:what|how)\b|\bdeadline\b|\bhow much (?:time|longer)\b",
    ),
    "place": _any_of(
        r"^\W*where\b",
        r"\b(?:where (?:do|can|is|are|does|should|will|to)|which (?:page|place|address|office))\b",
    ),
    "how": _any_of(
        r"\bhow (?:do|can|could|should|to|would|does one|must|am i|are we)\b",
        r"\bwhat (?:do|should|must|can|shall) (?:i|we) (?:do|need|bring)\b",
        r"\bsteps?\b",
    ),
    "why": _any_of(r"\bwhy\b|\bhow come\b|\bwhat (?:is|was) the reason\b"),
    "who": _any_of(r"^\W*who\b|\bwho (?:can|may|is|does|pays|gets)\b"),
}
_NUMBER: Final = (
    r"(?:\d+(?:[.,:/]\d+)*"
    r"|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|once|twice|half|a third|a quarter)\b)"
)
_UNIT: Final = r"(?:seconds?|minutes?|mins?|hours?|hrs?|days?|weeks?|months?|years?|nights?)"
_MONTH: Final = r"(?:january|february|march|april|may|june|july|august|september|october|november|december)"
_CURRENCY: Final = "EUR|USD|GBP|CHF|PLN|SEK|DKK|CZK|euros?|dollars?|pounds?|cents?"
_IMPERATIVE: Final = (
    "add|allow|answer|apply|ask|attach|book|bring|brush|call|cancel|change|charge|check|choose|clean|click|close|collect|"
    "complete|confirm|contact|copy|create|delete|disconnect|do|download|drag|drain|dry|edit|email|enable|ensure|enter|"
    "fill|find|follow|get|give|go|hold|install|keep|lay|leave|let|log|look|mail|make|mark|measure|move|open|pack|pay|"
    "pick|place|press|print|provide|pull|pump|push|put|read|register|remove|replace|report|request|reset|restart|return|"
    "rinse|rub|save|scan|scroll|search|see|select|send|set|show|sign|slide|start|stop|submit|swap|switch|take|tap|tell|"
    "tick|try|turn|type|uninstall|unplug|untick|update|upload|use|verify|visit|wait|wash|wipe|write"
)
_HOLDS: Final = {
    "amount": _any_of(_NUMBER, r"[%\u20ac$\u00a3]"),
    "price": _any_of(
        r"[\u20ac$\u00a3]\s?\d",
        rf"\d\s?(?:%|percent\b|\u20ac|\$|\u00a3|(?:{_CURRENCY})\b)",
        r"\b(?:free|no (?:charge|fee|cost|surcharge)|without charge)\b",
    ),
    "duration": _any_of(
        rf"{_NUMBER}[- ](?:\p{{L}}+ ){{0,2}}{_UNIT}\b",
        r"\b\d{1,2}[:.]\d{2}\b|\b\d{1,2}\s?[ap]\.?m\b",
        rf"\b\d{{1,2}}\.? {_MONTH}\b|\b{_MONTH} \d{{1,2}}\b",
        r"\b(?:once|when|after|before|until|at once|immediately|same day|as soon as)\b",
        r"\b(?:mon|tues|wednes|thurs|fri|satur|sun)day\b",
    ),
    "place": _any_of(
        r"\b(?:under|at|in|on|to|from|into|inside|open|page|menu|tab|link|store|office|desk|www\S+|https?:\S+)\b"
    ),
    "how": _any_of(
        rf"(?:^|[:;,]\s+(?:then |and |first )?"
        rf"|\b(?:first|then|please|must|should|can|could|need to|have to|to)\s+"
        rf"|^(?:to|if|when|once|after|before)\b[^,]*,\s*)(?:{_IMPERATIVE})\b"
    ),
    "why": _any_of(r"\b(?:because|since|due to|so that|means?|reason|caused?|as it|for safety|in order to)\b"),
    "who": _any_of(
        r"\b(?:people|person|anyone|someone|everyone|nobody|customers?|guests?|students?|members?|holders?|you|we|they|"
        r"parents?|users?|administrators?|owners?)\b"
    ),
}
_CODE: Final = regex.compile(
    r"(?<![\p{L}\d-])(?=[\p{L}\d-]*\d)(?=[\p{L}\d-]*\p{L})[\p{L}\d][\p{L}\d-]+"
    r"|[\"\u201c\u201e]([^\"\u201c\u201d]{2,40})[\"\u201d\u201c]"
)
_CAPITALS: Final = regex.compile(r"\b\p{Lu}{2,}\b")


@lru_cache(maxsize=2_048)
def answer_types(question: str) -> frozenset[str]:
    """Types among amount, price, duration, place, how, why, who; empty where none shows and for yes/no questions."""
    types = {name for name, pattern in _ASKS.items() if pattern.search(question)}
    if _YES_NO.search(question) and not types & {"amount", "duration", "place", "how", "why"}:
        return frozenset()
    if "duration" in types:
        types -= {"amount", "price"}
    if "price" in types:
        types -= {"amount"}
    return frozenset(types)


def holds_type(sentence: str, answer_type: str) -> bool:
    """Whether the sentence holds a fact of this type."""
    return _HOLDS[answer_type].search(sentence) is not None


def codes(text: str) -> frozenset[str]:
    """Codes, abbreviations and quoted names, lower-cased: 'What does code D3 mean?' -> {'d3'}.

    In a text that is all in capitals a word in capitals is no abbreviation.
    """
    names = {(match[1] or match[0]).lower() for match in _CODE.finditer(text)}
    return frozenset(names if text.isupper() else names | {word.lower() for word in _CAPITALS.findall(text)})
