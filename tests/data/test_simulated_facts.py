"""The gold facts, plain questions and contrast pairs of the simulated company fit its pages."""

import re
from functools import cache
from itertools import pairwise

import pytest

from nightshift.simulation import content, gold
from nightshift.simulation.changes import edits, published
from nightshift.simulation.simulate import truth
from nightshift.text.facts import holds

LAST_NIGHT = 120  # variants are written up to it
PLAIN = content.load_yaml("plain_questions.yaml")
SLUGS = list(content.articles())


@cache
def page(slug, night):
    """{heading: sentences}; the lead text has the heading ''."""
    body = content.articles()[slug].body
    for edit in {edit.old: edit for edit in edits(night) if edit.article == slug}.values():
        body = body.replace(edit.old, edit.new)
    lead, *rest = re.split(r"^## (.+)$", body, flags=re.MULTILINE)
    sections = {"": lead, **dict(zip(rest[::2], rest[1::2], strict=True))}
    return {
        heading: [part.strip() for part in re.split(r"(?<=[.?!])\s+(?=[A-Z0-9\"'])", text) if part.strip()]
        for heading, text in sections.items()
    }


@cache
def nights_of_edits(slug):
    pages = [page(slug, night) for night in range(LAST_NIGHT + 1)]
    return [0, *(night for night, (old, new) in enumerate(pairwise(pages), start=1) if old != new)]


def problems(slug, row):
    """What is wrong with a row on some night: no run of three sentences holds it, or a third of the others do."""
    for night in nights_of_edits(slug):
        groups = gold.gold_fact(row, night).groups
        sections = page(slug, night)
        homes = [
            (heading, start, size)
            for heading in (row["section"], "")
            for size in (1, 2, 3)
            for start in range(len(sections[heading]) - size + 1)
            if holds(" ".join(sections[heading][start : start + size]), groups)
        ]
        if not homes:
            yield f"night {night}: {row['section']} does not hold {groups}"
            continue
        home, start, size = homes[0]
        others = [
            sentence
            for heading, sentences in sections.items()
            for place, sentence in enumerate(sentences)
            if heading != home or not start <= place < start + size
        ]
        for alternative in {alternative for group in groups for alternative in group}:
            if sum(holds(sentence, [[alternative]]) for sentence in others) > len(others) / 3:
                yield f"night {night}: much of the page holds {alternative!r}"


@pytest.mark.parametrize("slug", SLUGS)
def test_each_question_template_has_a_fact_that_its_section_holds(slug):
    """Every template has one row of the right form, and no fact is held by anything that is said of the page."""
    rows = {(row["section"], row["ask"]): row for row in content.load_yaml(f"facts/{slug}.yaml")}
    asked = [(section.heading, ask) for section in content.sections()[slug] for ask in section.questions]
    assert sorted(rows) == sorted(asked)
    for (_, ask), row in rows.items():
        assert row["answer_type"] in gold.ANSWER_TYPES
        assert (row["answer_type"] == "yes_no") == (row.get("polarity") in {"yes", "no"})
        assert not list(problems(slug, row)), ask


@pytest.mark.parametrize("kind", ["answerable", "follow_up"])
def test_plain_questions_have_facts_that_their_sections_hold(kind):
    """They are none of the templates, and an article is in one half only."""
    templates = {ask for sections in content.sections().values() for part in sections for ask in part.questions}
    splits = {}
    for row in PLAIN[kind]:
        assert row["ask"] not in templates
        assert splits.setdefault(row["article"], row["split"]) == row["split"]
        assert not list(problems(row["article"], row)), row["ask"]


def test_contrast_pairs_are_decided_by_a_sentence_of_their_section():
    """More than a hundred pairs, each question once."""
    pairs = gold.contrast_pairs()
    assert len({ask for pair in pairs for ask in (pair.ask_yes, pair.ask_no)}) == 2 * len(pairs) > 200
    for pair in pairs:
        assert pair.deciding in page(pair.article, 0)[pair.section]


def test_delivered_contrast_holds_on_every_night():
    """About a hundred questions, none about a page that changes or goes."""
    pairs = gold.delivered_contrast()
    assert 90 <= 2 * len(pairs) <= 110
    for night in (1, 5, 10, 11, 30, LAST_NIGHT):
        assert all(pair.deciding in published(night)[pair.article].article.body for pair in pairs)


def test_truth_has_the_fact_of_each_answered_ticket_as_of_its_night():
    """The page of the night holds it; a ticket that no page answers has none."""
    for night in (0, 3, 11):
        rows = truth(night)
        answered = [row for row in rows if row.get("article")]
        assert len(answered) > 100
        assert all(row["fact"] is None for row in rows if "fact" in row and not row["article"])
        pages = published(night)
        for row in answered:
            body = pages[row["article"]].article.body
            assert night == 0 or holds(body, row["fact"]["groups"]), row["ticket_id"]
