"""Parameter: a Tensor that is trained. Buffer: one that belongs to a module and is not. The uninitialized forms of both
get their shape from the first input.
"""

from __future__ import annotations

from collections.abc import Iterable
from operator import setitem
from typing import Any

import numpy as np

from tinygrad_lite._tensor import Tensor
from tinygrad_lite.backend import array_module, is_array, plain, put
from tinygrad_lite.dtypes import as_dtype, get_default_dtype
from tinygrad_lite.inplace import write
from tinygrad_lite.tape import Leaf

__all__ = ["Parameter", "Buffer", "UninitializedParameter", "UninitializedBuffer"]


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

    def __init__(self, data: Any = None, requires_grad: bool = True) -> None:
        data = np.empty(0, get_default_dtype()) if data is None else data
        if not isinstance(data, Tensor) and not is_array(data):
            raise TypeError(f"Parameter: expected a Tensor, got {type(data).__name__}; Parameter(tensor(...))")
        array = data.array if isinstance(data, Tensor) else plain(data)
        as_dtype(array.dtype)  # or its TypeError
        self.array, self.node = array, None
        self.requires_grad_(requires_grad)

    def __reduce_ex__(self, protocol: Any) -> Any:
        """As a Tensor's, but a copy of a parameter, so of a model, begins without a gradient, as in PyTorch."""
        build, (kind, memory, part, leaf) = super().__reduce_ex__(protocol)
        if leaf is not None:
            leaf = Leaf(leaf.shape)
            leaf.requires_grad = self.requires_grad
        return build, (kind, memory, part, leaf)

    def __repr__(self) -> str:
        return f"Parameter containing:\n{super().__repr__()}"


class Buffer(Tensor):
    """A Tensor that moves with a module and, if persistent, is saved with it, but is not trained. As an attribute,
    `self.mean = Buffer(zeros(3))`, it is the same as register_buffer("mean", zeros(3)).

    It shares the memory of `data`. https://pytorch.org/docs/stable/generated/torch.nn.parameter.Buffer.html

    >>> from tinygrad_lite import nn, zeros
    >>> m = nn.Module()
    >>> m.mean = Buffer(zeros(2)); dict(m.state_dict())
    {'mean': tensor([0., 0.])}
    """

    __slots__ = ("persistent",)

    def __init__(self, data: Any = None, *, persistent: bool = True) -> None:
        data = np.empty(0, get_default_dtype()) if data is None else data
        if not isinstance(data, Tensor) and not is_array(data):
            raise TypeError(f"Buffer: expected a Tensor, got {type(data).__name__}; Buffer(tensor(...))")
        self.array, self.node = data.array if isinstance(data, Tensor) else plain(data), None
        self.persistent = persistent
        if isinstance(data, Tensor):
            self.requires_grad_(data.requires_grad)


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


class UninitializedBuffer(Tensor):
    """A buffer whose shape is not known yet. materialize() turns this same object into an ordinary Tensor.

    https://pytorch.org/docs/stable/generated/torch.nn.parameter.UninitializedBuffer.html

    >>> b = UninitializedBuffer()
    >>> b.materialize((2, 3)); b.shape, type(b).__name__
    (torch.Size([2, 3]), 'Tensor')
    """

    __slots__ = ()

    def __init__(self, requires_grad: bool = False, device: Any = None, dtype: Any = None) -> None:
        self.array, self.node = put(np.empty(0, as_dtype(dtype or get_default_dtype())), device), None
        self.requires_grad_(requires_grad)

    def materialize(self, shape: tuple[int, ...]) -> None:
        """Allocate memory of this shape. Its values are arbitrary until they are set."""
        self.data = Tensor._of(array_module(self.array).empty(shape, self.array.dtype))
        self.__class__ = Tensor  # type: ignore[assignment]

    def __repr__(self) -> str:
        return "<UninitializedBuffer>"


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
