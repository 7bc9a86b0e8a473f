"""The benchmark of answers: sets with spans, plain questions, and replies of support."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from small_index import WordEncoder
from tokenizers import Tokenizer
from tokenizers.models import WordLevel

from bench import plain, replies, spans
from bench.cold_start import cold_start
from bench.quoting import BASELINE, Reply
from nightshift.answering.evidence import Evidence
from nightshift.artifacts import Model
from nightshift.errors import MissingColumn, NotEnoughData
from nightshift.evaluate.context import RepliedQuestion
from nightshift.night import Night
from nightshift.settings import Settings

LICENSE = (
    "Renewing a license \nA license is renewed every eight years. \n\nYou renew   it online or by post. \n\n"
    "Lost plates \nReport a lost plate to the police. A new plate costs 25 dollars. \n"
)
PENSION = "A pension begins at 67. Widows receive half of the pension."
DOCUMENTS = [
    {
        "doc_id": "license",
        "domain": "cars",
        "title": "License",
        "text": LICENSE,
        "sections": [{"text": LICENSE[: LICENSE.index("Lost")]}, {"text": LICENSE[LICENSE.index("Lost") :]}],
    },
    {"doc_id": "pension", "domain": "money", "title": "Pension", "text": PENSION, "sections": []},
]


def span_row(number, text, document, gold, earlier=()):
    source = next(row for row in DOCUMENTS if row["doc_id"] == document)
    start = source["text"].index(gold)
    return {
        "qid": f"q{number}",
        "last_turn": f"user:{text}",
        "history_oldest_first": list(earlier),
        "doc_id": document,
        "domain": source["domain"],
        "grounding_text": gold,
        "grounding_start": start,
        "grounding_end": start + len(gold),
    }


QUESTIONS = [
    span_row(1, "What does a new plate cost?", "license", "A new plate costs 25 dollars. "),
    span_row(2, "When does a pension begin?", "pension", "A pension begins at 67."),
    span_row(3, "and for widows?", "pension", "Widows receive half of the pension.", ["user:What is my pension?"]),
]


@pytest.fixture
def files(tmp_path):
    """documents.parquet and questions.parquet of a made-up set."""
    for name, rows in (("documents", DOCUMENTS), ("questions", QUESTIONS)):
        pq.write_table(pa.Table.from_pylist(rows), tmp_path / f"{name}.parquet")
    return tmp_path


@pytest.fixture
def start(tmp_path):
    """The documents of the set, indexed by their words."""
    tower = tmp_path / "tower"
    tower.mkdir()
    Tokenizer(WordLevel({"[UNK]": 0}, unk_token="[UNK]")).save(str(tower / "tokenizer.json"))
    night = Night.from_settings(Settings.from_env({"NIGHTSHIFT_HOME": str(tmp_path / "home")}))
    model = Model("document_tower", night.store.put_tree(tower), "words", "")

    def encoder(_folder, _threads):
        return WordEncoder()

    return cold_start(spans.article_table(DOCUMENTS), model, night, encoder, encoder)


def measured(start, rows, *, turns="all", gold_document=False):
    texts = {row["doc_id"]: row["text"] for row in DOCUMENTS}
    questions = spans.questions_of(rows, turns, limit=0, seed=7)
    return spans.measure(start, texts, questions, gold_document=gold_document)


def test_a_sentence_has_the_place_it_has_in_its_document(start):
    """Every sentence of the index is found again in the document's text, whatever white space was folded."""
    texts = {row["doc_id"]: row["text"] for row in DOCUMENTS}
    places = spans.SentencePlaces(texts, start.sentences)
    for text, place in zip(start.sentences.texts, places.of_row, strict=True):
        document, first, last = place
        assert " ".join(texts[document][first:last].split()) == text
    assert "You renew it online or by post." in start.sentences.texts


def test_sections_become_headings(start):
    """The first line of a section is its heading, and no sentence."""
    assert "Lost plates" not in start.sentences.texts
    assert start.retriever.chunks["heading"].to_pylist() == ["Renewing a license", "Lost plates", ""]


@pytest.mark.parametrize("gold_document", [False, True])
def test_answers_are_measured_against_spans(start, gold_document):
    """Right sentences hit document and span, in both settings; the baseline never declines."""
    systems = measured(start, QUESTIONS[:2], gold_document=gold_document)
    own = systems["this assistant"]
    assert own.values["document hit"].tolist() == [1, 1]
    assert own.values["span hit"].tolist() == [1, 1]
    assert own.values["token F1"].min() > 0.5
    assert systems[BASELINE].declined.sum() == 0
    table = spans.table(systems, seed=7)
    assert "| this assistant, declining |" in table
    assert "document hit" in table


def test_the_gold_document_is_the_only_one_searched(start):
    """A question about another document is answered from the gold one, and afterwards everything is searched again."""
    astray = [{**QUESTIONS[0], "doc_id": "pension"}]
    assert measured(start, astray, gold_document=True)["this assistant"].values["document hit"].tolist() == [1]
    assert measured(start, astray)["this assistant"].values["document hit"].tolist() == [0]


def test_earlier_turns_count_unless_only_the_last_is_wanted(start):
    """A follow-up question is joined to the turn before it."""
    assert measured(start, QUESTIONS[2:])["this assistant"].values["span hit"].tolist() == [1]
    assert spans.questions_of(QUESTIONS[2:], "last", 0, 7)[0].earlier == ()


def test_a_declined_answer_counts_nothing(start):
    """Where nothing answers, the row that declines has no hit and no F1."""
    foreign = [{**QUESTIONS[0], "last_turn": "user:Where do whales sleep?"}]
    declining = measured(start, foreign)["this assistant, declining"]
    assert declining.declined.tolist() == [1]
    assert declining.values["token F1"].tolist() == [0]


def test_a_set_is_read_by_columns_and_domain(files):
    """A domain selects rows, a missing column is named, and a sample is the same for the same seed."""
    rows = spans.read_rows(files / "questions.parquet", spans.QUESTION_COLUMNS, "money")
    assert [row["doc_id"] for row in rows] == ["pension", "pension"]
    with pytest.raises(MissingColumn, match="answer"):
        spans.read_rows(files / "documents.parquet", ("answer",), "")
    assert spans.questions_of(rows, "all", 1, 7) == spans.questions_of(rows, "all", 1, 7)
    with pytest.raises(NotEnoughData, match="--domain"):
        spans.questions_of([], "all", 0, 7)


def test_token_f1_is_that_of_squad():
    """Case, punctuation and articles do not count; repeats do."""
    assert spans.token_f1("The fee is 25 dollars.", "a Fee is 25 dollars") == 1
    assert spans.token_f1("fee fee", "fee") == pytest.approx(2 / 3)
    assert spans.token_f1("", "fee") == 0


def reply(text, source="composed"):
    return Reply(text, source, 0.9, Evidence((), 0.9), 0.1)


def test_plain_questions_are_of_one_half_and_of_pages_that_are_up():
    """Both halves have every kind; a page that is down takes its questions along."""
    slug = "card-declined"
    every = [plain.plain_questions(split, 1, plain_articles()) for split in ("dev", "test")]
    assert all({measure.kind for measure in plain.MEASURES} == {q.kind for q in questions} for questions in every)
    assert not {q.text for q in every[0]} & {q.text for q in every[1]}
    fewer = plain.plain_questions("dev", 1, plain_articles() - {slug})
    assert len(fewer) < len(every[0])


def plain_articles():
    from nightshift.simulation.content import articles

    return set(articles())


PLAIN = [
    plain.PlainQuestion("answerable", "How much is delivery?", groups=(("4.90 EUR",),)),
    plain.PlainQuestion("unanswerable", "Is there a shop in Lisbon?"),
    plain.PlainQuestion("handover", "a human please"),
    plain.PlainQuestion(
        "contrast", "Can I pay cash?", deciding="Cash on delivery is not accepted at any door.", polarity="no"
    ),
]


def test_a_plain_reply_is_judged_by_what_its_question_calls_for():
    """Facts in any spelling, declining, handing over, and the deciding sentence."""
    right = [
        reply("It costs €4.90."),
        reply("I could not find it.", "declined"),
        reply("Call us.", "handover"),
        reply("Cash on delivery is not accepted at any door."),
    ]
    wrong = [reply("4.90 EUR", "declined"), reply("Yes."), reply("4.90 EUR"), reply("Cash is fine.")]
    assert [plain.is_right(*pair) for pair in zip(PLAIN, right, strict=True)] == [True] * 4
    assert [plain.is_right(*pair) for pair in zip(PLAIN, wrong, strict=True)] == [False] * 4
    table = plain.table(PLAIN, wrong, right, seed=7)
    assert "| right | 1 | 0.000 (0.000 to 0.793) | 1.000 (0.207 to 1.000) | +1.000" in table
    assert "REVERSED" not in plain.transcript(PLAIN, right)
    assert "WRONG, composed 0.90: Yes." in plain.transcript(PLAIN, wrong)


@pytest.mark.parametrize(
    ("text", "is_reversed"),
    [
        ("Cash on delivery is accepted at any door.", True),
        ("Yes, you can.", True),
        ("No. Cash on delivery is not accepted.", False),
        ("Parcels are left at the door.", False),
    ],
)
def test_an_answer_that_affirms_what_the_article_denies_is_a_reversal(text, is_reversed):
    """By a leading yes or no, or by a clause in the same words with the other polarity."""
    assert plain.is_reversed(PLAIN[3], reply(text)) is is_reversed
    assert not plain.is_reversed(PLAIN[3], reply(text, "declined"))


def test_replies_of_support_decide_where_there_is_no_gold():
    """An answer that agrees with reply and article is right, one that was not given is not; rows are paired."""
    article = "A basket is kept 24 hours for guests. Members keep theirs for 30 days."
    question = RepliedQuestion("t1", "how long is it kept", "Your basket is kept 24 hours.", article)
    right, silent = reply("A basket is kept 24 hours."), reply("A basket is kept 24 hours.", "declined")
    assert replies.rightness([question], [right]).tolist() == [1]
    assert replies.rightness([question], [silent]).tolist() == [0]
    table = replies.table([question] * 2, {BASELINE: [silent] * 2, "composed": [right] * 2}, seed=7)
    assert "| composed | 1.000 (0.342 to 1.000) | +1.000 (+1.000 to +1.000) | 0.000 |" in table
