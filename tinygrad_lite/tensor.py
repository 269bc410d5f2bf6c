"""Tensor: an array, and its place on the tape.

    x.array   the NumPy or CuPy array itself
    x.node    None, the Leaf where its gradient is gathered, or the Node that remembers how it was computed

Everything else is a question about the two, or an op. What computes is written in ops/ (with its derivative) or functional.py
and is here by name only.
"""

from __future__ import annotations

import builtins
import operator
from collections.abc import Callable, Iterator
from functools import partial, partialmethod
from typing import Any

import numpy as np

from . import backend, backward, functional, inplace, printing, tape
from .backend import Array, device, device_of, is_array
from .dtypes import as_dtype, float16, float32, float64, get_default_dtype, int32, int64, result_type, uint8
from .dtypes import bool as bool_dtype
from .ops import elementwise, indexing
from .ops import shape as shape_ops
from .tape import Leaf, Node, explained, new


def _swapped(function: Callable[..., Any]) -> Callable[..., Any]:
    """The operator with its operands in the other order: what 1 - x calls."""
    return lambda self, other: function(other, self)


def _pairwise(compare: Callable[..., Any]) -> Callable[..., Any]:
    """A comparison of NumPy's as an operator: both sides in the dtype that they make, by PyTorch's rule."""

    def operator(self: Tensor, other: Any) -> Any:
        if not isinstance(other, (Tensor, bool, int, float, np.generic)) and not is_array(other):
            return NotImplemented
        if isinstance(other, int) and self.array.dtype.kind in "iu" and not isinstance(other, bool):
            other = np.array(other, np.int64).astype(self.dtype)  # a number too large wraps around, as in PyTorch
        x, y = self.array, functional.as_tensor_like(other, self).array
        if x.dtype != y.dtype:
            x, y = x.astype(result_type(x, y)), y.astype(result_type(x, y))
        try:
            return Tensor._of(tape.as_array(compare(x, y)))
        except Exception as error:
            raise explained(compare.__name__, error, x, y) from error

    return operator


def _written(op: Callable[..., Tensor], write: Callable[..., Any]) -> Callable[..., Any]:
    """An in-place operator: x += y, which is x.add_(y)."""
    return lambda self, other: inplace.in_place(op.__name__, self, other, op, write)


class Tensor:
    """A multi-dimensional array that remembers how it was computed, so that backward() can differentiate it.
    Made with tensor(...), zeros(...) and their like; `Tensor(data)` gives the default dtype, `Tensor(2, 3)` an empty one.
    https://pytorch.org/docs/stable/tensors.html
    >>> x = tensor([1.0, 2.0], requires_grad=True)
    >>> (x**2).sum().backward()
    >>> x.grad
    tensor([2., 4.])
    """

    __slots__ = ("__weakref__", "_leaf", "array", "node")
    array: Array
    node: Any
    _leaf: Leaf  # made when first needed; `node` is it as long as the tensor requires grad

    def __init__(self, *data: Any) -> None:
        if data and all(isinstance(n, int) for n in data):
            self.array = np.empty(data, get_default_dtype())
        else:
            (values,) = data or ([],)
            values = values.array if isinstance(values, Tensor) else values
            self.array = np.array(values, get_default_dtype())
        self.node = None

    @staticmethod
    def _of(array: Array, node: Any = None) -> Tensor:
        """A Tensor on an array, without a copy: the one way in for arrays."""
        x: Tensor = new(Tensor)
        x.array, x.node = array, node
        return x

    # What it is

    @property
    def shape(self) -> tuple[builtins.int, ...]:
        """The sizes of the axes."""
        return self.array.shape  # type: ignore[no-any-return]

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the numbers: a NumPy dtype, float32 and its like."""
        return self.array.dtype  # type: ignore[no-any-return]

    @property
    def device(self) -> device:
        """Where the memory is: device("cpu") or device("cuda:0")."""
        return device_of(self.array)

    def dim(self) -> builtins.int:
        """The number of axes."""
        return len(self.array.shape)

    ndim = property(dim)

    def size(self, dim: builtins.int | None = None) -> Any:
        """The shape, or the size of one axis."""
        return self.shape if dim is None else self.shape[functional.axis_of(dim, self.ndim, "size")]

    def numel(self) -> builtins.int:
        """How many numbers it holds."""
        return int(self.array.size)

    def is_floating_point(self) -> builtins.bool:
        """Whether the numbers are floats, which alone can require grad."""
        return bool(self.array.dtype.kind == "f")

    @property
    def T(self) -> Tensor:
        """All axes reversed: the transpose of a matrix. A view."""
        return shape_ops.permute(self, axes=tuple(range(self.ndim))[::-1])

    @property
    def mT(self) -> Tensor:
        """The last two axes swapped: each matrix transposed. A view."""
        if self.ndim < 2:
            raise RuntimeError(f"mT: a matrix has two dimensions or more, this tensor has {self.ndim}")
        return shape_ops.mT(self)  # type: ignore[no-any-return]

    # Its place on the tape

    @property
    def requires_grad(self) -> builtins.bool:
        """Whether gradients flow to it or through it. Only leaves can be told, and only floats."""
        return self.node is not None

    @requires_grad.setter
    def requires_grad(self, value: builtins.bool) -> None:
        self.requires_grad_(value)

    def requires_grad_(self, requires_grad: builtins.bool = True) -> Tensor:
        """Let gradients be gathered here from now on, or (False) no more.
        RuntimeError for integers, and for a result (use detach()).
        """
        if isinstance(self.node, Node):
            if not requires_grad:
                raise RuntimeError("requires_grad can be changed for leaves only; use x.detach() for a result without history")
        elif requires_grad and self.node is None:
            if not self.is_floating_point():
                raise RuntimeError(f"only floating-point tensors can require grad, this one is {self.dtype}; use x.float()")
            self.node = leaf_of(self)
            self.node.requires_grad = True
        elif not requires_grad and self.node is not None:
            self.node.requires_grad, self.node = False, None
        return self

    @property
    def is_leaf(self) -> builtins.bool:
        """Whether it was made by the user rather than by a recorded step."""
        return not isinstance(self.node, Node)

    @property
    def grad_fn(self) -> Node | None:
        """The step that made it, None for a leaf."""
        return self.node if isinstance(self.node, Node) else None

    @property
    def grad(self) -> Tensor | None:
        """The gradient that backward() has gathered here, None before the first. Of leaves only."""
        node = self.node
        return node.grad if type(node) is Leaf else leaf_of(self).grad

    @grad.setter
    def grad(self, g: Tensor | None) -> None:
        if g is not None and not isinstance(g, Tensor):
            raise TypeError(f"grad must be a Tensor or None, got {type(g).__name__}")
        if g is not None and (g.shape != self.shape or g.dtype != self.dtype):
            raise RuntimeError(f"grad {g.dtype}{list(g.shape)} does not fit a tensor {self.dtype}{list(self.shape)}")
        node = self.node
        (node if type(node) is Leaf else leaf_of(self)).grad = g

    def backward(self, gradient: Any = None, retain_graph: Any = None, create_graph: Any = False, inputs: Any = None) -> None:
        """Add d self / d leaf to the `.grad` of every leaf that requires it; see autograd.backward.
        `gradient` has self's shape and may be left out if self is one number.
        """
        backward.backward(self, gradient, retain_graph, create_graph, inputs)

    def detach(self) -> Tensor:
        """The same memory without the history: gradients stop here."""
        return Tensor._of(self.array)

    @property
    def data(self) -> Tensor:
        """The same memory without the history; assigning a tensor gives this one its memory."""
        return self.detach()

    @data.setter
    def data(self, other: Tensor) -> None:
        self.array = other.array
        leaf_of(self).shape = other.array.shape

    # To Python, NumPy, other dtypes and devices

    def item(self) -> Any:
        """The Python number that a tensor of one number holds; RuntimeError for another size."""
        if self.array.size != 1:
            raise RuntimeError(f"item: a tensor of {self.array.size} numbers is no single one; use tolist()")
        return self.array.item()

    def tolist(self) -> Any:
        """Nested lists of Python numbers; a number if 0-d."""
        return self.array.tolist()

    def numpy(self) -> np.ndarray[Any, Any]:
        """The NumPy array, on the same memory. RuntimeError if it requires grad, TypeError on the GPU."""
        if self.node is not None:
            raise RuntimeError("numpy: this tensor requires grad, and NumPy would lose that; use x.detach().numpy()")
        if not isinstance(self.array, np.ndarray):
            raise TypeError(f"numpy: this tensor is on {self.device}; use x.cpu().numpy()")
        return self.array

    def to(self, *args: Any, dtype: Any = None, device: Any = None, copy: builtins.bool = False) -> Tensor:
        """Itself in another dtype, on another device, or as another tensor is: x.to(float64), x.to("cuda"), x.to(y).
        The same object if nothing changes. Gradients flow back through it, except to integers.
        """
        for arg in args:
            if isinstance(arg, Tensor):
                dtype, device = arg.dtype, arg.device
            elif isinstance(arg, str) and arg.partition(":")[0] in ("cpu", "cuda"):
                device = arg
            elif arg is not None and not isinstance(arg, bool):
                dtype = arg
        x = self
        if device is not None and device != x.device and not (device == "cuda" and x.device.type == "cuda"):
            if backend.device(device).type == "cuda":
                backend.cupy()  # or the reason why there is none
            x = shape_ops.move(x, place=device, source=x.device)
        if dtype is not None and x.array.dtype != dtype:
            dtype = as_dtype(dtype)
            cast = dtype.kind == "f"
            x = elementwise.cast(x, dtype=dtype, source=x.dtype) if cast else Tensor._of(x.array.astype(dtype))
        return shape_ops.clone(x) if copy and x is self else x

    half, float, double = partialmethod(to, float16), partialmethod(to, float32), partialmethod(to, float64)
    int, long, byte = partialmethod(to, int32), partialmethod(to, int64), partialmethod(to, uint8)
    bool, cpu, type = partialmethod(to, bool_dtype), partialmethod(to, "cpu"), to

    def cuda(self, device: str | None = None) -> Tensor:
        """In the GPU's memory; RuntimeError says what is missing where there is none."""
        return self.to(device or "cuda")

    # Python's own questions

    def __repr__(self) -> str:
        return printing.text(self)

    def __format__(self, spec: str) -> str:
        return format(self.item(), spec) if spec else repr(self)

    def __len__(self) -> builtins.int:
        if not self.ndim:
            raise TypeError("a 0-d tensor has no length and cannot be iterated over; use x.item()")
        return len(self.array)

    def __iter__(self) -> Iterator[Tensor]:
        return (self[i] for i in range(len(self)))

    def __bool__(self) -> builtins.bool:
        if self.array.size != 1:
            raise RuntimeError(f"the truth of a tensor of {self.array.size} numbers is ambiguous; use x.any() or x.all()")
        return bool(self.array.item())

    def __float__(self) -> builtins.float:
        return float(self.item())

    def __int__(self) -> builtins.int:
        return int(self.item())

    def __index__(self) -> builtins.int:
        if self.array.dtype.kind == "f":
            raise TypeError(f"only integer tensors can be an index, this one is {self.dtype}")
        return int(self.item())

    def __reduce_ex__(self, protocol: Any) -> Any:
        """For copy, deepcopy and pickle: what shares memory before does so after; a view brings all of its memory along."""
        if not self.is_leaf:
            raise RuntimeError("deepcopy and pickle: only leaves can be copied with their history; use x.detach()")
        return _rebuilt, (type(self), *backend.as_part(self.array), getattr(self, "_leaf", None))

    def __copy__(self) -> Tensor:
        kind, *_ = self.__reduce_ex__(4)[1]
        return _rebuilt(kind, self.array, None, None).requires_grad_(self.requires_grad)

    def __getattr__(self, name: str) -> Any:
        raise printing.NoSuch(f"a Tensor has no {name!r}", name, lambda: dir(Tensor))

    __hash__ = object.__hash__

    # To and from NumPy

    def __array__(self, dtype: Any = None, copy: builtins.bool | None = None) -> np.ndarray[Any, Any]:
        return np.array(self.numpy(), dtype=dtype, copy=copy)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        from . import interop

        return interop.call_ufunc(ufunc, method, inputs, options)

    def __array_function__(self, function: Any, types: Any, args: Any, options: Any) -> Any:
        from . import interop

        return interop.call(function, tuple(args), options)

    def __dlpack__(self, **options: Any) -> Any:
        if self.node is not None:
            raise BufferError("dlpack: this tensor requires grad; export x.detach()")
        return self.array.__dlpack__(**options)

    def __dlpack_device__(self) -> Any:
        return self.array.__dlpack_device__()

    # What computes: functions of ops/ and functional.py, here as operators and methods

    __add__: Callable[..., Tensor] = elementwise.add
    __sub__: Callable[..., Tensor] = elementwise.sub
    __mul__: Callable[..., Tensor] = elementwise.mul
    __truediv__: Callable[..., Tensor] = elementwise.div
    __radd__, __rsub__, __rmul__, __rtruediv__ = map(_swapped, (__add__, __sub__, __mul__, __truediv__))
    __pow__, __matmul__, __getitem__ = functional.pow, functional.matmul, functional.getitem
    __rpow__, __rmatmul__ = _swapped(functional.pow), _swapped(functional.matmul)
    __neg__, __abs__ = elementwise.neg, elementwise.abs
    add, sub, mul, div = elementwise.add, elementwise.sub, elementwise.mul, elementwise.div
    neg, abs, sign, exp, log = elementwise.neg, elementwise.abs, elementwise.sign, elementwise.exp, elementwise.log
    sqrt, tanh, sigmoid, relu = elementwise.sqrt, elementwise.tanh, elementwise.sigmoid, elementwise.relu
    maximum, minimum = elementwise.maximum, elementwise.minimum
    pow, clamp, clip, matmul = functional.pow, functional.clamp, functional.clamp, functional.matmul
    sum, mean, max, min = functional.sum, functional.mean, functional.max, functional.min
    amax, amin, argmax, argmin = functional.amax, functional.amin, functional.argmax, functional.argmin
    all, any = functional.all, functional.any
    softmax, log_softmax, logsumexp = functional.softmax, functional.log_softmax, functional.logsumexp
    reshape, view, permute, transpose = functional.reshape, functional.view, functional.permute, functional.transpose
    squeeze, unsqueeze, flatten = functional.squeeze, functional.unsqueeze, functional.flatten
    expand, broadcast_to, clone = functional.expand, functional.broadcast_to, shape_ops.clone

    def where(self, condition: Tensor, other: Any) -> Tensor:
        """This tensor where the condition holds, else `other`."""
        out: Tensor = functional.where(condition, self, other)
        return out

    def __pos__(self) -> Tensor:
        return self

    def __invert__(self) -> Tensor:
        return Tensor._of(np.invert(self.array))

    # Comparisons and logic, element by element, which have no gradient

    __eq__, __ne__ = _pairwise(np.equal), _pairwise(np.not_equal)
    __lt__, __le__, __gt__, __ge__ = map(_pairwise, (np.less, np.less_equal, np.greater, np.greater_equal))
    __and__, __or__, __xor__ = map(_pairwise, (np.bitwise_and, np.bitwise_or, np.bitwise_xor))
    __rand__, __ror__, __rxor__ = __and__, __or__, __xor__

    # In place: written to the same memory, so that views see it

    __iadd__, __isub__ = _written(elementwise.add, operator.iadd), _written(elementwise.sub, operator.isub)
    __imul__, __itruediv__ = _written(elementwise.mul, operator.imul), _written(elementwise.div, operator.itruediv)
    add_, sub_, mul_, div_ = __iadd__, __isub__, __imul__, __itruediv__

    def __setitem__(self, index: Any, value: Any) -> None:
        """x[index] = value, in place; the gradient of what was there is 0."""
        index, basic = functional.index_of(index, self.array)
        if isinstance(value, Tensor):
            part = basic and value.array.base is not None and not inplace.recorded(self, value)
            if part and inplace.same_memory(self.array[index], value.array):
                return  # the end of x[index] += y: it is written already
            value = value.to(self.dtype)
        put = partial(indexing.setitem, index=index)
        inplace.in_place("x[index] = y", self, value, put, lambda x, y: operator.setitem(x, index, y))

    def copy_(self, other: Any) -> Tensor:
        """Take a tensor's values, from whatever device, broadcast to this shape and cast to this dtype; or a number's."""
        if isinstance(other, Tensor):
            if other.ndim > self.ndim:
                raise RuntimeError(f"copy_: shape {list(other.shape)} has more dimensions than {list(self.shape)}")
            other = other.to(self.device)
        self[...] = other
        return self

    def fill_(self, value: Any) -> Tensor:
        """Be a number, or the one in a 0-d tensor, throughout."""
        if isinstance(value, Tensor) and value.ndim:
            raise RuntimeError(f"fill_: expected a number or a 0-d tensor, got one of shape {list(value.shape)}; use copy_()")
        return self.copy_(value)

    def zero_(self) -> Tensor:
        """Be 0 throughout."""
        return self.fill_(0)


def leaf_of(x: Tensor) -> Leaf:
    """Where the gradient of x is gathered: the same object for the tensor's whole life."""
    try:
        return x._leaf
    except AttributeError:
        x._leaf = Leaf(x.array.shape)
        return x._leaf


def _rebuilt(kind: type[Tensor], memory: Array, part: Any, leaf: Leaf | None) -> Tensor:
    """A tensor from what __reduce_ex__ says of it."""
    x: Tensor = new(kind)
    x.array, x.node = backend.part_of(memory, part), None
    if leaf is not None:
        x._leaf = leaf
        x.node = leaf if leaf.requires_grad else None
    return x


inplace.measure(Tensor._of(np.zeros(2)[:1]))
for module in (tape, backward, functional):  # they work with Tensors but are imported before there are any
    module.Tensor = Tensor  # type: ignore[attr-defined]
