"""MPI: what is sent between ranks as NumPy arrays, each function one call of mpi4py's, with buffers and not pickles.

All ranks have agreed before on what they are about to do (world.py), so that here nothing is checked. Arrays are contiguous.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..backend import Array

INSTALL = (
    "pip install 'tinygrad_lite[mpi]', which brings Open MPI on Linux and macOS; on a cluster with an MPI of its own, "
    "load its module and pip install mpi4py"
)


def mpi() -> Any:
    """mpi4py's module MPI, whose import starts MPI. RuntimeError, with what to install, if there is none."""
    try:
        from mpi4py import MPI
    except ImportError as error:
        raise RuntimeError(f"init_process_group('mpi'): mpi4py is not installed: {INSTALL}") from error
    except RuntimeError as error:  # mpi4py is there, but no MPI library
        raise RuntimeError(f"init_process_group('mpi'): mpi4py finds no MPI library ({error}): {INSTALL}") from error
    return MPI


class MPI:
    """Arrays of NumPy's. What it gets is never a CuPy array: an MPI that knows nothing of CUDA would read wild memory."""

    name, device = "mpi", "cpu"

    def __init__(self, comm: Any) -> None:
        self.comm = comm
        library = mpi()
        self.in_place = library.IN_PLACE
        self.operations = {
            "sum": library.SUM, "product": library.PROD, "min": library.MIN, "max": library.MAX,
            "band": library.BAND, "bor": library.BOR, "bxor": library.BXOR,
        }  # fmt: skip

    def all_reduce(self, x: Array, op: str) -> None:
        self.comm.Allreduce(self.in_place, x, self.operations[op])

    def start_all_reduce(self, x: Array, op: str) -> Any:
        """The same, begun: an object whose Test() drives it on and says whether it is done."""
        return self.comm.Iallreduce(self.in_place, x, self.operations[op])

    def drive(self, request: Any) -> None:
        """Let MPI go on with what is under way: most do so only within calls."""
        request.Test()

    def reduce(self, x: Array, op: str, root: int) -> None:
        mine = (self.in_place, x) if self.comm.rank == root else (x, None)
        self.comm.Reduce(*mine, self.operations[op], root)

    def broadcast(self, x: Array, root: int) -> None:
        self.comm.Bcast(octets(x), root)

    def all_gather(self, out: Array, x: Array) -> None:
        self.comm.Allgather(octets(x), octets(out))

    def reduce_scatter(self, out: Array, x: Array, op: str) -> None:
        self.comm.Reduce_scatter_block(x, out, self.operations[op])

    def gather(self, out: Array | None, x: Array, root: int) -> None:
        self.comm.Gather(octets(x), None if out is None else octets(out), root)

    def scatter(self, out: Array, x: Array | None, root: int) -> None:
        self.comm.Scatter(None if x is None else octets(x), octets(out), root)

    def start_send(self, x: Array, to: int, tag: int) -> Any:
        return self.comm.Isend(octets(x), to, tag)

    def start_receive(self, x: Array, source: int, tag: int) -> Any:
        return self.comm.Irecv(octets(x), source, tag)

    def close(self) -> None:
        self.comm.Free()


def octets(x: Array) -> Array:
    """The memory of an array as bytes: what is only moved may have a dtype that MPI does not know, as float16."""
    return x.reshape(-1).view(np.uint8)
