"""Messages for a person and greetings: which questions match a rule, and what a wrong file is told."""

import json

import pytest

from nightshift.answering.handover import Rule, load_rules, match, normalised
from nightshift.errors import SettingsError
from nightshift.simulation.content import load_yaml, sections

RULE = """
- name: pirates
  source: handover
  patterns:
    en: [walk the * plank, "/(yo )+ho/"]
    de: [Über Bord]
  unless:
    en: [in the film]
  text:
    en: Ahoy. Call {number} now. Ask a pirate.
    de: Ahoi!
"""


@pytest.fixture(scope="module")
def rules():
    """The shipped rules."""
    return load_rules()


@pytest.fixture
def rules_of(tmp_path):
    """Rules from a YAML text."""

    def rules_of(text):
        path = tmp_path / "desk.yaml"
        path.write_text(text, "utf-8")
        return load_rules(path)

    return rules_of


@pytest.mark.parametrize(
    ("question", "name"),
    [
        ("i cant take it, i want to end my life", "self_harm"),
        ("Ich will nicht mehr leben.", "self_harm"),
        ("Je veux mourir", "self_harm"),
        ("nie chcę żyć", "self_harm"),
        ("HELP our garage is on fire, it was your charger!", "danger"),
        ("my toddler swallowed a screw", "danger"),
        ("The kitchen smells of gas", "danger"),
        ("You will hear from my attorney", "legal"),
        ("Mijn advocaat neemt contact op", "legal"),
        ("I would like to file a complaint", "complaint"),
        ("the courier shouted at my mother", "complaint"),
        ("is there a real person here?", "human"),
        ("Ich möchte mit einem Mitarbeiter sprechen", "human"),
        ("Quiero hablar con una persona", "human"),
        ("operator please", "human_word"),
    ],
)
def test_a_message_for_a_person_is_handed_over(rules, question, name):
    """The rule is found whatever the letter case, the accents and the rest of the message."""
    found = match(question, rules)
    assert found is not None
    assert (found.rule.name, found.rule.source) == (name, "handover")
    assert "{" not in found.text


@pytest.mark.parametrize(
    "question",
    [
        "how do I file a complaint about a broken tent pole",
        "Can the battery catch fire if I leave it charging?",
        "What do I do when the stove smells of gas?",
        "Does the warranty cover burns in the fabric?",
        "I killed the battery by leaving it in the cold",
        "How do I cut the mat to size without hurting myself?",
        "Do I need a police report when my bike is stolen?",
        "Which travel agent do you work with?",
        "Does the courier call me before delivery?",
        "",
        "?!",
    ],
)
def test_a_question_that_articles_answer_is_not_handed_over(rules, question):
    """A danger or a complaint that is only named matches no rule."""
    assert match(question, rules) is None


@pytest.mark.parametrize(
    ("question", "name"),
    [
        ("Hello!!", "greeting"),
        ("Guten Tag", "greeting"),
        ("hi, thanks for your help :)", "thanks"),
        ("Merci", "thanks"),
    ],
)
def test_a_greeting_is_greeted(rules, question, name):
    """Greetings and thanks are answered in their language."""
    found = match(question, rules)
    assert (found.rule.name, found.rule.source) == (name, "greeting")


@pytest.mark.parametrize(
    "question", ["Hello, how long is delivery?", "thanks, and returns?", "Good morning. My parcel is late", "good tent"]
)
def test_a_greeting_before_a_question_is_no_greeting(rules, question):
    """A message that asks anything else is answered."""
    assert match(question, rules) is None


def test_no_question_of_the_simulated_company_is_taken_away(rules):
    """Everything that its customers ask is left to the articles."""
    questions = [question for rows in sections().values() for section in rows for question in section.questions]
    questions += [row["ask"] for row in load_yaml("unanswerable.yaml")]
    assert [question for question in questions if match(question, rules)] == []


def test_hardly_any_title_of_a_real_ticket_matches(rules, shared_data):
    """Less than one in a hundred of 2,000 Thunderbird titles is handed over or greeted."""
    from pyarrow import parquet

    titles = parquet.read_table(shared_data / "thunderbird" / "tickets.parquet", columns=["title"])["title"].to_pylist()
    matched = [title for title in titles[:2_000] if match(title, rules)]
    assert len(matched) < 20, matched


def test_shipped_texts_hold_no_number_and_fill_in_the_desks(rules):
    """Without a number the sentence that would name it is left out; a number is put in, in every language."""
    for rule in rules:
        for language in rule.text:
            assert not any(character.isdigit() or character in "{}" for character in rule.reply(language))
            if rule.source == "handover":
                values = rule.to_json() | {"number": "116 123"}
                assert "116 123" in Rule.from_json(values).reply(language)


def test_the_first_rule_that_matches_counts(rules):
    """Self-harm comes before a wish for a person."""
    assert match("a human please, I want to kill myself", rules).rule.name == "self_harm"


def test_rules_survive_the_json_of_a_release(rules):
    """A release carries the rules; read back they match the same."""
    copies = tuple(Rule.from_json(values) for values in json.loads(json.dumps([rule.to_json() for rule in rules])))
    assert copies == rules
    assert match("a human please", copies) == match("a human please", rules)


def test_a_desks_phrases_match_at_word_boundaries(rules_of):
    """A star stands for up to three words, accents and case do not count, and `unless` prevails."""
    rules = rules_of(RULE)
    for question in ("Walk the long wooden plank!", "walk the plank", "yo yo ho", "mann UBER bord"):
        assert match(question, rules), question
    for question in ("walk the dog. A plank", "walk the planks", "they walk the plank in the film", "yoho"):
        assert match(question, rules) is None, question
    assert match("walk the plank", rules).text == "Ahoy. Ask a pirate."
    assert match("über Bord", rules).text == "Ahoi!"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("name: pirates", "title: pirates", "line 2: there is no key 'title'"),
        ("source: handover", "source: person", "source is 'person'"),
        ("source: handover", "source: greeting\n  whole: false", "whole is False"),
        ("patterns:\n", "patterns: {en: []}\n  unless:\n", "not YAML|patterns"),
        ("/(yo )+ho/", "/(yo/", "no regular expression"),
        ("/(yo )+ho/", "/(yo )*/", "matches every question"),
        ("/(yo )+ho/", "/yo", "one slash"),
        ("walk the * plank", "5", "5 is not a text"),
        ("{number}", "{phone}", r"holds \{phone\}"),
        ("de: Ahoi!", "de: ''", "de is not a text"),
        ("de: Ahoi!", "de: 'Call {number}.'", "says nothing without"),
        ("  text:", " text:", "line 9 is not YAML|line 10 is not YAML"),
    ],
)
def test_a_wrong_file_is_refused_with_its_place(rules_of, old, new, message):
    """The message names the file and the line or key, and says what to do."""
    with pytest.raises(SettingsError, match=message) as error:
        rules_of(RULE.replace(old, new, 1))
    assert error.value.what.startswith("desk.yaml")
    assert error.value.cure


def test_a_file_that_is_no_list_of_rules_is_refused(rules_of, tmp_path):
    """An absent file, another content and a name used twice are told apart."""
    with pytest.raises(SettingsError, match="there is no file"):
        load_rules(tmp_path / "absent.yaml")
    with pytest.raises(SettingsError, match="not a list of rules"):
        rules_of("name: pirates")
    with pytest.raises(SettingsError, match="used twice"):
        rules_of(RULE + RULE)


def test_a_text_is_normalised_for_matching():
    """Words stand between single spaces, and ends of sentences are kept."""
    assert normalised("Don\u2019t shout!  C'est l'\u00e9t\u00e9: 12.50") == " dont shout . cest lete 12 50 "
    assert normalised("") == "  "
