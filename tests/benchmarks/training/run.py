"""Training steps beside PyTorch, JAX and hand-written NumPy, in one run.

    python tests/benchmarks/training/run.py [W1,W2] [--peers eager,captured] [--rounds 9] [--threads 1,2] [--write]

Each peer is a process of its own, told in turn to take one sample, so that slow spells meet all alike; each round starts with
another peer. The first losses are compared with float64 before anything is timed. All processes have the same number of
threads (first one, then one for each core) and run on so many cores; OPENBLAS_CORETYPE and OPENBLAS_L2_SIZE are unset; each
frees a block of 31 MB first, after which glibc keeps freed memory (for PyTorch and JAX too). Printed are medians with their
quartiles, and the ratios that are aimed at. --write puts the tables into RESULTS.md and the steps into RESULTS.png.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import report  # noqa: E402
import work  # noqa: E402

EPOCHS = ("W3", "W4")
PAUSE = 0.25  # seconds before a sample: OpenMP's threads of the peer before spin on for 0.2
CHECKED = 4  # first losses; after some more, Adam makes much of a ReLU that rounding has switched


class Worker:
    """A peer's process: asked by a line of JSON, it answers with one."""

    def __init__(self, peer: str, threads: int) -> None:
        environment = {key: value for key, value in os.environ.items() if not key.startswith("OPENBLAS_")}
        environment |= {name: str(threads) for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}
        command = [sys.executable, "-W", "ignore", __file__, "--worker", peer, "--threads", str(threads)]
        self.process = subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, **what: Any) -> Any:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(json.dumps(what) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"the worker ended at {what}")
        answer = json.loads(line)
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return answer["value"]

    def end(self) -> None:
        self.process.kill()
        self.process.wait()


def serve(peer: str, threads: int) -> None:
    """What runs in a peer's process."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-threads:])
    import numpy as np

    np.empty(31 << 20, np.uint8).fill(0)
    import peers

    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print must not mix with the answers
    made: Any = None
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            if asked["do"] == "train":
                made = peers.PEERS[peer](peer)
                of = work.WORKS[asked["work"]]
                made.train(of)
                value: Any = [made.value(made.step(i)) for i in range(CHECKED)]
            elif asked["do"] == "sample":
                made.value(made.step(0))
                n, start = 0, time.perf_counter()
                while (spent := time.perf_counter() - start) < asked["seconds"]:
                    loss = made.step(n)
                    n += 1
                    if n % 16 == 0 or spent > asked["seconds"] / 4:
                        made.value(loss)  # so that none runs ahead
                made.value(loss)
                value = (time.perf_counter() - start) / n
            elif asked["do"] == "epoch":
                start = time.perf_counter()
                made.epoch()
                value = time.perf_counter() - start
            elif asked["do"] == "chain":
                run = peers.PEERS[peer](peer).chain(asked["n"])
                run(), run()
                start = time.perf_counter()
                run()
                value = time.perf_counter() - start
            elif asked["do"] == "deep":
                run = peers.PEERS[peer](peer).deep()
                Path("/proc/self/clear_refs").write_text("5")
                start = time.perf_counter()
                run()
                value = [time.perf_counter() - start, _peak()]
            answer = {"value": value}
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        out.write(json.dumps(answer) + "\n")
        out.flush()


def _peak() -> float:
    """The largest resident memory since clear_refs, in MB."""
    found = re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())
    return int(found[1]) / 1024 if found else float("nan")


def compare(names: list[str], peers: list[str], rounds: int, threads: int) -> dict[str, Any]:
    """{work: {peer: samples in µs}}, and epochs in seconds under "W3 epoch"."""
    results: dict[str, Any] = {}
    for name in [name for name in names if name in work.WORKS]:
        of = work.WORKS[name]
        right = work.reference(of, CHECKED) if of.sizes else None
        workers = {}
        for peer in peers:
            if peer == "limit" and not of.sizes:
                continue
            worker = Worker(peer, threads)
            try:
                losses = worker.ask(do="train", work=name)
                right = right or losses
                if max(abs(a - b) / b for a, b in zip(losses, right)) > 2e-4:
                    raise RuntimeError(f"its losses are {losses}, not {right}")
                workers[peer] = worker
            except RuntimeError as error:
                print(f"{name} {peer}: left out: {error}", file=sys.stderr)
                worker.end()
        samples: dict[str, list[float]] = {peer: [] for peer in workers}
        epochs: dict[str, list[float]] = {peer: [] for peer in workers}
        order = list(workers)
        for turn in range(rounds):
            for peer in order[turn % len(order) :] + order[: turn % len(order)]:
                time.sleep(PAUSE)
                samples[peer].append(1e6 * workers[peer].ask(do="sample", seconds=0.3 if of.batch > 16 else 0.06))
                if name in EPOCHS and turn < max(2, rounds // 3):
                    epochs[peer].append(workers[peer].ask(do="epoch"))
        results[name] = samples
        if name in EPOCHS:
            results[f"{name} epoch"] = epochs
        for worker in workers.values():
            worker.end()
        print(report.table(name, samples), flush=True)
    if "W6" in names:
        for n in (1000, 1_000_000):
            results[f"W6 {n}"] = once(
                peers, ("eager", "torch") + (("captured",) if n == 1000 else ()), threads, do="chain", n=n
            )
    if "W7" in names:
        found = once(peers, ("eager", "torch", "limit"), threads, do="deep")
        results["W7 seconds"] = {peer: [value[0]] for peer, (value,) in found.items()}
        results["W7 MB"] = {peer: [value[1]] for peer, (value,) in found.items()}
    if "W8" in names:
        results |= starts(peers, rounds, threads)
    return results


def once(peers: list[str], able: tuple[str, ...], threads: int, **what: Any) -> dict[str, Any]:
    """One answer of a fresh process of each peer."""
    found = {}
    for peer in [peer for peer in peers if peer in able]:
        worker = Worker(peer, threads)
        found[peer] = [worker.ask(**what)]
        worker.end()
    return found


IMPORTS = {"eager": "import tinygrad_lite, tinygrad_lite.nn", "torch": "import torch", "jax": "import jax, jax.numpy"}
IMPORTS["limit"] = "import numpy"


def starts(peers: list[str], rounds: int, threads: int) -> dict[str, Any]:
    """W8: a fresh process until the library is imported, and until 100 steps of W2 are made."""
    steps = f"import sys; sys.path.insert(0, {str(HERE)!r}); import peers, work; p = peers.PEERS[{{0!r}}]({{0!r}}); "
    steps += "p.train(work.WORKS['W2']); [p.step(i) for i in range(99)]; p.value(p.step(99))"
    found: dict[str, Any] = {"W8 import": {}, "W8 100 steps": {}}
    environment = {key: value for key, value in os.environ.items() if not key.startswith("OPENBLAS_")} | {
        "OMP_NUM_THREADS": str(threads)
    }
    for _ in range(rounds):
        for peer in [peer for peer in peers if peer in IMPORTS]:
            for name, code in (("W8 import", IMPORTS[peer]), ("W8 100 steps", steps.format(peer))):
                start = time.perf_counter()
                subprocess.run([sys.executable, "-W", "ignore", "-c", code], env=environment, check=True, capture_output=True)
                found[name].setdefault(peer, []).append(time.perf_counter() - start)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("works", nargs="?", default="W1,W2,W3,W4,W5,W6,W7,W8,W9")
    parser.add_argument("--peers", default="eager,captured,torch,torch fused,torch compile,jax,limit")
    parser.add_argument("--rounds", type=int, default=9)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1
    parser.add_argument("--threads", default=",".join(map(str, sorted({1, cores}))))
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--worker")
    options = parser.parse_args()
    if options.worker:
        serve(options.worker, int(options.threads))
        return
    for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
        os.environ.pop(name, None)
    machine = subprocess.run(
        [sys.executable, "-c", "from tinygrad_lite import doctor; print(doctor.in_one_line())"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    print(machine, flush=True)
    runs = {}
    for threads in map(int, options.threads.split(",")):
        print(f"{threads} threads", flush=True)
        runs[threads] = compare(options.works.split(","), options.peers.split(","), options.rounds, threads)
    text = report.page(runs, machine)
    print(text)
    if options.write:
        report.write(HERE, text, runs)


if __name__ == "__main__":
    main()
