"""The backend "nccl" on what stands in for CuPy and NCCL: mpiexec -n 2 python tests/ranks/on_gpus.py

With the argument `real`, a model is trained on the GPUs that are there.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import stand_in_nccl

REAL = "real" in sys.argv
if not REAL:
    stand_in_nccl.install()

import tinygrad_lite as tl  # noqa: E402
from tinygrad_lite import Tensor, nn, tensor  # noqa: E402
from tinygrad_lite import distributed as dist  # noqa: E402


def raises(kind: type[Exception], text: str, call: Callable[[], Any]) -> None:
    try:
        call()
    except kind as error:
        assert text in str(error), error
    else:
        raise AssertionError(f"no {kind.__name__}: {text}")


def on_gpu(values: Any, dtype: Any = None) -> Tensor:
    return tensor(values, dtype=dtype).to("cuda")


def collectives(r: int, n: int) -> None:
    every = np.arange(3 * n).reshape(n, 3) + 1
    for dtype in (tl.float64, tl.float32, tl.float16, tl.int64, tl.uint8):
        for op, function in (("sum", np.sum), ("product", np.prod), ("max", np.max), ("min", np.min)):
            x = on_gpu(every[r], dtype)
            dist.all_reduce(x, op)
            assert x.is_cuda and x.tolist() == function(every.astype(dtype), axis=0).tolist(), (dtype, op, x)
    x = on_gpu([1.0 + r, 2.0])
    dist.all_reduce(x, dist.ReduceOp.AVG)
    assert x.tolist() == [1 + (n - 1) / 2, 2]
    yes = on_gpu([r == 1, False])
    dist.all_reduce(yes)
    assert yes.tolist() == [True, False]
    x = on_gpu(np.full((2, 3), r), tl.float64)
    dist.broadcast(x.T, n - 1)
    assert bool((x == n - 1).all())
    parts = [on_gpu([0.0, 0.0]) for _ in range(n)]
    dist.all_gather(parts, on_gpu([r, 1.0]))
    assert [part.tolist() for part in parts] == [[i, 1] for i in range(n)]
    out = on_gpu([0.0])
    dist.reduce_scatter(out, [on_gpu([float(i + r)]) for i in range(n)])
    assert out.item() == n * r + sum(range(n))
    found = [on_gpu([0.0]) for _ in range(n)] if r == 0 else None
    dist.gather(on_gpu([float(r)]), found)
    assert found is None or [x.item() for x in found] == list(range(n))
    dist.scatter(out, [on_gpu([10.0 + i]) for i in range(n)] if r == 0 else None)
    assert out.item() == 10 + r
    dist.reduce(out, 1)
    assert r != 1 or out.item() == sum(10 + i for i in range(n))
    if r == 0:
        dist.send(on_gpu([[1.0, 2.0]]), 1)
    if r == 1:
        got = on_gpu([[0.0, 0.0]])
        assert dist.recv(got, 0) == 0 and got.tolist() == [[1, 2]]


def training(r: int, n: int) -> None:
    x = tensor(np.random.default_rng(0).standard_normal((4, n, 5, 3)))
    for overlap in (True, False):
        nets = []
        for device in ("cuda", "cpu"):
            tl.manual_seed(1)
            nets.append(nn.Sequential(nn.Linear(3, 300), nn.Tanh(), nn.Linear(300, 500), nn.Linear(500, 2)).double().to(device))
        net, alone = nets
        model = nn.parallel.DistributedDataParallel(net, overlap=overlap, bucket_cap_mb=1e-3)
        sgd, other = nn.optim.SGD(net.parameters(), 0.01, 0.9), nn.optim.SGD(alone.parameters(), 0.01, 0.9)
        for batch in x:
            stand_in_nccl.log.clear()
            for optimizer, loss in (
                (sgd, model(batch[r].to("cuda")).pow(2).mean()),
                (other, alone(batch.reshape(-1, 3)).pow(2).mean()),
            ):
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
        for p, q in zip(net.parameters(), alone.parameters()):
            np.testing.assert_allclose(p.detach().cpu().numpy(), q.detach().numpy(), rtol=1e-12, atol=1e-14)
        assert len(model.buckets.buckets) >= 3
        if overlap and not REAL:
            in_order(model.buckets.world.transport.stream, len(model.buckets.buckets))


def in_order(side: Any, buckets: int) -> None:
    """Each bucket is summed on the side stream, when what was computed is there; and what follows waits for it."""
    log, here = stand_in_nccl.log, stand_in_nccl.current
    sums = [i for i, entry in enumerate(log) if entry == ("all_reduce", side)]
    assert len(sums) == buckets and side.non_blocking
    done = []
    for i in sums:
        (_, stream, ready), wait, _, (_, beside, event) = log[i - 2 : i + 2]
        assert log[i - 2][0] == "record" and stream is here and wait == ("wait", side, ready)
        assert log[i + 1][0] == "record" and beside is side
        done.append(event)
    assert [entry[2] for entry in log if entry[0] == "wait" and entry[1] is here] == done


def on_real_gpus() -> None:
    dist.init_process_group("nccl")
    r, n = dist.get_rank(), dist.get_world_size()
    x = on_gpu([1.0, float(r)])
    dist.all_reduce(x)
    assert x.tolist() == [n, sum(range(n))]
    training(r, n)
    print(f"rank {r} has done it", flush=True)


def main() -> None:
    raises(ValueError, "for tensors on the CPU", lambda: dist.init_process_group("mpi", device_id="cuda:0"))
    dist.init_process_group("nccl")
    r, n = dist.get_rank(), dist.get_world_size()
    assert dist.get_backend() == "nccl" and dist.is_nccl_available() and ("use", r) in stand_in_nccl.log
    collectives(r, n)
    training(r, n)
    raises(RuntimeError, "NCCL sends between GPUs", lambda: dist.all_reduce(tensor([1.0])))
    raises(RuntimeError, "NCCL has no ReduceOp.BOR", lambda: dist.all_reduce(on_gpu([1]), dist.ReduceOp.BOR))
    dist.destroy_process_group()
    stand_in_nccl.stand_in_cupy.cuda.runtime.getDeviceCount = lambda: 1
    raises(RuntimeError, f"{n} ranks on a machine with 1 GPUs", lambda: dist.init_process_group("nccl"))
    dist.init_process_group("mpi")
    raises(RuntimeError, "MPI gets NumPy's arrays only", lambda: dist.all_reduce(on_gpu([1.0])))
    dist.barrier()
    print(f"rank {r} has done it", flush=True)


if __name__ == "__main__":
    on_real_gpus() if REAL else main()
