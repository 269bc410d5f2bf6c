"""The table of op cases itself: the names and numbers of its rows, and the errors for rows that are missing or wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tinygrad_lite import tape

from .cases import CASES, hint, table
from .cases.table import case

SOFTPLUS = '''
"""Ops of activation."""
from tinygrad_lite.apply import op


@op(x=lambda g, x: g * x.sigmoid())
def softplus(x):
    return x


@op(x=lambda g, y, out, lowest: g * out, y=None)
def no_name_of_torch(x, y, *, lowest, highest=2.0):
    return x


@op(xs=lambda g, nth: g)
def dstack(*xs, axis):
    return xs[0]
'''


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, tape.Op]:
    """Ops of a made-up engine in tmp_path, by name."""
    file = tmp_path / "tinygrad_lite" / "ops" / "neural" / "activation.py"
    file.parent.mkdir(parents=True)
    file.write_text(SOFTPLUS)
    ops: dict[str, tape.Op] = {}
    monkeypatch.setattr(tape, "ops", ops)
    exec(compile(SOFTPLUS, file, "exec"), {})
    return ops


def test_the_hint_for_an_op_without_a_row_says_what_to_type(made: dict[str, tape.Op], tmp_path: Path) -> None:
    root = tmp_path / "tinygrad_lite"
    assert hint.row_is_missing(made["softplus"], root) == (
        "the op 'softplus' (tinygrad_lite/ops/neural/activation.py, line 6) has no row; add to tests/cases/neural/activation.py"
        ': case("softplus", lambda t, x: t.nn.functional.softplus(x), (2, 3), keeps="x")'
    )
    assert hint.row(made["no_name_of_torch"], root) == (
        'case("no_name_of_torch", lambda t, x, y, lowest, highest: activation.no_name_of_torch(x, y, lowest=lowest, '
        "highest=highest), (2, 3), (2, 3), lowest=..., highest=2.0, theirs=lambda t, x, y, lowest, highest: ..., "
        'keeps=("y out", ""))'
    )
    assert hint.row(made["dstack"], root) == (
        'case("dstack", lambda t, xs, ys, axis: t.dstack(xs, ys, axis), (2, 3), (2, 3), axis=..., keeps="")'
    )


def test_the_row_of_the_hint_is_one(made: dict[str, tape.Op], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "CASES", {})
    exec(hint.row(made["softplus"], tmp_path / "tinygrad_lite"), {"case": case})
    (row,) = table.CASES.values()
    assert (row.op, row.name, row.keeps, row.inputs[0].shape) == ("softplus", "softplus-2x3", ("x",), (2, 3))


@pytest.mark.parametrize("op", ["exp", "mul", "matmul", "softmax", "bce_with_logits"])
def test_the_hint_for_an_op_that_has_rows_agrees_with_them(op: str) -> None:
    keeps = next(row.keeps for row in CASES.values() if row.op == op and row.keeps is not None)
    assert hint.row(tape.ops[op]).endswith(f"{hint.written(keeps)})")


def test_a_wrong_keeps_is_told_what_to_write() -> None:
    row = CASES["exp-2x3"]._replace(keeps=("x",))
    said = hint.keeps_is_wrong(row, 'keeps="out"')
    assert said.startswith("exp-2x3 (tests/cases/exponential.py, line ")
    assert said.endswith('got keeps="x", the op keeps something else; write keeps="out" if that is meant')


def test_a_missing_keeps_is_told_what_to_write(made: dict[str, tape.Op], tmp_path: Path) -> None:
    assert hint.keeps_is_missing(made["softplus"], tmp_path / "tinygrad_lite") == (
        "no row of the op 'softplus' (tinygrad_lite/ops/neural/activation.py, line 6) has keeps=; write keeps=\"x\" in "
        "tests/cases/neural/activation.py where it is called by itself"
    )


def numbers(rows: dict[str, table.Case]) -> dict[str, Any]:
    return {name: [x.tolist() for x in row.inputs] for name, row in rows.items()}


def test_a_new_row_changes_neither_the_names_nor_the_numbers_of_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    for before in ([], [(4,)], [(2, 3, 4), (5,)]):
        monkeypatch.setattr(table, "CASES", {})
        for size in before:
            case("add", lambda t, x: x + x, size)
        case("add", lambda t, x: x + x, (3,))
        case("add", lambda t, x, y: x + y, (3,), (), y=1)
        found.append(numbers(table.CASES))
    first = found[0]
    assert list(first) == ["add-3", "add-3-0d-y=1"]
    assert all({name: later[name] for name in first} == first for later in found)


def test_rows_of_one_name_are_an_error_that_asks_for_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "CASES", {})
    case("add", lambda t, x: x + x, (3,))
    with pytest.raises(ValueError, match=r"two rows 'add-3': tests/test_cases.py, line \d+ and .*line \d+; give .* name="):
        case("add", lambda t, x: x + x * 1, (3,))
    case("add", lambda t, x: x + x * 1, (3,), name="times 1")
    assert list(table.CASES) == ["add-3", "add-3-times_1"]


def test_the_name_of_a_row_tells_its_arrays_and_options_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "CASES", {})
    for x in ((2, 3), table.transposed(2, 3), table.strided(2, 3), np.ones((2, 3), np.float32), np.ones((2, 3), bool), ()):
        case("add", lambda t, x: x, x)
    for index in (0, (0,), slice(1, None), slice(None, None, 2), (..., None), [0, 1], np.array([0, 1])):
        case("getitem", lambda t, x, index: x[index], (2,), index=index)
    assert list(table.CASES)[:6] == ["add-2x3", "add-2x3T", "add-2x3s", "add-2x3float32", "add-2x3bool", "add-0d"]
    spelled = [name.partition("=")[2] for name in list(table.CASES)[6:]]
    assert spelled == ["0", "(0)", "1:", "::2", "(...,None)", "[0,1]", "array[0,1]"]
