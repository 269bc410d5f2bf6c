"""The table of the layers' speed: its page shows the rows that there are, each with its bound.

The times are those of the machine and day that the page names; a test of them would be a test of the machine. That both
libraries compute the same in each row is tested, on a few rows: the script itself compares all of them before it times them.
"""

from __future__ import annotations

import re

import layers
import pytest
import torch

import tinygrad_lite as tl


def test_page_has_the_rows_of_the_script() -> None:
    found = re.findall(r"^\| (.+?) \| [\d,]+ \| [\d,]+ \| .+? \| .+? \| ([\d.]+) \|$", layers.PAGE.read_text("utf-8"), re.M)
    now = [(row.name.replace("->", "→"), f"{row.bound:g}") for row in layers.ROWS]
    assert found == now, "write it anew: python tests/benchmarks/layers.py"


def test_reasons_are_given_for_rows_and_stand_on_the_page() -> None:
    assert layers.REASONS.keys() <= {row.name for row in layers.ROWS}
    assert "NO REASON GIVEN" not in layers.PAGE.read_text("utf-8")


@pytest.mark.parametrize("name", ["max_pool 2x2, (256,6,28,28)", "LayerNorm (256,1024)", "topk 10 (256,1000), forward"])
def test_a_row_computes_the_same_in_both_libraries(name: str) -> None:
    (row,) = (row for row in layers.ROWS if row.name == name)
    assert layers.different(row, [row.make(t) for t in (tl, torch)]) < row.tolerance


def test_a_difference_is_seen() -> None:
    row = layers.Row("", 1.0, layers.forward(lambda t, x: x + 0.1 if t is tl else x, layers.normal(4, 4)))
    assert layers.different(row, [row.make(t) for t in (tl, torch)]) > row.tolerance
