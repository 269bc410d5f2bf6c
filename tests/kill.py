"""Kills a training of several processes at random moments, and checks that it goes on as if it had never been interrupted.

    python tests/kill.py --trials 20 --ranks 2

Each trial starts tests/ranks/interrupted.py anew, kills one rank at a moment that is drawn, notes how long the others live, and
starts it again. The history and the weights at the end must be those of a run that was left alone, to the last bit.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from time import monotonic
from typing import Any

import launch

from tinygrad_lite import load


def end(folder: Path, ranks: int, *more: str) -> tuple[int, str, float]:
    """Exit status, what was printed, and seconds."""
    folder.mkdir(exist_ok=True)
    begin = monotonic()
    status, printed = launch.ranks(ranks, "interrupted.py", folder, *more)
    return status, printed, monotonic() - begin


def same(x: Any, y: Any) -> bool:
    return x["history"] == y["history"] and all(bool((x["weights"][k] == y["weights"][k]).all()) for k in x["weights"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--ranks", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    random = Random(args.seed)
    with TemporaryDirectory() as scratch:
        status, printed, _ = end(Path(scratch, "whole"), args.ranks)
        assert status == 0, printed
        whole = load(Path(scratch, "whole", "end.safetensors"))
        slowest, within, wrong = 0.0, 0, 0
        for trial in range(args.trials):
            folder, victim, moment = Path(scratch, str(trial)), random.randrange(args.ranks), random.uniform(0, 0.25)
            status, printed, _ = end(folder, args.ranks, f"die={victim}:{moment}")
            killed = status != 0 and f"rank {victim}" in printed
            lived = float(printed.partition("killed at ")[2].split()[0]) if "killed at " in printed else monotonic()
            slowest = max(slowest, monotonic() - lived)
            saved = (folder / "run.safetensors").exists()
            within += killed and saved
            status, printed, _ = end(folder, args.ranks)
            good = status == 0 and same(load(folder / "end.safetensors"), whole)
            wrong += not good
            where = "with a checkpoint" if saved else "before the first checkpoint"
            print(f"rank {victim} at {moment:.3f} s, {where if killed else 'it had ended'}: {'the same' if good else printed}")
    found = f"{within} killed after a checkpoint; all ranks ended within {slowest:.1f} s"
    print(f"{args.trials} trials, {found}; {wrong} ended otherwise than the run that was left alone")
    raise SystemExit(1 if wrong or slowest > 10 else 0)


if __name__ == "__main__":
    main()
