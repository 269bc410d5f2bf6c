"""einsum: any sum of products, written with labels for the axes.

Four steps lead to the op of ops/contraction.py: the equation is written out in full; it is checked; each operand is summed over
the labels that only it has; and the operands are contracted two at a time.
"""

from __future__ import annotations

from typing import Any

from .._tensor import Tensor
from ..backend import array_module
from ..dtypes import promoted
from ..operands import all_tensors
from ..ops import contraction, indexing, shape
from .reduction import sum

__all__ = ["einsum"]

# As in the module string, which would compile a pattern at each import.
ascii_letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def einsum(equation: Any, *operands: Any) -> Tensor:
    """Σ of products, by labels of the axes: "ij,jk->ik" is out_ik = Σ_j x_ij y_jk. Without an arrow, the result has the labels
    that occur once, in alphabetical order. "..." stands for any number of axes, and axes of length 1 broadcast. Three or more
    operands are contracted from left to right. RuntimeError for labels that do not fit the operands or each other.
    >>> x = tensor([[1.0, 2.0], [3.0, 4.0]])
    >>> einsum("ii", x), einsum("ij,j->i", x, x[0])
    (tensor(5.), tensor([ 5., 11.]))

    Labels may also be ints, in a list behind each operand, and one more for the result: einsum(x, [0, 1], y, [1, 2], [0, 2]).
    """
    if isinstance(equation, Tensor):
        equation, operands = spelt_out((equation, *operands))
    if not isinstance(equation, str):
        raise TypeError(f"einsum: the equation must be a string, got {type(equation).__name__}")
    xs: list[Tensor] = list(operands[0] if len(operands) == 1 and isinstance(operands[0], (list, tuple)) else operands)
    all_tensors("einsum", xs)
    if not xs:
        raise ValueError(f"einsum: {equation!r} needs operands")
    terms, to = parsed(equation, xs)
    sizes = checked(equation, xs, terms, to)
    full = [{c for c, n in zip(term, x.shape) if n == sizes[c]} for x, term in zip(xs, terms)]  # without axes that broadcast
    for i in range(len(xs)):
        elsewhere = {*to}.union(*full[:i], *full[i + 1 :])
        xs[i], terms[i] = reduced(xs[i], terms[i], full[i] & elsewhere, full[i])
    out, have = xs[0], terms[0]
    for i in range(1, len(xs)):
        ahead = "".join([to, *terms[i + 1 :]])
        pair = "".join([c for c in dict.fromkeys(ahead) if c in have + terms[i]])
        if out.array.dtype != xs[i].array.dtype and {out.array.dtype.kind, xs[i].array.dtype.kind} <= {"i", "u"}:
            dtype = promoted(out.dtype, xs[i].dtype)  # one may be a sum of small integers, in int64, and 0-d
            out, xs[i] = out.to(dtype), xs[i].to(dtype)
        out, have = contraction.einsum(out, xs[i], left=have, right=terms[i], to=pair), pair
    return out if len(xs) > 1 else shape.permute(out, axes=tuple([have.index(c) for c in to]))


def spelt_out(given: tuple[Any, ...]) -> tuple[str, tuple[Any, ...]]:
    """The equation and the operands, from operands that have their labels, ints from 0 to 51 or ..., in lists behind them."""
    lists = [*given[1::2], *(given[-1:] if len(given) % 2 else ())]
    if not all(isinstance(labels, (list, tuple)) for labels in lists):
        raise ValueError("einsum: expected operand, list of labels, operand, list of labels, ...")
    if wrong := [c for labels in lists for c in labels if c is not Ellipsis and c not in range(52)]:
        raise ValueError(f"einsum: a label must be an int from 0 to 51, or ..., got {wrong[0]}")
    terms = ["".join(["..." if c is Ellipsis else ascii_letters[c] for c in labels]) for labels in lists]
    n = len(given) // 2
    return ",".join(terms[:n]) + "".join(["->" + term for term in terms[n:]]), given[: 2 * n : 2]


def parsed(equation: str, xs: list[Tensor]) -> tuple[list[str], str]:
    """The terms of the operands and of the result; letters that the equation does not use replace each "..."."""
    given, arrow, to = equation.replace(" ", "").partition("->")
    terms = given.split(",")
    if len(terms) != len(xs):
        raise RuntimeError(f"einsum: {equation!r} has {len(terms)} terms for {len(xs)} operands")
    if not arrow:
        to = "..." + "".join(sorted(c for c in {*given} - {*",."} if given.count(c) == 1))
    spare = "".join([c for c in ascii_letters if c not in given])
    behind = [len(x.shape) + 3 - len(term) if "..." in term else 0 for x, term in zip(xs, terms)]  # axes of "..."
    spelt = [term.replace("...", spare[:n][::-1], 1) for term, n in zip([*terms, to], [*behind, max(behind)])]
    for x, term in zip(xs, spelt):
        if len(term) != len(x.shape) or not {*term} <= {*ascii_letters}:
            raise RuntimeError(f"einsum: {equation!r} needs a letter or '...' for each axis of an operand {list(x.shape)}")
    return spelt[:-1], spelt[-1]


def checked(equation: str, xs: list[Tensor], terms: list[str], to: str) -> dict[str, int]:
    """The size of each label. RuntimeError if sizes of a label differ and neither is 1, or a label of the result is unknown."""
    sizes: dict[str, int] = {}
    for x, term in zip(xs, terms):
        own: dict[str, int] = {}
        for label, n in zip(term, x.shape):
            known = sizes.get(label, 1)
            if n != own.setdefault(label, n) or (known != 1 and n not in (1, known)):
                name = label if label in equation else "..."
                raise RuntimeError(f"einsum: axes {name!r} in {equation!r} differ in length: {[list(x.shape) for x in xs]}")
            sizes[label] = n if known == 1 else known
    if len({*to}) < len(to) or not {*to} <= {*sizes}:
        raise RuntimeError(f"einsum: each label in the result of {equation!r} must be a label of an operand, and occur once")
    return sizes


def reduced(x: Tensor, term: str, wanted: set[str], full: set[str]) -> tuple[Tensor, str]:
    """x with each label once, summed over the labels that are not wanted. A size of 1 that broadcasts, not in `full`, is
    dropped: a sum would make int64 of small integers.
    """
    lengths = dict(zip(term, x.shape))
    if len(lengths) < len(term):  # a label occurs twice: take the diagonal
        places = dict(zip(lengths, array_module(x.array).ogrid[tuple(map(slice, lengths.values()))]))
        x = indexing.getitem(x, index=tuple([places[c] for c in term]), once=True)
    if not lengths.keys() <= full:
        lengths = {c: n for c, n in lengths.items() if c in full}
        x = shape.reshape(x, shape=tuple(lengths.values()))
    gone = tuple([i for i, c in enumerate(lengths) if c not in wanted])
    return (sum(x, gone) if gone else x), "".join([c for c in lengths if c in wanted])
