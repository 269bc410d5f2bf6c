"""What is said of operators and NumPy's names that are not here. test_names.py has PyTorch's names."""

from __future__ import annotations

from typing import Any

import pytest

import tinygrad_lite as tl


def asked(place: Any, name: str) -> str:
    """What the error says when a place is asked for a name."""
    with pytest.raises(AttributeError) as error:
        getattr(place, name)
    return str(error.value)


def test_numpys_names_lead_to_pytorchs() -> None:
    assert asked(tl.ones(1), "copy").endswith("has no attribute 'copy'; in PyTorch it is x.clone()")
    assert asked(tl.ones(1), "astype").endswith("; in PyTorch it is x.to(dtype)")
    assert asked(tl, "array").endswith("; in PyTorch it is tl.tensor(data)")
