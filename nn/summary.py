"""summary(model, input): the layers of a model as a table, with their output shapes, parameters and bytes.

The shapes are found by running the model once. For that time each module gets a `forward` of its own, which notes what the
real one returns; afterwards everything is as it was before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from functools import partial
from html import escape
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np

from tinygrad_lite._tensor import Tensor
from tinygrad_lite.creation import zeros
from tinygrad_lite.grad_mode import no_grad
from tinygrad_lite.random import Generator, default_generator

from .module import Module
from .parameter import Parameter, UninitializedBuffer, UninitializedParameter

__all__ = ["summary"]

Shapes = tuple[tuple[int, ...], ...]  # of the tensors that one call takes or returns


class Row(NamedTuple):
    """One module. Its parameters are its own: not those of its children, and not those that an earlier row has counted."""

    path: str  # "" for the model itself
    label: str  # its name and class, behind the branches of the tree
    calls: list[Shapes] | None  # what each call returned; None for a module without a forward, such as ModuleList
    parameters: int
    trainable: int
    note: str  # why there is nothing to count: "shared" with an earlier row, or "lazy", with a shape that is not known yet


class Summary:
    """What summary() returns: a table when printed or shown in a notebook, and its numbers as attributes.

    rows                a Row for each module, parents first
    input_shapes        of the tensors that the model was called with, None if it was not called
    total_params        the number of parameters, shared ones counted once
    trainable_params    the number of those that require grad
    param_bytes         the memory of the parameters
    output_bytes        the memory of what layers without children returned; a view of an input needs none
    """

    def __init__(self, rows: list[Row], input_shapes: Shapes | None, param_bytes: int, output_bytes: int) -> None:
        self.rows, self.input_shapes = rows, input_shapes
        self.total_params = sum([row.parameters for row in rows])
        self.trainable_params = sum([row.trainable for row in rows])
        self.param_bytes, self.output_bytes = param_bytes, output_bytes

    def _table(self) -> list[list[str]]:
        """The heads of the columns, and a line of texts for each module."""
        table = [["Layer", "Output shape", "Parameters", "Trainable"]]
        for row in self.rows:
            numbers = [f"{n:,}" if row.parameters else row.note or "-" for n in (row.parameters, row.trainable)]
            table.append([row.label, _calls_text(row.calls), *numbers])
        return table if self.input_shapes is not None else [line[:1] + line[2:] for line in table]

    def _totals(self) -> list[str]:
        """The lines below the table."""
        frozen = self.total_params - self.trainable_params
        counts = f"{self.total_params:,}" + (f", of which {frozen:,} frozen" if frozen else ", all trainable")
        lines = [f"Parameters: {counts} ({_bytes_text(self.param_bytes)})"]
        if self.input_shapes is not None:
            given = _shapes_text(self.input_shapes)
            lines.append(f"Outputs of the layers: {_bytes_text(self.output_bytes)} for an input of {given}")
        return lines

    def __repr__(self) -> str:
        table = self._table()
        widths = [max(map(len, column)) for column in zip(*table)]
        left = len(widths) - 2  # texts to the left, the two columns of numbers to the right
        lines = [
            "  ".join([f"{cell:{'<' if i < left else '>'}{width}}" for i, (cell, width) in enumerate(zip(line, widths))])
            for line in table
        ]
        rule = "-" * len(lines[0])
        return "\n".join([lines[0], rule, *lines[1:], rule, *self._totals()])

    def _repr_html_(self) -> str:
        def cells(line: list[str], tag: str) -> str:
            sides = ["left"] * (len(line) - 2) + ["right"] * 2
            return "".join([f'<{tag} style="text-align: {side}">{escape(cell)}</{tag}>' for cell, side in zip(line, sides)])

        heads, *lines = self._table()
        body = "".join([f"<tr>{cells(line, 'td')}</tr>" for line in lines])
        table = f'<table style="white-space: pre"><thead><tr>{cells(heads, "th")}</tr></thead><tbody>{body}</tbody></table>'
        return f'<div style="font-family: monospace">{table}{"<br>".join(map(escape, self._totals()))}</div>'


def summary(model: Module, input: Any = None) -> Summary:
    """The layers of a model as a table: output shapes, parameters, how many of them are trainable, and bytes.

    `input` is what the model is called with: a Tensor, a shape, or a tuple of these for a model of several arguments. A shape
    stands for zeros of the parameters' dtype, on their device. The model is run once, in eval mode and without recording, and
    everything is left as it was: mode, attributes, buffers, lazy parameters, random generators. Without an input it is not run,
    and there are no shapes. A module that is called several times shows what each call returned. TypeError for another input.
    The columns are those that https://github.com/TylerYep/torchinfo made familiar.

    >>> from tinygrad_lite import nn
    >>> nn.summary(nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 3)), (150, 4))
    Layer         Output shape  Parameters  Trainable
    -------------------------------------------------
    Sequential    [150, 3]               -          -
    ├─ 0: Linear  [150, 16]             80         80
    ├─ 1: ReLU    [150, 16]              -          -
    └─ 2: Linear  [150, 3]              51         51
    -------------------------------------------------
    Parameters: 131, all trainable (524 bytes)
    Outputs of the layers: 21.0 kB for an input of [150, 4]
    """
    if not isinstance(model, Module):
        found = f"the class {model.__name__}: write {model.__name__}()" if isinstance(model, type) else type(model).__name__
        raise TypeError(f"summary: expected a Module, got {found}")
    arguments = None if input is None else _arguments(model, input)
    run = Run(model)
    with _unchanged(model), no_grad():
        if arguments is not None:
            run.start(arguments)
        rows = list(_rows(run, model))
        param_bytes = _bytes([p for _, p in model.named_parameters()])
    return Summary(rows, None if arguments is None else _shapes(arguments), param_bytes, run.output_bytes)


def _arguments(model: Module, input: Any) -> tuple[Tensor, ...]:
    """What the model is called with: the tensors themselves, and zeros for shapes."""
    several = isinstance(input, (tuple, list)) and not _is_shape(input)
    like = next((p for _, p in model.named_parameters() if p.is_floating_point()), None)
    dtype, device = (None, None) if like is None else (like.dtype, like.device)
    arguments = []
    for x in input if several else [input]:
        if not isinstance(x, Tensor) and not _is_shape(x):
            raise TypeError(
                f"summary: the input must be a Tensor, a shape such as (32, 784), or a tuple of these for several arguments, "
                f"got {type(x).__name__}"
            )
        arguments.append(x if isinstance(x, Tensor) else zeros(x, dtype=dtype, device=device))
    return tuple(arguments)


def _is_shape(value: Any) -> bool:
    return isinstance(value, (tuple, list)) and len(value) > 0 and all([isinstance(n, (int, np.integer)) for n in value])


@contextmanager
def _unchanged(model: Module) -> Iterator[None]:
    """Whatever happens inside: afterwards the model, its buffers and the random generators are as they were before."""
    modules = [(module, type(module), dict(vars(module))) for module in model.modules()]
    tensors: list[Tensor] = [*[p for _, p in model.named_parameters()], *model.buffers()]
    lazy = [(x, x.array, type(x)) for x in tensors if isinstance(x, (UninitializedParameter, UninitializedBuffer))]
    buffers = [(b, b.array) for b in model.buffers() if not isinstance(b, UninitializedBuffer)]
    own = [value for *_, attributes in modules for value in attributes.values() if isinstance(value, Generator)]
    generators = [(generator, dict(vars(generator))) for generator in {default_generator, *own}]
    try:
        for b, array in buffers:
            b.array = array.copy()
        for generator, state in generators:
            vars(generator).update(deepcopy(state))
        yield
    finally:
        for generator, state in generators:
            vars(generator).update(state)
        for b, array in buffers:
            b.array = array
        for x, array, lazy_kind in lazy:
            x.data = Tensor._of(array)
            x.__class__ = lazy_kind
        for module, kind, attributes in modules:
            module.__class__ = kind
            vars(module).clear()
            vars(module).update(attributes)


class Run:
    """One call of a model, and for each path in it what the module there returned."""

    def __init__(self, model: Module) -> None:
        self.model = model
        self.paths: dict[Module, list[str]] = {}  # more than one for a module that is shared
        for path, module in model.named_modules(remove_duplicate=False):
            self.paths.setdefault(module, []).append(path)
        self.kinds = {module: type(module) for module in self.paths}
        self.calls: dict[str, list[Shapes]] = {path: [] for paths in self.paths.values() for path in paths}
        self.callers = [""]
        self.output_bytes = 0

    def start(self, arguments: tuple[Tensor, ...]) -> None:
        """Call the model, which the caller has made sure to be restored."""
        self.model.eval()
        for module in self.paths:
            vars(module)["forward"] = partial(self._forward, module, vars(module).get("forward"))
        self.model(*arguments)

    def _forward(self, module: Module, own: Callable[..., Any] | None, /, *inputs: Any, **options: Any) -> Any:
        """What stands in for a module's forward. own: a forward that the module, rather than its class, has."""
        path = self._path_of(module)
        returned, n = self.calls[path], len(self.calls[path])
        returned.append(())
        self.callers.append(path)
        try:
            out = type(module).forward(module, *inputs, **options) if own is None else own(*inputs, **options)
        except Exception as error:
            if not hasattr(error, "__notes__"):  # the innermost module adds it
                where = f"layer {path!r}" if path else "the model itself"
                shapes = _shapes_text(_shapes((inputs, options)))
                error.add_note(f"summary: this happened in {where} ({self.kinds[module].__name__}), called with {shapes}")
            raise
        finally:
            self.callers.pop()
        returned[n] = _shapes(out)
        if not module._modules:
            given = list(_tensors((inputs, options)))
            made = [x for x in _tensors(out) if not any([np.may_share_memory(x.array, y.array) for y in given])]
            self.output_bytes += _bytes(made)
        return out

    def _path_of(self, module: Module) -> str:
        """The path by which a module is called. Of a shared one's: below the caller if possible, and the least called."""
        caller = self.callers[-1]
        inside = [path for path in self.paths[module] if not caller or path.startswith(f"{caller}.")]
        return min(inside or self.paths[module], key=lambda path: len(self.calls[path]))


def _rows(
    run: Run, module: Module, path: str = "", branch: str = "", below: str = "", counted: set[Parameter] | None = None
) -> Iterator[Row]:
    """The row of a module and those of all below it. below: what stands before the branches of its children."""
    counted = set() if counted is None else counted
    own = [p for _, p in module._own_parameters()]
    new = list(dict.fromkeys([p for p in own if p not in counted]))
    counted.update(new)
    lazy = any([isinstance(p, UninitializedParameter) for p in new])
    yield Row(
        path,
        branch + run.kinds[module].__name__,
        run.calls[path] if run.kinds[module].forward is not Module.forward else None,
        sum([p.numel() for p in new]),
        sum([p.numel() for p in new if p.requires_grad]),
        "lazy" if lazy else "shared" if own and not new else "",
    )
    children = [(name, child) for name, child in module._modules.items() if child in run.kinds]  # not those made by forward
    for n, (name, child) in enumerate(children, 1):
        fork, rest = ("├─ ", "│  ") if n < len(children) else ("└─ ", "   ")
        yield from _rows(run, child, f"{path}.{name}" if path else name, f"{below}{fork}{name}: ", below + rest, counted)


def _tensors(value: Any) -> Iterator[Tensor]:
    """The tensors in nested tuples, lists and dicts."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, (tuple, list, Mapping)):
        for item in value.values() if isinstance(value, Mapping) else value:
            yield from _tensors(item)


def _shapes(value: Any) -> Shapes:
    return tuple([x.shape for x in _tensors(value)])


def _shapes_text(shapes: Shapes) -> str:
    return ", ".join([str(list(shape)) for shape in shapes]) or "no tensor"


def _calls_text(calls: list[Shapes] | None) -> str:
    """[32, 10] for one call, [32, 10] ×5 for five alike, [32, 10]; [8, 10] for two, of which three kinds are shown."""
    if not calls:
        return "" if calls is None else "not called"
    groups = [(_shapes_text(shapes), len(list(group))) for shapes, group in groupby(calls)]
    texts = [shapes if n == 1 else f"{shapes} ×{n}" for shapes, n in groups]
    return "; ".join(texts if len(texts) <= 3 else [*texts[:3], "..."])


def _bytes(tensors: Iterable[Tensor]) -> int:
    return sum([x.numel() * x.dtype.itemsize for x in tensors])


def _bytes_text(n: int) -> str:
    for unit, size in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if n >= size:
            return f"{n / size:.1f} {unit}"
    return f"{n} bytes"
