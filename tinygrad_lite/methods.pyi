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

    def neg(self) -> Tensor:
        """-x."""

    def abs(self) -> Tensor:
        """|x|; its derivative at 0 is 0."""

    def sign(self) -> Tensor:
        """-1, 0 or 1; 0 for nan too. Its derivative is 0 everywhere."""

    def exp(self) -> Tensor:
        """e to the x. It is its own derivative, so only the result is saved.
        >>> tensor([0.0, 1.0]).exp()
        tensor([1.0000, 2.7183])
        """

    def log(self) -> Tensor:
        """Natural logarithm: -inf at 0 (with derivative inf), nan for negative x."""

    def sqrt(self) -> Tensor:
        """Square root: nan for negative x; at 0 the derivative is inf."""

    def tanh(self) -> Tensor:
        """Hyperbolic tangent: tanh' = 1 - tanh²."""

    def maximum(self, other: Tensor | Number) -> Tensor:
        """The larger of x and y, nan if one of them is nan. Where they are equal, each gets half of the gradient.
        >>> tensor([1.0, 5.0]).maximum(tensor([3.0, 2.0]))
        tensor([3., 5.])
        """

    def minimum(self, other: Tensor | Number) -> Tensor:
        """The smaller of x and y, nan if one of them is nan. Where they are equal, each gets half of the gradient."""

    def clone(self) -> Tensor:
        """A copy with its own memory."""

    def add(self, other: Tensor | Number, *, alpha: Number = 1) -> Tensor:
        """x + alpha · y.
        >>> tensor([1.0, 2.0]).add(1), tensor([1.0, 2.0]).add(tensor([1.0, 3.0]), alpha=10)
        (tensor([2., 3.]), tensor([11., 32.]))
        """

    def sub(self, other: Tensor | Number, *, alpha: Number = 1) -> Tensor:
        """x - alpha · y. RuntimeError for bools: use ~x or x ^ y."""

    def mul(self, other: Tensor | Number) -> Tensor:
        """x · y.
        >>> tensor([1.0, 2.0]).mul(3)
        tensor([3., 6.])
        """

    def div(self, other: Tensor | Number, *, rounding_mode: str | None = None) -> Tensor:
        """x / y, for integers in the default dtype. rounding_mode="floor" rounds down, as Python's //, and "trunc" towards 0; then
        the derivative is 0, and integers stay integers: RuntimeError if they are divided by 0.
        >>> x = tensor([-3, 3])
        >>> x.div(2), x.div(2, rounding_mode="floor"), x.div(2, rounding_mode="trunc")
        (tensor([-1.5000,  1.5000]), tensor([-2,  1]), tensor([-1,  1]))
        """

    def subtract(self, other: Tensor | Number, *, alpha: Number = 1) -> Tensor:
        """x - alpha · y. RuntimeError for bools: use ~x or x ^ y."""

    def multiply(self, other: Tensor | Number) -> Tensor:
        """x · y.
        >>> tensor([1.0, 2.0]).mul(3)
        tensor([3., 6.])
        """

    def divide(self, other: Tensor | Number, *, rounding_mode: str | None = None) -> Tensor:
        """x / y, for integers in the default dtype. rounding_mode="floor" rounds down, as Python's //, and "trunc" towards 0; then
        the derivative is 0, and integers stay integers: RuntimeError if they are divided by 0.
        >>> x = tensor([-3, 3])
        >>> x.div(2), x.div(2, rounding_mode="floor"), x.div(2, rounding_mode="trunc")
        (tensor([-1.5000,  1.5000]), tensor([-2,  1]), tensor([-1,  1]))
        """

    def true_divide(self, other: Tensor | Number) -> Tensor:
        """x / y, for integers in the default dtype."""

    def negative(self) -> Tensor:
        """-x."""

    def absolute(self) -> Tensor:
        """|x|; its derivative at 0 is 0."""

    def pow(self, exponent: Tensor | Number) -> Tensor:
        """x ** y, element by element; one of them may be a number.
        RuntimeError for integers to a negative integer power.
        >>> pow(tensor([1.0, 2.0]), 3), pow(2, tensor([1.0, 2.0]))
        (tensor([1., 8.]), tensor([2., 4.]))
        """

    def clamp(self, min: Any = None, max: Any = None) -> Tensor:
        """x limited to [min, max]. Both bounds are numbers, or both are Tensors that broadcast; one of them may be None.
        Where x equals a bound, the gradient goes to x.
        >>> clamp(tensor([-1.0, 0.5, 2.0]), min=0)
        tensor([0.0000, 0.5000, 2.0000])
        """

    def clip(self, min: Any = None, max: Any = None) -> Tensor:
        """x limited to [min, max]. Both bounds are numbers, or both are Tensors that broadcast; one of them may be None.
        Where x equals a bound, the gradient goes to x.
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
        """Σ x / n over an axis, several, or all; nan if n = 0. RuntimeError for integers: cast them first.
        >>> tensor([[1.0, 2.0], [3.0, 4.0]]).mean(0)
        tensor([2., 3.])
        """

    def amax(self, dim: Dim = None, keepdim: builtins.bool = False, *, axis: Dim = None, keepdims: builtins.bool = False) -> Tensor:
        """The largest x over an axis, several, or all (amin: the smallest). Equal largest numbers share the gradient equally.
        >>> tensor([[1.0, 4.0], [3.0, 2.0]]).amax(1)
        tensor([4., 3.])
        """

    def amin(self, dim: Dim = None, keepdim: builtins.bool = False, *, axis: Dim = None, keepdims: builtins.bool = False) -> Tensor:
        """The smallest x over an axis, several, or all; see amax."""

    def argmax(self, dim: builtins.int | None = None, keepdim: builtins.bool = False, *, axis: builtins.int | None = None, keepdims: builtins.bool = False) -> Tensor:
        """The position of the largest x along an axis, or in the flattened tensor if none is given; int64, the first of equals.
        >>> tensor([[1.0, 4.0], [3.0, 2.0]]).argmax(1)
        tensor([1, 0])
        """

    def argmin(self, dim: builtins.int | None = None, keepdim: builtins.bool = False, *, axis: builtins.int | None = None, keepdims: builtins.bool = False) -> Tensor:
        """The position of the smallest x; see argmax."""

    @overload
    def max(self, dim: Tensor | None = None) -> Tensor:
        """The largest x (min: the smallest). With a dim: (values, indices) along it, with the index of the first of equals.
        max(x, y) of two Tensors is maximum(x, y).
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
        """The smallest x. With a dim: (values, indices) along it. min(x, y) of two Tensors is minimum(x, y). See max."""
    @overload
    def min(self, dim: builtins.int, keepdim: builtins.bool = False) -> Extremum: ...
    @overload
    def min(self, *, axis: builtins.int, keepdims: builtins.bool = False) -> Extremum: ...

    def all(self, dim: Dim = None, keepdim: builtins.bool = False, *, axis: Dim = None, keepdims: builtins.bool = False) -> Tensor:
        """Whether all x, over an axis, several, or all, are true (not 0)."""

    def any(self, dim: Dim = None, keepdim: builtins.bool = False, *, axis: Dim = None, keepdims: builtins.bool = False) -> Tensor:
        """Whether any x, over an axis, several, or all, is true (not 0)."""

    def logsumexp(self, dim: Dim, keepdim: builtins.bool = False) -> Tensor:
        """log Σ e^x over an axis or several, without overflow.
        >>> tensor([1000.0, 1000.0]).logsumexp(0)
        tensor(1000.6932)
        """

    def reshape(self, *shape: Any) -> Tensor:
        """The same numbers in another shape, in row-major order. One size may be -1: it is computed. A view if possible.
        >>> tensor([1, 2, 3, 4]).reshape(2, -1)
        tensor([[1, 2],
                [3, 4]])
        """

    def permute(self, *dims: Any) -> Tensor:
        """The axes in another order: axis i of the result is axis dims[i]. Shape (2, 3, 4) by (2, 0, 1) is (4, 2, 3). A view."""

    def transpose(self, dim0: builtins.int, dim1: builtins.int) -> Tensor:
        """Two axes swapped: shape (2, 3, 4) with 0 and -1 is (4, 3, 2). A view."""

    def squeeze(self, dim: Dim = None, *, axis: Dim = None) -> Tensor:
        """Without axes of length one: all such axes, or those among `dim`. A view.
        >>> zeros(1, 2, 1).squeeze().shape, zeros(1, 2, 1).squeeze(0).shape
        ((2,), (2, 1))
        """

    def unsqueeze(self, dim: builtins.int) -> Tensor:
        """With a new axis of length one at `dim`: shape (2, 3) with -1 is (2, 3, 1). A view."""

    def flatten(self, start_dim: builtins.int = 0, end_dim: builtins.int = -1) -> Tensor:
        """The axes from start_dim to end_dim as one axis: shape (2, 3, 4) from 1 is (2, 12)."""

    def broadcast_to(self, *size: Any) -> Tensor:
        """x repeated, without copying, along axes of length one and along new axes in front; -1 keeps the size of an axis.
        >>> tensor([[1], [2]]).expand(-1, 3)
        tensor([[1, 1, 1],
                [2, 2, 2]])
        """

    def view(self, *size: Any) -> Tensor:
        """As reshape(), but never a copy: RuntimeError if the order of the memory does not allow a view. x.view(int32) has the
        bytes of the same memory as numbers of another dtype; gradients stop there.
        """

    def expand(self, *size: Any) -> Tensor:
        """x repeated, without copying, along axes of length one and along new axes in front; -1 keeps the size of an axis.
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
        """x - log Σ e^x along an axis: the logarithm of softmax, finite even where softmax underflows to 0.
        >>> tensor([0.0, 1000.0]).log_softmax(0)
        tensor([-1000.,     0.])
        """

    def matmul(self, other: Tensor) -> Tensor:
        """The matrix product: (..., n, k) @ (..., k, m) -> (..., n, m), where the leading axes broadcast.
        A 1-D operand is a row on the left and a column on the right; the result does not have its axis. RuntimeError if the inner
        sizes or the dtypes differ.
        >>> tensor([[1.0, 2.0], [3.0, 4.0]]) @ tensor([1.0, 1.0])
        tensor([3., 7.])
        """

    def add_(self, other: Tensor | Number, *, alpha: Number = 1) -> Self:
        """Replace x by x + alpha · other, in the memory of x."""

    def sub_(self, other: Tensor | Number, *, alpha: Number = 1) -> Self:
        """Replace x by x - alpha · other, in the memory of x."""

    def mul_(self, other: Tensor | Number) -> Self:
        """Replace x by mul(x, other), in the memory of x."""

    def div_(self, other: Tensor | Number, *, rounding_mode: str | None = None) -> Self:
        """Replace x by x / other, in the memory of x. For integers, RuntimeError without a rounding_mode."""

    def subtract_(self, other: Tensor | Number, *, alpha: Number = 1) -> Self:
        """Replace x by x - alpha · other, in the memory of x."""

    def multiply_(self, other: Tensor | Number) -> Self:
        """Replace x by mul(x, other), in the memory of x."""

    def divide_(self, other: Tensor | Number, *, rounding_mode: str | None = None) -> Self:
        """Replace x by x / other, in the memory of x. For integers, RuntimeError without a rounding_mode."""

    def true_divide_(self, other: Tensor | Number) -> Self:
        """Replace x by div(x, other), in the memory of x."""

    def pow_(self, exponent: Tensor | Number) -> Self:
        """Replace x by pow(x, ...), in the memory of x."""

    def neg_(self) -> Self:
        """Replace x by neg(x, ...), in the memory of x."""

    def abs_(self) -> Self:
        """Replace x by abs(x, ...), in the memory of x."""

    def sign_(self) -> Self:
        """Replace x by sign(x, ...), in the memory of x."""

    def exp_(self) -> Self:
        """Replace x by exp(x, ...), in the memory of x."""

    def log_(self) -> Self:
        """Replace x by log(x, ...), in the memory of x."""

    def sqrt_(self) -> Self:
        """Replace x by sqrt(x, ...), in the memory of x."""

    def tanh_(self) -> Self:
        """Replace x by tanh(x, ...), in the memory of x."""

    def negative_(self) -> Self:
        """Replace x by neg(x, ...), in the memory of x."""

    def absolute_(self) -> Self:
        """Replace x by abs(x, ...), in the memory of x."""

    def clamp_(self, min: Any = None, max: Any = None) -> Self:
        """Replace x by clamp(x, ...), in the memory of x."""

    def clip_(self, min: Any = None, max: Any = None) -> Self:
        """Replace x by clamp(x, ...), in the memory of x."""

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
        """x / y; for integers in the default dtype.
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
        A 1-D operand is a row on the left and a column on the right; the result does not have its axis. RuntimeError if the inner
        sizes or the dtypes differ.
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
        """x[index] = value, in place. The overwritten numbers get gradient 0."""

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

    def __iadd__(self, other: Tensor | Number, /) -> Tensor:
        """Replace x by add(x, other), in the memory of x."""

    def __isub__(self, other: Tensor | Number, /) -> Tensor:
        """Replace x by sub(x, other), in the memory of x."""

    def __imul__(self, other: Tensor | Number, /) -> Self:
        """Replace x by mul(x, other), in the memory of x."""

    def __itruediv__(self, other: Tensor | Number, /) -> Self:
        """Replace x by div(x, other), in the memory of x."""

    def __ipow__(self, exponent: Tensor | Number, /) -> Self:
        """Replace x by pow(x, ...), in the memory of x."""

    def __iand__(self, other: Any, /) -> Tensor:
        """Replace x by bitwise_and(x, other), in the memory of x."""

    def __ior__(self, other: Any, /) -> Tensor:
        """Replace x by bitwise_or(x, other), in the memory of x."""

    def __ixor__(self, other: Any, /) -> Tensor:
        """Replace x by bitwise_xor(x, other), in the memory of x."""

    def __mod__(self, other: Tensor | Number, /) -> Tensor: ...

    def __floordiv__(self, other: Tensor | Number, /) -> Tensor: ...

    def __lshift__(self, other: Tensor | Number, /) -> Tensor: ...

    def __rshift__(self, other: Tensor | Number, /) -> Tensor: ...

    def __rmod__(self, other: Tensor | Number, /) -> Tensor: ...

    def __rfloordiv__(self, other: Tensor | Number, /) -> Tensor: ...

    def __rlshift__(self, other: Tensor | Number, /) -> Tensor: ...

    def __rrshift__(self, other: Tensor | Number, /) -> Tensor: ...

    def __imod__(self, other: Tensor | Number, /) -> Tensor: ...

    def __ifloordiv__(self, other: Tensor | Number, /) -> Tensor: ...

    def __ilshift__(self, other: Tensor | Number, /) -> Tensor: ...

    def __irshift__(self, other: Tensor | Number, /) -> Tensor: ...

    @property
    def T(self) -> Tensor:
        """All axes reversed: the transpose of a matrix. A view."""

    @property
    def mT(self) -> Tensor:
        """The last two axes swapped: each matrix transposed. A view."""

    def backward(self, gradient: Tensor | None = None, retain_graph: builtins.bool | None = None, create_graph: builtins.bool = False, inputs: Any = None) -> None:
        """Compute d self / d leaf for every leaf that requires grad, and add it to the leaf's `.grad`; see autograd.backward.
        `gradient`, the upstream gradient, has the shape of self; it may be left out if self has one element, and is then 1.
        """

    def where(self, condition: Tensor, other: Tensor | Number) -> Tensor:
        """This tensor where the condition is true, `other` elsewhere."""

    def to(self, *args: Any, dtype: Any = None, device: Any = None, copy: builtins.bool = False) -> Tensor:
        """The tensor in another dtype, on another device, or with dtype and device of another tensor: x.to(float64), x.to("cuda"),
        x.to(y). It is x itself if nothing changes and copy is false. Gradients flow back through it, unless it makes integers.
        TypeError for a name that is neither a device nor a dtype.
        """

    def cpu(self) -> Tensor:
        """The tensor in the computer's main memory; x itself if it is there already."""

    def cuda(self, device: str | None = None) -> Tensor:
        """The tensor in the GPU's memory. RuntimeError without a GPU or CuPy; it says what is missing."""

    def copy_(self, other: Tensor | Number) -> Self:
        """Overwrite x with the values of a tensor, on any device, broadcast to this shape and cast to this dtype; or a number."""

    def fill_(self, value: Tensor | Number) -> Self:
        """Set every element to a number, or to the number in a 0-d tensor."""

    def zero_(self) -> Self:
        """Set every element to 0."""

    @property
    def real(self) -> Tensor:
        """The real part: of real numbers, the only kind here, the tensor itself."""

    def half(self) -> Tensor:
        """The tensor as float16; x itself if it has this dtype already. See to()."""

    def float(self) -> Tensor:
        """The tensor as float32; x itself if it has this dtype already. See to()."""

    def double(self) -> Tensor:
        """The tensor as float64; x itself if it has this dtype already. See to()."""

    def char(self) -> Tensor:
        """The tensor as int8; x itself if it has this dtype already. See to()."""

    def short(self) -> Tensor:
        """The tensor as int16; x itself if it has this dtype already. See to()."""

    def int(self) -> Tensor:
        """The tensor as int32; x itself if it has this dtype already. See to()."""

    def long(self) -> Tensor:
        """The tensor as int64; x itself if it has this dtype already. See to()."""

    def byte(self) -> Tensor:
        """The tensor as uint8; x itself if it has this dtype already. See to()."""

    def bool(self) -> Tensor:
        """The tensor as bool; x itself if it has this dtype already. See to()."""
