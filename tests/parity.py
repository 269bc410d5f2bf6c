"""PyTorch's own test database through PyTorch and through tinygrad_lite: `python tests/parity.py`.

    python tests/parity.py linalg.inv cumsum -v     some entries, and each disagreement with the sample's inputs
    python tests/parity.py --samples 5              at most five samples of each dtype
"""

from __future__ import annotations

import argparse
import sys
import time
import traceback
from collections import Counter

import torch
from certificate.run import Entry, entries, title

import tinygrad_lite as tl


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*")
    parser.add_argument("-v", "--verbose", action="store_true", help="print the disagreements")
    parser.add_argument("--all", action="store_true", help="with -v: print all of them, not the first three of each kind")
    parser.add_argument("--samples", type=int, default=None)
    given = parser.parse_args()
    torch.set_num_threads(1)
    tl.methods.load_all()
    for info in entries(given.names):
        entry = Entry(info, given.samples)
        if entry.ours is None:
            if given.names:
                print(f"{title(info):40} not covered: no such function here")
            continue
        start = time.perf_counter()
        try:
            row = entry.run()
        except Exception:
            print(f"{title(info):40} CRASHED")
            traceback.print_exc()
            continue
        print(f"{row.name:40} {row.agreed}/{row.samples} samples, ulp " + " ".join(f"{k} {v:.2g}" for k, v in row.ulp.items())
              + f", errors {row.errors_agreed}/{row.errors}, outside {dict(row.outside)}, {time.perf_counter() - start:.1f} s", flush=True)
        if given.verbose:
            shown = Counter[tuple[str, str]]()
            for d in row.differences:
                shown[d.kind, d.dtype] += 1
                if shown[d.kind, d.dtype] > 3 and not given.all:
                    continue
                print(f"  {d.kind} {d.dtype} {d.variant} sample {d.number}: {d.text[:600]}")
                print(f"     {str(d.sample)[:700]}")
            print("  total", dict(Counter(f"{d.kind} {d.dtype}" for d in row.differences)))


if __name__ == "__main__":
    sys.exit(main())
