"""PyTorch's database of modules through both libraries: one class, such as nn.Linear, is one entry.

For every sample both libraries make the module with the same arguments after the same seed, in training and in evaluation mode.
What is compared then is listed in ABOUT. The state that both load is moved away from the initial one, because a weight of 1 and
a bias of 0 would hide mistakes.
"""

from __future__ import annotations

import inspect
import pickle
import warnings
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.testing._internal.common_modules import ModuleErrorEnum, module_db
from torch.testing._internal.common_utils import noncontiguous_like

import tinygrad_lite as tl

from .compare import array_of, compared
from .exceptions import NO_FUNCTION
from .run import FORMS, SEED, Call, Database, Difference, Entry, Row, attempt, derivatives, refused
from .translate import DTYPES, Copy, Outside, at

DEPRECATED = ("size_average", "reduce", "min_value", "max_value")  # arguments of torch, which we lack
FLOATS = (torch.float64, torch.float32)
ABOUT = f"""\
PyTorch's database of modules (`torch.testing._internal.common_modules`) in the same way: `python tests/parity.py nn.Linear -v`.
A sample is the arguments of a constructor and an input, in training or in evaluation mode. It agrees if all of this is so:
after the same seed the states have the same names, order, dtypes, shapes and values, bit for bit; the modules print alike; each
library loads the other's state; after that the outputs, the buffers after the forward and the derivatives with respect to the
inputs and all parameters are equal, in float64 to second order, in float32 to first order. The first {FORMS} samples of each
dtype and mode run with inputs that are not contiguous, in the in-place form and through a pickled module too. Constructors and
forwards have the same arguments and defaults, but for deprecated ones."""


@dataclass
class Sample:
    """The arguments of a constructor and of a forward, and the mode."""

    made: tuple[Any, ...]
    options: dict[str, Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    training: bool

    @property
    def input(self) -> Any:
        """The first tensor that the forward gets: what exceptions ask about."""
        return next(x for x in (*self.args, *self.kwargs.values()) if isinstance(x, torch.Tensor))

    def __str__(self) -> str:
        mode = "train" if self.training else "eval"
        return f"({self.made}, {self.options}).{mode}()({self.args}, {self.kwargs})"


def chosen(names: list[str]) -> list[Any]:
    """The entries with one of these names; without names, all."""
    return [info for info in module_db if not names or info.name in names]


def title(info: Any) -> str:
    """The name of an entry, such as nn.Linear."""
    return str(info.name)


def our_class(info: Any) -> Any:
    """Our class for an entry; None if we lack it."""
    return None if info.name in NO_FUNCTION.split() else at(info.name)


def arguments(kind: Any) -> list[tuple[str, Any]]:
    """The names of a function's arguments in order, each with its default value."""
    given = [p for p in inspect.signature(kind).parameters.values() if p.kind is not p.VAR_POSITIONAL]
    return [(p.name, getattr(p.default, "__name__", p.default)) for p in given if p.name not in DEPRECATED]


def takes_dtype(kind: Any) -> bool:
    """Whether a class of torch makes its parameters in a given dtype."""
    return "dtype" in inspect.signature(kind).parameters or issubclass(kind, torch.nn.RNNBase)


def strides(values: Any) -> Any:
    """Arguments with their tensors not contiguous, of the same numbers."""
    if isinstance(values, torch.Tensor):
        return noncontiguous_like(values) if values.ndim else values
    if isinstance(values, dict):
        return {name: strides(value) for name, value in values.items()}
    return tuple(map(strides, values)) if isinstance(values, tuple) else values


def moved(state: dict[str, Any]) -> dict[str, Any]:
    """A state with its floating-point numbers moved up by about a tenth."""
    rng = np.random.default_rng(SEED)
    steps = {name: torch.from_numpy(np.asarray(rng.random(tuple(x.shape)) / 5)) for name, x in state.items()}
    return {name: (x + steps[name]).to(x.dtype) if x.is_floating_point() else x for name, x in state.items()}


class Net(Call):
    """A sample in one library: the module, with the state if one is given, and a fresh copy of the inputs."""

    def __init__(
        self, kind: Any, sample: Sample, here: bool, dtype: torch.dtype, factory: bool, state: Any = None, **how: Any
    ) -> None:
        self.copy, self.ours = Copy(here, **how), here
        made, options = self.copy(sample.made), self.copy(sample.options)
        dtype = dtype if self.copy.cast is None else getattr(torch, np.dtype(self.copy.cast).name)
        named = {"dtype": DTYPES[dtype] if here else dtype} if factory and "dtype" not in options else {}
        self.seed()
        self.module = kind(*made, **named, **options).train(sample.training)
        self.module.to(DTYPES[dtype] if here else dtype)
        self.copy.leaves.clear()  # a weight that the constructor got is a buffer
        self.args, self.kwargs = self.copy(sample.args), self.copy(sample.kwargs)
        if kind.__name__.startswith("Lazy"):  # the first forward gives its parameters their shapes and values
            self.module(*self.args, **self.kwargs)
        if state is not None:
            self.module.load_state_dict(self.copy(state))
        if self.copy.grad:
            self.copy.leaves += [p for p in self.module.parameters() if p.requires_grad]

    def seed(self) -> None:
        """Start both libraries from the same random numbers."""
        (tl if self.ours else torch.default_generator).manual_seed(SEED)  # type: ignore[attr-defined]

    def __call__(self) -> Any:
        """The result of the forward, and the buffers as it leaves them. Only torch's plain attention has second derivatives."""
        self.seed()
        with nullcontext() if self.ours else sdpa_kernel(SDPBackend.MATH):
            return self.module(*self.args, **self.kwargs), [x.detach().clone() for x in self.module.buffers()]

    def state(self) -> dict[str, Any]:
        """A copy of the state, as tensors of torch."""
        return {name: torch.from_numpy(array_of(x).copy()) for name, x in self.module.state_dict().items()}


class Module(Entry):
    """Runs one entry, with at most `limit` samples of each dtype and mode."""

    def __init__(self, info: Any, limit: int | None = None, kind: Any = None) -> None:
        self.info, self.limit, self.row = info, limit, Row(title(info))
        self.ours, self.theirs, self.elementwise = kind or our_class(info), info.module_cls, False
        self.found: list[Difference] = []
        self.factory = takes_dtype(self.theirs)

    def net(self, here: bool, sample: Sample, dtype: Any, state: Any = None, **how: Any) -> Net:
        """A sample in one library."""
        return Net(self.ours if here else self.theirs, sample, here, dtype, self.factory, state, **how)

    def samples(self, dtype: Any, training: bool) -> list[Sample]:  # type: ignore[override]
        """The samples of a dtype and mode that have an input."""
        torch.default_generator.manual_seed(SEED)
        np.random.seed(SEED)
        given = self.info.module_inputs_func(self.info, device="cpu", dtype=dtype, requires_grad=True, training=training)
        pairs = [(one.constructor_input, one.forward_input) for one in given if one.forward_input is not None]
        return [Sample(make.args, make.kwargs, call.args, call.kwargs, training) for make, call in pairs[: self.limit]]

    def run(self, dtypes: Any = FLOATS) -> Row:
        """All samples of these dtypes, all arguments and inputs that must be refused."""
        info = self.info
        for theirs, ours in ((self.theirs, self.ours), (self.theirs.forward, self.ours.forward)):
            expected, found = arguments(theirs), arguments(ours)
            if expected != found and "kwargs" not in dict(expected):
                self.row.differences.append(Difference("signature", "", "", 0, f"{found}, in torch {expected}", ""))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for dtype in [dtype for dtype in dtypes if dtype in info.dtypes]:
                for training in (True, False):
                    for number, sample in enumerate(self.samples(dtype, training)):
                        self.one(sample, number, dtype)
            if info.module_error_inputs_func is not None:
                how = {"device": "cpu", "dtype": torch.float32, "requires_grad": False, "training": True}
                for number, given in enumerate(info.module_error_inputs_func(info, **how)):
                    self.refusal(given, number)
        return self.row

    def all_forms(self, sample: Sample, number: int, dtype: Any, differs: Any) -> None:
        """One sample: the module as it is made, then all that it computes from a state which both libraries load."""
        a, (b, error) = self.net(False, sample, dtype), attempt(lambda: self.net(True, sample, dtype))
        if error is not None:
            if isinstance(error, Outside):
                raise error
            differs("error", refused(error))
            return
        expected, found = a.state(), b.state()
        if repr(a.module) != repr(b.module):
            differs("repr", f"{b.module!r}, in torch {a.module!r}")
        if list(expected) != list(found):
            differs("state", f"{list(found)}, in torch {list(expected)}")
            return
        _, wrong = compared(list(expected.values()), list(found.values()), lambda **how: [])
        for name, x in expected.items():
            if not wrong and not np.array_equal(x, found[name], equal_nan=True):
                wrong = [("values", f"{name} starts with other values than in torch")]
        for kind, text in wrong:
            differs("state", f"{kind}: {text}")
        a.module.load_state_dict(found)
        state = moved(expected)
        self.compare_nets("function", sample, dtype, state, differs)
        if number < FORMS:
            strided = Sample(sample.made, sample.options, *map(strides, (sample.args, sample.kwargs)), sample.training)
            self.compare_nets("not contiguous", strided, dtype, state, differs)
            self.compare_nets("pickled", sample, dtype, state, differs)
            if "inplace" in dict(arguments(self.theirs)):
                written = Sample(sample.made, {**sample.options, "inplace": True}, sample.args, sample.kwargs, sample.training)
                self.compare_nets("in place", written, dtype, state, differs)

    def compare_nets(self, form: str, sample: Sample, dtype: Any, state: Any, differs: Any) -> None:
        """The results and derivatives of one sample."""

        def net(here: bool, **how: Any) -> Net:
            return self.net(here, sample, dtype, state, **how, grad=form != "in place")

        def of(here: bool, twice: bool, **how: Any) -> Any:
            return derivatives(net(here, **how), None, None, twice)

        def differs_here(kind: str, text: str) -> None:
            differs(kind, text, form)

        a, b = net(False), net(True)
        if form == "pickled":
            b.module = pickle.loads(pickle.dumps(b.module))
        if self.same(a, b, lambda **more: net(False, **more)(), sample, dtype, differs_here) and form != "pickled":
            self.differentiate(of, dtype, differs_here)

    def refusal(self, given: Any, number: int) -> None:
        """Arguments or an input that must be refused, when the module is made or when it is called."""
        make, call = given.module_error_input.constructor_input, given.module_error_input.forward_input

        def attempted(here: bool) -> Callable[[], Any]:
            copy, kind = Copy(here), self.ours if here else self.theirs
            made, options, args, kwargs = copy((make.args, make.kwargs, call and call.args, call and call.kwargs))

            def run() -> Any:
                module = kind(*made, **options)
                return module(*args, **kwargs) if given.error_on is ModuleErrorEnum.FORWARD_ERROR else module

            return run

        sample = Sample(make.args, make.kwargs, call.args if call else (), call.kwargs if call else {}, True)
        try:
            theirs, ours = attempted(False), attempted(True)
        except Outside as reason:
            self.row.outside[str(reason)] += 1
        else:
            self.judge(theirs, ours, given, number, sample)


MODULES = Database("## Modules", ABOUT, chosen, title, our_class, Module)
