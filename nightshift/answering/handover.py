"""Questions for a person, and greetings: recognised by rules that a desk edits, answered with the desk's own text.

    rules = load_rules()                           # handover.yaml beside this file, or a path
    match("Can I talk to a human?", rules)         # Match(rule=Rule('human', ...), text='I am an automated ...')
    match("Hello, how long is delivery?", rules)   # None: more is asked than a greeting

A release carries the rules in its policy (`Rule.to_json`, `Rule.from_json`). Precision comes first: a question that
only names a danger or a complaint ("How do I file a complaint about a broken pole?") has no match and is answered.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, Literal, Self, cast

import yaml

from nightshift.errors import SettingsError

SHIPPED: Final = Path(__file__).parent / "handover.yaml"
KEYS: Final = ("name", "source", "number", "patterns", "unless", "whole", "fillers", "text")
SOURCES: Final = ("handover", "greeting")
MAX_CHARACTERS: Final = 4_000  # of a question; the rest is not read
_GAP: Final = r"(?: [^ .]+){0,3}"  # of a `*` in a phrase: up to three words of the same sentence
_PLACEHOLDER = re.compile(r"\{[^{}]*\}")
_SENTENCE = re.compile(r"(?<=[.!?])\s+")

Phrases = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Rule:
    """A kind of message, and what is answered to it; each mapping is by language, the first one is the default.

    `patterns`: phrases, `*` for up to three words, or a regular expression between slashes over the normalised text.
    `unless`: patterns that keep the rule from matching. A `whole` rule matches only a message that consists of its
    patterns and `fillers`, as greetings do. A sentence of the text with `{number}` is left out while `number` is empty.
    """

    name: str
    source: Literal["handover", "greeting"]
    patterns: Phrases
    text: Mapping[str, str]
    number: str = ""
    unless: Phrases = field(default_factory=dict)
    whole: bool = False
    fillers: Phrases = field(default_factory=dict)

    def to_json(self) -> dict[str, object]:
        """The rule as a release carries it."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any], place: str = "rule") -> Self:
        """A rule from its YAML or JSON values. Raises SettingsError, which names `place`, the key and the cure."""
        if unknown := sorted(set(values) - set(KEYS)):
            raise SettingsError(f"{place}: there is no key {unknown[0]!r}", f"the keys are: {', '.join(KEYS)}")
        name, source, number = values.get("name"), values.get("source"), values.get("number", "")
        if not isinstance(name, str) or not name:
            raise SettingsError(f"{place}: name is missing", "give the rule a name of its own")
        place = f"{place} ({name})"
        if source not in SOURCES:
            raise SettingsError(f"{place}: source is {source!r}", f"use one of: {', '.join(SOURCES)}")
        if not isinstance(number, str):
            raise SettingsError(f"{place}: number is not a text", 'put it in quotes: number: "116 123"')
        whole = values.get("whole", source == "greeting")
        if not isinstance(whole, bool) or (source == "greeting" and not whole):
            raise SettingsError(f"{place}: whole is {whole!r}", "use true or false; a greeting is always whole")
        patterns = _phrases(values.get("patterns"), f"{place}: patterns")
        if not patterns:
            raise SettingsError(f"{place}: patterns is missing", "list phrases by language: {en: [...]}")
        return cls(
            name=name,
            source=cast(Literal["handover", "greeting"], source),
            patterns=patterns,
            text=_texts(values.get("text"), f"{place}: text"),
            number=number.strip(),
            unless=_phrases(values.get("unless"), f"{place}: unless"),
            whole=whole,
            fillers=_phrases(values.get("fillers"), f"{place}: fillers"),
        )

    def reply(self, language: str) -> str:
        """The text in the language, else in the first one."""
        text = self.text.get(language) or next(iter(self.text.values()))
        if self.number:
            return text.replace("{number}", self.number)
        return " ".join(sentence for sentence in _SENTENCE.split(text) if "{number}" not in sentence)


@dataclass(frozen=True)
class Match:
    """The rule that a question matches, and the text to answer in the language of the phrase that matched."""

    rule: Rule
    text: str


def load_rules(path: Path | None = None) -> tuple[Rule, ...]:
    """The rules of a YAML file, the shipped one by default, highest priority first.

    Raises SettingsError, which names the file, the line or key, and the cure.
    """
    file = path or SHIPPED
    try:
        content = file.read_text("utf-8")
        values = yaml.safe_load(content)
        node = yaml.compose(content, yaml.SafeLoader)
    except FileNotFoundError as error:
        raise SettingsError(f"there is no file {file.name}", "name a YAML file with rules, or none at all") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        line = "" if mark is None else f", line {mark.line + 1}"
        raise SettingsError(f"{file.name}{line} is not YAML", "correct that line; indent with spaces") from error
    if not isinstance(values, list) or not all(isinstance(rule, dict) for rule in values) or not values:
        raise SettingsError(f"{file.name} is not a list of rules", "start each rule with `- name:`")
    lines = [rule.start_mark.line + 1 for rule in cast(yaml.SequenceNode, node).value]
    rules = [Rule.from_json(rule, f"{file.name}, line {line}") for rule, line in zip(values, lines, strict=True)]
    names = [rule.name for rule in rules]
    for line, name in zip(lines, names, strict=True):
        if names.count(name) > 1:
            raise SettingsError(f"{file.name}, line {line}: the name {name} is used twice", "rename one of the rules")
    return tuple(rules)


def match(question: str, rules: Sequence[Rule]) -> Match | None:
    """The first rule that the question matches, None where it should be answered from the articles."""
    text = normalised(question[:MAX_CHARACTERS])
    for rule in rules:
        for language, phrases in rule.patterns.items():
            if rule.whole:
                is_match = _consists_of(text, phrases, rule.fillers.get(language, ()))
            else:
                is_match = _compiled(phrases).search(text) is not None
            if is_match and not any(_compiled(unless).search(text) for unless in rule.unless.values()):
                return Match(rule, rule.reply(language))
    return None


def normalised(text: str) -> str:
    """Lower case, without accents and apostrophes; words between single spaces, ends of sentences as ' . '.

    "Don't shout! C'est la fin" -> ' dont shout . cest la fin '
    """
    plain = unicodedata.normalize("NFKD", text.casefold()).replace("\u0142", "l")  # the Polish l with a stroke
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    plain = re.sub(r"['\u2019\u2018`\u00b4]", "", plain)
    plain = re.sub(r"[.!?;]+(?=\s|$)|\n+", " \0 ", plain)
    words = re.sub(r"[^\w\0]+|_", " ", plain).split()
    return f" {' '.join(words)} ".replace("\0", ".")


def _consists_of(text: str, phrases: tuple[str, ...], fillers: tuple[str, ...]) -> bool:
    rest, count = _compiled(phrases).subn(" ", text)
    return count > 0 and not _compiled((*fillers, "/[.]/")).sub(" ", rest).strip()


@lru_cache(maxsize=1_024)
def _compiled(phrases: tuple[str, ...]) -> re.Pattern[str]:
    """One expression for all phrases; the space after a match stays for the next one, which begins with a space."""
    return re.compile(f" (?:{'|'.join(map(_expression, phrases))})(?= )")


def _expression(phrase: str) -> str:
    if phrase.startswith("/"):
        return f"(?:{phrase[1:-1]})"
    expression = ""
    for word in phrase.split():
        expression += _GAP if word == "*" else f" {re.escape(normalised(word).strip())}"
    return expression.removeprefix(" ")


def _phrases(values: object, place: str) -> dict[str, tuple[str, ...]]:
    if values is None:
        return {}
    if not isinstance(values, Mapping):
        raise SettingsError(f"{place} is not by language", "write {en: [phrase, ...], de: [...]}")
    checked: dict[str, tuple[str, ...]] = {}
    for language, phrases in values.items():
        if not isinstance(language, str) or not isinstance(phrases, list | tuple) or not phrases:
            raise SettingsError(
                f"{place}: {language} is not a list of phrases", 'quote a language that YAML misreads: "no"'
            )
        for phrase in phrases:
            _check_phrase(phrase, f"{place}: {language}")
        checked[language] = tuple(phrases)
    return checked


def _check_phrase(phrase: object, place: str) -> None:
    if not isinstance(phrase, str):
        raise SettingsError(f"{place}: {phrase!r} is not a text", "put the phrase in quotes")
    if phrase.startswith("/") != phrase.endswith("/") or phrase == "/":
        raise SettingsError(f"{place}: {phrase!r} has one slash only", "write a regular expression between two slashes")
    try:
        empty = re.compile(_expression(phrase)).fullmatch("") is not None
    except re.error as error:
        raise SettingsError(f"{place}: {phrase!r} is no regular expression: {error}", "correct it") from error
    if empty:
        raise SettingsError(f"{place}: {phrase!r} matches every question", "name at least one word")


def _texts(values: object, place: str) -> dict[str, str]:
    if not isinstance(values, Mapping) or not values:
        raise SettingsError(f"{place} is missing", "give a text by language: {en: ...}")
    for language, text in values.items():
        if not isinstance(language, str) or not isinstance(text, str) or not text.strip():
            raise SettingsError(f"{place}: {language} is not a text", "give a text for it, or leave it out")
        if unknown := [name for name in _PLACEHOLDER.findall(text) if name != "{number}"]:
            raise SettingsError(f"{place}: {language} holds {unknown[0]}", "only {number} is filled in")
        if not _SENTENCE.sub("", "".join(part for part in _SENTENCE.split(text) if "{number}" not in part)).strip():
            raise SettingsError(f"{place}: {language} says nothing without {{number}}", "add a sentence without it")
    return {language: text.strip() for language, text in values.items()}
