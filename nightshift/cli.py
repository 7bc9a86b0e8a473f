"""The command `nightshift`: ask the serving release, show releases and nights, simulate a company.

nightshift ask "Can I send a tent back after three weeks?"
nightshift status
nightshift release diff 1 2
"""

import json
import sys
import webbrowser
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from nightshift import __version__
from nightshift.errors import NightshiftError
from nightshift.settings import Settings

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="A support assistant that is retrained every night. Run a night: pyflyte run workflows/nightly.py nightly",
)
releases = typer.Typer(no_args_is_help=True, help="Show the registered releases.")
app.add_typer(releases, name="release")


def main() -> None:
    """Run the command line; a NightshiftError is printed without a traceback and exits with 1."""
    try:
        app()
    except NightshiftError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        raise SystemExit(1) from None


@app.command()
def version() -> None:
    """Show the version of Nightshift."""
    print(__version__)


@app.command()
def simulate(
    out: Annotated[Path, typer.Option(help="Folder to write to.")],
    night: Annotated[int, typer.Option(help="Write the files as of this night.", min=1)] = 1,
    seed: Annotated[int, typer.Option(help="Seed of the company.")] = 7,
    history: Annotated[int, typer.Option(help="Days of backlog before the first night.", min=0, max=30)] = 10,
) -> None:
    """Write the files of the simulated shop, with the planted truth in .truth/, which no pipeline reads.

    Example: nightshift simulate --out shop --night 3, then run a night on 'file://$PWD/shop?mapping=company'.
    """
    from nightshift.simulation.simulate import write_night

    count = write_night(out, night, seed, history)
    print(f"{count} objects in {out}; run a night on them with --source 'file://{out.absolute()}?mapping=company'")


@app.command()
def ask(
    questions: Annotated[list[str], typer.Argument(help="What a customer asks, one question after another.")],
) -> None:
    """Ask the serving release one conversation; below each answer are its citations.

    Example: nightshift ask "How much is the student discount?" "Do teachers get it too?"
    """
    from nightshift.answering.assistant import Answered, Delta
    from nightshift.answering.open import open_assistant
    from nightshift.registry.mlflow import serving
    from nightshift.release.layout import StoredRelease
    from nightshift.store import open_store

    settings = Settings.from_env()
    champion = serving(settings)
    release = StoredRelease(champion.digest, open_store(settings.store)).checkout()
    assistant = open_assistant(release, settings.threads)
    for number, question in enumerate(questions):
        print(f"Question: {question}\n")
        for event in assistant.answer(question, questions[:number]):
            if isinstance(event, Delta):
                print(event.text, end="", flush=True)
            elif isinstance(event, Answered):
                print("\n")
                for citation in event.citations:
                    place = f"{citation.title} > {citation.heading}" if citation.heading else citation.title
                    print(f"  [{citation.mark}] {place}  {citation.url or citation.article_id}")
                print(f"  {event.source}" + "".join(f"; {reason}" for reason in event.reasons) + "\n")
    print(f"  release {champion.digest[:12]} (version {champion.version})")
    print(f"  reports: {settings.home / 'nights' / 'index.html'}")


@app.command()
def status() -> None:
    """Show the serving release, and the stages and cost of the last night."""
    from nightshift.registry.mlflow import champion
    from nightshift.reports.run_log import RunLog

    settings = Settings.from_env()
    serving = champion(settings)
    if serving:
        print(f"right     {_right(serving.evaluation, settings)}")
    print(f"serving   {f'version {serving.version}, release {serving.digest[:12]}' if serving else 'nothing yet'}")
    run_log = RunLog(settings.home)
    runs = run_log.runs(run_log.night)
    if not runs:
        print("nights    none yet; run one: pyflyte run workflows/nightly.py nightly")
        return
    print(f"night     {run_log.night}, {len(runs)} run{'s' if len(runs) > 1 else ''}")
    for stage, work in run_log.latest(run_log.night).items():
        fresh = "" if runs[-1]["stages"].get(stage) == work else "  (reused)"
        units = f"{work['changed']:>7,}/{work['total']:,} {work['unit']}"
        print(f"  {stage:19s} {units}  {work['wall']:.1f} s  {work['verdict']}{fresh}")
    print(f"last run  {run_log.cost_summary(run_log.night)}")


def _right(evaluation: str, settings: Settings) -> str:
    """How right the answers of a release are, by its evaluation."""
    from nightshift.release.evaluation_report import read_report
    from nightshift.store import open_store

    report = read_report(evaluation, open_store(settings.store))
    if "rightness" not in report.metrics:
        return "not measured: no question has an accepted reply"
    low, high = report.rightness.interval
    golden = report.metrics.get("rightness_golden")
    counted = f"{report.metrics['rightness']:.0%} of {report.metrics['rightness_questions']:,.0f} answers"
    of_golden = f", {golden:.0%} of the golden ones" if golden is not None else ""
    return f"{counted} (95 % interval {low:.0%} to {high:.0%}){of_golden}"


@app.command()
def report(*, open_browser: Annotated[bool, typer.Option("--open/--no-open", help="Open a browser.")] = True) -> None:
    """Open the reports of all nights."""
    from nightshift.reports.run_log import RunLog

    index = RunLog(Settings.from_env().home).root / "index.html"
    if not index.exists():
        print("there is no night yet; run one: pyflyte run workflows/nightly.py nightly")
        raise typer.Exit(1)
    print(index)
    if open_browser and sys.stdout.isatty():
        webbrowser.open(index.as_uri())


@app.command()
def evaluate(
    source: Annotated[str, typer.Option(help="URL of the questions, e.g. file:///folder?mapping=thunderbird.")],
    since: Annotated[str, typer.Option("--from", help="Score questions asked from this day on, e.g. 2025-01-01.")],
    release: Annotated[int, typer.Option(help="Registered version; 0 is the serving one.")] = 0,
) -> None:
    """Score a release on any mapped source; prints JSON."""
    from nightshift.backtest.external import score

    print(json.dumps(score(source, since, release, Settings.from_env()), indent=1))


@app.command()
def backtest(
    source: Annotated[str, typer.Option(help="A dated history, e.g. file:///folder?mapping=thunderbird.")],
    since: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="The first night.")],
    until: Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d"], help="The last day of questions.")],
    every: Annotated[str, typer.Option(help="Days between nights.")] = "7d",
    tower: Annotated[
        str, typer.Option(help="Query tower: never trained, or auto: when enough tickets are new.")
    ] = "never",
    out: Annotated[
        Path | None, typer.Option(help="Folder to write to; by default backtest/ in the state folder.")
    ] = None,
) -> None:
    """Replay a history night by night: nightly retraining against training once and not at all."""
    from nightshift.backtest.plan import make_plan
    from nightshift.backtest.replay import run_backtest
    from nightshift.backtest.report import make_folder, table, write

    settings = Settings.from_env()
    plan, folder = make_plan(since, until, every, tower), make_folder(out or settings.home / "backtest")
    result = run_backtest(source, plan, settings)
    write(result, folder)
    print(table(result))


@releases.command("list")
def list_releases() -> None:
    """List every registered release, newest first."""
    from nightshift.registry import describe
    from nightshift.registry import mlflow as registry

    print(describe.listing(registry.releases(Settings.from_env())))


@releases.command()
def show(version: Annotated[int, typer.Argument(help="Registered version.")]) -> None:
    """Show the parts of a release, its lineage, and the reasons why it was promoted or rejected."""
    from nightshift.registry import describe
    from nightshift.registry import mlflow as registry
    from nightshift.release.diff import read_facts
    from nightshift.release.lineage import render
    from nightshift.store import open_store

    settings = Settings.from_env()
    store = open_store(settings.store)
    entry = registry.entry(settings, version)
    facts = read_facts(entry.digest, entry.evaluation, store)
    print(describe.sheet(entry, facts))
    print(render(facts.lineage, entry.digest))


@releases.command()
def diff(
    a: Annotated[int, typer.Argument(help="Registered version.")],
    b: Annotated[int, typer.Argument(help="Registered version.")],
) -> None:
    """Show what changed from one release to another."""
    from nightshift.registry import mlflow as registry
    from nightshift.release.diff import diff as compare
    from nightshift.release.diff import read_facts, render
    from nightshift.store import open_store

    settings = Settings.from_env()
    store = open_store(settings.store)
    entries = [registry.entry(settings, version) for version in (a, b)]
    before, after = (read_facts(entry.digest, entry.evaluation, store) for entry in entries)
    print(render(compare(before, after)))
