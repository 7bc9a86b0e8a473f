"""The truth about the simulated company, and its hand-written content."""

import gzip
import json
import re
from collections import Counter

import pytest

from nightshift.settings import Settings
from nightshift.simulation import changes, content, identifiers
from nightshift.simulation.people import canary
from nightshift.simulation.simulate import golden, truth
from nightshift.simulation.tickets import normalised, tickets_on
from nightshift.sources.simulated import SimulatedSource
from nightshift.text.facts import holds, parse_groups

NIGHTS = range(13)


def lines(night: int, table: str = "tickets") -> list[bytes]:
    shop = SimulatedSource(f"simulate://shop?night={max(night, 1)}", Settings.from_env({}))
    return gzip.decompress(shop.read(f"{table}/night-{night:04d}.jsonl.gz")).splitlines()


def rows(night: int, table: str = "tickets") -> list[dict]:
    parsed = []
    for line in lines(night, table):
        try:
            parsed.append(json.loads(line))
        except ValueError:
            continue
    return parsed


@pytest.fixture(scope="module")
def truths() -> list[dict]:
    return [row for night in NIGHTS for row in truth(night)]


@pytest.mark.parametrize(
    ("kind", "least", "most"),
    [
        ("unanswerable", 0.06, 0.11),
        ("order_status", 0.06, 0.10),
        ("injection", 0.005, 0.02),
        ("duplicate", 0.004, 0.02),
        ("malformed", 0.002, 0.01),
    ],
)
def test_share_of_planted_kinds(truths, kind, least, most):
    """Each kind of ticket has its planned share."""
    share = Counter(row["kind"] for row in truths)[kind] / len(truths)
    assert least < share < most


def test_share_of_identifiers_and_late_labels(truths):
    """About 6 % of the tickets hold an e-mail address, phone, card or IBAN, and about 1 % are relabelled later."""
    tickets = [row for row in truths if row["kind"] not in {"malformed", "canary"}]
    assert 0.045 < sum(bool(row["planted"]) for row in tickets) / len(tickets) < 0.075
    assert 0.005 < sum(bool(row["corrected_on"]) for row in tickets) / len(tickets) < 0.015
    assert {kind for row in tickets for kind, _ in row["planted"]} == set(identifiers.KINDS)


def test_planted_identifiers_are_in_the_text():
    """Each planted identifier is in its text, and no other text holds a card number or an address."""
    for ticket in tickets_on(3, 7):
        for _, value in ticket.planted:
            assert value in ticket.text
        if not ticket.planted:
            assert "@" not in ticket.text
            assert not re.search(r"(?:\d[ -]?){11,}", ticket.text)


def test_cards_and_ibans_check_out(truths):
    """Cards pass the Luhn check and IBANs the check modulo 97, as real ones do."""
    planted = [tuple(pair) for row in truths if row["kind"] != "malformed" for pair in row["planted"]]
    cards = [re.sub(r"\D", "", value) for kind, value in planted if kind == "card"]
    ibans = [value.replace(" ", "") for kind, value in planted if kind == "iban"]
    assert cards
    assert ibans
    for card in cards:
        digits = [int(digit) for digit in reversed(card)]
        assert len(card) == 16
        assert (sum(digits[::2]) + sum(sum(divmod(2 * digit, 10)) for digit in digits[1::2])) % 10 == 0
    for iban in ibans:
        assert len(iban) == {"DE": 22, "AT": 20, "BE": 16}[iban[:2]]
        assert int("".join(str(int(sign, 36)) for sign in iban[4:] + iban[:4])) % 97 == 1


def test_texts_are_varied():
    """Hardly two texts have the same words, apart from planted duplicates."""
    texts = [
        normalised(ticket.text)
        for night in range(-9, 13)
        for ticket in tickets_on(night, 7)
        if ticket.kind != "duplicate"
    ]
    assert len(set(texts)) / len(texts) > 0.95
    words = sorted(len(text.split()) for text in texts)
    assert words[len(words) // 20] <= 15
    assert words[-len(words) // 20] >= 45


def test_duplicates_are_duplicates(truths):
    """A planted duplicate has the text of its original, under another id, without an answer."""
    texts = {ticket.id: ticket for night in range(-9, 13) for ticket in tickets_on(night, 7)}
    for row in truths:
        if row["kind"] == "duplicate":
            assert texts[row["ticket_id"]].text == texts[row["duplicate_of"]].text
            assert not texts[row["ticket_id"]].replies


def test_few_pages_get_most_questions(truths):
    """Few pages get most of the questions: the first ten of seventy get more than a third."""
    questions = Counter(row["article"] for row in truths if row["kind"] == "question")
    assert sum(count for _, count in questions.most_common(10)) / questions.total() > 1 / 3
    assert len(questions) > 55


def test_malformed_lines_are_broken_in_five_ways():
    """Over some weeks every way to break a line occurs, and each broken line is in the file of its night."""
    reasons = Counter()
    for night in range(40):
        bad = [row for row in truth(night) if row["kind"] == "malformed"]
        reasons.update(row["malformed"] for row in bad)
        unreadable = 0
        for line in lines(night):
            try:
                json.loads(line)
            except ValueError:
                unreadable += 1
        assert unreadable == sum(row["malformed"] in {"not_json", "not_utf8"} for row in bad)
    assert set(reasons) == {"missing_id", "bad_time", "empty_text", "not_json", "not_utf8"}


def test_late_labels_arrive_on_their_night(truths):
    """A ticket labelled wrongly comes again with the true label on the night the truth names."""
    corrected = [row for row in truths if row["kind"] != "malformed" and row["corrected_on"] in range(1, 12)]
    assert len(corrected) > 5
    for row in corrected:
        night = row["corrected_on"]
        labels = [ticket["label"] for ticket in rows(night) if ticket["id"] == row["ticket_id"]]
        assert labels == [changes.label(row["intent"], night)]
        assert row["initial_intent"] != row["intent"]


def test_labels_get_new_names_on_night_nine():
    """Every label of a page's intent has another name from night 9 on, and none before."""
    intents = {article.intent for article in content.articles().values()} | {"order_status"}
    old_labels = {row["label"] for row in rows(8)}
    new_labels = {row["label"] for row in rows(9)}
    assert old_labels & intents
    assert not new_labels & intents
    assert {changes.label(intent, 9) for intent in intents} & new_labels
    assert len({changes.label(intent, 9) for intent in intents}) == len(intents)


def test_new_topic_arrives_on_night_six():
    """Nobody asks about renting before night 6; from then on it is a visible share."""
    share = {
        night: sum(row.get("intent") == "rental_gear" for row in truth(night)) / len(truth(night)) for night in NIGHTS
    }
    assert all(share[night] == 0 for night in range(6))
    assert 0.03 < sum(share[night] for night in range(6, 13)) / 7 < 0.14


def test_pages_are_edited_and_taken_down_on_their_nights():
    """Night 2 changes a number on the page and in the replies, night 3 takes a page down, closures come back."""
    assert "11.90 EUR" in changes.published(1)["express-delivery"].article.body
    assert "11.90 EUR" not in changes.published(2)["express-delivery"].article.body
    assert changes.published(2)["express-delivery"].updated > changes.published(1)["express-delivery"].updated
    assert "bike-frame-registration" in changes.published(2)
    assert "bike-frame-registration" not in changes.published(3)
    up = ["recycle-old-gear" in changes.published(night) for night in (9, 10, 11, 12)]
    assert up == [True, False, False, True]
    section = content.sections()["express-delivery"][0]
    assert "11.90 EUR" in changes.reply(section, 1)
    assert "12.90 EUR" in changes.reply(section, 2)


def test_pages_change_about_every_third_night_for_ever():
    """From night 5 on, every third night edits exactly one page, and the replaced text is in the page."""
    for night in range(5, 60):
        old, new = changes.published(night - 1), changes.published(night)
        edited = [slug for slug in new if slug in old and new[slug].article != old[slug].article]
        assert len(edited) == ((night - 5) % 3 == 0) + (night == 7)
    for edit in changes.edits(60):
        assert edit.old in content.articles()[edit.article].body


def test_poisoned_page_arrives_on_night_four():
    """The page with hidden orders is not there on night 3 and is there from night 4 on; nothing is resolved with it."""
    assert "courier-partner-notice" not in changes.published(3)
    assert "Ignore previous instructions" in changes.published(4)["courier-partner-notice"].article.body
    assert not [row for row in rows(5, "resolutions") if row["article"] == "courier-partner-notice"]


def test_questions_about_a_missing_page_are_unanswerable():
    """After a page is deleted, customers still ask about it, and no ticket is resolved with it."""
    articles = Counter(row.get("article") for night in range(3, 13) for row in truth(night))
    assert articles["bike-frame-registration"] == 0
    linked = {row["article"] for night in range(4, 13) for row in rows(night, "resolutions")}
    assert "bike-frame-registration" not in linked
    missing = {(row["missing"], row["kind"]) for night in range(4, 13) for row in truth(night) if row.get("missing")}
    assert ("bike-frame-registration", "unanswerable") in missing
    assert {kind for _, kind in missing} <= {"unanswerable", "duplicate"}


def test_canary_writes_on_her_nights():
    """Her phrase, name, address or order is in her tickets on her nights and in no other ticket."""
    customer = canary()
    for night in NIGHTS:
        tickets = [row for row in rows(night) if row["customer"] == customer["id"]]
        assert len(tickets) == (night in customer["nights"])
        assert all(customer["phrase"] in row["text"] for row in tickets)
        other_texts = "\n".join(row["text"] for row in rows(night) if row["customer"] != customer["id"])
        assert not [customer[key] for key in ("name", "email", "order", "phrase") if customer[key] in other_texts]


def test_every_hand_written_file_fits_the_pages():
    """Each page has questions about its own headings only, each section has at least six questions and a reply."""
    for slug, article in content.articles().items():
        headings = set(re.findall(r"^## (.+)$", article.body, re.MULTILINE))
        sections = content.sections()[slug]
        assert {section.heading for section in sections} == headings, slug
        assert all(len(section.questions) >= 6 and section.reply for section in sections), slug
        slots = {name for section in sections for text in section.questions for name in re.findall(r"\{(\w+)\}", text)}
        assert slots <= {"item", "order", "days"}, slug


def test_golden_questions_hold_on_every_night():
    """The texts that a golden answer must contain are on its page every night, and no customer asks in its words."""
    delivered = {
        normalised(text)
        for sections in content.sections().values()
        for section in sections
        for text in section.questions
    }
    questions = golden()
    assert len(questions) == 28
    assert sum(question.decline for question in questions) == 4
    for question in questions:
        assert normalised(question.ask) not in delivered
        assert question.decline != bool(question.article)
        assert not question.unlike or question.unlike in {golden_question.id for golden_question in questions}
        for night in (1, 5, 10, 30):
            if not question.decline:
                groups = parse_groups(question.must_contain)
                assert groups
                assert holds(changes.published(night)[question.article].article.body, groups), question.ask
