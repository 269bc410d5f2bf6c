"""The examples run, say what they should, and draw a picture."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread

EXAMPLES = Path(__file__).parent.parent / "examples"
NAMES = sorted(path.stem for path in EXAMPLES.glob("*.py"))
OPTIONS = {"chain_rule": [], "train_iris": ["--epochs", "40", "--starts", "2"]}  # the others have --short
EXPECTED = {  # what is printed, where it can be told beforehand
    "chain_rule": r"w +weight +0\.600000 +1\.146673 +1\.146673 +1\.146673",
    "train_iris": r"linear +9 .*\nMLP +33 ",
}


def run(example: str, options: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """It, as a user would: in a fresh process, in another folder, without a screen."""
    command = [sys.executable, "-W", "error", str(EXAMPLES / f"{example}.py"), *options]
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8", "OPENBLAS_NUM_THREADS": "1"}  # two wait for each other here
    environment.pop("DISPLAY", None)
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, encoding="utf-8", timeout=120)


@pytest.mark.parametrize("example", NAMES)
def test_it_runs_and_draws(example: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    if "FashionMNIST(" in (EXAMPLES / f"{example}.py").read_text(encoding="utf-8"):
        request.getfixturevalue("fashion_mnist")
    options = OPTIONS.get(example, ["--short"])
    figure = tmp_path / "new folder" / f"{example}.png"
    done = run(example, [*options, "--out", str(figure)], tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert re.search(EXPECTED.get(example, ""), done.stdout), done.stdout
    assert re.search(r"^To be seen: ", done.stdout, re.MULTILINE)
    assert done.stdout.endswith(f"Figure: {figure}\n")
    assert figure.read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    pixels = imread(figure)
    assert min(pixels.shape[:2]) >= 300
    assert len(np.unique(pixels.reshape(-1, pixels.shape[2]), axis=0)) > 100, "more than a few colours: something was drawn"
    assert [path.name for path in figure.parent.iterdir()] == [figure.name], "nothing unfinished is left"


def test_iris_by_the_numbers(tmp_path: Path) -> None:
    """The same seed prints the same table; what it prints is what was measured."""
    tables = [run("train_iris", ["--epochs", "40", "--starts", "1"], tmp_path).stdout for _ in range(2)]
    rows = [re.findall(r"^(linear|MLP) +\d+ +([\d.]+) +([\d.]+) +([\d.]+)", table, re.MULTILINE) for table in tables]
    assert rows[0] == rows[1] and len(rows[0]) == 2
    for _, loss, train_accuracy, test_accuracy in rows[0]:
        assert 0 < float(loss) < 0.7 and float(train_accuracy) > 0.85 and float(test_accuracy) > 0.85


@pytest.mark.parametrize("options", [["--epochs", "0"], ["--starts", "0"], ["--device", "tpu"], ["--epochs", "many"]])
def test_options_that_cannot_be(options: list[str], tmp_path: Path) -> None:
    done = run("train_iris", [*options, "--epochs", "1"] if "--epochs" not in options else options, tmp_path)
    assert done.returncode != 0
    assert re.search(rf"\b{options[1]}\b", done.stderr.splitlines()[-1]), done.stderr
    assert not list(tmp_path.rglob("*.png*"))


@pytest.mark.parametrize("example", NAMES)
def test_it_opens_as_a_notebook(example: str) -> None:
    """Cells alternate text and code, and each code cell is Python on its own."""
    text = (EXAMPLES / f"{example}.py").read_text(encoding="utf-8")
    assert text.startswith("# %% [markdown]\n# # ")
    cells = re.split(r"^# %%", text, flags=re.MULTILINE)[1:]
    for cell in cells:
        kind, _, body = cell.partition("\n")
        if kind == " [markdown]":
            assert all(line.startswith("#") for line in body.strip().splitlines())
        else:
            compile(body, example, "exec")


@pytest.mark.parametrize("example", OPTIONS)
def test_it_runs_in_a_notebook(example: str, tmp_path: Path) -> None:
    """There the command line is the kernel's, and the defaults hold."""
    notebook = f"""
import runpy, sys, types
sys.modules["ipykernel"] = types.ModuleType("ipykernel")
sys.argv = ["ipykernel_launcher.py", "-f", "kernel.json"]
runpy.run_path({str(EXAMPLES / (example + ".py"))!r})
"""
    subprocess.run([sys.executable, "-W", "error", "-c", notebook], cwd=tmp_path, check=True, timeout=120)
    assert (tmp_path / "figures" / f"{example}.png").stat().st_size > 10_000
