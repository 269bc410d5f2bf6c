"""Every example in a docstring and in the README is executed, and shows what it says."""

from __future__ import annotations

import builtins
import doctest
import pkgutil
import re
from importlib import import_module
from pathlib import Path

import pytest

import tinygrad_lite
from tinygrad_lite import datasets, nn

ROOT = Path(__file__).parents[1]
MODULES = sorted(
    {
        found.name
        for package in (tinygrad_lite, nn, datasets)
        for found in pkgutil.walk_packages(package.__path__, package.__name__ + ".")
    }
)
# The engine's docstrings use the public names without importing them, but for those that are builtins of Python as well.
NAMES = {name: getattr(tinygrad_lite, name) for name in tinygrad_lite.__all__ if not hasattr(builtins, name)}


@pytest.mark.parametrize("name", MODULES)
def test_examples_of_module(name: str) -> None:
    module = import_module(name)
    extra = {key: value for key, value in NAMES.items() if not hasattr(module, key)}
    failed, _ = doctest.testmod(module, extraglobs=extra, optionflags=doctest.ELLIPSIS)
    assert not failed


def test_modules_have_examples() -> None:
    finder = doctest.DocTestFinder()
    count = sum(len(test.examples) for name in MODULES for test in finder.find(import_module(name)))
    assert count > 100


def test_examples_of_readme() -> None:
    failed, tried = doctest.testfile(str(ROOT / "README.md"), module_relative=False)
    assert tried and not failed


def test_readme_names_what_there_is() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for path in re.findall(r"\]\(((?!https?:)[^)#]+)\)", text):
        assert (ROOT / path).exists(), f"the README links to {path}, which is not there"
    for module in sorted(p.name for p in (ROOT / "tinygrad_lite").glob("*.py") if p.name != "__init__.py"):
        assert module in text, f"the README's map lacks tinygrad_lite/{module}"
