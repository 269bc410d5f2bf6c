"""The page tests/PARITY.md: written from the rows of all entries, and read by the test that says whether it is up to date."""

from __future__ import annotations

import datetime
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from .exceptions import EXEMPT, why_not
from .modules import MODULES
from .optimizers import OPTIMIZERS
from .run import FUNCTIONS, Database, Row

PAGE = Path(__file__).parents[1] / "PARITY.md"
NOT_COVERED = "## Not covered"

HEAD = """\
# Parity with PyTorch

PyTorch ships the database with which it tests its own operations (`torch.testing._internal.common_methods_invocations`): for
each entry sample inputs, reference inputs with nan, inf, ties and huge numbers, and inputs that must be refused. This page
says what happens when every entry whose operation exists in tinygrad_lite runs through both libraries. It was written by

    python tests/parity.py --write

on {date}, with PyTorch {torch} and NumPy {numpy} on the CPU. `python tests/parity.py NAME -v` runs one entry and prints each
disagreement; tests/test_parity.py runs the first samples of every entry.

**What is compared.** Of every sample, in every dtype that both libraries have (float64, float32, float16, integers, bool):
values, dtypes, shapes, the names of a named result, whether a result is a view of an input and of which places, and that the
inputs are afterwards as torch leaves them. In float64 the first derivatives with respect to all inputs, for the same
upstream gradient that is not all ones, and the derivatives of those with respect to inputs and upstream gradient; in float32
and float16 the first derivatives. Functions that draw random numbers start from the same seed, and must draw the same
numbers. The first {forms} samples of each dtype run through the method, the operator, the in-place form (the same memory,
the same derivatives) and all aliases too. Matrices of more than {cut} numbers, which only elementwise functions get, are cut
to their first rows. A sample agrees if all of this does. An error input agrees if it raises torch's exception or a subclass.

**Units.** An error is counted in units in the last place of torch's number. Where that is more than {limit}, rounding may be
large because of the problem and not of the program: then the unit is what rounding does to torch's own result, measured by
moving every input by its last place, and by torch's float32 result. Nothing that agrees is further than {limit} units away.
A float32 or float16 result that is must be about as near to torch's float64 result as torch's own.
tests/certificate/compare.py says it exactly.

**Exceptions** are for single samples, not for entries; the last column counts them, with the number of the reason below.
"""


DATABASES = [FUNCTIONS, MODULES, OPTIMIZERS]


def left_out() -> dict[str, list[str]]:
    """The titles of the entries that are not covered, by reason."""
    reasons: dict[str, list[str]] = {}
    for name in (name for database in DATABASES for name in database.left_out()):
        reasons.setdefault(why_not(name) or "no reason given", []).append(name)
    return reasons


def reasons() -> list[str]:
    """The reasons for exceptions, each once, in the order in which the page numbers them."""
    return list(dict.fromkeys(exempt.reason for exempt in EXEMPT))


def number(units: float | None) -> str:
    """A number of units in a short form; empty where nothing was compared."""
    return "" if units is None else f"{units:.0f}" if units >= 1 or not units else f"{units:.1g}"


def line(database: Database, row: Row) -> str:
    """A row of the table."""
    units = [number(row.units.get(kind)) for _, kind in database.columns]
    notes = [f"{count} × {reasons().index(reason) + 1}" for reason, count in row.excepted.items()]
    errors = f"{row.errors_agreed}/{row.errors}" if row.errors else ""
    return f"| {row.name} | {row.samples} | {row.agreed} | {' | '.join(units)} | {errors} | {', '.join(notes)} |"


def table(database: Database, rows: list[Row]) -> list[str]:
    """The section of one database: its totals and its entries, a line each."""
    rows = [row for row in rows if row.name in database.covered()]
    samples, agreed = sum(row.samples for row in rows), sum(row.agreed for row in rows)
    errors, errors_agreed = sum(row.errors for row in rows), sum(row.errors_agreed for row in rows)
    excepted, wrong = sum(row.excepted.total() for row in rows), sum(len(row.differences) for row in rows)
    return [
        database.heading,
        "",
        *([database.about, ""] if database.about else []),
        f"{len(rows)} entries, {samples} samples: {agreed} agree, {samples - agreed} do not "
        f"({excepted} exceptions, {wrong} without a reason). {errors} error inputs: {errors_agreed} agree "
        f"({100 * errors_agreed / max(errors, 1):.1f} %).",
        "",
        f"| entry | samples | agree | {' | '.join([head for head, _ in database.columns])} | error inputs | exceptions |",
        f"| {' | '.join(['---'] * (5 + len(database.columns)))} |",
        *[line(database, row) for row in rows],
        "",
    ]


def text(rows: list[Row]) -> str:
    """The whole page."""
    from .compare import LIMIT
    from .run import CUT, FORMS

    head = HEAD.format(
        date=datetime.date.today(), torch=torch.__version__, numpy=np.__version__, forms=FORMS, limit=LIMIT, cut=CUT
    )
    excepted, outside = Counter[str](), Counter[str]()
    for row in rows:
        excepted.update(row.excepted)
        outside.update(row.outside)
    counted = ", ".join(f"{reason} ({count})" for reason, count in sorted(outside.items()))
    parts = [head, f"Samples that need what is outside tinygrad_lite, and so are not counted: {counted}.", ""]
    parts += [line for database in DATABASES for line in table(database, rows)]
    parts += ["## Reasons of the exceptions", ""]
    parts += [f"{n}. {reason} ({excepted[reason]})" for n, reason in enumerate(reasons(), 1)]
    parts += ["", NOT_COVERED, ""]
    parts += [f"- {reason}: {', '.join(names)}" for reason, names in left_out().items()]
    return "\n".join(parts) + "\n"


def stale(page: str) -> list[str]:
    """What the page says that is no longer so: the version of torch, the entries, the reasons."""
    wrong = []
    version = torch.__version__.partition("+")[0]  # without the build: +cpu, +cu130
    if f"PyTorch {version} " not in page and f"PyTorch {version}+" not in page:
        wrong.append(f"it was not written with PyTorch {version}")
    tables, _, rest = page.partition(NOT_COVERED)
    covered = [name for database in DATABASES for name in database.covered()]
    wrong += differs("covered", covered, re.findall(r"^\| ([^ |]+) \| \d", tables, re.M))
    wrong += differs("excepted", reasons(), re.findall(r"^\d+\. (.*) \(\d+\)$", tables, re.M))
    listed = [f"{reason}: {name}" for reason, names in re.findall(r"^- (.*): (.*)$", rest, re.M) for name in names.split(", ")]
    wrong += differs("not covered", [f"{reason}: {name}" for reason, names in left_out().items() for name in names], listed)
    return wrong


def differs(what: str, now: Iterable[str], then: Iterable[str]) -> list[str]:
    """How two lists differ, in words."""
    now, then = set(now), set(then)
    return [f"{what} now, but not on the page: {name}" for name in sorted(now - then)] + [
        f"{what} on the page, but not now: {name}" for name in sorted(then - now)
    ]


def totals(page: str, heading: str = "## Entries") -> dict[str, Any]:
    """The numbers of a table of the page: entries, samples, agreed, excepted, wrong, errors, errors_agreed."""
    found = re.search(
        r"(\d+) entries, (\d+) samples: (\d+) agree, \d+ do not \((\d+) exceptions, (\d+) without a reason\)\. "
        r"(\d+) error inputs: (\d+) agree",
        page.partition(heading)[2],
    )
    assert found, "the page has no line of totals"
    return dict(zip(("entries", "samples", "agreed", "excepted", "wrong", "errors", "errors_agreed"), map(int, found.groups())))
