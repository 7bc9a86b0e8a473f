"""Which texts are searched for a question after earlier turns, and how much each one counts.

    readings("and for bikes?", ["How long is the warranty?"])
    # [Reading('and for bikes?', 0.42, asked=False),
    #  Reading('How long is the warranty? and for bikes?', 0.83, asked=True),
    #  Reading('How long is the warranty?', -0.25, asked=False)]

The weights sum to 1; the scores that each reading gives a sentence are added with them. What the earlier turn alone
would select counts against a sentence, because it was answered already. A self-contained question has one reading: a
change of topic brings nothing of the earlier turns along. No state is kept: the turns come with the request. The
patterns are English, with the commonest openers of five further languages.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

FRAGMENT_WORDS: Final = 4  # a question of at most so many words is a fragment, unless its words say otherwise
THIN_WORDS: Final = 7  # a question of at most so many words may lean on an earlier turn through a definite noun
REPLY_WORDS: Final = 12  # a longer turn that starts with "yes" explains itself
MAX_JOINED: Final = 3  # turns; "and for bikes?", "and tents?" lean on the same question before them
# Weights of the question alone, joined to the earlier turn, and of that turn alone.
LEANING: Final = (1.0, 0.5, -0.3)
ELLIPTICAL: Final = (0.5, 1.0, -0.3)

_ROLE = re.compile(r"\s*(?:user|customer|agent|assistant)\s*:\s*", re.IGNORECASE)
_FROM_DESK = re.compile(r"\s*(?:agent|assistant)\s*:", re.IGNORECASE)
# "ok thanks.", "Right.", "thx, and": an earlier topic is closed when a whole question follows.
_CLOSING = re.compile(
    r"\W*(?:(?:ok(?:ay)?|right|alright|great|perfect|good|fine|got it|i see|never ?mind|forget it|thanks?(?: you)?"
    r"(?: a lot| very much| so much)?|thx|ty|cheers)\b[\s,]*)+(?:[.!;:]+|,|$)\s*(?:(?:and|but|now|so)\b,?\s*)*",
    re.IGNORECASE,
)
_NEW_TOPIC = re.compile(
    r"\W*(?:(?:and|so|but|now|ok|okay|then|also)\b,?\s*)*(?:(?:something|anything) (?:else|different)|"
    r"(?:one|yet|and)?\s*(?:another|a different|different|new|next|other|unrelated|separate)\s+"
    r"(?:question|topic|thing|subject|matter|issue|problem)|(?:totally|completely|entirely|quite) "
    r"(?:different|unrelated|new)|on (?:another|a different) (?:note|topic|subject)|by the way|btw|"
    r"changing the subject|"
    r"(?:and )?now (?:about|to|for|on to)\s+(?P<topic>[^:,;.?!]{2,40}))\s*[:,;.!\u2013-]+\s*",
    re.IGNORECASE,
)
_ALSO = re.compile(r"\W*(?:also|besides|in addition|additionally|furthermore)\b,?\s*(?=\S)", re.IGNORECASE)
_REPLY = re.compile(
    r"\W*(?:yes|no|yeah|yep|nope|ok|okay|sure|i do|i did|i have|i am|do not|not|correct|that['\u2019]?s|right|exactly|"
    r"it is|it does)\b",
    re.IGNORECASE,
)
_OPENER = re.compile(
    r"\W*(?:(?:and|but|or|so|then|und|aber|oder|et|mais|pero|maar|ale)\b|(?:what|how) (?:about|if)\b|why not\b)",
    re.IGNORECASE,
)
# "that" and "one" only where they stand for a noun: not in "a pan that rusts", "one order".
_PRONOUN = re.compile(
    r"\b(?:it(?! (?:\w+ )?(?:to|that|if)\b)|its|this|those|these|them|they|their|he|she|him|her)\b"
    r"|(?:^\W*|\b(?:do|does|did|is|was|can|could|will|of|for|to|about|after|before|by|from|with|in|like|and|if)\s+)that\b"
    r"|\b(?:the|an?|this|that|new|other|another|smaller|bigger|larger|cheaper|which|keep|get|have|old)\s+ones?\b(?!\s+\w+s\b)",
    re.IGNORECASE,
)
_POINTS = re.compile(r"(?:\b(?:this|those|these)\s+\w|(?:^\W*|\bdoes |\bis |\bcan )that\b)", re.IGNORECASE)
# A noun before the pronoun is what it stands for: "I have an iron pan, how hot do I bake it?"
_ANTECEDENT = re.compile(
    r"\b(?:an?|the|my|your|our|his|two|some|any|code|\w+['\u2019]s)\s+\w{3,}(?:\s+\w+)*\W+.*?\b(?:it|its|them|they|their)\b",
    re.IGNORECASE,
)
_COMPARES = re.compile(
    r"\b(?:the|a) (?:maximum|minimum|limit|same|second|third|next|last|other|rest|smaller|bigger|larger|cheaper|"
    r"deadline|link|code|form|fee|check|button|label)\b|"
    r"\bmore (?:time|of|than that)\b|\blonger\b|\binstead\b|\beither\b",
    re.IGNORECASE,
)
_ASKS = re.compile(
    r"\b(?:what|which|who|whose|where|when|why|how)\b.*\b(?:is|are|do|does|did|can|could|will|would|should|must|may|cost|"
    r"costs|has|have|was|were)\b.*\w|^\W*(?:is|are|do|does|did|can|could|will|would|should|must|may|has|have)\b.*\w",
    re.IGNORECASE,
)
_EMPTY_WORDS: Final = frozenset(
    """a an the i you we me my your is are do does did can could will would should must may has have was were be to
    for in on at of by from and or it that this there how what which who where when why long much many often
    soon far big old need get want take cost costs any some if so not no yes please now then more one""".split()  # noqa: SIM905  # a list of quoted words is harder to read
)


@dataclass(frozen=True)
class Reading:
    """A text that stands for the question, the weight of its scores, and whether articles are searched with it.

    The first reading is the question itself, without words that only close or open a topic.
    """

    text: str
    weight: float
    asked: bool


def readings(question: str, earlier: Sequence[str] = ()) -> list[Reading]:
    """One reading of a self-contained question, else three: alone, joined to the earlier turn, that turn alone.

    `earlier` is oldest first, with or without 'user:' or 'agent:' in front; answers that declined should not be in it.
    An elliptical question is searched as joined only; one that may lean on the turn, for instance by a pronoun, as
    both.
    """
    turns = [text for turn in earlier if (text := _without_role(turn))]
    rest, is_new_topic = _without_lead(question)
    if not turns or is_new_topic:
        return [Reading(rest, 1.0, asked=True)]
    elliptical = _answers_question(question, earlier[-1]) or _is_elliptical(question)
    if not elliptical and not _leans(question):
        return [Reading(question.strip(), 1.0, asked=True)]
    previous = _previous(turns)
    weights = ELLIPTICAL if elliptical else LEANING
    alone, joined, answered = (weight / sum(weights) for weight in weights)
    return [
        Reading(question.strip(), alone, asked=not elliptical),
        Reading(f"{previous} {question.strip()}", joined, asked=True),
        Reading(previous, answered, asked=False),
    ]


def _without_role(turn: str) -> str:
    return _ROLE.sub("", turn, count=1).strip()


def _without_lead(question: str) -> tuple[str, bool]:
    """The question without words that close or open a topic, and whether such words stood before a whole question."""
    if (match := _NEW_TOPIC.match(question)) and (rest := question[match.end() :].strip()):
        topic = (match["topic"] or "").strip()
        return (f"{topic}: {rest}" if topic else rest), True
    for lead in (_CLOSING, _ALSO):
        match = lead.match(question)
        if match and match.end():
            rest = question[match.end() :].strip()
            if len(rest.split()) > FRAGMENT_WORDS and _ASKS.search(rest) and not _refers_back(rest):
                return rest, True
    return question.strip(), False


def _answers_question(question: str, previous: str) -> bool:
    """Whether the desk asked back and this turn, which holds no question, replies."""
    return bool(_FROM_DESK.match(previous)) and previous.rstrip().endswith("?") and "?" not in question


def _is_elliptical(question: str) -> bool:
    """No question of its own: a fragment that opens with "and" or names a single thing, or a reply such as "yes"."""
    n_words = len(question.split())
    opens, is_whole = bool(_OPENER.match(question)), bool(_ASKS.search(question))
    if n_words <= FRAGMENT_WORDS:
        return (
            opens
            or _refers_back(question)
            or (n_content := len(_content(question))) == 0
            or (n_content == 1 and not is_whole)
        )
    if _REPLY.match(question) and n_words <= REPLY_WORDS and not (is_whole and len(_content(question)) >= 3):
        return True
    return opens and n_words <= THIN_WORDS and not is_whole


def _leans(question: str) -> bool:
    """Weaker signs: an opener, a pronoun without its noun, a definite noun in a short question, little content."""
    if _OPENER.match(question) or _refers_back(question):
        return True
    n_words = len(question.split())
    if n_words > THIN_WORDS:
        return False
    n_content = len(_content(question))
    return n_content <= 1 or bool(_COMPARES.search(question)) or (n_content == 2 and not _ASKS.search(question))


def _refers_back(question: str) -> bool:
    if not _PRONOUN.search(question):
        return False
    return bool(_POINTS.search(question)) or not _ANTECEDENT.search(question)


def _content(question: str) -> list[str]:
    """The words that say what the question is about."""
    return [word for word in re.findall(r"[\w-]+", question) if word.lower() not in _EMPTY_WORDS]


def _previous(turns: Sequence[str]) -> str:
    """The last turn, with those before it while it is a fragment itself, at most three."""
    first = len(turns) - 1
    while first > 0 and len(turns) - first < MAX_JOINED and _is_elliptical(turns[first]):
        first -= 1
    return " ".join(turns[first:])
