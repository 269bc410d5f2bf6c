"""Each collective on each dtype and layout, wrong arguments, and DistributedDataParallel step by step, under PyTorch's names.

Like like_torch.py it is one program for both, of which each rank writes what it found; here an error is a finding too.
python tests/ranks/collectives.py torch found     with RANK, WORLD_SIZE, MASTER_ADDR and MASTER_PORT set
mpiexec -n 2 python tests/ranks/collectives.py tinygrad_lite found
"""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

if sys.argv[1] == "torch":
    import torch as T
    import torch.distributed as dist
    from torch import nn
    from torch.nn.parallel import DistributedDataParallel as DDP
else:
    import tinygrad_lite as T
    from tinygrad_lite import distributed as dist
    from tinygrad_lite import nn
    from tinygrad_lite.nn.parallel import DistributedDataParallel as DDP

warnings.filterwarnings("ignore", category=FutureWarning)  # PyTorch's new names for what every tutorial calls by the old ones
warnings.filterwarnings("ignore", category=UserWarning, module="torch")
found: dict[str, Any] = {}
op: Any = dist.ReduceOp
DTYPES = ("float64", "float32", "float16", "int64", "int32", "int16", "int8", "uint8", "bool")
OPERATIONS = ("SUM", "AVG", "PRODUCT", "MIN", "MAX", "BAND", "BOR", "BXOR")


def shown(x: Any) -> Any:
    """What a result is, for JSON."""
    if isinstance(x, T.Tensor):
        return [str(x.dtype).rpartition(".")[2], list(x.shape), x.tolist()]
    if isinstance(x, (list, tuple)):
        return [shown(y) for y in x]
    return x if x is None or isinstance(x, (bool, int, float, str)) else "Work"


def case(name: str, call: Callable[[], Any]) -> None:
    """Note what the call returns, or the type of its error."""
    assert name not in found, name
    try:
        found[name] = shown(call())
    except Exception as error:
        found[name] = f"{type(error).__name__}"


def values(r: int, dtype: str) -> Any:
    """Others on each rank, and no overflow in a product."""
    return T.tensor([[r + 1, 2 * r + 3, 5], [5, 7 - r, 0]]).to(getattr(T, dtype))


def every_dtype(r: int, n: int) -> None:
    for dtype in DTYPES:

        def reduced(name: str, dtype: str = dtype) -> Any:
            x = values(r, dtype)
            return dist.all_reduce(x, op=getattr(op, name)), x

        def reduced_to(root: int, name: str, dtype: str = dtype) -> Any:
            x = values(r, dtype)
            return dist.reduce(x, root, getattr(op, name)), x if r == root else None

        def moved(dtype: str = dtype) -> Any:
            x, last = values(r, dtype), n - 1
            everything = [dist.broadcast(x, src=last), x]
            parts = [T.zeros_like(x) for _ in range(n)]
            everything += [dist.all_gather(parts, values(r, dtype)), parts]
            out = T.zeros(2 * n, 3, dtype=x.dtype)
            everything += [dist.all_gather_into_tensor(out, values(r, dtype)), out]
            some = [T.zeros_like(x) for _ in range(n)] if r == last else None
            everything += [dist.gather(values(r, dtype), some, dst=last), some]
            out = T.zeros_like(x)
            everything += [dist.scatter(out, [values(i + r, dtype) for i in range(n)] if r == last else None, src=last), out]
            return everything

        def messages(dtype: str = dtype) -> Any:
            x = T.zeros(2, 3, dtype=getattr(T, dtype))
            if r == 0:
                return dist.send(values(4, dtype), 1), dist.isend(values(5, dtype), dst=1, tag=3).wait()
            if r == 1:
                y, source = x.clone(), dist.recv(x, 0)
                work = dist.irecv(y, src=0, tag=3)
                return source, x, bool(work.wait()), y, work.is_completed()

        def scattered(name: str, dtype: str = dtype) -> Any:
            x = T.cat([values(r + i, dtype) for i in range(n)])
            out, other = [T.zeros(2, 3, dtype=x.dtype) for _ in range(2)]
            everything = [dist.reduce_scatter_tensor(out, x, getattr(op, name)), out]
            return everything, dist.reduce_scatter(other, list(x.reshape(n, 2, 3)), getattr(op, name)), other

        for name in OPERATIONS:
            case(f"all_reduce {name} {dtype}", lambda name=name: reduced(name))
        for name in ("SUM", "MAX"):
            case(f"reduce {name} {dtype}", lambda name=name: reduced_to(n - 1, name))
            case(f"reduce_scatter {name} {dtype}", lambda name=name: scattered(name))
        case(f"moved {dtype}", moved)
        case(f"messages {dtype}", messages)


def every_layout(r: int, n: int) -> None:
    whole = [T.arange(24.0).reshape(4, 6) + r for _ in range(6)]  # one for each call
    layouts: dict[str, Callable[[int], Any]] = {
        "0-d": lambda i: T.tensor(2.0 + r),
        "empty": lambda i: T.zeros(0, 3),
        "row": lambda i: whole[i][1],
        "transposed": lambda i: whole[i].T,
        "strided": lambda i: whole[i][::2, 1::2],
        "expanded": lambda i: T.tensor([[1.0 + r]]).expand(2, 3),
        "requires_grad": lambda i: T.tensor([1.0 + r, 2.0], requires_grad=True),
    }
    for name, make in layouts.items():
        calls: dict[str, Callable[[Any], Any]] = {
            "all_reduce": lambda x: (dist.all_reduce(x), x),
            "broadcast": lambda x: (dist.broadcast(x, 1), x),
            "reduce": lambda x: (dist.reduce(x, 0), x if r == 0 else None),
            "all_gather": lambda x: (dist.all_gather(parts := [T.zeros(tuple(x.shape)) for _ in range(n)], x), parts),
            "send": lambda x: dist.send(x, 1) if r == 0 else (dist.recv(got := T.zeros(tuple(x.shape)), 0), got),
            "recv": lambda x: dist.send(x.contiguous(), 1) if r == 0 else (dist.recv(x, 0), x),
        }
        for i, (what, call) in enumerate(calls.items()):
            if (name, what) not in PYTORCH_HANGS and (r < 2 or what not in ("send", "recv")):
                case(f"{what} {name}", lambda call=call, i=i, make=make: call(make(i)))
    found["around the views"] = whole[0].tolist()  # what lies beside what was summed


# gloo finds on one rank only that it cannot send what is not contiguous, and the other one would wait.
PYTORCH_HANGS = {(layout, what) for layout in ("transposed", "strided", "expanded") for what in ("send", "recv")}


def leaves(r: int, n: int) -> None:
    p = nn.Parameter(T.tensor([1.0, 2.0]) * (r + 1))
    (p * p).sum().backward()
    case("p.grad", lambda: (dist.all_reduce(p.grad), p.grad))
    case("p.data", lambda: (dist.all_reduce(p.data), p, p.requires_grad, p.is_leaf))
    case("p itself", lambda: (dist.broadcast(p, 0), p, p.requires_grad, p.is_leaf))
    case("p in no_grad", lambda: in_no_grad(p))
    y = (p * p).sum()
    dist.all_reduce(p.detach(), op.MAX)
    case("what backward needs was changed", lambda: (y.backward(), p.grad))
    q = p * 1
    case("not a leaf", lambda: (dist.all_reduce(q), q.requires_grad, q.is_leaf))
    case("gathered of what requires grad", lambda: gathered(p, n))


def in_no_grad(p: Any) -> Any:
    with T.no_grad():
        return dist.all_reduce(p), p, p.requires_grad, p.is_leaf


def gathered(p: Any, n: int) -> Any:
    parts = [T.zeros(2) for _ in range(n)]
    dist.all_gather(parts, p)
    return parts, [part.requires_grad for part in parts]


def begun(r: int, n: int) -> None:
    def several() -> Any:
        xs = [T.full((2,), float(r + i)) for i in range(8)]
        parts, some = [T.zeros(2) for _ in range(n)], [T.zeros(2) for _ in range(n)]
        works = [
            dist.all_reduce(xs[0], async_op=True), dist.broadcast(xs[1], 1, async_op=True),
            dist.reduce(xs[2], 0, async_op=True), dist.all_gather(parts, xs[3], async_op=True),
            dist.gather(xs[4], some if r == 0 else None, 0, async_op=True), dist.barrier(async_op=True),
            dist.scatter(xs[5], [T.full((2,), 9.0 + i) for i in range(n)] if r == 0 else None, 0, async_op=True),
            dist.all_gather_into_tensor(T.zeros(2 * n), xs[6], async_op=True),
            dist.reduce_scatter_tensor(xs[7], T.arange(2.0 * n), async_op=True),
        ]  # fmt: skip
        ended = [bool(work.wait()) for work in (works if r else works[::-1])]
        return ended, works, [w.is_completed() for w in works[:-1]], xs[:2], r or xs[2], parts, some, xs[5:8]

    case("async", several)
    case("wait twice", lambda: wait_twice(r))
    case("barrier", lambda: dist.barrier())
    case("wait with a timeout", lambda: dist.all_reduce(T.ones(1), async_op=True).wait(timedelta(seconds=9)))
    case("messages out of order", lambda: out_of_order(r))
    case("receipts waited for backwards", lambda: backwards(r))
    case("from any rank", lambda: from_any(r))


def wait_twice(r: int) -> Any:
    x = T.ones(2)
    work: Any = dist.all_reduce(x, async_op=True)
    return bool(work.wait()), bool(work.wait()), x


def out_of_order(r: int) -> Any:
    xs = [T.zeros(1) for _ in range(3)]
    if r == 0:
        works = [dist.isend(T.tensor([float(i)]), 1, tag=i) for i in range(3)]
        return [bool(work.wait()) for work in works]
    if r == 1:
        works = [dist.irecv(xs[i], 0, tag=i) for i in (2, 0, 1)]
        return [bool(work.wait()) for work in works], xs


def backwards(r: int) -> Any:
    """Messages go to those who have asked first, not to those who wait first."""
    xs = [T.zeros(1) for _ in range(4)]
    if r == 0:
        return [bool(dist.isend(T.tensor([float(i)]), 1).wait()) for i in range(4)]
    if r == 1:
        works = [dist.irecv(x, 0) for x in xs]
        return [bool(work.wait()) for work in works[::-1]], xs


def from_any(r: int) -> Any:
    x = T.zeros(1)
    if r == 0:
        return dist.recv(x), x
    return dist.send(T.tensor([5.0]), 0) if r == 1 else None


def wrong_arguments(r: int, n: int) -> None:
    x, y = T.ones(2), T.ones(2, dtype=T.int64)
    D: Any = dist
    calls: dict[str, Callable[[], Any]] = {
        "twice": lambda: D.init_process_group("gloo" if sys.argv[1] == "torch" else "mpi"),
        "send to itself": lambda: D.send(x, r),
        "isend to itself": lambda: D.isend(x, r),
        "recv from itself": lambda: D.recv(x, r),
        "irecv from itself": lambda: D.irecv(x, r),
        "broadcast from none": lambda: D.broadcast(x, n),
        "broadcast from -1": lambda: D.broadcast(x, -1),
        "broadcast without src": lambda: D.broadcast(x),
        "reduce without dst": lambda: D.reduce(x),
        "reduce to none": lambda: D.reduce(x, n),
        "gather to none": lambda: D.gather(x, None, n),
        "scatter from none": lambda: D.scatter(x, None, n),
        "all_reduce of a list": lambda: D.all_reduce([1.0]),
        "all_reduce of a number": lambda: D.all_reduce(1.0),
        "broadcast of None": lambda: D.broadcast(None, 0),
        "send of a list": lambda: D.send([x], 1 - r if n == 2 else (r + 1) % n),
        "all_reduce with a text": lambda: D.all_reduce(x, "total"),
        "all_reduce with a number": lambda: D.all_reduce(x, 77),
        "all_gather to a tensor": lambda: D.all_gather(x, x),
        "all_gather to too few": lambda: D.all_gather([T.ones(2)], x),
        "all_gather to too many": lambda: D.all_gather([T.ones(2) for _ in range(n + 1)], x),
        "all_gather to other shapes": lambda: D.all_gather([T.ones(3) for _ in range(n)], x),
        "all_gather to other dtypes": lambda: D.all_gather([y.clone() for _ in range(n)], x),
        "all_gather to mixed dtypes": lambda: D.all_gather([T.ones(2), *[y] * (n - 1)], x),
        "all_gather to numbers": lambda: D.all_gather([1.0] * n, x),
        "all_gather_into_tensor of too little": lambda: D.all_gather_into_tensor(T.ones(2 * n - 1), x),
        "all_gather_into_tensor of another dtype": lambda: D.all_gather_into_tensor(T.ones(2 * n, dtype=T.int64), x),
        "all_gather_into_tensor of a list": lambda: D.all_gather_into_tensor([x] * n, x),
        "reduce_scatter_tensor of too much": lambda: D.reduce_scatter_tensor(T.ones(2), T.ones(2 * n + 1)),
        "reduce_scatter_tensor of another dtype": lambda: D.reduce_scatter_tensor(T.ones(2), T.ones(2 * n).int()),
        "reduce_scatter of too few": lambda: D.reduce_scatter(T.ones(2), [x]),
        "reduce_scatter of a tensor": lambda: D.reduce_scatter(T.ones(2), x),
        "gather with too few": lambda: D.gather(x, [x], r),
        "gather without a list": lambda: D.gather(x, None, r),
        "gather with another's list": lambda: D.gather(x, [x] * n, (r + 1) % n),
        "gather with other shapes": lambda: D.gather(x, [T.ones(3)] * n, r),
        "gather with other dtypes": lambda: D.gather(x, [y] * n, r),
        "scatter with too few": lambda: D.scatter(x, [x], r),
        "scatter without a list": lambda: D.scatter(x, None, r),
        "scatter with another's list": lambda: D.scatter(x, [x] * n, (r + 1) % n),
        "scatter with other shapes": lambda: D.scatter(x, [T.ones(3)] * n, r),
        "scatter with other dtypes": lambda: D.scatter(x, [y] * n, r),
        "get_backend": lambda: D.get_backend().replace("gloo", "mpi"),
        "DDP of a number": lambda: DDP(1),  # type: ignore[arg-type]
        "DDP without parameters": lambda: DDP(nn.Tanh()),
        "DDP of frozen parameters": lambda: DDP(nn.Linear(2, 2).requires_grad_(False)),
        "after all that": lambda: (D.all_reduce(x), x),
    }
    for name, call in calls.items():
        case(f"wrong: {name}", call)


# DistributedDataParallel


class Net(nn.Module):
    """A frozen layer, BatchNorm, a weight that two layers share, and a scale that is a 0-d parameter."""

    def __init__(self) -> None:
        super().__init__()
        self.frozen = nn.Linear(4, 6).requires_grad_(False)
        self.norm = nn.BatchNorm1d(6)
        self.there, self.back = nn.Linear(6, 6), nn.Linear(6, 6)
        self.back.weight = self.there.weight
        self.scale = nn.Parameter(T.tensor(1.5))
        self.end = nn.Linear(6, 2, bias=False)

    def forward(self, x: Any) -> Any:
        return self.end(self.back(T.tanh(self.there(self.norm(self.frozen(x))))) * self.scale)


def batch(r: int, n: int, step: int) -> Any:
    x = T.arange(20.0, dtype=T.float64).reshape(5, 4)
    return (x * (1 + step) + 7 * r + step).sin(), (x[:, :2] + r).cos()


def state(model: Any) -> Any:
    gradients = [None if p.grad is None else p.grad.tolist() for p in model.parameters()]
    return [gradients, {name: x.tolist() for name, x in model.state_dict().items()}]


def training(name: str, r: int, n: int, accumulate: bool = False, clip: bool = False, **options: Any) -> None:
    T.manual_seed(3)
    model = DDP(Net().double(), **options)
    parameters = [p for p in model.parameters() if p.requires_grad]
    optimizer: Any = T.optim.AdamW(parameters, lr=0.05) if "AdamW" in name else T.optim.SGD(parameters, lr=0.05, momentum=0.9)
    steps = []
    for step in range(5):
        if accumulate:
            with model.no_sync():
                x, y = batch(r, n, step + 10)
                ((model(x) - y) ** 2).mean().backward()
            steps.append(state(model))
        x, y = batch(r, n, step)
        loss = ((model(x) - y) ** 2).mean()
        loss.backward()
        norm = nn.utils.clip_grad_norm_(parameters, 0.1).item() if clip else 0.0
        optimizer.step()
        steps.append([loss.item(), norm, state(model)])
        optimizer.zero_grad()
    model.eval()
    with T.no_grad():
        steps.append([model(batch(r, n, 9)[0]).tolist(), state(model)])
    found[f"DDP {name}"] = steps


class Three(nn.Module):
    """Rank 0 uses `first`, the others `second`, all `both`, nobody `unused`."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second, self.both, self.unused = [nn.Linear(3, 1) for _ in range(4)]

    def forward(self, x: Any, first: bool) -> Any:
        return self.both(x) + (self.first(x) if first else self.second(x))


def unused(r: int, n: int) -> None:
    for to_none in (True, False):
        T.manual_seed(1)
        model = DDP(Three().double(), find_unused_parameters=True)
        optimizer: Any = T.optim.AdamW(model.parameters(), lr=0.1)
        steps = []
        for step in range(4):
            x = T.arange(6.0, dtype=T.float64).reshape(2, 3).sin() + r
            if step == 2:
                with model.no_sync():
                    model(x, r == 0).sum().backward()
                steps.append(state(model))
            model(x, (r + step) % 2 == 0).pow(2).sum().backward()
            steps.append(state(model))
            optimizer.step()
            optimizer.zero_grad(set_to_none=to_none)
        found[f"DDP unused {to_none}"] = steps


def two_models(r: int, n: int) -> None:
    T.manual_seed(5)
    a, b = [DDP(nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3)).double()) for _ in range(2)]
    optimizer: Any = T.optim.SGD([*a.parameters(), *b.parameters()], lr=0.1, momentum=0.9)
    steps = []
    for step in range(3):
        x, _ = batch(r, n, step)
        optimizer.zero_grad()
        if step == 1:
            a(x).pow(2).mean().backward()
            b(x + 1).pow(2).mean().backward()
        else:
            (a(x) * b(x + 1)).mean().backward()
        optimizer.step()
        steps.append([state(a), state(b)])
    found["DDP two models"] = steps


def attributes(r: int, n: int) -> None:
    T.manual_seed(0)
    model = DDP(nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2)).double())
    found["DDP keys"] = [
        list(model.state_dict()), [name for name, _ in model.named_parameters()], [name for name, _ in model.named_buffers()],
        type(model.module).__name__, model.training, model.train(False).module[1].training,
        model.require_backward_grad_sync, sorted(name for name, _ in model.named_modules()),
    ]  # fmt: skip
    case("DDP load_state_dict", lambda: str(model.load_state_dict(model.state_dict())))
    case("DDP load the inner", lambda: str(model.load_state_dict(model.module.state_dict())))
    with model.no_sync():
        found["DDP within no_sync"] = model.require_backward_grad_sync
    case("DDP twice backward", lambda: twice(model))
    case("DDP keywords and dicts", lambda: keywords())
    case("DDP forward twice", lambda: forward_twice(r))
    case("DDP float16", lambda: state(halves(r)))


def twice(model: Any) -> Any:
    y = model(T.ones(2, 2, dtype=T.float64)).sum()
    y.backward(retain_graph=True)
    first = [p.grad.tolist() for p in model.parameters()]
    y.backward()
    return first, [p.grad.tolist() for p in model.parameters()]


class Words(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(2, 1)

    def forward(self, x: Any, *, scale: float = 1.0) -> Any:
        return {"y": self.layer(x) * scale, "n": len(x)}


def keywords() -> Any:
    T.manual_seed(0)
    model = DDP(Words())
    out = model(x=T.ones(3, 2), scale=2.0)
    out["y"].sum().backward()
    return out["n"], [p.grad.tolist() for p in model.parameters()]


def forward_twice(r: int) -> Any:
    T.manual_seed(0)
    model = DDP(nn.Linear(2, 1).double())
    x = T.ones(3, 2, dtype=T.float64) * (r + 1)
    (model(x) + model(2 * x)).sum().backward()
    return [p.grad.tolist() for p in model.parameters()]


def halves(r: int) -> Any:
    T.manual_seed(0)
    model = DDP(nn.Linear(2, 1).half())
    model(T.ones(3, 2).half() * (r + 1)).sum().backward()
    return model


def main() -> None:
    begin: dict[str, Callable[[], Any]] = {
        "get_rank": dist.get_rank, "get_world_size": dist.get_world_size, "get_backend": dist.get_backend,
        "barrier": dist.barrier, "all_reduce": lambda: dist.all_reduce(T.ones(1)),
        "broadcast": lambda: dist.broadcast(T.ones(1), 0),
        "send": lambda: dist.send(T.ones(1), 0), "recv": lambda: dist.recv(T.ones(1), 0), "is_initialized": dist.is_initialized,
        "is_available": dist.is_available, "DDP": lambda: DDP(nn.Linear(1, 1)), "destroy": dist.destroy_process_group,
    }  # fmt: skip
    for name, call in begin.items():
        case(f"before: {name}", call)
    dist.init_process_group("gloo" if sys.argv[1] == "torch" else "mpi", timeout=timedelta(seconds=20))
    r, n = dist.get_rank(), dist.get_world_size()
    for part in (every_dtype, every_layout, leaves, begun, wrong_arguments, attributes, unused, two_models):
        part(r, n)
    training("SGD", r, n)
    training("AdamW", r, n, broadcast_buffers=False)
    training("AdamW accumulated, clipped", r, n, accumulate=True, clip=True)
    training("SGD accumulated, own buffers", r, n, accumulate=True, broadcast_buffers=False)
    training("SGD small buckets", r, n, bucket_cap_mb=0.0001, gradient_as_bucket_view=True, static_graph=True)
    dist.destroy_process_group()
    case("after: get_rank", dist.get_rank)
    case("after: is_initialized", dist.is_initialized)
    Path(f"{sys.argv[2]}.{sys.argv[1]}.{r}").write_text(json.dumps(found))


if __name__ == "__main__":
    main()
