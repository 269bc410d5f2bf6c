"""Starts a program of tests/ranks/ on several processes, as a user would: mpiexec -n N python program.py."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

RANKS = Path(__file__).parent / "ranks"
MPIEXEC = shutil.which("mpiexec", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])) or ""
ROOT = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}  # Open MPI refuses to run as root otherwise
SHARED = {"OMPI_MCA_mpi_yield_when_idle": "1", "OPENBLAS_NUM_THREADS": "1"}  # other tests run on the same cores
PLACES = os.pathsep.join([str(Path(__file__).parent), *filter(None, [os.environ.get("PYTHONPATH")])])
ENVIRONMENT = {**os.environ, **ROOT, **SHARED, "PYTHONPATH": PLACES}


def start(n: int, program: str, *arguments: object) -> subprocess.Popen[str]:
    command = [MPIEXEC, "--oversubscribe", "-n", str(n), sys.executable, "-W", "error", str(RANKS / program)]
    command += map(str, arguments)
    return subprocess.Popen(command, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def ranks(n: int, program: str, *arguments: object, limit: float = 60) -> tuple[int, str]:
    """Its exit status and all that was printed."""
    process = start(n, program, *arguments)
    try:
        printed, _ = process.communicate(timeout=limit)
    except subprocess.TimeoutExpired:
        process.kill()
        raise AssertionError(f"{program} {arguments} on {n} ranks hangs: {process.communicate()[0]}") from None
    return process.returncode, printed
