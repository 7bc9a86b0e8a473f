"""Answers, compared with quoting the two sentences that are nearest to the question.

    python -m bench.answers --documents documents.parquet --questions questions.parquet --gold-document
    python -m bench.answers --plain                           # the company's release that serves in the state folder
    python -m bench.answers --source 'simulate://shop?night=1'            # the same after a night of its own
    python -m bench.answers --source exports/helpdesk --mapping helpdesk.yaml --test-from 2025-01-01 --generate

Sets with spans are indexed as in a first night without a ticket (bench/spans.py). The simulated company is asked plain
questions whose answers are known (bench/plain.py); --show prints each answer. Any other source is compared with what
support replied (bench/replies.py). Intervals are of 95 %: bootstraps over questions, and those of Wilson for shares of
plain and replied questions.
"""

import argparse
import tempfile
from dataclasses import replace
from pathlib import Path

from bench import plain, replies, spans
from bench.cold_start import cold_start
from bench.night import NIGHTLY
from bench.process import cost_of
from bench.quoting import BASELINE, RecordingFinder, ask, never_declining, quote
from bench.source import source_url
from nightshift.answering.assistant import Assistant, TextGenerator
from nightshift.answering.evidence import EvidenceFinder
from nightshift.answering.policy import Policy
from nightshift.answering.prompts import PREFIX
from nightshift.evaluate.model_under_test import SilentGenerator
from nightshift.export.encoder import export_document_tower
from nightshift.index.sentences import Sentences
from nightshift.models.generator import Generator
from nightshift.night import Night
from nightshift.progress import log, track
from nightshift.registry import mlflow as registry
from nightshift.release.layout import ReleaseFolder, StoredRelease
from nightshift.retrieval.retriever import Retriever
from nightshift.settings import Settings
from nightshift.sources.simulated import SimulatedSource
from nightshift.store import open_store

SIMULATED = "simulate://"


def with_spans(arguments: argparse.Namespace) -> str:
    """The table of a set with spans."""
    documents = spans.read_rows(arguments.documents, spans.DOCUMENT_COLUMNS, arguments.domain)
    names = {row["doc_id"] for row in documents}
    rows = spans.read_rows(arguments.questions, spans.QUESTION_COLUMNS, arguments.domain)
    known = [row for row in rows if row["doc_id"] in names]
    questions = spans.questions_of(known, arguments.turns, arguments.limit, arguments.seed)
    with tempfile.TemporaryDirectory() as name:
        night = Night.from_settings(Settings.from_env().isolated_in(Path(name)))
        articles = spans.article_table(documents)
        tower = export_document_tower(night.profile.encoder, night, articles["title"].to_pylist())
        start = cold_start(articles, tower, night)
        result = spans.run(documents, questions, start, gold_document=arguments.gold_document, seed=arguments.seed)
        size = f"{len(documents)} documents, {len(start.sentences.texts):,} sentences"
    searched = "the document of the span" if arguments.gold_document else "all documents"
    return (
        f"{result}\n\n{len(questions):,} questions of {len(rows):,}, {size}; searched: {searched}; turns: "
        f"{arguments.turns}; seed {arguments.seed}, {night.settings.threads} threads."
    )


def release_of(name: str, settings: Settings) -> ReleaseFolder:
    """The release in a folder, or of a registered version; for '' the one that serves, else the newest candidate."""
    if name and Path(name).is_dir():
        return ReleaseFolder.open(Path(name))
    if name:
        registered = registry.entry(settings, int(name))
    else:
        candidates = [] if registry.champion(settings) else registry.releases(settings)
        registered = candidates[0] if candidates else registry.serving(settings)
    log(f"    release  version {registered.version}, {registered.verdict}")
    return StoredRelease(registered.digest, open_store(settings.store)).checkout()


class OpenRelease:
    """A release ready to be asked, and its baseline."""

    def __init__(self, release: ReleaseFolder, threads: int) -> None:
        self.release, self._threads = release, threads
        self.retriever = Retriever.open(release, threads)
        self.sentences = Sentences.load(release.index, self.retriever.chunks)
        self.recorder = RecordingFinder(EvidenceFinder.open(release, self.retriever, self.sentences))
        self.policy = Policy.from_json(release.policy)

    def assistant(self, *, generate: bool, declining: bool = True) -> Assistant:
        """Its assistant, with or without the generator, and declining by its policy or never."""
        policy = self.policy if declining else never_declining(self.policy)
        generator: TextGenerator = SilentGenerator()
        if generate:
            generator = Generator(self.release.generator, self._threads, PREFIX)
        return Assistant(self.recorder, replace(policy, generate=generate), generator)


def on_plain_questions(opened: OpenRelease, night: int, arguments: argparse.Namespace) -> str:
    """The table of the company's plain questions, as the release answers them."""
    questions = plain.plain_questions(arguments.split, night, opened.retriever.article_ids)
    assistant = opened.assistant(generate=opened.policy.generate or arguments.generate)
    answered = plain.ask_all(questions, assistant, opened.recorder)
    quoted = plain.quote_all(questions, opened.retriever, opened.sentences)
    if arguments.show:
        print(f"{plain.transcript(questions, answered)}\n")
    result = plain.table(questions, quoted, answered, arguments.seed)
    return f"{result}\n\nSplit {arguments.split} of the plain questions as of night {night}; seed {arguments.seed}."


def on_replies(opened: OpenRelease, settings: Settings, arguments: argparse.Namespace) -> str:
    """The table of a helpdesk whose questions have accepted replies."""
    lineage, store = opened.release.lineage, open_store(settings.store)
    questions = replies.replied_questions(lineage, store, arguments.limit, arguments.seed)
    assistants = {
        "composed": opened.assistant(generate=False),
        "composed, never declining": opened.assistant(generate=False, declining=False),
    }
    if arguments.generate or opened.policy.generate:
        assistants["generated where it is faithful"] = opened.assistant(generate=True)
    systems = {BASELINE: [quote(question.text, opened.retriever, opened.sentences)[0] for question in questions]}
    for name, assistant in assistants.items():
        asked = track(questions, name, len(questions), "questions")
        systems[name] = [ask(assistant, opened.recorder, question.text) for question in asked]
    return (
        f"{replies.table(questions, systems, arguments.seed)}\n\n{len(questions):,} questions, seed {arguments.seed}."
    )


def on_release(url: str, settings: Settings, arguments: argparse.Namespace) -> str:
    """The table of a release that was made from the source at `url`."""
    opened = OpenRelease(release_of(arguments.release, settings), settings.threads)
    if url.startswith(SIMULATED):
        return on_plain_questions(opened, SimulatedSource(url, settings).night, arguments)
    return on_replies(opened, settings, arguments)


def after_a_night(url: str, arguments: argparse.Namespace) -> str:
    """The table after a first night in a temporary state folder."""
    with tempfile.TemporaryDirectory() as name:
        log("... a night")
        words = ["--source", url, "--split_at", arguments.test_from, "--profile", arguments.profile]
        env = {"NIGHTSHIFT_HOME": f"{name}/state", "HOME": f"{name}/home"}
        cost = cost_of([*NIGHTLY, *words], env, Path(name) / "night.log")
        result = on_release(url, Settings.from_env({"NIGHTSHIFT_HOME": f"{name}/state"}), arguments)
    spent = f"The night took {cost.wall:.0f} s, {cost.cpu:.0f} s of CPU"
    return f"{result}\n\n{spent}; source {url}, profile {arguments.profile}."


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=Path, help="a Parquet file of documents, for a set with spans")
    parser.add_argument("--questions", type=Path, help="a Parquet file of questions with spans")
    parser.add_argument("--domain", default="", help="only documents and questions of this domain")
    parser.add_argument("--gold-document", action="store_true", help="search the document of the span only")
    parser.add_argument("--turns", choices=("last", "all"), default="all", help="whether earlier turns are used")
    parser.add_argument("--plain", action="store_true", help="ask the simulated company's plain questions")
    parser.add_argument("--source", default="", help="a folder, or any source URL; default: the simulated company")
    parser.add_argument("--mapping", help="name or file of the mapping of a folder, e.g. thunderbird")
    parser.add_argument(
        "--release", default="", help="folder or version of a release; default: the one that serves, else the newest"
    )
    parser.add_argument("--home", type=Path, help="the state folder with the release; default: NIGHTSHIFT_HOME")
    parser.add_argument("--split", choices=("dev", "test"), default="test", help="half of the plain questions")
    parser.add_argument("--show", action="store_true", help="print every plain question with its answer")
    parser.add_argument("--generate", action="store_true", help="let the generator rephrase, whatever the policy says")
    parser.add_argument("--test-from", default="", help="first day of the questions; all before it is learned from")
    parser.add_argument("--profile", default="tiny", choices=("tiny", "small", "full"))
    parser.add_argument("--limit", type=int, default=0, help="at most so many questions; 0: all")
    parser.add_argument("--seed", type=int, default=7)
    arguments = parser.parse_args()
    if bool(arguments.documents) != bool(arguments.questions):
        parser.error("--documents and --questions go together")
    if arguments.documents:
        print(with_spans(arguments))
        return
    url = source_url(arguments.source or "simulate://shop?night=1", arguments.mapping)
    if arguments.plain and not url.startswith(SIMULATED):
        parser.error("--plain is for the simulated company: give --source simulate://shop?night=N")
    if arguments.plain or arguments.release or arguments.home:
        settings = Settings.from_env()
        if arguments.home:
            settings = Settings.from_env({"NIGHTSHIFT_HOME": str(arguments.home)})
        print(on_release(url, settings, arguments))
    else:
        print(after_a_night(url, arguments))


if __name__ == "__main__":
    main()
