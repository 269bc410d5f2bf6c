"""Programs that train, as users of PyTorch write them, run in PyTorch and here from the same text: only the imports differ.
What they print is the same, and so are all parameters, buffers, gradients and states of optimizers at the end, in float64.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import programs_of_parts
import programs_of_pictures
import programs_of_sequences
import pytest
import torch
from test_tutorials import printed, swapped

import tinygrad_lite as tl

FILES = (programs_of_pictures, programs_of_sequences, programs_of_parts)
PROGRAMS = {name.lower(): text for file in FILES for name, text in vars(file).items() if name.isupper()}


def values(x: Any, lib: Any, name: str) -> Iterator[tuple[str, Any]]:
    """What a program's variable holds, by name: tensors, and all tensors of modules and optimizers, with their gradients."""
    if isinstance(x, lib.Tensor):
        yield name, x.detach().numpy()
        yield from values(x.grad, lib, f"{name}.grad") if x.is_leaf else ()
    elif isinstance(x, lib.nn.Module):
        yield from values(x.state_dict(keep_vars=True), lib, name)
    elif isinstance(x, lib.optim.Optimizer):
        yield from values(x.state_dict(), lib, name)
    elif isinstance(x, (dict, list, tuple)):
        for key, value in x.items() if isinstance(x, dict) else enumerate(x):
            yield from values(value, lib, f"{name}.{key}")


@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning")  # of PyTorch
def test_a_program_trains_as_it_does_in_pytorch(name: str, close: Callable[..., None]) -> None:
    ours: dict[str, Any] = {"__name__": "program"}
    theirs: dict[str, Any] = {"__name__": "program"}
    lines = printed(PROGRAMS[name], torch, theirs).splitlines()
    assert printed(swapped(PROGRAMS[name]), tl, ours).splitlines() == lines
    found, expected = dict(values(ours, tl, "")), dict(values(theirs, torch, ""))
    assert list(found) == list(expected) and len(found) > 40
    for key, value in expected.items():
        close(found[key], value, rtol=1e-8, atol=1e-10)


def test_the_programs_differ_in_their_imports_only() -> None:
    for program in PROGRAMS.values():
        changed = [(a, b) for a, b in zip(program.splitlines(), swapped(program).splitlines()) if a != b]
        assert changed and all(re.match("(import|from) torch", a) for a, _ in changed)
