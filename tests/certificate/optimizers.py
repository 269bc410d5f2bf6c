"""PyTorch's database of optimizers: every configuration for 50 steps in both libraries, from the same parameters.

The gradients are those of a function of the parameters, computed by each library itself, which changes from step to step. Some
parameters have no gradient in some steps, and the learning rate changes twice. Halfway each library loads the other's state.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch.testing._internal.common_optimizers import OptimizerErrorEnum, optim_db

import tinygrad_lite as tl

from .exceptions import exempted
from .modules import arguments
from .run import Database, Difference, Entry, Row
from .translate import at

STEPS = 50
LIMIT = 1e-10  # the largest difference of a parameter or state, relative to its largest number
SHAPES = [(3, 2), (3,), (), (150, 130), (2, 3, 2)]  # the fourth is large enough to be updated on its own
OTHER_SHAPES = {
    "LBFGS": [(3, 2), (3,), (), (15, 13), (2, 3, 2)],  # its closure is called thousands of times
    "Muon": [(3, 2), (2, 3), (4, 4), (12, 8)],  # matrices; longer sums are rounded in another order
}
ABOUT = f"""\
PyTorch's database of optimizers (`torch.testing._internal.common_optimizers`): `python tests/parity.py optim.Adam -v`. A sample
is a configuration, which takes {STEPS} steps in float64 in both libraries: on parameters of several shapes, with gradients of a
function that each library differentiates itself and that changes from step to step, some of them missing, and a learning rate
that changes twice. It agrees if the parameters are then within {LIMIT:g} of torch's, relative to the largest number of each;
if the states are, too, with the same names, shapes and dtypes, and the options have the same names and values; if both go on
in the same way after they have loaded each other's states halfway; and if the constructors have the same arguments and
defaults. Muon rounds to bfloat16, and in which order products are summed before that depends on the processor: for matrices
of some dozens of rows and columns, single numbers of a step differ by a unit of bfloat16. LBFGS remembers differences of
gradients, which are rounding errors near the minimum: of its state only names, shapes and dtypes are compared."""


def chosen(names: list[str]) -> list[Any]:
    """The entries with one of these names; without names, all."""
    return [info for info in optim_db if not names or title(info) in names]


def title(info: Any) -> str:
    """The name of an entry, such as optim.Adam."""
    return f"optim.{info.name}"


class Side:
    """One library's parameters and optimizer."""

    def __init__(self, lib: Any, name: str, values: list[Any], options: dict[str, Any]) -> None:
        self.lib, self.params = lib, [lib.nn.Parameter(lib.tensor(value)) for value in values]
        self.optimizer = getattr(lib.optim, name)(self.params, **translated(options, lib))

    def step(self, t: int) -> None:
        """Step t on the sum of (p - a)²·b / 2 + sin(p) / 4, where a and b are drawn for each step; for LBFGS, once for all."""
        t = 0 if isinstance(self.optimizer, self.lib.optim.LBFGS) else t
        rng, n = np.random.default_rng(t), len(self.params)
        given = [[self.lib.tensor(rng.uniform(*range_, p.shape)) for range_ in ((-1, 1), (0.5, 2))] for p in self.params]
        terms = [(p, a, b) for i, (p, (a, b)) in enumerate(zip(self.params, given)) if t % 5 != 3 or i != t // 5 % n]

        def closure() -> Any:
            self.optimizer.zero_grad()
            loss = sum([((p - a) ** 2 * b).sum() / 2 + p.sin().sum() / 4 for p, a, b in terms])
            loss.backward()
            return loss

        self.optimizer.step(closure)
        if t in (20, 35):
            for group in self.optimizer.param_groups:
                group["lr"] = group["lr"] * 0.5

    def values(self) -> list[Any]:
        return [p.detach().numpy().copy() for p in self.params]


def translated(value: Any, lib: Any, known: dict[int, Any] | None = None) -> Any:
    """Options, parameters or a state_dict with a library's copies of all tensors; one that comes twice, as one."""
    known = {} if known is None else known
    if id(value) in known:
        return known[id(value)]
    if isinstance(value, (torch.Tensor, tl.Tensor)):
        copied = lib.tensor(value.detach().numpy().copy())
        known[id(value)] = lib.nn.Parameter(copied) if isinstance(value, torch.nn.Parameter) else copied
        return known[id(value)]
    if isinstance(value, dict):
        return {key: translated(part, lib, known) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)([translated(part, lib, known) for part in value])
    return value


def started(lib: Any, name: str, options: dict[str, Any]) -> Side:
    """A library's optimizer, before its first step."""
    rng = np.random.default_rng(0)
    return Side(lib, name, [rng.uniform(-2, 2, shape) for shape in OTHER_SHAPES.get(name, SHAPES)], options)


def resumed(side: Side, lib: Any, name: str) -> Side:
    """The same parameters with a new optimizer in `lib`, which loads the state."""
    new = Side(lib, name, side.values(), {})
    new.optimizer.load_state_dict(translated(side.optimizer.state_dict(), lib))
    return new


def apart(a: Any, b: Any) -> float:
    """The largest difference, relative to the largest number of b."""
    a, b = np.asarray(a, float), np.asarray(b, float)
    scale = np.abs(b).max(initial=0)
    return float(np.abs(a - b).max(initial=0) / scale) if scale else float(np.abs(a).max(initial=0))


def parameters_apart(ours: Side, theirs: Side) -> float:
    return max([apart(p, q) for p, q in zip(ours.values(), theirs.values(), strict=True)])


def numbers_in(value: Any) -> Iterator[Any]:
    """The tensors and numbers of a state, one after the other, those in lists too."""
    if isinstance(value, list):
        for part in value:
            yield from numbers_in(part)
    elif value is not None:
        yield value


def states_apart(ours: Side, theirs: Side) -> Iterator[float | str]:
    """How far the states are apart, and in words where they have other names, shapes, dtypes or options."""
    a, b = ours.optimizer.state_dict(), theirs.optimizer.state_dict()
    if list(a["state"]) != list(b["state"]):
        yield f"states of {list(a['state'])}, in torch of {list(b['state'])}"
        return
    for x, y in zip(a["state"].values(), b["state"].values()):
        if set(x) != set(y):
            yield f"a state of {list(x)}, in torch of {list(y)}"
            continue
        for name in y:
            pairs = list(zip(numbers_in(x[name]), numbers_in(y[name]), strict=True))
            for p, q in pairs:
                kinds = [str(x.dtype).removeprefix("torch.") + str(list(x.shape)) for x in (p, q) if hasattr(x, "shape")]
                if len(kinds) == 2 and kinds[0] != kinds[1]:
                    yield f"{name} is {kinds[0]}, in torch {kinds[1]}"
                elif not isinstance(theirs.optimizer, torch.optim.LBFGS):
                    yield apart(p.numpy() if hasattr(p, "numpy") else p, q)
    for x, y in zip(a["param_groups"], b["param_groups"], strict=True):
        if translated(x, tl).keys() != y.keys() or str(translated(x, torch)) != str({key: y[key] for key in x}):
            yield f"options {x}, in torch {y}"


class Optimizer(Entry):
    """Runs one entry, with at most `limit` configurations."""

    def __init__(self, info: Any, limit: int | None = None) -> None:
        self.info, self.limit, self.row, self.name = info, limit, Row(title(info)), info.name

    def run(self, dtypes: Any = ()) -> Row:
        """All configurations, and all that must be refused."""
        kinds = at(self.row.name), self.info.optim_cls
        self.signatures = [str(arguments(kind)) for kind in kinds]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for number, given in enumerate(self.info.optim_inputs_func("cpu", torch.float64)[: self.limit]):
                self.configuration(given, number)
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # the database counts a warning as a refusal
            for number, given in enumerate(self.info.optim_error_inputs_func("cpu", torch.float64)):
                self.refusal(given, number)
        return self.row

    def configuration(self, given: Any, number: int) -> None:
        """One configuration, straight through and with an exchange of states halfway."""
        ours, theirs = started(tl, self.name, given.kwargs), started(torch, self.name, given.kwargs)
        for t in range(STEPS // 2):
            ours.step(t)
            theirs.step(t)
        ours_on, theirs_on = resumed(theirs, tl, self.name), resumed(ours, torch, self.name)
        theirs_again = resumed(theirs, torch, self.name)
        for t in range(STEPS // 2, STEPS):
            for side in (ours, theirs, ours_on, theirs_on, theirs_again):
                side.step(t)
        distances = {
            "parameters": parameters_apart(ours, theirs),
            "loaded": max(parameters_apart(ours_on, theirs), parameters_apart(theirs_on, theirs_again)),
        }
        found: dict[str, list[float | str]] = {kind: [distance] for kind, distance in distances.items()}
        found["states"] = list(states_apart(ours, theirs))
        found["arguments"] = [] if self.signatures[0] == self.signatures[1] else [" instead of ".join(self.signatures)]
        for kind, distance in distances.items():
            self.measure(kind, torch.float64, distance)
        wrong = [(kind, text) for kind, texts in found.items() for text in texts if isinstance(text, str) or not text < LIMIT]
        differences = [Difference(kind, "float64", "", number, str(text), given.desc) for kind, text in wrong]
        left, reasons = exempted(self.row.name, differences, given)
        self.row.samples += 1
        self.row.agreed += not wrong
        self.row.excepted.update(set(reasons))
        self.row.differences += left

    def refusal(self, given: Any, number: int) -> None:
        """Options or parameters that must be refused, by the constructor or by a step."""
        sample = given.optimizer_error_input
        params = sample.params if sample.params is not None else [torch.nn.Parameter(torch.ones(2, 3, dtype=torch.float64))]
        if any(isinstance(p, torch.Tensor) and p.is_complex() for p in params):
            self.row.outside["a complex number"] += 1
            return

        def make(lib: Any) -> None:
            optimizer = getattr(lib.optim, self.name)(translated(params, lib), **translated(sample.kwargs, lib))
            if given.error_on is OptimizerErrorEnum.STEP_ERROR:
                optimizer.step()

        self.judge(lambda: make(torch), lambda: make(tl), given, number, sample)


OPTIMIZERS = Database(
    "## Optimizers",
    ABOUT,
    chosen,
    title,
    lambda info: at(title(info)),
    Optimizer,
    (("largest difference", "parameters float64"), ("after loading", "loaded float64")),
)
