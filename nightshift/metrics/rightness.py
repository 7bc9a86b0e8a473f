"""Is an answer right? By gold where somebody wrote down what it must hold, else by what support answered.

    right_by_gold("Delivery is free from €60.", (("60 EUR",),))                    # True
    right_by_reply("You have 30 days.", reply, article)                            # True, False or None
    reverses("You may take gas on a plane.", ["Never take gas on a plane."])       # True

Texts are plain: the marks [1] of citations are figures, so take them out first. Nothing here reads a model.
"""

import math
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from nightshift.text.facts import Groups, holds, key_facts, normalise
from nightshift.text.words import content_words

AGREEMENT: Final = 0.25  # of an answer with a reply, from which it counts as right: see right_by_reply
FACT_WEIGHT: Final = 3  # content words that a key fact counts for
SENTENCE_WORDS: Final = 6  # an alternative of more words is a sentence, which may be said in other words
_SENTENCE_HELD: Final = 0.7  # share of its content words
_SAME_MATTER: Final = 0.7  # share of the content words of the shorter of two clauses that the other one holds
_CLAUSE_END: Final = re.compile(r"[.;:!?](?=\s|$)\s*|,?\s+but\s+", re.IGNORECASE)
_YES_NO: Final = re.compile(r"\s*(yes|no)\s*[,.;:!\u2013-]", re.IGNORECASE)
_NEGATION: Final = re.compile(
    r"\b(?:no|not|never|none|nobody|nothing|neither|nor|without|forbidden|prohibited|excluded|impossible)\b"
)


def right_by_gold(answer: str, groups: Groups) -> bool:
    """Whether `answer` holds one alternative of every group; a whole sentence may be said in other words."""
    return all(any(_says(answer, alternative) for alternative in group) for group in groups)


def right_by_reply(answer: str, reply: str, article: str) -> bool | None:
    """Whether `answer` agrees with what the accepted reply and the resolving article share; None if that is nothing.

    Agreement is the Dice coefficient of two sets: key facts, each counting for FACT_WEIGHT, and content words of the
    answer, and those that reply and article share. It is a distant measure, for support words things its own way and
    states more than was asked. Over composed answers to 500 templates of simulated tickets, on which AGREEMENT was
    chosen, it correlated with the gold facts better (phi .57) than holding any (.44), half (.38) or all (.32) of the
    shared key facts, and it measures the tenth of the replies that have none. On 287 other templates phi is .55 (95 %
    interval .44 to .65); it finds 58 % of the right answers and 8 % of the wrong ones, so compare releases by it, and
    do not read its level as that of gold facts.
    `python -m bench.rightness` repeats the comparison over drawn answers.
    """
    words = set(content_words(reply)) & set(content_words(article))
    facts = key_facts(reply) & key_facts(article)
    if not words and not facts:
        return None
    answer_words, answer_facts = set(content_words(answer)), key_facts(answer)
    held = sum(holds(answer, [[fact]]) for fact in facts)
    shared = len(words & answer_words) + FACT_WEIGHT * held
    size = len(words) + len(answer_words) + FACT_WEIGHT * (len(facts) + len(answer_facts))
    return 2 * shared >= AGREEMENT * size


def reverses(answer: str, deciding: Sequence[str], polarity: str = "") -> bool:
    """Whether `answer` affirms what one of the `deciding` sentences denies, or denies what it affirms.

    It does when it begins with 'Yes' or 'No' against `polarity` ('yes', 'no', or '' for unknown), or when a clause of
    it is about the same matter as a clause of the sentence and only one of both is negated.
    """
    begins = _YES_NO.match(answer)
    if begins and polarity and begins[1].lower() != polarity:
        return True
    clauses = [clause for sentence in deciding for clause in _clauses(sentence)]
    said = answer[begins.end() :] if begins else answer  # 'No, X is not accepted' denies X once
    return any(_turned(clause, clauses) for clause in _clauses(said))


def wilson(share: float, count: int, z: float = 1.96) -> tuple[float, float]:
    """Wilson's interval of a share over `count` (Journal of the American Statistical Association 22, 1927).

    z = 1.96 gives the two-sided 95 % interval, z = 1.645 the one-sided 95 % bounds. (0, 1) over nothing.
    """
    if not count:
        return 0.0, 1.0
    centre = share + z**2 / (2 * count)
    spread = z * math.sqrt(share * (1 - share) / count + z**2 / (4 * count**2))
    scale = 1 + z**2 / count
    return max(0.0, (centre - spread) / scale), min(1.0, (centre + spread) / scale)


def _says(answer: str, alternative: str) -> bool:
    if holds(answer, [[alternative]]):
        return True
    words = set(content_words(alternative))
    if len(alternative.split()) <= SENTENCE_WORDS or not words:
        return False
    held = len(words & set(content_words(answer))) / len(words)
    facts_kept = key_facts(alternative) <= key_facts(answer)
    return facts_kept and held >= _SENTENCE_HELD and not reverses(answer, [alternative])


def _turned(clause: str, others: Sequence[str]) -> bool:
    """Whether the clause that is most like `clause` is about the same matter and differs in negation."""
    overlaps = [(_overlap(clause, other), _negated(clause) == _negated(other)) for other in others]
    best, same = max(overlaps, default=(0.0, True))  # of equal overlaps one of the same polarity
    return best >= _SAME_MATTER and not same


@lru_cache(maxsize=4_096)
def _clauses(text: str) -> tuple[str, ...]:
    return tuple(clause for clause in _CLAUSE_END.split(text) if len(content_words(clause)) > 1)


def _overlap(clause: str, other: str) -> float:
    a, b = set(content_words(clause)), set(content_words(other))
    return len(a & b) / min(len(a), len(b))


def _negated(clause: str) -> bool:
    """Whether an odd number of negations stands in the clause."""
    return len(_NEGATION.findall(normalise(clause))) % 2 == 1
