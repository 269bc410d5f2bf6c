"""Ranks: what a Trainer does when several processes train one model; most often there is only one.

Every rank goes through the same batches, in the order that rank 0 draws, and computes on its part of each: n of m samples. Its
gradients count n/m in the sum of all, so that the step is the one that a single process makes with the whole batch. Sums of
what is measured are added up over the ranks at the end of an epoch.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Any
from zlib import crc32

import numpy as np

from tinygrad_lite._tensor import Tensor
from tinygrad_lite.distributed.world import World, is_initialized, world
from tinygrad_lite.random import Generator, default_generator

from .parallel import DistributedDataParallel

Sums = dict[str, tuple[float, int]]
STARTED = ("OMPI_COMM_WORLD_SIZE", "PMI_SIZE")  # what mpiexec tells each process: how many there are


class Ranks:
    """The processes that train together. `order` has the states of the generators at the start of an epoch."""

    def __init__(self) -> None:
        self.together: World | None = world() if is_initialized() and world().size > 1 else None
        self.rank, self.size = (self.together.rank, self.together.size) if self.together else (0, 1)
        self.parallel: DistributedDataParallel | None = None
        self.order: list[Tensor] = []

    def join(self, model: Any, unused: bool) -> None:
        """Take rank 0's parameters and buffers, and average gradients from now on; `unused` allows parameters without one."""
        if self.together:
            self.parallel = DistributedDataParallel(model, init_sync=True, find_unused_parameters=unused)

    def part(self) -> None:
        """Average no gradients any more."""
        self.parallel = None

    def training_batches(self, loader: Any, done: int = 0, after: list[Tensor] | None = None) -> Iterator[tuple[int, Any]]:
        """(number, this rank's part) of each batch of an epoch, None where it has no part. The first `done` batches are left
        out; then the default generator has the state `after[rank]`, if it is given.
        """
        self.order = [generator.get_state() for generator in generators(loader)]
        for number, batch, n, m in self._parts(loader, done, after):
            if self.parallel is not None:
                self.parallel.buckets.share = None if m is None else n / m
                self.parallel.synchronize_buffers()
            yield number, batch if n else None

    def batches(self, loader: Any) -> Iterator[tuple[int, Any]]:
        """The same to measure with."""
        if self.parallel is not None:
            self.parallel.synchronize_buffers()
        for number, batch, n, _ in self._parts(loader, 0, None):
            yield number, batch if n else None

    def _parts(self, loader: Any, done: int, after: list[Tensor] | None) -> Iterator[tuple[int, Any, int, int | None]]:
        """(number, part, its samples, those of the whole batch). The last is None where the loader gives parts by itself."""
        own = takes_part(loader)
        if not self.together and not done:
            for number, batch in enumerate(loader):
                yield number, batch, 1, 1
            return
        indices = None if own else self._epoch(loader)
        if indices is None:
            batches = iter(loader)
            for _ in range(0 if own else done):
                next(batches)
            go_on(after, self.rank)
            for number, batch in enumerate(batches, done):
                m = samples(batch)
                low, high = (0, m) if own else self.bounds(m)
                yield number, batch if own else rows(batch, low, high, m), high - low, None if own else m
            return
        go_on(after, self.rank)
        for number, chosen in enumerate(indices[done:], done):
            start = chosen.start if isinstance(chosen, slice) else 0
            m = chosen.stop - start if isinstance(chosen, slice) else len(chosen)
            low, high = self.bounds(m)
            part = slice(start + low, start + high) if isinstance(chosen, slice) else chosen[low:high]
            yield number, loader.batch(part) if high > low else None, high - low, m

    def bounds(self, m: int) -> tuple[int, int]:
        """Which of m samples are this rank's."""
        return m * self.rank // self.size, m * (self.rank + 1) // self.size

    def _epoch(self, loader: Any) -> Any:
        """The indices of each batch as rank 0 draws them; None if the loader has no indices."""
        if not hasattr(loader, "batch_indices"):
            return None
        drawn_from = generators(loader)
        before = default_generator.get_state()
        if self.together:
            for generator in drawn_from:
                state = generator.get_state()
                every = self.together.every(f"an epoch with {len(drawn_from)} generators", state.array)
                generator.set_state(Tensor._of(every[0].copy()))
        indices = loader.batch_indices()
        if self.together and indices is not None:
            if self.rank:
                default_generator.set_state(before)
            order = crc32(b"".join([np.asarray([i.start, i.stop] if isinstance(i, slice) else i).tobytes() for i in indices]))
            self.together.agree(f"an epoch of {len(indices)} batches, in the order {order:x}")
        return indices

    def nothing(self) -> None:
        """The backward pass of a rank that has no part of this batch."""
        assert self.parallel is not None
        self.parallel.buckets.nothing()

    def total(self, sums: Sums) -> Sums:
        """The sums of all ranks."""
        return added(self.each(sums)) if self.together else sums

    def each(self, sums: Sums) -> list[Sums]:
        """The sums of each rank. Their digits survive: JSON writes a float so that it is read as the same."""
        if not self.together:
            return [sums]
        texts = self.together.texts("what was measured", json.dumps(sums))
        return [{name: (total, count) for name, (total, count) in json.loads(text).items()} for text in texts]

    def own(self, each: list[Sums]) -> Sums:
        """This rank's sums of those of a saved training; with another number of ranks, rank 0 has all."""
        mine = each[self.rank] if len(each) == self.size else added(each) if self.rank == 0 else {}
        return {name: (total, count) for name, (total, count) in mine.items()}

    def random(self) -> list[Tensor]:
        """The state of each rank's default generator."""
        state = default_generator.get_state()
        if not self.together:
            return [state]
        return [Tensor._of(row.copy()) for row in self.together.every("the states of the generators", state.array)]


def go_on(after: list[Tensor] | None, rank: int) -> None:
    """Let the default generator be where that of a rank was when its training was saved."""
    if after is not None:
        default_generator.set_state(after[rank % len(after)])


def added(parts: list[Sums]) -> Sums:
    """The sums together; names in the order in which they first come."""
    whole: Sums = {}
    for sums in parts:
        for name, (total, count) in sums.items():
            before, counted = whole.get(name, (0.0, 0))
            whole[name] = before + total, counted + count
    return whole


def generators(loader: Any) -> list[Generator]:
    """What the order of a loader is drawn from: the default generator and its own ones."""
    owners = (loader, getattr(loader, "sampler", None), getattr(loader, "batch_sampler", None))
    own = [getattr(owner, "generator", None) for owner in owners]
    found = [default_generator, *[generator for generator in own if isinstance(generator, Generator)]]
    return list({id(generator): generator for generator in found}.values())


def takes_part(loader: Any) -> bool:
    """Whether a loader gives this rank its own part by itself, because it has a DistributedSampler."""
    return hasattr(getattr(loader, "sampler", None), "num_replicas")


def samples(batch: Any) -> int:
    """How many samples a batch holds: the length of its first tensor, 1 if there is none."""
    while isinstance(batch, (tuple, list, dict)) and batch:
        batch = next(iter(batch.values())) if isinstance(batch, dict) else batch[0]
    return len(batch.array) if isinstance(batch, Tensor) and batch.ndim else 1


def rows(batch: Any, low: int, high: int, m: int) -> Any:
    """The samples low ... high - 1 of m: rows of each tensor that has m."""
    if isinstance(batch, Tensor):
        return batch[low:high] if batch.ndim and len(batch.array) == m else batch
    if isinstance(batch, dict):
        return {name: rows(part, low, high, m) for name, part in batch.items()}
    return type(batch)([rows(part, low, high, m) for part in batch]) if type(batch) in (tuple, list) else batch


def alone_among_many() -> int:
    """How many processes mpiexec has started, if they do not know of each other; else 0."""
    started = [int(os.environ[name]) for name in STARTED if os.environ.get(name, "").isdigit()]
    return started[0] if started and started[0] > 1 and not is_initialized() else 0
