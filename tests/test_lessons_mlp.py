"""What the lessons print, by the numbers. That each runs, draws and opens as a notebook is tested in test_examples.py."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from .test_examples import NAMES, run

NUMBER = r"([-+.\de]+)"


def printed(example: str, folder: Path, *options: str) -> str:
    """What an example prints when all goes well."""
    done = run(example, [*options], folder)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_four_gradients_agree_after_sixteen_epochs(seed: int, tmp_path: Path) -> None:
    output = printed("perceptron_vs_torch", tmp_path, "--seed", str(seed))
    assert "after 16 epochs of 3 batches" in output
    rows = dict(re.findall(r"^by (hand|einsum|the engine|PyTorch) +(.*)$", output, re.MULTILINE))
    assert list(rows) == ["hand", "einsum", "the engine", "PyTorch"]
    numbers = {way: [float(number) for number in row.split()] for way, row in rows.items()}
    assert all(0 <= error <= 1e-14 for row in numbers.values() for error in row[:3])
    assert numbers["PyTorch"][:3] == [0, 0, 0]
    assert max(numbers["einsum"][:3]) > 0, "another order of rounding shows in the last digit"
    assert len({row[3] for row in numbers.values()}) == 1 and numbers["PyTorch"][3] > 0.75


def test_every_node_of_the_network_is_compared(tmp_path: Path) -> None:
    output = printed("backprop_by_hand", tmp_path)
    found = re.findall(r"^(\w+) +.*? (\d(?: x \d)?) +(\d+\.\d+) +(\d\.\de[-+]\d+)   ", output, re.MULTILINE)
    assert [name for name, *_ in found] == ["L", "P", "Z2", "b2", "A2", "W2", "H", "Z1", "b1", "A1", "W1", "X"]
    assert all(float(difference) < 1e-14 and float(norm) > 0 for *_, norm, difference in found)
    shapes = {name: shape for name, shape, *_ in found}
    assert shapes == {
        "L": "1", "P": "6 x 3", "Z2": "6 x 3", "b2": "3", "A2": "6 x 3", "W2": "4 x 3",
        "H": "6 x 4", "Z1": "6 x 4", "b1": "4", "A1": "6 x 4", "W1": "2 x 4", "X": "6 x 2",
    }  # fmt: skip
    first, last, apart = map(float, re.search(rf"loss {NUMBER} -> {NUMBER} by hand .* by {NUMBER} at most", output).groups())  # type: ignore[union-attr]
    assert last < 0.3 * first and apart < 1e-10


@pytest.mark.parametrize("seed", [0, 1])
def test_the_line_is_found_and_weight_decay_helps(seed: int, tmp_path: Path) -> None:
    output = printed("linear_regression", tmp_path, "--decay-epochs", "500", "--seed", str(seed))
    for name, truth in (("w1", 2.0), ("w2", -3.4), ("b", 4.2)):
        numbers = re.search(rf"^{name} +{NUMBER} +{NUMBER} +{NUMBER} +{NUMBER} +{NUMBER}$", output, re.MULTILINE)
        assert numbers
        true, found, error, closed, closed_error = map(float, numbers.groups())
        assert true == truth and abs(found - truth) == pytest.approx(error, abs=2e-4)
        assert error < 0.03 and closed_error < 0.015 and abs(closed - truth) == pytest.approx(closed_error, abs=2e-4)
    rows = re.findall(rf"^ +{NUMBER} +{NUMBER} +{NUMBER} +{NUMBER} +{NUMBER}$", output, re.MULTILINE)
    decays, train, valid, test, norms = zip(*[[float(number) for number in row] for row in rows])
    assert decays == (0, 0.01, 0.03, 0.1, 0.3, 1, 3)
    assert list(norms) == sorted(norms, reverse=True) and list(train) == sorted(train), (
        "more decay, smaller weights, more error"
    )
    best = valid.index(min(valid))
    assert test[best] < 0.9 * test[0] and min(valid) > 1 > train[0], "nothing is better than the noise on new points"
    assert f"weight decay {decays[best]:g}, which the validation points choose, the error on the test points is" in output
    assert f"\n{test[best]:.2f}, and {test[0]:.2f} without decay." in output


@pytest.mark.usefixtures("fashion_mnist")
def test_the_network_learns_and_the_same_seed_learns_the_same(tmp_path: Path) -> None:
    first, second, other = (printed("mlp_fashion_mnist", tmp_path, "--short", "--seed", seed) for seed in "001")
    timeless = [re.sub(r"in [\d.]+ seconds", "", output) for output in (first, second, other)]
    assert timeless[0] == timeless[1] != timeless[2]
    epochs = re.findall(rf"^ +(\d) +{NUMBER} +{NUMBER} +{NUMBER}$", first, re.MULTILINE)
    assert [row[0] for row in epochs] == ["1", "2"]
    best = re.search(r"the weights are those of epoch (\d)", first)
    losses = [float(row[2]) for row in epochs]
    assert best and losses[int(best[1]) - 1] == min(losses)
    norms = re.findall(rf"^  norm of the gradient of (\w+) *: {NUMBER} in the first epoch, {NUMBER} in the last$", first, re.M)
    assert [row[0] for row in norms] == ["first", "second", "last"]
    assert all(float(norm) > 0 for row in norms for norm in row[1:])
    accuracy, wrong = re.search(rf"test accuracy {NUMBER}: (\d+) of 10000 pictures", first).groups()  # type: ignore[union-attr]
    assert float(accuracy) > 0.7 and float(accuracy) == pytest.approx(1 - int(wrong) / 10000, abs=1e-4)
    assert len(re.findall(r"^  \S.* taken for .*: \d+ of 1000$", first, re.MULTILINE)) == 3


@pytest.mark.usefixtures("fashion_mnist")
def test_early_stopping_ends_the_training(tmp_path: Path) -> None:
    """Of 5,000 pictures soon nothing is learnt that helps with others."""
    output = printed("mlp_fashion_mnist", tmp_path, "--short", "--epochs", "60")
    epochs = [int(epoch) for epoch in re.findall(r"^ +(\d+)(?: +[\d.]{6}){3}$", output, re.MULTILINE)]
    ended = re.search(r"^stopped early after (\d+) epochs in .* the weights are those of epoch (\d+)", output, re.MULTILINE)
    assert ended and int(ended[1]) == epochs[-1] == int(ended[2]) + 3 < 60


def test_the_guide_names_every_lesson_and_its_figure() -> None:
    folder = Path(__file__).parent.parent / "examples"
    text = (folder / "README.md").read_text(encoding="utf-8")
    order = re.findall(r"^\| \d+ \| \[(\w+)\.py\]\((\w+)\.py\)", text, re.MULTILINE)
    assert all(name == link for name, link in order)
    assert sorted({name for name, _ in order}) == NAMES
    pictures = re.findall(r"!\[[^]]+\]\((\w+)\.png\)", text)
    assert pictures == [name for name, _ in order], "one picture each, in the same order"
    assert all((folder / f"{name}.png").exists() for name in pictures)
