"""What the lessons on LeNet, attention and characters print, by the numbers. That they draw is tested in test_examples.py."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from .test_lessons_mlp import NUMBER, printed


def found(pattern: str, text: str) -> tuple[float, ...]:
    """The numbers in a line that must be there."""
    match = re.search(pattern, text, re.MULTILINE)
    assert match, text
    return tuple(float(number.replace(",", "")) for number in match.groups())


@pytest.mark.usefixtures("fashion_mnist")
def test_lenet_learns_and_its_saliency_is_true(tmp_path: Path) -> None:
    output = printed("lenet_fashion_mnist", tmp_path, "--short", "--epochs", "3")
    assert found(rf"by hand and by conv2d differ by at most {NUMBER}$", output)[0] < 1e-6
    assert re.findall(r"^(\w+) +([\d,]+) parameters$", output, re.M) == [
        ("conv1", "156"), ("conv2", "2,416"), ("decide", "59,134"),
    ]  # fmt: skip
    assert len(re.findall(rf"^ +(\d) +{NUMBER} +{NUMBER} +{NUMBER}$", output, re.MULTILINE)) == 3
    accuracy, wrong = found(rf"^test accuracy {NUMBER}: (\d+) of 10000", output)
    assert accuracy > 0.75 and accuracy == pytest.approx(1 - wrong / 10000, abs=1e-4)
    nothing, at_random, named = (
        found(rf"^covered: {what} +accuracy {NUMBER}$", output)[0]
        for what in ("nothing", "random pixels", "pixels named by the gradient")
    )
    assert nothing >= at_random > named + 0.1, "the pixels that the gradient names matter more than others"
    assert f"cost\n{nothing - at_random:.1%} of the pictures" in output and f"and {nothing - named:.1%} if" in output


ROW = r"^(whole|cannot look|no places) +(\d+) +[\d.]+  ([\d.]{6})$"


@pytest.mark.parametrize("seed", [0, 1])
def test_digits_are_sorted_and_each_part_is_needed(seed: int, tmp_path: Path) -> None:
    """99 of 100 sequences that it has never seen, after a third of the steps that it has by default."""
    output = printed("attention_from_scratch", tmp_path, "--steps", "700", "--seed", str(seed))
    apart = found(r"^gradients by hand .* at most (\S+) \(Q\), (\S+) \(K\), (\S+) \(V\)$", output)
    assert max(*apart, *found(r"in one step: (\S+)$", output)) < 1e-14
    rows = re.findall(ROW, output, re.MULTILINE)
    assert [row[:2] for row in rows] == [("whole", "700"), ("cannot look", "700"), ("no places", "700")]
    whole, cannot_look, no_places = (float(row[2]) for row in rows)
    assert whole >= 0.99 and 0.005 < cannot_look < 0.1 and no_places < 0.005
    assert found(r"attention ([\d.]+)% lies on digits that are the right answer", output)[0] > 98
    assert f"sorts {whole:.2%} of the sequences" in output


def test_the_character_model_is_surer_than_counting(tmp_path: Path) -> None:
    output = printed("character_model", tmp_path, "--steps", "300")
    counted = [found(rf"^counting {what} +{NUMBER} bits", output)[0] for what in
               ("how often each one comes", "what comes after the last one", "what comes after the last two")]  # fmt: skip
    assert counted == sorted(counted, reverse=True) and 4 < counted[0] < 6
    rows = [tuple(map(float, row)) for row in re.findall(rf"^ *(\d+) +{NUMBER} +{NUMBER}$", output, re.MULTILINE)]
    assert [row[0] for row in rows] == list(range(30, 301, 30))
    assert rows[-1][2] < counted[1] and rows[-1][2] < rows[0][2] - 1
    assert f"{rows[-1][2]:.2f} bits for a character" in output and f"{counted[2]:.2f}." in output
    half, tenth = found(r"half as large (\d+) places before .*\n.* a tenth (\d+) places before", output)
    assert 2 <= half <= tenth <= 64
    assert "\n    | The for statement " in output
