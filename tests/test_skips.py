"""Tests for a device that is missing are not collected rather than skipped, so that any other skip is noticed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import tinygrad_lite as tl

DEVICES = {"cpu", "cuda" if tl.cuda.is_available() else "stand-in"}


def test_tests_are_collected_for_the_devices_that_are_here(request: pytest.FixtureRequest) -> None:
    params = [getattr(item, "callspec", None) for item in request.session.items]
    assert {found.params["device"] for found in params if found and "device" in found.params} <= DEVICES


def test_a_test_on_a_device_passes_on_each_and_is_skipped_on_none() -> None:
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "tests/test_tensor.py::test_tensors_on_two_devices"]
    ran = subprocess.run(command, cwd=Path(__file__).parents[1], capture_output=True, text=True, check=False)
    assert ran.stdout.splitlines()[-1].strip("= ").startswith("2 passed in"), ran.stdout
