"""What decides how fast NumPy and CuPy are here, and what to set: python -m tinygrad_lite doctor

NumPy's matrix products are made by its BLAS, mostly OpenBLAS, which has kernels for each kind of processor. Environment
variables may choose others than the best, or a number of threads that does not pay. So the same products are timed in processes
of their own, with other settings, in turn.
"""

from __future__ import annotations

import ctypes
import os
import platform
import subprocess
import sys
from importlib.util import find_spec
from math import prod
from statistics import median
from typing import Any

VARIABLES = (
    "OPENBLAS_CORETYPE",
    "OPENBLAS_L2_SIZE",
    "OPENBLAS_NUM_THREADS",
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "GOTO_NUM_THREADS",
)
KERNELS = {"SkylakeX": "avx512f", "Haswell": "avx2", "Sandybridge": "avx"}  # and what the processor must be able to do
WORTH = 1.05  # a setting that gains less is not recommended
TIMED = """
import time
import numpy as np
done = []
for n, k, m in ((1024, 1024, 1024), (256, 784, 256), (16, 64, 64)):
    x, y, out = np.ones((n, k), "f"), np.ones((k, m), "f"), np.empty((n, m), "f")
    best, end = 9.0, time.perf_counter() + {seconds}
    while time.perf_counter() < end:
        start = time.perf_counter()
        np.dot(x, y, out)
        best = min(best, time.perf_counter() - start)
    done.append(best)
print(*done)
"""


def blas() -> dict[str, Any]:
    """What threadpoolctl knows of the BLAS that NumPy uses: internal_api, version, architecture (the kernels), num_threads."""
    import numpy as np  # loads it
    from threadpoolctl import threadpool_info

    np.ones((2, 2)) @ np.ones((2, 2))
    found = [pool for pool in threadpool_info() if pool["user_api"] == "blas"]
    ours = [pool for pool in found if "numpy" in str(pool.get("filepath"))] or found
    return dict(ours[0]) if ours else {}


def in_one_line() -> str:
    """The processor, NumPy and its BLAS, for the head of a table of benchmarks."""
    import numpy as np

    pool = blas()
    kernels = f"{pool.get('internal_api', 'unknown BLAS')} {pool.get('version')}, kernels {pool.get('architecture', '?')}"
    return f"{processor()}, NumPy {np.__version__}, {kernels}, {pool.get('num_threads', '?')} threads"


def processor() -> str:
    """The name of the processor, and how many cores this process may use."""
    name = next((line.partition(":")[2].strip() for line in _cpuinfo() if line.startswith("model name")), platform.processor())
    return f"{name or platform.machine()}, {cores()} cores"


def cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _cpuinfo() -> list[str]:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            return file.read().splitlines()
    except OSError:  # not Linux
        return []


def can(flag: str) -> bool:
    """Whether the processor has these instructions."""
    return any(flag in line.split() for line in _cpuinfo() if line.startswith("flags"))


def candidates() -> dict[str, dict[str, str | None]]:
    """The settings to compare: what to type, and the variables that it changes, None for one that it removes."""
    settings: dict[str, dict[str, str | None]] = {"": {}}
    for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
        if name in os.environ:
            settings[f"unset {name}"] = {name: None}
    if len(settings) > 2:
        settings["unset OPENBLAS_CORETYPE OPENBLAS_L2_SIZE"] = {"OPENBLAS_CORETYPE": None, "OPENBLAS_L2_SIZE": None}
    if blas().get("internal_api") == "openblas":
        for kernel, flag in KERNELS.items():
            if can(flag) and os.environ.get("OPENBLAS_CORETYPE") != kernel:
                settings[f"export OPENBLAS_CORETYPE={kernel}"] = {"OPENBLAS_CORETYPE": kernel}
    for n in sorted({1, cores()}):
        if n != blas().get("num_threads"):
            settings[f"export OMP_NUM_THREADS={n}"] = {
                "OMP_NUM_THREADS": str(n),
                "OPENBLAS_NUM_THREADS": None,
                "MKL_NUM_THREADS": None,
            }
    return settings


def measured(settings: dict[str, dict[str, str | None]], rounds: int, seconds: float) -> dict[str, list[float]]:
    """For each setting the seconds of three products, the medians over the rounds; each round runs all settings in turn."""
    times: dict[str, list[list[float]]] = {name: [] for name in settings}
    for _ in range(rounds):
        for name, changes in settings.items():
            environment = {key: value for key, value in os.environ.items() if changes.get(key, "") is not None}
            environment |= {key: value for key, value in changes.items() if value is not None}
            run = subprocess.run(
                [sys.executable, "-c", TIMED.format(seconds=seconds)],
                env=environment,
                capture_output=True,
                text=True,
                check=False,
            )
            if run.returncode == 0:
                times[name].append([float(part) for part in run.stdout.split()])
    return {name: [median(column) for column in zip(*found)] for name, found in times.items() if found}


def about_cupy() -> list[str]:
    """What CuPy can do here: the result of a kernel, or what to install."""
    version = _driver()
    if find_spec("cupy") is None:
        if not version:
            return ["CuPy: not installed, and no NVIDIA driver was found: tensors are on the CPU"]
        return ["CuPy: not installed", *_to_install(version)]
    try:
        import cupy as cp

        x = cp.arange(1000, dtype="f")
        wrong = abs(float((x * 2 + 1).sum()) - 1000.0 * 1000)
        name = cp.cuda.runtime.getDeviceProperties(0)["name"].decode()
        return [f"CuPy {cp.__version__}: a kernel ran on {name}" + ("" if wrong == 0 else f", but its sum is off by {wrong}")]
    except Exception as error:  # whatever CuPy or the driver raises
        lines = [f"CuPy is installed but cannot run a kernel: {type(error).__name__}: {error}"]
        return lines + (_to_install(version) if version else [])


def _to_install(version: int) -> list[str]:
    """The line to type for a driver's version of CUDA."""
    major, minor = version // 1000, version % 1000 // 10
    if major < 12:
        return [f"the driver is for CUDA {major}.{minor}: CuPy needs a newer one, for 12 or 13"]
    return [f"the driver is for CUDA {major}.{minor}; type", f"    pip install 'tinygrad_lite[cuda{min(major, 13)}]'"]


def _driver() -> int:
    """The newest CUDA that the NVIDIA driver can run, as 12080 for 12.8; 0 if there is no driver."""
    version = ctypes.c_int(0)
    try:
        ctypes.CDLL("nvcuda.dll" if os.name == "nt" else "libcuda.so.1").cuDriverGetVersion(ctypes.byref(version))
    except (OSError, AttributeError):
        return 0
    return version.value


def report(rounds: int = 3, seconds: float = 0.15) -> list[str]:
    """The lines that the command prints."""
    pool = blas()
    could = next((kernel for kernel, flag in KERNELS.items() if can(flag)), "")
    lines = [in_one_line()]
    if could and pool.get("internal_api") == "openblas":
        lines.append(f"the processor could run the kernels {could}")
    lines += [f"{name}={os.environ[name]}" for name in VARIABLES if name in os.environ]
    times = measured(candidates(), rounds, seconds)
    if "" not in times:
        return [*lines, "NumPy's products could not be timed in a process of their own", *about_cupy()]
    lines += ["", "GFLOP/s of float32 products: 1024 x 1024 x 1024, 256 x 784 x 256, 16 x 64 x 64"]
    work = [2 * n * k * m / 1e9 for n, k, m in ((1024, 1024, 1024), (256, 784, 256), (16, 64, 64))]
    for name, found in times.items():
        lines.append("".join([f"{w / t:8.1f}" for w, t in zip(work, found)]) + f"   {name or 'as it is'}")
    gains = {name: prod(a / b for a, b in zip(times[""][:2], found[:2])) ** 0.5 for name, found in times.items()}
    best = max(gains, key=lambda name: gains[name])
    lines.append("")
    if gains[best] < WORTH:
        lines.append("nothing needs to be set")
    else:
        lines += [f"{gains[best]:.2f} times as fast with", f"    {best}"]
    if hasattr(os, "getloadavg") and os.getloadavg()[0] > cores() / 2:
        lines.append("other programs are running on this machine: measure again when it is quiet")
    return [*lines, "", *about_cupy()]


def main(arguments: list[str]) -> int:
    """`doctor [--quick]`: print the report."""
    if unknown := [part for part in arguments if part != "--quick"]:
        print(f"doctor: unknown option {unknown[0]!r}; usage: python -m tinygrad_lite doctor [--quick]", file=sys.stderr)
        return 2
    quick = "--quick" in arguments
    print("\n".join(report(1 if quick else 5, 0.03 if quick else 0.2)))
    return 0
