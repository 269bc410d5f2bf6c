"""A stand-in for CuPy on machines without a GPU: arrays that are not NumPy's, and that refuse what CuPy's arrays refuse.

It computes with NumPy, so it tests nothing about CUDA. It shows that our code uses foreign arrays only in ways that CuPy
offers: their methods and operators, ufunc calls, and functions of the same name. As CuPy does, it refuses operations with a
NumPy array (scalars are accepted), implicit conversion to a NumPy array, and ufunc methods such as np.add.reduce; and its
results are 0-d arrays, never scalars.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.linalg
import scipy.special

METHODS = (
    "all any argmax argmin astype copy cumprod cumsum diagonal dot item max mean min nonzero prod ravel repeat reshape squeeze "
    "std sum take tolist transpose view fill"
)
OPERATORS = (
    "add sub mul truediv pow matmul and or xor floordiv mod radd rsub rmul rtruediv rpow rmatmul rand ror rxor rshift iadd "
    "isub imul itruediv neg abs invert eq ne lt le gt ge getitem setitem bool int float index len"
)


class _Device:
    id = 0

    def __init__(self, index: int = 0) -> None:
        assert index == 0

    def __enter__(self) -> None: ...

    def __exit__(self, *exc: object) -> None: ...


class ndarray:
    """A NumPy array in disguise; `base` is the owner of a view's memory."""

    __hash__ = None  # type: ignore[assignment]
    device = _Device()

    def __init__(self, hidden: np.ndarray[Any, Any], base: ndarray | None = None) -> None:
        self.hidden, self.base = hidden, base

    shape = property(lambda self: self.hidden.shape)
    dtype = property(lambda self: self.hidden.dtype)
    ndim = property(lambda self: self.hidden.ndim)
    size = property(lambda self: self.hidden.size)
    nbytes = property(lambda self: self.hidden.nbytes)
    flags = property(lambda self: self.hidden.flags)
    strides = property(lambda self: self.hidden.strides)
    T = property(lambda self: show(self.hidden.T, self))
    __cuda_array_interface__ = property(
        lambda self: {**self.hidden.__array_interface__, "version": 3}  # data: the address, and whether it is read-only
    )

    def get(self) -> np.ndarray[Any, Any]:
        return self.hidden.copy()

    def __array__(self, *args: Any, **options: Any) -> Any:
        raise TypeError("Implicit conversion to a NumPy array is not allowed.")

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        if method != "__call__" or ufunc.signature is not None:
            return NotImplemented
        return show(run(ufunc, inputs, options), *inputs)

    def __array_function__(self, function: Any, types: Any, args: Any, options: Any) -> Any:
        return show(run(function, args, options), *args)


def run(function: Any, args: Any, options: Any) -> Any:
    with np.errstate(all="ignore"):  # a GPU does not warn
        return function(*map(hide, args), **{k: hide(v) for k, v in options.items()})


def hide(x: Any) -> Any:
    """What NumPy computes with; TypeError for an array of its own."""
    if isinstance(x, ndarray):
        return x.hidden
    if isinstance(x, np.ndarray):
        raise TypeError("Unsupported type <class 'numpy.ndarray'>")
    return type(x)(map(hide, x)) if type(x) in (tuple, list) else x


def show(result: Any, *sources: Any) -> Any:
    """A result in disguise, and of which source it is a view."""
    if isinstance(result, (tuple, list)):
        return (list if type(result) is list else tuple)(show(r, *sources) for r in result)
    if not isinstance(result, (np.ndarray, np.generic)):
        return result
    result = np.asarray(result)
    for source in sources:
        if isinstance(source, ndarray) and result.base is not None and np.may_share_memory(result, source.hidden):
            return ndarray(result, source if source.base is None else source.base)
    return ndarray(result)


def _method(name: str) -> Any:
    def method(self: ndarray, *args: Any, **options: Any) -> Any:
        result = run(getattr(self.hidden, name), args, options)
        return self if result is self.hidden else show(result, self)

    return method


for name in METHODS.split():
    setattr(ndarray, name, _method(name))
for name in OPERATORS.split():
    setattr(ndarray, f"__{name}__", _method(f"__{name}__"))


class _Add:
    """cupy.add: of the ufunc methods it has these two."""

    def __call__(self, *args: Any, **options: Any) -> Any:
        return show(run(np.add, args, options))

    def reduce(self, x: ndarray, axis: Any = 0, dtype: Any = None, out: Any = None, keepdims: bool = False) -> Any:
        return x.sum(axis, dtype, out, keepdims)

    def at(self, x: ndarray, index: Any, y: Any) -> None:
        np.add.at(x.hidden, hide(index), hide(y))


class _At:
    """cupy.maximum and cupy.minimum, which can also be written at an index."""

    def __init__(self, ufunc: Any) -> None:
        self.ufunc = ufunc

    def __call__(self, *args: Any, **options: Any) -> Any:
        return show(run(self.ufunc, args, options))

    def at(self, x: ndarray, index: Any, y: Any) -> None:
        self.ufunc.at(x.hidden, hide(index), hide(y))


class _Grid:
    def __getitem__(self, index: Any) -> Any:
        return show(tuple(np.ogrid[index]))


class runtime:
    @staticmethod
    def getDeviceCount() -> int:
        return 1


class cuda:
    Device, runtime = _Device, runtime


def asarray(x: Any, dtype: Any = None) -> ndarray:
    """A copy of a NumPy array, as if it went to a GPU; an array of this module as it is."""
    if isinstance(x, ndarray):
        return x if dtype is None or x.dtype == dtype else x.astype(dtype)
    return ndarray(np.array(x, dtype=dtype))


def array(x: Any, dtype: Any = None, order: Any = "K") -> ndarray:
    return ndarray(np.array(x.hidden if isinstance(x, ndarray) else x, dtype=dtype, order=order))


def fuse(kernel_name: str | None = None) -> Any:
    return lambda function: function


add, maximum, minimum, ogrid = _Add(), _At(np.maximum), _At(np.minimum), _Grid()


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(name)
    function = getattr(np, name)
    return lambda *args, **options: show(run(function, args, options), *args)


class _Scipy:
    """cupyx.scipy.special or cupyx.scipy.linalg: SciPy's functions on these arrays."""

    def __init__(self, module: Any) -> None:
        self.module = module

    def __getattr__(self, name: str) -> Any:
        function = getattr(self.module, name)
        return lambda *args, **options: show(run(function, args, options))


special, linalg = _Scipy(scipy.special), _Scipy(scipy.linalg)
