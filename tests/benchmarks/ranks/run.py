"""Epochs on one rank and on two, beside PyTorch's gloo; one BLAS thread each.

    python tests/benchmarks/ranks/run.py --write

It writes RESULTS.md. Every sample is a run of its own; the kinds take turns, and the medians of `--rounds` samples count.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path
from socket import socket
from statistics import median

sys.path.insert(0, str(Path(__file__).parents[2]))
import launch
import numpy as np
from threadpoolctl import threadpool_info

HERE = Path(__file__).parent
TITLES = {"W4": "Fashion-MNIST 784-256-128-10, AdamW, 256", "W5": "784-2048-2048-10, AdamW, 512"}
KINDS = [  # (title, library, ranks, options)
    ("1 rank", "tinygrad_lite", 1, []),
    ("1 rank, captured", "tinygrad_lite", 1, ["captured"]),
    ("2 ranks, the batch on each", "tinygrad_lite", 2, []),
    ("the same, captured", "tinygrad_lite", 2, ["captured"]),
    ("2 ranks, half of the batch on each", "tinygrad_lite", 2, ["divided"]),
    ("the same, captured", "tinygrad_lite", 2, ["divided", "captured"]),
    ("the same, sent while backward goes on", "tinygrad_lite", 2, ["divided", "captured", "overlap"]),
    ("PyTorch, 1 rank", "torch", 1, []),
    ("PyTorch, 2 ranks (gloo), the batch on each", "torch", 2, []),
    ("PyTorch, 2 ranks (gloo), half of the batch on each", "torch", 2, ["divided"]),
]


NETWORK = [  # (title, options, settings of Open MPI)
    ("sent at the end", ["end"], {}),
    ("sent while backward goes on", ["overlap"], {}),
    ("the same, Open MPI told to use a ring", ["overlap"], {"OMPI_MCA_coll_libnbc_iallreduce_algorithm": "1"}),
]
RATES = ("10gbit", "1gbit")


def over_network(rounds: int) -> list[str]:
    """The table of two ranks on two network namespaces, if this machine has such."""
    if os.geteuid() or not shutil.which("tc"):
        return []
    lines = [
        "",
        "## 2 ranks over a network",
        "",
        "Two network namespaces of this machine (network.sh), the batch on each rank, eager;",
    ]
    lines += [f"medians of {rounds} runs. The two cores also do the work of the network cards.", ""]
    lines += ["| | " + " | ".join(f"{work}, {rate}" for rate in RATES for work in TITLES) + " |", "|---|" + "---|" * 4]
    cells: dict[tuple[str, str, str], list[float]] = {}
    for _ in range(rounds):
        for rate in RATES:
            for work in TITLES:
                for title, options, settings in NETWORK:
                    program = [str(HERE / "network.sh"), rate, sys.executable, str(HERE / "epoch.py"), "tinygrad_lite", work]
                    done = subprocess.run(
                        program + options, env={**os.environ, **settings}, capture_output=True, text=True, check=True
                    )
                    cells.setdefault((title, rate, work), []).append(json.loads(done.stdout)["seconds for 60,000"])
    for title, *_ in NETWORK:
        row = [f"{median(cells[title, rate, work]):.2f}" for rate in RATES for work in TITLES]
        lines.append(f"| {title} | {' | '.join(row)} |")
    return lines


def sample(library: str, ranks: int, work: str, options: list[str]) -> dict[str, float]:
    environment = {**os.environ, **launch.ROOT, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    environment.pop("OPENBLAS_CORETYPE", None)
    program = [sys.executable, str(HERE / "epoch.py"), library, work, *options]
    if library == "tinygrad_lite":
        start = [launch.MPIEXEC, "-n", str(ranks)]
        printed = subprocess.run(start + program, env=environment, capture_output=True, text=True, check=True).stdout
        return dict(json.loads(printed))
    with socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    world = environment | {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "WORLD_SIZE": str(ranks)}
    processes = [
        subprocess.Popen(
            program, env={**world, "RANK": str(rank)}, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        for rank in range(ranks)
    ]
    first, *_ = [process.communicate()[0] for process in processes]
    return dict(json.loads(first))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--write", action="store_true")
    args = parser.parse_args()
    os.environ.pop("OPENBLAS_CORETYPE", None)
    kernels = ", ".join(str(pool.get("architecture")) for pool in threadpool_info())
    lines = ["# Epochs on one rank and on two", ""]
    lines += [f"Measured on {date.today()}, {platform.machine()}, {os.cpu_count()} cores, NumPy {np.__version__}, BLAS kernels"]
    lines += [
        f"{kernels}; medians of {args.rounds} runs, one BLAS thread for each rank. Seconds for 60,000 pictures, least and"
    ]
    lines += ["most, the ratio to one rank of the same kind, and the share of the time in sending and waiting."]
    lines += ["`python tests/benchmarks/ranks/run.py --write` writes this page."]
    for work, title in TITLES.items():
        found: dict[int, list[dict[str, float]]] = {i: [] for i in range(len(KINDS))}
        for _ in range(args.rounds):
            for i, (_, library, ranks, options) in enumerate(KINDS):
                found[i].append(sample(library, ranks, work, options))
        lines += ["", f"## {work}: {title}", "", "| | s | least, most | ratio | sending |", "|---|---|---|---|---|"]
        seconds = {i: [run["seconds for 60,000"] for run in runs] for i, runs in found.items()}
        for i, (kind, library, ranks, options) in enumerate(KINDS):
            one = next(
                j for j, (_, other, n, more) in enumerate(KINDS)
                if other == library and n == 1 and ("captured" in more) == ("captured" in options)
            )  # fmt: skip
            t, spread = median(seconds[i]), f"{min(seconds[i]):.3f}, {max(seconds[i]):.3f}"
            ratio = f"{t / median(seconds[one]):.2f}" if ranks > 1 else ""
            share = f"{100 * median(run['sending'] for run in found[i]):.0f} %" if library != "torch" and ranks > 1 else ""
            lines.append(f"| {kind} | {t:.3f} | {spread} | {ratio} | {share} |")
    text = "\n".join(lines + over_network(args.rounds)) + "\n"
    print(text)
    if args.write:
        temporary = HERE / "RESULTS.md.new"
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(HERE / "RESULTS.md")


if __name__ == "__main__":
    main()
