"""Rows of triangles and diagonals. Their edge cases are in test_linalg.py."""

from __future__ import annotations

from .table import case, f, inf, nan, strided, transposed

for name in ("tril", "triu"):
    for x in ((3, 3), (2, 3, 4), transposed(2, 4, 3), strided(3, 2), (0, 3)):
        case(name, lambda t, x, name=name: getattr(t, name)(x), x, keeps="")
    case(name, lambda t, x, name=name: getattr(x, name)(-1), (3, 4))
    case(name, lambda t, x, name=name: getattr(x, name)(diagonal=1), f([nan, inf], [-inf, nan]), smooth=False)
for x in ((3,), (2, 3)):
    case("index_add", lambda t, x: t.diag_embed(x, 1, 0), x, name="diag_embed")
    case("index_add", lambda t, x: t.diagflat(x, -1), x, name="diagflat")
for x in ((2, 3), (3, 2), (0, 3)):
    case("getitem", lambda t, x: t.diag(x, 1), x, name="diag")
    case("sum", lambda t, x: t.trace(x), x, name="trace")
