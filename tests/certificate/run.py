"""One entry of the database through both libraries."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import numpy as np
import torch
from torch.testing._internal.common_methods_invocations import op_db

import tinygrad_lite as tl
from tinygrad_lite.autograd import grad

from .compare import LIMIT, apart, array_of, flat, is_tensor, spacing
from .translate import DTYPES, NAMES, Copy, Outside, at, ours_for

SEED = 7


@dataclass
class Difference:
    """One disagreement: what differs, for which sample."""

    entry: str
    kind: str  # "values", "first", "second", "dtype", "shape", "view", "memory", "error"
    dtype: str
    variant: str
    sample: Any
    number: int
    text: str
    excepted: str | None = None


@dataclass
class Tally:
    """The row of one entry."""

    name: str
    samples: int = 0
    agreed: int = 0
    outside: Counter[str] = field(default_factory=Counter)
    errors: int = 0
    errors_agreed: int = 0
    ulp: dict[str, float] = field(default_factory=lambda: {"values": 0.0, "first": 0.0, "second": 0.0})
    differences: list[Difference] = field(default_factory=list)


def title(entry: Any) -> str:
    return f"{entry.name}.{entry.variant_test_name}" if entry.variant_test_name else str(entry.name)


def function_of(entry: Any) -> Any:
    """Our function for an entry; None if it is not covered."""
    name = entry.name
    known = at(name, torch)
    if known is not None and callable(known):
        if at(name) is None:
            return None
    elif hasattr(torch.Tensor, name) and not hasattr(tl.Tensor, name):
        return None
    return ours_for(entry.op)


class Call:
    """A sample in one library: the function applied to a fresh copy."""

    def __init__(self, function: Any, sample: Any, ours: bool, **how: Any) -> None:
        self.copy, self.function, self.ours = Copy(ours, **how), function, ours
        self.input, self.args, self.kwargs = self.copy(sample.input), self.copy(sample.args), self.copy(sample.kwargs)

    def __call__(self) -> Any:
        (tl if self.ours else torch).manual_seed(SEED)
        return self.function(self.input, *self.args, **self.kwargs)


def attempt(call: Callable[[], Any]) -> tuple[Any, Exception | None]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return call(), None
    except Exception as error:
        return None, error


def noise(shape: Any, dtype: Any, seed: int, rng: Any = None) -> np.ndarray[Any, Any]:
    """An upstream gradient; with rng, moved by about one unit in the last place."""
    values = np.asarray(np.random.default_rng(seed).standard_normal(tuple(shape))).astype(dtype)
    return values if rng is None else np.asarray(values * (1 + rng.choice([-1, 1], values.shape) * np.finfo(dtype).eps)).astype(dtype)




def derivatives(call: Call, process: Any, wrapper: Any, twice: bool) -> tuple[list[Any], list[Any], list[bool]]:
    """First derivatives, and the derivatives of those with respect to inputs and upstream gradients, and which outputs require
    grad.
    """
    make = (lambda a: tl.tensor(a, dtype=a.dtype)) if call.ours else torch.from_numpy
    differentiate: Any = grad if call.ours else torch.autograd.grad
    function = call.function
    if wrapper is not None:
        call.function = lambda *args, **kwargs: wrapper(function, *args, **kwargs)
    outs = call()
    call.function = function
    outs = flat(process(outs) if process is not None else outs)
    live = [y for y in outs if is_tensor(y) and y.requires_grad]
    if not live:
        return [], [], [is_tensor(y) and bool(y.requires_grad) for y in outs]
    upstream = [make(noise(y.shape, array_of(y).dtype, seed, call.copy.rng)).requires_grad_() for seed, y in enumerate(live)]
    options: dict[str, Any] = {"create_graph": twice, "allow_unused": True}
    first = list(differentiate(live, call.copy.leaves, upstream, **options))
    again = {n: g for n, g in enumerate(first) if g is not None and g.requires_grad} if twice else {}
    second: list[Any] = []
    if again:
        more = [make(noise(g.shape, array_of(g).dtype, 10 + n, call.copy.rng)) for n, g in again.items()]
        second = list(differentiate(list(again.values()), [*call.copy.leaves, *upstream], more, allow_unused=True))
    return first, second, [is_tensor(y) and bool(y.requires_grad) for y in outs]


class Entry:
    """Runs one OpInfo."""

    def __init__(self, info: Any, limit: int | None = None) -> None:
        self.info, self.limit = info, limit
        self.name = title(info)
        self.ours, self.theirs = function_of(info), info.op
        self.tally = Tally(self.name)

    def samples(self, dtype: Any, reference: bool) -> list[Any]:
        torch.manual_seed(SEED)
        np.random.seed(SEED)
        make = self.info.reference_inputs if reference else self.info.sample_inputs
        wants = dtype.is_floating_point and self.info.supports_autograd
        try:  # all at once: comparing seeds torch's generator, which the samples are drawn from
            return list(islice(make("cpu", dtype, requires_grad=wants), self.limit))
        except ValueError:  # some samples of elementwise functions have integers in them, which cannot require grad
            torch.manual_seed(SEED)
            samples = list(islice(make("cpu", dtype, requires_grad=False), self.limit))
            for sample in samples:
                for x in (sample.input, *sample.args):
                    if isinstance(x, torch.Tensor) and x.is_floating_point():
                        x.requires_grad_(wants)
            return samples

    def dtypes(self) -> list[Any]:
        there = self.info.supported_dtypes("cpu")
        return [dtype for dtype in DTYPES if dtype in there]

    def run(self) -> Tally:
        for dtype in sorted(self.dtypes(), key=lambda d: d != torch.float64):
            for number, sample in enumerate(self.samples(dtype, dtype == torch.float64)):
                self.one(sample, number, dtype)
        self.errors()
        return self.tally

    def note(self, kind: str, dtype: Any, sample: Any, number: int, text: str, variant: str = "function") -> None:
        self.tally.differences.append(Difference(self.name, kind, str(dtype)[6:], variant, sample, number, text))

    def one(self, sample: Any, number: int, dtype: Any) -> None:
        before = len(self.tally.differences)
        try:
            self.function(sample, number, dtype)
            self.variants(sample, number, dtype)
        except Outside as error:
            self.tally.outside[str(error)] += 1
            return
        self.tally.samples += 1
        self.tally.agreed += before == len(self.tally.differences)

    def function(self, sample: Any, number: int, dtype: Any) -> None:
        def differs(kind: str, text: str) -> None:
            self.note(kind, dtype, sample, number, text)

        theirs = Call(self.theirs, sample, False)
        ours = Call(self.ours, sample, True)
        ys, refused = attempt(theirs)
        zs, error = attempt(ours)
        if refused is not None:
            if error is None:
                differs("error", f"torch refuses: {type(refused).__name__}: {refused}")
            return
        if error is not None:
            differs("error", f"raised {type(error).__name__}: {error}")
            return
        if "empty" in self.name:
            if [tuple(y.shape) for y in flat(ys)] != [z.shape for z in flat(zs)]:
                differs("shape", "shapes differ")
            return
        good = self.same("values", ys, zs, differs, lambda **how: Call(self.theirs, sample, False, **how)())
        self.views(theirs, ours, flat(ys), flat(zs), differs)
        for a, b in zip(theirs.copy.memory, ours.copy.memory):
            if apart(b, a) > LIMIT:
                differs("memory", "the inputs afterwards differ from torch's")
        if good and dtype.is_floating_point and self.info.supports_autograd and theirs.copy.leaves:
            self.gradients(sample, dtype == torch.float64, differs)

    def gradients(self, sample: Any, twice: bool, differs: Any) -> None:
        process = sample.output_process_fn_grad
        wrapper = self.info.gradcheck_wrapper

        def of(ours: bool, **how: Any) -> Any:
            call = Call(self.ours if ours else self.theirs, sample, ours, **how)
            return derivatives(call, ours_for(process) or process if ours else process,
                               ours_for(wrapper) or wrapper if ours else wrapper, twice)

        theirs, refused = attempt(lambda: of(False))
        if refused is not None and twice:
            twice = False
            theirs, refused = attempt(lambda: of(False))
        if refused is not None:
            return  # torch has no derivative
        ours, error = attempt(lambda: of(True))
        if error is not None:
            differs("first", f"raised {type(error).__name__}: {error}")
            return
        if theirs[2] != ours[2]:
            differs("first", f"requires_grad of the outputs: torch {theirs[2]}, ours {ours[2]}")
            return
        for kind, place in (("first", 0), ("second", 1)):
            a, b = theirs[place], ours[place]
            if len(a) != len(b):
                longest = max(len(a), len(b))
                a, b = a or [None] * longest, b or [None] * longest
            pairs = [(x, y) for x, y in zip(a, b)]
            ys = [x if x is not None else torch.zeros_like(torch.from_numpy(array_of(y))) if y is not None else None for x, y in pairs]
            zs = [y if y is not None else tl.zeros(tuple(x.shape), dtype=array_of(x).dtype) if x is not None else None for x, y in pairs]
            if not self.same(kind, ys, zs, differs, lambda place=place, **how: of(False, **how)[place]):
                return

    def same(self, kind: str, theirs: Any, ours: Any, differs: Any, again: Any) -> bool:
        ys, zs = flat(theirs), flat(ours)
        if len(ys) != len(zs):
            differs(kind, f"torch has {len(ys)} results, ours {len(zs)}")
            return False
        more: dict[Any, list[Any]] = {}

        def repeated(**how: Any) -> list[Any]:
            key = tuple(how.items())
            if key not in more:
                more[key] = flat(attempt(lambda: again(**how))[0])
            return more[key]

        good = True
        for n, (y, z) in enumerate(zip(ys, zs)):
            if not is_tensor(y) or not is_tensor(z):
                if is_tensor(y) != is_tensor(z):
                    differs(kind, f"output {n}: torch {type(y).__name__}, ours {type(z).__name__}")
                    good = False
                elif isinstance(y, (bool, int, float)) and not (y == z or (y != y and z != z)):
                    differs(kind, f"output {n}: torch {y}, ours {z}")
                    good = False
                continue
            a, b = array_of(y), array_of(z)
            if a.dtype != b.dtype:
                differs("dtype" if kind == "values" else kind, f"output {n}: torch {a.dtype}, ours {b.dtype}")
                good = False
            elif a.shape != b.shape:
                differs("shape" if kind == "values" else kind, f"output {n}: torch {list(a.shape)}, ours {list(b.shape)}")
                good = False
            else:
                good &= self.near(kind, n, a, b, differs, repeated)
        return good

    def near(self, kind: str, n: int, a: Any, b: Any, differs: Any, repeated: Any) -> bool:
        error = apart(b, a)
        if error > LIMIT and np.isfinite(error):
            unit, size = spacing(a), np.abs(a[np.isfinite(a)]).max(initial=0)
            coarse = [{"cast": np.float32}] if a.dtype == np.float64 else []
            for how in (*coarse, {"shake": 1}, {"shake": 2}, {"shake": 3}):
                moved = repeated(**how)
                if n < len(moved) and is_tensor(moved[n]) and moved[n].shape == a.shape:
                    z = array_of(moved[n])
                    with np.errstate(all="ignore"):
                        step = np.abs(z.astype(np.float64) - a.astype(np.float64))
                    step = np.where(np.isfinite(step), step, 0)
                    if step.max(initial=0) < size * np.sqrt(np.finfo(z.dtype).eps):
                        unit = np.maximum(unit, step * float(np.finfo(a.dtype).eps / np.finfo(z.dtype).eps))
            error = apart(b, a, unit)
            if error > LIMIT and a.dtype != np.float64:
                exact = repeated(cast=np.float64)
                if n < len(exact) and is_tensor(exact[n]) and exact[n].shape == a.shape:
                    e = array_of(exact[n]).astype(np.float64)
                    with np.errstate(all="ignore"):
                        gap, torchs = np.abs(b - e), np.abs(a - e)
                        fine = (gap <= 2 * torchs) | (gap <= LIMIT * unit) | ((b != b) & (a != a)) | (a == b)
                        fine |= gap <= 4 * np.nanmax(np.where(np.isfinite(torchs), torchs, 0), initial=0)
                    if fine.all():
                        return True
        if error > LIMIT:
            with np.errstate(all="ignore"):
                differ = np.argwhere(~((a == b) | ((a != a) & (b != b))))
                if np.isfinite(error):
                    worst = np.unravel_index(np.nanargmax(np.where(np.isfinite(a) & np.isfinite(b), np.abs(a - b) / spacing(a), 0)), a.shape)
                else:
                    worst = tuple(differ[0])
            differs(kind, f"output {n}: {len(differ)} of {a.size} numbers differ, {error:.3g} units; at {[int(i) for i in worst]} torch {a[worst]!r}, ours {b[worst]!r}")
            return False
        if a.dtype == np.float64 and b.dtype == np.float64:
            self.tally.ulp[kind] = max(self.tally.ulp[kind], error)
        return True

    def views(self, theirs: Call, ours: Call, ys: list[Any], zs: list[Any], differs: Any) -> None:
        for n, (y, z) in enumerate(zip(ys, zs)):
            if not (is_tensor(y) and is_tensor(z) and y.numel()):
                continue
            for m, (s, t) in enumerate(zip(theirs.copy.memory, ours.copy.memory)):
                a = y.dtype in DTYPES and bool(np.may_share_memory(array_of(y), s))
                b = bool(np.may_share_memory(array_of(z), t))
                if a != b:
                    differs("view", f"output {n} {'is' if a else 'is not'} a view of input {m} in torch, {'is' if b else 'is not'} here")
                elif a and not np.array_equal(where(array_of(y), s), where(array_of(z), t)):
                    differs("view", f"output {n} is a view of other places of input {m}")

    def variants(self, sample: Any, number: int, dtype: Any) -> None:
        """TODO: methods, operators, in place."""

    def errors(self) -> None:
        if self.info.error_inputs_func is None:
            return
        with suppress(NotImplementedError):
            for number, e in enumerate(self.info.error_inputs("cpu")):
                try:
                    ours = Call(self.ours, e.sample_input, True)
                    theirs = Call(self.theirs, e.sample_input, False)
                except Outside as error:
                    self.tally.outside[str(error)] += 1
                    continue
                refused = attempt(theirs)[1]
                if refused is None:
                    continue
                self.tally.errors += 1
                z, error = attempt(ours)
                if error is not None and (isinstance(error, type(refused)) or isinstance(error, e.error_type)):
                    self.tally.errors_agreed += 1
                else:
                    got = f"{type(error).__name__}: {error}" if error is not None else "no error"
                    self.note("refusal", "torch.", e.sample_input, number, f"torch {type(refused).__name__}: {refused}; ours {got}")


def where(part: Any, memory: Any) -> Any:
    """For each element of a view, its place in the memory."""
    start = part.__array_interface__["data"][0] - memory.__array_interface__["data"][0]
    places = np.asarray(start)
    for size, stride in zip(part.shape, part.strides):
        places = places[..., None] + np.arange(size) * stride
    return places


def entries(names: list[str] | None = None) -> list[Any]:
    """The entries of the database; with names, those whose title or name is one of them, or has it before a dot."""
    chosen = [info for info in op_db if not names or any(
        n in (title(info), info.name) or n in [a.name for a in info.aliases] for n in names)]
    return chosen
