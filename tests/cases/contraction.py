"""Rows of einsum: one, two and three operands; labels that repeat, are summed or broadcast; "..."; without an arrow."""

from __future__ import annotations

from typing import Any

from .table import case, strided, transposed

EINSUM: list[tuple[str, list[Any]]] = [
    ("ij,jk", [transposed(2, 3), strided(3, 4)]),
    ("bA,Ac", [(2, 3), (3, 4)]),
    (",", [(), ()]),
    ("ij,kj->ki", [(2, 3), (4, 3)]),
    ("bij,bjk->bik", [(2, 3, 4), (2, 4, 1)]),
    ("i,j->ji", [(2,), (3,)]),
    ("i,i", [(3,), (3,)]),
    ("ij,ij->i", [(2, 3), (2, 3)]),
    ("ij,kl->", [(2, 3), (2, 4)]),
    ("ij,jk->k", [(2, 3), (3, 4)]),
    ("ii,i->i", [(3, 3), (3,)]),
    ("iij,jk->ik", [(3, 3, 2), (2, 4)]),
    ("ij,ij->i", [(2, 1), (2, 3)]),
    ("i,ij->ij", [(1,), (2, 3)]),
    ("i,ij", [(1,), (0, 3)]),
    ("...ij,...kj->...ik", [(4, 1, 2, 3), (5, 2, 3)]),
    ("...,...->...", [(2, 3), (3,)]),
    ("...i,i...->...", [(2, 3), (3, 2)]),
    ("a b... , b... -> a", [(2, 3, 2), (3, 2)]),
    ("ij,jk,kl->li", [(2, 3), (3, 4), (4, 2)]),
    ("i,i,i", [(3,), (1,), (3,)]),
    ("nc,nck,nkjf->jf", [(4, 3), (4, 3, 3), (4, 3, 3, 2)]),
    ("ij,jk->ik", [(2, 0), (0, 3)]),
    ("ij,j->i", [(0, 3), (3,)]),
]
case("einsum", lambda t, *xs, equation: t.einsum(equation, *xs), (2, 3), (3, 4), equation="ij,jk->ik", keeps=("y", "x"))
for equation, sizes in EINSUM:
    case("einsum", lambda t, *xs, equation: t.einsum(equation, *xs), *sizes, equation=equation)
case("einsum", lambda t, x, equation: t.einsum(equation, [x, x]), (3, 3), equation="ij,ji->j")

# What needs no product is not one
for equation, size in [("ba", (2, 3)), ("i...->...i", (2, 3, 4)), ("ij->ij", (2, 3)), ("->", ())]:
    case("permute", lambda t, x, equation: t.einsum(equation, x), size, equation=equation)
for equation, size in [("ij->i", (2, 3)), ("i...->i", (2, 3, 4)), ("ij->", (0, 3))]:
    case("sum", lambda t, x, equation: t.einsum(equation, x), size, equation=equation)
for equation, x in [("ii->i", (3, 3)), ("ii", (3, 3)), ("...ii", (2, 3, 3)), ("iji->j", transposed(2, 3, 2))]:
    case("getitem", lambda t, x, equation: t.einsum(equation, x), x, equation=equation)
