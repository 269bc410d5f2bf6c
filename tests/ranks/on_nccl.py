"""What test_nccl.py runs on two ranks: NCCL's stand-in does what MPI does."""

from __future__ import annotations

import stand_in_nccl

stand_in_nccl.install()

import numpy as np  # noqa: E402
import pytest  # noqa: E402

import tinygrad_lite as tl  # noqa: E402
from tinygrad_lite import distributed as d  # noqa: E402
from tinygrad_lite import nn  # noqa: E402


def results(device: str) -> list[np.ndarray]:
    rank, size, out = d.get_rank(), d.get_world_size(), []
    for dtype in (tl.float64, tl.float32, tl.float16, tl.int64, tl.int32, tl.uint8, tl.bool):

        def x(*shape: int) -> tl.Tensor:
            return (tl.arange(np.prod(shape, dtype=int)).reshape(shape) * (rank + 1) % 3).to(dtype).to(device)  # noqa: B023

        for op in ("sum", "product", "min", "max"):
            y = x(3, 2)
            d.all_reduce(y, op)
            out.append(y)
        turned = x(3, 2).T
        d.all_reduce(turned)
        y, root = x(5), x(4)
        d.broadcast(y, 1)
        d.reduce(root, 0)
        out += [turned, y, *([root] if rank == 0 else [])]
        whole, part = x(size, 3), x(3)
        d.all_gather_into_tensor(whole, x(3))
        d.reduce_scatter_tensor(part, x(2 * size + size))
        out += [whole, part]
        for shape in ((3, 2), ()):
            them, mine = [x(*shape) for _ in range(size)], x(*shape)
            d.gather(mine + mine, them if rank == 1 else None, 1)
            d.scatter(
                mine, [t + i for i, t in enumerate(them)] if rank == 0 and dtype != tl.bool else them if rank == 0 else None, 0
            )
            out += [*them, mine]
        if rank == 0:
            d.send(x(4), 1)
        else:
            y = x(4) + x(4)
            d.recv(y, 0)
            out.append(y)
    return [y.detach().cpu().numpy() for y in out]


def trained(device: str, overlap: bool | None, rank: int = 0, size: int = 1) -> list[np.ndarray]:
    tl.manual_seed(3)
    model = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 2)).double().to(device)
    inner = model
    if overlap is not None:
        model = nn.parallel.DistributedDataParallel(model, overlap=overlap)
    step = nn.optim.SGD(model.parameters(), lr=0.1)
    data = tl.arange(32.0).reshape(8, 4).double().sin().to(device)[rank::size]
    for _ in range(4):
        step.zero_grad()
        (model(data) ** 2).mean().backward()
        step.step()
    return [p.detach().cpu().numpy() for p in inner.parameters()]


d.init_process_group("nccl")
ours = results("cuda")
one = trained("cuda", None)
for overlap in (True, False):
    stand_in_nccl.log.clear()
    for a, b in zip(trained("cuda", overlap, d.get_rank(), 2), one):
        np.testing.assert_allclose(a, b, rtol=1e-13, atol=1e-15)
    log = stand_in_nccl.log
    side = [i for i, entry in enumerate(log) if entry == ("all_reduce", "side")]
    assert len(side) == (4 if overlap else 0)
    for i in side:
        (r, on, event), (w, who, same), _, (r2, on2, done) = log[i - 2 : i + 2]
        assert (r, on, w, who) == ("record", "current", "wait", "side"), log
        assert event is same, log
        assert (r2, on2) == ("record", "side"), log
        assert ("wait", "current", done) in log[i + 2 :], log
with pytest.raises(RuntimeError, match="the tensor is on the CPU, and NCCL"):
    d.all_reduce(tl.ones(2))
with pytest.raises(RuntimeError, match=r"NCCL has no ReduceOp\.BAND"):
    d.all_reduce(tl.ones(2, dtype=tl.int64, device="cuda"), d.ReduceOp.BAND)
d.destroy_process_group()
stand_in_nccl.runtime.getDeviceCount = staticmethod(lambda: 1)
with pytest.raises(RuntimeError, match="2 ranks on a machine with 1 GPUs"):
    d.init_process_group("nccl")
d.init_process_group("mpi")
theirs = results("cpu")
assert len(ours) == len(theirs)
for i, (a, b) in enumerate(zip(ours, theirs)):
    assert a.dtype == b.dtype and a.tobytes() == b.tobytes(), (i, a, b)
with pytest.raises(RuntimeError, match="MPI gets NumPy's arrays only"):
    d.all_reduce(tl.ones(2, device="cuda"))
print(f"rank {d.get_rank()}: {len(ours)} results are those of MPI")
