"""Several processes that compute together: what they compute, and that a fault of one ends all, soon and with a reason."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from random import Random
from time import monotonic
from typing import Any

import launch
import numpy as np
import pytest

from tinygrad_lite import distributed, load

FAULTS = {  # what all that is printed must hold
    "other_shapes": ("all_reduce sum of float32[3] (faults.py, line", "rank 1: all_reduce sum of float32[4]"),
    "other_operations": ("rank 0: all_reduce sum of float32[1]", "rank 1: all_reduce max of int32[1]"),
    "other_calls": ("rank 0: broadcast from 0 of float32[1]", "rank 1: barrier (faults.py"),
    "fewer_batches": ("different numbers of batches", "rank 0: the end", "rank 1: the gradients of backward pass 4"),
    "no_sync_on_one": ("rank 1: the gradients of backward pass 1, 1 within no_sync() before it",),
    "unused_on_one": ("rank 1: the gradients of backward pass 1, which brings no gradient to second.weight, second.bias",),
    "unused_on_all": ("backward() brought no gradient to second.weight, second.bias", "find_unused_parameters=True"),
    "raises": ("ValueError: bad data", "RuntimeError: rank 1: ValueError: bad data. This rank, 0, was in all_reduce"),
    "raises_while_others_compute": ("rank 1 ends all ranks, because of its ValueError: bad data",),
    "exits": ("rank 1: the end: destroy_process_group(), or the end of the program", "rank 0: barrier"),
    "dies": ("process rank 1", "signal 9"),
    "stops": ("rank 1 has given no sign of life for 3 seconds",),
    "never_comes": ("rank 0 has waited 1 seconds, the timeout, in barrier", "rank 1 has not come"),
    "nothing_is_sent": ("rank 1 has waited 1 seconds, the timeout, in recv from 0",),
    "a_loss_of_nan": ("FloatingPointError: the loss is nan at epoch 1, batch 1", "RuntimeError: rank 1: FloatingPointError"),
    "other_orders": ("different numbers of batches", "rank 1: the gradients of backward pass 3"),
}


@pytest.mark.parametrize("n", [2, 3])
def test_what_the_collectives_and_the_parallel_model_do(n: int) -> None:
    status, printed = launch.ranks(n, "behaviour.py")
    assert status == 0, printed
    assert all(f"rank {rank} of {n}: 19 checks" in printed for rank in range(n)), printed


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_of_one_rank_ends_all(fault: str) -> None:
    begin = monotonic()
    status, printed = launch.ranks(2, "faults.py", fault)
    assert status != 0, printed
    for part in FAULTS[fault]:
        assert part in " ".join(printed.split("\n")), printed
    assert monotonic() - begin < 15


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Any:
    path = tmp_path_factory.mktemp("one") / "weights.safetensors"
    status, printed = launch.ranks(1, "same_as_one.py", path)
    assert status == 0, printed
    return load(path)


@pytest.mark.parametrize("n", [2, 3, 4])
def test_ranks_give_the_numbers_of_one(n: int, alone: Any, tmp_path: Path) -> None:
    """After 100 steps in float64, in batches that do not divide evenly, eager, captured and overlapped."""
    status, printed = launch.ranks(n, "same_as_one.py", tmp_path / "weights.safetensors")
    assert status == 0, printed
    found = load(tmp_path / "weights.safetensors")
    assert found.keys() == alone.keys() and len(found) == 10
    for what, expected in alone.items():
        assert found[what].keys() == expected.keys()
        for name, values in expected.items():
            np.testing.assert_allclose(np.array(found[what][name]), np.array(values), 0, 1e-12, err_msg=f"{what} {name}")
    moved = alone["Trainer mlp"]["0.weight"] - alone["loop mlp"]["0.weight"]
    assert moved.abs().max() > 1e-3, "they were trained, each in its own way"


def test_a_training_that_is_killed_goes_on_as_if_it_had_not_been(tmp_path: Path) -> None:
    """Each rank once, at a random moment; on as many ranks, the end is the same to the last bit."""
    for folder in ("whole", "killed", "fewer"):
        (tmp_path / folder).mkdir()
    status, printed = launch.ranks(2, "interrupted.py", tmp_path / "whole")
    assert status == 0, printed
    whole = load(tmp_path / "whole" / "end.safetensors")
    random, saved = Random(), tmp_path / "killed" / "run.safetensors"
    for victim in (0, 1):
        process = launch.start(2, "interrupted.py", tmp_path / "killed", f"die={victim}:{random.uniform(0, 0.1)}")
        begin = monotonic()
        printed, _ = process.communicate(timeout=30)
        assert process.returncode != 0 and f"rank {victim}" in printed and monotonic() - begin < 10, printed
    if saved.exists():
        (tmp_path / "fewer" / saved.name).write_bytes(saved.read_bytes())
    status, printed = launch.ranks(2, "interrupted.py", tmp_path / "killed")
    assert status == 0, printed
    end = load(tmp_path / "killed" / "end.safetensors")
    assert end["history"] == whole["history"]
    assert all(bool((end["weights"][name] == values).all()) for name, values in whole["weights"].items())
    status, printed = launch.ranks(3, "interrupted.py", tmp_path / "fewer")
    assert status == 0, printed
    fewer = load(tmp_path / "fewer" / "end.safetensors")["history"]
    assert fewer["epoch"] == whole["history"]["epoch"] and fewer["lr"] == whole["history"]["lr"]


def test_the_lesson_on_two_ranks(tmp_path: Path, fashion_mnist: Any) -> None:
    """Rank 0 alone prints and draws."""
    program, figure = launch.RANKS.parents[1] / "examples" / "data_parallel.py", tmp_path / "figure.png"
    status, printed = launch.ranks(2, str(program), "--short", "--out", figure)
    assert status == 0, printed
    apart = re.search(r"on 2 ranks and on one: the weights differ by (\S+) at most", printed)
    assert apart is not None and float(apart[1]) < 1e-12, printed
    assert printed.count("To be seen") == printed.count("Figure: ") == 1 and "by the formula" in printed
    assert figure.read_bytes().startswith(b"\x89PNG") and list(tmp_path.iterdir()) == [figure]


def test_the_table_of_epochs_is_of_these_programs() -> None:
    """After a change of what is measured: python tests/benchmarks/ranks/run.py --write"""
    text = (launch.RANKS.parent / "benchmarks" / "ranks" / "RESULTS.md").read_text(encoding="utf-8")
    kinds = (launch.RANKS.parent / "benchmarks" / "ranks" / "run.py").read_text(encoding="utf-8")
    titles = re.findall(r'^    \("([^"]+)", ', kinds, re.MULTILINE)
    assert len(titles) == 13 and all(f"| {title} |" in text for title in titles)


def test_without_mpi_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mpi4py", None)
    with pytest.raises(RuntimeError, match=r"pip install 'tinygrad_lite\[mpi\]'"):
        distributed.init_process_group("mpi")
    with pytest.raises(ValueError, match="not been initialized"):
        distributed.get_world_size()
    with pytest.raises(ValueError, match="the backends are"):
        distributed.init_process_group("gloo")
    with pytest.raises(TypeError, match="timedelta"):
        distributed.init_process_group("mpi", timeout=5)  # type: ignore[arg-type]
