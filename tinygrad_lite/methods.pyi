"""What methods.py installs on Tensor, for editors and type checkers. `python tests/declared_methods.py` writes it."""

import builtins
from typing import Any, Self, overload

from matplotlib.axes import Axes

from collections.abc import Callable, Mapping, Sequence
from typing import Never
from ._tensor import Tensor
from .axes import Dim
from .functional.counting import Histogram
from .functional.decomposition import QR, SVDWithV
from .functional.lu import Reflections
from .functional.memory import Storage
from .functional.numbers import Parts
from .functional.reduction import Extremum
from .functional.solving import SignAndLog, TriangularSolution
from .functional.sorting import Ranked
from .functional.statistics import Range
from .operands import Number
from .random import Generator

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
        (tensor(10.), tensor([4., 6.]), torch.Size([2, 1]))
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
        (torch.Size([2]), torch.Size([2, 1]))
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

    def clone(self, *, memory_format: Any = None) -> Tensor:
        """A copy with its own memory, in row-major order; with memory_format=channels_last, the numbers of the channels (dim 1) lie
        side by side. Gradients flow back through it.
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

    def __rsub__(self, other: Tensor | Number, /) -> Tensor: ...

    def __rtruediv__(self, other: Tensor | Number, /) -> Tensor: ...

    def __rpow__(self, other: Tensor | Number, /) -> Tensor: ...

    def __rmatmul__(self, other: Tensor | Number, /) -> Tensor: ...

    def __radd__(self, other: Tensor | Number, /) -> Tensor:
        """x + y.
        >>> tensor([1.0, 2.0]) + 1
        tensor([2., 3.])
        """

    def __rmul__(self, other: Tensor | Number, /) -> Tensor:
        """x · y."""

    def __iadd__(self, other: Tensor | Number, /) -> Self:
        """Replace x by add(x, other), in the memory of x."""

    def __isub__(self, other: Tensor | Number, /) -> Self:
        """Replace x by sub(x, other), in the memory of x."""

    def __imul__(self, other: Tensor | Number, /) -> Self:
        """Replace x by mul(x, other), in the memory of x."""

    def __itruediv__(self, other: Tensor | Number, /) -> Self:
        """Replace x by div(x, other), in the memory of x."""

    def __ipow__(self, exponent: Tensor | Number, /) -> Self:
        """Replace x by pow(x, ...), in the memory of x."""

    def __iand__(self, other: Any, /) -> Self:
        """Replace x by bitwise_and(x, other), in the memory of x."""

    def __ior__(self, other: Any, /) -> Self:
        """Replace x by bitwise_or(x, other), in the memory of x."""

    def __ixor__(self, other: Any, /) -> Self:
        """Replace x by bitwise_xor(x, other), in the memory of x."""

    def __mod__(self, other: Tensor | Number, /) -> Tensor: ...

    def __floordiv__(self, other: Tensor | Number, /) -> Tensor: ...

    def __lshift__(self, other: Tensor | Number, /) -> Tensor: ...

    def __rshift__(self, other: Tensor | Number, /) -> Tensor: ...

    def __rmod__(self, other: Tensor | Number, /) -> Tensor: ...

    def __rfloordiv__(self, other: Tensor | Number, /) -> Tensor: ...

    def __rlshift__(self, other: Tensor | Number, /) -> Tensor: ...

    def __rrshift__(self, other: Tensor | Number, /) -> Tensor: ...

    def __imod__(self, other: Tensor | Number, /) -> Self: ...

    def __ifloordiv__(self, other: Tensor | Number, /) -> Self: ...

    def __ilshift__(self, other: Tensor | Number, /) -> Self: ...

    def __irshift__(self, other: Tensor | Number, /) -> Self: ...

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

    def graph(self, ax: Axes | None = None, *, names: Mapping[Any, Any] | None = None, model: Any = None) -> Axes:
        """Draw the graph that leads to this tensor, as a static picture; see explanation/drawing.py. Returns matplotlib's Axes.
        `names`, {"w": w}, and `model` give names, as in explain().
        """

    def where(self, condition: Tensor, other: Tensor | Number) -> Tensor:
        """This tensor where the condition is true, `other` elsewhere."""

    def to(self, *args: Any, dtype: Any = None, device: Any = None, non_blocking: builtins.bool = False, copy: builtins.bool = False, memory_format: Any = None) -> Tensor:
        """The tensor in another dtype, on another device, or with dtype and device of another tensor: x.to(float64), x.to("cuda"),
        x.to(y). It is x itself if nothing changes and `copy`, the second bool after these, is false; `non_blocking` changes
        nothing. Gradients flow back through it, unless it makes integers.
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

    def half(self, *, memory_format: Any = None) -> Tensor:
        """The tensor as float16; x itself if it has this dtype already. See to()."""

    def float(self, *, memory_format: Any = None) -> Tensor:
        """The tensor as float32; x itself if it has this dtype already. See to()."""

    def double(self, *, memory_format: Any = None) -> Tensor:
        """The tensor as float64; x itself if it has this dtype already. See to()."""

    def char(self, *, memory_format: Any = None) -> Tensor:
        """The tensor as int8; x itself if it has this dtype already. See to()."""

    def short(self, *, memory_format: Any = None) -> Tensor:
        """The tensor as int16; x itself if it has this dtype already. See to()."""

    def int(self, *, memory_format: Any = None) -> Tensor:
        """The tensor as int32; x itself if it has this dtype already. See to()."""

    def long(self, *, memory_format: Any = None) -> Tensor:
        """The tensor as int64; x itself if it has this dtype already. See to()."""

    def byte(self, *, memory_format: Any = None) -> Tensor:
        """The tensor as uint8; x itself if it has this dtype already. See to()."""

    def bool(self, *, memory_format: Any = None) -> Tensor:
        """The tensor as bool; x itself if it has this dtype already. See to()."""

    def erf(self) -> Tensor:
        """The error function, from -1 to 1. Its derivative is 2/√π e^-x².
        >>> tensor([0.0, 1.0]).erf()
        tensor([0.0000, 0.8427])
        """

    def erfc(self) -> Tensor:
        """1 - erf(x), without cancellation.
        >>> tensor([0.0, 5.0]).erfc()
        tensor([1.0000e+00, 1.5375e-12])
        """

    def erfinv(self) -> Tensor:
        """The inverse of erf: ±inf at ±1, nan beyond.
        >>> tensor([0.0, 0.5, -1.0]).erfinv()
        tensor([0.0000, 0.4769,   -inf])
        """

    def log1p(self) -> Tensor:
        """log(1 + x), exact for small x too, where 1 + x would round to 1.
        >>> tensor(1e-10).log1p(), (1 + tensor(1e-10)).log()
        (tensor(1.0000e-10), tensor(0.))
        """

    def log2(self) -> Tensor:
        """Logarithm to the base 2."""

    def log10(self) -> Tensor:
        """Logarithm to the base 10."""

    def expm1(self) -> Tensor:
        """e^x - 1, exact for small x too."""

    def exp2(self) -> Tensor:
        """2 to the x."""

    def reciprocal(self) -> Tensor:
        """1 / x."""

    def rsqrt(self) -> Tensor:
        """1 / √x: inf at 0, nan for negative x.
        >>> tensor([4.0, 0.25]).rsqrt()
        tensor([0.5000, 2.0000])
        """

    def angle(self) -> Tensor:
        """π for negative x, 0 for others, nan for nan: the angle of x in the complex plane."""

    def fmax(self, other: Tensor | Number) -> Tensor:
        """The larger of x and y, the other one if one is nan. Where they are equal, x gets all of the gradient.
        >>> tensor([1.0, 2.0]).fmax(tensor([float("nan"), 3.0]))
        tensor([1., 3.])
        """

    def fmin(self, other: Tensor | Number) -> Tensor:
        """The smaller of x and y, the other one if one is nan. Where they are equal, x gets all of the gradient."""

    def floor(self) -> Tensor:
        """The largest whole number <= x.
        >>> tensor([-1.5, 1.5]).floor()
        tensor([-2.,  1.])
        """

    def ceil(self) -> Tensor:
        """The smallest whole number >= x."""

    def trunc(self) -> Tensor:
        """x without the digits after the point: rounded towards 0."""

    def frac(self) -> Tensor:
        """The digits after the point, with the sign of x: x - trunc(x)."""

    def fix(self) -> Tensor:
        """x without the digits after the point: rounded towards 0."""

    def lgamma(self) -> Tensor:
        """log |Γ(x)|, where Γ(n) = (n - 1)!; inf at 0, -1, -2, ...
        >>> tensor([1.0, 5.0]).lgamma()
        tensor([0.0000, 3.1781])
        """

    def digamma(self) -> Tensor:
        """The derivative of log Γ(x); ∓inf at ±0, nan at -1, -2, ...
        >>> tensor([1.0, 2.0]).digamma()
        tensor([-0.5772,  0.4228])
        """

    def i0(self) -> Tensor:
        """The modified Bessel function I0, Σ (x/2)^2k / k!² over k = 0, 1, ...
        >>> tensor([0.0, 1.0]).i0()
        tensor([1.0000, 1.2661])
        """

    def igamma(self, other: Tensor | Number) -> Tensor:
        """The share of Γ(a) = ∫ t^(a-1) e^-t dt that comes from 0 < t < x: from 0 at x = 0 to 1; differentiable in x only.
        >>> tensor([1.0, 1.0]).igamma(tensor([0.0, 1.0]))
        tensor([0.0000, 0.6321])
        """

    def igammac(self, other: Tensor | Number) -> Tensor:
        """1 - igamma(a, x), without cancellation; differentiable in x only."""

    def polygamma(self, n: builtins.int) -> Tensor:
        """The n-th derivative of digamma, (-1)^(n+1) n! ζ(n+1, x) for n >= 1.
        >>> tensor([1.0, 2.0]).polygamma(1)
        tensor([1.6449, 0.6449])
        """

    def sin(self) -> Tensor:
        """Sine.
        >>> tensor([0.0, 1.0]).sin()
        tensor([0.0000, 0.8415])
        """

    def cos(self) -> Tensor:
        """Cosine."""

    def tan(self) -> Tensor:
        """Tangent: tan' = 1 + tan²."""

    def asin(self) -> Tensor:
        """The angle in [-π/2, π/2] whose sine is x. Its derivative is inf at -1 and 1."""

    def acos(self) -> Tensor:
        """The angle in [0, π] whose cosine is x. Its derivative is -inf at -1 and 1."""

    def atan(self) -> Tensor:
        """The angle in [-π/2, π/2] whose tangent is x."""

    def atan2(self, other: Tensor | Number) -> Tensor:
        """The angle in [-π, π] of the point whose height is x and whose position on the horizontal axis is y.
        At the origin its derivatives are 0, the second ones nan.
        >>> atan2(tensor([1.0, 1.0]), tensor([1.0, -1.0]))
        tensor([0.7854, 2.3562])
        """

    def sinh(self) -> Tensor:
        """Hyperbolic sine: (e^x - e^-x) / 2."""

    def cosh(self) -> Tensor:
        """Hyperbolic cosine: (e^x + e^-x) / 2."""

    def asinh(self) -> Tensor:
        """The number whose hyperbolic sine is x."""

    def acosh(self) -> Tensor:
        """The number >= 0 whose hyperbolic cosine is x. Its derivative is inf at 1."""

    def atanh(self) -> Tensor:
        """The number whose hyperbolic tangent is x: -inf at -1, inf at 1."""

    def sinc(self) -> Tensor:
        """sin(πx) / (πx), and 1 at 0."""

    def arcsin(self) -> Tensor:
        """The angle in [-π/2, π/2] whose sine is x. Its derivative is inf at -1 and 1."""

    def arccos(self) -> Tensor:
        """The angle in [0, π] whose cosine is x. Its derivative is -inf at -1 and 1."""

    def arctan(self) -> Tensor:
        """The angle in [-π/2, π/2] whose tangent is x."""

    def arctan2(self, other: Tensor | Number) -> Tensor:
        """The angle in [-π, π] of the point whose height is x and whose position on the horizontal axis is y.
        At the origin its derivatives are 0, the second ones nan.
        >>> atan2(tensor([1.0, 1.0]), tensor([1.0, -1.0]))
        tensor([0.7854, 2.3562])
        """

    def arcsinh(self) -> Tensor:
        """The number whose hyperbolic sine is x."""

    def arccosh(self) -> Tensor:
        """The number >= 0 whose hyperbolic cosine is x. Its derivative is inf at 1."""

    def arctanh(self) -> Tensor:
        """The number whose hyperbolic tangent is x: -inf at -1, inf at 1."""

    def relu(self) -> Tensor:
        """max(x, 0); its derivative at 0 is 0."""

    def sigmoid(self) -> Tensor:
        """1 / (1 + e^-x): sigmoid' = sigmoid (1 - sigmoid). If e^-x overflows, the result is 0, which is right.
        >>> tensor([0.0, 100.0, -1000.0]).sigmoid()
        tensor([0.5000, 1.0000, 0.0000])
        """

    def prelu(self, weight: Tensor) -> Tensor:
        """x where x > 0, w · x elsewhere; w is one number, or one for each channel (dim 1).

        He et al. 2015; https://pytorch.org/docs/stable/generated/torch.nn.functional.prelu.html

        >>> prelu(tensor([-2.0, 2.0]), tensor([0.25]))
        tensor([-0.5000,  2.0000])
        """

    def hardshrink(self, lambd: builtins.float = 0.5) -> Tensor:
        """x where |x| > lambd, 0 elsewhere.

        https://pytorch.org/docs/stable/generated/torch.nn.functional.hardshrink.html

        >>> hardshrink(tensor([-1.0, 0.25]))
        tensor([-1.,  0.])
        """

    def unique(self, sorted: builtins.bool = True, return_inverse: builtins.bool = False, return_counts: builtins.bool = False, dim: builtins.int | None = None) -> Any:
        """The different values of x, in ascending order; with a dim, its different slices. With return_inverse, also where in the
        result each x is; with return_counts, how often each comes. Each nan is different from all others.
        >>> unique(tensor([3, 1, 3]), return_inverse=True, return_counts=True)
        (tensor([1, 3]), tensor([1, 0, 1]), tensor([1, 2]))
        """

    def unique_consecutive(self, return_inverse: builtins.bool = False, return_counts: builtins.bool = False, dim: builtins.int | None = None) -> Any:
        """x with each run of equal values replaced by one of them; otherwise like unique.
        >>> unique_consecutive(tensor([1, 1, 2, 1]), return_counts=True)
        (tensor([1, 2, 1]), tensor([2, 1, 1]))
        """

    def bincount(self, weights: Tensor | None = None, minlength: builtins.int = 0) -> Tensor:
        """How often 0, 1, 2, ... come in a vector of integers; with weights, the sum of the weights of each.
        >>> tensor([0, 2, 2]).bincount()
        tensor([1, 0, 2])
        """

    def histc(self, bins: builtins.int = 100, min: Any = 0, max: Any = 0) -> Tensor:
        """How many x lie in each of `bins` parts of equal width between min and max; the last one includes max. If both are equal,
        the least and the largest x are taken. x outside are not counted.
        >>> tensor([1.0, 2.0, 2.5, 4.0]).histc(3)
        tensor([1., 2., 1.])
        """

    def histogram(self, bins: Any, *, range: Any = None, weight: Tensor | None = None, density: builtins.bool = False) -> Histogram:
        """(hist, bin_edges): how many x lie in each bin; `bins` is their number or a vector of their edges. Each bin includes its
        lower edge, the last one its upper edge too. With density, the areas of the bars add to 1.
        >>> hist, edges = tensor([1.0, 2.0, 2.5, 4.0]).histogram(3)
        >>> hist, edges
        (tensor([1., 2., 1.]), tensor([1., 2., 3., 4.]))
        """

    def count_nonzero(self, dim: Dim = None) -> Tensor:
        """How many x are not 0, along a dim, several, or in all. nan is not 0.
        >>> tensor([[1, 0], [2, 3]]).count_nonzero(0)
        tensor([2, 1])
        """

    def allclose(self, other: Tensor, rtol: builtins.float = 1e-05, atol: builtins.float = 1e-08, equal_nan: builtins.bool = False) -> builtins.bool:
        """Whether all numbers are close; see isclose.
        >>> tensor([1.0]).allclose(tensor([1.0 + 1e-7]))
        True
        """

    def isclose(self, other: Tensor, rtol: builtins.float = 1e-05, atol: builtins.float = 1e-08, equal_nan: builtins.bool = False) -> Tensor:
        """|x - y| <= atol + rtol * |y|, element by element; equal numbers, inf too, are close.
        >>> tensor([1.0, 2.0]).isclose(tensor([1.0, 2.1]))
        tensor([ True, False])
        """

    def equal(self, other: Tensor) -> builtins.bool:
        """Whether two tensors have the same shape and the same numbers. nan is not equal to nan.
        >>> tensor([1, 2]).equal(tensor([1, 2]))
        True
        """

    def nonzero(self, *, as_tuple: builtins.bool = False) -> Any:
        """The positions of the x that are not 0: a row of them for each; or, as a tuple, an index for each dim, such that
        x[x.nonzero(as_tuple=True)] are these x.
        >>> tensor([[1, 0], [0, 2]]).nonzero()
        tensor([[0, 0],
                [1, 1]])
        """

    def nonzero_static(self, *, size: builtins.int, fill_value: builtins.int = -1) -> Tensor:
        """The first `size` rows of x.nonzero(); rows of `fill_value` follow if there are fewer.
        >>> nonzero_static(tensor([0, 1, 1]), size=3)
        tensor([[ 1],
                [ 2],
                [-1]])
        """

    def argwhere(self) -> Tensor:
        """The positions of the x that are not 0, a row for each: x.nonzero().
        >>> tensor([0, 3, 4]).argwhere()
        tensor([[1],
                [2]])
        """

    def new(self, *data: Any, device: Any = None) -> Tensor:
        """A tensor of the dtype of x, from a list, x.new([1, 2]), or of a shape with arbitrary values, x.new(2, 3). An old form of
        new_tensor() and new_empty().
        >>> tensor([0.5]).new([1, 2])
        tensor([1., 2.])
        """

    def new_tensor(self, data: Any, **options: Any) -> Tensor:
        """tensor(data) with the dtype and device of x. The options are dtype, device and requires_grad.
        >>> tensor([1.5]).new_tensor([1, 2])
        tensor([1., 2.])
        """

    def new_zeros(self, *shape: Any, size: Any = None, **options: Any) -> Tensor:
        """Zeros of a shape, x.new_zeros(2, 3), with the dtype and device of x."""

    def new_ones(self, *shape: Any, size: Any = None, **options: Any) -> Tensor:
        """Ones of a shape, x.new_ones(2, 3), with the dtype and device of x."""

    def new_empty(self, *shape: Any, size: Any = None, **options: Any) -> Tensor:
        """A tensor of a shape, x.new_empty(2, 3), with the dtype and device of x. Its values are arbitrary."""

    def new_full(self, size: Any, fill_value: Any, **options: Any) -> Tensor:
        """A tensor of a shape, filled with one number, with the dtype and device of x.
        >>> ones(1).new_full((2,), 7)
        tensor([7., 7.])
        """

    def new_empty_strided(self, size: Any, stride: Any, **options: Any) -> Tensor:
        """A tensor of a shape with these strides (in numbers), and the dtype and device of x. Its values are arbitrary."""

    def cholesky(self, upper: builtins.bool = False) -> Tensor:
        """linalg.cholesky() under its older name."""

    def qr(self, some: builtins.bool = True) -> QR:
        """linalg.qr() under its older name; some=False is its mode "complete"."""

    def svd(self, some: builtins.bool = True, compute_uv: builtins.bool = True) -> SVDWithV:
        """(U, S, V) with A = U diag(S) Vᵀ: the older form of linalg.svd(), which has Vh = Vᵀ. some=False completes U and V. Without
        compute_uv, U and V are zeros.
        """

    def diff(self, n: builtins.int = 1, dim: builtins.int = -1, prepend: Tensor | None = None, append: Tensor | None = None, *, axis: builtins.int = -1) -> Tensor:
        """The differences x[i+1] - x[i] along an axis, taken n times. `prepend` and `append` are joined to x first.
        >>> tensor([1.0, 4.0, 9.0]).diff(), tensor([1.0, 4.0, 9.0]).diff(n=2)
        (tensor([3., 5.]), tensor([2.]))
        """

    def flip(self, *dims: Any) -> Tensor:
        """The order along the axes reversed. A copy.
        >>> tensor([[1, 2], [3, 4]]).flip(0, 1)
        tensor([[4, 3],
                [2, 1]])
        """

    def fliplr(self) -> Tensor:
        """Left and right exchanged: axis 1 in reverse order. A copy."""

    def flipud(self) -> Tensor:
        """Up and down exchanged: axis 0 in reverse order. A copy."""

    def roll(self, shifts: builtins.int | Sequence[builtins.int], dims: Dim = None) -> Tensor:
        """The numbers moved along the axes by `shifts`; what leaves at one end comes in at the other. Without dims, the tensor is
        rolled as if it were flat. A copy.
        >>> tensor([1, 2, 3, 4]).roll(1)
        tensor([4, 1, 2, 3])
        """

    def rot90(self, k: builtins.int = 1, dims: Sequence[builtins.int] = (0, 1)) -> Tensor:
        """Turned by k quarter turns in the plane of two axes, from the first towards the second. A copy.
        >>> tensor([[1, 2], [3, 4]]).rot90()
        tensor([[2, 4],
                [1, 3]])
        """

    def tile(self, *dims: Any) -> Tensor:
        """The tensor laid side by side, dims[i] times along axis i, counted from the last axis. A copy.
        >>> tensor([[1], [2]]).tile(2)
        tensor([[1, 1],
                [2, 2]])
        """

    def repeat_interleave(self, repeats: Any = None, dim: builtins.int | None = None, *, output_size: builtins.int | None = None) -> Tensor:
        """Each slice of an axis several times in succession: `repeats` times, or as often as a tensor says for each. Without dim,
        the tensor is flat. repeat_interleave(repeats) alone gives the positions that are repeated. A copy.
        >>> tensor([1, 2]).repeat_interleave(2), tensor([1, 2]).repeat_interleave(tensor([1, 3]))
        (tensor([1, 1, 2, 2]), tensor([1, 2, 2, 2]))
        """

    def repeat(self, *repeats: Any) -> Tensor:
        """The tensor laid side by side, repeats[i] times along axis i; further repeats stand for new axes in front. A copy.
        >>> tensor([1, 2]).repeat(2, 2)
        tensor([[1, 2, 1, 2],
                [1, 2, 1, 2]])
        """

    def is_nonzero(self) -> builtins.bool:
        """Whether the one number of a tensor is not 0. RuntimeError for a tensor of another size."""

    def type(self, dtype: Any = None, non_blocking: builtins.bool = False) -> Any:
        """The name of the tensor's kind, "torch.FloatTensor"; with a dtype, the tensor in that dtype. The dtype may also be given
        as FloatTensor or "torch.FloatTensor".
        >>> tensor([1.0]).type(), tensor([1.7]).type(long)
        ('torch.FloatTensor', tensor([1]))
        """

    def type_as(self, other: Tensor) -> Tensor:
        """The tensor in the dtype of another one, and on its device."""

    def logaddexp(self, other: Tensor) -> Tensor:
        """log(e^x + e^y), without overflow. RuntimeError for integers.
        >>> logaddexp(tensor([1000.0]), tensor([0.0]))
        tensor([1000.])
        """

    def logaddexp2(self, other: Tensor) -> Tensor:
        """log2(2^x + 2^y), without overflow. RuntimeError for integers."""

    def xlogy(self, other: Tensor | Number) -> Tensor:
        """x · log y, and 0 where x is 0, unless y is nan. One of the two may be a number.
        >>> xlogy(tensor([0.0, 2.0]), tensor([0.0, 1.0]))
        tensor([0., 0.])
        """

    def logit(self, eps: builtins.float | None = None) -> Tensor:
        """log(x / (1 - x)), the inverse of sigmoid. With eps, x is first limited to [eps, 1 - eps]; without, nan outside [0, 1].
        >>> tensor([0.0, 0.5]).logit(), tensor([0.0, 0.5]).logit(eps=0.1)
        (tensor([-inf, 0.]), tensor([-2.1972,  0.0000]))
        """

    def eq(self, other: Tensor | Number) -> Tensor:
        """Whether x == y, element by element; see also torch.equal, which gives one bool.
        >>> tensor([1, 2]).eq(2)
        tensor([False,  True])
        """

    def ne(self, other: Tensor | Number) -> Tensor:
        """Whether x != y; nan is not equal to itself."""

    def lt(self, other: Tensor | Number) -> Tensor:
        """Whether x < y."""

    def le(self, other: Tensor | Number) -> Tensor:
        """Whether x <= y."""

    def gt(self, other: Tensor | Number) -> Tensor:
        """Whether x > y."""

    def ge(self, other: Tensor | Number) -> Tensor:
        """Whether x >= y."""

    def not_equal(self, other: Tensor | Number) -> Tensor:
        """Whether x != y; nan is not equal to itself."""

    def less(self, other: Tensor | Number) -> Tensor:
        """Whether x < y."""

    def less_equal(self, other: Tensor | Number) -> Tensor:
        """Whether x <= y."""

    def greater(self, other: Tensor | Number) -> Tensor:
        """Whether x > y."""

    def greater_equal(self, other: Tensor | Number) -> Tensor:
        """Whether x >= y."""

    def isnan(self) -> Tensor:
        """Whether x is nan.
        >>> tensor([1.0, float("nan")]).isnan()
        tensor([False,  True])
        """

    def isinf(self) -> Tensor:
        """Whether x is inf or -inf."""

    def isfinite(self) -> Tensor:
        """Whether x is neither nan nor inf nor -inf."""

    def isposinf(self) -> Tensor:
        """Whether x is inf."""

    def isneginf(self) -> Tensor:
        """Whether x is -inf."""

    def logical_and(self, other: Tensor) -> Tensor:
        """Whether both are true; numbers other than 0 are.
        >>> logical_and(tensor([0, 1, 2]), tensor([1.0, 1.0, 0.0]))
        tensor([False,  True, False])
        """

    def logical_or(self, other: Tensor) -> Tensor:
        """Whether at least one is true; see logical_and."""

    def logical_xor(self, other: Tensor) -> Tensor:
        """Whether exactly one is true; see logical_and."""

    def logical_not(self) -> Tensor:
        """Whether x is 0 or False."""

    def bitwise_and(self, other: Tensor | Number) -> Tensor:
        """The bits that both integers have: x & y. For bools, whether both are true. RuntimeError for floats.
        >>> bitwise_and(tensor([6, 12]), 4)
        tensor([4, 4])
        """

    def bitwise_or(self, other: Tensor | Number) -> Tensor:
        """The bits that at least one has: x | y; see bitwise_and."""

    def bitwise_xor(self, other: Tensor | Number) -> Tensor:
        """The bits that exactly one has: x ^ y; see bitwise_and."""

    def bitwise_not(self) -> Tensor:
        """The bits that x has not: ~x, which is -x - 1 for signed integers. RuntimeError for floats."""

    def bitwise_left_shift(self, other: Tensor | Number) -> Tensor:
        """The bits moved up by y places: x << y, which is x · 2^y. RuntimeError for floats and bools.
        >>> tensor([1, 3]) << 2
        tensor([ 4, 12])
        """

    def bitwise_right_shift(self, other: Tensor | Number) -> Tensor:
        """The bits moved down by y places: x >> y, which is x // 2^y. RuntimeError for floats and bools."""

    def apply_(self, callable: Callable[[Any], Any]) -> Tensor:
        """Replace each number x by callable(x).
        >>> tensor([1.0, 2.0]).apply_(lambda x: x + 1)
        tensor([2., 3.])
        """

    def map_(self, tensor: Tensor, callable: Callable[[Any, Any], Any]) -> Tensor:
        """Replace each number x by callable(x, y), with the number y at its place in another tensor, which is broadcast."""

    def map2_(self, x: Tensor, y: Tensor, callable: Callable[[Any, Any, Any], Any]) -> Tensor:
        """As map_(), with two other tensors."""

    def lu(self, pivot: builtins.bool = True, get_infos: builtins.bool = False) -> Any:
        """linalg.lu_factor() under its older name; without an error for singular matrices, and with `info` if get_infos."""

    def lu_solve(self, LU_data: Tensor, LU_pivots: Tensor) -> Tensor:
        """X with A X = input, where LU_data and LU_pivots are lu_factor(A)."""

    def geqrf(self) -> Reflections:
        """(a, tau): the QR decomposition in compact form. R is on and above the diagonal of a, and below it are the vectors bᵢ of
        the reflections I - τᵢ bᵢ bᵢᵀ, whose product is Q. It has no gradient; qr() has one.
        """

    def orgqr(self, tau: Tensor) -> Tensor:
        """linalg.householder_product() under its older name."""

    def ormqr(self, tau: Tensor, other: Tensor, left: builtins.bool = True, transpose: builtins.bool = False) -> Tensor:
        """Q other, or other Q if not `left`, with Qᵀ for Q if `transpose`: Q is the product of all reflections of geqrf()."""

    def numel(self) -> builtins.int:
        """The number of elements."""

    def is_same_size(self, other: Tensor) -> builtins.bool:
        """Whether two tensors have the same shape."""

    def contiguous(self, memory_format: Any = None) -> Tensor:
        """The tensor with its numbers in row-major order in memory: x itself if they lie so already, else a copy. With
        memory_format=channels_last, in that order.
        >>> zeros(2, 3).T.contiguous().stride()
        (2, 1)
        """

    def is_contiguous(self, memory_format: Any = None) -> builtins.bool:
        """Whether the numbers lie in row-major order in memory, without gaps; or in the order of another memory_format."""

    @overload
    def stride(self, dim: None = None) -> tuple[builtins.int, ...]:
        """How many numbers lie in memory from one element to the next along each axis, or along one axis.
        >>> zeros(2, 3).stride(), zeros(2, 3).T.stride(0)
        ((3, 1), 1)
        """
    @overload
    def stride(self, dim: builtins.int) -> builtins.int: ...

    def storage_offset(self) -> builtins.int:
        """How many numbers lie in memory before the first element.
        >>> arange(6)[2:].storage_offset()
        2
        """

    def data_ptr(self) -> builtins.int:
        """The address of the first element in memory; 0 if there is none."""

    def element_size(self) -> builtins.int:
        """The size of one element in bytes."""

    def nelement(self) -> builtins.int:
        """The number of elements."""

    def ndimension(self) -> builtins.int:
        """The number of axes."""

    def is_set_to(self, tensor: Tensor) -> builtins.bool:
        """Whether two tensors are the same numbers in the same memory, element for element."""

    def untyped_storage(self) -> Storage:
        """The memory that a tensor and its views share.
        >>> x = zeros(2, 3)
        >>> x.untyped_storage().data_ptr() == x[1].untyped_storage().data_ptr(), x.untyped_storage().nbytes()
        (True, 24)
        """

    @property
    def nbytes(self) -> builtins.int:
        """The size of all elements in bytes."""

    @property
    def itemsize(self) -> builtins.int:
        """The size of one element in bytes."""

    @property
    def H(self) -> Tensor:
        """The transpose of a matrix, which is its conjugate transpose for real numbers. A view."""

    @property
    def mH(self) -> Tensor:
        """The last two axes swapped: for real numbers the same as mT. A view."""

    def detach_(self) -> Tensor:
        """Take x off the tape, in place: it becomes a leaf without history, and gradients stop here."""

    def squeeze_(self, dim: Dim = None) -> Tensor:
        """Drop axes of length one, in place; see squeeze()."""

    def unsqueeze_(self, dim: builtins.int) -> Tensor:
        """Insert an axis of length one, in place; see unsqueeze()."""

    def transpose_(self, dim0: builtins.int, dim1: builtins.int) -> Tensor:
        """Swap two axes, in place; see transpose()."""

    def swapaxes_(self, axis0: builtins.int, axis1: builtins.int) -> Tensor:
        """As transpose_()."""

    def swapdims_(self, dim0: builtins.int, dim1: builtins.int) -> Tensor:
        """As transpose_()."""

    def t_(self) -> Tensor:
        """Transpose a matrix, in place; see t()."""

    def resize_(self, *sizes: Any, memory_format: Any = None) -> Never:
        """Refused: NumPy memory that others see cannot grow, and what PyTorch has in the new elements is uninitialized."""

    def resize_as_(self, the_template: Tensor, *, memory_format: Any = None) -> Never:
        """Refused, as resize_()."""

    def set_(self, source: Any = None, storage_offset: builtins.int = 0, size: Any = None, stride: Any = None) -> Never:
        """Refused: a recorded step could no longer tell which memory it saw. x.data = y lets a leaf use the memory of y."""

    def square(self) -> Tensor:
        """x².
        >>> tensor([-2.0, 3.0]).square()
        tensor([4., 9.])
        """

    def deg2rad(self) -> Tensor:
        """Degrees as radians: x · π / 180."""

    def rad2deg(self) -> Tensor:
        """Radians as degrees: x · 180 / π."""

    def float_power(self, exponent: Tensor | Number) -> Tensor:
        """x ** y, computed in float64.
        >>> tensor([2, 4]).float_power(-1).tolist()
        [0.5, 0.25]
        """

    def ldexp(self, other: Tensor) -> Tensor:
        """x · 2^y. For integers y it is exact, even where 2^y overflows.
        >>> ldexp(tensor([1.0, 3.0]), tensor([1, -1]))
        tensor([2.0000, 1.5000])
        """

    def frexp(self) -> Parts:
        """A mantissa, 0.5 <= |mantissa| < 1, and an integer exponent (int32), so that x = mantissa · 2^exponent.
        >>> mantissa, exponent = frexp(tensor([1.0, 6.0]))
        >>> mantissa, exponent.tolist()
        (tensor([0.5000, 0.7500]), [1, 3])
        """

    def copysign(self, other: Tensor | Number) -> Tensor:
        """|x| with the sign of y, -0.0 counting as negative. At x = 0 the derivative is 0.
        >>> tensor([1.0, -2.0]).copysign(-1)
        tensor([-1., -2.])
        """

    def hypot(self, other: Tensor) -> Tensor:
        """√(x² + y²), without overflow of the squares; RuntimeError for integers.
        >>> tensor([3.0]).hypot(tensor([4.0]))
        tensor([5.])
        """

    def lerp(self, end: Tensor, weight: Tensor | Number) -> Tensor:
        """x + weight · (end - x): x for weight 0, end for weight 1. RuntimeError for integers or different dtypes.
        >>> lerp(tensor([0.0, 10.0]), tensor([10.0, 20.0]), 0.25)
        tensor([ 2.5000, 12.5000])
        """

    def addcmul(self, tensor1: Tensor, tensor2: Tensor, *, value: Number = 1) -> Tensor:
        """x + value · a · b."""

    def addcdiv(self, tensor1: Tensor, tensor2: Tensor, *, value: Number = 1) -> Tensor:
        """x + value · a / b. RuntimeError if a and b are integers."""

    def clamp_min(self, min: Tensor | Number) -> Tensor:
        """The larger of x and min; where they are equal, x gets the gradient."""

    def clamp_max(self, max: Tensor | Number) -> Tensor:
        """The smaller of x and max; where they are equal, x gets the gradient."""

    def nan_to_num(self, nan: builtins.float | None = 0.0, posinf: builtins.float | None = None, neginf: builtins.float | None = None) -> Tensor:
        """x with other numbers in place of nan, inf and -inf; for the infinities, if not given, the largest and the smallest number
        of the dtype. The derivative is 0 at what was replaced.
        >>> tensor([1.0, float("nan"), float("inf")]).nan_to_num(posinf=9.0)
        tensor([1., 0., 9.])
        """

    def sgn(self) -> Tensor:
        """-1, 0 or 1; 0 for nan too. Its derivative is 0 everywhere."""

    def positive(self) -> Tensor:
        """+x, which is x itself. RuntimeError for bools."""

    def conj(self) -> Tensor:
        """The complex conjugate: of a real number, the only kind here, x itself."""

    def conj_physical(self) -> Tensor:
        """The complex conjugate: of a real number, the only kind here, x itself."""

    def resolve_conj(self) -> Tensor:
        """The complex conjugate: of a real number, the only kind here, x itself."""

    def resolve_neg(self) -> Tensor:
        """The complex conjugate: of a real number, the only kind here, x itself."""

    def isreal(self) -> Tensor:
        """True for each number, since there are no complex ones here."""

    def is_complex(self) -> builtins.bool:
        """Whether the numbers are complex: False, since there are no such tensors here."""

    def is_conj(self) -> builtins.bool:
        """Whether the numbers are complex: False, since there are no such tensors here."""

    def is_neg(self) -> builtins.bool:
        """Whether the numbers are complex: False, since there are no such tensors here."""

    def signbit(self) -> Tensor:
        """Whether x is negative; True for -0.0 too.
        >>> tensor([-1.0, -0.0, 0.0]).signbit()
        tensor([ True,  True, False])
        """

    def heaviside(self, values: Tensor) -> Tensor:
        """0 for x < 0, `values` for x = 0, 1 for x > 0. It has no gradient. RuntimeError if the dtypes differ.
        >>> heaviside(tensor([-1.0, 0.0, 2.0]), tensor(0.5))
        tensor([0.0000, 0.5000, 1.0000])
        """

    def nextafter(self, other: Tensor) -> Tensor:
        """The neighbour of x among the numbers of its dtype, in the direction of y.
        >>> nextafter(tensor(1.0), tensor(2.0)) - 1
        tensor(1.1921e-07)
        """

    def gcd(self, other: Tensor) -> Tensor:
        """The greatest common divisor of integers.
        >>> gcd(tensor([12, 7]), tensor([18, 0]))
        tensor([6, 7])
        """

    def lcm(self, other: Tensor) -> Tensor:
        """The least common multiple of integers, >= 0."""

    def float_power_(self, exponent: Tensor | Number) -> Tensor:
        """Replace x by x ** y, in the memory of x. RuntimeError if x is not float64, in which it is computed."""

    def get_device(self) -> builtins.int:
        """The number of the GPU that holds the memory; -1 for the CPU."""

    def is_signed(self) -> builtins.bool:
        """Whether the dtype has negative numbers.
        >>> tensor([1.0]).is_signed(), tensor([1], dtype=uint8).is_signed()
        (True, False)
        """

    def is_inference(self) -> builtins.bool:
        """False: what is computed in inference_mode() is a tensor like any other."""

    def is_distributed(self) -> builtins.bool:
        """False."""

    @property
    def is_cpu(self) -> builtins.bool:
        """Whether the memory is the computer's."""

    @property
    def is_sparse(self) -> builtins.bool:
        """False: there are no such tensors here."""

    @property
    def is_sparse_csr(self) -> builtins.bool:
        """False: there are no such tensors here."""

    @property
    def is_quantized(self) -> builtins.bool:
        """False: there are no such tensors here."""

    @property
    def is_meta(self) -> builtins.bool:
        """False: there are no such tensors here."""

    @property
    def is_mkldnn(self) -> builtins.bool:
        """False: there are no such tensors here."""

    @property
    def is_nested(self) -> builtins.bool:
        """False: there are no such tensors here."""

    @property
    def is_mps(self) -> builtins.bool:
        """False: there are no such tensors here."""

    @property
    def is_mtia(self) -> builtins.bool:
        """False: there are no such tensors here."""

    @property
    def is_xla(self) -> builtins.bool:
        """False: there are no such tensors here."""

    @property
    def is_xpu(self) -> builtins.bool:
        """False: there are no such tensors here."""

    @property
    def is_ipu(self) -> builtins.bool:
        """False: there are no such tensors here."""

    @property
    def is_maia(self) -> builtins.bool:
        """False: there are no such tensors here."""

    @property
    def is_vulkan(self) -> builtins.bool:
        """False: there are no such tensors here."""

    def is_pinned(self, device: Any = None) -> builtins.bool:
        """Whether the memory is pinned, for quick copies to a GPU: False."""

    def is_shared(self) -> builtins.bool:
        """Whether other processes see the memory: False."""

    def pin_memory(self, device: Any = None) -> Tensor:
        """x itself: there is no pinned memory here, and without it copies to a GPU are only slower."""

    def share_memory_(self) -> Tensor:
        """x itself. Its memory is not shared with other processes; there are no functions here that start any."""

    @property
    def output_nr(self) -> builtins.int:
        """Which result of its step the tensor is: 0, as each step here has one."""

    @property
    def name(self) -> None:
        """None: tensors have no names."""

    @property
    def imag(self) -> Never:
        """Refused, as in PyTorch for real numbers, the only kind here."""

    def mm(self, mat2: Tensor) -> Tensor:
        """The product of two matrices, (n, k) and (k, m). RuntimeError for batches and vectors: matmul takes these."""

    def bmm(self, mat2: Tensor) -> Tensor:
        """The products of two batches of matrices of the same length, (b, n, k) and (b, k, m)."""

    def mv(self, vec: Tensor) -> Tensor:
        """The product of a matrix and a vector, (n, k) and (k)."""

    def dot(self, tensor: Tensor) -> Tensor:
        """Σ x y of two vectors of the same length.
        >>> tensor([1.0, 2.0]).dot(tensor([3.0, 4.0]))
        tensor(11.)
        """

    def vdot(self, other: Tensor) -> Tensor:
        """As dot()."""

    def outer(self, vec2: Tensor) -> Tensor:
        """The matrix of all products, out_ij = x_i y_j.
        >>> outer(tensor([1, 2]), tensor([3, 4]))
        tensor([[3, 4],
                [6, 8]])
        """

    def ger(self, vec2: Tensor) -> Tensor:
        """The matrix of all products, out_ij = x_i y_j.
        >>> outer(tensor([1, 2]), tensor([3, 4]))
        tensor([[3, 4],
                [6, 8]])
        """

    def inner(self, other: Tensor) -> Tensor:
        """Σ x y over the last axis of both, for all pairs of the others: (..., k) and (..., k) give (..., ...). A number scales.
        >>> inner(tensor([1, 2]), tensor([[3, 4], [5, 6]]))
        tensor([11, 17])
        """

    def addmm(self, mat1: Tensor, mat2: Tensor, *, beta: builtins.float = 1, alpha: builtins.float = 1) -> Tensor:
        """beta · input + alpha · mat1 @ mat2. The input broadcasts to the shape of the product; with beta = 0 it is not read, so
        that inf and nan in it do not count.
        >>> addmm(tensor([1.0, 2.0]), ones(1, 2), ones(2, 2), alpha=3)
        tensor([[7., 8.]])
        """

    def addmv(self, mat: Tensor, vec: Tensor, *, beta: builtins.float = 1, alpha: builtins.float = 1) -> Tensor:
        """beta · input + alpha · mat @ vec; see addmm."""

    def addbmm(self, batch1: Tensor, batch2: Tensor, *, beta: builtins.float = 1, alpha: builtins.float = 1) -> Tensor:
        """beta · input + alpha · Σ of the products of two batches of matrices; see addmm."""

    def addr(self, vec1: Tensor, vec2: Tensor, *, beta: builtins.float = 1, alpha: builtins.float = 1) -> Tensor:
        """beta · input + alpha · outer(vec1, vec2); see addmm. The dtypes may differ."""

    def baddbmm(self, batch1: Tensor, batch2: Tensor, *, beta: builtins.float = 1, alpha: builtins.float = 1) -> Tensor:
        """beta · input + alpha · the products of two batches of matrices; see addmm."""

    def kron(self, other: Tensor) -> Tensor:
        """The Kronecker product: the matrix of blocks x_ij Y. For any number of axes; axes of length 1 are added in front.
        >>> kron(tensor([[1, 2]]), tensor([[1], [3]]))
        tensor([[1, 2],
                [3, 6]])
        """

    def cross(self, other: Tensor, dim: builtins.int | None = None) -> Tensor:
        """The vector product along an axis of length 3, by default the first such axis. The other axes broadcast.
        >>> cross(tensor([1.0, 0.0, 0.0]), tensor([0.0, 1.0, 0.0]))
        tensor([0., 0., 1.])
        """

    def bernoulli(self, p: builtins.float | None = None, *, generator: Generator | None = None) -> Tensor:
        """1 with the probability that each element of `input` is, else 0; with p, its probability is p for all.
        RuntimeError unless 0 <= p <= 1.
        >>> bernoulli(tensor([0.0, 1.0]))
        tensor([0., 1.])
        """

    def multinomial(self, num_samples: builtins.int, replacement: builtins.bool = False, *, generator: Generator | None = None) -> Tensor:
        """The places of `num_samples` draws in proportion to the weights in each row of `input`; without replacement no place comes
        twice. RuntimeError for weights that are negative, not finite or all zero, and for more draws than places.
        https://pytorch.org/docs/stable/generated/torch.multinomial.html
        >>> multinomial(tensor([0.0, 3.0, 0.0]), 2, replacement=True)
        tensor([1, 1])
        """

    def bernoulli_(self, p: Any = 0.5, *, generator: Generator | None = None) -> Tensor:
        """Replace each element by 1 with probability p, else by 0; p is a number, or a tensor that broadcasts to the shape of x.
        RuntimeError unless 0 <= p <= 1.
        >>> _ = manual_seed(0); zeros(4).bernoulli_(0.5)
        tensor([0., 0., 1., 0.])
        """

    def cauchy_(self, median: builtins.float = 0, sigma: builtins.float = 1, *, generator: Generator | None = None) -> Tensor:
        """Replace x by Cauchy random numbers, of density σ / (π (σ² + (x - median)²)). RuntimeError unless σ > 0.
        >>> _ = manual_seed(0); zeros(2).cauchy_()
        tensor([10.5977,  0.7648])
        """

    def exponential_(self, lambd: builtins.float = 1, *, generator: Generator | None = None) -> Tensor:
        """Replace x by exponential random numbers, of density λ e^(-λx). RuntimeError unless λ > 0.
        >>> _ = manual_seed(0); zeros(2).exponential_()
        tensor([3.5083, 1.2304])
        """

    def geometric_(self, p: builtins.float, *, generator: Generator | None = None) -> Tensor:
        """Replace x by geometric random numbers: the trials up to the first success, which has probability p in each.
        RuntimeError unless 0 < p < 1.
        >>> _ = manual_seed(0); zeros(3).geometric_(0.5)
        tensor([1., 1., 2.])
        """

    def log_normal_(self, mean: builtins.float = 1, std: builtins.float = 2, *, generator: Generator | None = None) -> Tensor:
        """Replace x by e to the power of normal random numbers N(mean, std²). RuntimeError unless std > 0.
        >>> _ = manual_seed(0); zeros(2).log_normal_(0, 1)
        tensor([4.6692, 0.7457])
        """

    def normal_(self, mean: builtins.float = 0.0, std: builtins.float = 1.0, *, generator: Generator | None = None) -> Tensor:
        """Replace x by normal random numbers N(mean, std²). RuntimeError if std < 0.
        >>> _ = manual_seed(0); zeros(2).normal_(std=0.1)
        tensor([ 0.1541, -0.0293])
        """

    def random_(self, *bounds: builtins.int | None, generator: Generator | None = None, **named: builtins.int | None) -> Tensor:
        """Replace x by random integers from 0 to the largest of its dtype (for floats, to the last from which on not all integers
        are floats); x.random_(to): from 0 to to - 1; x.random_(from, to): from `from` to to - 1. RuntimeError for an empty range.
        >>> _ = manual_seed(0); zeros(4).random_(10)
        tensor([4., 9., 3., 0.])
        """

    def uniform_(self, *bounds: builtins.float, generator: Generator | None = None, **named: builtins.float) -> Tensor:
        """Replace x by uniform random numbers in [from, to): x.uniform_(), x.uniform_(-1, 1) or x.uniform_(to=2).
        RuntimeError if from > to.
        >>> _ = manual_seed(0); zeros(2).uniform_(-1, 1)
        tensor([-0.0075,  0.5364])
        """

    def round(self, *, decimals: builtins.int | None = None) -> Tensor:
        """x rounded to so many digits after the point, or before it if `decimals` is negative; halves go to the even digit.
        Integers are whole already: with decimals=, RuntimeError. The derivative is 0.
        >>> tensor([0.5, 1.5, 2.718]).round(), tensor([3.14159]).round(decimals=2)
        (tensor([0., 2., 3.]), tensor([3.1400]))
        """

    def fmod(self, other: Tensor | Number) -> Tensor:
        """x - y · trunc(x / y): what is left of x after division by y, with the sign of x. See remainder."""

    def remainder(self, other: Tensor | Number) -> Tensor:
        """x - y · floor(x / y): what is left of x after division by y, with the sign of y, as Python's %.
        RuntimeError for integers divided by 0.
        >>> tensor([-3, 3]) % 2, tensor([-3, 3]).fmod(2)
        (tensor([1, 1]), tensor([-1,  1]))
        """

    def floor_divide(self, other: Tensor | Number) -> Tensor:
        """floor(x / y), as Python's //; integers stay integers. RuntimeError for integers divided by 0. The derivative is 0.
        >>> tensor([-3, 3]) // 2
        tensor([-2,  1])
        """

    def cumsum(self, dim: builtins.int, *, dtype: Any = None) -> Tensor:
        """The running sum along an axis: out[i] = x[0] + ... + x[i]. Integers and bools are summed in int64.
        >>> tensor([1.0, 2.0, 3.0]).cumsum(0)
        tensor([1., 3., 6.])
        """

    def cumprod(self, dim: builtins.int, *, dtype: Any = None) -> Tensor:
        """The running product along an axis: out[i] = x[0] · ... · x[i]. Integers and bools are multiplied in int64.
        >>> tensor([1.0, 2.0, 3.0]).cumprod(0)
        tensor([1., 2., 6.])
        """

    def logcumsumexp(self, dim: builtins.int) -> Tensor:
        """log (e^x[0] + ... + e^x[i]) along an axis, without overflow. NotImplementedError for integers: cast them first.
        >>> tensor([1000.0, 1000.0]).logcumsumexp(0)
        tensor([1000.0000, 1000.6932])
        """

    def cummax(self, dim: builtins.int) -> Extremum:
        """The largest number so far along an axis, and its position: the last one if there are several. The first nan stays.
        >>> tensor([1.0, 3.0, 2.0]).cummax(0)
        torch.return_types.cummax(
        values=tensor([1., 3., 3.]),
        indices=tensor([0, 1, 1]))
        """

    def cummin(self, dim: builtins.int) -> Extremum:
        """The smallest number so far along an axis, and its position; see cummax."""

    def cumsum_(self, dim: builtins.int, *, dtype: Any = None) -> Tensor:
        """Replace x by its running sum along an axis, in the memory of x and in its dtype."""

    def cumprod_(self, dim: builtins.int, *, dtype: Any = None) -> Tensor:
        """Replace x by its running product along an axis, in the memory of x and in its dtype."""

    def gather(self, dim: builtins.int, index: Tensor, *, sparse_grad: builtins.bool = False) -> Tensor:
        """out[i, j] = x[index[i, j], j] for dim 0, x[i, index[i, j]] for dim 1, and so on: the index picks along one dim.
        Its shape is that of the result; along other dims it may be shorter than x. The gradient is never sparse here.
        >>> gather(tensor([[1.0, 2.0], [3.0, 4.0]]), 1, tensor([[1], [0]]))
        tensor([[2.],
                [3.]])
        """

    def scatter(self, dim: builtins.int, index: Tensor, src: Any = None, *, value: Any = None, reduce: str | None = None) -> Tensor:
        """A copy of x with x[index[i, j], j] = src[i, j] for dim 0, and so on; `src` is a tensor, or a number for all places.
        If a place comes twice, the last number stays. With reduce="add" or "multiply", they are added or multiplied instead.
        >>> zeros(2, 3).scatter(1, tensor([[2], [0]]), 1.0)
        tensor([[0., 0., 1.],
                [1., 0., 0.]])
        """

    def scatter_add(self, dim: builtins.int, index: Tensor, src: Tensor) -> Tensor:
        """A copy of x with src[i, j] added to x[index[i, j], j] for dim 0, and so on; a place may come repeatedly.
        >>> zeros(3).scatter_add(0, tensor([0, 0, 2]), tensor([1.0, 2.0, 3.0]))
        tensor([3., 0., 3.])
        """

    def scatter_reduce(self, dim: builtins.int, index: Tensor, src: Tensor, reduce: str, *, include_self: builtins.bool = True) -> Tensor:
        """Like scatter_add, with the sum, "prod", "mean", "amax" or "amin" of the numbers of a place; that of x is one of them
        unless `include_self` is false. Equal largest numbers share the gradient equally.
        >>> x = tensor([1.0, 5.0])
        >>> x.scatter_reduce(0, tensor([0, 0, 1]), tensor([2.0, 3.0, 4.0]), "amax")
        tensor([3., 5.])
        """

    def take(self, index: Tensor) -> Tensor:
        """x.flatten()[index], in the shape of the index; negative positions count from the end.
        >>> tensor([[1.0, 2.0], [3.0, 4.0]]).take(tensor([0, -1]))
        tensor([1., 4.])
        """

    def take_along_dim(self, indices: Tensor, dim: builtins.int | None = None) -> Tensor:
        """gather() with an index that broadcasts and may be negative, such as the one that argsort returns; without a dim, of the
        flattened tensor.
        >>> x = tensor([[3.0, 1.0, 2.0]])
        >>> take_along_dim(x, tensor([[2, 0, 1]]), 1)
        tensor([[2., 3., 1.]])
        """

    def put(self, index: Tensor, source: Tensor, accumulate: builtins.bool = False) -> Tensor:
        """A copy of x with x.flatten()[index] = source; with accumulate, += instead, also where a position comes repeatedly.
        >>> zeros(2, 2).put(tensor([1, -1]), tensor([5.0, 6.0]))
        tensor([[0., 5.],
                [0., 6.]])
        """

    def index_select(self, dim: builtins.int, index: Tensor) -> Tensor:
        """The slices of x at some positions along a dim: x[:, index] for dim 1. A copy.
        >>> tensor([[1.0, 2.0], [3.0, 4.0]]).index_select(1, tensor([1, 1]))
        tensor([[2., 2.],
                [4., 4.]])
        """

    def index_add(self, dim: builtins.int, index: Tensor, source: Tensor, *, alpha: Any = 1) -> Tensor:
        """A copy of x with x[index[i]] += alpha * source[i] for dim 0, and so on; a position may come repeatedly.
        >>> zeros(2, 2).index_add(0, tensor([1, 1]), ones(2, 2))
        tensor([[0., 0.],
                [2., 2.]])
        """

    def index_copy(self, dim: builtins.int, index: Tensor, source: Tensor) -> Tensor:
        """A copy of x with x[index[i]] = source[i] for dim 0, and so on.
        >>> zeros(2, 2).index_copy(0, tensor([1]), ones(1, 2))
        tensor([[0., 0.],
                [1., 1.]])
        """

    def index_fill(self, dim: builtins.int, index: Tensor, value: Any) -> Tensor:
        """A copy of x with x[index] = value for dim 0, and so on; the value is a number or a 0-d tensor.
        >>> zeros(2, 2).index_fill(1, tensor([-1]), 5.0)
        tensor([[0., 5.],
                [0., 5.]])
        """

    def index_put(self, indices: Any, values: Tensor, accumulate: builtins.bool = False) -> Tensor:
        """A copy of x with x[indices] = values; with accumulate, += instead, also where a position comes repeatedly. `indices` is
        a tuple or list of integer or bool tensors.
        >>> zeros(3).index_put((tensor([0, 0]),), tensor([1.0, 2.0]), accumulate=True)
        tensor([3., 0., 0.])
        """

    def index_reduce(self, dim: builtins.int, index: Tensor, source: Tensor, reduce: str, *, include_self: builtins.bool = True) -> Tensor:
        """Like index_add, with the "prod", "mean", "amax" or "amin" of the slices of a position; that of x is one of them unless
        `include_self` is false.
        >>> ones(2).index_reduce(0, tensor([0, 0]), tensor([2.0, 3.0]), "prod")
        tensor([6., 1.])
        """

    def masked_fill(self, mask: Tensor, value: Any) -> Tensor:
        """x with the value, a number or a 0-d tensor, where the mask is true. Both broadcast; the dtype is that of x.
        >>> tensor([1.0, 2.0]).masked_fill(tensor([True, False]), -1.0)
        tensor([-1.,  2.])
        """

    def masked_select(self, mask: Tensor) -> Tensor:
        """The numbers of x where the mask is true, in one dimension. Both broadcast.
        >>> tensor([1.0, 2.0, 3.0]).masked_select(tensor([True, False, True]))
        tensor([1., 3.])
        """

    def masked_scatter(self, mask: Tensor, source: Tensor) -> Tensor:
        """A copy of x with the first numbers of the source, in their order, where the mask is true.
        >>> zeros(3).masked_scatter(tensor([True, False, True]), tensor([1.0, 2.0, 3.0]))
        tensor([1., 0., 2.])
        """

    def select_scatter(self, src: Tensor, dim: builtins.int, index: builtins.int) -> Tensor:
        """A copy of x in which the slice x.select(dim, index) is src.
        >>> zeros(2, 2).select_scatter(ones(2), 0, 1)
        tensor([[0., 0.],
                [1., 1.]])
        """

    def slice_scatter(self, src: Tensor, dim: builtins.int = 0, start: builtins.int | None = None, end: builtins.int | None = None, step: builtins.int = 1) -> Tensor:
        """A copy of x in which the part from start to end, each step-th slice of an axis, is src."""

    def diagonal_scatter(self, src: Tensor, offset: builtins.int = 0, dim1: builtins.int = 0, dim2: builtins.int = 1) -> Tensor:
        """A copy of x in which the diagonal x.diagonal(offset, dim1, dim2) is src."""

    def index_add_(self, dim: builtins.int, index: Tensor, source: Tensor, *, alpha: Any = 1) -> Tensor:
        """index_add(), in the memory of x."""

    def masked_fill_(self, mask: Tensor, value: Any) -> Tensor:
        """masked_fill(), in the memory of x."""

    def det(self) -> Tensor:
        """The determinant of each matrix.
        >>> det(tensor([[1.0, 2.0], [3.0, 4.0]]))
        tensor(-2.)
        """

    def slogdet(self) -> SignAndLog:
        """(sign, logabsdet): the sign of the determinant and log |det|, which does not overflow. 0 and -inf if it is 0."""

    def logdet(self) -> Tensor:
        """log det of each matrix: -inf if it is 0, nan if it is negative."""

    def inverse(self) -> Tensor:
        """linalg.inv() under its older name."""

    def pinverse(self, rcond: builtins.float = 1e-15) -> Tensor:
        """linalg.pinv() under its older name, with another default."""

    def matrix_power(self, n: builtins.int) -> Tensor:
        """The product of n times the matrix itself; for a negative n, of its inverse; the identity for n = 0."""

    def matrix_exp(self) -> Tensor:
        """e^A = I + A + A²/2 + ... of each matrix.
        >>> matrix_exp(zeros(2, 2))
        tensor([[1., 0.],
                [0., 1.]])
        """

    def cholesky_inverse(self, upper: builtins.bool = False) -> Tensor:
        """A⁻¹, where A = L Lᵀ, or LᵀL if `upper`. LinAlgError for a 0 on the diagonal of L."""

    def cholesky_solve(self, L: Tensor, upper: builtins.bool = False) -> Tensor:
        """X with A X = input, where A = L Lᵀ, or LᵀL if `upper`."""

    def triangular_solve(self, A: Tensor, upper: builtins.bool = True, transpose: builtins.bool = False, unitriangular: builtins.bool = False) -> TriangularSolution:
        """linalg.solve_triangular() in its older form: (X, A) with A X = input, or Aᵀ X = input."""

    def sort(self, dim: builtins.int = -1, descending: builtins.bool = False, stable: builtins.bool | None = False) -> Ranked:
        """(values, indices): x in ascending or descending order along a dim, and where the numbers were. nan is the largest. The
        sort is always stable: equal numbers stay in their order.
        >>> values, indices = tensor([3.0, 1.0, 2.0]).sort()
        >>> values, indices
        (tensor([1., 2., 3.]), tensor([1, 2, 0]))
        """

    def argsort(self, dim: builtins.int = -1, descending: builtins.bool = False, stable: builtins.bool | None = False) -> Tensor:
        """The indices of sort(): where the smallest number along a dim is, the next, and so on.
        >>> tensor([3.0, 1.0, 2.0]).argsort()
        tensor([1, 2, 0])
        """

    def msort(self) -> Tensor:
        """x in ascending order along the first dim: x.sort(0).values.
        >>> tensor([[2.0, 1.0], [1.0, 3.0]]).msort()
        tensor([[1., 1.],
                [2., 3.]])
        """

    def topk(self, k: builtins.int, dim: builtins.int = -1, largest: builtins.bool = True, sorted: builtins.bool = True) -> Ranked:
        """(values, indices) of the k largest x along a dim, the largest first; or of the k smallest. They are always in order,
        sorted or not.
        >>> tensor([3.0, 1.0, 2.0]).topk(2).values
        tensor([3., 2.])
        """

    def kthvalue(self, k: builtins.int, dim: builtins.int = -1, keepdim: builtins.bool = False, *, axis: builtins.int | None = None, keepdims: builtins.bool = False) -> Ranked:
        """(values, indices) of the k-th smallest x along a dim, counted from 1.
        >>> tensor([3.0, 1.0, 2.0]).kthvalue(2).values
        tensor(2.)
        """

    def median(self, dim: builtins.int | None = None, keepdim: builtins.bool | None = None, *, axis: builtins.int | None = None, keepdims: builtins.bool = False) -> Any:
        """The number in the middle; of an even number of them, the lower one of the two. nan if one is nan. With a dim: (values,
        indices) along it. Without one, equal numbers share the gradient.
        >>> tensor([4.0, 1.0, 3.0, 2.0]).median()
        tensor(2.)
        """

    def nanmedian(self, dim: builtins.int | None = None, keepdim: builtins.bool | None = None, *, axis: builtins.int | None = None, keepdims: builtins.bool = False) -> Any:
        """The median of the numbers that are not nan; nan if all are. See median.
        >>> tensor([4.0, float("nan"), 3.0]).nanmedian()
        tensor(3.)
        """

    def mode(self, dim: builtins.int = -1, keepdim: builtins.bool = False, *, axis: builtins.int | None = None, keepdims: builtins.bool = False) -> Ranked:
        """(values, indices) of the most frequent number along a dim; of several such numbers, the smallest.
        >>> tensor([2.0, 1.0, 3.0, 2.0]).mode().values
        tensor(2.)
        """

    def quantile(self, q: Any, dim: builtins.int | None = None, keepdim: builtins.bool = False, *, interpolation: str = 'linear', axis: builtins.int | None = None, keepdims: builtins.bool = False) -> Tensor:
        """The number below which a part q of all x lies, along a dim or of all: q = 0.5 is the middle. Between two numbers it is
        interpolated: "linear", "lower", "higher", "midpoint" or "nearest". A vector q adds a dim in front. nan if an x is nan.
        >>> tensor([1.0, 2.0, 3.0, 4.0]).quantile(0.5)
        tensor(2.5000)
        """

    def nanquantile(self, q: Any, dim: builtins.int | None = None, keepdim: builtins.bool = False, *, interpolation: str = 'linear', axis: builtins.int | None = None, keepdims: builtins.bool = False) -> Tensor:
        """The quantile of the numbers that are not nan; nan if all are. See quantile.
        >>> tensor([1.0, float("nan"), 3.0]).nanquantile(0.5)
        tensor(2.)
        """

    def mvlgamma(self, p: builtins.int) -> Tensor:
        """log Γ_p(x) = p (p - 1) / 4 · log π + Σ log Γ(x - k/2) over k = 0 ... p - 1, the gamma function of p x p matrices.
        RuntimeError if p < 1.
        >>> mvlgamma(tensor([3.0, 4.0]), 2)
        tensor([1.5502, 3.5651])
        """

    def prod(self, dim: builtins.int | None = None, keepdim: builtins.bool = False, *, dtype: Any = None, axis: builtins.int | None = None, keepdims: builtins.bool = False) -> Tensor:
        """∏ x along an axis, or of all numbers; 1 of none. Integers and bools are multiplied in int64.
        >>> tensor([[1.0, 2.0], [3.0, 4.0]]).prod(1)
        tensor([ 2., 12.])
        """

    def var(self, dim: Dim | builtins.bool = None, unbiased: builtins.bool | None = None, keepdim: builtins.bool = False, *, correction: builtins.float | None = None, axis: Dim = None, keepdims: builtins.bool = False) -> Tensor:
        """The variance Σ (x - mean)² / (n - 1) over an axis, several, or all. unbiased=False divides by n, `correction` is what is
        subtracted from n. nan for one number.
        >>> x = tensor([1.0, 2.0, 3.0])
        >>> x.var(), x.var(unbiased=False), x.std(0, correction=0)
        (tensor(1.), tensor(0.6667), tensor(0.8165))
        """

    def std(self, dim: Dim | builtins.bool = None, unbiased: builtins.bool | None = None, keepdim: builtins.bool = False, *, correction: builtins.float | None = None, axis: Dim = None, keepdims: builtins.bool = False) -> Tensor:
        """The standard deviation: the root of the variance; see var. If all numbers are equal, its gradient is 0."""

    def nansum(self, dim: Dim = None, keepdim: builtins.bool = False, *, dtype: Any = None, axis: Dim = None, keepdims: builtins.bool = False) -> Tensor:
        """The sum of all x that are not nan; see sum.
        >>> tensor([1.0, float("nan"), 2.0]).nansum()
        tensor(3.)
        """

    def nanmean(self, dim: Dim = None, keepdim: builtins.bool = False, *, dtype: Any = None, axis: Dim = None, keepdims: builtins.bool = False) -> Tensor:
        """The mean of all x that are not nan; nan if all are. RuntimeError for integers."""

    def aminmax(self, *, dim: builtins.int | None = None, keepdim: builtins.bool = False, axis: builtins.int | None = None, keepdims: builtins.bool = False) -> Range:
        """The smallest and the largest x, along an axis or of all; see amin.
        >>> tensor([1.0, 3.0, 2.0]).aminmax()
        torch.return_types.aminmax(
        min=tensor(1.),
        max=tensor(3.))
        """

    def cov(self, *, correction: builtins.int = 1, fweights: Tensor | None = None, aweights: Tensor | None = None) -> Tensor:
        """The covariances of the rows of a matrix, each a variable with its observations: Σ (x - mean) (y - mean) / (n - 1).
        `fweights` says how often each observation is counted, `aweights` how much it weighs. A 1-D tensor is one variable.
        >>> tensor([[1.0, 2.0, 3.0], [3.0, 2.0, 1.0]]).cov()
        tensor([[ 1., -1.],
                [-1.,  1.]])
        """

    def corrcoef(self) -> Tensor:
        """The correlations of the rows of a matrix: their covariances, divided by both deviations.
        >>> tensor([[1.0, 2.0, 3.0], [6.0, 4.0, 2.0]]).corrcoef()
        tensor([[ 1., -1.],
                [-1.,  1.]])
        """

    def norm(self, p: builtins.float | str | None = 'fro', dim: Dim = None, keepdim: builtins.bool = False, dtype: Any = None, *, axis: Dim = None, keepdims: builtins.bool = False) -> Tensor:
        """The norm (Σ |x|^p)^(1/p) over an axis, several, or all; "fro" is p = 2, inf the largest |x|, -inf the smallest, and 0
        counts the numbers that are not 0. "nuc" is the sum of the singular values of a matrix. The gradient at 0 is 0.
        >>> x = tensor([3.0, -4.0])
        >>> x.norm(), x.norm(1), x.norm(inf)
        (tensor(5.), tensor(7.), tensor(4.))
        """

    def renorm(self, p: builtins.float, dim: builtins.int, maxnorm: builtins.float) -> Tensor:
        """Each part of x along `dim` that has a p-norm above `maxnorm`, scaled down to it.
        >>> tensor([[3.0, 4.0], [0.3, 0.4]]).renorm(2, 0, 1.0)
        tensor([[0.6000, 0.8000],
                [0.3000, 0.4000]])
        """

    def dist(self, other: Tensor, p: builtins.float = 2) -> Tensor:
        """The p-norm of the difference of two tensors, which broadcast.
        >>> dist(tensor([1.0, 2.0]), tensor([4.0, 6.0]))
        tensor(5.)
        """

    def sum_to_size(self, *size: Any) -> Tensor:
        """The sum over the axes that broadcasting to the shape of x would add or repeat: x of shape (2, 3) to (1, 3) is x.sum(0,
        keepdim=True). RuntimeError if `size` does not broadcast to the shape of x.
        """

    def renorm_(self, p: builtins.float, dim: builtins.int, maxnorm: builtins.float) -> Tensor:
        """Scale each part of x along `dim` that has a p-norm above `maxnorm` down to it, in the memory of x; see renorm."""

    def trace(self) -> Tensor:
        """Σ x_ii, of a matrix. Integers are summed in int64.
        >>> tensor([[1.0, 2.0], [3.0, 4.0]]).trace()
        tensor(5.)
        """

    def diag(self, diagonal: builtins.int = 0) -> Tensor:
        """The matrix with this vector on a diagonal (0 the main one, positive ones above it); of a matrix, a copy of its diagonal.
        >>> tensor([1, 2]).diag(), tensor([[1, 2], [3, 4]]).diag(1)
        (tensor([[1, 0],
                [0, 2]]), tensor([2]))
        """

    def diagflat(self, offset: builtins.int = 0) -> Tensor:
        """The matrix with all numbers of the tensor on a diagonal: diag(x.flatten())."""

    def diag_embed(self, offset: builtins.int = 0, dim1: builtins.int = -2, dim2: builtins.int = -1) -> Tensor:
        """Matrices with the vectors along the last axis on a diagonal; dim1 and dim2 are the axes of the matrices in the result.
        >>> diag_embed(tensor([[1, 2], [3, 4]])).shape
        torch.Size([2, 2, 2])
        """

    def tril(self, diagonal: builtins.int = 0) -> Tensor:
        """The lower triangle of each matrix: x_ij where j - i <= diagonal, 0 elsewhere.
        >>> ones(2, 3).tril()
        tensor([[1., 0., 0.],
                [1., 1., 0.]])
        """

    def triu(self, diagonal: builtins.int = 0) -> Tensor:
        """The upper triangle of each matrix: x_ij where j - i >= diagonal, 0 elsewhere.
        >>> ones(2, 3).triu(1)
        tensor([[0., 1., 1.],
                [0., 0., 1.]])
        """

    def fill_diagonal_(self, fill_value: Any, wrap: builtins.bool = False) -> Tensor:
        """Write one number to x[i, i, ...] for each i. With wrap, the diagonal of a tall matrix begins anew below its end, after a
        row without. RuntimeError for one dimension, and for more than two that are not of one size.
        >>> zeros(2, 3).fill_diagonal_(5)
        tensor([[5., 0., 0.],
                [0., 5., 0.]])
        """

    def movedim(self, source: builtins.int | Sequence[builtins.int], destination: builtins.int | Sequence[builtins.int]) -> Tensor:
        """Axes moved to other positions; the others keep their order. Shape (2, 3, 4) from 0 to -1 is (3, 4, 2). A view.
        >>> zeros(2, 3, 4).movedim((0, 1), (-1, 0)).shape
        torch.Size([3, 4, 2])
        """

    def moveaxis(self, source: builtins.int | Sequence[builtins.int], destination: builtins.int | Sequence[builtins.int]) -> Tensor:
        """As movedim()."""

    def swapaxes(self, axis0: builtins.int, axis1: builtins.int) -> Tensor:
        """As transpose()."""

    def swapdims(self, dim0: builtins.int, dim1: builtins.int) -> Tensor:
        """As transpose()."""

    def t(self) -> Tensor:
        """The transpose of a matrix; tensors of fewer dimensions as they are. A view. RuntimeError for more than two dimensions.
        >>> tensor([[1, 2], [3, 4]]).t()
        tensor([[1, 3],
                [2, 4]])
        """

    def adjoint(self) -> Tensor:
        """Each matrix transposed: for real numbers the same as mT. A view."""

    def select(self, dim: builtins.int, index: builtins.int | Tensor) -> Tensor:
        """One slice of an axis, without that axis: x.select(1, 0) is x[:, 0]. A view.
        >>> tensor([[1, 2], [3, 4]]).select(1, 0)
        tensor([1, 3])
        """

    def narrow(self, dim: builtins.int, start: builtins.int | Tensor, length: builtins.int) -> Tensor:
        """The part of an axis from `start`, of a length: x.narrow(1, 2, 3) is x[:, 2:5]. A view. `start` may be negative.
        >>> tensor([1, 2, 3, 4]).narrow(0, 1, 2)
        tensor([2, 3])
        """

    def unbind(self, dim: builtins.int = 0) -> tuple[Tensor, ...]:
        """All slices of an axis, as a tuple of views: x.unbind(0) is (x[0], x[1], ...).
        >>> tensor([[1, 2], [3, 4]]).unbind(1)
        (tensor([1, 3]), tensor([2, 4]))
        """

    def split(self, split_size_or_sections: builtins.int | Sequence[builtins.int] | None = None, dim: builtins.int = 0, *, split_size: Any = None) -> tuple[Tensor, ...]:
        """Parts of an axis, as views: parts of one size, of which the last may be smaller, or parts of the sizes in a list.
        PyTorch's method calls the second argument split_size, so both names are accepted.
        https://pytorch.org/docs/stable/generated/torch.split.html
        >>> split(tensor([1, 2, 3, 4, 5]), 2)
        (tensor([1, 2]), tensor([3, 4]), tensor([5]))
        """

    def split_with_sizes(self, split_sizes: Sequence[builtins.int], dim: builtins.int = 0) -> tuple[Tensor, ...]:
        """Parts of an axis, as views, of the sizes in a list. RuntimeError if their sum is not the size of the axis.
        >>> tensor([1, 2, 3]).split_with_sizes([1, 2])
        (tensor([1]), tensor([2, 3]))
        """

    def chunk(self, chunks: builtins.int, dim: builtins.int = 0) -> tuple[Tensor, ...]:
        """At most `chunks` parts of an axis, as views, all of one size except the last.
        >>> tensor([1, 2, 3, 4, 5]).chunk(3)
        (tensor([1, 2]), tensor([3, 4]), tensor([5]))
        """

    def tensor_split(self, indices_or_sections: Any, dim: builtins.int = 0) -> tuple[Tensor, ...]:
        """Parts of an axis, as views: `sections` parts whose sizes differ by at most one, or parts that end at the indices.
        >>> tensor([1, 2, 3, 4, 5]).tensor_split(3), tensor([1, 2, 3]).tensor_split((1,))
        ((tensor([1, 2]), tensor([3, 4]), tensor([5])), (tensor([1]), tensor([2, 3])))
        """

    def hsplit(self, indices_or_sections: Any) -> tuple[Tensor, ...]:
        """Parts side by side: tensor_split along axis 1, or along axis 0 of a 1-D tensor, into equal parts."""

    def vsplit(self, indices_or_sections: Any) -> tuple[Tensor, ...]:
        """Parts one above the other: tensor_split along axis 0, into equal parts."""

    def dsplit(self, indices_or_sections: Any) -> tuple[Tensor, ...]:
        """Parts in depth: tensor_split along axis 2, into equal parts."""

    def unsafe_split(self, split_size: builtins.int, dim: builtins.int = 0) -> tuple[Tensor, ...]:
        """As split()."""

    def unsafe_split_with_sizes(self, split_sizes: Sequence[builtins.int], dim: builtins.int = 0) -> tuple[Tensor, ...]:
        """As split_with_sizes()."""

    def unsafe_chunk(self, chunks: builtins.int, dim: builtins.int = 0) -> tuple[Tensor, ...]:
        """As chunk()."""

    def diagonal(self, offset: builtins.int = 0, dim1: builtins.int = 0, dim2: builtins.int = 1) -> Tensor:
        """The diagonal of two axes, along a new last axis; a positive offset is above it, a negative one below. A view.
        >>> tensor([[1, 2], [3, 4]]).diagonal(), tensor([[1, 2], [3, 4]]).diagonal(offset=1)
        (tensor([1, 4]), tensor([2]))
        """

    def unflatten(self, dim: builtins.int, sizes: Any) -> Tensor:
        """One axis as several: shape (2, 12) with dim 1 and sizes (3, 4) is (2, 3, 4). One size may be -1. A view.
        >>> zeros(2, 12).unflatten(1, (3, -1)).shape
        torch.Size([2, 3, 4])
        """

    def ravel(self) -> Tensor:
        """All numbers along one axis, in row-major order: a view if they lie in memory so, else a copy."""

    def as_strided(self, size: Any, stride: Any, storage_offset: builtins.int | None = None) -> Tensor:
        """A view of the memory of x: element [i, j] is number offset + i * stride[0] + j * stride[1] of that memory. RuntimeError
        if this leaves the memory. `storage_offset` is that of x if it is not given. On a GPU it is a copy.
        https://pytorch.org/docs/stable/generated/torch.as_strided.html
        >>> tensor([1, 2, 3, 4]).as_strided((3, 2), (1, 1))
        tensor([[1, 2],
                [2, 3],
                [3, 4]])
        """

    def as_strided_(self, size: Any, stride: Any, storage_offset: builtins.int | None = None) -> Tensor:
        """Let x be another view of its memory, in place; see as_strided()."""

    def narrow_copy(self, dim: builtins.int, start: builtins.int, length: builtins.int) -> Tensor:
        """A copy of x.narrow(dim, start, length)."""

    def expand_as(self, other: Tensor) -> Tensor:
        """x.expand(other.shape)."""

    def view_as(self, other: Tensor) -> Tensor:
        """x.view(other.shape)."""

    def reshape_as(self, other: Tensor) -> Tensor:
        """x.reshape(other.shape)."""

    def unfold(self, dimension: builtins.int, size: builtins.int, step: builtins.int) -> Tensor:
        """All windows of `size` numbers, one at each `step` along an axis; a new last axis runs through a window. A view.
        >>> tensor([1, 2, 3, 4]).unfold(0, 2, 1)
        tensor([[1, 2],
                [2, 3],
                [3, 4]])
        """

    def erf_(self) -> Self:
        """Replace x by erf(x, ...), in the memory of x."""

    def erfc_(self) -> Self:
        """Replace x by erfc(x, ...), in the memory of x."""

    def erfinv_(self) -> Self:
        """Replace x by erfinv(x, ...), in the memory of x."""

    def log1p_(self) -> Self:
        """Replace x by log1p(x, ...), in the memory of x."""

    def log2_(self) -> Self:
        """Replace x by log2(x, ...), in the memory of x."""

    def log10_(self) -> Self:
        """Replace x by log10(x, ...), in the memory of x."""

    def expm1_(self) -> Self:
        """Replace x by expm1(x, ...), in the memory of x."""

    def exp2_(self) -> Self:
        """Replace x by exp2(x, ...), in the memory of x."""

    def reciprocal_(self) -> Self:
        """Replace x by reciprocal(x, ...), in the memory of x."""

    def rsqrt_(self) -> Self:
        """Replace x by rsqrt(x, ...), in the memory of x."""

    def floor_(self) -> Self:
        """Replace x by floor(x, ...), in the memory of x."""

    def ceil_(self) -> Self:
        """Replace x by ceil(x, ...), in the memory of x."""

    def trunc_(self) -> Self:
        """Replace x by trunc(x, ...), in the memory of x."""

    def frac_(self) -> Self:
        """Replace x by frac(x, ...), in the memory of x."""

    def fix_(self) -> Self:
        """Replace x by trunc(x, ...), in the memory of x."""

    def lgamma_(self) -> Self:
        """Replace x by lgamma(x, ...), in the memory of x."""

    def digamma_(self) -> Self:
        """Replace x by digamma(x, ...), in the memory of x."""

    def i0_(self) -> Self:
        """Replace x by i0(x, ...), in the memory of x."""

    def igamma_(self, other: Tensor | Number) -> Self:
        """Replace x by igamma(x, ...), in the memory of x."""

    def igammac_(self, other: Tensor | Number) -> Self:
        """Replace x by igammac(x, ...), in the memory of x."""

    def polygamma_(self, n: builtins.int) -> Self:
        """Replace x by polygamma(x, ...), in the memory of x."""

    def sin_(self) -> Self:
        """Replace x by sin(x, ...), in the memory of x."""

    def cos_(self) -> Self:
        """Replace x by cos(x, ...), in the memory of x."""

    def tan_(self) -> Self:
        """Replace x by tan(x, ...), in the memory of x."""

    def asin_(self) -> Self:
        """Replace x by asin(x, ...), in the memory of x."""

    def acos_(self) -> Self:
        """Replace x by acos(x, ...), in the memory of x."""

    def atan_(self) -> Self:
        """Replace x by atan(x, ...), in the memory of x."""

    def atan2_(self, other: Tensor | Number) -> Self:
        """Replace x by atan2(x, ...), in the memory of x."""

    def sinh_(self) -> Self:
        """Replace x by sinh(x, ...), in the memory of x."""

    def cosh_(self) -> Self:
        """Replace x by cosh(x, ...), in the memory of x."""

    def asinh_(self) -> Self:
        """Replace x by asinh(x, ...), in the memory of x."""

    def acosh_(self) -> Self:
        """Replace x by acosh(x, ...), in the memory of x."""

    def atanh_(self) -> Self:
        """Replace x by atanh(x, ...), in the memory of x."""

    def sinc_(self) -> Self:
        """Replace x by sinc(x, ...), in the memory of x."""

    def arcsin_(self) -> Self:
        """Replace x by asin(x, ...), in the memory of x."""

    def arccos_(self) -> Self:
        """Replace x by acos(x, ...), in the memory of x."""

    def arctan_(self) -> Self:
        """Replace x by atan(x, ...), in the memory of x."""

    def arctan2_(self, other: Tensor | Number) -> Self:
        """Replace x by atan2(x, ...), in the memory of x."""

    def arcsinh_(self) -> Self:
        """Replace x by asinh(x, ...), in the memory of x."""

    def arccosh_(self) -> Self:
        """Replace x by acosh(x, ...), in the memory of x."""

    def arctanh_(self) -> Self:
        """Replace x by atanh(x, ...), in the memory of x."""

    def relu_(self) -> Self:
        """Replace x by relu(x, ...), in the memory of x."""

    def sigmoid_(self) -> Self:
        """Replace x by sigmoid(x, ...), in the memory of x."""

    def xlogy_(self, other: Tensor | Number) -> Self:
        """Replace x by xlogy(x, ...), in the memory of x."""

    def logit_(self, eps: builtins.float | None = None) -> Self:
        """Replace x by logit(x, ...), in the memory of x."""

    def eq_(self, other: Tensor | Number) -> Self:
        """Replace x by eq(x, ...), in the memory of x."""

    def ne_(self, other: Tensor | Number) -> Self:
        """Replace x by ne(x, ...), in the memory of x."""

    def lt_(self, other: Tensor | Number) -> Self:
        """Replace x by lt(x, ...), in the memory of x."""

    def le_(self, other: Tensor | Number) -> Self:
        """Replace x by le(x, ...), in the memory of x."""

    def gt_(self, other: Tensor | Number) -> Self:
        """Replace x by gt(x, ...), in the memory of x."""

    def ge_(self, other: Tensor | Number) -> Self:
        """Replace x by ge(x, ...), in the memory of x."""

    def not_equal_(self, other: Tensor | Number) -> Self:
        """Replace x by ne(x, ...), in the memory of x."""

    def less_(self, other: Tensor | Number) -> Self:
        """Replace x by lt(x, ...), in the memory of x."""

    def less_equal_(self, other: Tensor | Number) -> Self:
        """Replace x by le(x, ...), in the memory of x."""

    def greater_(self, other: Tensor | Number) -> Self:
        """Replace x by gt(x, ...), in the memory of x."""

    def greater_equal_(self, other: Tensor | Number) -> Self:
        """Replace x by ge(x, ...), in the memory of x."""

    def logical_and_(self, other: Tensor) -> Self:
        """Replace x by logical_and(x, ...), in the memory of x."""

    def logical_or_(self, other: Tensor) -> Self:
        """Replace x by logical_or(x, ...), in the memory of x."""

    def logical_xor_(self, other: Tensor) -> Self:
        """Replace x by logical_xor(x, ...), in the memory of x."""

    def logical_not_(self) -> Self:
        """Replace x by logical_not(x, ...), in the memory of x."""

    def bitwise_and_(self, other: Tensor | Number) -> Self:
        """Replace x by bitwise_and(x, ...), in the memory of x."""

    def bitwise_or_(self, other: Tensor | Number) -> Self:
        """Replace x by bitwise_or(x, ...), in the memory of x."""

    def bitwise_xor_(self, other: Tensor | Number) -> Self:
        """Replace x by bitwise_xor(x, ...), in the memory of x."""

    def bitwise_not_(self) -> Self:
        """Replace x by bitwise_not(x, ...), in the memory of x."""

    def bitwise_left_shift_(self, other: Tensor | Number) -> Self:
        """Replace x by bitwise_left_shift(x, ...), in the memory of x."""

    def bitwise_right_shift_(self, other: Tensor | Number) -> Self:
        """Replace x by bitwise_right_shift(x, ...), in the memory of x."""

    def square_(self) -> Self:
        """Replace x by square(x, ...), in the memory of x."""

    def deg2rad_(self) -> Self:
        """Replace x by deg2rad(x, ...), in the memory of x."""

    def rad2deg_(self) -> Self:
        """Replace x by rad2deg(x, ...), in the memory of x."""

    def ldexp_(self, other: Tensor) -> Self:
        """Replace x by ldexp(x, ...), in the memory of x."""

    def copysign_(self, other: Tensor | Number) -> Self:
        """Replace x by copysign(x, ...), in the memory of x."""

    def hypot_(self, other: Tensor) -> Self:
        """Replace x by hypot(x, ...), in the memory of x."""

    def lerp_(self, end: Tensor, weight: Tensor | Number) -> Self:
        """Replace x by lerp(x, ...), in the memory of x."""

    def addcmul_(self, tensor1: Tensor, tensor2: Tensor, *, value: Number = 1) -> Self:
        """Replace x by addcmul(x, ...), in the memory of x."""

    def addcdiv_(self, tensor1: Tensor, tensor2: Tensor, *, value: Number = 1) -> Self:
        """Replace x by addcdiv(x, ...), in the memory of x."""

    def clamp_min_(self, min: Tensor | Number) -> Self:
        """Replace x by clamp_min(x, ...), in the memory of x."""

    def clamp_max_(self, max: Tensor | Number) -> Self:
        """Replace x by clamp_max(x, ...), in the memory of x."""

    def nan_to_num_(self, nan: builtins.float | None = 0.0, posinf: builtins.float | None = None, neginf: builtins.float | None = None) -> Self:
        """Replace x by nan_to_num(x, ...), in the memory of x."""

    def sgn_(self) -> Self:
        """Replace x by sign(x, ...), in the memory of x."""

    def conj_physical_(self) -> Self:
        """Replace x by conj(x, ...), in the memory of x."""

    def heaviside_(self, values: Tensor) -> Self:
        """Replace x by heaviside(x, ...), in the memory of x."""

    def nextafter_(self, other: Tensor) -> Self:
        """Replace x by nextafter(x, ...), in the memory of x."""

    def gcd_(self, other: Tensor) -> Self:
        """Replace x by gcd(x, ...), in the memory of x."""

    def lcm_(self, other: Tensor) -> Self:
        """Replace x by lcm(x, ...), in the memory of x."""

    def addmm_(self, mat1: Tensor, mat2: Tensor, *, beta: builtins.float = 1, alpha: builtins.float = 1) -> Self:
        """Replace x by addmm(x, ...), in the memory of x."""

    def addmv_(self, mat: Tensor, vec: Tensor, *, beta: builtins.float = 1, alpha: builtins.float = 1) -> Self:
        """Replace x by addmv(x, ...), in the memory of x."""

    def addbmm_(self, batch1: Tensor, batch2: Tensor, *, beta: builtins.float = 1, alpha: builtins.float = 1) -> Self:
        """Replace x by addbmm(x, ...), in the memory of x."""

    def addr_(self, vec1: Tensor, vec2: Tensor, *, beta: builtins.float = 1, alpha: builtins.float = 1) -> Self:
        """Replace x by addr(x, ...), in the memory of x."""

    def baddbmm_(self, batch1: Tensor, batch2: Tensor, *, beta: builtins.float = 1, alpha: builtins.float = 1) -> Self:
        """Replace x by baddbmm(x, ...), in the memory of x."""

    def round_(self, *, decimals: builtins.int | None = None) -> Self:
        """Replace x by round(x, ...), in the memory of x."""

    def fmod_(self, other: Tensor | Number) -> Self:
        """Replace x by fmod(x, ...), in the memory of x."""

    def remainder_(self, other: Tensor | Number) -> Self:
        """Replace x by remainder(x, ...), in the memory of x."""

    def floor_divide_(self, other: Tensor | Number) -> Self:
        """Replace x by floor_divide(x, ...), in the memory of x."""

    def scatter_(self, dim: builtins.int, index: Tensor, src: Any = None, *, value: Any = None, reduce: str | None = None) -> Self:
        """Replace x by scatter(x, ...), in the memory of x."""

    def scatter_add_(self, dim: builtins.int, index: Tensor, src: Tensor) -> Self:
        """Replace x by scatter_add(x, ...), in the memory of x."""

    def scatter_reduce_(self, dim: builtins.int, index: Tensor, src: Tensor, reduce: str, *, include_self: builtins.bool = True) -> Self:
        """Replace x by scatter_reduce(x, ...), in the memory of x."""

    def put_(self, index: Tensor, source: Tensor, accumulate: builtins.bool = False) -> Self:
        """Replace x by put(x, ...), in the memory of x."""

    def index_copy_(self, dim: builtins.int, index: Tensor, source: Tensor) -> Self:
        """Replace x by index_copy(x, ...), in the memory of x."""

    def index_fill_(self, dim: builtins.int, index: Tensor, value: Any) -> Self:
        """Replace x by index_fill(x, ...), in the memory of x."""

    def index_put_(self, indices: Any, values: Tensor, accumulate: builtins.bool = False) -> Self:
        """Replace x by index_put(x, ...), in the memory of x."""

    def index_reduce_(self, dim: builtins.int, index: Tensor, source: Tensor, reduce: str, *, include_self: builtins.bool = True) -> Self:
        """Replace x by index_reduce(x, ...), in the memory of x."""

    def masked_scatter_(self, mask: Tensor, source: Tensor) -> Self:
        """Replace x by masked_scatter(x, ...), in the memory of x."""

    def mvlgamma_(self, p: builtins.int) -> Self:
        """Replace x by mvlgamma(x, ...), in the memory of x."""

    def tril_(self, diagonal: builtins.int = 0) -> Self:
        """Replace x by tril(x, ...), in the memory of x."""

    def triu_(self, diagonal: builtins.int = 0) -> Self:
        """Replace x by triu(x, ...), in the memory of x."""
