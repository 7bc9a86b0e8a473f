"""Reads mapping files: pydantic models of the YAML, and errors that name the place of a mistake and its cure.

    load_mapping("thunderbird").tables[0].files      # a shipped mapping
    load_mapping("exports/shop.yaml")
    MappingError: exports/shop.yaml: tickets: columns: there is no key 'ticket'
      cure: did you mean 'ticket_id'? valid: ticket_id, created_at, ...

The classes that the rest of the code works with are in nightshift/sources/mapping.py, which does not import pydantic.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path, PurePosixPath
from typing import Annotated, NoReturn, TypeVar

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from nightshift.errors import MappingError
from nightshift.schema import TABLES, Kind
from nightshift.sources.mapping import DeliveryMapping, Expression, Sections, TableMapping, Value, nearest

SHIPPED = Path(__file__).parent / "mappings"
FORMATS = {".parquet": "parquet", ".jsonl": "jsonl", ".ndjson": "jsonl", ".csv": "csv", ".md": "markdown"}


def _scalar(value: object) -> object:
    """A single YAML value; YAML reads 2026-01-31 as a date, which is kept as that text."""
    if isinstance(value, date):
        return value.isoformat()
    if value is not None and not isinstance(value, str | int | float | bool):
        raise PydanticCustomError("scalar", "is not a single value")
    return value


def _list(value: object) -> object:
    return value if isinstance(value, list) else [value]


def _form(value: object) -> str | None:
    """Which form a column has; None for keys that no form has."""
    if isinstance(value, Mapping):
        return {("column", "is"): "is", ("not",): "not", ("cents",): "cents"}.get(tuple(sorted(value, key=str)))
    return "join" if isinstance(value, list) and value else "name"


Name = Annotated[str, Field(min_length=1)]
Scalar = Annotated[Value, BeforeValidator(_scalar)]
Scalars = Annotated[list[Scalar], BeforeValidator(_list)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _Is(_Model):
    column: Name
    is_: Scalars = Field(alias="is")


class _Not(_Model):
    not_: Name = Field(alias="not")


class _Cents(_Model):
    cents: Name


class _Sections(_Model):
    column: Name
    heading: Name
    text: Name


_Column = Annotated[
    Annotated[Name, Tag("name")]
    | Annotated[list[Name], Tag("join")]
    | Annotated[_Is, Tag("is")]
    | Annotated[_Not, Tag("not")]
    | Annotated[_Cents, Tag("cents")],
    Discriminator(_form),
]


class _Table(_Model):
    files: Name
    format: str | None = None
    columns: dict[str, _Column]
    where: dict[str, Scalars] = {}
    explode: str = ""
    sections: _Sections | None = None
    defaults: dict[str, Scalar] = {}
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] = ","
    time_format: str = ""


class _File(_Model):
    tables: dict[str, object]


_ModelT = TypeVar("_ModelT", bound=_Model)
TABLE_KEYS = tuple(_Table.model_fields)
UNKNOWN_KEY = {"extra_forbidden", "invalid_key"}
NOT_A_COLUMN = "is not understood", "use {not: COLUMN}, {cents: COLUMN} or {column: COLUMN, is: [VALUE, ...]}"
WORDING = {
    "scalar": ("is not a single value", "give a text, a number, true, false or null"),
    "string_too_long": ("is not one character", 'write ",", ";" or "\\t" in double quotes'),
    "union_tag_not_found": NOT_A_COLUMN,
    "union_tag_invalid": NOT_A_COLUMN,
}


def load_mapping(name: str) -> DeliveryMapping:
    """The mapping shipped as `name`, or the one in the .yaml file at that path. Raises MappingError."""
    shipped = sorted(path.stem for path in SHIPPED.glob("*.yaml"))
    path = SHIPPED / f"{name}.yaml" if name in shipped else Path(name)
    if not path.is_file():
        raise MappingError(
            f"there is no mapping {name!r}", f"name a shipped one ({', '.join(shipped)}) or the path of a .yaml file"
        )
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        line = getattr(getattr(error, "problem_mark", None), "line", None)
        place = "" if line is None else f" (line {line + 1})"
        raise MappingError(f"mapping {name} is not YAML{place}", "correct that line; indent with spaces") from error
    return parse_mapping(content, name)


def parse_mapping(content: object, name: str) -> DeliveryMapping:
    """A mapping from its YAML value. Raises MappingError, which names the place of the first mistake and its cure."""
    tables = _validated(_File, content, name, {"": ["tables"], "tables": TABLES}).tables
    _check_keys(tables, f"{name}: tables", TABLES)
    if not tables:
        raise MappingError(f"{name}: tables is empty", f"map at least one of: {', '.join(TABLES)}")
    return DeliveryMapping(
        name, tuple(_table_mapping(f"{name}: {table}", table, value) for table, value in tables.items())
    )


def _table_mapping(place: str, table: str, content: object) -> TableMapping:
    """One table: its YAML checked against the columns of the lake."""
    lake = TABLES[table].columns
    keys = {
        "": TABLE_KEYS,
        "columns": lake,
        "defaults": lake,
        "where": ["raw column names"],
        "sections": _Sections.model_fields,
    }
    parsed = _validated(_Table, content, place, keys)
    _check_keys(parsed.columns, f"{place}: columns", lake)
    _check_keys(parsed.defaults, f"{place}: defaults", lake)
    if parsed.sections and table != "articles":
        raise MappingError(f"{place}: sections is for articles only", "remove it")
    columns = {column: _expression(form) for column, form in parsed.columns.items()}
    filled = {*columns, *parsed.defaults, *(["body"] if parsed.sections else [])}
    if lacking := [column for column, spec in lake.items() if spec.required and column not in filled]:
        raise MappingError(
            f"{place}: nothing fills {', '.join(lacking)}",
            "name the raw column under `columns:`, "
            f"or give a value for every row under `defaults:` ({lacking[0]}: ...)",
        )
    for column, expression in columns.items():
        if expression.operation in {"not", "is"} and lake[column].kind is not Kind.FLAG:
            raise MappingError(
                f"{place}: columns: {column} {expression.operation!r} gives true or false",
                "use it for by_helper or accepted",
            )
    return TableMapping(
        table=table,
        files=parsed.files,
        format=_format(parsed.format, parsed.files, place),
        columns=columns,
        where={column: tuple(values) for column, values in parsed.where.items()},
        explode=parsed.explode,
        sections=Sections(**parsed.sections.model_dump()) if parsed.sections else None,
        defaults=parsed.defaults,
        delimiter=parsed.delimiter,
        time_format=parsed.time_format,
    )


def _expression(form: str | list[str] | _Is | _Not | _Cents) -> Expression:
    match form:
        case _Is():
            return Expression((form.column,), "is", tuple(form.is_))
        case _Not():
            return Expression((form.not_,), "not")
        case _Cents():
            return Expression((form.cents,), "cents")
        case str():
            return Expression((form,))
        case _:
            return Expression(tuple(form))


def _format(name: str | None, files: str, place: str) -> str:
    formats = sorted(set(FORMATS.values()))
    if name is not None:
        if name not in formats:
            _refuse_name(place, "format", name, formats)
        return name
    suffix = PurePosixPath(files.removesuffix(".gz")).suffix
    if suffix not in FORMATS:
        raise MappingError(
            f"{place} the format of {files!r} cannot be told from its name", f"add `format:` {', '.join(formats)}"
        )
    return FORMATS[suffix]


def _validated(model: type[_ModelT], content: object, place: str, keys: Mapping[str, Iterable[str]]) -> _ModelT:
    """The content as `model`. `keys` are the valid keys by place: '' for the content itself, 'columns' inside it."""
    try:
        return model.model_validate(content)
    except ValidationError as error:
        # A mistyped key is reported first: that another key is missing is often its consequence.
        mistakes = sorted(error.errors(), key=lambda mistake: mistake["type"] not in UNKNOWN_KEY)
        _report(mistakes[0], place, keys)


def _report(mistake: ErrorDetails, place: str, keys: Mapping[str, Iterable[str]]) -> NoReturn:
    kind, path = mistake["type"], [str(part) for part in mistake["loc"]]
    is_key = path[-1:] == ["[key]"]
    if is_key or kind in UNKNOWN_KEY:
        *path, name = path[:-1] if is_key else path
        _refuse_name(": ".join([place, *path]), "key", name, keys["".join(path)])
    inner = keys.get("".join(path))
    place = ": ".join([place, *path[:2]])  # further parts are tags of the union and places in a list
    if inner is not None:
        raise MappingError(f"{place} is not a list of `key: value`", f"the keys are: {', '.join(inner)}")
    if kind in {"missing", "string_type", "string_too_short"}:
        is_missing = kind == "missing" or mistake["input"] is None
        raise MappingError(
            f"{place} {'is missing' if is_missing else 'is not a text'}",
            "give a text, in quotes if YAML reads it otherwise",
        )
    raise MappingError(f"{place} {WORDING[kind][0]}", WORDING[kind][1])


def _check_keys(keys: Iterable[str], place: str, valid: Iterable[str]) -> None:
    for key in keys:
        if key not in valid:
            _refuse_name(place, "key", key, valid)


def _refuse_name(place: str, kind: str, name: str, valid: Iterable[str]) -> NoReturn:
    valid = list(valid)
    raise MappingError(f"{place}: there is no {kind} {name!r}", f"{nearest(name, valid)}valid: {', '.join(valid)}")
