"""The generator from tokens to a trained, stored and exported model that generates text."""

import json
import math
from dataclasses import replace
from itertools import pairwise

import pytest

from nightshift.answering.prompts import DECLINE, END_OF_TURN, PREFIX, render
from nightshift.artifacts import Model
from nightshift.errors import BaseModelMissing, NotEnoughData
from nightshift.models.generator import until_stop
from nightshift.night import Night
from nightshift.settings import PROFILES, Settings
from nightshift.store import open_store
from nightshift.store.base_models import resolve
from nightshift.text.passages import Passage
from nightshift.train.base_checkpoint import load_causal_lm, load_tokenizer, unpack_checkpoint
from nightshift.train.generation_eval import generate, passes_checks
from nightshift.train.generator import at_least_base, train_generator
from nightshift.train.generator_data import Example, TrainingSet
from nightshift.train.tokenized import TokenizedExample, batch_order, learning_rate_factor, micro_batches
from tests.narrow_llama import write_narrow_llama

TINY = replace(PROFILES["tiny"], generator_steps=2, generator_batch=2, generator_max_tokens=220)


def passage(i):
    text = f"Cabinet number {i} holds lamps. It is open from {i} o'clock in the morning."
    return Passage(f"c{i}", f"a{i}", f"Cabinet {i}", "", text, "", 0.0)


def example(i, *, declining=False):
    shown, question = (passage(i), passage(i + 1)), f"what does cabinet {i} hold"
    if declining:
        return Example(f"t{i:02}", render(question, shown), DECLINE, "declining", question, shown, "")
    answer = f"Cabinet number {i} holds lamps [1]."
    return Example(f"t{i:02}", render(question, shown), answer, "helper", question, shown, f"a{i}")


def training_set(n):
    examples = [example(i, declining=i % 5 == 0) for i in range(n)]
    return TrainingSet(examples[:-2], examples[-2:], [example.ticket_id for example in examples], {"helper": n})


def test_micro_batches_hold_every_example_once_within_the_budget():
    """Memory is bounded by padded tokens; an example longer than the budget has a micro-batch of its own."""
    batch = [TokenizedExample([1] * n, 0) for n in (50, 10, 200, 40, 30)]
    parts = [[len(example.tokens) for example in part] for part in micro_batches(batch, budget=100)]
    assert sorted(length for part in parts for length in part) == [10, 30, 40, 50, 200]
    assert all(len(part) == 1 or len(part) * max(part) <= 100 for part in parts)


def test_the_learning_rate_rises_then_falls_to_zero():
    """Linear up in the first twentieth, linear down after."""
    rates = [learning_rate_factor(step, 40) for step in range(41)]
    assert rates[0] == 0.5
    assert max(rates) == rates[1] == 1.0
    assert rates[40] == 0
    assert all(later < sooner for sooner, later in pairwise(rates[1:]))


def test_all_examples_are_seen_equally_often():
    """Epochs follow each other without gaps, whatever the batch size."""
    seen = [position for batch in batch_order(5, steps=7, size=5, seed=1) for position in batch]
    assert sorted(seen) == sorted(list(range(5)) * 7)


@pytest.mark.parametrize(
    ("text", "passed"),
    [
        ("Cabinet number 1 holds lamps [1].", True),
        ("Cabinet number 1 holds lamps [2].", True),  # the right passage is named, whatever the model names
        ("Cabinet number 1 holds lamps [1]. It is open", True),  # the first sentence is judged; the length is limited
        ("Cabinet number 2 holds lamps [2].", False),  # another article answers another question
        ("Cabinet number 7 holds lamps [1].", False),
        ("Lamps, surely", False),
        ("", False),
        (DECLINE, False),
    ],
)
def test_an_answer_passes_if_the_right_article_bears_its_first_sentence_out(text, passed):
    """Not every fact of the section must be in it, but none that is not there."""
    assert passes_checks(example(1), text) == passed


def test_declining_passes_where_no_passage_answers():
    """A declining example is passed by declining alone."""
    assert passes_checks(example(1, declining=True), DECLINE)
    assert not passes_checks(example(1, declining=True), "Cabinet number 1 holds lamps [1].")


@pytest.mark.parametrize(
    ("metrics", "serves"),
    [({"passed": 3.0, "passed_base": 4.0}, False), ({"passed": 4.0, "passed_base": 4.0}, True), ({}, True)],
)
def test_an_adapter_serves_unless_its_base_passes_more(metrics, serves):
    """Equal is enough, and an adapter without these metrics serves."""
    assert at_least_base(Model("generator_adapter", "a" * 64, "base", "f" * 64, metrics)) == serves


def test_training_refuses_too_few_examples(tmp_path):
    """Below twenty examples the base model is better left alone."""
    settings = Settings.from_env({"NIGHTSHIFT_HOME": str(tmp_path)})
    with pytest.raises(NotEnoughData):
        train_generator(
            training_set(5),
            TINY.generator,
            night=Night.from_settings(settings),
            seed=7,
            log_metrics=lambda _values, _step: None,
            trained_on="f" * 64,
        )


@pytest.mark.parametrize(
    ("pieces", "stop", "text"),
    [
        (["a", "b", "<|im", "_end|>", "c"], ["<|im_end|>"], "ab"),
        (["a <", "b"], ["<|im_end|>"], "a <b"),
        (["one\n", "\ntwo"], ["\n\n"], "one"),
        (["all of it"], [], "all of it"),
    ],
)
def test_text_stops_before_a_stop(pieces, stop, text):
    """A stop is recognised across pieces and never shown; text that only begins like one is shown."""
    assert "".join(until_stop(iter(pieces), stop)) == text


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Settings and store of an own; skips where the base generator is not installed."""
    try:
        resolve(TINY.generator)
    except BaseModelMissing as error:
        pytest.skip(str(error))
    settings = Settings.from_env({"NIGHTSHIFT_HOME": str(tmp_path_factory.mktemp("home")), "NIGHTSHIFT_THREADS": "2"})
    return settings, open_store(settings.store)


def trained(home, logged, base=TINY.generator):
    settings, store = home
    return train_generator(
        training_set(24),
        base,
        night=replace(Night.from_settings(settings, store), profile=TINY),
        seed=7,
        log_metrics=lambda values, step: logged.append((step, values)),
        trained_on="f" * 64,
    )


@pytest.fixture(scope="module")
def narrow(home, tmp_path_factory):
    """The URL of a narrow base model."""
    return f"file:{write_narrow_llama(TINY.generator, tmp_path_factory.mktemp('narrow') / 'model')}"


@pytest.fixture(scope="module")
def exported(home, narrow, tmp_path_factory):
    """A folder with the narrow model in full precision, as onnxruntime-genai reads it."""
    from nightshift.export.generator import EXACT, convert

    work = tmp_path_factory.mktemp("exported")
    return convert(unpack_checkpoint(narrow, home[0]), work / "fp32", EXACT)


def generate_without_cache(folder, prompt, n):
    """`n` tokens after `prompt` by onnxruntime-genai alone: no prefix cache, no speculative tokens."""
    import onnxruntime_genai as genai

    model = genai.Model(str(folder))
    options = genai.GeneratorParams(model)
    options.set_search_options(max_length=len(prompt) + n, do_sample=False)
    search = genai.Generator(model, options)
    search.append_tokens(prompt)
    tokens = []
    while not search.is_done():
        search.generate_next_token()
        tokens.append(int(search.get_next_tokens()[0]))
    return tokens


@pytest.mark.slow
def test_what_is_kept_of_the_prompt_changes_no_answer(exported):
    """Whatever was asked or abandoned before, a turn says token for token what it says from nothing."""
    from nightshift.models.generator import Generator

    generator = Generator(exported, threads=1, prefix=PREFIX)
    prompts = [generator.encode(text) for text in (example(1).prompt, "no prompt of ours", example(2).prompt)]
    plain = [generate_without_cache(exported, prompt, 24) for prompt in prompts]
    assert all(len(said) > 1 for said in plain)
    for prompt, said in [*zip(prompts, plain, strict=True)] * 2:
        next(generator.tokens(prompts[0], 24))  # left after its first token
        assert list(generator.tokens(prompt, 24)) == said


@pytest.mark.slow
def test_the_cache_grows_for_a_longer_prompt(exported):
    """A prompt beyond CACHE_TOKENS is decoded, and a shorter one after it as before."""
    from nightshift.models.generator import CACHE_TOKENS, Generator

    generator = Generator(exported, threads=1, prefix=PREFIX)
    short = generator.encode(example(1).prompt)
    said = list(generator.tokens(short, 8))
    long = generator.encode(render("what now", [passage(i) for i in range(1, 36)]))
    assert len(long) > CACHE_TOKENS
    assert len(list(generator.tokens(long, 4))) == 4
    assert list(generator.tokens(short, 8)) == said


@pytest.mark.slow
def test_prompts_written_together_say_what_each_says_alone(home):
    """Padding changes no answer, and answers stand in the order of their prompts."""
    folder = unpack_checkpoint(TINY.generator, home[0])
    model, tokenizer = load_causal_lm(folder), load_tokenizer(folder)
    prompts = [example(i).prompt for i in (1, 12)] + [render("what now", [passage(i) for i in range(5, 13)])]
    together = generate(model, tokenizer, prompts, 12)
    assert together == [generate(model, tokenizer, [prompt], 12)[0] for prompt in prompts]
    assert len(set(together)) == len(prompts)


@pytest.mark.slow
def test_training_and_export_are_reproducible(home, narrow):
    """The same examples give the same adapter, and the same adapter the same exported model, digest for digest."""
    from nightshift.export.generator import export_generator

    settings, store = home
    base = narrow
    adapter = trained(home, [], base)
    assert adapter == trained(home, [], base)
    probes = [example(i).prompt for i in (1, 2)]
    first, again = (
        export_generator(adapter, base, night=Night.from_settings(settings, store), probes=probes) for _ in range(2)
    )
    assert first == again


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_two_steps_train_export_and_speak(home):
    """From examples to a generator that streams text: the base model learns, agrees with PyTorch, and is greedy."""
    from nightshift.export.generator import export_generator
    from nightshift.models.generator import Generator

    settings, store = home
    logged: list = []
    adapter = trained(home, logged)
    assert adapter.metrics["held_out_loss"] < adapter.metrics["held_out_loss_base"]
    assert adapter.metrics["questions"] == 2
    assert all(math.isfinite(value) for _, values in logged for value in values.values())
    tree = store.tree(adapter.digest)
    assert set(tree) == {"adapter_config.json", "adapter_model.safetensors", "model.json", "trained_on.json"}
    assert store.get_json(tree["trained_on.json"]) == [f"t{i:02}" for i in range(24)]
    assert str(settings.home).encode() not in store.get(tree["adapter_config.json"])

    probes = [example(i).prompt for i in (1, 2)]
    model = export_generator(adapter, TINY.generator, night=Night.from_settings(settings, store), probes=probes)
    assert model.metrics["parity"] < 2e-2
    folder = store.checkout(model.digest)
    assert json.loads((folder / "model.json").read_bytes())["adapter"] == adapter.digest

    generator = Generator(folder, threads=1, prefix=PREFIX)
    said = ["".join(generator.stream(probes[0], 24, stop=[END_OF_TURN])) for _ in range(2)]
    assert said[0].strip()
    assert said[0] == said[1]
    assert "<|im" not in said[0]
    abandoned = generator.stream(probes[0], 24)
    next(abandoned)
    abandoned.close()
    assert "".join(generator.stream(probes[0], 24)) == said[0]
    assert generator.count_tokens("<|im_start|>") == 1
