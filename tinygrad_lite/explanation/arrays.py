"""An array as plain data: all of its numbers if there are few, else equally spaced rows and columns of it."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod, sqrt
from typing import Any

import numpy as np

from ..backend import Array, is_array, put

NUMBERS = 120_000  # of all arrays of a page together: about 1 MB
LARGEST_SIDE, SMALLEST_SIDE = 48, 4
FEW = 6  # so many numbers are seen at a glance: smallest and largest need not be said


@dataclass(frozen=True)
class Thinning:
    """How much of an array is shown: all of it if it has at most `whole` numbers, else `side` rows and columns, 0 for none."""

    whole: int
    side: int

    @staticmethod
    def of(sizes: list[int], max_elements: int) -> Thinning:
        """The thinning with which arrays of these sizes have about NUMBERS numbers together.
        >>> Thinning.of([10, 1000], 64), Thinning.of([64] * 10_000, 64)
        (Thinning(whole=64, side=48), Thinning(whole=32, side=0))
        """
        whole = max_elements
        while whole > 1 and sum([n for n in sizes if 1 < n <= whole]) > NUMBERS:
            whole //= 2
        larger = len([n for n in sizes if n > whole])
        side = min(LARGEST_SIDE, int(sqrt(NUMBERS / max(1, larger))))
        return Thinning(whole, side if side >= SMALLEST_SIDE else 0)

    def rule(self) -> str:
        """The same in words."""
        few = f"Arrays of at most {self.whole} numbers are shown whole and exactly. "
        if not self.side:
            return f"{few}There are too many larger ones to show their numbers: smallest, largest and mean are given."
        return (
            f"{few}Of larger ones, at most {self.side} equally spaced rows and {self.side} columns are shown, the first and "
            f"the last among them, to four digits; smallest, largest and mean are of all numbers."
        )


def plain_array(array: Array, thinning: Thinning) -> dict[str, Any]:
    """An array as plain data. Its last axis are the columns, all others together the rows."""
    x = np.asarray(put(array, "cpu"))
    data: dict[str, Any] = {"shape": list(x.shape), "dtype": str(x.dtype)}
    columns = x.shape[-1] if x.ndim else 1
    table = x.reshape(prod(x.shape[:-1]), columns)
    if x.size <= thinning.whole:
        data["numbers"] = [exact(number) for number in table.reshape(-1)]
    else:
        rows, across = spaced(len(table), thinning.side), spaced(columns, thinning.side)
        data["rows"] = None if len(rows) == len(table) else rows
        data["columns"] = None if len(across) == columns else across
        data["numbers"] = [rounded(number) for number in table[np.ix_(rows, across)].reshape(-1).tolist()]
    return data | summary(x) if x.size > FEW or not x.size else data


def summary(x: np.ndarray[Any, Any]) -> dict[str, Any]:
    """Smallest, largest and mean of the finite numbers, and how many are nan, infinite and 0."""
    data: dict[str, Any] = {}
    finite = x if x.dtype.kind != "f" else x[np.isfinite(x)] if not np.isfinite(x).all() else x
    if finite.size:
        data |= {"min": exact(finite.min()), "max": exact(finite.max())}
        with np.errstate(over="ignore"):
            data["mean"] = rounded(float(finite.mean(dtype=np.float64)), 6)
    if x.dtype.kind == "f" and finite.size < x.size:
        data |= {"nan": int(np.isnan(x).sum()), "inf": int(np.isinf(x).sum())}
    zeros = x.size - int(np.count_nonzero(x))
    return data | ({"zero": zeros} if zeros else {})


def spaced(n: int, most: int) -> list[int]:
    """At most `most` equally spaced indices below n, the first and the last among them; none if `most` is 0."""
    if not most:
        return []
    return list(range(n)) if n <= most else sorted({round(i * (n - 1) / (most - 1)) for i in range(most)})


def exact(number: Any) -> Any:
    """A number for JSON that reads back as the same: 0.1, not 0.10000000149, of float32."""
    if isinstance(number, np.floating):
        return float(str(number)) if np.isfinite(number) else special(float(number))
    return number.item() if isinstance(number, np.generic) else rounded(number, 17)


def rounded(number: Any, digits: int = 4) -> Any:
    """A number for JSON, to some digits."""
    if not isinstance(number, float):
        return number
    if number - number != 0:
        return special(number)
    short = float(f"{number:.{digits}g}")
    return int(short) if short == int(short) and abs(short) < 1e6 else short


def special(number: float) -> str:
    return "nan" if number != number else "inf" if number > 0 else "-inf"


def described(value: Any, most: int = FEW) -> str:
    """A value as it stands in a line of source: few numbers as they are, more as dtype and shape."""
    if not is_array(value):
        if isinstance(value, (tuple, list)):
            inner = ", ".join([described(part, most) for part in value])
            ends = "()" if isinstance(value, tuple) else "[]"
            return f"{ends[0]}{inner}{',' if isinstance(value, tuple) and len(value) == 1 else ''}{ends[1]}"
        text = repr(value) if not isinstance(value, (float, np.generic)) else short(value)
        return text if len(text) <= 60 else text[:57] + "..."
    x = np.asarray(put(value, "cpu"))
    if x.size > most or not x.size:
        return f"{x.dtype}{list(x.shape)}"
    return nested(x)


def nested(x: Any) -> str:
    return short(x[()]) if not x.ndim else f"[{', '.join([nested(part) for part in x])}]"


def short(number: Any) -> str:
    """A number to five digits."""
    if isinstance(number, (bool, np.bool_, int, np.integer)):
        return str(number)
    text = f"{float(number):.5g}"
    return text if any(letter in text for letter in ".en") else text + "."
