"""Buckets: the gradients of a model, laid end to end and summed over all ranks, at the end of backward or while it goes on.

A hook on each parameter hears when its gradient is whole. It is then copied to its place in a bucket, times the share of this
rank. A bucket is sent when all its places are filled (`overlap`) or at the end, always in the same order; at the end of the
backward pass all are waited for, and the sums are copied back to `.grad`. The order is that in which the gradients of rank 0
became whole in its first pass, which itself sums at its end. A large parameter needs no bucket: its gradient is summed where it
is.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from time import perf_counter
from typing import Any
from weakref import finalize, ref

import numpy as np

from tinygrad_lite._tensor import Tensor
from tinygrad_lite.backend import Array, array_module, device_of
from tinygrad_lite.backward import queue_callback, walking
from tinygrad_lite.distributed.world import World
from tinygrad_lite.dtypes import float16, float32
from tinygrad_lite.inplace import write
from tinygrad_lite.recorder import here, one_write
from tinygrad_lite.tape import Handle

ALONE = 1 << 17  # numbers: the gradient of a parameter with as many is summed where it is
Event = tuple[str, float, float]  # what, from when to when: seconds of time.perf_counter()


class Bucket:
    """Some parameters by number. `places` are their parts of `memory`; a large parameter alone has neither."""

    def __init__(self, parameters: dict[int, Tensor]) -> None:
        self.parameters = parameters
        self.places: dict[int, Tensor] = {}
        self.memory: Tensor | None = None
        self.request: Any = None  # while its sum is under way
        first, *others = parameters.values()
        if others or not alone(first):
            wide = float32 if first.dtype == float16 else first.dtype
            memory, end = array_module(first.array).zeros(sum([p.numel() for p in parameters.values()]), wide), 0
            self.memory = Tensor._of(memory)
            for i, p in parameters.items():
                self.places[i] = Tensor._of(memory[end : end + p.numel()].reshape(p.array.shape))
                end += p.numel()

    @property
    def array(self) -> Array:
        """What is summed."""
        if self.memory is not None:
            return self.memory.array
        (p,) = self.parameters.values()
        assert p.grad is not None
        return p.grad.array


class Buckets:
    """The gradients of `named`, which are parameters by name.

    `size` is how many bytes a bucket has at most. `unused` allows parameters that get no gradient. With `overlap`, a bucket is
    sent when it is full, else all at the end of the backward pass. `enabled` is whether a backward pass sums at all, `share`
    the weight of this rank's gradients (None: one in N). `events`, if it is a list, is told what was done when.
    """

    def __init__(self, world: World, named: dict[str, Tensor], size: float, unused: bool, overlap: bool) -> None:
        self.world, self.names, self.parameters = world, list(named), list(named.values())
        self.size, self.unused, self.overlap = size, unused, overlap
        self.enabled = True
        self.share: float | None = None
        self.events: list[Event] | None = None
        self.buckets: list[Bucket] = []
        self.bucket_of: dict[int, Bucket] = {}
        self.passes = self.skipped = 0  # backward passes that summed, and those since then that did not
        self.walk: Any = None  # the backward pass that is going on
        self.whole: dict[int, None] = {}  # the parameters whose gradient is whole, in the order in which they became so
        self.begun = 0  # how many buckets are full
        handles = [p.register_post_accumulate_grad_hook(partial(hear, ref(self), i)) for i, p in enumerate(self.parameters)]
        finalize(self, remove, handles)

    def arrived(self, i: int, p: Tensor) -> None:
        """The gradient of parameter i is whole."""
        if self.walk is not walking.callbacks:  # the first one in this backward pass
            self.walk, self.whole, self.begun = walking.callbacks, {}, 0
            if self.enabled:
                queue_callback(self.finish)
            else:
                self.effect(self.skip)
        if self.enabled:
            if i in self.whole:
                raise RuntimeError(
                    f"DistributedDataParallel: the gradient of {self.names[i]} was whole twice in one backward()"
                )
            self.whole[i] = None
            if self.buckets:
                self.put(i, p.grad)
                if self.overlap:
                    self.effect(self.drive)
                    self.begin(lambda bucket: all(i in self.whole for i in bucket.parameters))

    def skip(self) -> None:
        self.skipped += 1

    def put(self, i: int, g: Tensor | None) -> None:
        """A gradient to its place, times this rank's share: 0 if there is none."""
        place = self.bucket_of[i].places.get(i)
        if g is None:
            if place is None:
                p = self.parameters[i]
                p.grad = Tensor._of(array_module(p.array).zeros(p.array.shape, p.array.dtype))
            else:
                place.fill_(0)
            return
        if place is None:
            if not g.array.flags.c_contiguous:
                g.array = array_module(g.array).ascontiguousarray(g.array)
            place = g
        elif place.dtype != g.dtype != float16:
            what = f"the gradient of {self.names[i]} is {g.dtype}, and was {place.dtype} in the first backward pass"
            raise RuntimeError(f"DistributedDataParallel: {what}; convert a module before it goes in, or put it in again")
        write(place.array, times, g.array, self.factor())

    def factor(self) -> Any:
        """This rank's share. A replay of a recorded step asks for it anew, before it begins."""
        if here.recording is None:
            return self.now()
        return here.recording.numbers(lambda: [self.now()], self.parameters)[0]

    def now(self) -> float:
        return 1 / self.world.size if self.share is None else self.share

    def begin(self, full: Callable[[Bucket], bool]) -> None:
        """Send the next buckets, as long as they are full."""
        while self.begun < len(self.buckets) and full(self.buckets[self.begun]):
            bucket = self.buckets[self.begun]
            if self.overlap:
                self.change(bucket, partial(self.send, bucket, self.begun))
            self.begun += 1

    def drive(self) -> None:
        """Let what is under way go on."""
        for bucket in self.buckets:
            if bucket.request is not None:
                self.world.transport.drive(bucket.request)

    def send(self, bucket: Bucket, number: int, x: Array) -> None:
        begin = perf_counter()
        bucket.request = self.world.transport.start_all_reduce(x, "sum")
        self.note(f"send {number}", begin)

    def finish(self) -> None:
        """The end of the backward pass: all ranks agree that they are there, and wait for the sums."""
        lacking = [i for i in range(len(self.parameters)) if i not in self.whole]
        names = ", ".join([self.names[i] for i in lacking])
        self.effect(partial(self.agree, "" if self.unused else names))
        if lacking and not self.unused:
            why = "so the sum over all ranks would lack them. Give find_unused_parameters=True if that is meant"
            raise RuntimeError(f"DistributedDataParallel: backward() brought no gradient to {names}, {why}")
        if not self.buckets:
            self.build()
            for i in self.whole:
                self.put(i, self.parameters[i].grad)
        nowhere = self.used_nowhere(lacking) if self.unused else set[int]()
        without = [i for i in lacking if self.parameters[i].grad is None]
        for i in lacking:
            self.put(i, self.parameters[i].grad)
        self.begin(lambda bucket: True)
        for number, bucket in enumerate(self.buckets):
            self.change(bucket, partial(self.end, bucket, number))
        for bucket in self.buckets:
            for i, p in bucket.parameters.items():
                if i in nowhere:
                    continue
                if i in bucket.places:
                    if p.grad is None:
                        p.grad = Tensor._of(array_module(p.array).empty(p.array.shape, p.array.dtype))
                    write(p.grad.array, to, bucket.places[i].array)
        for i in nowhere.intersection(without):
            self.parameters[i].grad = None
        self.walk = None

    def nothing(self) -> None:
        """Take part in the sum of a backward pass for which this rank has no samples: its gradients are 0."""
        self.whole, self.begun = {}, 0
        for i, p in enumerate(self.parameters):
            p.grad = None
            if not self.unused:
                self.whole[i] = None
                p.grad = Tensor._of(array_module(p.array).zeros(p.array.shape, p.array.dtype))
                if self.buckets:
                    self.put(i, p.grad)
        self.finish()

    def agree(self, lacking: str) -> None:
        begin = perf_counter()
        self.passes += 1
        without = f", {self.skipped} within no_sync() before it" if self.skipped else ""
        lacks = f", which brings no gradient to {lacking}" if lacking else ""
        self.skipped = 0
        self.world.agree(f"the gradients of backward pass {self.passes}{without}{lacks}")
        self.note("wait", begin)

    def end(self, bucket: Bucket, number: int, x: Array) -> None:
        begin = perf_counter()
        if bucket.request is None:
            self.world.send(f"the sum of gradients {number}", self.world.transport.all_reduce, x, "sum")
        else:
            self.world.wait(bucket.request, f"the sum of gradients {number}")
            bucket.request = None
        self.note(f"sum {number}", begin)

    def build(self) -> None:
        """The buckets, in the order in which rank 0's gradients became whole."""
        order = np.array([*self.whole, *[i for i in range(len(self.parameters)) if i not in self.whole]], np.int64)
        if self.world.size > 1:
            self.world.send("the order of the gradients", self.world.comm.Bcast, order, 0)
        filling: dict[Any, dict[int, Tensor]] = {}
        for i in order.tolist():
            p = self.parameters[i]
            if alone(p):
                self.buckets.append(Bucket({i: p}))
                continue
            key = p.dtype, device_of(p.array)
            if sum([q.array.nbytes for q in filling.get(key, {}).values()]) + p.array.nbytes > self.size and key in filling:
                self.buckets.append(Bucket(filling.pop(key)))
            filling.setdefault(key, {})[i] = p
        self.buckets += [Bucket(some) for some in filling.values()]
        self.bucket_of = {i: bucket for bucket in self.buckets for i in bucket.parameters}

    def used_nowhere(self, lacking: list[int]) -> set[int]:
        """The parameters that got a gradient on no rank: their .grad stays as it is."""
        if here.recording is not None:
            here.recording.fail("find_unused_parameters=True asks in every step which parameters the other ranks use")
        used = np.ones(len(self.parameters), np.uint8)
        used[lacking] = 0
        if self.world.size > 1:
            request = self.world.comm.Iallreduce(self.world.library.IN_PLACE, used, self.world.library.MAX)
            self.world.wait(request, "the parameters that are used")
        return set(np.flatnonzero(used == 0).tolist())

    def effect(self, function: Callable[[], None]) -> None:
        """Call it; a replay of a recorded step does so too."""
        if here.recording is None:
            function()
        else:
            here.recording.effect(function, self.world)

    def change(self, bucket: Bucket, function: Callable[[Array], None]) -> None:
        """Call it with the memory of a bucket; a replay of a recorded step does so too."""
        write(bucket.array, one_write(function, self.world))

    def note(self, what: str, begin: float) -> None:
        if self.events is not None:
            self.events.append((what, begin, perf_counter()))


def hear(buckets: ref[Buckets], i: int, p: Tensor) -> None:
    """The hook on a parameter, which does not keep the buckets alive."""
    if (alive := buckets()) is not None:
        alive.arrived(i, p)


def remove(handles: list[Handle]) -> None:
    """When the buckets are gone, so are their hooks."""
    for handle in handles:
        handle.remove()


def alone(p: Tensor) -> bool:
    """Whether the gradient of a parameter is summed where it is."""
    return p.numel() >= ALONE and p.dtype != float16


def times(x: Array, g: Array, factor: Any) -> None:
    np.multiply(g, factor, out=x)


def to(x: Array, total: Array) -> None:
    np.copyto(x, total, casting="same_kind")
