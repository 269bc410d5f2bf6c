"""NCCL as a transport: on two ranks with a stand-in, which checks how cupyx is called."""

from __future__ import annotations

import launch


def test_nccl_does_what_mpi_does() -> None:
    status, printed = launch.ranks(2, "on_nccl.py")
    assert status == 0, printed
    assert all(f"rank {rank}: " in printed for rank in range(2)), printed
