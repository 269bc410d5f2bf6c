"""What methods.py installs on Tensor, for editors and type checkers. `python tests/declared_methods.py` writes it."""

import builtins
from typing import Any, Self, overload

from ._tensor import Tensor
from .axes import Dim
from .functional.reduction import Extremum
from .operands import Number

INSTALLED: dict[str, Any]

class Methods:
    """The operators and methods of Tensor that are functions of ops/ and functional/."""

    def add(self, other: Tensor | Number) -> Tensor:
        """x + y.
        >>> tensor([1.0, 2.0]) + 1
        tensor([2., 3.])
        """

    def sub(self, other: Tensor | Number) -> Tensor:
        """x - y."""

    def mul(self, other: Tensor | Number) -> Tensor:
        """x · y."""

    def div(self, other: Tensor | Number) -> Tensor:
        """x / y; integers give the default dtype.
        >>> tensor([1, 2]) / 2
        tensor([0.5000, 1.0000])
        """

    def neg(self) -> Tensor:
        """-x."""

    def abs(self) -> Tensor:
        """|x|; its derivative at 0 is 0."""

    def sign(self) -> Tensor:
        """-1, 0 or 1 (0 also for nan); its derivative is 0 everywhere."""

    def exp(self) -> Tensor:
        """e to the x, which is its own derivative: the result is all that is kept.
        >>> tensor([0.0, 1.0]).exp()
        tensor([1.0000, 2.7183])
        """

    def log(self) -> Tensor:
        """Natural logarithm; -inf at 0 (where the derivative is inf), nan below."""

    def sqrt(self) -> Tensor:
        """Square root; nan below 0, and at 0 the derivative is inf."""

    def tanh(self) -> Tensor:
        """Hyperbolic tangent: tanh' = 1 - tanh²."""

    def maximum(self, other: Tensor | Number) -> Tensor:
        """The larger of x and y (nan if either is); where they are equal each gets half of the gradient.
        >>> tensor([1.0, 5.0]).maximum(tensor([3.0, 2.0]))
        tensor([3., 5.])
        """

    def minimum(self, other: Tensor | Number) -> Tensor:
        """The smaller of x and y (nan if either is); where they are equal each gets half of the gradient."""

    def clone(self) -> Tensor:
        """A copy in memory of its own."""

    def pow(self, exponent: Tensor | Number) -> Tensor:
        """x ** y, element by element; one of them may be a number.
        RuntimeError for integers to a negative integer power.
        >>> pow(tensor([1.0, 2.0]), 3), pow(2, tensor([1.0, 2.0]))
        (tensor([1., 8.]), tensor([2., 4.]))
        """

    def clamp(self, min: Any = None, max: Any = None) -> Tensor:
        """x confined to [min, max]: both bounds numbers, or both Tensors that broadcast, and one of them may be None.
        At a bound the gradient goes to x.
        >>> clamp(tensor([-1.0, 0.5, 2.0]), min=0)
        tensor([0.0000, 0.5000, 2.0000])
        """

    def clip(self, min: Any = None, max: Any = None) -> Tensor:
        """x confined to [min, max]: both bounds numbers, or both Tensors that broadcast, and one of them may be None.
        At a bound the gradient goes to x.
        >>> clamp(tensor([-1.0, 0.5, 2.0]), min=0)
        tensor([0.0000, 0.5000, 2.0000])
        """

    def sum(self, dim: Dim = None, keepdim: builtins.bool = False, *, dtype: Any = None, axis: Dim = None, keepdims: builtins.bool = False) -> Tensor:
        """Σ x over an axis, several, or all. Integers and bools are summed in int64.
        >>> x = tensor([[1.0, 2.0], [3.0, 4.0]])
        >>> x.sum(), x.sum(0), x.sum(dim=-1, keepdim=True).shape
        (tensor(10.), tensor([4., 6.]), (2, 1))
        """

    def mean(self, dim: Dim = None, keepdim: builtins.bool = False, *, dtype: Any = None, axis: Dim = None, keepdims: builtins.bool = False) -> Tensor:
        """Σ x / n over an axis, several, or all; nan of nothing. RuntimeError for integers: cast them first.
        >>> tensor([[1.0, 2.0], [3.0, 4.0]]).mean(0)
        tensor([2., 3.])
        """

    def amax(self, dim: Dim = None, keepdim: builtins.bool = False, *, axis: Dim = None, keepdims: builtins.bool = False) -> Tensor:
        """The largest x over an axis, several, or all (amin: the smallest); those that tie share the gradient equally.
        >>> tensor([[1.0, 4.0], [3.0, 2.0]]).amax(1)
        tensor([4., 3.])
        """

    def amin(self, dim: Dim = None, keepdim: builtins.bool = False, *, axis: Dim = None, keepdims: builtins.bool = False) -> Tensor:
        """The smallest x over an axis, several, or all; see amax."""

    def argmax(self, dim: builtins.int | None = None, keepdim: builtins.bool = False, *, axis: builtins.int | None = None, keepdims: builtins.bool = False) -> Tensor:
        """Where along an axis (in the flattened tensor, if none is given) the largest x stands, as int64; the first of ties.
        >>> tensor([[1.0, 4.0], [3.0, 2.0]]).argmax(1)
        tensor([1, 0])
        """

    def argmin(self, dim: builtins.int | None = None, keepdim: builtins.bool = False, *, axis: builtins.int | None = None, keepdims: builtins.bool = False) -> Tensor:
        """Where the smallest x stands; see argmax."""

    @overload
    def max(self, dim: Tensor | None = None) -> Tensor:
        """The largest x (min: the smallest); with a dim, (values, indices) along it, of ties the first; max(x, y) is maximum.
        >>> x = tensor([[1.0, 4.0], [3.0, 2.0]])
        >>> x.max(), x.max(dim=0).values, x.max(dim=0).indices
        (tensor(4.), tensor([3., 4.]), tensor([1, 0]))
        """
    @overload
    def max(self, dim: builtins.int, keepdim: builtins.bool = False) -> Extremum: ...
    @overload
    def max(self, *, axis: builtins.int, keepdims: builtins.bool = False) -> Extremum: ...

    @overload
    def min(self, dim: Tensor | None = None) -> Tensor:
        """The smallest x; with a dim, (values, indices) along it; min(x, y) is minimum. See max."""
    @overload
    def min(self, dim: builtins.int, keepdim: builtins.bool = False) -> Extremum: ...
    @overload
    def min(self, *, axis: builtins.int, keepdims: builtins.bool = False) -> Extremum: ...

    def all(self, dim: Dim = None, keepdim: builtins.bool = False, *, axis: Dim = None, keepdims: builtins.bool = False) -> Tensor:
        """Whether every x, along an axis or altogether, is true (not 0)."""

    def any(self, dim: Dim = None, keepdim: builtins.bool = False, *, axis: Dim = None, keepdims: builtins.bool = False) -> Tensor:
        """Whether some x, along an axis or altogether, is true (not 0)."""

    def logsumexp(self, dim: Dim, keepdim: builtins.bool = False) -> Tensor:
        """log Σ e^x over an axis or several, without overflow.
        >>> tensor([1000.0, 1000.0]).logsumexp(0)
        tensor(1000.6932)
        """

    def reshape(self, *shape: Any) -> Tensor:
        """The same numbers in another shape, in row-major order; one size may be -1. A view where that is possible.
        >>> tensor([1, 2, 3, 4]).reshape(2, -1)
        tensor([[1, 2],
                [3, 4]])
        """

    def permute(self, *dims: Any) -> Tensor:
        """The axes in another order: axis i of the result is axis dims[i]: (2, 3, 4) by (2, 0, 1) is (4, 2, 3). A view."""

    def transpose(self, dim0: builtins.int, dim1: builtins.int) -> Tensor:
        """Two axes swapped: (2, 3, 4) by 0 and -1 is (4, 3, 2). A view."""

    def squeeze(self, dim: Dim = None, *, axis: Dim = None) -> Tensor:
        """Without the axes of length one: all of them, or of those given. A view.
        >>> zeros(1, 2, 1).squeeze().shape, zeros(1, 2, 1).squeeze(0).shape
        ((2,), (2, 1))
        """

    def unsqueeze(self, dim: builtins.int) -> Tensor:
        """With a new axis of length one at `dim`: (2, 3) at -1 is (2, 3, 1). A view."""

    def flatten(self, start_dim: builtins.int = 0, end_dim: builtins.int = -1) -> Tensor:
        """The axes from start_dim to end_dim as one: (2, 3, 4) from 1 is (2, 12)."""

    def broadcast_to(self, *sizes: Any) -> Tensor:
        """x repeated, without copying, along axes of length one and new ones in front; -1 leaves an axis as it is.
        >>> tensor([[1], [2]]).expand(-1, 3)
        tensor([[1, 1, 1],
                [2, 2, 2]])
        """

    def view(self, *shape: Any) -> Tensor:
        """reshape() that never copies: RuntimeError where the memory's order does not allow a view."""

    def expand(self, *sizes: Any) -> Tensor:
        """x repeated, without copying, along axes of length one and new ones in front; -1 leaves an axis as it is.
        >>> tensor([[1], [2]]).expand(-1, 3)
        tensor([[1, 1, 1],
                [2, 2, 2]])
        """

    def softmax(self, dim: builtins.int, dtype: Any = None) -> Tensor:
        """e^x / Σ e^x along an axis, without overflow.
        >>> tensor([0.0, 0.0, 1000.0]).softmax(0)
        tensor([0., 0., 1.])
        """

    def log_softmax(self, dim: builtins.int, dtype: Any = None) -> Tensor:
        """x - log Σ e^x along an axis: the logarithm of softmax, also where that underflows.
        >>> tensor([0.0, 1000.0]).log_softmax(0)
        tensor([-1000.,     0.])
        """

    def matmul(self, other: Tensor) -> Tensor:
        """The matrix product: (..., n, k) @ (..., k, m) -> (..., n, m), where the leading axes broadcast.
        A 1-D operand is a row on the left, a column on the right, and its axis is gone from the result. RuntimeError if the
        inner sizes or the dtypes differ.
        >>> tensor([[1.0, 2.0], [3.0, 4.0]]) @ tensor([1.0, 1.0])
        tensor([3., 7.])
        """

    def sigmoid(self) -> Tensor:
        """1 / (1 + e^-x): sigmoid' = sigmoid (1 - sigmoid). An overflowing e^-x gives the right 0.
        >>> tensor([0.0, 100.0, -1000.0]).sigmoid()
        tensor([0.5000, 1.0000, 0.0000])
        """

    def relu(self) -> Tensor:
        """max(x, 0); its derivative at 0 is 0."""

    def add_(self, other: Tensor | Number) -> Self:
        """x becomes add(x, other), in its own memory."""

    def sub_(self, other: Tensor | Number) -> Self:
        """x becomes sub(x, other), in its own memory."""

    def mul_(self, other: Tensor | Number) -> Self:
        """x becomes mul(x, other), in its own memory."""

    def div_(self, other: Tensor | Number) -> Self:
        """x becomes div(x, other), in its own memory."""

    def neg_(self) -> Self:
        """x becomes neg(x, ...), in its own memory."""

    def abs_(self) -> Self:
        """x becomes abs(x, ...), in its own memory."""

    def sign_(self) -> Self:
        """x becomes sign(x, ...), in its own memory."""

    def exp_(self) -> Self:
        """x becomes exp(x, ...), in its own memory."""

    def log_(self) -> Self:
        """x becomes log(x, ...), in its own memory."""

    def sqrt_(self) -> Self:
        """x becomes sqrt(x, ...), in its own memory."""

    def tanh_(self) -> Self:
        """x becomes tanh(x, ...), in its own memory."""

    def pow_(self, exponent: Tensor | Number) -> Self:
        """x becomes pow(x, ...), in its own memory."""

    def clamp_(self, min: Any = None, max: Any = None) -> Self:
        """x becomes clamp(x, ...), in its own memory."""

    def clip_(self, min: Any = None, max: Any = None) -> Self:
        """x becomes clamp(x, ...), in its own memory."""

    def relu_(self) -> Self:
        """x becomes relu(x, ...), in its own memory."""

    def sigmoid_(self) -> Self:
        """x becomes sigmoid(x, ...), in its own memory."""

    def __add__(self, other: Tensor | Number, /) -> Tensor:
        """x + y.
        >>> tensor([1.0, 2.0]) + 1
        tensor([2., 3.])
        """

    def __sub__(self, other: Tensor | Number, /) -> Tensor:
        """x - y."""

    def __mul__(self, other: Tensor | Number, /) -> Tensor:
        """x · y."""

    def __truediv__(self, other: Tensor | Number, /) -> Tensor:
        """x / y; integers give the default dtype.
        >>> tensor([1, 2]) / 2
        tensor([0.5000, 1.0000])
        """

    def __pow__(self, exponent: Tensor | Number, /) -> Tensor:
        """x ** y, element by element; one of them may be a number.
        RuntimeError for integers to a negative integer power.
        >>> pow(tensor([1.0, 2.0]), 3), pow(2, tensor([1.0, 2.0]))
        (tensor([1., 8.]), tensor([2., 4.]))
        """

    def __matmul__(self, other: Tensor, /) -> Tensor:
        """The matrix product: (..., n, k) @ (..., k, m) -> (..., n, m), where the leading axes broadcast.
        A 1-D operand is a row on the left, a column on the right, and its axis is gone from the result. RuntimeError if the
        inner sizes or the dtypes differ.
        >>> tensor([[1.0, 2.0], [3.0, 4.0]]) @ tensor([1.0, 1.0])
        tensor([3., 7.])
        """

    def __neg__(self) -> Tensor:
        """-x."""

    def __abs__(self) -> Tensor:
        """|x|; its derivative at 0 is 0."""

    def __eq__(self, other: Any, /) -> Tensor: ...  # type: ignore[override]

    def __ne__(self, other: Any, /) -> Tensor: ...  # type: ignore[override]

    def __lt__(self, other: Any, /) -> Tensor: ...

    def __le__(self, other: Any, /) -> Tensor: ...

    def __gt__(self, other: Any, /) -> Tensor: ...

    def __ge__(self, other: Any, /) -> Tensor: ...

    def __getitem__(self, index: Any, /) -> Tensor:
        """x[index]: a view for ints, slices, None and ...; a copy, with repeats allowed, for lists, integer and bool tensors.
        https://pytorch.org/docs/stable/tensor_view.html
        >>> x = tensor([1.0, 2.0, 3.0])
        >>> x[1:], x[[0, 0]], x[x > 1.5]
        (tensor([2., 3.]), tensor([1., 1.]), tensor([2., 3.]))
        """

    def __setitem__(self, index: Any, value: Any, /) -> None:
        """x[index] = value, in place; the gradient of what was there is 0."""

    def __and__(self, other: Any, /) -> Tensor: ...

    def __or__(self, other: Any, /) -> Tensor: ...

    def __xor__(self, other: Any, /) -> Tensor: ...

    def __rand__(self, other: Any, /) -> Tensor: ...

    def __ror__(self, other: Any, /) -> Tensor: ...

    def __rxor__(self, other: Any, /) -> Tensor: ...

    def __pos__(self) -> Tensor: ...

    def __invert__(self) -> Tensor: ...

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any: ...

    def __array_function__(self, function: Any, types: Any, args: Any, options: Any, /) -> Any: ...

    def __radd__(self, other: Tensor | Number, /) -> Tensor: ...

    def __rsub__(self, other: Tensor | Number, /) -> Tensor: ...

    def __rmul__(self, other: Tensor | Number, /) -> Tensor: ...

    def __rtruediv__(self, other: Tensor | Number, /) -> Tensor: ...

    def __rpow__(self, other: Tensor | Number, /) -> Tensor: ...

    def __rmatmul__(self, other: Tensor | Number, /) -> Tensor: ...

    def __iadd__(self, other: Tensor | Number, /) -> Self:
        """x becomes add(x, other), in its own memory."""

    def __isub__(self, other: Tensor | Number, /) -> Self:
        """x becomes sub(x, other), in its own memory."""

    def __imul__(self, other: Tensor | Number, /) -> Self:
        """x becomes mul(x, other), in its own memory."""

    def __ipow__(self, exponent: Tensor | Number, /) -> Self:
        """x becomes pow(x, ...), in its own memory."""

    def __itruediv__(self, other: Tensor | Number, /) -> Self:
        """x becomes div(x, other), in its own memory."""

    @property
    def T(self) -> Tensor:
        """All axes reversed: the transpose of a matrix. A view."""

    @property
    def mT(self) -> Tensor:
        """The last two axes swapped: each matrix transposed. A view."""

    def backward(self, gradient: Tensor | None = None, retain_graph: builtins.bool | None = None, create_graph: builtins.bool = False, inputs: Any = None) -> None:
        """Add d self / d leaf to the `.grad` of every leaf that requires it; see autograd.backward.
        `gradient` has self's shape and may be left out if self is one number.
        """

    def where(self, condition: Tensor, other: Tensor | Number) -> Tensor:
        """This tensor where the condition holds, else `other`."""

    def to(self, *args: Any, dtype: Any = None, device: Any = None, copy: builtins.bool = False) -> Tensor:
        """Itself in another dtype, on another device, or as another tensor is: x.to(float64), x.to("cuda"), x.to(y).
        The same object if nothing changes. Gradients flow back through it, except to integers.
        TypeError for a name that is neither a device nor a dtype.
        """

    def type(self, dtype: Any, non_blocking: builtins.bool = False) -> Tensor:
        """In another dtype: x.type(float64). See to(). Without one, PyTorch gives a name; here x.dtype has it."""

    def cpu(self) -> Tensor:
        """In the computer's own memory; itself if it is there."""

    def cuda(self, device: str | None = None) -> Tensor:
        """In the GPU's memory; RuntimeError says what is missing where there is none."""

    def copy_(self, other: Tensor | Number) -> Self:
        """Take a tensor's values, from whatever device, broadcast to this shape and cast to this dtype; or a number's."""

    def fill_(self, value: Tensor | Number) -> Self:
        """Be a number, or the one in a 0-d tensor, throughout."""

    def zero_(self) -> Self:
        """Be 0 throughout."""

    def half(self) -> Tensor:
        """The numbers as float16; itself if they are. See to()."""

    def float(self) -> Tensor:
        """The numbers as float32; itself if they are. See to()."""

    def double(self) -> Tensor:
        """The numbers as float64; itself if they are. See to()."""

    def int(self) -> Tensor:
        """The numbers as int32; itself if they are. See to()."""

    def long(self) -> Tensor:
        """The numbers as int64; itself if they are. See to()."""

    def byte(self) -> Tensor:
        """The numbers as uint8; itself if they are. See to()."""

    def bool(self) -> Tensor:
        """The numbers as bool; itself if they are. See to()."""
