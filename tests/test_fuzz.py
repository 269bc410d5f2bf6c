"""Random programs, run by tinygrad_lite and by torch from the same text, line by line: what differs is a bug or a named rule.

A program makes a few leaves and then computes, indexes, keeps views, writes in place, switches gradients off and on, and walks
back, in any order. After every line each live variable must be the same in both: its numbers, shape, dtype, requires_grad,
is_leaf and .grad. The rules:
1. Where both run a line everything is equal, float64 to nine digits of the largest number; nan equals nan.
2. What torch refuses is refused here too, by the same kind of error, except what WE_RUN lists with its reason.
3. What is refused here and runs in torch must be a documented refusal, in WE_REFUSE. Such refusals are counted: a fuzz in which
   everything is refused tests nothing.
A refused line is left out on both sides and the program goes on; so a refusal that has changed something is found as well.
A program that differs is shortened line by line and shown as text that runs. `pytest tests/test_fuzz.py --fuzz-minutes 30 -s`
runs other programs for half an hour, collects what differs and prints how many ran.
Left out, because torch's own answer is an accident of its views: views made under no_grad, leaves switched on that have views,
gradients with respect to views, writes through .data. Orders of memory count only in what view() and writes make of them.
"""

from __future__ import annotations

import re
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from copy import deepcopy
from functools import lru_cache
from itertools import count
from math import inf, nan, prod
from random import Random
from types import CodeType
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import tinygrad_lite as tl

# What torch refuses and we run, by torch's words, and why that is right.
WE_RUN = {
    r"some elements of the input tensor and the written-to tensor": "NumPy reads overlapping memory before it writes",
    r"not implemented for 'Bool'|bool tensor is not supported|Boolean inputs not": "an op on bools that torch has not written",
    r"element 0 of tensors does not require grad": "a derivative that is 0 everywhere is recorded like any other",
    r"ZeroTensors are immutable": "torch's own kind of zero, which it cannot add to",
    r"a view of a leaf Variable": "a view of a leaf that is gone, so that nobody can miss its gradient",
    r"moved into the graph interior": "a leaf that was switched off and written over: what was computed before needs no place",
    r"a second time.*freed: ((Index|IndexPut|Max|Min)Backward\d(, )?|CopySlices(, )?)+$": "an index is no array that is let go",
    r"modified by an inplace operation": "our vjp keeps something else; the answer is torch's if that saves copies",
    r"view size is not compatible": "results may be laid out in another order",
    r"Index put requires the source and destination dtypes match": "a write to listed places casts, as one to a slice does",
}

# What we refuse and torch runs, by our words.
WE_REFUSE = {
    r"in-place .*shared with": "a recorded write to memory that something else sees",
    r"are one number in memory": "x[index] = y in expanded memory, which torch warns of",
    r"index -?\d+ is out of bounds": "a place that is not there, where the rest of the index leaves nothing",
    r"view: shape .* cannot be a view": "results may be laid out in another order",
    r"backward through (div|matmul): .* changed in place": "torch's 2 / x keeps its result, its product with a batch a copy",
    r"sign: cannot compute with bool": "the sign of bools",
    r"Integers to negative integer powers": "integers to negative powers",
    r"negative step": "a slice with a negative step",
    r"matmul: dtypes \w+ and \w+ differ": "a product of two dtypes, which torch lets pass where there is nothing in it",
    r"backward: inputs must be leaves": "backward(inputs=) of results",
    r"dtypes \w+ and \w+ do not mix": "an op that does not promote",
}
EXACT, ROUNDED = 1e-9, 2e-4  # the tolerance, relative to the largest number; the second where float32 takes part

# Running a program in both


class Difference(Exception):
    """What tinygrad_lite and torch do not agree on."""


def space(t: Any) -> dict[str, Any]:
    """The names that a program starts with. What grad() returns is copied: torch's gradients may be views of each other."""
    t.set_default_dtype(t.float64)

    order = {"memory_format": torch.contiguous_format} if t is torch else {}  # torch's gradients may be laid out otherwise

    def grad(*args: Any, **options: Any) -> Any:
        return tuple([g if g is None else g.clone(**order) for g in t.autograd.grad(*args, **options)])

    return {"t": t, "grad": grad, "deepcopy": deepcopy}


HEAD = """import torch as t  # or tinygrad_lite as t
from copy import deepcopy
t.set_default_dtype(t.float64)
def grad(*args, **options):
    return tuple([g if g is None else g.clone() for g in t.autograd.grad(*args, **options)])
"""


@lru_cache(2000)
def compiled(line: str, mode: str = "exec") -> CodeType:
    return compile(line, "<program>", mode)


def attempt(line: str, names: dict[str, Any]) -> str:
    """Run a line; '' or what it was refused with."""
    try:
        exec(compiled(line), names)
    except Exception as error:
        kind = RuntimeError if isinstance(error, RuntimeError) else type(error)  # torch's NotImplementedError is one
        return f"{kind.__name__}: {error}"
    return ""


def variables(names: dict[str, Any]) -> dict[str, Any]:
    return {name: x for name, x in names.items() if name not in ("t", "grad", "deepcopy") and name[0] != "_"}


def compare(what: str, ours: Any, theirs: Any, tolerance: float, history: bool = True) -> None:
    """Difference if a value of ours is not torch's, or (history) requires grad where torch's does not."""
    if ours is None or theirs is None:
        gradient = theirs if ours is None else ours  # of a gradient, that is: 0, or no way that leads there
        if ours is not theirs and not (what.startswith("end_") and (gradient == 0).all()):
            raise Difference(f"{what} is {ours}, in torch {theirs}")
    elif isinstance(theirs, tuple):
        for i, (x, z) in enumerate(zip(ours, theirs, strict=True)):
            compare(f"{what}[{i}]", x, z, tolerance, history)
    else:
        x, z = ours.array, theirs.numpy(force=True)
        if x.dtype != z.dtype or x.shape != z.shape:
            raise Difference(f"{what} is {x.dtype}{list(x.shape)}, in torch {z.dtype}{list(z.shape)}")
        if x.tobytes() != z.tobytes() and not alike(x, z, tolerance):
            raise Difference(f"{what} is {x.tolist()}, in torch {z.tolist()}")
        for name in ("requires_grad", "is_leaf") if history else ():
            if getattr(ours, name) != getattr(theirs, name):
                raise Difference(f"{what}.{name} is {getattr(ours, name)}, in torch {getattr(theirs, name)}")
        if theirs.is_leaf and (ours.grad is not None or theirs.grad is not None):
            compare(f"{what}.grad", ours.grad, theirs.grad, tolerance, history)


def alike(x: Any, z: Any, tolerance: float) -> bool:
    if z.dtype.kind != "f":
        return bool((x == z).all())
    finite = np.isfinite(z)
    x, z = np.where(np.isinf(z), abs(x), x), np.where(np.isinf(z), abs(z), z)  # 1 / 0 and 1 / -0
    largest = float(abs(z[finite]).max()) if finite.any() else 0.0
    return bool(np.allclose(x, z, 0, tolerance * max(1.0, largest), equal_nan=True))


class Twins:
    """The same program in both libraries."""

    def __init__(self, counts: Counter[str] | None = None) -> None:
        self.ours, self.theirs = space(tl), space(torch)
        self.ran: list[str] = []
        self.given: list[str] = []
        self.counts = Counter() if counts is None else counts

    def again(self, t: Any) -> dict[str, Any]:
        """A library's variables after the lines that ran, from the start: as if the refused ones had not been there."""
        names = space(t)
        for line in self.ran:
            exec(compiled(line), names)
        return names

    def run(self, line: str) -> bool:
        """Run a line in both, and see that they agree; whether it ran."""
        self.given.append(line)
        us, torchs = attempt(line, self.ours), attempt(line, self.theirs)
        if us and torchs:
            self.counts["refused by both"] += 1
            if us.split(":")[0] != torchs.split(":")[0]:
                raise Difference(f"`{line}` is refused with {us}\n  in torch with {torchs[:200]}")
        elif us:
            reason = reason_of(us, WE_REFUSE)
            if reason is None:
                raise Difference(f"`{line}` runs in torch; here {us}")
            self.counts[f"refused by us: {reason}"] += 1
        elif torchs:
            said = torchs
            if "a second time" in torchs:
                said += " freed: " + ", ".join(sorted(freed(self.again(torch), line)))
            elif "modified by an inplace operation" in torchs:
                self.compare_with_copies(line)
            reason = reason_of(said, WE_RUN)
            if reason is None:
                raise Difference(f"`{line}` runs here; in torch {torchs[:90]}...{said[len(torchs) :]}")
            self.counts[f"refused by torch: {reason}"] += 1
        else:
            self.ran.append(line)
            self.counts.update(["run"] + ["walks"] * walks(line) + ["writes"] * bool(re.search(r"[]+*/-]= |\w_\(", line)))
            if walks(line):
                self.same_history()
        if torchs or us:
            self.theirs = self.again(torch)  # what it refuses it may have half done: a walk, x[i] += y
            if not us:
                self.ours = self.again(tl)
        self.check()
        if us and walks(line):
            self.ours = self.again(tl)
        return not (us or torchs)

    def compare_with_copies(self, line: str) -> None:
        """Difference if a line that we ran gives something else in torch where all that a forward saves is copied."""
        with torch.autograd.graph.saved_tensors_hooks(torch.clone, lambda x: x):
            names = self.again(torch)
            if attempt(line, names):
                return
        theirs, self.theirs = self.theirs, names
        self.check(history=False)
        self.theirs = theirs

    def same_history(self) -> None:
        """Cut off the gradients that only one library can differentiate again: right if that derivative is 0 everywhere."""
        texts = [name for name in variables(self.theirs) if name[0] == "g"]
        texts += [f"{name}.grad" for name, x in variables(self.theirs).items() if isinstance(x, torch.Tensor) and x.is_leaf]
        for text in texts:
            with suppress(AttributeError):  # None has no .grad
                x, z = (eval(compiled(text, "eval"), names) for names in (self.ours, self.theirs))
            if x is None or z is None:
                g = z if x is None else x
                if g is not None and (g == 0).all():
                    self.both(f"{text} = None")
                continue
            if x.requires_grad == z.requires_grad:
                continue
            t, g, names = (tl, x, self.ours) if x.requires_grad else (torch, z, self.theirs)
            leaves = [v for v in names.values() if isinstance(v, t.Tensor) and v.requires_grad and v.is_leaf]
            again = []
            with suppress(Exception):  # what was kept may be gone
                again = t.autograd.grad((g * g).sum() + g.sum(), leaves, retain_graph=True, allow_unused=True)
            if any((d != 0).any() for d in again if d is not None):
                raise Difference(f"{text}.requires_grad is {x.requires_grad}, in torch {z.requires_grad}; not 0 is {again}")
            self.both(f"{text} = {text}.detach()")

    def both(self, line: str) -> None:
        exec(compiled(line), self.ours)
        exec(compiled(line), self.theirs)
        self.ran.append(line)

    def check(self, history: bool = True) -> None:
        tolerance = ROUNDED if any("float32" in line for line in self.ran) else EXACT
        ours = self.ours
        for name, theirs in variables(self.theirs).items():
            compare(name, ours[name], theirs, tolerance, history)


def freed(names: dict[str, Any], line: str, beyond: bool = False) -> set[str]:
    """The kinds of torch's nodes, behind what a line differentiates, that have let go what they saved. A walk ends at what is
    wanted, unless something that is wanted too lies `beyond`.
    """
    ends = line.split(".backward")[0].split(", [")
    roots, wanted = (
        [x.grad_fn for name, x in names.items() if isinstance(x, torch.Tensor) and name in re.findall(r"\w+", part)]
        for part in (ends[0], ends[-1].split("]")[0] if ends[1:] else "")
    )
    nodes = list(roots)
    seen, gone = set(nodes), set()
    for node in nodes:
        if node in wanted and not beyond:
            continue
        try:
            for name in dir(node):
                if name.startswith("_saved"):
                    getattr(node, name)
        except RuntimeError as error:
            if "freed" in str(error):  # and not changed in place
                gone.add(node.name())
        if node is not None and "CopySlices" in node.name():  # which does not tell
            gone.add("CopySlices")
        new = {parent for parent, _ in getattr(node, "next_functions", ())} - seen
        seen |= new
        nodes += new
    return gone if gone or beyond else freed(names, line, beyond=True)


def reason_of(said: str, rules: dict[str, str]) -> str | None:
    return next((why for words, why in rules.items() if re.search(words, said)), None)


def walks(line: str) -> bool:
    return "grad(" in line or "backward(" in line


def difference(lines: Iterable[str]) -> str:
    """What differs in a program; '' if nothing does."""
    twins = Twins()
    try:
        for line in lines:
            twins.run(line)
    except Difference as error:
        return str(error)
    return ""


def kind(failure: str) -> str:
    """What sort of a difference: its first line without names, numbers and quoted code."""
    text = re.sub(r"`.*?`|\(.*?\)|\[.*\]|\b[a-z]\d*\b|[\d.e+-]+|nan|inf|here|end_", "", failure.split("\n")[0])
    return re.sub(r"through \w+|\W+", " ", text.split("; in torch")[0] if "is refused" in failure else text)[:70]


def shortest(lines: list[str]) -> list[str]:
    """The program without the lines that it takes to differ."""
    sort = kind(difference(lines))
    for size in (8, 4, 2, 1, 1):
        i = len(lines)
        while (i := i - size) > -size:
            fewer = lines[: max(i, 0)] + lines[i + size :]
            if kind(difference(fewer)) == sort:
                lines = fewer
    return lines


# Drawing a program

NUMBERS = ("0", "1", "-1", "2", "-0.5", "3", "0.25")
UNARY = ("exp", "tanh", "sigmoid", "relu", "abs", "sqrt", "log", "sign", "clone", "detach", "long", "double")
Shape = tuple[int, ...]


class Pen:
    """Writes one line, from what the variables are at that time in torch. The draws are a Random's."""

    def __init__(self, seed: int, names: dict[str, Any]) -> None:
        self.random = Random(seed)
        self.choice = self.random.choice
        self.tensors = {name: x for name, x in variables(names).items() if isinstance(x, torch.Tensor)}

    def chance(self, p: float) -> bool:
        return self.random.random() < p

    def name(self, fits: Callable[[Any], Any] = lambda x: True) -> str:
        """A variable that fits, more often a late one; any if none does."""
        names = [name for name, x in self.tensors.items() if fits(x)] or list(self.tensors)
        return names[max(self.random.randrange(len(names)), self.random.randrange(len(names)))]

    def pick(self, fits: Callable[[Any], Any] = lambda x: True) -> tuple[str, Any]:
        name = self.name(fits)
        return name, self.tensors[name]

    def some(self, most: int, fits: Callable[[Any], Any]) -> str:
        return ", ".join([self.name(fits) for _ in range(self.random.randint(1, most))])

    def operand(self, x: Any) -> str:
        """A number, or a tensor that broadcasts with x if there is one."""
        return self.choice(NUMBERS) if self.chance(0.3) else self.name(lambda y: broadcasts(x.shape, y.shape))

    def within(self, x: Any) -> str:
        """A number, or a tensor that can be written to x (to integers none that requires grad)."""

        def fits(y: Any) -> bool:
            return (torch.is_floating_point(x) or not y.requires_grad) and broadcasts(x.shape, y.shape, one_way=True)

        name, y = self.pick(fits)
        if memory(x) == memory(y) and (x.data_ptr(), x.stride()) != (y.data_ptr(), y.stride()):
            name += ".clone()"  # what torch makes of memory that it reads and writes in another order is left open
        return name if self.chance(0.7) and fits(y) else self.choice(NUMBERS)

    def dim(self, ndim: int) -> int:
        n = max(ndim, 1) + self.chance(0.02)
        return self.random.randrange(-n, n)

    def dims(self, ndim: int) -> str:
        if self.chance(0.3) and ndim:
            return str(tuple(self.random.sample(range(ndim), self.random.randint(1, ndim))))
        return str(self.dim(ndim))

    def shape(self, x: Any) -> str:
        """A shape of as many numbers as x has."""
        n, sizes = x.numel(), []
        for size in (2, 3, 1, 2):
            if self.chance(0.5) and n and n % size == 0:
                sizes.append(size)
                n //= size
        sizes.insert(self.random.randint(0, len(sizes)), -1 if self.chance(0.3) and n else n)
        return ", ".join(map(str, sizes))

    def index(self, shape: Shape) -> str:
        parts: list[str] = []
        dots = False
        for n in shape:
            if self.chance(0.1):
                parts.append("None")
            if not dots and self.chance(0.1):
                parts.append("...")
                dots = True
            if self.chance(0.12):
                break
            start, k = self.random.randint(-n - 1, n + 1), n + self.chance(0.02)
            places = [self.random.randrange(-n, n) for _ in range(self.random.randint(0, 3))] if n else []
            mask = [self.chance(0.5) for _ in range(n)]
            kinds = [":", f"{start}:", f":{start}", f"{start}::2", "::2", str(places[:1] or "None").strip("[]")]
            kinds += [
                f"t.tensor({mask})",
                f"{places}",
                f"t.tensor({places}, dtype=t.int64)",
                str(self.random.randrange(k) if k else 0),
            ]
            parts.append(self.choice(kinds))
        if not dots and self.chance(0.1):
            parts.append("...")
        return ", ".join(parts) or "..."

    def einsum(self) -> str:
        (a, x), (b, y) = self.pick(lambda x: x.ndim and x.numel()), self.pick(lambda x: x.ndim and x.numel())
        terms = ["".join([self.choice("ijk"[n - 1 : n] + "abcd") for n in z.shape]) for z in (x, y)]
        labels = sorted({*"".join(terms)})
        to = "".join(self.random.sample(labels, self.random.randint(0, len(labels))))
        if self.chance(0.3):
            to = "".join([c for c in to if c in terms[0]])
            terms[1:] = []
        equation = f"{','.join(terms)}->{to}" if self.chance(0.8) else ",".join(terms)
        return f"t.stack([t.einsum('{equation}', {', '.join([a, b][: len(terms)])})])[0]"  # of memory laid out anew: no view

    def floating(self) -> tuple[str, Any]:
        name, x = self.pick(torch.is_floating_point)
        return name if torch.is_floating_point(x) else f"{name}.double()", x

    # Expressions

    def unary(self) -> str:
        return f"{self.name()}.{self.choice(UNARY)}()"

    def binary(self) -> str:
        a, x = self.pick()
        b = self.operand(x)
        mirrored = (b, a) if self.chance(0.3) else (a, b)
        return f"{mirrored[0]} {self.choice('+-*/')} {mirrored[1]}"

    def other(self) -> str:
        a, x = self.floating()
        b = self.name(lambda y: broadcasts(x.shape, y.shape))
        n = self.operand(x)
        forms = [f"{a} {self.choice(['<', '>', '==', '>=', '!='])} {n}", f"t.where({a} > {n}, {a}, {b})", f"{a}.clamp(-1, 1)"]
        forms += [f"t.maximum({a}, {b})", f"t.minimum({a}, {b})", f"{a} ** {self.choice(NUMBERS)}", f"({a}.abs() + 0.5) ** {b}"]
        line = self.name(lambda y: y.ndim < 2)  # torch lays the powers of a number out anew
        forms += [f"{self.choice(NUMBERS)} ** {line}", f"{a}.clamp(max={n})", f"t.where({a} < {b}, {n}, {a})", f"-{a}"]
        return self.choice(forms)

    def reduction(self) -> str:
        a, x = self.floating()
        keep = self.choice(["", ", keepdim=True"])
        one, some = self.dim(x.ndim), self.dims(x.ndim)
        forms = [f"{a}.{name}({some}{keep})" for name in ("sum", "mean", "amax", "amin", "logsumexp")]
        forms += [f"{a}.{name}({one})" for name in ("softmax", "log_softmax")]
        forms += [f"{a}.{name}()" for name in ("sum", "mean", "max", "min")]
        forms += [f"{a}.{name}({one}{keep})[0]" for name in ("max", "min")] + [f"{a}.argmax({one})"]
        return self.choice(forms)

    def product(self) -> str:
        a, x = self.pick(lambda x: x.ndim)
        b = self.name(lambda y: y.ndim and x.shape[-1:] == (y.shape[-2:-1] or y.shape))
        return f"{a} @ {b}" if self.chance(0.7) else self.einsum()

    def arranged(self) -> str:
        a, x = self.pick()
        i, j = self.dim(x.ndim), self.dim(x.ndim)
        order = tuple(self.random.sample(range(x.ndim), x.ndim))
        grown = [self.choice([-1, n]) if n != 1 else self.choice([1, 1, 2, 3]) for n in x.shape]
        grown = [self.choice([1, 2])] * self.chance(0.3) + grown
        along = i % max(x.ndim, 1)

        def joins(y: Any) -> bool:
            return y.ndim == x.ndim and all(m == n or k == along for k, (m, n) in enumerate(zip(x.shape, y.shape)))

        b, c, shape = self.name(joins), self.name(lambda y: y.shape == x.shape), self.shape(x)
        forms = [f"{a}.reshape({shape})", f"{a}.view({shape})", f"{a}.permute({order})", f"{a}.transpose({i}, {j})"]
        forms += [f"{a}.{'T' if x.ndim == 2 else 'flatten()'}", f"{a}.squeeze()", f"{a}.squeeze({i})"]
        forms += [f"{a}.unsqueeze({self.dim(x.ndim + 1)})", f"{a}.flatten({min(i, j)}, {max(i, j)})"]
        forms += [f"{a}.expand({tuple(grown)})", f"t.cat([{a}, {b}], {along})"]
        forms += [f"t.stack([{a}, {c}], {self.dim(x.ndim + 1)})"]
        return self.choice(forms)

    def indexed(self) -> str:
        a, x = self.pick(lambda x: x.ndim)
        return f"{a}[{a} > {self.choice(NUMBERS)}]" if self.chance(0.1) else f"{a}[{self.index(x.shape)}]"

    def view(self) -> str:
        """One that shares memory, to be written to later."""
        a, x = self.pick(lambda x: x.ndim)
        places = ", ".join([self.choice([":", "0:1", "1:", "::2", "0" if n else ":"]) for n in x.shape])
        return self.choice([f"{a}[{places}]", f"{a}.detach()", f"{a}.reshape(-1)", f"{a}.transpose(0, -1)", f"{a}[0]"])

    EXPRESSIONS = (unary, binary, binary, binary, other, reduction, product, arranged, arranged, indexed, view)

    def result(self) -> str:
        new = next(f"y{i}" for i in count() if f"y{i}" not in self.tensors)
        if self.chance(0.06):  # no views: those made without gradients still say that they require one, in torch
            return f"with t.no_grad(): {new} = {self.choice((Pen.binary, Pen.reduction))(self)}"
        return f"{new} = {self.choice(self.EXPRESSIONS)(self)}"

    # Statements

    def write(self) -> str:
        def fits(x: Any) -> bool:
            allowed = not (x.is_leaf and x.requires_grad) or self.chance(0.2)
            return allowed and (x.is_floating_point() or self.chance(0.2)) and bool(x.numel() or not x._is_view())

        a, x = self.pick(fits)
        b, name = self.within(x), self.choice(("add_", "sub_", "mul_", "div_", "copy_"))
        forms = [f"{a} {self.choice('+-*/')}= {b}"] * 3 + [f"{a}.fill_({self.choice(NUMBERS)})", f"{a}.zero_()"]
        forms += [f"{a}.{name}({b if name != 'copy_' or b[0] in 'abcdgy' else a})"]
        line = self.choice(forms)
        if self.chance(0.4):
            index = self.index(x.shape)
            part = {"x": x.detach(), "t": torch}
            if not attempt(f"x = x[{index}]", part):
                value = self.within(part["x"])
                line = f"{a}[{index}] {self.choice(['', '', '', '+', '*'])}= {value}"
        return f"with t.no_grad(): {line}" if x.requires_grad and self.chance(0.7) else line

    def switch(self) -> str:
        a, x = self.pick(lambda x: x.is_leaf and torch.is_floating_point(x))
        b, c = self.name(lambda y: y.is_leaf and y.grad is not None), self.name(lambda y: y.shape == x.shape)
        alone = [memory(y) for y in self.tensors.values()].count(memory(x)) == 1  # views in torch require it with their base
        forms = [f"{a}.requires_grad_({x.requires_grad is not alone})", f"{b}.grad = None"]
        forms += [f"d0, d1 = deepcopy(({a}, {self.name(lambda y: y.is_leaf)}))"]
        forms += [f"{b}.grad.zero_()", f"{a}.grad = {c}.detach().clone()", f"y99 = {b}.grad"]
        return self.choice(forms)

    def backward(self) -> str:
        a, x = self.pick(lambda x: x.requires_grad)
        options = [option for option, p in (("retain_graph=True", 0.75), ("create_graph=True", 0.15)) if self.chance(p)]
        if self.chance(0.2):
            options.append(f"inputs=[{self.some(2, lambda y: y.requires_grad and y.is_leaf)}]")
        forms = [(f"{a}.sum()", ""), (f"({a} * {a}).sum()", ""), (a, "" if x.numel() == 1 else f"t.ones_like({a})")]
        forms += [(a, self.name(lambda y: y.shape == x.shape and y.dtype == x.dtype) + ".clone()")]
        root, gradient = self.choice(forms)
        return f"{root}.backward({', '.join(filter(None, [gradient, *options]))})"

    def gradients(self) -> str:
        wanted = self.some(3, lambda y: y.requires_grad and not y._is_view())
        outputs = self.some(2, lambda y: y.requires_grad).split(", ")
        roots = ", ".join([self.choice([f"{a}.sum()", f"({a} * {a}).sum()"]) for a in outputs])
        options = [("retain_graph=True", 0.7), ("create_graph=True", 0.5), ("allow_unused=True", 0.7)]
        options += [("materialize_grads=True", 0.1)]
        chosen = [f", {option}" for option, p in options if self.chance(p)]
        new = [name for name in [f"g{i}" for i in range(20)] if name not in self.tensors][: wanted.count(",") + 1]
        return f"{', '.join(new)}, = grad([{roots}], [{wanted}]{''.join(chosen)})"

    def third_order(self) -> str:
        a = self.name(lambda y: y.requires_grad and not y._is_view() and y.dtype == torch.float64)
        b = self.name(lambda y: y.requires_grad and y.is_leaf and not y._is_view())
        options = "create_graph=True, materialize_grads=True"
        root = self.choice([f"({a} * {a} * {a}).sum()", f"({a}.tanh() * {a}).sum()", f"{a}.exp().sum()"])
        for end in (".sum()", ".sum()", ""):
            root = f"grad([{root}], [{b}], {options})[0]{end}"
        return f"g20 = {root}.detach()"  # what is 0 everywhere may have a history in one library only

    STATEMENTS = (result,) * 9 + (write,) * 4 + (switch,) + (backward,) * 2 + (gradients,) * 2 + (third_order,)

    def line(self) -> str:
        return self.choice(self.STATEMENTS)(self)


def memory(x: torch.Tensor) -> int:
    return x.untyped_storage().data_ptr()


def broadcasts(a: Shape, b: Shape, one_way: bool = False) -> bool:
    """Whether two shapes broadcast; one_way, to the first."""
    if one_way and len(b) > len(a):
        return False
    return all(m == n or n == 1 or (m == 1 and not one_way) for m, n in zip(a[::-1], b[::-1]))


SHAPES: list[Shape] = [(2, 3), (3, 2), (3,), (2, 3), (1, 3), (), (1,), (2, 1), (3, 3), (2, 2, 3), (0,), (0, 3), (2,)]


def leaves(seed: int) -> list[str]:
    """The first lines: a few tensors, most of which require grad."""
    random = Random(seed)
    lines = []
    mixed = random.random() < 0.15
    for name in "abcd"[: random.randint(2, 4)]:
        shape = random.choice(SHAPES)
        numbers = [random.choice([random.gauss(0, 1), random.gauss(0, 1), random.randint(-2, 3)]) for _ in range(prod(shape))]
        values = np.round(numbers, 2)
        dtype = random.choice(["float64", "float64", "float64", "int64"] + ["float32"] * 4 * mixed)
        if dtype == "int64":
            values = np.trunc(values).astype(int)
        grad = ", requires_grad=True" if dtype != "int64" and random.random() < 0.75 else ""
        text = np.reshape(values, shape).tolist()
        lines.append(f"{name} = t.tensor({text}, dtype=t.{dtype}{grad})" + (f".reshape{shape}" if 0 in shape[:-1] else ""))
    return lines


def run_program(seeds: list[int], counts: Counter[str]) -> str:
    """Draw a program and run it; '' or what differs, with the shortest program that shows it."""
    twins = Twins(counts)
    counts["programs"] += 1
    try:
        for line in leaves(seeds[0]):
            twins.run(line)
        for seed in seeds[1:]:
            line = Pen(seed, twins.theirs).line()
            if "create_graph" in line and any("requires_grad_(True)" in ran for ran in twins.ran):
                continue  # what was saved while a leaf was off leads to it again, in torch
            if twins.run(line):
                for name, x in list(variables(twins.theirs).items()):
                    values = abs(x.numpy(force=True).astype(float)) if isinstance(x, torch.Tensor) else np.zeros(())
                    if name == "g20" or (values > 1e4).any() or (np.isnan(values).any() and seed % 8):
                        twins.run(f"del {name}")  # numbers that soon are nothing but rounding, or the sign of a zero
            if not any(isinstance(x, torch.Tensor) for x in variables(twins.theirs).values()):
                break
        tensors = {name: x for name, x in variables(twins.theirs).items() if isinstance(x, torch.Tensor) and x.requires_grad}
        wanted = ", ".join([name for name, x in tensors.items() if x.is_leaf])
        for last in (list(tensors), *[[name] for name in list(tensors)[-4:]]):
            if wanted:
                roots = ", ".join([f"({name} * {name}).sum()" for name in last] + [f"{name}.sum()" for name in last])
                twins.run(f"end_{last[0]} = grad([{roots}], [{wanted}], retain_graph=True, allow_unused=True)")
    except Difference:
        short = shortest(twins.given)
        return "\n".join([difference(short) or difference(twins.given), HEAD + "\n".join(short)])
    return ""


def told(counts: Counter[str]) -> str:
    return "\n".join([f"{n:9,} {what}" for what, n in counts.most_common()])


@pytest.fixture(autouse=True)
def _default_dtype() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch warns of create_graph in backward(), and of much else
        yield
    tl.set_default_dtype(tl.float32)
    torch.set_default_dtype(torch.float32)


def test_programs_equal_torch() -> None:
    counts: Counter[str] = Counter()

    @settings(
        max_examples=700, deadline=None, derandomize=True, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
    )
    @given(st.lists(st.integers(0, 2**40), min_size=6, max_size=20))
    def all_equal(seeds: list[int]) -> None:
        if failure := run_program(seeds, counts):
            pytest.fail(failure, pytrace=False)

    all_equal()
    refused = sum(n for what, n in counts.items() if what.startswith("refused by us"))
    assert refused < 0.03 * counts["run"], told(counts)
    assert counts["refused by both"] < 0.2 * counts["run"], told(counts)
    assert min(counts["writes"], counts["walks"]) > counts["programs"], told(counts)


def test_programs_for_as_long_as_asked(request: pytest.FixtureRequest) -> None:
    """Other programs every time, for as long as --fuzz-minutes says; all that differs is collected."""
    minutes = request.config.getoption("--fuzz-minutes")
    counts: Counter[str] = Counter()
    found: dict[str, str] = {}
    random = Random()
    end = time.monotonic() + 60 * minutes
    while time.monotonic() < end:
        failure = run_program([random.getrandbits(40) for _ in range(random.randint(6, 20))], counts)
        if failure:
            sort = kind(failure)
            if sort not in found:
                print(f"\n--- {sort}\n{failure}", flush=True)
            counts["programs that differ"] += 1
            counts[f"differ: {sort}"] += 1
            found.setdefault(sort, failure)
    print(f"\n{told(counts)}\n{len(found)} kinds of difference")
    assert not found, "\n\n".join(found.values())


# Directed: what programs in float64 do not reach

FEW = settings(max_examples=150, deadline=None, derandomize=True)
DTYPES = ("float16", "float32", "float64", "int32", "int64", "uint8", "bool")
OPS = ("+", "-", "*", "/", "**", "<", "<=", "==", "!=", ">", ">=")


@FEW
@given(st.sampled_from(DTYPES), st.sampled_from(DTYPES), st.sampled_from(OPS), st.booleans(), st.booleans())
def test_pairs_of_dtypes_equal_torch(first: str, second: str, op: str, first_0d: bool, second_0d: bool) -> None:
    results: list[Any] = []
    for t in (tl, torch):
        x = t.tensor(3 if first_0d else [0, 1, 2, 3], dtype=getattr(t, first))
        y = t.tensor(2 if second_0d else [1, 3, 2, 0], dtype=getattr(t, second))
        t.set_default_dtype(t.float32)
        try:
            results.append(compiled_result(f"x {op} y", x=x, y=y))
        except RuntimeError:
            results.append(None)
    if results[1] is not None:  # what torch has not written for bools may run here
        ours, theirs = results[0].numpy(), results[1].numpy()
        assert ours.dtype == theirs.dtype
        np.testing.assert_allclose(ours, theirs, 2e-3 if ours.dtype == "float16" else 1e-6)


def compiled_result(text: str, **names: Any) -> Any:
    return eval(compiled(text, "eval"), names)


FAR: tuple[Any, ...] = (-1, 0, 1, 255, 256, 300, -(2**31), 2**31, 2**40, -(2**40), 2**53, 0.5, -0.5, 1e30, True, inf, nan)


@settings(FEW, max_examples=300)
@given(
    st.sampled_from(DTYPES),
    st.sampled_from(OPS[5:]),
    st.sampled_from(FAR),
    st.lists(st.integers(0, 255), max_size=4),
    st.booleans(),
)
def test_comparisons_with_numbers_equal_torch(dtype: str, op: str, number: Any, values: list[int], mirrored: bool) -> None:
    """uint8 == -1 and int32 < 2**40: the number is cast to the tensor's dtype, and may wrap around, as in torch."""
    text, results = (f"n {op} x" if mirrored else f"x {op} n"), []
    for t in (tl, torch):
        t.set_default_dtype(t.float32)
        x = t.tensor(values, dtype=getattr(t, dtype))
        results.append(compiled_result(text, x=x, n=number).tolist())
    assert results[0] == results[1]


@FEW
@given(st.data())
def test_sums_are_accurate_along_any_axes(data: Any) -> None:
    """Of float32 to four epsilons of the sum of all |x|, as of float64 rounded once; float16 is summed in float32."""
    sizes = [(40, 30, 7), (20_000, 3), (3, 20_000), (1000, 17), (9000,), (100, 2, 100), (1, 4000), (0, 3)]
    size = data.draw(st.sampled_from(sizes))
    order = data.draw(st.permutations(range(len(size))))
    step = data.draw(st.sampled_from([1, 2, -1]))
    dim = data.draw(st.one_of(st.none(), st.lists(st.integers(0, len(size) - 1), min_size=1, unique=True).map(tuple)))
    dtype, what = data.draw(st.sampled_from(["float32", "float16"])), data.draw(st.sampled_from(["sum", "mean"]))
    offset = data.draw(st.sampled_from([0, 0.1, 100]))
    values = (np.random.default_rng(len(order)).standard_normal(size) + offset).astype(dtype).transpose(order)[::step]
    exact, size = getattr(np, what), getattr(np, what)(abs(values.astype(float)), dim) if values.size else 0
    x = tl.from_numpy(values)
    out = getattr(x, what)(dim).numpy().astype(float)
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = exact(values.astype(float), dim)
        once = np.asarray(expected).astype(dtype)
        allowed = 4 * np.finfo(np.float32).eps * size + np.spacing(abs(once)).astype(float) / 2
        right = (abs(out - expected) <= allowed) | (out == once) | (np.isnan(out) & np.isnan(once))
    assert right.all(), (size, values.shape, dim, out, expected)


EMPTY = st.sampled_from([(0,), (2, 3), (0, 3), (2, 0), (1, 3), (3,), (0, 0)])


@FEW
@given(st.lists(EMPTY, min_size=1, max_size=4), st.integers(-2, 1), st.booleans())
def test_cat_and_stack_of_empty_operands_equal_torch(shapes: list[Shape], dim: int, stack: bool) -> None:
    results: list[Any] = []
    for t in (tl, torch):
        xs = [t.ones(*shape, requires_grad=True) for shape in shapes]
        try:
            y = t.stack(xs, dim) if stack else t.cat(xs, dim)
        except (RuntimeError, IndexError):
            results.append(None)
            continue
        (y * 2).sum().backward()
        results.append((tuple(y.shape), [x.grad.tolist() for x in xs], [tuple(x.grad.shape) for x in xs]))
    assert results[0] == results[1]
