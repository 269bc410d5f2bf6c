"""The table of op cases: a row per case, from which test_ops.py makes all its checks. Each file of tinygrad_lite/ops/ has its
rows in the file of the same name here.

    case("sum", lambda t, x, **o: t.sum(x, **o), (2, 3), dim=1, keepdim=True, keeps="")

table.py says what a row is. All files of this folder are read: a new one needs no mention.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from .table import CASES, Case

__all__ = ["CASES", "Case"]

for file in sorted(Path(__file__).parent.rglob("*.py")):
    place = file.relative_to(Path(__file__).parent).with_suffix("")
    if place.name != "__init__":
        import_module(f"{__name__}.{'.'.join(place.parts)}")
