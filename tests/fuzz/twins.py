"""A program in both libraries: run line by line, compared after each, and shortened where they differ.

The rules are in test_fuzz.py; what one library may refuse and the other run is listed here, each with its reason.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from copy import deepcopy
from functools import lru_cache
from types import CodeType
from typing import Any

import numpy as np
import torch

import tinygrad_lite as tl

# The steps of torch that save an index, or what a derivative of 0 does not need.
PLACES = r"(Index\w*|Max|Min|Sort|Topk|\w*[mM]edian|Mode|Cum(max|min)|Aminmax|Gather|Take|Masked\w+|Scatter\w*|\w+Mean|Sgn)"

# What torch refuses and we run, by torch's words, and why that is right.
WE_RUN = {
    r"some elements of the input tensor and the written-to tensor": "NumPy reads overlapping memory before it writes",
    r"not implemented for '(Bool|Half)'|bool tensor is not supported|Boolean inputs not": "not written for this dtype",
    r"element 0 of tensors does not require grad": "a derivative that is 0 everywhere is recorded like any other",
    r"ZeroTensors are immutable": "torch's own kind of zero, which it cannot add to",
    r"a view of a leaf Variable": "a view of a leaf that is gone, so that nobody can miss its gradient",
    r"moved into the graph interior": "a leaf that was switched off and written over: what was computed before needs no place",
    rf"a second time.*freed: ({PLACES}Backward\d(, )?|CopySlices(, )?)+$": "an index is no array that is let go",
    r"a second time.*freed: DivBackward2$": "the derivative of a rounded quotient is 0",
    r"modified by an inplace operation": "our vjp keeps something else; the answer is torch's if that saves copies",
    r"Dimension specified as \d+ but tensor has no dim|range of \[-1, 0\], but got 1|unflatten got": "axis 0 of a 0-d tensor",
    r"value cannot be converted to type uint8_t without overflow": "a float is cut to an integer, in uint8 too",
    r"derivative for '?\w+' is not implemented": "a derivative that torch has not written",
    r"Low precision dtypes not supported": "linear algebra in float16 is computed in float32",
    r"derivative for aten::\w+ is not implemented": "a derivative that torch has not written",
    r"doesn't match the broadcast shape": "torch's clamp does not sum the gradient of a bound that is broadcast",
    r"view size is not compatible": "results may be laid out in another order",
    r"Index put requires the source and destination dtypes match": "a write to listed places casts, as one to a slice does",
}

# What we refuse and torch runs, by our words.
WE_REFUSE = {
    r"in-place .*shared with": "a recorded write to memory that something else sees",
    r"are one number in memory": "x[index] = y in expanded memory, which torch warns of",
    r"index -?\d+ is out of bounds": "a place that is not there, where the rest of the index leaves nothing",
    r"view: shape .* cannot be a view": "results may be laid out in another order",
    r"backward through (div|matmul|einsum|sinc): .* changed in place": "torch's 2 / x and sinc keep something else",
    r"sign: cannot compute with bool": "the sign of bools",
    r"Integers to negative integer powers": "integers to negative powers",
    r"backward through (lerp|remainder|addcmul|addcdiv|mul) a second time": "a number that the vjp names is kept, and let go",
    r"addcmul: value is": "integers and a value that is none",
    r"mT: a matrix": "the transpose of a number, which torch warns of",
    r"negative step": "a slice with a negative step",
    r"matmul: dtypes \w+ and \w+ differ": "a product of two dtypes, which torch lets pass where there is nothing in it",
    r"backward: inputs must be leaves": "backward(inputs=) of results",
    r"dtypes \w+ and \w+ do not mix": "an op that does not promote",
}
EXACT, ROUNDED, HALF = 1e-9, 2e-4, 2e-2  # the tolerance, relative to the largest number; where float32, float16 take part


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
    elif not isinstance(theirs, torch.Tensor):  # None == x, say
        if ours is not theirs:
            raise Difference(f"{what} is {ours}, in torch {theirs}")
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
        lines = " ".join(self.ran)
        tolerance = HALF if "float16" in lines else ROUNDED if "float32" in lines or ".float()" in lines else EXACT
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
