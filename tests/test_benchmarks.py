"""The benchmark of training steps: its peers compute the same, and its report says what was measured."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

FOLDER = Path(__file__).parent / "benchmarks" / "training"


@pytest.fixture
def parts(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The modules of the benchmark, which are imported as its command imports them."""
    monkeypatch.syspath_prepend(str(FOLDER))
    for name in ("work", "peers", "limit", "report"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    import peers
    import report
    import work

    yield peers, report, work
    for name in ("work", "peers", "limit", "report"):
        sys.modules.pop(name, None)


@pytest.mark.parametrize("peer", ["eager", "captured", "torch", "torch fused", "limit"])
def test_all_peers_compute_the_same(peer: str, parts: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    peers, _, work = parts
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 256, (2048, 784), np.uint8), rng.integers(0, 10, 2048).astype(np.uint8)
    monkeypatch.setattr(work, "pictures", lambda: pictures)
    for name in ("W1", "W2", "W3", "W4"):
        of = work.WORKS[name]
        trained = peers.PEERS[peer](peer)
        trained.train(of)
        losses = [trained.value(trained.step(i)) for i in range(8)]
        np.testing.assert_allclose(losses, work.reference(of, 8), rtol=2e-5)
        trained.check()
        if name == "W3":
            trained.epoch()


def test_the_report(parts: Any) -> None:
    _, report, work = parts
    found = {"eager": [60.0, 61.0, 62.0], "captured": [20.0, 20.0, 21.0], "torch": [150.0], "torch fused": [90.0, 95.0, 99.0]}
    text = report.page({2: {"W1": found | {"jax": [25.0], "limit": [11.0]}}}, "a machine")
    assert "## 2 threads for all" in text
    assert "captured / jax: 0.80 (0.80), at most 0.75: above it" in text
    assert "captured / torch fused: 0.21" in text and "eager / torch: 0.41" in text
    assert "| 61 (60.5-61.5) | 20 (20-20.5) |" in text
    assert set(report.BOUNDS) >= set(work.WORKS)


def test_the_results_are_of_this_benchmark(parts: Any) -> None:
    _, report, work = parts
    text = (FOLDER / "RESULTS.md").read_text(encoding="utf-8")
    for name in (*work.WORKS, "W3 epoch", "W4 epoch", "W6 1000", "W7 MB", "W8 import"):
        assert report.TITLES[name] in text, "python tests/benchmarks/training/run.py --write"
    assert (FOLDER / "RESULTS.png").stat().st_size < 80_000
