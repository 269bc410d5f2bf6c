"""A stand-in for cupyx.distributed.NCCLBackend and CuPy's streams: it sends what is in stand_in_cupy's arrays by MPI.

It shows that our code calls NCCL as cupyx wants it: install() puts it into sys.modules, it refuses what cupyx refuses, and
`log` has each call with its stream, each event that was recorded, and which stream waits for which.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import stand_in_cupy

log: list[tuple[Any, ...]] = []
OPS = {"sum": np.add, "prod": np.multiply, "max": np.maximum, "min": np.minimum}


class Device:
    current = 0

    def __init__(self, index: int | None = None) -> None:
        self.id = Device.current if index is None else index

    def use(self) -> None:
        Device.current = self.id

    def __enter__(self) -> None: ...

    def __exit__(self, *exc: object) -> None: ...

    def synchronize(self) -> None:
        log.append(("synchronize",))


class Stream:
    def __init__(self, non_blocking: bool = False) -> None:
        self.name = "side" if non_blocking else "current"

    def wait_event(self, event: Event) -> None:
        log.append(("wait", self.name, event))


CURRENT = Stream()


class Event:
    def record(self, stream: Stream | None = None) -> None:
        log.append(("record", (stream or CURRENT).name, self))


class runtime:
    @staticmethod
    def getDeviceCount() -> int:
        return 2


class cuda:
    Device, Stream, Event, runtime = Device, Stream, Event, runtime
    nccl = type("nccl", (), {"available": True})

    @staticmethod
    def get_current_stream() -> Stream:
        return CURRENT


def flat(x: Any) -> Any:
    """The memory of an array in a row. The errors of cupyx for what it does not send."""
    assert isinstance(x, stand_in_cupy.ndarray), f"not an array of CuPy's: {type(x)}"
    if not x.flags.c_contiguous and not x.flags.f_contiguous:
        raise RuntimeError("NCCL requires arrays to be either c- or f-contiguous")
    if x.dtype.char not in "bBiIlLqQefd":
        raise TypeError(f"Unknown dtype {x.dtype} for NCCL")
    return x.hidden.ravel(order="K")


class NCCLBackend:
    def __init__(self, n_devices: int, rank: int, host: str = "", port: int = 0, use_mpi: bool = False) -> None:
        from mpi4py import MPI

        assert use_mpi
        self.comm, self.n, self.rank = MPI.COMM_WORLD.Dup(), n_devices, rank

    def every(self, name: str, x: Any, stream: Stream | None) -> Any:
        log.append((name, (stream or CURRENT).name))
        out = np.empty((self.n, x.nbytes), np.uint8)
        self.comm.Allgather(np.ascontiguousarray(x).view(np.uint8), out)
        return out.view(x.dtype)

    def total(self, name: str, x: Any, op: str, stream: Stream | None) -> Any:
        if op not in OPS:
            raise RuntimeError(f"Unknown op {op} for NCCL")
        return OPS[op].reduce(self.every(name, x, stream), axis=0, dtype=x.dtype)

    def all_reduce(self, x: Any, out: Any, op: str = "sum", stream: Stream | None = None) -> None:
        flat(out)[:] = self.total("all_reduce", flat(x), op, stream)

    def reduce(self, x: Any, out: Any, root: int = 0, op: str = "sum", stream: Stream | None = None) -> None:
        total = self.total("reduce", flat(x), op, stream)
        if self.rank == root:
            flat(out)[:] = total

    def broadcast(self, x: Any, root: int = 0, stream: Stream | None = None) -> None:
        flat(x)[:] = self.every("broadcast", flat(x), stream)[root]

    def reduce_scatter(self, x: Any, out: Any, count: int, op: str = "sum", stream: Stream | None = None) -> None:
        total = self.total("reduce_scatter", flat(x)[: self.n * count], op, stream)
        flat(out)[:count] = total[self.rank * count : (self.rank + 1) * count]

    def all_gather(self, x: Any, out: Any, count: int, stream: Stream | None = None) -> None:
        flat(out)[: self.n * count] = self.every("all_gather", flat(x)[:count], stream).ravel()

    def send(self, x: Any, peer: int, stream: Stream | None = None) -> None:
        self.comm.Send(flat(x).view(np.uint8), peer)

    def recv(self, out: Any, peer: int, stream: Stream | None = None) -> None:
        self.comm.Recv(flat(out).view(np.uint8), peer)

    def gather(self, x: Any, out: Any, root: int = 0, stream: Stream | None = None) -> None:
        if out.shape[0] != self.n:  # cupyx asks this on each rank, not only on the root
            raise RuntimeError(f"gather requires out_array to have {self.n} elements in its first dimension, found {out.shape}")
        every, place = self.every("gather", flat(x), stream), flat(out)
        if self.rank == root:
            place[:] = every.ravel()

    def scatter(self, x: Any, out: Any, root: int = 0, stream: Stream | None = None) -> None:
        if x.shape[0] != self.n:
            raise RuntimeError(f"scatter requires in_array to have {self.n} elements in its first dimension, found {x.shape}")
        whole, place = flat(x), flat(out)
        parts = self.comm.bcast(whole if self.rank == root else None, root)
        place[:] = parts.reshape(self.n, -1)[self.rank]

    def stop(self) -> None:
        self.comm.Free()


def install() -> None:
    stand_in_cupy.cuda = cuda  # type: ignore[assignment, misc]
    here = sys.modules[__name__]
    sys.modules.update({"cupy": stand_in_cupy, "cupy.cuda": cuda, "cupyx": here, "cupyx.distributed": here})  # type: ignore[dict-item]
    sys.modules.update({"cupyx.scipy.special": stand_in_cupy.special, "cupyx.scipy.linalg": stand_in_cupy.linalg})  # type: ignore[dict-item]
