"""A stand-in for cupyx.distributed on machines without GPUs: it sends the arrays of stand_in_cupy.py by MPI.

It refuses what NCCL refuses: arrays of NumPy's, arrays that are not contiguous, dtypes and operations that NCCL does not have.
Streams and events only note in `log` what is done on them, and in which order.
"""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import stand_in_cupy
from mpi4py import MPI

OPERATIONS = {"sum": MPI.SUM, "prod": MPI.PROD, "max": MPI.MAX, "min": MPI.MIN}
log: list[tuple[Any, ...]] = []


def memory(x: Any) -> Any:
    """The NumPy array behind one of CuPy's."""
    if not isinstance(x, stand_in_cupy.ndarray):
        raise AttributeError(f"{type(x).__name__} has no attribute data.ptr")
    if not (x.flags.c_contiguous or x.flags.f_contiguous):
        raise RuntimeError("NCCL requires arrays to be either c- or f-contiguous")
    if x.dtype.char not in "bBiIlLqQefd":
        raise TypeError(f"Unknown dtype {x.dtype} for NCCL")
    return x.hidden


class NCCLBackend:
    def __init__(self, n_devices: int, rank: int, host: str = "127.0.0.1", port: int = 13333, use_mpi: bool = False) -> None:
        assert use_mpi and (MPI.COMM_WORLD.size, MPI.COMM_WORLD.rank) == (n_devices, rank)
        self.comm, self.rank = MPI.COMM_WORLD.Dup(), rank

    def all_reduce(self, in_array: Any, out_array: Any, op: str = "sum", stream: Any = None) -> None:
        log.append(("all_reduce", stream))
        if in_array is out_array:
            self.comm.Allreduce(MPI.IN_PLACE, memory(out_array), OPERATIONS[op])
        else:
            self.comm.Allreduce(memory(in_array), memory(out_array), OPERATIONS[op])

    def reduce(self, in_array: Any, out_array: Any, root: int = 0, op: str = "sum", stream: Any = None) -> None:
        total = memory(in_array).copy()
        self.comm.Allreduce(MPI.IN_PLACE, total, OPERATIONS[op])
        if self.rank == root:
            memory(out_array)[...] = total

    def broadcast(self, in_out_array: Any, root: int = 0, stream: Any = None) -> None:
        self.comm.Bcast(memory(in_out_array), root)

    def reduce_scatter(self, in_array: Any, out_array: Any, count: int, op: str = "sum", stream: Any = None) -> None:
        assert count * self.comm.size == in_array.size and count == out_array.size, "count is what each rank gets"
        self.comm.Reduce_scatter_block(memory(in_array), memory(out_array), OPERATIONS[op])

    def all_gather(self, in_array: Any, out_array: Any, count: int, stream: Any = None) -> None:
        assert count == in_array.size and count * self.comm.size == out_array.size, "count is what each rank gives"
        self.comm.Allgather(memory(in_array), memory(out_array))

    def send(self, array: Any, peer: int, stream: Any = None) -> None:
        self.comm.Send(memory(array), peer)

    def recv(self, out_array: Any, peer: int, stream: Any = None) -> None:
        self.comm.Recv(memory(out_array), peer)

    def gather(self, in_array: Any, out_array: Any, root: int = 0, stream: Any = None) -> None:
        memory(out_array)  # NCCL looks at its memory on all ranks
        if self.rank == root:
            assert out_array.shape[0] == self.comm.size
        self.comm.Gather(memory(in_array), memory(out_array) if self.rank == root else None, root)

    def scatter(self, in_array: Any, out_array: Any, root: int = 0, stream: Any = None) -> None:
        memory(in_array)
        if self.rank == root:
            assert in_array.shape[0] == self.comm.size
        self.comm.Scatter(memory(in_array) if self.rank == root else None, memory(out_array), root)

    def stop(self) -> None:
        self.comm.Free()


class Stream:
    def __init__(self, non_blocking: bool = False) -> None:
        self.non_blocking = non_blocking

    def wait_event(self, event: Any) -> None:
        log.append(("wait", self, event))


class Event:
    def record(self, stream: Any = None) -> None:
        log.append(("record", current if stream is None else stream, self))


class Device(stand_in_cupy._Device):
    """As many GPUs as there are ranks."""

    def __init__(self, index: int = 0) -> None:
        self.index = index

    def use(self) -> None:
        log.append(("use", self.index))

    def synchronize(self) -> None: ...


current = Stream()


def install() -> None:
    """Let `import cupy` and `import cupyx.distributed` find the stand-ins."""
    cuda: Any = stand_in_cupy.cuda
    cuda.Stream, cuda.Event, cuda.Device, cuda.get_current_stream = Stream, Event, Device, lambda: current
    cuda.runtime.getDeviceCount = lambda: MPI.COMM_WORLD.size
    module = ModuleType("cupyx.distributed")
    module.NCCLBackend = NCCLBackend  # type: ignore[attr-defined]
    cuda.nccl = SimpleNamespace(available=True)
    known: dict[str, Any] = {"cupy": stand_in_cupy, "cupy.cuda": cuda, "cupyx": ModuleType("cupyx"), module.__name__: module}
    sys.modules.update(known)
