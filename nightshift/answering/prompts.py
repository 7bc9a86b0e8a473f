"""The generator's prompt in SmolLM2's chat format; training and serving render it with the same function.

    <|im_start|>system
    You are a support assistant. Answer the question ...<|im_end|>
    <|im_start|>user
    [1] Standard delivery times and cost: Cost and the free limit
    Standard delivery costs 4.90 EUR per order ...

    Question: what do i need to spend so i dont pay for the post<|im_end|>
    <|im_start|>assistant

The version is part of a release: an adapter trained on one prompt is not served with another.
"""

import re
from collections.abc import Sequence

from nightshift.text.passages import Passage
from nightshift.text.words import content_words, sentences, truncate

VERSION = "2"
SYSTEM = (
    "You are a support assistant. Answer the question in one to three short sentences, using only what the numbered "
    "passages say. End every sentence with the number of its passage. If the passages do not answer, say so."
)
DECLINE = "I could not find an answer to this in our help articles."
END_OF_TURN = "<|im_end|>"
PREFIX = f"<|im_start|>system\n{SYSTEM}{END_OF_TURN}\n<|im_start|>user\n"  # every prompt begins with it
QUESTION_WORDS = 90
PASSAGE_WORDS = 50  # a quarter less compute than with 140, and as many answers pass the grounding check

_CONTROL_TOKEN = re.compile(r"<\|[^\s|<>]{1,40}\|>|</?s>|\[/?INST\]|<</?SYS>>")
_ROLE_LINE = re.compile(r"^\s*#{0,4}\s*(?:system|assistant|user)\s*:?\s*$", re.IGNORECASE)
_MARK = re.compile(r"\[(\d{1,3})\]")


def as_data(text: str) -> str:
    """`text` without anything the model could take for a turn of the conversation.

    Lines with chat control tokens or a bare role name are dropped; a number in brackets, which would read as a mark,
    is put in parentheses.
    """
    lines = (line for line in text.splitlines() if not _CONTROL_TOKEN.search(line) and not _ROLE_LINE.match(line))
    return _MARK.sub(r"(\1)", "\n".join(lines)).strip()


def focused(text: str, question: str, n_words: int) -> str:
    """The sentences of `text` that share most words with `question`, in their order, within `n_words`."""
    texts = sentences(text)
    question_words = set(content_words(question))
    shared = [len(question_words & set(content_words(sentence))) for sentence in texts]
    chosen: set[int] = set()
    for position in sorted(range(len(texts)), key=lambda position: (-shared[position], position)):
        if not chosen or sum(len(texts[i].split()) for i in [*chosen, position]) <= n_words:
            chosen.add(position)
    return truncate(" ".join(texts[position] for position in sorted(chosen)), n_words)


def render_passage(number: int, passage: Passage, question: str, n_words: int = PASSAGE_WORDS) -> str:
    """One numbered passage: its name on the first line, then its sentences nearest to the question in `n_words`."""
    name = " ".join(as_data(passage.name).split())
    return f"[{number}] {name}\n{focused(as_data(passage.text), question, n_words)}"


def render(question: str, passages: Sequence[Passage], n_words: int = PASSAGE_WORDS) -> str:
    """The whole prompt, up to where the answer begins. `n_words` limits the words of each passage."""
    cleaned = truncate(" ".join(as_data(question).split()), QUESTION_WORDS)
    numbered = (render_passage(number, passage, cleaned, n_words) for number, passage in enumerate(passages, start=1))
    shown = "\n\n".join(numbered)
    return f"{PREFIX}{shown}\n\nQuestion: {cleaned}{END_OF_TURN}\n<|im_start|>assistant\n"


def with_mark(sentence: str, number: int) -> str:
    """The sentence with the mark of its passage before the final stop, as in 'It is free from 60 EUR [1].'."""
    body = sentence.rstrip()
    stop = body[-1] if body and body[-1] in ".!?" else "."
    return f"{body.rstrip('.!?').rstrip()} [{number}]{stop}"


def marks(text: str) -> list[int]:
    """The distinct passage numbers that `text` cites, in order of appearance."""
    return list(dict.fromkeys(int(number) for number in _MARK.findall(text)))


def without_marks(text: str) -> str:
    """`text` without its marks."""
    return re.sub(r"\s*\[\d{1,3}\]", "", text)
