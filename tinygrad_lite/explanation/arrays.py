"""An array as plain data: all of its numbers if there are few, else equally spaced rows and columns of it."""

from __future__ import annotations

from math import prod, sqrt
from typing import Any

import numpy as np

from ..backend import Array, is_array, put

CELLS = 120_000  # of all thinned arrays of a page together: about 0.8 MB
LARGEST_SIDE = 48


def rule(max_elements: int, side: int) -> str:
    """How arrays are thinned, in words."""
    return (
        f"Arrays of at most {max_elements} numbers are shown whole and exactly. Of larger ones, at most {side} equally spaced "
        f"rows and {side} columns are shown, the first and the last among them, to four digits; smallest, largest and mean "
        f"are of all numbers."
    )


def side_for(arrays: int) -> int:
    """How many rows and columns of each thinned array are shown, if there are so many of them."""
    return max(4, min(LARGEST_SIDE, int(sqrt(CELLS / max(1, arrays)))))


def plain_array(array: Array, max_elements: int, side: int) -> dict[str, Any]:
    """An array as plain data. Its last axis are the columns, all others together the rows."""
    x = np.asarray(put(array, "cpu"))
    data: dict[str, Any] = {"shape": list(x.shape), "dtype": str(x.dtype)}
    columns = x.shape[-1] if x.ndim else 1
    table = x.reshape(prod(x.shape[:-1]), columns)
    if x.size <= max_elements:
        data["numbers"] = [exact(number) for number in table.reshape(-1)]
    else:
        rows, across = spaced(len(table), side), spaced(columns, side)
        data["rows"] = None if len(rows) == len(table) else rows
        data["columns"] = None if len(across) == columns else across
        data["numbers"] = [rounded(number) for number in table[np.ix_(rows, across)].reshape(-1).tolist()]
    return data if x.size == 1 else data | summary(x)


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
    """At most `most` equally spaced indices below n, the first and the last among them."""
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


def described(value: Any, most: int = 6) -> str:
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
