"""The softmax lessons: they print what they claim, and their training gives torch's numbers."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from tinygrad_lite import Generator, datasets, nn

EXAMPLES = Path(__file__).parent.parent / "examples"
EPOCH = r"^ +(\d+) +(\d\.\d{4}) +(\d\.\d{4}) +(\d\.\d{4})$"  # a row of the tables: epoch, train loss, test loss, test accuracy


@pytest.fixture(scope="module")
def train(fashion_mnist: datasets.FashionMNIST) -> datasets.FashionMNIST:
    return fashion_mnist


def run(example: str, folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    # One BLAS thread: these products are so small that a second one gains nothing, and it waits in a busy loop, which on a
    # machine that does something else as well takes ten times as long.
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8", "OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, "-W", "error", str(EXAMPLES / f"{example}.py"), *options, "--out", str(folder / "figure.png")]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, encoding="utf-8", timeout=300)


def table(done: subprocess.CompletedProcess[str], pattern: str) -> list[tuple[float, ...]]:
    """The numbers in the lines that match."""
    assert (done.returncode, done.stderr) == (0, "")
    return [tuple(map(float, row)) for row in re.findall(pattern, done.stdout, re.MULTILINE)]


def test_one_epoch_is_torchs(train: datasets.FashionMNIST) -> None:
    """From the same start and on the same batches, in float64, 235 losses are torch's to 1e-10, and the weights too."""
    ours = nn.Sequential(nn.Flatten(), nn.Linear(784, 10)).double()
    theirs = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(784, 10)).double()
    theirs.load_state_dict({name: torch.tensor(value.numpy().copy()) for name, value in ours.state_dict().items()})
    our_loss, their_loss = nn.CrossEntropyLoss(), torch.nn.CrossEntropyLoss()
    our_sgd, their_sgd = nn.optim.SGD(ours.parameters(), lr=0.1), torch.optim.SGD(theirs.parameters(), lr=0.1)
    losses = []
    for x, y in datasets.DataLoader(train, batch_size=256, shuffle=True, generator=Generator().manual_seed(0)):
        x = x.double()
        loss, expected = our_loss(ours(x), y), their_loss(theirs(torch.from_numpy(x.numpy())), torch.from_numpy(y.numpy()))
        our_sgd.zero_grad()
        their_sgd.zero_grad()
        loss.backward()
        expected.backward()
        our_sgd.step()
        their_sgd.step()
        losses.append((loss.item(), expected.item()))
    assert len(losses) == 235
    np.testing.assert_allclose([a for a, _ in losses], [b for _, b in losses], rtol=1e-10)
    assert losses[-1][0] < 0.5 * losses[0][0]
    for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
        np.testing.assert_allclose(p.detach().numpy(), q.detach().numpy(), rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("seed", range(3))
def test_ten_epochs_are_enough(seed: int, train: datasets.FashionMNIST, tmp_path: Path) -> None:
    """0.82 of the test pictures named rightly after ten epochs (0.83 to 0.84 is usual)."""
    rows = table(run("softmax_regression", tmp_path, "--seed", str(seed)), EPOCH)
    epochs, train_losses, _, accuracies = zip(*rows)
    assert epochs == tuple(range(1, 11))
    assert list(train_losses) == sorted(train_losses, reverse=True) and train_losses[-1] < 0.46
    assert accuracies[-1] >= 0.82


def test_from_scratch_and_with_nn_are_the_same(train: datasets.FashionMNIST, tmp_path: Path) -> None:
    scratch = run("softmax_regression_scratch", tmp_path, "--short", "--seed", "3")
    assert "y_hat[[0, 1], y] = tensor([0.1000, 0.5000])" in scratch.stdout
    concise = run("softmax_regression", tmp_path, "--short", "--seed", "3")
    rows = table(scratch, EPOCH)
    assert len(rows) == 2
    np.testing.assert_allclose(rows, table(concise, EPOCH), rtol=0, atol=2e-4)  # the last digit printed may be rounded apart


def test_softmax_breaks_and_is_remedied(tmp_path: Path) -> None:
    done = run("softmax_properties", tmp_path, "--short")
    assert done.returncode == 0, done.stderr
    mended = r" +0\.7054 +0\.2595 +0\.03512$"
    assert re.search(r"^\[100\.0, 99\.0, 97\.0\] +inf +inf +inf +nan +nan +nan" + mended, done.stdout, re.MULTILINE)
    assert re.search(r"^\[-200\.0, -201\.0, -203\.0\] +0 +0 +0 +nan +nan +nan" + mended, done.stdout, re.MULTILINE)
    assert re.search(r"^  log\(naive softmax\) +-0\.3133 +-1\.313 +-inf$", done.stdout, re.MULTILINE)
    assert re.search(r"^  log_softmax +-0\.3133 +-1\.313 +-200\.3$", done.stdout, re.MULTILINE)
    assert re.search(r"^ +-200 +inf +200\.0000 +nan +-1\.0000$", done.stdout, re.MULTILINE)
    assert "float16 11.0   float32 88.7   float64 709.7" in done.stdout


def test_the_experiments_show_what_they_say(train: datasets.FashionMNIST, tmp_path: Path) -> None:
    done = run("softmax_experiments", tmp_path, "--short")
    rates = {rate: last for rate, _, last in table(done, r"^ +([\d.]+) +(\d+\.\d{4}) +(\d+\.\d{4})$")}
    assert list(rates) == [0.001, 0.1, 1.0] and min(rates, key=lambda rate: rates[rate]) == 0.1
    sizes, train_losses, validation_losses = zip(*table(done, r"^ +(\d+) +\d+ +(\d+\.\d{4}) +(\d+\.\d{4}) +[\d.]+$"))
    assert sizes == tuple(2**k for k in range(12))
    for losses in (train_losses, validation_losses):
        assert 0 < losses.index(min(losses)) < 11, "neither the smallest batch nor the largest is best"
    forms = table(done, r"^ +(\d+) +(\d+\.\d{5}) +(\d+\.\d{5}) +([\d.]+) +([\d.]+) +[\d.]+$")
    assert [row[0] for row in forms] == [10, 1000]
    np.testing.assert_allclose([row[1] for row in forms], [row[2] for row in forms], atol=2e-5)
    assert forms[1][3] > 2 * forms[1][4], "with 1000 classes, the sum over a one-hot row takes more than twice as long"
    thresholds, coverages, accuracies = zip(*table(done, r"^ +(\d\.\d\d) +(\d\.\d{3}) +(\d\.\d{3})$"))
    assert thresholds[0] == 0 and coverages[0] == 1
    assert list(coverages) == sorted(coverages, reverse=True)
    assert accuracies[-1] > accuracies[0] + 0.1
