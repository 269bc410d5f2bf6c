"""python -m tinygrad_lite doctor, and memory that is kept."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest

from tinygrad_lite import doctor


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tinygrad_lite", "doctor", *arguments]
    return subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, timeout=120, check=False)


def test_the_command() -> None:
    done = run("--quick", OPENBLAS_CORETYPE="Haswell")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert "NumPy" in lines[0] and "threads" in lines[0]
    assert any(line.endswith("as it is") for line in lines) and any("CuPy" in line for line in lines)
    if "openblas" in lines[0]:
        assert "OPENBLAS_CORETYPE=Haswell" in lines and any(line.endswith("unset OPENBLAS_CORETYPE") for line in lines)
    assert run("--slow").returncode == 2


def timed(monkeypatch: pytest.MonkeyPatch, times: dict[str, list[float]]) -> str:
    monkeypatch.setattr(doctor, "measured", lambda settings, rounds, seconds: times)
    return "\n".join(doctor.report(1, 0.01))


def test_the_best_setting_is_named_if_it_pays(monkeypatch: pytest.MonkeyPatch) -> None:
    slow = {"": [2e-2, 1e-3, 1e-5], "unset X": [1e-2, 5e-4, 1e-5], "export Y=1": [1.9e-2, 1e-3, 1e-5]}
    assert "2.00 times as fast with\n    unset X" in timed(monkeypatch, slow)
    assert "nothing needs to be set" in timed(monkeypatch, {"": [1e-2, 1e-3, 1e-5], "export Y=1": [0.99e-2, 1e-3, 1e-5]})
    assert "could not be timed" in timed(monkeypatch, {})


def test_what_to_install_for_cupy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "find_spec", lambda name: None)
    monkeypatch.setattr(doctor, "_driver", lambda: 12080)
    _, driver, last = doctor.about_cupy()
    assert "CUDA 12.8" in driver and last == "    pip install 'tinygrad_lite[cuda12]'"
    monkeypatch.setattr(doctor, "_driver", lambda: 11040)
    assert "needs a newer one" in doctor.about_cupy()[1]
    monkeypatch.setattr(doctor, "_driver", lambda: 0)
    assert "no NVIDIA driver" in doctor.about_cupy()[0]


def test_a_cupy_that_cannot_run(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken:
        def __getattr__(self, name: str) -> Any:
            raise RuntimeError("no device")

    monkeypatch.setattr(doctor, "find_spec", lambda name: name)
    monkeypatch.setitem(sys.modules, "cupy", Broken())  # type: ignore[arg-type]
    assert "cannot run a kernel: RuntimeError: no device" in doctor.about_cupy()[0]


FAULTS = """
import resource
import numpy as np
{first}
def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
def step():
    return len([np.ones(1 << 17) for _ in range(8)])  # 8 MB, which are freed together
for _ in range(3):
    step()
before = faults()
for _ in range(20):
    step()
print(faults() - before)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="it is about glibc")
def test_freed_memory_is_used_again() -> None:
    def faults(first: str) -> int:
        return int(subprocess.run([sys.executable, "-c", FAULTS.format(first=first)], capture_output=True, check=True).stdout)

    assert faults("import tinygrad_lite") < 100
    assert faults("") > 1000 or "musl" in (os.confstr("CS_GNU_LIBC_VERSION") or "musl")
