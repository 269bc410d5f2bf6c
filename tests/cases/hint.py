"""What to type for an op without a row, from its signature, its vjps and its place; and for a row whose keeps= is wrong."""

from __future__ import annotations

from pathlib import Path

import torch

import tinygrad_lite as tl
from tinygrad_lite.tape import Op, place_of

from .table import Case

ENGINE = Path(tl.__file__).parent
HERE = Path(__file__).parent


def place(op: Op, root: Path = ENGINE) -> str:
    """Where an op is written, as tinygrad_lite/ops/linalg.py, line 12."""
    file, line = place_of(op.forward)
    return f"{Path(file).relative_to(root.parent).as_posix()}, line {line}"


def file_of_rows(op: Op, root: Path = ENGINE) -> Path:
    """The file of this folder that has the rows of an op: of the same name as the op's below ops/."""
    file = Path(place_of(op.forward)[0]).relative_to(root)
    return HERE / (file.relative_to("ops") if file.parts[0] == "ops" else file)


def named(op: Op) -> str:
    """The keeps= of an op whose vjps are right: what they name, less what is no array."""
    arrays = (*op.inputs, "out")
    return written(tuple([" ".join([name for name in wanted if name in arrays]) for wanted in op.reads]))


def written(keeps: tuple[str, ...]) -> str:
    """keeps= as a row has it: a text for one input, else a tuple of them."""
    texts = [f'"{kept}"' for kept in keeps]
    return f"keeps={texts[0]}" if len(texts) == 1 else f"keeps=({', '.join(texts)})"


def row(op: Op, root: Path = ENGINE) -> str:
    """A first row: the op on normal numbers, with its options as they stand in its signature (`...` is for you to fill in)."""
    inputs = [f"{name}s" for name in "xy"] if op.variadic else list(op.inputs)
    within = {"t": torch, "t.nn.functional": torch.nn.functional}
    found = [module for module, names in within.items() if hasattr(names, op.name)]
    options = ", ".join([*inputs, *op.options] if found else [*inputs, *[f"{name}={name}" for name in op.options]])
    function = f"{found[0] if found else file_of_rows(op, root).stem}.{op.name}({options})"
    arguments = ", ".join(["t", *inputs, *op.options])
    defaults = op.forward.__kwdefaults__ or {}
    parts = [f'"{op.name}"', f"lambda {arguments}: {function}", *["(2, 3)"] * len(inputs)]
    parts += [f"{name}={defaults.get(name, ...)!r}".replace("Ellipsis", "...") for name in op.options]
    parts += [] if found else [f"theirs=lambda {arguments}: ..."]
    return f"case({', '.join([*parts, named(op)])})"


def row_is_missing(op: Op, root: Path = ENGINE) -> str:
    file = file_of_rows(op, root)
    dots = "." * len(file.relative_to(HERE).parts)
    new = "" if file.exists() else f" (a new file; it begins with `from {dots}table import case`)"
    return f"the op {op.name!r} ({place(op, root)}) has no row; add to {shown(file)}{new}: {row(op, root)}"


def keeps_is_missing(op: Op, root: Path = ENGINE) -> str:
    file = shown(file_of_rows(op, root))
    return (
        f"no row of the op {op.name!r} ({place(op, root)}) has keeps=; write {named(op)} in {file} where it is called by itself"
    )


def keeps_is_wrong(row: Case, does: str) -> str:
    """`does` is what the op keeps instead, as `written` gives it."""
    return (
        f"{row.name} ({row.place}): got {written(row.keeps or ())}, the op keeps something else; write {does} if that is meant"
    )


def shown(file: Path) -> str:
    return f"tests/cases/{file.relative_to(HERE).as_posix()}"
