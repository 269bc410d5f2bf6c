"""Every op's time on 16 and on 1,000,000 float32 numbers, forward and backward, beside PyTorch's, one thread each.

    python tests/benchmarks/every_op.py            # all (7 minutes): writes every_op.md beside this file
    python tests/benchmarks/every_op.py exp sort   # these ones: prints their rows
    python tests/benchmarks/every_op.py --quick    # all, with 3 short rounds a row

The expressions are in every_op_rows.py. Ours and PyTorch's are timed in turn, in rounds, on equal inputs, in time of the
processor, which other programs on the machine lengthen less than the time of a clock. Printed are the medians and their ratio,
with the quartiles of the ratios of the rounds behind it. The exit status is 1 if an op has no row (every_op_lacking.py), and if
a row needs more than 3 times PyTorch's time at 1,000,000 numbers and has no reason in REASONS. Such rows are measured a second
time, with more rounds, before that is said: then the second measurement counts.
"""

from __future__ import annotations

import gc
import os
import sys
import warnings
from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path
from platform import machine, python_version
from statistics import median, quantiles
from time import process_time
from typing import Any, NamedTuple

import numpy as np
import torch
from every_op_lacking import without_a_row
from every_op_rows import FAMILIES, REASONS, Row
from threadpoolctl import threadpool_info, threadpool_limits

import tinygrad_lite as tl

PAGE = Path(__file__).with_suffix(".md")
SMALL, LARGE = 16, 1_000_000
CORE_TYPE = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")  # these choose slower products; NumPy reads them when it is loaded
LIMIT = 3.0  # times PyTorch's time at 1,000,000 numbers


def inputs_of(names: Iterable[str], n: int) -> list[np.ndarray[Any, Any]]:
    """The arrays that the names in every_op_rows.py stand for, the same in each call."""
    few = n == SMALL
    side, s = int(n**0.5), 4 if few else 256
    r = np.random.default_rng(0)

    def normal(*shape: int) -> np.ndarray[Any, Any]:
        return r.standard_normal(shape, np.float32)

    made: dict[str, Callable[[], np.ndarray[Any, Any]]] = {
        **dict.fromkeys("xyz", lambda: normal(n)),
        **dict.fromkeys("pq", lambda: r.random(n, np.float32) * np.float32(2) + np.float32(0.1)),
        **dict.fromkeys("uv", lambda: r.random(n, np.float32) * np.float32(0.9) + np.float32(0.05)),
        "w": lambda: r.random(n, np.float32) * np.float32(2) + np.float32(1.1),
        **dict.fromkeys("ij", lambda: r.integers(0, 100, n)),
        "k": lambda: r.permutation(n),
        **dict.fromkeys("bc", lambda: r.random(n) < 0.5),
        **dict.fromkeys("mno", lambda: normal(side, side)),
        "row": lambda: normal(side),
        "col": lambda: normal(side, 1),
        "images": lambda: normal(4, 1, 2, 2) if few else normal(100, 1, 100, 100),
        "square": lambda: normal(s, s) + np.float32(s**0.5) * np.eye(s, dtype=np.float32),
        "right": lambda: normal(s, s),
        "spd": lambda: (lambda a: a @ a.T / np.float32(s) + np.eye(s, dtype=np.float32))(normal(s, s)),
        "vector": lambda: normal(s),
        **dict.fromkeys(("batch", "other"), lambda: normal(1, 4, 4) if few else normal(62, 127, 127)),
        "classes": lambda: r.integers(0, side, side),
        "rows": lambda: r.permuted(np.tile(np.arange(side), (side, 1)), axis=1),
    }
    arrays = {name: made[name]() for name in names if name != "twin"}
    return [arrays["x" if name == "twin" else name].copy() for name in names]


def timed(row: Row, t: Any, arrays: list[np.ndarray[Any, Any]]) -> Callable[[], Any]:
    """A function that runs the row once in a library: forward, and backward if its result has a gradient."""
    inputs = [t.from_numpy(a.copy()) for a in arrays]
    leaves = [x.requires_grad_() for x in inputs if x.is_floating_point()]
    run = row.run
    ends = [x for x in tensors(run(t, *inputs), t) if x.requires_grad and x.is_floating_point()]
    gradients = [t.ones_like(x).detach() for x in ends]
    if not ends:
        return lambda: run(t, *inputs)
    if len(ends) == 1:
        (g,) = gradients

        def both() -> None:
            out = run(t, *inputs)
            if type(out) is not type(g):
                (out,) = (x for x in out if x.requires_grad)
            out.backward(g)
            for x in leaves:
                x.grad = None

        return both

    def all_ends() -> None:
        outs = [x for x in run(t, *inputs) if x.requires_grad]
        t.autograd.backward(outs, gradients)
        for x in leaves:
            x.grad = None

    return all_ends


def tensors(out: Any, t: Any) -> list[Any]:
    """The tensors of a result, which may be a tuple of them or something else."""
    if isinstance(out, t.Tensor):
        return [out]
    return [x for x in out if isinstance(x, t.Tensor)] if isinstance(out, (tuple, list)) else []


class Times(NamedTuple):
    """Microseconds of one row at one size: medians, and the ratio of a round at both quartiles."""

    ours: float
    torchs: float
    low: float
    high: float

    @property
    def ratio(self) -> float:
        return self.ours / self.torchs


def measured(row: Row, n: int, seconds: float) -> Times:
    """The times of a row in about so many seconds, at least 5 rounds and at most 41; for 0 seconds, 3 short rounds."""
    shortest = 0.002 if seconds else 0.0005  # seconds of a sample, if that is not one call
    arrays = inputs_of(row.inputs, n)
    functions = [timed(row, t, arrays) for t in (tl, torch)]
    calls, rounds = [], []
    for f in functions:
        f()  # the first call imports what the op needs
        once = min(seconds_of(f, 1) for _ in range(2))
        calls.append(max(1, int(shortest / once)))
        rounds.append(once * calls[-1])
    samples = []
    for i in range(max(5, min(41, int(seconds / sum(rounds)))) if seconds else 3):
        order = (0, 1) if i % 2 else (1, 0)
        taken = {which: seconds_of(functions[which], calls[which]) / calls[which] * 1e6 for which in order}
        samples.append((taken[0], taken[1]))
    low, _, high = quantiles([a / b for a, b in samples], n=4)
    return Times(median(a for a, _ in samples), median(b for _, b in samples), low, high)


def seconds_of(function: Callable[[], Any], calls: int) -> float:
    start = process_time()
    for _ in range(calls):
        function()
    return process_time() - start


def line(name: str, small: Times, large: Times) -> str:
    """One row of the table."""
    cells = [name]
    for times in (small, large):
        digits = 1 if times.torchs < 100 else 0
        cells += [f"{times.ours:,.{digits}f}", f"{times.torchs:,.{digits}f}", f"{times.ratio:.2f}"]
        cells += [f"{times.low:.2f}–{times.high:.2f}"]
    return f"| {' | '.join(cells)} |"


HEAD = "| op | ours µs | torch µs | ratio | quartiles | ours µs | torch µs | ratio | quartiles |"


def names_on(page: str) -> list[str]:
    """The ops on the page, in its order."""
    rows = [text for text in page.splitlines() if text.startswith("| ") and text.count("|") == HEAD.count("|")]
    return [text.split(" | ")[0][2:] for text in rows if text != HEAD]


def above(results: dict[str, tuple[Times, Times]]) -> dict[str, float]:
    """The rows above the limit, and their ratios, the largest first."""
    ratios = {name: large.ratio for name, (_, large) in results.items() if large.ratio > LIMIT}
    return dict(sorted(ratios.items(), key=lambda item: -item[1]))


def summary(results: dict[str, tuple[Times, Times]]) -> list[str]:
    """The medians over the rows, and those above the limit with the reason of each."""
    small, large = ([pair[i].ratio for pair in results.values()] for i in (0, 1))
    slow = above(results)
    text = [f"Of {len(results)} rows the median ratio is **{median(small):.2f}** at 16 numbers and **{median(large):.2f}** at"]
    text += [f"1,000,000; {sum(x <= 1 for x in small)} and {sum(x <= 1 for x in large)} of them take no longer than PyTorch."]
    text += ["", f"Above {LIMIT:g} at 1,000,000 are {len(slow)}:" if slow else f"None is above {LIMIT:g} at 1,000,000.", ""]
    reasons: dict[str, list[str]] = {}
    for name, ratio in slow.items():
        reasons.setdefault(REASONS.get(name, "NO REASON GIVEN"), []).append(f"{name} {ratio:.1f}")
    return [*text, *[f"- {reason}: {', '.join(names)}" for reason, names in reasons.items()]]


def made_how() -> list[str]:
    """When, with what and where the numbers were measured."""
    return [
        f"{date.today()}, Python {python_version()}, NumPy {np.__version__}, PyTorch {torch.__version__}, {processor()},",
        f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}. BLAS: {kernels()}. One thread for all; at the start a block",
        "of 31 MB was allocated and freed, after which the C library keeps freed arrays for both (instead of returning them to",
        "the system, which costs either side up to five times as much).",
    ]


def processor() -> str:
    """The name of the processor."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return machine()
    return next((text.split(":")[1].strip() for text in lines if text.startswith("model name")), machine())


def kernels() -> str:
    """The BLAS libraries in this process, and the kernels that they chose."""
    found = {
        f"{info['internal_api']} {info.get('version')} {info.get('architecture', '')}".strip() for info in threadpool_info()
    }
    return ", ".join(sorted(found))


def page(results: dict[str, tuple[Times, Times]], quick: bool) -> str:
    """The text of every_op.md."""
    text = ["# Every op, beside PyTorch", "", *(__doc__ or "").split("\n\n")[0].split("\n"), ""]
    command = f"python tests/benchmarks/every_op.py{' --quick' if quick else ''}"
    text += [f"Written by `{command}`; what each row runs is in `every_op_rows.py`. Times are medians in"]
    text += ["microseconds; left at 16 numbers, right at 1,000,000 (matrices that are factorised: 256 by 256).", ""]
    text += [*summary(results), "", *made_how()]
    for family, rows in FAMILIES.items():
        text += ["", f"## {family}", "", HEAD, "|---|" + "---:|" * (HEAD.count("|") - 2)]
        text += [line(name, *results[name]) for name in rows]
    return "\n".join(text) + "\n"


def main(wanted: list[str]) -> int:
    if any(name in os.environ for name in CORE_TYPE):
        environment = {name: value for name, value in os.environ.items() if name not in CORE_TYPE}
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], environment)
    seconds = 0.0 if "--quick" in wanted else 1.0
    wanted = [name for name in wanted if name != "--quick"]
    rows = {name: row for family in FAMILIES.values() for name, row in family.items()}
    if unknown := [name for name in wanted if name not in rows]:
        sys.exit(f"no row of this name: {', '.join(unknown)}; there are {', '.join(rows)}")
    if lacking := [] if wanted else without_a_row(inputs_of, tensors):
        print(f"without a row in every_op_rows.py, or a reason in every_op_lacking.py: {', '.join(lacking)}")
    torch.set_num_threads(1)
    np.empty(31 << 20, np.uint8)  # see made_how
    warnings.simplefilter("ignore")
    gc.disable()
    results: dict[str, tuple[Times, Times]] = {}
    with threadpool_limits(1):
        print(f"BLAS: {kernels()}\n{HEAD}")
        for name in wanted or rows:
            results[name] = measured(rows[name], SMALL, 0.15 * seconds), measured(rows[name], LARGE, 0.25 * seconds)
            print(line(name, *results[name]), flush=True)
            gc.collect()
        for name in above(results):
            results[name] = results[name][0], measured(rows[name], LARGE, seconds)
            print("again:", line(name, *results[name]), flush=True)
    print("\n".join(["", *summary(results), "", *made_how()]))
    if not wanted:
        PAGE.write_text(page(results, seconds == 0))
    missing = [name for name in above(results) if name not in REASONS]
    if missing:
        print(f"\nabove {LIMIT:g} without a reason in REASONS: {', '.join(missing)}")
    return 1 if missing or lacking else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
