"""Run dbt over the warehouse, in this process, and return its results typed.

By hand, from the repository root:
    dbt build --project-dir dbt --profiles-dir dbt --vars '{warehouse: .nightshift/warehouse.duckdb}'
"""

import contextlib
import hashlib
import itertools
import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nightshift.errors import DataTestsFailed, WarehouseError
from nightshift.progress import log


@dataclass(frozen=True)
class Parameters:
    """What determines the marts beside the raw rows; a build with other parameters is in full."""

    split_at: str
    min_words: int
    code: str


@dataclass(frozen=True)
class DbtBuild:
    """The outcome of `dbt build`: data tests by outcome, and the seconds of each model."""

    tests_passed: int
    tests_warned: int
    seconds: dict[str, float] = field(default_factory=dict)


def project() -> Path:
    """The folder of the dbt project: NIGHTSHIFT_DBT, or `dbt` beside the package. Raises WarehouseError."""
    folder = Path(os.environ.get("NIGHTSHIFT_DBT", Path(__file__).parents[2] / "dbt")).absolute()
    if not (folder / "dbt_project.yml").exists():
        raise WarehouseError(
            f"there is no dbt project in {folder}",
            "run from a checkout of the repository, or set NIGHTSHIFT_DBT to its folder dbt/",
        )
    return folder


def code_digest(folder: Path) -> str:
    """A digest of the code that makes marts of rows: the dbt project and this package."""
    files = [path for pattern in ("*.sql", "*.yml") for path in folder.rglob(pattern)]
    files += [path for pattern in ("*.py", "*.sql") for path in Path(__file__).parent.glob(pattern)]
    digest = hashlib.sha256()
    for path in sorted(files, key=lambda path: (path.name, path)):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def build(warehouse: Path, parameters: Parameters, home: Path, *, full: bool) -> DbtBuild:
    """Build and test every model. `full` builds the marts anew, otherwise dbt computes the touched keys only.

    Raises DataTestsFailed when a data test fails, WarehouseError when a model does or dbt cannot start.
    """
    arguments = ["build", "--exclude-resource-type", "unit_test", *(["--full-refresh"] if full else [])]
    models = len(list(project().rglob("models/**/*.sql")))
    results = run_dbt(arguments, warehouse, parameters, home, on_event=_model_logger(models))
    _raise_failures(results, home)
    return DbtBuild(
        tests_passed=sum(_is(result, "test") and result.status == "pass" for result in results),
        tests_warned=sum(_is(result, "test") and result.status == "warn" for result in results),
        seconds={result.node.name: round(result.execution_time, 3) for result in results if _is(result, "model")},
    )


def run_dbt(
    arguments: list[str],
    warehouse: Path,
    parameters: Parameters,
    home: Path,
    on_event: Callable[[Any], None] | None = None,
) -> list[Any]:
    """Call dbt with the project and its variables, and return its node results.

    Its target and logs are written under `home`; `on_event` is called with every event. Raises WarehouseError.
    """
    from dbt.cli.main import dbtRunner

    folder, state = project(), home / "dbt"
    variables = {
        "warehouse": str(warehouse),
        "split_at": parameters.split_at.replace("T", " ").removesuffix("Z"),
        "min_words": parameters.min_words,
    }
    options = {
        "--project-dir": str(folder),
        "--profiles-dir": str(folder),
        "--target-path": str(state / "target"),
        "--log-path": str(state / "logs"),
        "--log-level-file": "warn",
        "--vars": json.dumps(variables),
    }
    flags = ["--quiet", "--no-version-check", "--no-use-colors", "--no-write-json", "--log-level", "none"]
    with contextlib.chdir(Path.cwd()):  # dbt changes the working directory and does not change back
        outcome = dbtRunner(callbacks=[on_event] if on_event else []).invoke(
            [*flags, *arguments, *(word for option in options.items() for word in option)]
        )
    if outcome.result is None:
        raise WarehouseError(
            f"dbt could not start: {type(outcome.exception).__name__}",
            f"see {state / 'logs' / 'dbt.log'}, or run dbt by hand as nightshift/warehouse/dbt.py shows",
        ) from outcome.exception
    return list(getattr(outcome.result, "results", []))


def _is(result: Any, kind: str) -> bool:
    return str(result.node.resource_type) == kind


def _raise_failures(results: list[Any], home: Path) -> None:
    # Names and counts only: the message of an engine can quote a row.
    failed = {result.node.name: result.failures for result in results if result.status == "fail"}
    if failed:
        raise DataTestsFailed(
            "data tests failed: " + ", ".join(f"{name} ({rows:,} rows)" for name, rows in sorted(failed.items())),
            "correct the source and run again; nothing was exported and the Features of earlier nights stand",
        )
    broken = sorted(result.node.name for result in results if result.status in {"error", "runtime error"})
    if broken:
        raise WarehouseError(
            f"dbt could not build {', '.join(broken)}",
            f"see {home / 'dbt' / 'logs' / 'dbt.log'}, or run dbt by hand as nightshift/warehouse/dbt.py shows",
        )


def _model_logger(models: int) -> Callable[[Any], None]:
    """A callback of dbt that logs each model that was built."""
    number = itertools.count(1)

    def log_model(event: Any) -> None:
        if event.info.name == "LogModelResult":
            log(f"    warehouse  model {next(number)} of {models}  {event.data.node_info.node_name}")

    return log_model
