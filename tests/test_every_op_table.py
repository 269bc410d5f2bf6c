"""The table of every op's speed: its page shows the rows that there are, and the script notices an op without a row.

The times are those of the machine and day that the page names; a test of them would be a test of the machine.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "benchmarks"))
import every_op
import every_op_lacking
from every_op_lacking import ROWS
from every_op_rows import FAMILIES, REASONS


def test_page_has_the_rows_of_the_script() -> None:
    assert every_op.names_on(every_op.PAGE.read_text()) == list(ROWS), "write it anew: python tests/benchmarks/every_op.py"


def test_no_name_stands_twice() -> None:
    assert len(ROWS) == sum(map(len, FAMILIES.values())) >= 300


def test_reasons_are_given_for_rows() -> None:
    assert not REASONS.keys() - ROWS.keys()


def test_what_has_no_row_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def lacking() -> set[str]:
        return set(every_op_lacking.without_a_row(every_op.inputs_of, every_op.tensors))

    before = lacking()  # every row runs at 16 numbers, forward and backward
    rows = {name: row for name, row in ROWS.items() if name not in ("erfinv", "special.erfinv")}
    monkeypatch.setattr(every_op_lacking, "ROWS", rows)
    assert lacking() - before == {"erfinv"}
