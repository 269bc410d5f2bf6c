"""DistributedDataParallel: each rank computes on its own part of the data, and all train the same model."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from zlib import crc32

import numpy as np

from tinygrad_lite._tensor import Tensor
from tinygrad_lite.backend import put
from tinygrad_lite.distributed.collectives import broadcast
from tinygrad_lite.distributed.world import World, world
from tinygrad_lite.grad_mode import mode, no_grad

from ..module import Module
from .buckets import Buckets, Event

MEGABYTE = 1 << 20
HOW = ("skip_all_reduce_unused_params", "bucket_cap_mb_list", "batched_grad_copy")  # PyTorch sends by them
OTHERS = ("delay_all_reduce_named_params", "param_to_hook_all_reduce", "mixed_precision", "device_mesh", "forward_sync_buffers")


class DistributedDataParallel(Module):
    """The module, whose gradients backward() averages over all ranks: p.grad = 1/N (g of rank 0 + ... + g of rank N - 1).

    So N ranks with n samples each take the step of one with N·n samples, if the loss is a mean over samples. If the ranks have
    different numbers of samples, n of m together, give backward() `loss * (N * n / m)`, or the sum of the losses times N / m.
    Within `no_sync()` nothing is sent, to accumulate gradients.

    The parameters must be equal on all ranks: RuntimeError, with the name of the first that differs. With init_sync=True those
    of rank 0 are taken instead, as in PyTorch. The buffers are those of rank 0 at each forward, unless broadcast_buffers=False.
    With find_unused_parameters, backward() need not reach all parameters; otherwise a RuntimeError names those that it did not
    reach. A bucket of gradients that are sent together has at most bucket_cap_mb (1 by default).
    `overlap` is whether they are sent as soon as they are whole, or all at the end of backward(). With NCCL they are, because a
    GPU computes and sends side by side. With MPI they are not, unless one asks for it: it gains nothing between the cores of a
    machine, and over a network only if the nonblocking sums of the MPI are good. With Open MPI 5 and
    OMPI_MCA_coll_libnbc_iallreduce_algorithm=1 (a ring) an epoch took 0.83 to 0.94 of the time (tests/benchmarks/ranks/).
    Arguments of PyTorch's that only choose how it sends change nothing; for others there is a NotImplementedError. The
    state_dict has "module." before each name. ValueError without a process group, RuntimeError for a module without parameters
    that require grad, and if ranks have different ones.
    https://pytorch.org/docs/stable/generated/torch.nn.parallel.DistributedDataParallel.html

    >>> from tinygrad_lite import distributed, nn
    >>> net = nn.parallel.DistributedDataParallel(nn.Linear(2, 1))  # doctest: +SKIP
    """

    def __init__(
        self,
        module: Module,
        device_ids: Any = None,
        output_device: Any = None,
        dim: int = 0,
        broadcast_buffers: bool | None = None,
        init_sync: bool | None = None,
        process_group: Any = None,
        bucket_cap_mb: float | None = None,
        find_unused_parameters: bool = False,
        check_reduction: bool = False,
        gradient_as_bucket_view: bool = False,
        static_graph: bool = False,
        *,
        overlap: bool | None = None,
        **options: Any,
    ) -> None:
        super().__init__()
        if process_group is not None:
            raise NotImplementedError("DistributedDataParallel: process groups of some of the ranks are not covered")
        for name, value in options.items():
            if name in OTHERS and value is not None:
                raise NotImplementedError(f"DistributedDataParallel: {name} is not covered; leave it out")
            if name not in (*OTHERS, *HOW):
                raise TypeError(f"DistributedDataParallel: there is no argument {name!r}")
        if not isinstance(module, Module):
            raise TypeError(f"DistributedDataParallel: expected a Module, got {type(module).__name__}")
        together = world()
        named: dict[str, Tensor] = {name: p for name, p in module.named_parameters() if p.requires_grad}
        if not named:
            raise RuntimeError("DistributedDataParallel is not needed when a module has no parameters that require a gradient")
        self.module, self.device_ids, self.dim = module, device_ids, dim
        self.broadcast_buffers = broadcast_buffers is not False
        self.find_unused_parameters, self.static_graph = find_unused_parameters, static_graph
        self.require_backward_grad_sync, self.require_forward_param_sync = True, True
        whole = dict[str, Tensor](module.named_parameters()) | dict(module.named_buffers())
        check_equal(
            together, module, {name: f"{x.dtype}{list(x.shape)}" for name, x in whole.items()}, "another shape or dtype"
        )
        if init_sync:
            synchronize(whole.values())
        elif init_sync is None:
            values = {name: str(crc32(put(p.array, "cpu").tobytes())) for name, p in module.named_parameters()}
            check_equal(together, module, values, "other values")
        size = (1 if bucket_cap_mb is None else bucket_cap_mb) * MEGABYTE
        overlap = together.transport.device != "cpu" if overlap is None else overlap
        self.buckets = Buckets(together, named, size, find_unused_parameters or static_graph, overlap)

    def forward(self, *inputs: Any, **options: Any) -> Any:
        """module(*inputs, **options), with the buffers of rank 0."""
        if self.require_forward_param_sync:
            self.synchronize_buffers()
        self.require_forward_param_sync = mode.enabled and self.require_backward_grad_sync
        return self.module(*inputs, **options)

    def synchronize_buffers(self) -> None:
        """The buffers of rank 0 to all ranks."""
        if self.broadcast_buffers:
            synchronize(self.module.buffers())

    @contextmanager
    def no_sync(self) -> Iterator[None]:
        """Within it backward() adds to this rank's own gradients; the next one outside sums all that has been added up.
        https://pytorch.org/docs/stable/generated/torch.nn.parallel.DistributedDataParallel.html
        """
        before = self.require_backward_grad_sync
        self.require_backward_grad_sync = self.buckets.enabled = False
        try:
            yield
        finally:
            self.require_backward_grad_sync = self.buckets.enabled = before

    @contextmanager
    def timeline(self) -> Iterator[list[Event]]:
        """What is sent when: a list of (what, begin, end) in seconds of time.perf_counter(), which grows as long as this is
        open. "send 0": bucket 0 was sent on its way; "wait": this rank waited for the others at the end of backward; "sum 0":
        it waited for the sum of bucket 0, or computed it.
        """
        self.buckets.events = events = list[Event]()
        try:
            yield events
        finally:
            self.buckets.events = None


def synchronize(tensors: Any) -> None:
    """The values of rank 0 to all ranks."""
    with no_grad():
        for x in tensors:
            broadcast(x.detach(), 0)


def check_equal(together: World, module: Module, values: dict[str, str], what: str) -> None:
    """RuntimeError, on all ranks, unless all have the same values under the same names. It names the first that differs."""
    if together.size == 1:
        return
    kind = f"DistributedDataParallel({type(module).__name__})"
    together.agree(f"{kind}, {len(values)} parameters and buffers")
    codes = np.array([crc32(f"{name} {value}".encode()) for name, value in values.items()], np.int64)
    low, high = codes.copy(), codes.copy()
    library = together.library
    together.send(kind, together.comm.Allreduce, library.IN_PLACE, low, library.MIN)
    together.send(kind, together.comm.Allreduce, library.IN_PLACE, high, library.MAX)
    if (low != high).any():
        first = list(values)[int(np.argmax(low != high))]
        every = together.every(first, codes[list(values).index(first)])
        other = int(np.argmax(every != every[0]))
        same = "call manual_seed with the same number on all ranks before the model is made, load the same file, or give "
        hint = f"; {same}init_sync=True, to start from those of rank 0" if what == "other values" else ""
        raise RuntimeError(f"{kind}: {first} has {what} on rank {other} than on rank 0{hint}")
