"""``python -m dualrev`` and its subcommands."""

import subprocess
import sys

import pytest

from dualrev import comparison, showcase
from dualrev.__main__ import main

MODEL = """
import numpy as np

limit = 3


def loss(x):
    return np.sum(np.sin(x) ** 2)


def product(a, b):
    return np.tanh(a @ b)


def kinked(x):
    return np.sum(np.where(x > 1.0, 5.0 * x, x))
"""


@pytest.fixture
def model(tmp_path, monkeypatch):
    (tmp_path / "cli_model.py").write_text(MODEL)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield "cli_model"
    sys.modules.pop("cli_model", None)


def test_check(model, capsys):
    assert main(["check", f"{model}:loss", "--args", "np.ones(3)"]) == 0
    assert "passed" in capsys.readouterr().out
    assert main(["check", f"{model}.py:product", "--shapes", "3,4; 4"]) == 0
    assert main(["check", "numpy:sin", "--shapes", "()"]) == 0


def test_check_fails_where_the_function_is_not_smooth(model, capsys):
    assert main(["check", f"{model}:kinked", "--args", "np.ones(3)"]) == 1
    assert "CheckError" in capsys.readouterr().err


def test_graph(model, capsys, tmp_path):
    assert main(["graph", f"{model}:loss", "--args", "np.ones(3)"]) == 0
    assert "v1 = sin(x)" in capsys.readouterr().out
    for suffix in ("svg", "dot", "txt"):
        assert main(["graph", f"{model}:loss", "--args", "np.ones(3)", "-o", f"g.{suffix}"]) == 0
        assert (tmp_path / f"g.{suffix}").stat().st_size > 100


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["check", "{}", "--args", "1"], "module:function"),
        (["check", "no_such_module:f", "--args", "1"], "no module 'no_such_module'"),
        (["check", "{}:los", "--args", "1"], "it has kinked, loss, product"),
        (["check", "{}:limit", "--args", "1"], "not a function but int"),
        (["check", "{}:loss"], "needs arguments"),
        (["check", "{}:loss", "--args", "1 +"], "SyntaxError"),
        (["check", "{}:loss", "--args", "nope"], "NameError"),
        (["check", "{}:loss", "--shapes", "a,b"], "not a shape"),
        (["graph", "{}:loss", "--args", "1.", "-o", "g.png"], "suffix"),
        (["graph", "{}:loss", "--args", "1.", "-o", "no/such/folder/g.svg"], "cannot write"),
    ],
)
def test_bad_commands_are_named_and_exit_with_2(model, capsys, arguments, words):
    assert main([a.format(model) for a in arguments]) == 2
    error = capsys.readouterr().err
    assert error.startswith("dualrev: ")
    assert words in error


def test_errors_of_the_library_exit_with_1(model, capsys):
    assert main(["check", f"{model}:loss", "--args", "True"]) == 1
    assert "NotDifferentiableError" in capsys.readouterr().err


def test_version_and_unknown_subcommand():
    for arguments, code in ((["--version"], 0), (["frobnicate"], 2)):
        with pytest.raises(SystemExit) as stop:
            main(arguments)
        assert stop.value.code == code


def test_bench(capsys):
    assert main(["bench", "--seconds", "0.1"]) == 0
    assert "gradient / f" in capsys.readouterr().out


@pytest.mark.parametrize(
    "demonstrate", [d for _, d in showcase.DEMONSTRATIONS[:5]], ids=lambda d: d.__name__
)
def test_demonstrations(demonstrate):
    lines = []
    demonstrate(lines.append)
    assert lines


def test_meta_learning_in_short():
    lines = []
    showcase.meta_learning(lines.append, iterations=60)
    assert "second order" in lines[0]


def test_a_failed_demonstration_gives_a_bad_exit_code(monkeypatch, capsys):
    def fails(out):
        comparison.require(False, "one is not two")

    monkeypatch.setattr(showcase, "DEMONSTRATIONS", (("It fails", fails),))
    assert main([]) == 1
    assert "FAILED: one is not two" in capsys.readouterr().out


@pytest.mark.slow
def test_the_showcase_as_a_program():
    found = subprocess.run(
        [sys.executable, "-m", "dualrev"], capture_output=True, text=True, timeout=300
    )
    assert found.returncode == 0, found.stdout + found.stderr
    assert "All results agree" in found.stdout
