"""NCCL as a transport: on two ranks with a stand-in, which checks how cupyx is called."""

from __future__ import annotations

import launch
import numpy as np
import pytest

import tinygrad_lite as tl


def test_nccl_does_what_mpi_does() -> None:
    status, printed = launch.ranks(2, "on_nccl.py")
    assert status == 0, printed
    assert all(f"rank {rank}: " in printed for rank in range(2)), printed


def on_a_gpu() -> None:
    """The same calls on the real NCCL, in a world of one: they change nothing, and a model learns what it learns alone."""
    from tinygrad_lite import distributed as d
    from tinygrad_lite import nn

    tl.manual_seed(0)
    model, x = nn.Linear(4, 2).cuda(), tl.randn(8, 4, device="cuda")
    (model(x) ** 2).mean().backward()
    alone = [p.grad.cpu().numpy() for p in model.parameters() if p.grad is not None]
    d.init_process_group("nccl")
    try:
        for dtype in (tl.float64, tl.float32, tl.float16, tl.int64, tl.int32, tl.uint8, tl.bool):
            y = tl.tensor([[0, 1, 2]]).to(dtype).cuda()
            kept, out, mine = y.tolist(), tl.zeros_like(y), tl.zeros_like(y)
            d.all_reduce(y)
            d.broadcast(y, 0)
            d.reduce(y, 0)
            d.all_gather_into_tensor(out, y)
            d.reduce_scatter_tensor(mine, out)
            d.gather(mine, [out])
            d.scatter(y, [out])
            assert y.tolist() == out.tolist() == mine.tolist() == kept
        for overlap in (True, False):
            model.zero_grad()
            parallel = nn.parallel.DistributedDataParallel(model, overlap=overlap)
            for _ in range(2):
                model.zero_grad()
                (parallel(x) ** 2).mean().backward()
            for p, g in zip(model.parameters(), alone):
                assert p.grad is not None
                np.testing.assert_allclose(p.grad.cpu().numpy(), g, rtol=1e-6)
            del parallel
    finally:
        d.destroy_process_group()


if tl.cuda.is_available():  # not collected elsewhere, rather than skipped
    test_on_a_gpu = pytest.mark.gpu(on_a_gpu)
