"""Parameter: a Tensor that is trained. UninitializedParameter: one whose shape is learned from the first input."""

from __future__ import annotations

from collections.abc import Iterable
from operator import setitem
from typing import Any

import numpy as np

from tinygrad_lite._tensor import Tensor
from tinygrad_lite.backend import array_module, is_array, plain, put
from tinygrad_lite.dtypes import as_dtype, get_default_dtype
from tinygrad_lite.inplace import write

__all__ = ["Parameter", "UninitializedParameter"]


class Parameter(Tensor):
    """A Tensor that a Module trains once it is one of the module's attributes. It requires grad by default.

    It shares the memory of `data`. TypeError if `data` is not a Tensor or an array of a supported dtype, RuntimeError if it
    requires grad and the dtype is not a floating one.
    https://pytorch.org/docs/stable/generated/torch.nn.parameter.Parameter.html

    >>> from tinygrad_lite import ones
    >>> Parameter(ones(2))
    Parameter containing:
    tensor([1., 1.], requires_grad=True)
    """

    __slots__ = ()

    def __init__(self, data: Any, requires_grad: bool = True) -> None:
        if not isinstance(data, Tensor) and not is_array(data):
            raise TypeError(f"Parameter: expected a Tensor, got {type(data).__name__}; Parameter(tensor(...))")
        array = data.array if isinstance(data, Tensor) else plain(data)
        as_dtype(array.dtype)  # or its TypeError
        self.array, self.node = array, None
        self.requires_grad_(requires_grad)

    def __repr__(self) -> str:
        return f"Parameter containing:\n{super().__repr__()}"


class UninitializedParameter(Parameter):
    """A Parameter whose shape is not known yet. materialize() turns this same object into an ordinary Parameter.

    https://pytorch.org/docs/stable/generated/torch.nn.parameter.UninitializedParameter.html

    >>> p = UninitializedParameter()
    >>> p.materialize((2, 3)); p.shape, type(p).__name__
    (torch.Size([2, 3]), 'Parameter')
    """

    __slots__ = ()

    def __init__(self, requires_grad: bool = True, device: Any = None, dtype: Any = None) -> None:
        super().__init__(put(np.empty(0, as_dtype(dtype or get_default_dtype())), device), requires_grad)

    def materialize(self, shape: tuple[int, ...]) -> None:
        """Allocate memory of this shape. Its values are arbitrary until they are set."""
        self.data = Tensor._of(array_module(self.array).empty(shape, self.array.dtype))
        self.__class__ = Parameter  # type: ignore[assignment]

    def __repr__(self) -> str:
        return "<UninitializedParameter>"


def zero_grads(parameters: Iterable[Tensor], set_to_none: bool) -> None:
    """Set the gradients of tensors to None, or detach them and fill them with 0 in place."""
    for p in parameters:
        if set_to_none:
            p.grad = None
        elif p.grad is not None:
            write(p.grad.array, setitem, ..., 0)
            if p.grad.is_leaf:
                p.grad.requires_grad_(False)
            else:
                p.grad.node = None  # computed with create_graph=True: the zeros are no longer that result
