"""DistributedSampler: each process that trains a model takes its own part of an epoch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sized
from typing import Any

from tinygrad_lite import distributed
from tinygrad_lite.random import Generator, draw

from .sampler import Sampler


class DistributedSampler(Sampler[int]):
    """Every N-th index of an epoch's order, from number `rank` on: ceil(n / N) of n, for a DataLoader of each of N ranks.

    With shuffle, the order is a permutation drawn from seed + epoch, the same on all ranks: call set_epoch(epoch) before each
    epoch, or all have the same order. So that all ranks have as many, the first indices come once more at the end; with
    drop_last the last ones are left out instead. num_replicas and rank are those of the process group by default.
    state_dict() says how far the epoch is; after load_state_dict() the sampler goes on from there, also with another N.
    ValueError for a rank that is not in 0 ... N - 1, and without a process group.
    https://pytorch.org/docs/stable/data.html#torch.utils.data.distributed.DistributedSampler

    >>> list(DistributedSampler(range(5), num_replicas=2, rank=1, shuffle=False))
    [1, 3, 0]
    """

    def __init__(
        self,
        dataset: Sized,
        num_replicas: int | None = None,
        rank: int | None = None,
        shuffle: bool = True,
        seed: int = 0,
        drop_last: bool = False,
    ) -> None:
        self.dataset, self.shuffle, self.seed, self.drop_last = dataset, shuffle, seed, drop_last
        self.num_replicas = distributed.get_world_size() if num_replicas is None else num_replicas
        self.rank = distributed.get_rank() if rank is None else rank
        if not 0 <= self.rank < self.num_replicas:
            raise ValueError(f"Invalid rank {rank}, rank should be in the interval [0, {self.num_replicas - 1}]")
        self.epoch = 0
        self._start = self._taken = 0  # places in the order: where this rank begins, and what all ranks together have taken

    @property
    def num_samples(self) -> int:
        """How many indices an epoch has for this rank."""
        return self._left(0)

    @property
    def total_size(self) -> int:
        """How many it has for all ranks together."""
        return self.num_samples * self.num_replicas

    def _left(self, start: int) -> int:
        """How many indices each rank has from a place in the order on."""
        left = max(0, len(self.dataset) - start)
        return left // self.num_replicas if self.drop_last else -(-left // self.num_replicas)

    def __iter__(self) -> Iterator[int]:
        n, start, self._start = len(self.dataset), self._start, 0
        order = draw(Generator().manual_seed(self.seed + self.epoch)).permutation(n).tolist() if self.shuffle else range(n)
        self._taken = start
        for i in range(self._left(start)):
            self._taken = start + (i + 1) * self.num_replicas
            yield order[(start + self.rank + i * self.num_replicas) % n]

    def __len__(self) -> int:
        return self._left(self._start)

    def set_epoch(self, epoch: int) -> None:
        """The number of the epoch that comes next, from which its order is drawn."""
        if epoch != self.epoch:
            self._start = self._taken = 0
        self.epoch = epoch

    def state_dict(self) -> dict[str, int]:
        """The epoch, and how many indices all ranks together have taken of it.

        >>> sampler = DistributedSampler(range(8), num_replicas=2, rank=0, shuffle=False)
        >>> indices = iter(sampler)
        >>> next(indices), next(indices), sampler.state_dict()
        (0, 2, {'epoch': 0, 'taken': 4})
        >>> other = DistributedSampler(range(8), num_replicas=4, rank=1, shuffle=False)
        >>> other.load_state_dict(sampler.state_dict())
        >>> list(other)
        [5]
        """
        return {"epoch": self.epoch, "taken": self._taken}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on from a state_dict(), perhaps of another number of ranks. What was taken is not taken again."""
        self.epoch, self._start = int(state_dict["epoch"]), int(state_dict["taken"])
        self._taken = self._start
