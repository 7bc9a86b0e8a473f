"""MLflow clients and runs, without telemetry and log noise; what fails is a RegistryError with its cure.

    with tracked(settings, "query tower", {"epochs": 2}, features.digest) as log_metrics:
        log_metrics({"loss": 1.31}, step=48)

The default is an SQLite file under the state folder; `https://...` is a tracking server. Parameters, numbers and
digests only: no text of a customer is logged.
"""

import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from nightshift.errors import RegistryError
from nightshift.progress import log
from nightshift.settings import Settings

EXPERIMENT = "nightshift"
QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_LOGGING_LEVEL": "WARNING",  # the first use otherwise logs every schema migration
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",  # the default of 7 retries with backoff takes minutes
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",
}

LogMetrics = Callable[[Mapping[str, float], int], None]


@contextmanager
def registry_client(settings: Settings) -> Iterator[Any]:
    """An MlflowClient of `settings.registry`; what fails inside the block is raised as RegistryError."""
    _check(settings)
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    import requests
    from mlflow.exceptions import MlflowException
    from mlflow.tracking import MlflowClient
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield MlflowClient(settings.registry, settings.registry)
    except (MlflowException, SQLAlchemyError, requests.RequestException) as error:
        credentials = urlsplit(settings.registry).netloc.rpartition("@")[0]
        reason = str(error).replace(f"{credentials}@", "").strip().partition("\n")[0][:300]
        raise RegistryError(
            f"the registry at {_shown(settings)} refused: {reason}",
            "check NIGHTSHIFT_REGISTRY and that the server is up; releases are safe in the store and register again",
        ) from error


@contextmanager
def tracked(settings: Settings, name: str, params: Mapping[str, object], dataset: str) -> Iterator[LogMetrics]:
    """A run of a training stage with its parameters and the digest of its data; yields `log_metrics(metrics, step)`.

    The run is marked FAILED when the block raises. Of several training processes only the first logs, for the metrics
    of the others are the same. Raises RegistryError.
    """
    if os.environ.get("RANK", "0") != "0":
        yield lambda _metrics, _step: None
        return
    with registry_client(settings) as client:
        run = client.create_run(experiment(client, settings), run_name=name, tags={"dataset": dataset}).info.run_id
        for key, value in params.items():
            client.log_param(run, key, value)

    def log_metrics_at(metrics: Mapping[str, float], step: int) -> None:
        with registry_client(settings) as client:
            for key, value in metrics.items():
                client.log_metric(run, _metric_name(key), value, step=step)

    status = "FAILED"
    try:
        yield log_metrics_at
        status = "FINISHED"
    finally:
        with registry_client(settings) as client:
            client.set_terminated(run, status)


def is_new(settings: Settings) -> bool:
    """Whether the embedded registry does not exist yet: it is empty then, and a reader need not create it."""
    path = _file(settings)
    return path is not None and (not path.exists() or path.stat().st_size == 0)


def experiment(client: Any, settings: Settings) -> str:
    """The id of the experiment. The artifacts of the embedded registry lie in `mlartifacts` in the state folder."""
    known = client.get_experiment_by_name(EXPERIMENT)
    if known:
        return str(known.experiment_id)
    embedded = settings.registry.startswith("sqlite:")
    location = (settings.home / "mlartifacts").as_uri() if embedded else None
    return str(client.create_experiment(EXPERIMENT, artifact_location=location))


def log_metrics(client: Any, run: str, metrics: Mapping[str, float]) -> None:
    """Metrics of a run that has no steps."""
    for name, value in metrics.items():
        client.log_metric(run, _metric_name(name), value)


def _metric_name(name: str) -> str:
    """MLflow allows letters, digits and `_-. :/`: hit@5 becomes hit_at_5."""
    return name.replace("@", "_at_")


def _check(settings: Settings) -> None:
    """Open an SQLite registry before MLflow does, which retries a damaged file for minutes. Raises RegistryError."""
    parts = urlsplit(settings.registry)
    if parts.scheme not in {"sqlite", "http", "https", "postgresql", "mysql"}:
        raise RegistryError(
            f"no registry has the scheme {parts.scheme or settings.registry!r}",
            "set NIGHTSHIFT_REGISTRY to sqlite:////folder/mlflow.db or https://mlflow.example",
        )
    path = _file(settings)
    if path is None:
        return
    if is_new(settings):
        log("    registry  creating the MLflow database (about 10 s, once)")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(path, timeout=30)
        try:
            connection.execute("PRAGMA schema_version").fetchone()
        finally:
            connection.close()
    except (sqlite3.Error, OSError) as error:
        raise RegistryError(
            f"the registry {path} cannot be opened: {error}",
            "check its permissions or restore it; without the file the next night starts a registry without a champion",
        ) from error


def _file(settings: Settings) -> Path | None:
    """The file of an SQLite registry."""
    prefix, scheme, path = settings.registry.partition("sqlite:///")
    return Path(path) if scheme and not prefix else None


def _shown(settings: Settings) -> str:
    """The registry's address without credentials."""
    parts = urlsplit(settings.registry)
    return f"{parts.scheme}://{parts.hostname or ''}{parts.path}"
