"""The examples run, say what they should, and draw a picture."""

from __future__ import annotations

import ast
import os
import re
import runpy
import signal
import subprocess
import sys
import time
from pathlib import Path
from threading import Timer

import numpy as np
import pytest
from matplotlib.image import imread

from tinygrad_lite.nn import lesson

EXAMPLES = Path(__file__).parent.parent / "examples"
NAMES = sorted(path.stem for path in EXAMPLES.glob("*.py"))
OPTIONS = {"chain_rule": [], "train_iris": ["--epochs", "40", "--starts", "2"]}  # the others have --short
EXPECTED = {  # what is printed, where it is known beforehand
    "chain_rule": r"w +weight +0\.600000 +1\.146673 +1\.146673 +1\.146673",
    "train_iris": r"linear +9 .*\nMLP +387 ",
}
PAGES = {  # the lessons that explain a backward pass, and what stands on their page
    "chain_rule": ("t = tanh(s)", "x=lambda g, out: g * (1 - out * out)", "g · (1 - out²)"),
    "backprop_by_hand": ('nodes[\\"A1\\"] = nodes[\\"X\\"] @ nodes[\\"W1\\"]', '"name":"W2"', "g @ yᵀ"),
    "train_iris": ("layers.0.weight", "return self.layers(x)", "cross_entropy"),
}
ENVIRONMENT = {**os.environ, "PYTHONIOENCODING": "utf-8", "OPENBLAS_NUM_THREADS": "1"}  # two wait for each other here
for name in ("DISPLAY", "PYTHONUNBUFFERED"):  # no screen; and what is printed waits in a buffer, unless the lesson prevents it
    ENVIRONMENT.pop(name, None)


def run(example: str, options: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """It, as a user would: in a fresh process, in another folder, without a screen."""
    command = [sys.executable, "-W", "error", str(EXAMPLES / f"{example}.py"), *options]
    return subprocess.run(command, cwd=folder, env=ENVIRONMENT, capture_output=True, encoding="utf-8", timeout=120)


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
    pages = [f"{example}.html"] if example in PAGES else []
    assert sorted(path.name for path in figure.parent.iterdir()) == [*pages, figure.name], "nothing unfinished is left"
    for page in pages:
        assert all(part in (figure.parent / page).read_text(encoding="utf-8") for part in PAGES[example])


def test_iris_by_the_numbers(tmp_path: Path) -> None:
    """The same seed prints the same table. The border of the linear model is straight, that of the network is bent."""
    first, second = (run("train_iris", ["--epochs", "60", "--starts", "2"], tmp_path).stdout for _ in range(2))
    row = r"^(linear|MLP) +\d+ +(\d+) +([\d.]+) +([\d.]+) +([\d.]+) +(\d+) degrees"
    rows = re.findall(row, first, re.MULTILINE)
    assert rows == re.findall(row, second, re.MULTILINE) and [name for name, *_ in rows] == ["linear", "MLP"]
    for _, starts, loss, train_accuracy, test_accuracy, _ in rows:
        assert starts == "2" and 0 < float(loss) < 0.7
        assert float(train_accuracy) > 0.85 and float(test_accuracy) > 0.85
    straight, bent = int(rows[0][-1]), int(rows[1][-1])
    assert straight == 0 and bent > 20
    assert f"turns by {straight} degrees in the linear model and by {bent} degrees in the MLP model" in first
    for (name, *_, accuracy, _), mistakes in zip(rows, re.findall(r"(\d+) of them among the 30 test flowers", first)):
        assert float(accuracy) == pytest.approx(1 - int(mistakes) / 30, abs=5e-4), name


def refused(example: str, options: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    """The last line of the usage error with which a lesson ends at once, in this process, where torch is loaded already."""
    path = EXAMPLES / f"{example}.py"
    monkeypatch.setattr(sys, "argv", [str(path), *options])
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(path), run_name="__main__")
    printed = capsys.readouterr()
    assert (ended.value.code, printed.out) == (2, "")
    return printed.err.splitlines()[-1]


@pytest.mark.parametrize("example", NAMES)
def test_bad_options_are_found_before_training(
    example: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a_file").touch()
    for out, said in {"x.xyz": "unknown format", "a_file/x.png": "no file can be written", ".": "folder"}.items():
        line = refused(example, ["--out", out], monkeypatch, capsys)
        assert "argument --out" in line and said in line, line
    text = (EXAMPLES / f"{example}.py").read_text(encoding="utf-8")
    for option, values in {
        "epochs": ("0", "-1", "many"), "batch-epochs": "0", "decay-epochs": "0", "steps": "0", "starts": "0",
        "batch-size": "0", "lr": ("0", "-1", "nan"), "device": ["tpu"],
    }.items():  # fmt: skip
        for value in values if f'"--{option}"' in text else ():
            line = refused(example, [f"--{option}={value}"], monkeypatch, capsys)
            assert f"argument --{option}" in line and value in line, line
    assert [path.name for path in tmp_path.iterdir()] == ["a_file"]


def test_a_folder_without_permission_is_found_before_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def not_permitted(*args: object, **options: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(lesson, "TemporaryFile", not_permitted)  # root may write anywhere
    line = refused("chain_rule", ["--out", str(tmp_path / "x.png")], monkeypatch, capsys)
    assert "argument --out" in line and "Permission denied" in line


@pytest.mark.parametrize(
    ("options", "epochs"), [([], 16), (["--short"], 4), (["--short", "--epochs", "5"], 5), (["--epochs", "5", "--short"], 5)]
)
def test_short_does_not_override_what_was_given(
    options: list[str], epochs: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "argv", ["perceptron_vs_torch.py", *options, "--out", str(tmp_path / "x.png")])
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    runpy.run_path(str(EXAMPLES / "perceptron_vs_torch.py"))
    assert f"after {epochs} epochs" in capsys.readouterr().out


def test_lesson_9_without_torch_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.chdir(tmp_path)
    assert "pip install torch scikit-learn" in refused("perceptron_vs_torch", [], monkeypatch, capsys)
    monkeypatch.setattr(sys, "argv", ["perceptron_vs_torch.py", "--help"])
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(EXAMPLES / "perceptron_vs_torch.py"))
    assert not ended.value.code and "--epochs" in capsys.readouterr().out


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT that is sent to one process")
@pytest.mark.parametrize(
    ("example", "options", "row"),
    [
        ("train_iris", ["--epochs", "1000000", "--starts", "1"], r"^linear +9 "),
        ("softmax_regression", ["--epochs", "1000"], r"^ +\d+ +[\d.]{6} +[\d.]{6} +[\d.]{6}$"),
        ("softmax_regression_scratch", ["--epochs", "1000"], r"^ +\d+ +[\d.]{6} +[\d.]{6} +[\d.]{6}$"),
        ("softmax_experiments", ["--short"], r"^ +0.001 "),
        ("mlp_fashion_mnist", ["--short", "--epochs", "1000"], r"^ +\d+ +[\d.]{6} +[\d.]{6} +[\d.]{6}$"),
    ],
)
def test_ctrl_c_ends_with_what_was_reached(
    example: str, options: list[str], row: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Rows are seen while it trains, also in a pipe; after Ctrl-C come the figure and the text, and the exit status is 130."""
    if example != "train_iris":
        request.getfixturevalue("fashion_mnist")
    command = [sys.executable, "-W", "error", str(EXAMPLES / f"{example}.py"), *options, "--out", str(tmp_path / "x.png")]
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # the jobs of a shell inherit that they ignore it
    with subprocess.Popen(
        command, env=ENVIRONMENT, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8"
    ) as process:
        signal.signal(signal.SIGINT, before)
        guard = Timer(60, process.kill)  # if nothing is seen
        guard.start()
        lines: list[str] = []
        assert process.stdout
        if example == "train_iris":  # whose row comes at the end of a model's training
            lines.append(process.stdout.readline())
            time.sleep(1.5)
        else:
            while not re.match(row, lines[-1] if lines else ""):
                lines.append(process.stdout.readline())
                assert lines[-1], process.stderr and process.stderr.read()
        assert process.poll() is None, "it still trains"
        process.send_signal(signal.SIGINT)
        assert process.stderr
        rest, errors = process.stdout.read(), process.stderr.read()
        guard.cancel()
    printed = "".join(lines) + rest
    assert (process.returncode, errors) == (130, ""), printed
    assert 0 < len(re.findall(row, printed, re.MULTILINE)) < 30, "the first row was seen at once, not when a buffer was full"
    assert "\nInterrupted: " in printed and "\nTo be seen: " in printed
    assert printed.endswith(f"Figure: {tmp_path / 'x.png'}\n") and (tmp_path / "x.png").stat().st_size > 10_000
    if example == "mlp_fashion_mnist":
        losses = [float(loss) for loss in re.findall(r"^ +\d+ +[\d.]{6} +([\d.]{6}) +[\d.]{6}$", printed, re.MULTILINE)]
        best = re.search(r"the weights are those of epoch (\d+)", printed)
        assert best and losses[int(best[1]) - 1] == min(losses)


def test_ctrl_c_before_anything_is_finished_ends_without_a_traceback(tmp_path: Path) -> None:
    code = """
from tinygrad_lite.nn import lesson
lesson.Options("").parse()
with lesson.until_interrupted(lambda: []):
    raise KeyboardInterrupt
"""
    done = subprocess.run(
        [sys.executable, "-c", code], env=ENVIRONMENT, cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert done.returncode not in (0, 1) and (done.stdout, done.stderr) == ("", "\nInterrupted.\n")


@pytest.mark.parametrize("example", NAMES)
def test_modules_start_as_pytorch_needs_it(example: str) -> None:
    tree = ast.parse((EXAMPLES / f"{example}.py").read_text(encoding="utf-8"))
    for kind in (node for node in ast.walk(tree) if isinstance(node, ast.ClassDef) and node.bases):
        for method in (node for node in kind.body if isinstance(node, ast.FunctionDef) and node.name == "__init__"):
            assert ast.unparse(method.body[0]) == "super().__init__()", f"{kind.name} in {example}.py"


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
