"""One program for PyTorch (gloo) and for tinygrad_lite (MPI): only its imports differ. It writes what each rank found.

python tests/ranks/like_torch.py torch found     with RANK, WORLD_SIZE, MASTER_ADDR and MASTER_PORT set
mpiexec -n 2 python tests/ranks/like_torch.py tinygrad_lite found
"""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

if sys.argv[1] == "torch":
    import torch as T
    import torch.distributed as dist
    from torch import nn
    from torch.nn.parallel import DistributedDataParallel as DDP
    from torch.utils.data import DataLoader, TensorDataset
    from torch.utils.data.distributed import DistributedSampler
else:
    import tinygrad_lite as T
    import tinygrad_lite.distributed as dist
    from tinygrad_lite import nn
    from tinygrad_lite.nn.parallel import DistributedDataParallel as DDP
    from tinygrad_lite.utils.data import DataLoader, TensorDataset
    from tinygrad_lite.utils.data.distributed import DistributedSampler

warnings.filterwarnings("ignore", category=FutureWarning)  # PyTorch's new names for what every tutorial calls by the old ones
found: dict[str, Any] = {}


def raised(call: Callable[[], Any]) -> str:
    try:
        call()
    except Exception as error:
        return type(error).__name__
    return "nothing"


def collectives(r: int, n: int) -> None:
    op = dist.ReduceOp
    for dtype in (T.float64, T.float32, T.float16, T.int64, T.int32, T.uint8, T.int8):
        for name in ("SUM", "PRODUCT", "MIN", "MAX"):
            x = T.tensor([[r + 1, 2 * r + 3], [5, 7 - r]]).to(dtype)
            assert dist.all_reduce(x, op=getattr(op, name)) is None
            found[f"all_reduce {name} {str(dtype).rpartition('.')[2]}"] = x.tolist()
    for name in ("BAND", "BOR", "BXOR"):
        x = T.tensor([r + 5, 12])
        dist.all_reduce(x, op=getattr(op, name))
        found[name] = x.tolist()
    for name, x in {"0-d": T.tensor(2.0 + r), "transposed": T.arange(6.0).reshape(2, 3).T * (r + 1)}.items():
        x = x.contiguous() if sys.argv[1] == "torch" else x  # gloo refuses what is not contiguous
        dist.all_reduce(x)
        found[name] = x.tolist()
    x = T.full((3,), float(r))
    dist.broadcast(x, src=1)
    found["broadcast"] = x.tolist()
    x = T.full((3,), r + 1.0)
    dist.reduce(x, dst=0)
    found["reduce"] = x.tolist() if r == 0 else None
    parts = [T.zeros(2) for _ in range(n)]
    dist.all_gather(parts, T.tensor([r, r + 0.5]))
    found["all_gather"] = [part.tolist() for part in parts]
    out = T.zeros(2 * n)
    dist.all_gather_into_tensor(out, T.tensor([r, r + 0.5]))
    found["all_gather_into_tensor"] = out.tolist()
    out = T.zeros(2)
    dist.reduce_scatter_tensor(out, T.arange(2.0 * n) * (r + 1))
    found["reduce_scatter_tensor"] = out.tolist()
    some = [T.zeros(2, dtype=T.int64) for _ in range(n)] if r == 1 else None
    dist.gather(T.tensor([r, 7]), some, dst=1)
    found["gather"] = [part.tolist() for part in some] if some else None
    got = T.zeros(2)
    dist.scatter(got, [T.tensor([i, 0.5]) for i in range(n)] if r == 0 else None, src=0)
    found["scatter"] = got.tolist()
    work = dist.all_reduce(got, async_op=True)
    assert work is not None
    found["work"] = [bool(work.wait()), work.is_completed(), got.tolist()]
    if r == 0:
        dist.send(T.tensor([1.5, 2.5]), dst=1)
        dist.isend(T.tensor([3]), dst=1, tag=5).wait()
    if r == 1:
        found["recv"] = [dist.recv(got, src=0), got.tolist()]
        one = T.tensor([0])
        dist.irecv(one, src=0, tag=5).wait()
        found["irecv"] = one.tolist()
    dist.barrier()


def errors(r: int, n: int) -> None:
    x = T.ones(2)
    found["errors"] = [
        raised(lambda: dist.init_process_group("gloo")),
        raised(lambda: dist.send(x, r)),
        raised(lambda: dist.recv(x, r)),
        raised(lambda: dist.all_gather([T.ones(2), T.ones(2, dtype=T.int64)], x))
        in ("ValueError", "RuntimeError", "TypeError"),
        raised(lambda: dist.gather(x, [x, x], dst=1 - r)),
        raised(lambda: DDP(nn.Linear(2, 2).requires_grad_(False))),
    ]


def network() -> Any:
    T.manual_seed(3)
    return nn.Sequential(nn.Linear(4, 6, bias=False), nn.BatchNorm1d(6), nn.Tanh(), nn.Linear(6, 2)).double()


def training(r: int, n: int) -> None:
    """With accumulation, BatchNorm's buffers, clipping and a sampler, as in PyTorch's tutorials."""
    T.manual_seed(0)
    data = TensorDataset(T.arange(44.0, dtype=T.float64).reshape(11, 4).sin(), T.arange(11) % 2)
    for broadcast in (True, False):
        model = DDP(network(), broadcast_buffers=broadcast)
        optimizer = T.optim.AdamW(model.parameters(), lr=0.1)
        sampler = DistributedSampler(data, seed=5)
        loader = DataLoader(data, batch_size=2, sampler=sampler)
        losses, norms, means = [], [], []
        for epoch in range(3):
            sampler.set_epoch(epoch)
            for i, (x, y) in enumerate(loader):
                if i % 3 == 1:
                    with model.no_sync():
                        loss = nn.functional.cross_entropy(model(x), y)
                        loss.backward()
                else:
                    loss = nn.functional.cross_entropy(model(x), y)
                    loss.backward()
                    norms.append(float(nn.utils.clip_grad_norm_(model.parameters(), 0.5)))
                    optimizer.step()
                    optimizer.zero_grad()
                losses.append(loss.item())
                means.append(model.module[1].running_mean.tolist())
            model.eval()
            with T.no_grad():
                losses.append(model(T.ones(2, 4, dtype=T.float64)).sum().item())
            model.train()
        found[f"training {broadcast}"] = [losses, norms, means, [p.tolist() for p in model.parameters()]]
    found["keys"] = list(model.state_dict())


class Branches(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.c = nn.Linear(2, 1), nn.Linear(2, 1), nn.Linear(2, 1)

    def forward(self, x: Any, first: bool) -> Any:
        return self.a(x) if first else self.b(x)


def unused(r: int, n: int) -> None:
    T.manual_seed(1)
    model = DDP(Branches().double(), find_unused_parameters=True)
    found["unused"] = []
    for _ in range(2):
        model(T.ones(3, 2, dtype=T.float64), r == 0).sum().backward()
        found["unused"].append([None if p.grad is None else p.grad.tolist() for p in model.parameters()])


def main() -> None:
    before = raised(dist.get_rank), dist.is_initialized()
    dist.init_process_group("gloo" if sys.argv[1] == "torch" else "mpi")
    r, n = dist.get_rank(), dist.get_world_size()
    found["before"] = [*before, dist.is_initialized(), n]
    collectives(r, n)
    errors(r, n)
    training(r, n)
    unused(r, n)
    dist.destroy_process_group()
    found["after"] = raised(dist.get_rank)
    Path(f"{sys.argv[2]}.{sys.argv[1]}.{r}").write_text(json.dumps(found))


if __name__ == "__main__":
    main()
