"""Every example runs and finds what its independent answer says (its own assertions)."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
ARGUMENTS = {  # shorter runs, where the default takes more than a few seconds
    "meta_learning": ["--iterations", "300"],
    "implicit_layer": ["-n", "100"],
    "newton": ["-n", "300"],
    "bratu": ["-n", "50"],
    "chained_hessian": ["-n", "2000"],
}
PICTURES = {
    "bratu": "picture.svg",
    "chained_hessian": "picture.svg",
    "constrained_optimum": "picture.svg",
    "curve_fit": "picture.svg",
    "gaussian_process": "picture.svg",
    "implicit_layer": "picture.svg",
    "maximum_likelihood": "picture.svg",
    "meta_learning": "picture.svg",
    "newton": "picture.svg",
    "seed_lesson": ".",
}


def run(example, arguments, folder):
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }
    return subprocess.run(
        [sys.executable, "-W", "error", str(example), *arguments],
        capture_output=True,
        text=True,
        cwd=folder,
        env=environment,
        timeout=600,
        check=False,
    )


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_example(example, tmp_path):
    arguments = ARGUMENTS.get(example.stem, [])
    if example.stem in PICTURES:
        arguments = [*arguments, "--picture", PICTURES[example.stem]]
    done = run(example, arguments, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout
    assert not done.stderr  # no progress line unless somebody looks
    pictures = list(tmp_path.glob("*.svg"))
    assert bool(pictures) == (example.stem in PICTURES)
    assert all(picture.read_text().startswith("<svg") for picture in pictures)


@pytest.mark.slow
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_example_by_default(example, tmp_path):
    done = run(example, [], tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


def test_an_example_fails_when_its_assertion_does(tmp_path):
    """A wrong number is an exit code, also under ``python -O``."""
    broken = tmp_path / "broken.py"
    text = (ROOT / "examples" / "seed_lesson.py").read_text()
    assert "return np.cos(" in text
    broken.write_text(text.replace("return np.cos(", "return 1.0001 * np.cos("))
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-O", str(broken)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 1
    assert "CheckError" in done.stderr


def test_examples_say_what_they_show():
    assert {e.stem for e in EXAMPLES} >= {
        "bratu",
        "chained_hessian",
        "constrained_optimum",
        "curve_fit",
        "gaussian_process",
        "implicit_layer",
        "maximum_likelihood",
        "meta_learning",
        "newton",
        "per_example_gradients",
        "scipy_minimize",
        "seed_lesson",
    }
    for example in EXAMPLES:
        assert example.read_text().startswith('"""'), example
