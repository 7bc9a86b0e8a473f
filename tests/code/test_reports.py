"""Pages: the verdict first, everything escaped, small."""

from nightshift.reports.chart import bars, shares
from nightshift.reports.page import Page
from nightshift.reports.run_log import STAGES, RunLog, StageWork


def work(verdict="fine", changed=1):
    return StageWork(
        verdict=verdict,
        tone="good",
        wall=1.0,
        cpu=0.5,
        changed=changed,
        total=2,
        unit="rows",
        counts={"rows read": changed},
    )


def test_the_verdict_comes_before_everything_else():
    """Verdict, then numbers, then the table, whatever the numbers are."""
    html = Page("Lake", "good", "12 new").numbers({"rows": 12}).table(("a",), [("x",)]).html()
    assert html.index("12 new") < html.index('<ul class="numbers">') < html.index("<table>")


def test_text_is_escaped_everywhere():
    """Markup in a name or a cell is shown, never run."""
    evil = "<script>alert(1)</script>"
    html = (
        Page(evil, "bad", evil).numbers({evil: evil}).table((evil,), [(evil,)], evil).note(evil).link(evil, '"x').html()
    )
    assert "<script>" not in html
    assert 'href="&#34;x"' in html
    assert "<script>" not in bars({evil: 1.0}, unit=evil) + shares([[0, 0], [1, 1]], evil, evil)


def test_numbers_are_readable():
    """Thousands are grouped, shares have three places, tiny ones an exponent."""
    html = Page("x", "good", "y").numbers({"a": 12345, "b": 0.43211, "c": 2e-7, "d": 123.456}).html()
    for shown in ("12,345", "0.432", "2.0e-07", "123.5"):
        assert f"<b>{shown}</b>" in html


def test_a_page_is_small():
    """A page with a table of fifty rows and a picture stays far below 300 KB."""
    page = Page("x", "good", "y").picture("p", bars({str(i): i for i in range(50)}))
    page.table(("a", "b"), [(i, "text") for i in range(50)])
    assert len(page.html()) < 30_000


def test_the_run_log_shows_executed_and_reused_stages(tmp_path):
    """A stage that had nothing to do in a second run keeps the page of the first, and is shown as reused."""
    run_log = RunLog(tmp_path)
    run_log.begin("2026-01-01")
    run_log.add("ingest", Page("Ingest", "good", "all new"), work("all new"))
    run_log.add("transform", Page("Transform", "good", "built"), work("built"))
    run_log.begin("2026-01-01")
    run_log.add("ingest", Page("Ingest", "quiet", "nothing new"), work("nothing new", 0))
    run_log.add("transform", Page("Transform", "good", "built again"), work("built again"))
    night = (tmp_path / "nights/2026-01-01/index.html").read_text()
    assert night.count("this run") == 1
    assert night.count("reused") == 1
    assert "all new" in run_log.page_path("2026-01-01", "ingest").read_text()
    assert "built again" in run_log.page_path("2026-01-01", "transform").read_text()
    assert set(run_log.latest("2026-01-01")) == {"ingest", "transform"}
    assert [set(run["stages"]) for run in run_log.runs("2026-01-01")] == [{"ingest", "transform"}] * 2
    assert "2026-01-01/index.html" in (tmp_path / "nights/index.html").read_text()


def test_the_cost_summary_adds_up_the_last_run(tmp_path):
    """Counts of the same kind are summed over the stages of the last run; a stage that changed nothing did not work."""
    run_log = RunLog(tmp_path)
    run_log.begin("2026-01-01")
    run_log.add("ingest", Page("Ingest", "good", "all new"), work(changed=9))
    run_log.begin("2026-01-01")
    run_log.add("ingest", Page("Ingest", "good", "new"), work(changed=2))
    run_log.add("index", Page("Index", "good", "new"), work(changed=3))
    run_log.add("promote", Page("Promote", "quiet", "unchanged"), work(changed=0))
    assert run_log.cost_summary("2026-01-01") == f"2 of {len(STAGES)} stages worked, 5 rows read; 3.0 s, 1.5 s of CPU"


def test_the_outcome_of_a_night_is_its_promotion(tmp_path):
    """The page of a night opens with the promotion's verdict, not with that of the stage that ran last."""
    run_log = RunLog(tmp_path)
    run_log.begin("2026-01-01")
    run_log.add("promote", Page("Promote", "bad", "rejected: too few"), work("rejected: too few"))
    run_log.add("package", Page("Package", "quiet", "there already"), work("there already"))
    night = (tmp_path / "nights/2026-01-01/index.html").read_text()
    assert '<p class="verdict good">rejected: too few</p>' in night


def test_a_reference_without_a_bar_does_not_stretch_the_picture():
    """Bars are scaled by what is shown: a count among the reference's shares changes nothing."""
    assert bars({"hit@5": 0.5}, {"hit@5": 0.4, "questions": 331}) == bars({"hit@5": 0.5}, {"hit@5": 0.4})
