"""What can go wrong on one rank: mpiexec -n 2 python tests/ranks/faults.py FAULT. Each must end all ranks, with a text that
says why, and names the rank.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from tinygrad_lite import Tensor, distributed, manual_seed, nn, ones, tensor, zeros
from tinygrad_lite.distributed import watchdog, world

FAULTS: dict[str, Callable[[int], None]] = {}


def fault(function: Callable[[int], None]) -> Callable[[int], None]:
    FAULTS[function.__name__] = function
    return function


def model(**options: Any) -> nn.parallel.DistributedDataParallel:
    manual_seed(0)
    return nn.parallel.DistributedDataParallel(nn.Linear(2, 2), **options)


@fault
def other_shapes(rank: int) -> None:
    distributed.all_reduce(zeros(3 + rank))


@fault
def other_operations(rank: int) -> None:
    if rank:
        distributed.all_reduce(ones(1).int(), distributed.ReduceOp.MAX)
    else:
        distributed.all_reduce(ones(1))


@fault
def other_calls(rank: int) -> None:
    if rank:
        distributed.barrier()
    else:
        distributed.broadcast(ones(1), 0)


@fault
def fewer_batches(rank: int) -> None:
    net = model()
    for _ in range(3 + rank):
        net(ones(1, 2)).sum().backward()


@fault
def no_sync_on_one(rank: int) -> None:
    net = model()
    if rank:
        with net.no_sync():
            net(ones(1, 2)).sum().backward()
    for _ in range(2):
        net(ones(1, 2)).sum().backward()


class Branch(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(2, 1), nn.Linear(2, 1)

    def forward(self, x: Tensor, both: bool) -> Tensor:
        return self.first(x) + self.second(x) if both else self.first(x)


@fault
def unused_on_one(rank: int) -> None:
    manual_seed(0)
    net = nn.parallel.DistributedDataParallel(Branch())
    net(ones(1, 2), rank == 0).sum().backward()


@fault
def unused_on_all(rank: int) -> None:
    manual_seed(0)
    net = nn.parallel.DistributedDataParallel(Branch())
    net(ones(1, 2), False).sum().backward()


@fault
def raises(rank: int) -> None:
    if rank:
        raise ValueError("bad data")
    distributed.all_reduce(ones(1))


@fault
def raises_while_others_compute(rank: int) -> None:
    if rank:
        raise ValueError("bad data")
    while True:
        pass


@fault
def exits(rank: int) -> None:
    if rank:
        sys.exit(3)
    distributed.barrier()


@fault
def dies(rank: int) -> None:
    if rank:
        os.kill(os.getpid(), signal.SIGKILL)
    distributed.barrier()


@fault
def stops(rank: int) -> None:
    if rank:
        os.kill(os.getpid(), signal.SIGSTOP)
    distributed.barrier()


@fault
def never_comes(rank: int) -> None:
    distributed.destroy_process_group()
    distributed.init_process_group(timeout=timedelta(seconds=1))
    while rank:
        pass
    distributed.barrier()


@fault
def nothing_is_sent(rank: int) -> None:
    distributed.destroy_process_group()
    distributed.init_process_group(timeout=timedelta(seconds=1))
    if rank:
        distributed.recv(ones(1), 0)


class Diverging(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.w = nn.Parameter(tensor(1.0))

    def training_step(self, batch: Any, batch_idx: int) -> Tensor:
        return (batch * self.w).mean()

    def configure_optimizers(self) -> Any:
        return nn.optim.SGD(self.parameters(), lr=0.1)


@fault
def a_loss_of_nan(rank: int) -> None:
    nn.Trainer(1).fit(Diverging(), [tensor([1.0, 2.0]), tensor([1.0, float("nan")])])


@fault
def other_orders(rank: int) -> None:
    batches = [ones(2)] * (2 + rank)
    nn.Trainer(1).fit(Diverging(), batches)


if __name__ == "__main__":
    watchdog.SILENT, world.GRACE = 3.0, 1.0  # ten seconds, and three: the tests need not wait so long
    distributed.init_process_group("mpi")
    FAULTS[sys.argv[1]](distributed.get_rank())
