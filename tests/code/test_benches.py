"""Every benchmark in docs/RESULTS.md can be started, whatever was moved since it last ran."""

import importlib
import sys

import pytest

from bench.all import SECTIONS

MODULES = sorted({section.command_line[0] for section in SECTIONS})


@pytest.mark.parametrize("module", MODULES)
def test_a_benchmark_explains_itself(module, monkeypatch, capsys):
    """Its imports work, and `--help` names its command."""
    monkeypatch.setattr(sys, "argv", [module, "--help"])
    with pytest.raises(SystemExit) as stopped:
        importlib.import_module(module).main()
    assert stopped.value.code == 0
    assert f"python -m {module}" in capsys.readouterr().out
