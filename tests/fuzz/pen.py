"""Drawing a program: first a few leaves, and then a line at a time, from what the variables have become."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from math import prod
from random import Random
from typing import Any

import numpy as np
import torch

from . import wide
from .twins import attempt, variables

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
        forms = [f"{a}[{places}]", f"{a}.detach()", f"{a}.reshape(-1)", f"{a}.transpose(0, -1)", f"{a}[0]"]
        forms += [
            f"{a}.unfold(0, {min([2, *x.shape[:1]])}, 1)",
            f"{a}.narrow(-1, 0, {x.shape[-1] // 2 if x.ndim else 0})",
            f"{a}.select(-1, 0)",
        ]
        forms += [f"{a}.diagonal({self.choice([0, 1])})"] * (x.ndim > 1)
        return self.choice(forms)

    def wide(self) -> str:
        forms = self.choice(wide.EXPRESSIONS)
        name, x = self.pick() if forms is wide.ANY or forms is wide.VIEWS else self.floating()
        return wide.filled(self, self.choice(forms), name, x)

    EXPRESSIONS = (unary, binary, binary, binary, other, reduction, product, arranged, arranged, indexed, view) + (wide,) * 6

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
        if self.chance(0.5):
            line = wide.filled(self, self.choice(wide.WRITES), a, x, b)
        elif self.chance(0.6):
            index = self.index(x.shape)
            part = {"x": x.detach(), "t": torch}
            if not attempt(f"x = x[{index}]", part):
                value = self.within(part["x"])
                line = f"{a}[{index}] {self.choice(['', '', '', '+', '*'])}= {value}"
        return f"with t.no_grad(): {line}" if x.requires_grad and self.chance(0.5) else line

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
        b = self.name(lambda y: y.requires_grad and y.is_leaf and not y._is_view() and y.dtype == torch.float64)
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


SMALL = ["int8", "int16", "uint8", "int32", "float16", "float16"]
SHAPES: list[Shape] = [(2, 3), (3, 2), (3,), (2, 3), (1, 3), (), (1,), (2, 1), (3, 3), (2, 2, 3), (0,), (0, 3), (2,)]


def leaves(seed: int) -> list[str]:
    """The first lines: a few tensors, most of which require grad."""
    random = Random(seed)
    lines = []
    mixed = random.random() < 0.15
    small = random.random() < 0.15
    for name in "abcd"[: random.randint(2, 4)]:
        shape = random.choice(SHAPES)
        numbers = [random.choice([random.gauss(0, 1), random.gauss(0, 1), random.randint(-2, 3)]) for _ in range(prod(shape))]
        values = np.round(numbers, 2)
        dtype = random.choice(["float64", "float64", "float64", "int64"] + ["float32"] * 4 * mixed + SMALL * small)
        if "int" in dtype:
            values = np.trunc(values).astype(int)
            values = abs(values) if dtype == "uint8" else values
        grad = ", requires_grad=True" if "int" not in dtype and random.random() < 0.75 else ""
        text = np.reshape(values, shape).tolist()
        lines.append(f"{name} = t.tensor({text}, dtype=t.{dtype}{grad})" + (f".reshape{shape}" if 0 in shape[:-1] else ""))
    return lines
