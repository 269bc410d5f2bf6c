"""The operands of an op: numbers, arrays and Tensors become Tensors of one dtype, by PyTorch's rules. And the errors for them.

A Python number is weak: it changes the dtype of a tensor only if it is of a higher category (bool < integer < floating). An
array becomes a Tensor on the same memory, a NumPy scalar a number.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from . import backend
from ._tensor import Tensor
from .backend import Array, array_module, device_of, is_array, plain
from .dtypes import SUPPORTED, as_dtype, get_default_dtype, int64, result_type

Number = float | int | bool
NUMBERS = frozenset((int, float, bool))


class LinAlgError(RuntimeError):
    """What linear algebra cannot compute for these numbers: the inverse of a singular matrix, say."""


def order_of_axes(what: str, memory_format: Any, ndim: int) -> tuple[int, ...] | None:
    """The axes in the order that a memory_format asks for, that of the longest steps in memory first; None for preserve_format.
    RuntimeError if there is no such order for so many dimensions.
    """
    name = str(memory_format).rpartition(".")[2]
    if memory_format is None or name == "preserve_format":
        return None
    if name == "contiguous_format":
        return tuple(range(ndim))
    if ndim != {"channels_last": 4, "channels_last_3d": 5}.get(name):
        raise RuntimeError(f"{what}: memory_format {memory_format} is for 4 dimensions (3d: for 5), the tensor has {ndim}")
    return (0, *range(2, ndim), 1)


def as_array(out: Any) -> Array:
    """`out` as an array: NumPy returns scalars for 0-d results, and `x.array` must always be an array."""
    return out if is_array(out) else np.asarray(out)


def wrapped(what: str, value: Any) -> Any:
    """An operand that is neither a Tensor nor a Python number: an array becomes a Tensor, a NumPy scalar a number."""
    if isinstance(value, (bool, int, float, np.bool_, np.integer, np.floating)):
        return np.asarray(value).item()  # so that it is weak, as Python numbers are
    if is_array(value):
        return Tensor._of(plain(value))
    raise not_an_operand(what, value)


def wrapped_around(x: Any, y: Any) -> tuple[Any, Any]:
    """A Tensor of integers and a number that they cannot hold, as two Tensors: the number loses its upper bits, as in PyTorch.
    RuntimeError if it does not fit into int64 either.
    """
    like = x if isinstance(x, Tensor) else y
    try:
        x, y = (z if z is like else Tensor._of(array_module(like.array).asarray(z, int64).astype(like.dtype)) for z in (x, y))
    except OverflowError as error:
        raise RuntimeError(f"the number {y if like is x else x} does not fit into int64") from error
    return x, y


def not_an_operand(what: str, value: Any) -> TypeError:
    """The error for an operand that is neither a Tensor nor a number."""
    kind = type(value)
    name = f"{kind.__module__}.{kind.__qualname__}" if kind.__name__ == "Tensor" else kind.__name__  # a torch.Tensor, say
    return TypeError(f"{what}: expected a Tensor or a number, got {name}; make it one with tensor(...)")


def not_a_tensor(what: str, value: Any) -> TypeError:
    """The error for a number, or anything else, where only a Tensor is accepted."""
    return TypeError(f"{what}: expected a Tensor, got {type(value).__name__}; make it one with tensor(...)")


def promoted(what: str, *operands: Any) -> tuple[Any, ...]:
    """The operands in the dtype that PyTorch computes in: that of result_type(), or, if they have that dtype already (integers
    of which the op makes floats), the default dtype.
    """
    arrays = [x.array if isinstance(x, Tensor) else x for x in operands]
    if what == "sub" and any(is_array(x) and x.dtype.kind == "b" for x in arrays):
        raise no_difference_of_bools()
    dtype = result_type(*arrays)
    if all(x.dtype == dtype for x in arrays if is_array(x)):
        dtype = get_default_dtype()
    if all(x.dtype == dtype for x in arrays if is_array(x)):
        raise RuntimeError(f"{what}: its result on {dtype} is of another dtype; are its options Python numbers?")
    return tuple(x.to(dtype) if isinstance(x, Tensor) else x for x in operands)


def no_difference_of_bools() -> RuntimeError:
    """The error for x - y where one is of bools; PyTorch defines no such difference."""
    return RuntimeError("sub: bools are not subtracted; use ~x, logical_xor, or x.int()")


def as_tensor_like(x: Any, like: Tensor) -> Tensor:
    """x as a Tensor. A number becomes 0-d, on the device of `like`, with the dtype that result_type gives for both."""
    if isinstance(x, Tensor):
        return x
    if is_array(x):
        return Tensor._of(plain(x))
    if not isinstance(x, (bool, int, float, np.generic)):
        raise not_an_operand("an operand", x)
    kind = like.array.dtype.kind
    if type(x) in NUMBERS and (kind == "f" or (kind in "iu" and type(x) is not float)):
        dtype = like.array.dtype  # what result_type, which takes 5 µs, gives for these
    else:
        dtype = result_type(like.array, x)
    try:
        return Tensor._of(array_module(like.array).asarray(unsigned(x, dtype), dtype=dtype))
    except OverflowError as error:
        raise RuntimeError(f"the number {x} does not fit into {dtype}; cast the tensor first: x.long()") from error


def unsigned(x: Any, dtype: np.dtype[Any]) -> Any:
    """A number to be stored in a dtype. As in PyTorch, uint8 takes -1 as 255; any other number is unchanged."""
    return x % 256 if dtype.kind == "u" and type(x) is int and -256 < x < 0 else x


def all_tensors(what: str, given: Iterable[Any]) -> None:
    """TypeError for what is not a Tensor, by its place."""
    for i, x in enumerate(given):
        if not isinstance(x, Tensor):
            raise TypeError(f"{what}: expected Tensors, got {type(x).__name__} in place {i}; make it one with tensor(...)")


def same_dtype(*tensors: Tensor) -> list[Tensor]:
    """The tensors, all cast to their common dtype, result_type(), which takes 5 µs."""
    try:
        first = tensors[0].array.dtype
        for x in tensors:
            if x.array.dtype is not first:
                break
        else:
            return list(tensors)
    except AttributeError:
        raise not_a_tensor("this function", next(x for x in tensors if not isinstance(x, Tensor))) from None
    dtype = result_type(*[x.array for x in tensors])
    return [x.to(dtype) for x in tensors]


def device_and_dtype(args: tuple[Any, ...], device: Any = None, dtype: Any = None) -> tuple[Any, Any]:
    """The arguments of to(...) as (device, dtype), None for one that is not given. A tensor stands for its device and dtype.
    TypeError for a name that is neither a device nor a dtype.
    >>> device_and_dtype(("cpu", "float64"))
    (device(type='cpu'), dtype('float64'))
    """
    for arg in args:
        if isinstance(arg, Tensor):
            device, dtype = arg.device, arg.dtype
        elif isinstance(arg, str) and arg.partition(":")[0] in ("cpu", "cuda"):
            device = arg
        elif arg is not None and not isinstance(arg, bool):  # True is PyTorch's non_blocking
            dtype = arg
    try:
        dtype = None if dtype is None else np.dtype(dtype)
    except TypeError:
        words = f"neither a device (cpu, cuda) nor a dtype ({', '.join(map(str, SUPPORTED))})"
        raise TypeError(f"to: {dtype!r} is {words}") from None
    return None if device is None else backend.device(device), None if dtype is None else as_dtype(dtype)


def explained(what: str, error: Exception, *operands: Any) -> Exception:
    """NumPy's error, re-raised with the op and its operands: an IndexError or LinAlgError if it was one, else a RuntimeError,
    as in PyTorch.
    """
    arrays = [x for x in operands if is_array(x)]
    places = sorted({str(device_of(x)) for x in arrays})
    if len(places) > 1:
        return RuntimeError(f"{what}: tensors on different devices, {' and '.join(places)}; move one with .to(device)")
    shapes = " and ".join(f"{x.dtype}{list(x.shape)}" for x in arrays)
    kinds = {IndexError: IndexError, np.linalg.LinAlgError: LinAlgError}
    kind = next((ours for theirs, ours in kinds.items() if isinstance(error, theirs)), RuntimeError)
    return kind(f"{what}: cannot compute with {shapes}: {error}")
