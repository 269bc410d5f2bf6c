"""What each collective does, and DistributedDataParallel, checked by each rank for itself: an error ends all.

mpiexec -n 3 python tests/ranks/behaviour.py
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

import tinygrad_lite as tl
from tinygrad_lite import Tensor, capture, datasets, nn, no_grad, tensor
from tinygrad_lite import distributed as dist

CHECKS: list[Callable[[int, int], None]] = []


def check(function: Callable[[int, int], None]) -> Callable[[int, int], None]:
    CHECKS.append(function)
    return function


def raises(kind: type[Exception], text: str, call: Callable[[], Any]) -> None:
    try:
        call()
    except kind as error:
        assert text in str(error), error
    else:
        raise AssertionError(f"no {kind.__name__}: {text}")


@check
def every_operation(r: int, n: int) -> None:
    every = np.array([[i + 1, 2 * i - 3, 5] for i in range(n)])
    op = dist.ReduceOp
    reductions = {op.SUM: np.sum, op.PRODUCT: np.prod, op.MIN: np.min, op.MAX: np.max}
    for dtype in (tl.float64, tl.float32, tl.float16, tl.int64, tl.int32, tl.uint8):
        if dtype == tl.uint8:
            every = abs(every)
        for name, function in reductions.items():
            x = tensor(every[r], dtype=dtype)
            assert dist.all_reduce(x, name) is None
            assert x.tolist() == function(every.astype(dtype), axis=0).tolist(), (dtype, name, x)
    x = tensor(every[r].astype("d"))
    dist.all_reduce(x, op.AVG)
    np.testing.assert_allclose(x.numpy(), every.mean(0), rtol=1e-15)
    bits = tensor([1 << r, 7 - r])
    dist.all_reduce(bits, op.BOR)
    assert bits.tolist() == [2**n - 1, 7]
    yes = tensor([r == 1, False, True])
    dist.all_reduce(yes)
    assert yes.tolist() == [True, False, True] and yes.dtype == tl.bool


@check
def every_shape(r: int, n: int) -> None:
    for x in (tensor(2.0), tl.ones(0, 3), tl.ones(2, 3).T, tl.ones(4, 4)[::2, 1:], tl.ones(3)):
        dist.all_reduce(x)
        assert bool((x == (n * 2 if not x.ndim else n)).all())
    whole = tl.zeros(4, 4)
    part = whole[1:3, ::2]
    dist.all_reduce(part.fill_(1))
    assert whole.sum() == 4 * n, "a view: the memory around it stays"
    p = tensor([1.0, 2.0], requires_grad=True)
    dist.broadcast(p, 0)  # a leaf, as in PyTorch
    raises(RuntimeError, "changed in place", lambda: stale(p))


def stale(p: Tensor) -> None:
    y = (p * p).sum()
    dist.all_reduce(p.data)
    y.backward()


@check
def the_others(r: int, n: int) -> None:
    x = tl.full((2,), float(r))
    dist.broadcast(x, n - 1)
    assert x.tolist() == [n - 1.0] * 2
    x = tensor([r], dtype=tl.float64)
    dist.reduce(x, 1)
    assert r != 1 or x.item() == sum(range(n))
    parts = [tl.zeros(2, 2) for _ in range(n)]
    dist.all_gather(parts, tl.full((2, 2), float(r)))
    assert [part[1, 1].item() for part in parts] == list(range(n))
    for shape in ((2 * n,), (n, 2)):
        out = tl.zeros(shape)
        dist.all_gather_into_tensor(out, tensor([float(r), -1.0]))
        assert out.reshape(n, 2)[:, 0].tolist() == list(range(n))
    out = tl.zeros(2)
    dist.reduce_scatter(out, [tl.full((2,), float(i + r)) for i in range(n)])
    assert out.tolist() == [n * r + sum(range(n))] * 2
    dist.reduce_scatter_tensor(out, tl.arange(2.0 * n), dist.ReduceOp.AVG)
    assert out.tolist() == [2 * r, 2 * r + 1]
    found = [tl.zeros(1, dtype=tl.float16) for _ in range(n)] if r == 0 else None
    dist.gather(tensor([r / 2], dtype=tl.float16), found)
    assert found is None or [x.item() for x in found] == [i / 2 for i in range(n)]
    got = tl.zeros(2, 1)
    dist.scatter(got.T, [tl.full((1, 2), 10.0 + i) for i in range(n)] if r == 1 else None, src=1)
    assert got.tolist() == [[10.0 + r]] * 2
    dist.barrier()


@check
def begun_and_waited_for(r: int, n: int) -> None:
    x, y = tensor([1.0]), tensor([2.0])
    first, second = dist.all_reduce(x, async_op=True), dist.all_reduce(y, dist.ReduceOp.MAX, async_op=True)
    assert first is not None and second is not None and second.finish is not None
    (first if r else second).wait()  # in another order on rank 0
    dist.barrier()
    assert (x.item(), y.item()) == (n, 2) and first.is_completed() and second.wait()
    z: Any = tl.ones(1).expand(3)
    third: Any = dist.all_reduce(z, async_op=True)
    for _ in range(2):
        raises(RuntimeError, "", third.wait)
    polled: Any = dist.all_reduce(x, async_op=True)
    while not polled.is_completed():
        pass
    assert x.item() == n * n


@check
def messages(r: int, n: int) -> None:
    x = tl.arange(6.0).reshape(2, 3)
    if r == 0:
        dist.send(x.T, 1, tag=7)
        dist.isend(tensor([1, 2]), 1).wait()
        dist.send(tensor([3.0]), 1)
    if r == 1:
        y = tl.zeros(3, 2)
        assert dist.recv(y, tag=7) == 0 and bool((y == x.T).all())
        wrong = tl.ones(2)
        raises(RuntimeError, "rank 0 sends int64[2]", lambda: dist.recv(wrong, 0))
        assert wrong.tolist() == [1, 1]
        dist.recv(wrong[:1], 0)
        assert wrong.tolist() == [3, 1], "the message that did not fit is not what comes next"
    raises(ValueError, "Invalid", lambda: dist.send(x, r))
    large = tl.full((1_000_000,), float(r))
    message = dist.irecv(large, 0) if r == 1 else None
    if r == 0:
        dist.send(large, 1)  # which waits until rank 1 takes it, in the barrier
    dist.barrier()
    assert message is None or (message.wait() and large.sum() == 0)
    works = [
        dist.irecv(y, 0, tag=i // 2) if r == 1 else dist.isend(y * (i + 1), 1, tag=i // 2) for i, y in numbered(4) if r < 2
    ]
    assert all([work.wait() for work in works[::-1]])
    assert r != 1 or [y.item() for y in THERE] == [1, 2, 3, 4], "messages go to those who asked first"


THERE: list[Tensor] = []


def numbered(count: int) -> list[tuple[int, Tensor]]:
    THERE[:] = [tl.ones(1) for _ in range(count)]
    return list(enumerate(THERE))


@check
def wrong_arguments(r: int, n: int) -> None:
    x = tl.ones(2)
    raises(RuntimeError, "no rank 9", lambda: dist.broadcast(x, 9))
    raises(RuntimeError, "one for each rank", lambda: dist.all_gather([x], x))
    raises(RuntimeError, "tensor 0 of the list", lambda: dist.all_gather([tl.ones(3)] * n, x))
    raises(RuntimeError, "goes with", lambda: dist.all_gather_into_tensor(tl.ones(2 * n + 1), x))
    raises(TypeError, "expected a Tensor", lambda: dist.all_reduce(np.ones(2)))  # type: ignore[arg-type]
    raises(TypeError, "ReduceOp", lambda: dist.all_reduce(x, "total"))
    raises(RuntimeError, "AVG is for floats", lambda: dist.all_reduce(tensor([1]), dist.ReduceOp.AVG))
    raises(RuntimeError, "integers", lambda: dist.all_reduce(x, dist.ReduceOp.BOR))
    raises(NotImplementedError, "groups", lambda: dist.all_reduce(x, group=object()))
    raises(ValueError, "twice", lambda: dist.init_process_group("mpi"))
    raises(AttributeError, "new_group", lambda: dist.new_group([0]))  # type: ignore[attr-defined]


@check
def in_a_recording(r: int, n: int) -> None:
    @capture
    def step(x: Tensor) -> Tensor:
        y = x * 2
        dist.all_reduce(y)
        z = y + 1
        dist.broadcast(z, 1)
        return z

    for i in range(4):
        assert step(tensor([1.0 + r + i])).item() == 2 * sum(1 + k + i for k in range(n)) + 1
    assert step.recordings == 1


@check
def all_of_them_in_a_recording(r: int, n: int) -> None:
    """Also where only one rank reads what they give: no other may leave them out."""

    @capture
    def step(x: Tensor) -> Tensor:
        mine, parts = tl.zeros(1), [tl.zeros(1) for _ in range(n)]
        dist.scatter(mine, [x + i for i in range(n)] if r == 0 else None, 0)
        dist.gather(mine * 2, parts if r == 0 else None, 0)
        dist.barrier()
        total = tl.stack(parts)
        dist.all_reduce(total)
        work = dist.all_reduce(mine, dist.ReduceOp.MAX, async_op=True)
        assert work is not None and work.wait()
        dist.all_gather(parts, mine)
        return total.sum() + sum(parts) if r == 0 else x * 1

    for i in range(3):
        every = [1.0 + i + k for k in range(n)]
        assert step(tensor([1.0 + r + i])).tolist() == [2 * sum(every) + n * max(every) if r == 0 else 1.0 + r + i]
    assert step.recordings == 1


@check
def a_number_that_was_sent_decides(r: int, n: int) -> None:
    """A branch on it, and then one of this rank's own: a replay that gives up half-way would send twice."""

    def eager(x: Tensor, own: Tensor) -> Tensor:
        y = x * 2
        dist.all_reduce(y)
        if y > 8 * n:
            return y * 100
        return -y if own > 0 else y + 1

    step = capture(eager)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # which says that it is not replayed
        for i in range(8):
            x, own = tensor(1.0 + i), tensor(float((i + r * i // 2) % 3 - 1))
            total = 2.0 * n * (1 + i)
            expected = total * 100 if total > 8 * n else -total if own.item() > 0 else total + 1
            assert step(x, own).item() == expected, i


@check
def messages_are_not_replayed(r: int, n: int) -> None:
    @capture
    def step(x: Tensor) -> Tensor:
        if r == 0:
            dist.send(x, 1)
        if r == 1:
            dist.recv(x, 0)
        return x + 1

    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        for i in range(3):
            assert step(tensor([5.0 + i if r != 1 else 0.0])).item() == 6 + i
    assert len(seen) == (r < 2) and all("only what all ranks do together" in str(warning.message) for warning in seen)


def net() -> nn.Module:
    tl.manual_seed(4)
    return nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2)).double()


@check
def gradients(r: int, n: int) -> None:
    """The mean over the ranks, also of what was added up within no_sync(); the same bits on all."""
    rng = np.random.default_rng(0)
    x = tensor(rng.standard_normal((2, n, 5, 3)))
    for overlap in (False, True):
        mine, alone = net(), net()
        model = nn.parallel.DistributedDataParallel(mine, overlap=overlap, bucket_cap_mb=1e-4)
        assert list(model.state_dict()) == [f"module.{name}" for name in mine.state_dict()]
        for _ in range(3):
            mine.zero_grad()
            alone.zero_grad()
            with model.no_sync():
                model(x[0, r]).pow(2).sum().backward()
            model(x[1, r]).pow(2).sum().backward()
            (alone(x).pow(2).sum() / n).backward()
            for p, q in zip(mine.parameters(), alone.parameters()):
                np.testing.assert_allclose(p.grad.numpy(), q.grad.numpy(), rtol=1e-13, atol=1e-14)
                both = [tl.zeros_like(p.grad) for _ in range(n)]
                dist.all_gather(both, p.grad)
                assert all(bool((part == p.grad).all()) for part in both)
        assert len(model.buckets.buckets) > 1
        with model.timeline() as events:
            model(x[0, r]).sum().backward()
        assert events[-1][0].startswith("sum") and all(begin <= end for _, begin, end in events)


class Branches(nn.Module):
    """Rank 0 uses `a`, the others `b`; `unused` is used by nobody."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.unused = nn.Linear(2, 1), nn.Linear(2, 1), nn.Linear(2, 1)

    def forward(self, x: Tensor, first: bool) -> Tensor:
        return self.a(x) if first else self.b(x)


@check
def unused_parameters(r: int, n: int) -> None:
    tl.manual_seed(0)
    branches = Branches()
    model = nn.parallel.DistributedDataParallel(branches, find_unused_parameters=True)
    for _ in range(2):
        branches.zero_grad()
        model(tl.ones(1, 2), r == 0).sum().backward()
        assert branches.unused.weight.grad is None
        np.testing.assert_allclose(branches.a.weight.grad.numpy(), [[1 / n] * 2], rtol=1e-6)
        np.testing.assert_allclose(branches.b.weight.grad.numpy(), [[(n - 1) / n] * 2], rtol=1e-6)


@check
def buffers_are_rank_0s(r: int, n: int) -> None:
    tl.manual_seed(0)
    model = nn.parallel.DistributedDataParallel(nn.Sequential(nn.BatchNorm1d(2)))
    norm: Any = model.module[0]
    x = tl.ones(4, 2) * r + tl.arange(4.0)[:, None]
    model(x).sum().backward()
    first = norm.running_mean.clone()
    model(x)
    expected = tl.full((2,), 0.1 * 1.5) * 0.9 + 0.1 * x.mean(0)  # rank 0's, and then this rank's own batch
    assert tl.allclose(norm.running_mean, expected), (first, norm.running_mean)
    free = nn.parallel.DistributedDataParallel(nn.Sequential(nn.BatchNorm1d(2)), broadcast_buffers=False)
    free(x)
    free(x)
    assert tl.allclose(free.module[0].running_mean, 0.19 * x.mean(0))


@check
def from_rank_0_if_asked(r: int, n: int) -> None:
    tl.manual_seed(r)
    different = nn.Linear(2, 2)
    text = "Linear): weight has other values on rank 1 than on rank 0; call manual_seed"
    raises(RuntimeError, text, lambda: nn.parallel.DistributedDataParallel(different))
    model = nn.parallel.DistributedDataParallel(different, init_sync=True)
    tl.manual_seed(0)
    assert bool((model.module.weight == nn.Linear(2, 2).weight).all())
    wide = nn.Linear(2, 3 if r else 2)
    raises(RuntimeError, "weight has another shape or dtype on rank 1", lambda: nn.parallel.DistributedDataParallel(wide))
    frozen = nn.Linear(2, 2).requires_grad_(False)
    raises(RuntimeError, "not needed", lambda: nn.parallel.DistributedDataParallel(frozen))
    spelt, mixed = {"find_unused_parameter": True}, {"mixed_precision": object()}
    raises(TypeError, "no argument 'find_unused", lambda: nn.parallel.DistributedDataParallel(different, **spelt))
    raises(NotImplementedError, "mixed_precision", lambda: nn.parallel.DistributedDataParallel(different, **mixed))
    raises(TypeError, "expected a Module", lambda: nn.parallel.DistributedDataParallel(1))  # type: ignore[arg-type]


@check
def a_model_that_is_gone_sends_nothing(r: int, n: int) -> None:
    tl.manual_seed(0)
    layer = nn.Linear(2, 2)
    nn.parallel.DistributedDataParallel(layer)
    layer(tl.full((1, 2), float(r))).sum().backward()
    assert layer.weight.grad.tolist() == [[r, r]] * 2


@check
def an_order_of_its_own(r: int, n: int) -> None:
    data = datasets.TensorDataset(tl.arange(7))
    sampler = datasets.DistributedSampler(data)
    sampler.set_epoch(3)
    mine = tensor([x.item() for (x,) in datasets.DataLoader(data, 2, sampler=sampler) for x in x])
    every = [tl.zeros_like(mine) for _ in range(n)]
    dist.all_gather(every, mine)
    assert {x for part in every for x in part.tolist()} == set(range(7))


@check
def the_trainer_allows_unused_parameters(r: int, n: int) -> None:
    """They stay as they are, as on one rank: weight decay does not touch what has no gradient."""

    class Half(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.used, self.unused, self.large = nn.Linear(2, 1), nn.Linear(2, 1), nn.Linear(400, 400)

        def training_step(self, batch: Any, batch_idx: int) -> Tensor:
            return self.used(batch).mean()

        def configure_optimizers(self) -> Any:
            return nn.optim.AdamW(self.parameters(), lr=0.1, weight_decay=0.5)

    tl.manual_seed(0)
    model = Half()
    before = {name: x.clone() for name, x in model.state_dict().items()}
    nn.Trainer(2).fit(model, [tl.ones(5, 2), tl.ones(1, 2)])
    same = {name for name, x in model.state_dict().items() if bool((x == before[name]).all())}
    assert same == {"unused.weight", "unused.bias", "large.weight", "large.bias"}


@check
def the_start_is_the_same(r: int, n: int) -> None:
    every = [tl.zeros(2) for _ in range(n)]
    dist.all_gather(every, FIRST)
    assert all(bool((x == FIRST).all()) for x in every), "without a seed, drawn after init_process_group()"


FIRST = tl.zeros(2)


@check
def the_trainer_divides_any_loader(r: int, n: int) -> None:
    """A list of batches, a dict in each, and a batch with fewer samples than ranks: the means are those of all samples."""

    class Mean(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.w = nn.Parameter(tensor(1.0, dtype=tl.float64))

        def training_step(self, batch: Any, batch_idx: int) -> Tensor:
            return (self.w * batch["x"]).mean()

        def configure_optimizers(self) -> Any:
            return nn.optim.SGD(self.parameters(), lr=0.0)

    x = tl.arange(8.0, dtype=tl.float64) ** 2
    batches = [{"x": x[:5], "name": "a"}, {"x": x[5:7], "name": "b"}, {"x": x[7:], "name": "c"}]
    trainer = nn.Trainer(1)
    history = trainer.fit(Mean(), batches, batches)
    expected = x.mean().item()
    assert abs(history["train_loss"][0] - expected) < 1e-12 and abs(history["val_loss"][0] - expected) < 1e-12
    assert trainer.is_global_zero == (r == 0)


def main() -> None:
    raises(ValueError, "not been initialized", dist.get_rank)
    assert not dist.is_initialized() and dist.is_available()
    raises(ValueError, "use 'mpi'", lambda: dist.init_process_group("gloo"))
    raises(ValueError, "MPI says", lambda: dist.init_process_group("mpi", world_size=77))
    dist.init_process_group("mpi")
    rank, size = dist.get_rank(), dist.get_world_size()
    assert dist.get_backend() == "mpi" and dist.get_node_local_rank() == rank
    FIRST.copy_(tl.rand(2))
    for function in CHECKS:
        with no_grad() if function is every_operation else tl.enable_grad():
            function(rank, size)
    late = tl.ones(1)
    dist.all_reduce(late, async_op=True)
    dist.destroy_process_group()
    assert late.item() == size, "what was begun is finished"
    dist.init_process_group()
    dist.barrier()
    print(f"rank {rank} of {size}: {len(CHECKS)} checks", flush=True)


if __name__ == "__main__":
    main()
