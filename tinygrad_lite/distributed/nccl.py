"""NCCL: what is sent between GPUs as CuPy arrays, each function one call of cupyx.distributed's.

The ranks find each other, and agree on what they are about to do, by MPI; what is on a GPU never goes through it. A call
returns when the GPU has been told: what is computed next on the same stream waits for it. NCCL has no tags: messages between
two ranks come in the order in which they were sent.
"""

from __future__ import annotations

from typing import Any

from .. import backend
from ..backend import Array
from .mpi import octets


class NCCL:
    """Arrays of CuPy's, on the GPU that is current when this is made."""

    name, device = "nccl", "cuda"
    operations = ("sum", "product", "min", "max")

    def __init__(self, comm: Any) -> None:
        self.cupy = backend.cupy()
        try:
            from cupyx.distributed import NCCLBackend
        except ImportError as error:
            install = "pip install nvidia-nccl-cu12, or nvidia-nccl-cu13"
            raise RuntimeError(f"init_process_group('nccl'): CuPy finds no NCCL ({error}); {install}") from error
        self.size, self.rank = int(comm.size), int(comm.rank)
        self.comm = NCCLBackend(self.size, self.rank, use_mpi=True)
        self.stream = self.cupy.cuda.Stream(non_blocking=True)  # for what goes on beside the computation

    def all_reduce(self, x: Array, op: str) -> None:
        self.comm.all_reduce(x, x, "prod" if op == "product" else op)

    def start_all_reduce(self, x: Array, op: str) -> Launched:
        """The same on another stream, once all that was computed until now is there."""
        ready, done = self.cupy.cuda.Event(), self.cupy.cuda.Event()
        ready.record()
        self.stream.wait_event(ready)
        self.comm.all_reduce(x, x, op, self.stream)
        done.record(self.stream)
        return Launched(self.cupy, done)

    def drive(self, request: Any) -> None:
        """Nothing: GPUs go on by themselves."""

    def reduce(self, x: Array, op: str, root: int) -> None:
        self.comm.reduce(x, x, root, "prod" if op == "product" else op)

    def broadcast(self, x: Array, root: int) -> None:
        self.comm.broadcast(octets(x), root)

    def all_gather(self, out: Array, x: Array) -> None:
        self.comm.all_gather(octets(x), octets(out), x.nbytes)

    def reduce_scatter(self, out: Array, x: Array, op: str) -> None:
        self.comm.reduce_scatter(x, out, out.size, "prod" if op == "product" else op)

    def gather(self, out: Array | None, x: Array, root: int) -> None:
        self.comm.gather(octets(x), self.rows(out), root)

    def scatter(self, out: Array, x: Array | None, root: int) -> None:
        self.comm.scatter(self.rows(x), octets(out), root)

    def rows(self, x: Array | None) -> Array:
        """The octets of what has a row for each rank. cupyx looks at the number of rows on all ranks, so those that have no
        such array give an empty one.
        """
        if x is None:
            return self.cupy.empty((self.size, 0), "uint8")
        return octets(x).reshape(self.size, x.nbytes // self.size)

    def start_send(self, x: Array, to: int, tag: int) -> Launched:
        self.comm.send(octets(x), to)
        return Launched(self.cupy, None)

    def start_receive(self, x: Array, source: int, tag: int) -> Launched:
        self.comm.recv(octets(x), source)
        return Launched(self.cupy, None)

    def close(self) -> None:
        """The end: cupyx's communicator ends with its last reference."""
        self.cupy.cuda.Device().synchronize()


class Launched:
    """A call that the GPU has been told of."""

    def __init__(self, cupy: Any, done: Any) -> None:
        self.cupy, self.done = cupy, done

    def Test(self) -> bool:
        """True: what is computed from now on waits for the call, so that nobody else has to."""
        if self.done is not None:
            self.cupy.cuda.get_current_stream().wait_event(self.done)
        return True
