"""The dbt project by itself: its unit tests, its sources' freshness, its descriptions, its portability."""

import re

import pytest
import yaml

from nightshift.errors import DataTestsFailed, WarehouseError
from nightshift.warehouse.dbt import Parameters, build, code_digest, project, run_dbt
from nightshift.warehouse.duckdb import RAW_TABLES, connect

PARAMETERS = Parameters("2026-01-09T00:00:00Z", 3, "code")


@pytest.fixture(scope="module")
def empty(tmp_path_factory):
    """A warehouse with every model built over no rows, which unit tests of incremental models need."""
    home = tmp_path_factory.mktemp("dbt")
    file = home / "warehouse.duckdb"
    with connect(file):
        run_dbt(["run", "--empty"], file, PARAMETERS, home)
        yield file, home


def test_the_unit_tests_of_the_models_pass(empty):
    """Every dbt unit test holds, and each rule of the split, the keys and the increments has one."""
    results = run_dbt(["test", "--select", "test_type:unit"], empty[0], PARAMETERS, empty[1])
    assert {result.node.name: str(result.status) for result in results} == dict.fromkeys(
        (
            "the_newest_row_of_a_key_wins",
            "words_are_counted_and_the_key_ignores_spelling",
            "changed_articles_and_equal_texts_touch_a_ticket",
            "a_ticket_created_at_the_split_evaluates",
            "an_increment_computes_the_touched_tickets_only",
            "pairs_are_long_enough_linked_and_known_before_the_split",
            "a_text_that_evaluates_does_not_train",
            "the_latest_accepted_answer_of_support_is_the_example",
            "the_latest_accepted_answer_of_support_is_the_reply",
            "answered_without_an_article_is_unresolved",
        ),
        "pass",
    )


def test_an_empty_lake_builds_and_passes_its_data_tests(empty):
    """No rows are no failure: every model and test runs, and each model is timed."""
    dbt_build = build(empty[0], PARAMETERS, empty[1], full=True)
    assert dbt_build.tests_warned == 0
    assert set(dbt_build.seconds) == {path.stem for path in (project() / "models").rglob("*.sql")}


def test_the_leakage_test_finds_a_leak(empty):
    """Put an evaluating text among the training pairs, and the build is refused by the test's name."""
    file, home = empty
    with connect(file) as warehouse:
        for mart in ("training_pairs", "eval_questions"):
            warehouse.execute(f"insert into nightshift_marts.{mart} (ticket_id, text_key) values ('{mart}', 'same')")
        results = run_dbt(["test", "--select", "no_eval_text_in_training"], file, PARAMETERS, home)
        assert [(str(result.status), result.failures) for result in results] == [("fail", 1)]
        warehouse.execute("delete from nightshift_marts.training_pairs; delete from nightshift_marts.eval_questions")


def test_freshness_of_the_sources_is_measured_by_when_rows_were_loaded(empty):
    """`dbt source freshness` passes just after loading and fails a month later."""
    file, home = empty
    with connect(file) as warehouse:
        for age, status in (("0 hours", "pass"), ("30 days", "error")):
            for table in ("tickets", "answers", "resolutions"):
                warehouse.execute(f"delete from nightshift_raw.{table}")
                warehouse.execute(
                    f"insert into nightshift_raw.{table} (loaded_at) select now() at time zone 'UTC' - interval '{age}'"
                )
            results = run_dbt(["source", "freshness"], file, PARAMETERS, home)
            assert {result.node.name: str(result.status) for result in results} == dict.fromkeys(
                ("tickets", "answers", "resolutions"), status
            )
        for table in ("tickets", "answers", "resolutions"):
            warehouse.execute(f"delete from nightshift_raw.{table}")


def test_a_model_that_does_not_compile_is_named(tmp_path, monkeypatch):
    """A broken model stops the stage with its name; a project that cannot be parsed says where to look."""
    copy = tmp_path / "dbt"
    for path in project().rglob("*.*"):
        target = copy / path.relative_to(project())
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
    original = code_digest(project())
    monkeypatch.setenv("NIGHTSHIFT_DBT", str(copy))
    assert code_digest(project()) == original
    (copy / "models/marts/articles.sql").write_text("select nothing_there from {{ ref('stg_articles') }} as articles")
    assert code_digest(project()) != original
    file = tmp_path / "warehouse.duckdb"
    with connect(file):
        with pytest.raises(WarehouseError, match="dbt could not build articles") as raised:
            build(file, PARAMETERS, tmp_path, full=True)
        assert not isinstance(raised.value, DataTestsFailed)
        (copy / "models/marts/articles.sql").write_text("select {{ nothing_closed")
        with pytest.raises(WarehouseError, match="dbt could not start"):
            build(file, PARAMETERS, tmp_path, full=True)


def test_a_folder_without_a_project_is_named(tmp_path, monkeypatch):
    """A NIGHTSHIFT_DBT without a project is refused, and the error names the folder."""
    monkeypatch.setenv("NIGHTSHIFT_DBT", str(tmp_path))
    with pytest.raises(WarehouseError, match="there is no dbt project"):
        project()


def test_every_model_has_its_description_beside_it():
    """One .yml beside each .sql, and none that describes a model that is gone."""
    models = project() / "models"
    assert {path.with_suffix("") for path in models.rglob("*.sql")} == {
        path.with_suffix("") for path in models.rglob("*.yml") if path.stem != "sources"
    }


def test_every_column_is_described_in_the_order_of_the_model(empty):
    """The .yml of a model describes exactly the columns that the model has, in its order."""
    described = {
        model["name"]: [column["name"] for column in model["columns"] if column["description"]]
        for path in (project() / "models").rglob("*.yml")
        for model in yaml.safe_load(path.read_text()).get("models", [])
        if model["description"]
    }
    with connect(empty[0]) as warehouse:
        built = {
            path.stem: warehouse.sql(f"from nightshift_{path.parent.name}.{path.stem}").columns
            for path in (project() / "models").rglob("*.sql")
        }
    assert described == built


def test_the_raw_tables_have_the_loaded_columns(empty):
    """create_tables.sql agrees with the tables of the lake, and no table of orders or customers is there."""
    with connect(empty[0]) as warehouse:
        columns = {name: warehouse.table(f"nightshift_raw.{name}").columns for name in RAW_TABLES}
        tables = warehouse.execute(
            "select table_name from information_schema.tables where table_schema = 'nightshift_raw'"
        ).fetchall()
    assert columns == {name: [*schema.names, "part", "part_row", "loaded_at"] for name, schema in RAW_TABLES.items()}
    assert {name for (name,) in tables} == {*RAW_TABLES, "parts", "build"}


def test_models_are_portable():
    """SQL that differs between engines is in macros that dispatch, and not in the models."""
    of_one_engine = re.compile(
        r"::|\b(regexp_\w+|list|string_agg|array_agg|md5|strptime|epoch|arg_max|group by all)\s*\("
    )
    matches = {
        path.name: of_one_engine.findall(path.read_text())
        for folder in ("models", "tests")
        for path in (project() / folder).rglob("*.sql")
    }
    assert {name for name, words in matches.items() if words} == set()
