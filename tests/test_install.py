"""The installation: the code that runs is this checkout's, and Python finds nn and datasets in its root and elsewhere."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


AGAIN = "type the line again that installed the checkout (pip install -e .)"


@pytest.mark.parametrize("folder", ["tinygrad_lite", "nn", "datasets"])
def test_what_is_installed_is_this_checkout(folder: str) -> None:
    """An editable installation is a folder of links: a file added since then is not in it, and one on Windows may be a copy."""
    package = import_module(folder if folder == "tinygrad_lite" else f"tinygrad_lite.{folder}")
    assert package.__file__
    here, there = ROOT / folder, Path(package.__file__).parent
    for file in here.rglob("*.py"):
        installed = there / file.relative_to(here)
        assert installed.is_file(), f"{file.relative_to(ROOT)} is new: {AGAIN}"
        assert installed.read_bytes() == file.read_bytes(), f"{installed} is an old copy: {AGAIN}"


@pytest.mark.parametrize("module", ["nn", "datasets", "optim"])
def test_python_finds_it_in_the_root_and_elsewhere(module: str, tmp_path: Path) -> None:
    for folder in (ROOT, tmp_path):
        subprocess.run([sys.executable, "-c", f"import tinygrad_lite.{module}"], cwd=folder, check=True, timeout=60)
