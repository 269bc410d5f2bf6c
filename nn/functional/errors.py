"""The errors that several functions share."""

from __future__ import annotations

from typing import Any

from tinygrad_lite._tensor import Tensor


def not_tensors(what: str, **arguments: Any) -> TypeError:
    """The error for arguments of which at least one is not a Tensor; it names the first of them."""
    name, value = next((name, value) for name, value in arguments.items() if not isinstance(value, Tensor))
    kind = type(value)
    found = f"{kind.__module__}.{kind.__qualname__}" if kind.__name__ == "Tensor" else kind.__name__  # a torch.Tensor, say
    return TypeError(f"{what}: {name} must be a Tensor, got {found}; make it one with tensor(...)")
