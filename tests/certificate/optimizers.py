"""PyTorch's database of optimizers: every configuration for 50 steps in both libraries, from the same parameters.

The gradients are those of a function of the parameters, computed by each library itself, which changes from step to step. Some
parameters have no gradient in some steps, and the learning rate changes twice. Halfway each library loads the state of the other.
"""

from __future__ import annotations

import copy
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch.testing._internal.common_optimizers import OptimizerErrorEnum, optim_db

import tinygrad_lite as tl
from tinygrad_lite import nn

from .run import attempt, refused
from .section import Found, Section

STEPS = 50
LIMIT = 1e-10  # the largest difference of a parameter or state, relative to its largest number
SHAPES = [(3, 2), (3,), (), (150, 130), (2, 3, 2)]  # the fourth is large enough to be updated on its own
OTHER_SHAPES = {
    "LBFGS": [(3, 2), (3,), (), (15, 13), (2, 3, 2)],  # its closure is called thousands of times
    "Muon": [(3, 2), (2, 3), (4, 4), (40, 30)],  # matrices; longer sums are rounded in another order
}
LEFT_OUT = {"SparseAdam": "sparse gradients"}
COLUMNS = ("configurations", "agree", "largest difference", "states agree", "error inputs", "errors agree", "exceptions")
WARNS = "the same parameter twice: PyTorch warns that this will be an error, here it is one"

TEXT = f"""\
PyTorch's database of optimizers (`torch.testing._internal.common_optimizers`) has configurations of each and inputs that must be
refused. Each configuration takes {STEPS} steps in float64 in both libraries: on parameters of several shapes, with gradients of a
function that each library differentiates itself, some of them missing, and a learning rate that changes twice. It agrees if all
parameters are within {LIMIT:g} of torch's, relative to the largest number of each, if the states are too, with the same names,
shapes and dtypes, and if the options have the same names and values. Its state agrees if, after {STEPS // 2} steps, our optimizer goes
on from torch's state as torch's own does, and torch's goes on from ours as from its own. Left out:
{", ".join(f"{name} ({why})" for name, why in LEFT_OUT.items())}. Exceptions: {WARNS}.
"""


def infos() -> dict[str, Any]:
    """The covered entries by name."""
    return {info.name: info for info in optim_db if info.name not in LEFT_OUT}


class Side:
    """One library's parameters and optimizer."""

    def __init__(self, lib: Any, name: str, values: list[Any], options: dict[str, Any]) -> None:
        self.lib, self.params = lib, [lib.nn.Parameter(lib.tensor(value)) for value in values]
        self.optimizer = getattr(lib.optim, name)(self.params, **translated(options, lib))

    def step(self, t: int) -> None:
        """Step t on (p - a)²·b / 2 + sin(p) / 4, summed, where a and b are drawn for each step; for LBFGS, once for all steps."""
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


def translated(value: Any, lib: Any) -> Any:
    """Options, parameters or a state_dict with the tensors of a library in place of the other's."""
    if isinstance(value, (torch.Tensor, tl.Tensor)):
        numbers = value.detach().numpy().copy()
        return lib.nn.Parameter(lib.tensor(numbers)) if isinstance(value, torch.nn.Parameter) else lib.tensor(numbers)
    if isinstance(value, dict):
        return {key: translated(part, lib) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)([translated(part, lib) for part in value])
    return copy.deepcopy(value)


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
                if isinstance(q, torch.Tensor) and hasattr(p, "shape"):
                    if (str(p.dtype), tuple(p.shape)) != (str(q.dtype)[6:], tuple(q.shape)):
                        yield f"{name} is {p.dtype}{list(p.shape)}, in torch {str(q.dtype)[6:]}{list(q.shape)}"
                        continue
                if not isinstance(theirs.optimizer, torch.optim.LBFGS):
                    yield apart(p.numpy() if hasattr(p, "numpy") else p, q)
    for x, y in zip(a["param_groups"], b["param_groups"], strict=True):
        if translated(x, tl).keys() != y.keys() or str(translated(x, torch)) != str({key: y[key] for key in x}):
            yield f"options {x}, in torch {y}"


class Entry:
    """All configurations and error inputs of one optimizer."""

    def __init__(self, name: str) -> None:
        self.info, self.name, self.row = infos()[name], name, Found(name)
        self.largest, self.agree, self.states = 0.0, 0, 0

    def run(self) -> Found:
        configurations = self.info.optim_inputs_func("cpu", torch.float64)
        errors = self.info.optim_error_inputs_func("cpu", torch.float64)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for given in configurations:
                self.configuration(given)
        found = [self.refusal(given) for given in errors]
        found = [one for one in found if one]
        agree, warned = [sum([kind in one for one in found]) for kind in ("agrees", WARNS)]
        cells = (len(configurations), self.agree, f"{self.largest:.0e}", self.states, len(found), agree, warned)
        self.row.cells = dict(zip(COLUMNS, cells))
        return self.row

    def configuration(self, given: Any) -> None:
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
        wrong = [found for found in states_apart(ours, theirs) if isinstance(found, str) or not found < LIMIT]
        parameters = parameters_apart(ours, theirs)
        self.largest = max(self.largest, parameters)
        if not parameters < LIMIT:
            wrong.append(parameters)
        self.agree += not wrong
        exchanged = parameters_apart(ours_on, theirs), parameters_apart(theirs_on, theirs_again)
        self.states += max(exchanged) < LIMIT
        if not max(exchanged) < LIMIT:
            wrong.append(f"states exchanged: {exchanged}")
        self.row.differences += [f"{given.desc}: {one}" for one in wrong]

    def refusal(self, given: Any) -> str:
        """One input that must be refused: whether ours agrees, what excuses it, or nothing if it is outside."""
        sample = given.optimizer_error_input
        params = sample.params if sample.params is not None else [torch.nn.Parameter(torch.ones(2, 3, dtype=torch.float64))]
        if any(isinstance(p, torch.Tensor) and p.is_complex() for p in params):
            return ""

        def call(lib: Any) -> Any:
            optimizer = getattr(lib.optim, self.name)
            same: dict[int, Any] = {}

            def one(value: Any) -> Any:
                if isinstance(value, torch.Tensor):
                    return same.setdefault(id(value), translated(value, lib))
                if isinstance(value, dict):
                    return {key: one(part) for key, part in value.items()}
                return type(value)([one(part) for part in value]) if isinstance(value, (list, tuple)) else value

            made = optimizer(one(params), **translated(sample.kwargs, lib))
            if given.error_on is OptimizerErrorEnum.STEP_ERROR:
                made.step()

        with warnings.catch_warnings():
            warnings.simplefilter("error")
            theirs, ours = attempt(lambda: call(torch))[1], attempt(lambda: call(tl))[1]
        if isinstance(ours, (type(theirs), given.error_type)):
            return "agrees"
        if isinstance(theirs, UserWarning) and isinstance(ours, ValueError):
            return WARNS
        self.row.differences.append(f"{sample.desc}: {ours and refused(ours)}, in torch {theirs and refused(theirs)}")
        return "differs"


SECTION = Section("Optimizers", TEXT, COLUMNS, lambda: list(infos()), lambda name: Entry(name).run())
