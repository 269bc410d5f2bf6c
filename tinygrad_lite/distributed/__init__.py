"""Several processes that compute together, under PyTorch's names: torch.distributed on MPI and NCCL.

    from tinygrad_lite import distributed

    distributed.init_process_group("mpi")                 # in a program that was started by: mpiexec -n 4 python program.py
    x = tensor([float(distributed.get_rank())])
    distributed.all_reduce(x)                             # 0 + 1 + 2 + 3 on every rank

`nn.parallel.DistributedDataParallel` trains a model so, `nn.Trainer` does by itself in such a program. world.py says what keeps
the processes together, collectives.py what they can do, mpi.py and nccl.py which calls that is.
"""

from typing import TYPE_CHECKING

from ..suggest import missing_from, names_in
from .collectives import (
    ReduceOp,
    Work,
    all_gather,
    all_gather_into_tensor,
    all_reduce,
    barrier,
    broadcast,
    gather,
    group,
    irecv,
    isend,
    recv,
    reduce,
    reduce_scatter,
    reduce_scatter_tensor,
    scatter,
    send,
)  # fmt: skip
from .world import (
    destroy_process_group,
    get_backend,
    get_node_local_rank,
    get_rank,
    get_world_size,
    init_process_group,
    is_initialized,
)  # fmt: skip

__all__ = [
    "ReduceOp", "Work", "all_gather", "all_gather_into_tensor", "all_reduce", "barrier", "broadcast", "destroy_process_group",
    "gather", "get_backend", "get_node_local_rank", "get_rank", "get_world_size", "group", "init_process_group", "irecv",
    "is_available", "is_initialized", "is_mpi_available", "is_nccl_available", "isend", "recv", "reduce", "reduce_scatter",
    "reduce_scatter_tensor", "scatter", "send",
]  # fmt: skip


def is_available() -> bool:
    """Whether there is a backend: whether mpi4py is installed."""
    return is_mpi_available()


def is_mpi_available() -> bool:
    """Whether mpi4py is installed."""
    from importlib.util import find_spec

    return find_spec("mpi4py") is not None


def is_nccl_available() -> bool:
    """Whether CuPy is installed and has NCCL."""
    try:
        from cupy.cuda import nccl
    except ImportError:
        return False
    return bool(getattr(nccl, "available", True))


if not TYPE_CHECKING:  # for a type checker, an unknown name is an error
    __getattr__, __dir__ = missing_from(__name__), names_in(__name__)
