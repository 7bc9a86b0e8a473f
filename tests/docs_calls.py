"""Checks the names and calls that pages show: a call is bound to the signature of what it names. Nothing is run.

check_call("render(question, passages)", vars(prompts))      # Wrong: where a parameter is not the code's
"""

import ast
import importlib
import inspect
import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from tests.docs_page import CODE, FOLDERS, ROOT, Page, Wrong, exists

SIGNATURE = re.compile(rf"^(?P<call>[\w.]+\(.*\)).*?\(?(?P<file>nightshift/{CODE})\)?$")
NAMES = re.compile(rf"^(?P<names>\w+(?:(?:, | / )\w+)*) .*?\(?(?P<file>nightshift/{CODE})\)?$")
DEFINED = re.compile(rf"`(?P<name>[\w.]+)` in `(?P<file>{CODE})`")
DOTTED = re.compile(r"^(?P<name>(?:nightshift|serving|tasks)(?:\.\w+)+)(?P<call>\(.*\))?$")


def wrong_calls(page: Page) -> Iterator[str]:
    for shown, check in _shown_names(page):
        try:
            check()
        except Wrong as wrong:
            yield f"`{shown}`: {wrong}"


def _shown_names(page: Page) -> Iterator[tuple[str, Callable[[], object]]]:
    """What a page shows of the code's names, each with the check that it exists as shown."""
    for info, lines in page.blocks:
        if info.startswith("python"):
            yield from _snippet("\n".join(lines))
        for line in lines:
            if signature := SIGNATURE.match(line.strip()):
                call, file = signature["call"].partition(" ->")[0].strip(), signature["file"]
                yield call, lambda call=call, file=file: check_call(call, vars(_module(file)))
            elif names := NAMES.match(line.strip()):
                for name in re.split(", | / ", names["names"]):
                    yield name, lambda name=name, file=names["file"]: _attribute(_module(file), name)
    for defined in DEFINED.finditer(page.text):
        file, name = defined["file"], defined["name"]
        yield f"{name} in {file}", lambda file=file, name=name: _attribute(_module(file), name)
    for span in page.spans:
        if dotted := DOTTED.match(span):
            yield span, lambda dotted=dotted: _check_dotted(dotted["name"], dotted["call"])


def _snippet(source: str) -> Iterator[tuple[str, Callable[[], object]]]:
    """The imports of a snippet, and its calls of what it imports from this repository."""
    tree, names = ast.parse(source), {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] in FOLDERS:
            for alias in node.names:
                try:
                    names[alias.asname or alias.name] = _attribute(importlib.import_module(node.module), alias.name)
                except (ImportError, Wrong) as error:
                    yield ast.unparse(node), lambda error=error: _raise(Wrong(str(error)))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[0] in names:
            yield ast.unparse(node), lambda node=node: _bind(node, names, by_name=False)


def _check_dotted(name: str, call: str | None) -> None:
    parts = name.split(".")
    for size in range(len(parts), 0, -1):
        path = ROOT / "/".join(parts[:size])
        if path.is_dir() or path.with_suffix(".py").exists():
            module = importlib.import_module(".".join(parts[:size]))
            if size < len(parts):
                _attribute(module, ".".join(parts[size:]))
                if call:
                    check_call(f"{'.'.join(parts[size:])}{call}", vars(module))
            return
    raise Wrong("no such module")


def check_call(shown: str, names: dict[str, Any]) -> None:
    """Check a call as pages show it. Raises Wrong where a name or a parameter is not the code's.

    An argument is the name of its parameter, `name=` or `name=value`, a call, a literal, or `...` for all the rest.
    """
    source = re.sub(r"(?<!=)\.\.\.\)", "**rest)", shown)
    try:
        call = ast.parse(re.sub(r"(\w+)=(?=[,)])", r"\1=...", source), mode="eval").body
    except SyntaxError:
        raise Wrong("is not Python") from None
    if not isinstance(call, ast.Call):
        raise Wrong("is no call")
    _bind(call, names, by_name=True)


def _bind(call: ast.Call, names: dict[str, Any], *, by_name: bool) -> None:
    function = _called(call.func, names, by_name=by_name)
    if function is None:
        return
    try:
        signature = inspect.signature(function)
    except ValueError:
        return
    rest = any(keyword.arg is None for keyword in call.keywords)
    bind = signature.bind_partial if rest else signature.bind
    try:
        bound = bind(*call.args, **{keyword.arg: None for keyword in call.keywords if keyword.arg})
    except TypeError as error:
        raise Wrong(str(error)) from None
    for parameter, argument in bound.arguments.items():
        if isinstance(argument, ast.Call) and by_name:
            _check_nested(argument, names)
        elif isinstance(argument, ast.Name) and by_name and argument.id != parameter:
            raise Wrong(f"the parameter is called {parameter}, not {argument.id}")


def _check_nested(call: ast.Call, names: dict[str, Any]) -> None:
    """Check a call among the arguments: by signature where its module is that of the call, else that it is defined."""
    name = ast.unparse(call.func)
    if name.split(".")[0] in names:
        _bind(call, names, by_name=True)
    elif name not in _definitions():
        raise Wrong(f"nothing is called {name}")


@cache
def _definitions() -> frozenset[str]:
    sources = [path.read_text() for path in (ROOT / "nightshift").rglob("*.py")]
    return frozenset(re.findall(r"^(?:def|class) (\w+)", "\n".join(sources), re.MULTILINE))


def _called(function: ast.expr, names: dict[str, Any], *, by_name: bool) -> Any:
    """What is called; None where that cannot be known without running, as for the method of a call's result."""
    if isinstance(function, ast.Name):
        if function.id not in names:
            raise Wrong(f"no {function.id}")
        return names[function.id]
    if isinstance(function, ast.Attribute):
        if isinstance(function.value, ast.Call):
            _bind(function.value, names, by_name=by_name)
            owner = _called(function.value.func, names, by_name=by_name)
            if not inspect.isclass(owner):
                return None
            method = _attribute(owner, function.attr)
            return method.__get__(object()) if inspect.isfunction(method) else method
        owner = _called(function.value, names, by_name=by_name)
        return None if owner is None else _attribute(owner, function.attr)
    return None


def _attribute(owner: Any, name: str) -> Any:
    value = owner
    for part in name.split("."):
        if not hasattr(value, part) and part not in getattr(value, "__annotations__", {}):
            raise Wrong(f"{getattr(value, '__name__', value)} has no {part}")
        value = getattr(value, part, None)
    return value


def _module(file: str) -> Any:
    if not exists(file):
        raise Wrong(f"no file {file}")
    path = file if (ROOT / file).exists() else f"nightshift/{file}"
    return importlib.import_module(path.removesuffix(".py").removesuffix("/__init__").replace("/", "."))


def _raise(error: Exception) -> None:
    raise error
