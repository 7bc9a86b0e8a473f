"""Checks the commands that pages show: targets, modules, tasks, subcommands and options exist. Nothing is run.

check_command("make tset", whole=True)      # Wrong: no target tset
"""

import ast
import contextlib
import io
import re
import shlex
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import typer

from nightshift.cli import app
from nightshift.settings import PROFILES
from tests.docs_page import FOLDERS, ROOT, Page, Wrong, tree

USAGE_ERROR: Any = typer.BadParameter.__base__  # of every wrong option or argument; typer has no public name for it


def commands(page: Page) -> Iterator[tuple[str, bool]]:
    """Each command line of a page, and whether it is complete: a mention in a sentence may leave out arguments."""
    for info, lines in page.blocks:
        if info in {"", "sh", "bash"}:
            yield from ((line, True) for line in _joined(lines) if _program(line))
    yield from ((span, False) for span in page.spans if _program(span) and " " in span)


def wrong_commands(page: Page) -> Iterator[str]:
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
        with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(typer.Exit):  # --help exits
            command.make_context(command.name or "", words)
    except USAGE_ERROR as error:
        raise Wrong(error.format_message()) from None


def _pyflyte(words: list[str], *, whole: bool) -> None:
    if not words or words[0] != "run" or len(words) == 1 or words[1].startswith(("-", ".")):
        return
    path, *rest = words[1:]
    functions = {node.name: node for node in tree(path).body if isinstance(node, ast.FunctionDef)}
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
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "add_argument":
            options |= {str(flag.value) for flag in node.args if isinstance(flag, ast.Constant)}
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("bench"):
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            files = [f"{name.replace('.', '/')}.py" for name in names]
            options = options.union(*(_argparse_options(file) for file in files if (ROOT / file).exists()))
    return frozenset(options)


PROGRAMS = {"make": _make, "nightshift": _nightshift, "pyflyte": _pyflyte, "python": _python}
