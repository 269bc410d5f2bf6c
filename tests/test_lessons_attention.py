"""What the lesson on attention prints, by the numbers. That it runs and draws is tested in test_examples.py."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from .test_examples import run

ROW = r"^(whole|cannot look|no places) +(\d+) +[\d.]+  ([\d.]{6})$"


@pytest.mark.parametrize("seed", [0, 1])
def test_digits_are_sorted_and_each_part_is_needed(seed: int, tmp_path: Path) -> None:
    """99 of 100 sequences that it has never seen, after a third of the steps that it has by default."""
    done = run("attention_from_scratch", ["--steps", "700", "--seed", str(seed)], tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    gradients = re.search(r"^gradients by hand .* at most (\S+) \(Q\), (\S+) \(K\), (\S+) \(V\)$", done.stdout, re.M)
    one_step = re.search(r"in one step: (\S+)$", done.stdout, re.M)
    assert gradients and one_step and all(float(apart) < 1e-14 for apart in (*gradients.groups(), one_step[1]))
    rows = re.findall(ROW, done.stdout, re.MULTILINE)
    assert [row[:2] for row in rows] == [("whole", "700"), ("cannot look", "700"), ("no places", "700")]
    whole, cannot_look, no_places = (float(row[2]) for row in rows)
    assert whole >= 0.99 and 0.005 < cannot_look < 0.1 and no_places < 0.005
    on_answer = re.search(r"attention ([\d.]+)% lies on digits that are the right answer", done.stdout)
    assert on_answer and float(on_answer[1]) > 98
    assert f"sorts {whole:.2%} of the sequences" in done.stdout
