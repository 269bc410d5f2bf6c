"""The functions NAME_copy: as the function NAME, which gives a view, or several; these give copies."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .._tensor import Tensor
from ..ops.shape import clone
from . import shape, views

# fmt: off
__all__ = [
    "alias_copy", "slice_copy", "as_strided_copy", "detach_copy", "diagonal_copy", "expand_copy", "permute_copy", "select_copy",
    "split_copy", "split_with_sizes_copy", "squeeze_copy", "t_copy", "transpose_copy", "unbind_copy", "unfold_copy",
    "unsqueeze_copy", "view_copy",
]
# fmt: on
NOT_METHODS = __all__


def alias_copy(input: Tensor) -> Tensor:
    """A copy: x.clone()."""
    return clone(input)


def slice_copy(input: Tensor, dim: int = 0, start: int | None = None, end: int | None = None, step: int = 1) -> Tensor:
    """A copy of x[start:end:step] along one axis."""
    return clone(input.movedim(dim, 0)[start:end:step].movedim(0, dim))


def _copying(name: str) -> Callable[..., Any]:
    plain = name.removesuffix("_copy")
    function = getattr(views, plain, None) or getattr(shape, plain, None) or getattr(Tensor, plain)

    def copied(input: Tensor, *args: Any, **options: Any) -> Any:
        out = function(input, *args, **options)
        return tuple(map(clone, out)) if isinstance(out, tuple) else clone(out)

    copied.__name__ = copied.__qualname__ = name
    copied.__doc__ = f"A copy of what {plain}() gives, which is a view."
    return copied


(
    as_strided_copy, detach_copy, diagonal_copy, expand_copy, permute_copy, select_copy, split_copy, split_with_sizes_copy,
    squeeze_copy, t_copy, transpose_copy, unbind_copy, unfold_copy, unsqueeze_copy, view_copy,
) = map(_copying, __all__[2:])  # fmt: skip
