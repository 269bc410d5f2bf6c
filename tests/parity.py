"""PyTorch's own test databases through PyTorch and through tinygrad_lite: `python tests/parity.py`.

python tests/parity.py linalg.inv cumsum -v     some entries, and each disagreement with the sample's inputs
python tests/parity.py --samples 5 -j 2         all entries, at most five samples of each dtype, in two processes
python tests/parity.py --write -j 2             all entries and samples, and the page tests/PARITY.md
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
import traceback
from collections import Counter
from typing import Any

import torch
from certificate import page
from certificate.run import Database, Difference, Row

from tinygrad_lite import methods


def chosen(names: list[str]) -> list[tuple[Database, Any]]:
    """The entries of all databases with one of these names; without names, all."""
    return [(database, info) for database in page.DATABASES for info in database.chosen(names)]


def run(job: tuple[int, list[str], int | None]) -> Row | None:
    """Run one of the chosen entries; None if it is not covered. A crash is a disagreement."""
    place, names, limit = job
    torch.set_num_threads(1)
    methods.load_all()
    database, info = chosen(names)[place]
    start = time.perf_counter()
    if database.ours(info) is None:
        return None
    entry = database.entry(info, limit)
    try:
        entry.run()
    except Exception:
        entry.row.differences.append(Difference("crash", "", "", 0, traceback.format_exc(), ""))
    entry.row.seconds = time.perf_counter() - start
    return entry.row  # type: ignore[no-any-return]


def show(row: Row, verbose: bool, everything: bool) -> None:
    """Print a row, and its disagreements if asked."""
    units = ", ".join(f"{kind} {units:.2g}" for kind, units in row.units.items() if "float64" in kind)
    excepted = f", excepted {dict(row.excepted)}" if row.excepted else ""
    outside = f", outside {dict(row.outside)}" if row.outside else ""
    good = "BAD" if row.differences else "ok "
    print(
        f"{good} {row.name:40} {row.agreed}/{row.samples} samples, errors {row.errors_agreed}/{row.errors}, units: {units}"
        f"{excepted}{outside}, {row.seconds:.1f} s",
        flush=True,
    )
    if verbose:
        shown = Counter[Any]()
        for d in row.differences:
            shown[d.kind, d.dtype, d.form] += 1
            if everything or shown[d.kind, d.dtype, d.form] <= 2:
                print(f"  {d.kind} {d.dtype} [{d.form}] sample {d.number}: {d.text}\n     {' '.join(d.sample.split())[:300]}")
        if row.differences:
            print("  in all:", dict(Counter(f"{d.kind} {d.dtype} [{d.form}]" for d in row.differences)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="entries: name, name.variant or alias")
    parser.add_argument("-v", "--verbose", action="store_true", help="print disagreements, two of each kind")
    parser.add_argument("--all", action="store_true", help="with -v, print all of them")
    parser.add_argument("--samples", type=int, default=None, help="at most so many samples of each dtype")
    parser.add_argument("-j", type=int, default=1, help="processes")
    parser.add_argument("--write", action="store_true", help="write the page; all entries, all samples")
    given = parser.parse_args()
    if given.write and (given.names or given.samples):
        parser.error("--write is for all entries and all samples")
    entries = chosen(given.names)
    jobs = [(n, given.names, given.samples) for n in range(len(entries))]
    pool = multiprocessing.get_context("fork").Pool(given.j) if given.j > 1 else None
    rows = []
    for (database, info), row in zip(entries, pool.imap(run, jobs, chunksize=1) if pool else map(run, jobs)):
        if row is not None:
            show(row, given.verbose, given.all)
            rows.append(row)
        elif given.names:
            print(f"-   {database.title(info):40} not covered: it does not exist here")
    wrong = Counter(d.kind for row in rows for d in row.differences)
    print(
        f"{len(rows)} entries, {sum(row.samples for row in rows)} samples, {sum(row.agreed for row in rows)} agree; "
        f"{sum(row.errors for row in rows)} error inputs, {sum(row.errors_agreed for row in rows)} agree; wrong: {dict(wrong)}"
    )
    if given.write:
        page.PAGE.write_text(page.text(rows))


if __name__ == "__main__":
    sys.exit(main())
