"""One entry of the database through both libraries: what agrees, what does not.

For every sample: the values, their dtypes and shapes, whose memory they share, what became of the inputs; in float64 first and
second derivatives, in float32 and float16 first ones. For the first samples of each dtype, the same through every other form
that the entry has: the method, the operator, the in-place forms, the aliases. And the inputs that torch refuses.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from itertools import islice
from typing import Any

import numpy as np
import torch
from torch.testing._internal import common_utils
from torch.testing._internal.common_methods_invocations import op_db
from torch.testing._internal.opinfo import core

import tinygrad_lite as tl
from tinygrad_lite.autograd import grad

from .compare import LIMIT, apart, array_of, compared, fields, flat, is_tensor, unwritten, viewed
from .exceptions import INDICES, NO_FUNCTION, NOT_UNIQUE, exempted, tied
from .translate import DTYPES, Copy, Outside, at, ours_for, rebound

# To name its own test in errors, the database looks through the stack for each set of samples, which under pytest takes longer
# than all comparisons.
common_utils.extract_test_fn = core.extract_test_fn = lambda: None
SEED = 7
CUT = 5_000  # a matrix that an elementwise function gets is cut to so many numbers
FORMS = 6  # this many samples of each dtype go through the other forms


@dataclass
class Difference:
    """One disagreement."""

    kind: str  # values, dtype, shape, view, memory, first, second, error (one library refuses), refusal (another exception)
    dtype: str
    form: str
    number: int  # which sample
    text: str
    sample: str


@dataclass
class Row:
    """What is found for one entry. `units` has the largest error of each kind; `excepted` counts samples by reason."""

    name: str
    samples: int = 0
    agreed: int = 0
    errors: int = 0
    errors_agreed: int = 0
    units: dict[str, float] = field(default_factory=dict)
    outside: Counter[str] = field(default_factory=Counter)
    excepted: Counter[str] = field(default_factory=Counter)
    differences: list[Difference] = field(default_factory=list)
    seconds: float = 0.0


def title(info: Any) -> str:
    """The name of an entry, with that of its variant."""
    return f"{info.name}.{info.variant_test_name}" if info.variant_test_name else str(info.name)


def our_function(info: Any) -> Any:
    """Our function for an entry; None if we lack it."""
    name = info.name
    if any(fnmatchcase(title(info), pattern) for pattern in NO_FUNCTION.split()):
        return None
    if callable(at(name, torch)):
        if at(name) is None:
            return None
    elif hasattr(torch.Tensor, name):
        if not hasattr(tl.Tensor, name):
            return None
    elif hasattr(torch.Tensor, name + "_") and not hasattr(tl.Tensor, name + "_"):
        return None
    return ours_for(info.op)


def chosen(names: list[str]) -> list[Any]:
    """The entries with one of these names or titles, or with an alias of that name; without names, all."""
    return [
        info
        for info in op_db
        if not names or any(name in (title(info), info.name, *[alias.name for alias in info.aliases]) for name in names)
    ]


def cut(x: Any) -> Any:
    """The first rows of a large matrix, with the same strides; anything else as it is."""
    if not isinstance(x, torch.Tensor) or x.numel() < CUT or x.ndim != 2:
        return x
    part = x.detach()[: CUT // x.shape[1]]
    return torch.empty_strided(part.shape, x.stride(), dtype=x.dtype).copy_(part).requires_grad_(x.requires_grad)


class Call:
    """A sample in one library: the function, on a fresh copy of the sample."""

    def __init__(self, function: Any, sample: Any, ours: bool, **how: Any) -> None:
        self.copy, self.function, self.ours = Copy(ours, **how), function, ours
        self.input, self.args, self.kwargs = self.copy(sample.input), self.copy(sample.args), self.copy(sample.kwargs)

    def __call__(self) -> Any:
        (tl if self.ours else torch.default_generator).manual_seed(SEED)
        return self.function(self.input, *self.args, **self.kwargs)


def attempt(call: Callable[[], Any]) -> tuple[Any, Exception | None]:
    """The result of a call, or its exception."""
    try:
        return call(), None
    except Exception as error:
        return None, error


def refused(error: Exception) -> str:
    """An exception in one line."""
    return f"{type(error).__name__}: {' '.join(str(error).split())[:160]}"


def pointed_at(name: str, sample: Any, results: list[Any]) -> list[Any]:
    """The results of a search or sort; in place of the last, the indices, the numbers of the input that they point at."""
    n, x = INDICES[name], array_of(sample.input.detach())
    dim = sample.kwargs.get("dim", sample.args[n] if len(sample.args) > n else -1)
    index = array_of(results[-1])
    if x.ndim:
        index = index if index.ndim == x.ndim else np.expand_dims(index, dim)
        x = np.take_along_axis(x, index, dim)
    return [*results[:-1], torch.from_numpy(np.array(x))]


def noise(like: Any, seed: int, call: Call) -> Any:
    """An upstream gradient for a result: the same numbers in both libraries, moved with the inputs if those are shaken."""
    dtype, rng = array_of(like).dtype, call.copy.rng
    values = np.asarray(np.random.default_rng(seed).standard_normal(tuple(like.shape)))
    if rng is not None:
        values = values * (1 + rng.choice([-1, 1], values.shape) * np.finfo(dtype).eps)
    values = np.asarray(values, dtype)
    return tl.from_numpy(values) if call.ours else torch.from_numpy(values)


def derivatives(call: Call, process: Any, wrapper: Any, twice: bool) -> tuple[list[Any], list[Any], list[bool]]:
    """The derivatives with respect to all inputs that require grad; those of the derivatives with respect to the inputs and the
    upstream gradients; and which results require grad. `process` and `wrapper` are the database's own: they make a result that
    is unique of one that is not (the signs of eigenvectors), and an input that is valid of any.
    """
    if wrapper is not None:
        plain = call.function
        call.function = lambda *args, **kwargs: wrapper(plain, *args, **kwargs)
    results = call()
    results = flat(results if process is None else process(results))
    flags = [is_tensor(y) and bool(y.requires_grad) for y in results]
    live = [y for y, flag in zip(results, flags) if flag]
    if not live:
        return [], [], flags
    differentiate: Any = grad if call.ours else torch.autograd.grad
    upstream = [noise(y, seed, call).requires_grad_() for seed, y in enumerate(live)]
    leaves = call.copy.leaves
    first = list(differentiate(live, leaves, upstream, create_graph=twice, allow_unused=True))
    again = {n: g for n, g in enumerate(first) if g is not None and g.requires_grad} if twice else {}
    more = [noise(g, 10 + n, call) for n, g in again.items()]
    second = list(differentiate(list(again.values()), [*leaves, *upstream], more, allow_unused=True)) if again else []
    return first, second, flags


def filled(theirs: list[Any], ours: list[Any]) -> tuple[list[Any], list[Any]]:
    """Derivatives in pairs. Where one library says that there is none and the other says zero, both are zero."""
    longest = max(len(theirs), len(ours))
    pairs = list(zip(theirs or [None] * longest, ours or [None] * longest))
    zero = [np.zeros_like(array_of(x if y is None else y)) if (x is None) != (y is None) else None for x, y in pairs]
    return (
        [x if z is None or x is not None else torch.from_numpy(z) for (x, _), z in zip(pairs, zero)],
        [y if z is None or y is not None else tl.from_numpy(z) for (_, y), z in zip(pairs, zero)],
    )


class Entry:
    """Runs one entry of the database, with at most `limit` samples of each dtype."""

    def __init__(self, info: Any, limit: int | None = None, function: Any = None) -> None:
        self.info, self.limit, self.row = info, limit, Row(title(info))
        self.ours, self.theirs = function or our_function(info), info.op
        self.elementwise = isinstance(info, (core.UnaryUfuncInfo, core.BinaryUfuncInfo))
        self.found: list[Difference] = []  # of the present sample

    def samples(self, dtype: Any) -> list[Any]:
        """The samples of a dtype: in float64 and float32 with the reference inputs, which have nan, inf and huge numbers."""
        info, wants = self.info, dtype.is_floating_point and self.info.supports_autograd
        make = info.reference_inputs if dtype in (torch.float64, torch.float32) else info.sample_inputs
        torch.default_generator.manual_seed(SEED)
        np.random.seed(SEED)
        try:  # all at once, because a comparison seeds the generator from which the samples are drawn
            samples = list(islice(make("cpu", dtype, requires_grad=wants), self.limit))
        except ValueError:  # an input of integers cannot require grad
            samples = list(islice(make("cpu", dtype, requires_grad=False), self.limit))
            for sample in samples:
                for x in (sample.input, *sample.args):
                    if wants and isinstance(x, torch.Tensor) and x.is_floating_point():
                        x.requires_grad_()
        for sample in samples if self.elementwise else ():  # a million ordinary numbers show no more than some thousand
            sample.input, sample.args = cut(sample.input), tuple(map(cut, sample.args))
        return samples

    def forms(self) -> list[tuple[str, Any, Any, bool]]:
        """The other forms: a name, torch's function, ours, and whether it writes to its input. Operators are Python's own."""
        info = self.info
        given = [
            ("method", info.method_variant, False),
            ("operator", info.operator_variant, False),
            ("in place", info.inplace_variant, True),
            ("in-place operator", info.inplace_operator_variant, True),
        ]
        for alias in info.aliases:
            given += [
                (alias.name, alias.op, False),
                (f"method {alias.name}", alias.method_variant, False),
                (f"in place {alias.name}", alias.inplace_variant, True),
            ]
        return [(name, function, ours_for(function), writes) for name, function, writes in given if function is not None]

    def run(self, dtypes: Any = DTYPES) -> Row:
        """All samples of these dtypes, all error inputs."""
        there = self.info.supported_dtypes("cpu")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for dtype in [dtype for dtype in dtypes if dtype in there]:
                for number, sample in enumerate(self.samples(dtype)):
                    self.one(sample, number, dtype)
            if self.info.error_inputs_func is not None:
                for number, refused in enumerate(self.info.error_inputs("cpu")):
                    self.refusal(refused, number)
        return self.row

    def one(self, sample: Any, number: int, dtype: Any) -> None:
        """One sample: what differs, and what excuses it."""
        self.found = []

        def differs(kind: str, text: str, form: str = "function") -> None:
            self.found.append(Difference(kind, str(dtype)[6:], form, number, text, str(sample)[:1500]))

        try:
            self.all_forms(sample, number, dtype, differs)
        except Outside as reason:
            self.row.outside[str(reason)] += 1
            return
        self.row.samples += 1
        wrong, reasons = exempted(self.row.name, self.found, sample)
        self.row.differences += wrong
        if wrong:
            return
        if reasons:
            self.row.excepted[reasons[0]] += 1
        else:
            self.row.agreed += 1

    def all_forms(self, sample: Any, number: int, dtype: Any, differs: Any) -> None:
        """One sample in all forms."""
        self.compare("function", self.theirs, self.ours, False, sample, dtype, differs)
        if number < FORMS:
            for form, theirs, ours, writes in self.forms():
                if "operator" not in form or (not sample.kwargs and len(sample.args) < 2):
                    if ours is None:
                        differs("error", "there is no such function here", form)
                    else:
                        self.compare(form, theirs, ours, writes, sample, dtype, lambda *a, form=form: differs(*a, form))

    def compare(self, form: str, theirs: Any, ours: Any, writes: bool, sample: Any, dtype: Any, differs: Any) -> None:
        """One sample in one form."""
        how = {"grad": False} if writes else {}
        a, b = Call(theirs, sample, False, **how), Call(ours, sample, True, **how)

        def once_more(**more: Any) -> Any:
            return Call(theirs, sample, False, **how, **more)()

        if not self.same(a, b, once_more, sample, dtype, differs):
            return
        leaves = Copy(False)
        leaves((sample.input, sample.args, sample.kwargs))
        if leaves.leaves and dtype.is_floating_point and (form == "function" or writes):
            if writes:  # a leaf that requires grad must not be written to, so a copy of it is
                write = theirs, ours
                theirs, ours = [lambda x, *args, f=f, **kwargs: f(x.clone(), *args, **kwargs) for f in write]
            process, wrapper = sample.output_process_fn_grad, self.info.gradcheck_wrapper

            def of(here: bool, twice: bool, **how: Any) -> Any:
                f = (lambda g: ours_for(g) or g) if here else (lambda g: g)
                return derivatives(Call(ours if here else theirs, sample, here, **how), f(process), f(wrapper), twice)

            self.differentiate(of, dtype, differs)

    def same(self, a: Call, b: Call, once_more: Callable[..., Any], sample: Any, dtype: Any, differs: Any) -> bool:
        """Whether one sample has the same results in both libraries. `once_more` computes those of torch again, changed."""
        (ys, error), (zs, here) = attempt(a), attempt(b)
        if error is not None or here is not None:
            if error is None:
                differs("error", refused(here))  # type: ignore[arg-type]
            elif here is None:
                differs("error", f"no error, in torch {refused(error)}")
            return False
        if "empty" in self.row.name:  # the values are arbitrary
            ys, zs = [tuple(y.shape) for y in flat(ys)], [tuple(z.shape) for z in flat(zs)]
        if isinstance(ys, torch.Size):  # a result of its own, not several numbers
            ys, zs = [tuple(ys)], [zs]
        if fields(ys) != fields(zs):
            differs("shape", f"the parts of the result are {fields(zs)}, in torch {fields(ys)}")
        units, wrong = compared(flat(ys), flat(zs), self.again(once_more))
        if wrong and any(fnmatchcase(self.row.name, pattern) for pattern in NOT_UNIQUE.split()):
            process = sample.output_process_fn_grad
            ys, zs = process(ys), rebound(process)(zs)
            units, wrong = compared(flat(ys), flat(zs), self.again(lambda **more: process(once_more(**more))))
        if wrong and self.row.name in INDICES and tied(sample):
            ys, zs = (pointed_at(self.row.name, sample, flat(y)) for y in (ys, zs))
            units, wrong = compared(ys, zs, self.again(lambda **more: None))
        self.measure("values", dtype, units)
        for kind, text in wrong:
            differs(kind, text)
        for text in viewed(flat(ys), flat(zs), a.copy.memory, b.copy.memory):
            differs("view", text)
        for n, (s, t) in enumerate(zip(a.copy.memory, b.copy.memory)):
            if not wrong and apart(unwritten(t, flat(zs)), unwritten(s, flat(ys))) > LIMIT:
                differs("memory", f"input {n} is afterwards another than in torch")
        return not wrong

    def differentiate(self, of: Callable[..., Any], dtype: Any, differs: Any) -> None:
        """First and second derivatives of one sample: `of(here, twice)` gives those of one library."""
        twice = dtype == torch.float64
        expected, error = attempt(lambda: of(False, twice))
        if error is not None and twice:
            twice = False
            expected, error = attempt(lambda: of(False, twice))
        if error is not None:
            return  # torch has no derivative
        found, here = attempt(lambda: of(True, twice))
        if here is not None:
            differs("first", refused(here))
            return
        if expected[2] != found[2]:
            differs("first", f"the results require grad: {found[2]}, in torch {expected[2]}")
            return
        for place, kind in enumerate(("first", "second") if twice else ("first",)):
            again = self.again(lambda place=place, **how: of(False, twice, **how)[place])
            units, wrong = compared(*filled(expected[place], found[place]), again, 0 if self.elementwise else 1)
            self.measure(kind, dtype, units)
            if wrong:
                differs(kind, wrong[0][1])
                return

    def again(self, call: Callable[..., Any]) -> Callable[..., list[Any]]:
        """torch's results once more, changed as asked; each is computed once only."""
        known: dict[Any, list[Any]] = {}

        def repeated(**how: Any) -> list[Any]:
            key = str(how)
            if key not in known:
                known[key] = flat(attempt(lambda: call(**how))[0])
            return known[key]

        return repeated

    def measure(self, kind: str, dtype: Any, units: float) -> None:
        key = f"{kind} {str(dtype)[6:]}"
        self.row.units[key] = max(self.row.units.get(key, 0.0), units)

    def refusal(self, given: Any, number: int) -> None:
        """One input that must be refused, with the exception of torch or the one that the database names."""
        sample = given.sample_input
        try:
            theirs, ours = Call(self.theirs, sample, False), Call(self.ours, sample, True)
        except Outside as reason:
            self.row.outside[str(reason)] += 1
            return
        self.judge(theirs, ours, given, number, sample)

    def judge(self, theirs: Callable[[], Any], ours: Callable[[], Any], given: Any, number: int, sample: Any) -> None:
        """Whether both libraries refuse a call in the same way."""
        error, here = attempt(theirs)[1], attempt(ours)[1]
        if error is None:
            return
        self.row.errors += 1
        if isinstance(here, (type(error), given.error_type)):
            self.row.errors_agreed += 1
            return
        text = f"{'no error' if here is None else refused(here)}; in torch {refused(error)}"
        difference = Difference("refusal", "", "function", number, text, str(sample)[:1500])
        wrong, reasons = exempted(self.row.name, [difference], sample)
        self.row.differences += wrong
        self.row.excepted.update(reasons)


@dataclass
class Database:
    """One of PyTorch's databases: its entries, the title of one, what is ours for it (None if we lack it), what runs it."""

    heading: str  # of its table on the page
    about: str  # what the page says before the table
    chosen: Callable[[list[str]], list[Any]]  # the entries with one of these names, or all
    title: Callable[[Any], str]
    ours: Callable[[Any], Any]
    entry: Callable[..., Any]
    columns: tuple[tuple[str, str], ...] = (  # of the numbers in Row.units: the head of each, and what it shows
        ("values", "values float64"),
        ("first", "first float64"),
        ("second", "second float64"),
        ("float32 values", "values float32"),
        ("first", "first float32"),
    )

    def covered(self) -> list[str]:
        """The titles of the entries that are covered."""
        return [self.title(info) for info in self.chosen([]) if self.ours(info) is not None]

    def left_out(self) -> list[str]:
        """The titles of the other entries."""
        return [self.title(info) for info in self.chosen([]) if self.ours(info) is None]


FUNCTIONS = Database("## Entries", "", chosen, title, our_function, Entry)
