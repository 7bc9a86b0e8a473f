"""What redaction replaces, and what it must leave."""

from collections import Counter

import pyarrow.parquet as pq
import pytest

from nightshift.privacy.pseudonym import pseudonym
from nightshift.privacy.redact import redact

PERSONAL = [
    ("Write to ann.lee+shop@mail.example.co.uk.", "Write to [EMAIL]."),
    ("ANN@EXAMPLE.ORG", "[EMAIL]"),
    ("mail <o'neil_1@example.org>;", "mail <[EMAIL]>;"),
    ("ann[at]example.org", "[EMAIL]"),
    ("jürgen@müller.de", "[EMAIL]"),
    ("Call +44 20 7946 0958 now", "Call [PHONE] now"),
    ("+1-448-414-3381x060", "[PHONE]"),
    ("(541) 714-1388", "[PHONE]"),
    ("541.714.1388", "[PHONE]"),
    ("Phone: 0490 75 40 81", "Phone: [PHONE]"),
    ("my mobile is 07700900123", "my mobile is [PHONE]"),
    ("reach me on 5417141388, please", "reach me on [PHONE], please"),
    ("030 901820 is my number in Berlin", "[PHONE] is my number in Berlin"),
    ("card 4111 1111 1111 1111 was refused", "card [CARD] was refused"),
    ("card 4111-1111-1111-1111.", "card [CARD]."),
    ("my maestro 630427373398", "my maestro [CARD]"),
    ("amex 378282246310005", "amex [CARD]"),
    ("IBAN DE89 3704 0044 0532 0130 00 please", "IBAN [IBAN] please"),
    ("de89370400440532013000", "[IBAN]"),
    ("GB82-WEST-1234-5698-7654-32", "[IBAN]"),
    ("to EG38 0019 0005 0000 0000 2631 8000 2, thanks", "to [IBAN], thanks"),
    ("from 86.121.97.248, twice", "from [IP], twice"),
    ("dns 8.8.8.8", "dns [IP]"),
    ("2001:db8:85a3::8a2e:370:7334 answered", "[IP] answered"),
    ("https://ann:hunter2@shop.example/a", "https://[SECRET]@shop.example/a"),
    ("https://shop.example/a?id=7&access_token=abc.DEF-1#x", "https://shop.example/a?id=7&access_token=[SECRET]#x"),
    ("https://shop.example/reset-password/9f8e7d6c5b4a39281706", "https://shop.example/reset-password/[SECRET]"),
    ("two: a@example.org, b@example.org", "two: [EMAIL], [EMAIL]"),
]

HARMLESS = [
    "",
    "My order LF-204518 and LF-10482 have not come.",
    "Order 2045180012 was placed on 2026-01-05 at 10:15:30.",
    "05.01.2026, 5/1/2026, 2026/01/05 10:15, 20260105, 2026-01-05T10:15:00Z",
    "Thunderbird 115.3.1 on Windows 10.0.19045.3570, build 20231120220011",
    "Mozilla/5.0 (X11; Linux) Gecko/20100101 Thunderbird/115.3.1",
    "I paid 1,299.00 EUR, then 1 299 000 EUR and 12.345.678 €, or $ 1234567.89",
    "ticket 1401059, bug 1809450, #1401059 and case T-260101-0012",
    "https://support.example.org/questions/1401059?page=2 and https://x.example/541-714-1388",
    "Version 102.15.1.0 is out",
    "Error 0x80004005 in 00:1A:2B:3C:4D:5E after 12:30:45",
    "1234 5678 9012 3456 is not a card, 4111111111111112 neither",
    "DE89 3704 0044 0532 0130 01 is no IBAN",
    "Parcel tracking 00340434161094042557 and EAN 4006381333931",
    "parcel 630427373398, item 4222222222222",
    "2023 2024 2025 2026 were fine years",
    "std::vector and a ratio of 3:4:5",
    "I have 2 @home, see user@localhost",
    "Sizes: 1024x768, 1920 x 1080, 98554/132096 blocks, 1048576 bytes",
    "Larkfield points: 12 500 of 20 000",
]


@pytest.mark.parametrize(("text", "safe"), PERSONAL)
def test_personal_data_goes_and_the_rest_stays(text, safe):
    """Only personal data is replaced, by the word for its kind."""
    redacted, counts = redact(text)
    assert redacted == safe
    assert counts == dict(Counter(word.split("]")[0] for word in safe.split("[")[1:]))


@pytest.mark.parametrize("text", HARMLESS)
def test_numbers_of_the_trade_stay(text):
    """Order numbers, dates, versions, amounts and ids are no personal data."""
    assert redact(text) == (text, {})


@pytest.mark.parametrize("text", [text for text, _ in PERSONAL] + HARMLESS)
def test_redacting_twice_changes_nothing(text):
    """A redacted text holds nothing more to redact."""
    redacted = redact(text)[0]
    assert redact(redacted) == (redacted, {})


@pytest.mark.parametrize("around", ["{}", "see {} please", "({})", "x\n{}\ny", "first {}, then {}"])
@pytest.mark.parametrize(
    "kind", ["ann@example.org", "+44 20 7946 0958", "4111 1111 1111 1111", "DE89370400440532013000"]
)
def test_surroundings_do_not_hide_it(kind, around):
    """Brackets, line ends, commas and repetition change nothing."""
    redacted, counts = redact(around.replace("{}", kind))
    assert kind not in redacted
    assert sum(counts.values()) == around.count("{}")


def test_any_changed_digit_breaks_a_card():
    """Luhn detects every single wrong digit, so most long numbers are no cards."""
    card = "4111111111111111"
    wrong = [card[:place] + str((int(card[place]) + 1) % 10) + card[place + 1 :] for place in range(len(card))]
    assert redact(f"card {card}") == ("card [CARD]", {"CARD": 1})
    assert [number for number in wrong if redact(f"card {number}")[1]] == []


@pytest.mark.timeout(120)
def test_a_long_unlucky_text_is_quick():
    """No pattern backtracks without end: a minute of it would hold up a night."""
    for text in (
        "1 " * 20_000,
        "a" * 50_000,
        "a.b-" * 15_000 + "@",
        "(" * 30_000,
        "1." * 20_000,
        ":" * 20_000 + "a:" * 9_000,
    ):
        assert redact(text)[0], "nothing in it is personal, so something is left"


def test_a_pseudonym_needs_the_key():
    """The pseudonym of an id depends on the key, and an empty id stays empty."""
    assert pseudonym("K-1", "a") == pseudonym("K-1", "a") != pseudonym("K-1", "b")
    assert pseudonym("K-1", "a") != pseudonym("K-2", "a")
    assert pseudonym("", "a") == ""
    assert len(pseudonym("K-1", "a")) == len("c_") + 16


@pytest.mark.realdata
def test_recall_on_public_texts(shared_data):
    """Of the annotated spans in the public texts at least this share is redacted."""
    floors = {"EMAIL_ADDRESS": 0.98, "PHONE_NUMBER": 0.95, "CREDIT_CARD": 0.98, "IBAN_CODE": 0.98, "IP_ADDRESS": 0.98}
    spans, redactions = Counter(), Counter()
    for row in pq.read_table(shared_data / "guard" / "pii_dev.parquet").to_pylist():
        redacted, _ = redact(row["text"])
        for span in row["spans"]:
            spans[span["entity_type"]] += 1
            redactions[span["entity_type"]] += span["value"] not in redacted
    recall = {kind: redactions[kind] / spans[kind] for kind in floors}
    assert {kind: recall[kind] for kind in floors if recall[kind] < floors[kind]} == {}


@pytest.mark.realdata
def test_texts_without_personal_data_stay(shared_data):
    """Of the public texts that have no such span fewer than one in a hundred is touched."""
    detected = {
        "EMAIL_ADDRESS",
        "PHONE_NUMBER",
        "CREDIT_CARD",
        "IBAN_CODE",
        "IP_ADDRESS",
        "US_SSN",
        "US_DRIVER_LICENSE",
    }
    rows = pq.read_table(shared_data / "guard" / "pii_dev.parquet").to_pylist()
    clean = [row["text"] for row in rows if not detected & {span["entity_type"] for span in row["spans"]}]
    assert sum(redact(text)[0] != text for text in clean) < len(clean) / 100
