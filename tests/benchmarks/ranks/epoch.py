"""One rank of an epoch, in tinygrad_lite or in PyTorch: run.py starts it, with mpiexec or with RANK and WORLD_SIZE set.

It prints a line of JSON on rank 0: how long a step takes, and which share of that goes into sending and waiting.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from time import perf_counter
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "training"))
import numpy as np
import work

library, name, divided, captured, overlap = sys.argv[1], sys.argv[2], "divided" in sys.argv, "captured" in sys.argv, None
overlap = True if "overlap" in sys.argv else False if "end" in sys.argv else None
if library == "torch":
    import torch as T
    import torch.distributed as dist
    from torch import nn
    from torch.nn.parallel import DistributedDataParallel

    T.set_num_threads(1)
    dist.init_process_group("gloo")
else:
    import tinygrad_lite as T
    import tinygrad_lite.distributed as dist
    from tinygrad_lite import nn
    from tinygrad_lite.nn.parallel import DistributedDataParallel

    dist.init_process_group("mpi")

what = work.WORKS[name]
rank, ranks = dist.get_rank(), dist.get_world_size()
layers: list[Any] = []
weights = work.weights(what)
for w, b in zip(weights[::2], weights[1::2]):
    layer = nn.Linear(w.shape[1], w.shape[0])
    layer.load_state_dict({"weight": T.tensor(w), "bias": T.tensor(b)})
    layers += [layer, nn.ReLU()]
net = nn.Sequential(*layers[:-1])
model: Any = net
if ranks > 1:
    model = DistributedDataParallel(net) if library == "torch" else DistributedDataParallel(net, overlap=overlap)
optimizer = T.optim.AdamW(net.parameters(), lr=what.lr)


def step(x: Any, y: Any) -> Any:
    optimizer.zero_grad()
    loss = nn.functional.cross_entropy(model(x), y)
    loss.backward()
    optimizer.step()
    return loss.detach()


if captured:
    step = T.capture(step)
x, y = (T.tensor(part) for part in work.data("fashion"))
size = what.batch // ranks if divided else what.batch
count = len(y) // (size * ranks)
if name == "W5":
    count = min(count, 24 // (1 if divided else ranks))
order = np.random.default_rng(0).permutation(len(y))


def epoch() -> float:
    dist.barrier()
    begin = perf_counter()
    for i in range(count):
        rows = T.tensor(order[(i * ranks + rank) * size : (i * ranks + rank + 1) * size])
        step(x[rows], y[rows])
    dist.barrier()
    return perf_counter() - begin


times = [epoch() for _ in range(3 if name == "W4" else 2)][1:]
found = {"seconds for 60,000": min(times) * len(y) / (count * size * ranks), "sending": 0.0}
if ranks > 1 and library != "torch":
    with model.timeline() as events:
        whole = epoch()
    found["sending"] = sum(end - begin for _, begin, end in events) / whole
if rank == 0:
    print(json.dumps(found), flush=True)
dist.destroy_process_group()
