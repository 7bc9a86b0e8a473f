"""Checks what the pages show against the code: commands, files, links, signatures, and where a term is defined.

    problems(Page(Path("docs/stages/drift.md"), text))     # ["docs/stages/drift.md: `make tset`: no target tset", ...]

Nothing that a page shows is run: a command is resolved to its target, task, subcommand or module and its options are
looked up there; a call is bound to the signature of what it names.
"""

import ast
import contextlib
import importlib
import inspect
import io
import re
import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import typer

from nightshift.cli import app
from nightshift.settings import PROFILES

ROOT = Path(__file__).parents[1]
FOLDERS = ("bench", "containers", "dbt", "docs", "nightshift", "serving", "tasks", "tests", "workflows")
CODE = r"[\w.-]+(?:/[\w.-]+)*\.(?:py|sql)"
SHOWN_PATH = re.compile(rf"(?:{'|'.join(FOLDERS)})/[\w./-]*\.(?:py|sql|ya?ml|md|html|svg|json)\b|(?<![\w/.*-]){CODE}\b")
SIGNATURE = re.compile(rf"^(?P<call>[\w.]+\(.*\)).*?\(?(?P<file>nightshift/{CODE})\)?$")
NAMES = re.compile(rf"^(?P<names>\w+(?:(?:, | / )\w+)*) .*?\(?(?P<file>nightshift/{CODE})\)?$")
DEFINED = re.compile(rf"`(?P<name>[\w.]+)` in `(?P<file>{CODE})`")
DOTTED = re.compile(r"^(?P<name>(?:nightshift|serving|tasks)(?:\.\w+)+)(?P<call>\(.*\))?$")
USAGE_ERROR: Any = typer.BadParameter.__base__  # of every wrong option or argument; typer has no public name for it
LINK = re.compile(r"\]\((?P<target>[^)\s]+)\)")


@dataclass(frozen=True)
class Page:
    """One Markdown page, or the docstring of a module."""

    path: Path
    text: str

    @property
    def blocks(self) -> Iterator[tuple[str, list[str]]]:
        """Its code blocks: the info string, empty for an indented block, and the lines."""
        fence, lines = None, []
        for line in self.text.splitlines():
            if line.startswith("```"):
                if fence is not None:
                    yield fence, lines
                    fence = None
                else:
                    fence, lines = line[3:].strip(), []
            elif fence is not None:
                lines.append(line)
            elif line.startswith("    ") and not line.lstrip().startswith(("-", "*", "|")):
                yield "", [line.strip()]

    @property
    def spans(self) -> list[str]:
        """Its inline code."""
        prose = re.sub(r"^```.*?^```", "", self.text, flags=re.DOTALL | re.MULTILINE)
        return [" ".join(span.split()) for span in re.findall(r"`([^`]+)`", prose)]


class Wrong(Exception):
    """What a page shows does not exist; the text says what."""


def problems(page: Page) -> list[str]:
    """Everything that the page shows and the code does not hold."""
    return [f"{page.path}: {problem}" for check in (_commands, _paths, _links, _calls) for problem in check(page)]


def commands(page: Page) -> Iterator[tuple[str, bool]]:
    """Each command line of a page, and whether it is complete: a mention in a sentence may leave out arguments."""
    for info, lines in page.blocks:
        if info in {"", "sh", "bash"}:
            yield from ((line, True) for line in _joined(lines) if _program(line))
    yield from ((span, False) for span in page.spans if _program(span) and " " in span)


def _commands(page: Page) -> Iterator[str]:
    for line, whole in commands(page):
        try:
            check_command(line, whole=whole)
        except Wrong as wrong:
            yield f"`{line}`: {wrong}"


def check_command(line: str, *, whole: bool) -> None:
    """Resolve a command line. Raises Wrong where its target, module, task, subcommand or an option does not exist."""
    words = [
        word for word in shlex.split(line, comments=True) if not re.fullmatch(r"[A-Z_]+=.*", word) or "make" in line
    ]
    program, *rest = words
    PROGRAMS[Path(program).name](rest, whole=whole)


def _program(line: str) -> bool:
    words = [word for word in line.split() if not re.fullmatch(r"[A-Z_]+=.*", word)]
    return bool(words) and words[0].removeprefix(".venv/bin/") in PROGRAMS


def _joined(lines: list[str]) -> list[str]:
    return "\n".join(lines).replace("\\\n", " ").splitlines()


def _make(words: list[str], *, whole: bool) -> None:
    makefile = (ROOT / "Makefile").read_text()
    for word in words:
        if "=" in word:
            variable = word.partition("=")[0]
            if not re.search(rf"\$\({variable}\b|\$\(if \$\({variable}\)|^{variable} \?=", makefile, re.MULTILINE):
                raise Wrong(f"the Makefile reads no {variable}")
        elif not re.search(rf"^{re.escape(word)}:", makefile, re.MULTILINE):
            raise Wrong(f"no target {word}")


def _nightshift(words: list[str], *, whole: bool) -> None:
    command: Any = typer.main.get_command(app)
    while hasattr(command, "commands") and words and not words[0].startswith("-"):
        name, *words = words
        if name not in command.commands:
            raise Wrong(f"no subcommand {name}")
        command = command.commands[name]
    if not whole and not words:
        return
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            command.make_context(command.name or "", words)
    except USAGE_ERROR as error:
        raise Wrong(error.format_message()) from None
    except typer.Exit:  # --help
        pass


def _pyflyte(words: list[str], *, whole: bool) -> None:
    if not words or words[0] != "run" or len(words) == 1 or words[1].startswith(("-", ".")):
        return
    path, *rest = words[1:]
    functions = {node.name: node for node in _tree(path).body if isinstance(node, ast.FunctionDef)}
    if not rest:
        raise Wrong(f"{path} needs the name of a task or a workflow")
    name, *options = rest
    if name not in functions or not functions[name].decorator_list:
        raise Wrong(f"{path} has no task or workflow {name}")
    arguments = functions[name].args
    parameters = [argument.arg for argument in arguments.args]
    given = _options(options)
    if unknown := set(given) - {*parameters, "help"}:
        raise Wrong(f"{name} takes no {', '.join(sorted(unknown))}")
    missing = set(parameters[: len(parameters) - len(arguments.defaults)]) - set(given)
    if whole and missing and "help" not in given:
        raise Wrong(f"{name} needs {', '.join(sorted(missing))}")
    if (profile := given.get("profile")) is not None and profile not in PROFILES:
        raise Wrong(f"no profile {profile}")


def _python(words: list[str], *, whole: bool) -> None:
    if words[:1] == ["-m"]:
        module, options = words[1].replace(".", "/"), words[2:]
        if module.split("/")[0] not in FOLDERS:
            return
        path = f"{module}.py" if (ROOT / f"{module}.py").exists() else f"{module}/__main__.py"
    elif words and words[0].endswith(".py"):
        path, options = words[0], words[1:]
    else:
        return
    known = _argparse_options(path)
    if unknown := {f"--{name}" for name in _options(options)} - known - {"--help"}:
        raise Wrong(f"{path} takes no {', '.join(sorted(unknown))}")


def _options(words: list[str]) -> dict[str, str]:
    """The options among the words of a command, without dashes, with the word that follows each."""
    return {
        word[2:].partition("=")[0]: following for word, following in pairwise([*words, ""]) if word.startswith("--")
    }


@cache
def _argparse_options(path: str) -> frozenset[str]:
    """The options that a script adds to its argument parser, itself or in the modules of bench/ that it imports."""
    options: set[str] = set()
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "add_argument":
            options |= {str(flag.value) for flag in node.args if isinstance(flag, ast.Constant)}
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("bench"):
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            files = [f"{name.replace('.', '/')}.py" for name in names]
            options = options.union(*(_argparse_options(file) for file in files if (ROOT / file).exists()))
    return frozenset(options)


def _tree(path: str) -> ast.Module:
    if not (ROOT / path).is_file():
        raise Wrong(f"no file {path}")
    return ast.parse((ROOT / path).read_text())


def _paths(page: Page) -> Iterator[str]:
    shown = [span for span in page.spans if " " not in span]
    shown += [line for info, lines in page.blocks if info in {"", "sh", "python"} for line in lines]
    for text in shown:
        for path in SHOWN_PATH.findall(text):
            if not _exists(path):
                yield f"no file {path}"


def _exists(path: str) -> bool:
    """Whether it lies there, from the root or, as pages name their own folder's files, from any folder."""
    return (ROOT / path).exists() or any(file.endswith(f"/{path}") for file in _files())


@cache
def _files() -> frozenset[str]:
    return frozenset(str(path) for folder in FOLDERS for path in (ROOT / folder).rglob("*.*"))


def _links(page: Page) -> Iterator[str]:
    for target in LINK.findall(page.text):
        if target.startswith(("http:", "https:")):
            continue
        path, _, anchor = target.partition("#")
        file = (ROOT / page.path).parent / path if path else ROOT / page.path
        if not file.exists():
            yield f"the link {target} leads nowhere"
        elif anchor and anchor not in _anchors(file.read_text()):
            yield f"the link {target} leads to no heading"


def _anchors(text: str) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def _calls(page: Page) -> Iterator[str]:
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
    if not _exists(file):
        raise Wrong(f"no file {file}")
    path = file if (ROOT / file).exists() else f"nightshift/{file}"
    return importlib.import_module(path.removesuffix(".py").removesuffix("/__init__").replace("/", "."))


def _raise(error: Exception) -> None:
    raise error


PROGRAMS = {"make": _make, "nightshift": _nightshift, "pyflyte": _pyflyte, "python": _python}
