"""Recorded: an array that computes as NumPy's do, and writes each NumPy call down, with the memory that it wrote to.

It stands before a NumPy array as CuPy's arrays do: NumPy hands over every ufunc and function that meets one, and its methods
are those of an array. What only shows another part of the memory (reshape, x[1:]) needs no call later: the memory is the same
at every replay. What leaves the world of arrays, a number that Python reads, is noted as a guard, or makes the recording
useless: see Recording.read().
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from .._tensor import Tensor
from .call import Call

if TYPE_CHECKING:
    from .recording import Recording

Array = np.ndarray[Any, Any]

REDUCTIONS = {"sum": np.add, "prod": np.multiply, "max": np.maximum, "min": np.minimum}
REDUCTIONS |= {"any": np.logical_or, "all": np.logical_and}
# Methods that compute from the values or show another view; of these the first group can write to a given array.
TO_OUT = {"take", "cumsum", "cumprod", "argmax", "argmin", "mean", "std", "var", "clip", "round", "trace", "choose", "compress"}
METHODS = TO_OUT | {
    "reshape", "transpose", "squeeze", "swapaxes", "diagonal", "ravel", "view", "flatten", "repeat", "nonzero", "searchsorted",
    "argsort", "argpartition", "byteswap", "conj",
}  # fmt: skip
CREATORS = {"empty", "zeros", "ones", "full", "arange", "eye", "array", "asarray", "ascontiguousarray", "tri", "linspace"}
FUNCTIONS_TO_OUT = {np.concatenate, np.stack, np.cumsum, np.cumprod, np.einsum, np.outer, np.clip, np.argmax, np.argmin}
WRITERS = {np.copyto, np.put, np.place, np.putmask, np.put_along_axis, np.fill_diagonal}
ABOUT = {np.shape, np.ndim, np.size, np.result_type, np.can_cast, np.may_share_memory, np.shares_memory, np.iscomplexobj}
NEW = {np.zeros_like: 0, np.ones_like: 1, np.empty_like: None}


class Recorded(NDArrayOperatorsMixin):
    """`value` is the real array. `name` is that of a variable of the program if the array is another one at each replay: an
    argument of the step, or a part of one. Other arrays are fixed.
    """

    __slots__ = ("name", "recording", "value")
    __class__ = property(lambda self: np.ndarray)  # for isinstance(): our code takes it for NumPy's
    __hash__ = object.__hash__

    def __init__(self, recording: Recording, value: Array, name: str = "") -> None:
        self.recording, self.value, self.name = recording, value, name

    shape = property(lambda self: self.value.shape)
    dtype = property(lambda self: self.value.dtype)
    ndim = property(lambda self: self.value.ndim)
    size = property(lambda self: self.value.size)
    nbytes = property(lambda self: self.value.nbytes)
    itemsize = property(lambda self: self.value.itemsize)
    strides = property(lambda self: self.value.strides)
    flags = property(lambda self: self.value.flags)
    T = property(lambda self: self.transpose())
    mT = property(lambda self: self.swapaxes(-1, -2))
    base = property(lambda self: self.value.base)
    unrecorded = property(lambda self: self.value)
    array_module = property(lambda self: self.recording.module)

    def __len__(self) -> int:
        return len(self.value)

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self)))

    # NumPy's functions

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, out: Any = None, **options: Any) -> Any:
        if any(isinstance(x, Tensor) for x in inputs):
            return NotImplemented
        return apply_ufunc(self.recording, ufunc, method, inputs, out, options)

    def __array_function__(self, function: Any, types: Any, args: Any, options: Any) -> Any:
        recording = self.recording
        if function in ABOUT:
            return function(*values(args), **values(options))
        if function in WRITERS:
            recording.write(args[0], function, *args, **options)
            return None
        if function in NEW and not options.keys() - {"dtype", "shape"}:
            made = recording.new(np.empty_like(*values(args), **values(options)))
            if NEW[function] is not None:
                made.fill(NEW[function])
            return made
        if options.get("out") is not None:
            out = options.pop("out")
            return recording.into((out,), function, args, options, "keyword")
        return recording.call(function, args, options, to_out=function in FUNCTIONS_TO_OUT)

    # An array's methods

    def __getattr__(self, name: str) -> Any:
        recording = self.recording
        if name in REDUCTIONS:

            def reduction(axis: Any = None, dtype: Any = None, out: Any = None, keepdims: bool = False, **more: Any) -> Any:
                reduce: Any = REDUCTIONS[name].reduce
                return reduce(self, axis, dtype, out, keepdims, **more)

            return reduction
        if name in METHODS:
            function = getattr(np.ndarray, name)

            def method(*args: Any, **options: Any) -> Any:
                if options.get("out") is not None:
                    out = options.pop("out")
                    return recording.into((out,), function, (self, *args), options, "keyword")
                return recording.call(function, (self, *args), options, to_out=name in TO_OUT)

            return method
        if name.startswith("__"):
            raise AttributeError(name)
        found = getattr(self.value, name)  # AttributeError for what no array has
        recording.fail(f"an array's .{name} cannot be recorded")
        return found

    def dot(self, y: Any, out: Any = None) -> Any:
        if out is not None:
            return self.recording.into((out,), np.dot, (self, y), {}, "keyword")
        return self.recording.call(np.dot, (self, y), {}, to_out=True)

    def astype(self, dtype: Any, order: Any = "K", casting: Any = "unsafe", subok: bool = True, copy: bool = True) -> Any:
        if not copy and np.dtype(dtype) == self.dtype:
            return self
        return self._copied(self.value.astype(dtype, order))

    def copy(self, order: Any = "C") -> Any:
        return self._copied(self.value.copy(order))

    def _copied(self, copy: Array) -> Any:
        made = self.recording.new(copy)
        casting = {"casting": "unsafe"} if copy.dtype != self.dtype else {}
        self.recording.note(Call(np.copyto, (self,), casting, (made,), "first"))
        return made

    def __copy__(self) -> Any:
        return self.copy("K")

    def __deepcopy__(self, memo: Any) -> Any:
        return self.copy("K")

    def __reduce_ex__(self, protocol: Any) -> Any:
        self.recording.fail("a tensor was pickled")
        return self.value.__reduce_ex__(protocol)

    def fill(self, value: Any) -> None:
        self.recording.write(self, np.ndarray.fill, self, value)

    def sort(self, axis: int = -1, kind: Any = None) -> None:
        self.recording.write(self, np.ndarray.sort, self, axis, kind)

    def __getitem__(self, index: Any) -> Any:
        parts = index if type(index) is tuple else (index,)
        if any(type(part) is Recorded and not part.ndim and part.dtype.kind == "i" for part in parts):
            parts = tuple([int(part) if type(part) is Recorded and not part.ndim else part for part in parts])
            return self[parts]  # which part of the memory it is depends on the number: a guard
        return self.recording.call(np.ndarray.__getitem__, (self, index), {})

    def __setitem__(self, index: Any, value: Any) -> None:
        if value is not self or index is not Ellipsis:  # what x[...] += y assigns in the end
            self.recording.write(self, np.ndarray.__setitem__, self, index, value)

    # What Python reads

    def __bool__(self) -> bool:
        return bool(self.recording.read(bool, self))

    def __int__(self) -> int:
        return int(self.recording.read(int, self))

    def __index__(self) -> int:
        return int(self.recording.read(np.ndarray.__index__, self))

    def __float__(self) -> float:
        return float(self.recording.read(float, self))

    def item(self, *at: int) -> Any:
        return self.recording.read(np.ndarray.item, self, *at)

    def tolist(self) -> Any:
        return self.recording.read(np.ndarray.tolist, self)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        self.recording.fail("a NumPy function that cannot be recorded read the values of a tensor")
        return np.array(self.value, dtype=dtype, copy=copy)

    def __repr__(self) -> str:
        self.recording.fail("the values of a tensor were printed")
        return repr(self.value)


def apply_ufunc(recording: Recording, ufunc: Any, method: str, inputs: Any, out: Any, options: Any) -> Any:
    """A ufunc, or a method of one as np.add.reduce, of which some input or `out` is recorded."""
    function = ufunc if method == "__call__" else getattr(ufunc, method)
    if method == "at":
        return recording.write(inputs[0], function, *inputs)
    style = "positional" if method == "__call__" else "keyword"
    if out is not None:
        return recording.into(out, function, inputs, options, style)
    result = function(*values(inputs), **values(options))
    parts = result if type(result) is tuple else (result,)
    made = tuple([recording.new(np.asarray(part)) for part in parts])
    recording.note(Call(function, inputs, options, made, style))
    return made if type(result) is tuple else made[0]


class Scalar:
    """A number that is another one at each replay: a learning rate, a bias correction. `value` is that of now."""

    __slots__ = ("name", "recording", "value")
    __hash__ = object.__hash__

    def __init__(self, recording: Recording, value: Any, name: str) -> None:
        self.recording, self.value, self.name = recording, value, name

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, out: Any = None, **options: Any) -> Any:
        return apply_ufunc(self.recording, ufunc, method, inputs, out, options)

    def __bool__(self) -> bool:
        return bool(self.recording.read(bool, self))

    def __float__(self) -> float:
        return float(self.recording.read(float, self))


def _arithmetic(function: Callable[..., Any], swapped: bool) -> Callable[..., Any]:
    def operation(self: Scalar, *others: Any) -> Any:
        if any(isinstance(y, (np.ndarray, Tensor)) for y in others):
            return NotImplemented
        return self.recording.scalar(function, *((*others, self) if swapped else (self, *others)))

    return operation


for _name in ["add", "sub", "mul", "truediv", "pow", "neg", "lt", "le", "gt", "ge", "eq", "ne"]:
    _function = getattr(operator, f"__{_name}__")
    setattr(Scalar, f"__{_name}__", _arithmetic(_function, swapped=False))
    if _name in ("add", "sub", "mul", "truediv", "pow"):
        setattr(Scalar, f"__r{_name}__", _arithmetic(_function, swapped=True))


def values(x: Any) -> Any:
    """x, or a tuple, list or dict of such, with the real arrays and numbers in place of the recorded ones."""
    kind = type(x)
    if kind is Recorded or kind is Scalar:
        return x.value
    if kind in (tuple, list):
        return kind([values(part) for part in x])
    return {key: values(part) for key, part in x.items()} if kind is dict else x


class Module:
    """What array_module() gives for a Recorded: NumPy, with the functions that make new arrays recorded too."""

    def __init__(self, recording: Recording) -> None:
        self.recording = recording

    def __getattr__(self, name: str) -> Any:
        function, recording = getattr(np, name), self.recording
        if name not in CREATORS:
            return function  # a ufunc or function finds the recorded array among its arguments

        def make(*args: Any, **options: Any) -> Any:
            if name in ("array", "asarray", "ascontiguousarray") and type(args[0]) is Recorded:
                dtype = (*args[1:], options.get("dtype"))[0]
                copy = name == "array" or (name == "ascontiguousarray" and not args[0].flags.c_contiguous)
                order = options.get("order", "K") if name != "ascontiguousarray" else "C"
                return args[0].astype(args[0].dtype if dtype is None else dtype, order, copy=copy)
            if type(args[0]) is Scalar:
                made = recording.new(np.array(args[0].value, *args[1:], **options))
                recording.write(made, np.copyto, made, args[0], casting="unsafe")
                return made
            if name == "empty":
                return recording.new(np.empty(*args, **options))
            if name == "full" and type(args[1]) is Recorded:
                made = recording.new(np.full(args[0], args[1].value, *args[2:], **options))
                recording.write(made, np.copyto, made, args[1], casting="unsafe")
                return made
            made = function(*args, **options)
            return recording.of(made) if made is args[0] else recording.constant(made)

        return make
