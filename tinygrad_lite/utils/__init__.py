"""PyTorch's torch.utils: `utils.data` and `utils.checkpoint`."""

from typing import TYPE_CHECKING

from tinygrad_lite.suggest import missing_from, names_in

from . import checkpoint, data

__all__ = ["checkpoint", "data"]

if not TYPE_CHECKING:  # for a type checker, an unknown name is an error
    __getattr__, __dir__ = missing_from(__name__), names_in(__name__)
