"""From a question to the sentences that answer, over a small index and a retriever that ranks as it is told."""

import numpy as np
import pytest
from small_index import WordEncoder, passages_of, sentences_of

from nightshift.answering.evidence import (
    BY_RETRIEVAL,
    BY_SENTENCE,
    PLAIN_WORDS,
    Evidence,
    EvidenceFinder,
    SentenceAnswerability,
)
from nightshift.answering.follow_up import Reading, readings
from nightshift.answering.sentence_selector import SentenceSelector
from nightshift.text.spelling import Vocabulary

HELP = sentences_of(
    ("basket", "", "This page covers baskets. A basket is kept 24 hours for guests. Members keep theirs for a month."),
    ("repair", "", "A repair of a bike takes ten days. A tent is repaired within five days."),
    ("voucher", "Validity", "A voucher is valid for three years. It cannot be paid out."),
    ("voucher", "Use", "Enter the code at checkout."),
)
ANSWERABILITY = SentenceAnswerability(
    -4.0, 0.0, 8.0, 1.0, 0.5
)  # words that are met decide, on the scale of WordEncoder


class FixedRetrieval:
    """Ranks the articles it is given, whatever is asked, and records what is asked."""

    def __init__(self, sentences=HELP, scores=(), log_odds=None):
        self.document_encoder, self.passages = WordEncoder(), passages_of(sentences)
        self.scores, self.log_odds, self.questions = dict(scores), log_odds, []

    def best_articles(self, question, k):
        assert k == BY_RETRIEVAL
        self.questions.append(question)
        return dict(list(self.scores.items())[:k])

    def resolved_log_odds(self, _question):
        return self.log_odds

    def confidence(self, question, passages):
        assert question
        assert passages
        return 0.123

    def chunk_cosines(self, vector):
        return WordEncoder().encode([passage.text for passage in self.passages]) @ vector


def finder(retriever=None, sentences=HELP, answerability=ANSWERABILITY):
    vocabulary = Vocabulary.of([*sentences.texts, *sentences.headings], known=["how", "many"])
    retriever = retriever or FixedRetrieval(sentences)
    return EvidenceFinder(retriever, sentences, SentenceSelector.first_night(), answerability, vocabulary)


def find(question, retriever=None, **options):
    return finder(retriever, **options).find([Reading(question, 1.0, asked=True)])


def texts(evidence):
    return [sentence.text for sentence in evidence.sentences]


def test_the_sentence_that_answers_is_found_with_its_passage():
    """One sentence, the passage of its chunk, and a high probability."""
    evidence = find("How long is a basket kept for guests?", FixedRetrieval(scores={"basket": 2.0}))
    assert texts(evidence) == ["A basket is kept 24 hours for guests."]
    assert [(passage.chunk_id, passage.article_id) for passage in evidence.passages] == [("c0", "basket")]
    assert evidence.answerability > 0.7


def test_a_sentence_is_found_in_an_article_that_retrieval_ranks_low():
    """The articles of the likeliest sentences are candidates too."""
    assert len({*HELP.chunks["article_id"].to_pylist()}) <= BY_SENTENCE
    assert texts(find("is a tent repaired", FixedRetrieval(scores={"voucher": 9.0})))[0] == (
        "A tent is repaired within five days."
    )


def test_retrieval_decides_between_equal_sentences():
    """Of two sentences in the same words, that of the better article is likelier."""
    twins = sentences_of(("a", "", "Wait five days."), ("b", "", "Wait five days."))
    for best, worst in (("a", "b"), ("b", "a")):
        retriever = FixedRetrieval(twins, scores={best: 5.0, worst: 0.0})
        assert find("how long must I wait", retriever, sentences=twins).passages[0].article_id == best


def test_what_the_articles_do_not_hold_is_improbable():
    """A question none of whose words is met has a low probability, one in the articles' words a high one."""
    assert find("who won the football cup").answerability < 0.1
    assert find("is a voucher valid for years").answerability > 0.9


def test_the_words_of_the_whole_section_are_met():
    """Words beside the best sentence in its chunk, and in its headings, count for the probability."""
    narrow = find("is the voucher valid")
    assert texts(narrow)[0] == "A voucher is valid for three years."
    assert find("is the voucher valid or paid").answerability == pytest.approx(narrow.answerability)


def test_intents_that_articles_resolve_raise_the_probability():
    """Log-odds above the mean raise it, below the mean lower it; unknown ones change nothing."""
    low, unknown, mean, high = (
        find("basket colours", FixedRetrieval(log_odds=value)).answerability for value in (-1.0, None, 0.5, 2.0)
    )
    assert low < unknown == mean < high


def test_a_follow_up_finds_what_it_alone_would_not():
    """The joined reading brings the topic of the earlier question along."""
    earlier, question = "How long does a repair of a bike take?", "and a tent?"
    follow_up = readings(question, [earlier])
    assert len(follow_up) == 3
    evidence = finder().find(follow_up)
    assert texts(evidence) == ["A tent is repaired within five days."]
    ambiguous = sentences_of(
        ("repair", "", "A repair of a bike takes ten days. A repair of a tent takes five days."),
        ("sale", "", "A tent is sold in shops."),
    )
    assert find(question, sentences=ambiguous).passages[0].article_id == "sale"
    assert texts(finder(sentences=ambiguous).find(follow_up)) == ["A repair of a tent takes five days."]


def test_articles_are_ranked_for_readings_that_are_asked():
    """A reading that only weighs sentences is not searched with."""
    retriever = FixedRetrieval()
    finder(retriever).find([Reading("and a tent?", 0.5, asked=False), Reading("repair of a tent", 0.5, asked=True)])
    assert retriever.questions == ["repair of a tent"]


def test_typing_errors_are_corrected_before_anything_is_searched():
    """Retriever and encoder see the words of the articles, and the answer is that of the right spelling."""
    retriever = FixedRetrieval()
    evidence = find("how long is a vuocher valid", retriever)
    assert retriever.questions == ["how long is a voucher valid"]
    assert "vuocher" not in " ".join(retriever.document_encoder.texts)
    assert evidence == find("how long is a voucher valid")


def test_a_long_message_has_the_confidence_of_retrieval():
    """The answerability of sentences is fitted to plain questions; a ticket of many words is judged as tickets are."""
    plain = "How long is a basket kept for guests?"
    message = " ".join([plain, *["thanks"] * (PLAIN_WORDS + 1 - len(plain.split()))])
    assert (find(message).answerability, find(message).by_retrieval) == (0.123, True)
    assert texts(find(message)) == texts(find(plain))
    assert not find(plain).by_retrieval


def test_without_candidates_there_is_no_evidence():
    """An index without sentences, and one with lead-ins alone, gives no sentence and probability 0."""
    lead_ins = sentences_of(("gift", "", "This page covers gifts. How do gifts work?"))
    assert find("gifts", sentences=lead_ins) == Evidence((), 0.0)
    assert find("gifts", sentences=lead_ins).passages == ()


@pytest.mark.parametrize("question", ["", "?!", "is it", "\u30ae\u30d5\u30c8", "\x00", "guests " * 2_000])
def test_any_question_has_a_probability(question):
    """No text breaks the finder."""
    assert 0 <= find(question).answerability <= 1


def test_the_same_question_gives_the_same_evidence():
    """The finder keeps nothing of the questions before."""
    one = finder()
    first = one.find([Reading("is a tent repaired", 1.0, asked=True)])
    one.find([Reading("basket", 1.0, asked=True)])
    assert one.find([Reading("is a tent repaired", 1.0, asked=True)]) == first


@pytest.mark.parametrize("logit", [-1e9, 0.0, 1e9])
def test_the_probability_is_one_for_any_logit(logit):
    """Extreme logits overflow nothing."""
    assert 0 <= SentenceAnswerability(0.0, 1.0, 0.0, 0.0, 0.0).probability(logit, 0.0, None) <= 1
    assert np.isfinite(ANSWERABILITY.probability(logit, 1.0, 2.0))
