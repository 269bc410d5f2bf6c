"""What every test gets: the device to run on, the same random numbers each time, and a check that it left nothing behind."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from tempfile import gettempdir
from time import perf_counter
from typing import Any

import chromium
import numpy as np
import pytest
import stand_in_cupy
import torch

import tinygrad_lite as tl
from tinygrad_lite import datasets, methods, tape

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

methods.load_all()  # the tests are about all functions; test_install.py looks at a program that has not loaded them yet
torch.set_num_threads(1)  # its threads gain nothing on the small tensors here, and wait for each other on a busy machine


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--fuzz-minutes", type=float, default=0, help="run tests/test_fuzz.py on other programs for so long")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The long fuzz is there only if it is asked for."""
    if not config.getoption("--fuzz-minutes"):
        items[:] = [item for item in items if item.name != "test_programs_for_as_long_as_asked"]


collect_ignore = [] if chromium.PROGRAM else ["test_explain_page.py"]  # where no browser is

# A test is collected for the devices that are here and so never skipped for want of one: a skip says that something is missing.
GPU = pytest.param("cuda", marks=pytest.mark.gpu) if tl.cuda.is_available() else "stand-in"


@pytest.fixture(params=["cpu", GPU])
def device(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Where the tensors of a test are: the CPU, and the GPU where CuPy finds one, else on what stands in for CuPy."""
    if request.param == "stand-in":
        monkeypatch.setitem(sys.modules, "cupy", stand_in_cupy)
        monkeypatch.setitem(sys.modules, "cupyx.scipy.special", stand_in_cupy.special)
        monkeypatch.setitem(sys.modules, "cupyx.scipy.linalg", stand_in_cupy.linalg)
    return "cpu" if request.param == "cpu" else "cuda"


@pytest.fixture(scope="session")
def fashion_mnist() -> datasets.FashionMNIST:
    """The real training pictures; where they are not, what needs them is skipped rather than left to download them."""
    try:
        return datasets.FashionMNIST(train=True, download=False)
    except FileNotFoundError:
        pytest.skip("Fashion-MNIST is not on this machine; apt install dataset-fashion-mnist, or run a lesson: it downloads it")


Faster = Callable[[Callable[[], object], Callable[[], object], float], None]


@pytest.fixture
def faster() -> Faster:
    """faster(ours, theirs, ratio): ours takes less than `ratio` times as long as theirs. A busy machine makes both slower, so
    the best time of each counts, and there are more rounds if the first few do not show it. No other test runs meanwhile.
    """

    def check(ours: Callable[[], object], theirs: Callable[[], object], ratio: float) -> None:
        best = [float("inf")] * 2
        for rounds in range(60):
            for i, call in enumerate((ours, theirs)):
                start = perf_counter()
                call()
                best[i] = min(best[i], perf_counter() - start)
            if rounds >= 4 and best[0] < ratio * best[1]:
                return
        raise AssertionError(
            f"{best[0] / best[1]:.3g} times as long, in place of {ratio} at most: {best[0]:.3g} s, {best[1]:.3g} s"
        )

    return check


@pytest.fixture(autouse=True)
def _alone_if_it_measures_time(request: pytest.FixtureRequest) -> Iterator[None]:
    """With pytest -n, tests run side by side, but one that measures time waits for the others to end and runs alone. All hold
    the lock `running`, it holds it exclusively; and it holds `gate`, through which each test passes at its start.
    """
    worker = getattr(request.config, "workerinput", None)
    if worker is None or fcntl is None:
        yield
        return
    measures = "faster" in request.fixturenames
    name = f"{gettempdir()}/tinygrad_lite-{worker['testrunuid']}"
    with open(f"{name}.gate", "w") as gate, open(f"{name}.running", "w") as running:
        fcntl.flock(gate, fcntl.LOCK_EX)
        fcntl.flock(running, fcntl.LOCK_EX if measures else fcntl.LOCK_SH)
        if not measures:
            fcntl.flock(gate, fcntl.LOCK_UN)
        yield


@pytest.fixture(autouse=True)
def _alike_and_clean() -> Iterator[None]:
    """Every test starts from the same seed and settings, and must leave the settings as they were."""
    tl.manual_seed(0)
    torch.manual_seed(0)
    known = dict(tape.ops)
    yield
    if tape.ops != known:  # an op that a test or a docstring made
        tape.ops.clear()
        tape.ops.update(known)
    left = {"grad mode": tl.is_grad_enabled(), "default dtype": tl.get_default_dtype(), "torch grad": torch.is_grad_enabled()}
    tl.set_grad_enabled(True)
    torch.set_grad_enabled(True)
    tl.set_default_dtype(tl.float32)
    assert left == {"grad mode": True, "default dtype": tl.float32, "torch grad": True}, "a test left these changed"


def to_numpy(x: Any) -> np.ndarray[Any, Any]:
    """The values of one of our tensors, one of torch's, an array, or a number."""
    if isinstance(x, torch.Tensor):
        return x.numpy(force=True)
    return np.asarray(x.detach().cpu() if isinstance(x, tl.Tensor) else x)


@pytest.fixture(scope="session")
def close() -> Callable[..., None]:
    """close(ours, theirs): equal shapes and dtypes, and values to 12 digits (float32 and float16: to theirs)."""

    def check(ours: Any, theirs: Any, rtol: float = 1e-12, atol: float = 1e-13) -> None:
        ours, theirs = to_numpy(ours), to_numpy(theirs)
        assert ours.shape == theirs.shape
        assert ours.dtype == theirs.dtype
        if ours.dtype in (np.float16, np.float32):
            rtol = atol = 8 * float(np.finfo(ours.dtype).eps)
        np.testing.assert_allclose(ours, theirs, rtol, atol)

    return check
