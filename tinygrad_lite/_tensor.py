"""Tensor: an array, and its place on the tape.

    x.array   the NumPy or CuPy array itself
    x.node    None, the Leaf that holds its gradient, or the Node that remembers how it was computed

Everything in this file asks about these two or changes them. The methods that compute (x.exp(), x + y, x[0], x.backward()) are
functions of ops/ and functional/. Those make Tensors, so their files import this one; methods.py installs them as methods.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from math import inf
from typing import TYPE_CHECKING, Any, overload
from weakref import ref

import numpy as np

from . import printing
from .axes import Size, axis_of
from .backend import Array, as_part, device, device_of, owner, part_of
from .dtypes import get_default_dtype
from .tape import Handle, Hooks, Leaf, Node

if TYPE_CHECKING:
    from .methods import Methods  # methods.pyi: what methods.py installs, declared for editors and type checkers
else:
    Methods = object

new = object.__new__


class Tensor(Methods):
    """A multi-dimensional array that remembers how it was computed, so that backward() can differentiate it.
    Make one with tensor(...), zeros(...) and so on. `Tensor(data)` has the default dtype; the values of `Tensor(2, 3)`, of
    that shape, are arbitrary.
    https://pytorch.org/docs/stable/tensors.html
    >>> x = tensor([1.0, 2.0], requires_grad=True)
    >>> (x**2).sum().backward()
    >>> x.grad
    tensor([2., 4.])
    """

    __slots__ = ("__weakref__", "_leaf", "array", "node")
    array: Array
    node: Any
    _leaf: Leaf  # made when first needed; while the tensor is a leaf that requires grad, `node` is this object

    def __init__(self, *data: Any) -> None:
        data = data[0] if len(data) == 1 and isinstance(data[0], Size) else data
        if isinstance(data, Size) or (data and all(isinstance(n, int) for n in data)):
            self.array = np.empty(data, get_default_dtype())
        else:
            (values,) = data or ([],)
            values = values.array if isinstance(values, Tensor) else values
            self.array = np.array(values, get_default_dtype())
        self.node = None

    @staticmethod
    def _of(array: Array, node: Any = None) -> Tensor:
        """A Tensor on an array, without a copy."""
        x: Tensor = new(Tensor)
        x.array, x.node = array, node
        return x

    # What it is

    @property
    def shape(self) -> Size:
        """The sizes of the axes."""
        return Size(self.array.shape)

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the numbers: a NumPy dtype such as float32."""
        return self.array.dtype  # type: ignore[no-any-return]

    @property
    def device(self) -> device:
        """The device that holds the memory: device("cpu") or device("cuda:0")."""
        return device_of(self.array)

    @property
    def is_cuda(self) -> bool:
        """Whether the memory is on a GPU."""
        return self.device.type == "cuda"

    def dim(self) -> int:
        """The number of axes."""
        return len(self.array.shape)

    ndim = property(dim)

    @overload
    def size(self, dim: None = None) -> Size: ...
    @overload
    def size(self, dim: int) -> int: ...
    def size(self, dim: int | None = None) -> Size | int:
        """The shape, or the size of one axis."""
        return self.shape if dim is None else self.shape[axis_of(dim, self.ndim, "size")]

    def numel(self) -> int:
        """The number of elements."""
        return int(self.array.size)

    def is_floating_point(self) -> bool:
        """Whether the numbers are floats. Only such tensors can require grad."""
        return bool(self.array.dtype.kind == "f")

    # Its place on the tape

    @property
    def requires_grad(self) -> bool:
        """Whether gradients flow to this tensor or through it. It can be set only for leaves of a floating-point dtype."""
        return self.node is not None

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        self.requires_grad_(value)

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Set requires_grad, in place: whether backward() is to compute the gradient with respect to this leaf.
        RuntimeError for integers, and to switch it off for the result of a recorded step (use detach()).
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
    def is_leaf(self) -> bool:
        """Whether the tensor was made by the user, not by a recorded step."""
        return not isinstance(self.node, Node)

    @property
    def grad_fn(self) -> Node | None:
        """The recorded step that made the tensor; None for a leaf."""
        return self.node if isinstance(self.node, Node) else None

    @property
    def grad(self) -> Tensor | None:
        """The gradient: the sum of what each backward() added, None before the first. Only leaves have one, and results after
        retain_grad(). For any other result it is None, and reading it gives a warning.
        """
        node = self.node
        if type(node) is Leaf:
            return node.grad  # type: ignore[no-any-return]
        if node is not None and not self.retains_grad:
            warnings.warn(
                "the .grad of a tensor that is not a leaf was read; it is None, because backward() sets it only for leaves. To "
                "get it, call x.retain_grad() before backward(), or use autograd.grad(loss, x). To update a weight, write "
                "`with no_grad(): w -= lr * w.grad`, since w = w - lr * w.grad makes a tensor that is not a leaf",
                UserWarning,
                stacklevel=2,
            )
        return leaf_of(self).grad  # type: ignore[no-any-return]

    @grad.setter
    def grad(self, g: Tensor | None) -> None:
        if g is not None and not isinstance(g, Tensor):
            raise TypeError(f"grad must be a Tensor or None, got {type(g).__name__}")
        if g is not None and (g.shape != self.shape or g.dtype != self.dtype):
            raise RuntimeError(f"grad {g.dtype}{list(g.shape)} does not fit a tensor {self.dtype}{list(self.shape)}")
        node = self.node
        (node if type(node) is Leaf else leaf_of(self)).grad = g

    def retain_grad(self) -> None:
        """Let backward() set `.grad` for this tensor too, although it is a result. RuntimeError if no gradient reaches it.
        https://pytorch.org/docs/stable/generated/torch.Tensor.retain_grad.html
        >>> w = tensor(3.0, requires_grad=True)
        >>> y = w * 2; y.retain_grad()
        >>> (y**2).backward(); y.grad
        tensor(12.)
        """
        if self.node is None:
            raise RuntimeError("retain_grad: this tensor does not require grad, so no gradient reaches it")
        if isinstance(self.node, Node) and not self.retains_grad:
            leaf = leaf_of(self)

            def gather(g: Tensor) -> None:
                g = g if g.node is not None else Tensor._of(g.array.copy())
                leaf.grad = g if leaf.grad is None else leaf.grad + g

            Handle(_hooks_of(self.node), gather, inf)  # after all other hooks, which may change the gradient

    @property
    def retains_grad(self) -> bool:
        """Whether it is a result on which retain_grad() was called."""
        return isinstance(self.node, Node) and inf in getattr(self.node, "hooks", ())

    def register_hook(self, hook: Callable[[Tensor], Tensor | None]) -> Handle:
        """Call hook(g) in each backward, with the gradient g of the loss with respect to this tensor. If it returns a Tensor,
        that Tensor replaces g: RuntimeError if its shape or dtype differs. The hooks of leaves run last, when the whole
        gradient has arrived. `handle.remove()` removes the hook. RuntimeError if no gradient reaches this tensor.
        https://pytorch.org/docs/stable/generated/torch.Tensor.register_hook.html
        >>> x = tensor([1.0, 2.0], requires_grad=True)
        >>> handle = x.register_hook(lambda g: g * 10)
        >>> x.sum().backward(); x.grad
        tensor([10., 10.])
        """
        if self.node is None:
            raise RuntimeError("register_hook: this tensor does not require grad, so no gradient reaches it")
        if not callable(hook):
            raise TypeError(f"register_hook: expected a function of the gradient, got {type(hook).__name__}")
        return Handle(_hooks_of(self.node), hook)

    def register_post_accumulate_grad_hook(self, hook: Callable[[Tensor], None]) -> Handle:
        """Call hook(x) as soon as backward() has added the whole gradient of this leaf to x.grad, while it goes on with others:
        to update x and free x.grad, or to send it to other processes, as nn.parallel does.
        RuntimeError for a result. `handle.remove()` removes the hook.
        https://pytorch.org/docs/stable/generated/torch.Tensor.register_post_accumulate_grad_hook.html
        >>> x = tensor([1.0, 2.0], requires_grad=True)
        >>> handle = x.register_post_accumulate_grad_hook(lambda x: x.sub_(0.1 * x.grad))
        >>> x.sum().backward(); x
        tensor([0.9000, 1.9000], requires_grad=True)
        """
        if not isinstance(self.node, Leaf):
            what = "only a leaf that requires grad has a gradient that is added to"
            raise RuntimeError(f"register_post_accumulate_grad_hook: {what}; for a result use register_hook()")
        if not hasattr(self.node, "after"):
            self.node.after = {}
            Leaf.awaited = True
        me = ref(self)  # the leaf must not keep its tensor alive

        def call() -> None:
            if (x := me()) is not None:
                hook(x)

        return Handle(self.node.after, call)

    def detach(self) -> Tensor:
        """A tensor on the same memory, without history: gradients stop here."""
        memory = owner(self.array)
        if id(memory) not in detached:
            with suppress(TypeError):  # some owners allow no weak reference; rebase.py knows
                detached[id(memory)] = ref(memory, partial(_forget, id(memory)))
        return Tensor._of(self.array)

    @property
    def data(self) -> Tensor:
        """As detach(). Assigning a tensor (x.data = y) makes this tensor use the memory of y."""
        return self.detach()

    @data.setter
    def data(self, other: Tensor) -> None:
        if not isinstance(other, Tensor):
            raise TypeError(f"data must be a Tensor, got {type(other).__name__}; make it one with tensor(...)")
        self.array = other.array
        leaf_of(self).shape = other.array.shape

    # To Python and NumPy

    def item(self) -> int | float:
        """The value of a tensor of one element, as a Python number. RuntimeError for any other size."""
        if self.array.size != 1:
            raise RuntimeError(f"item: expected a tensor of one element, got {self.array.size}; use tolist()")
        return self.array.item()  # type: ignore[no-any-return]

    def tolist(self) -> Any:
        """Nested lists of Python numbers; one number if the tensor is 0-d."""
        return self.array.tolist()

    def numpy(self) -> np.ndarray[Any, Any]:
        """A NumPy array on the same memory. RuntimeError if the tensor requires grad, TypeError if it is on the GPU."""
        if self.node is not None:
            raise RuntimeError("numpy: this tensor requires grad, and NumPy would lose that; use x.detach().numpy()")
        if not isinstance(self.array, np.ndarray):
            raise TypeError(f"numpy: this tensor is on {self.device}; use x.cpu().numpy()")
        return self.array

    # What Python's own functions call

    def __repr__(self) -> str:
        return printing.text(self)

    def _repr_html_(self) -> str:
        return printing.html(self)

    def __format__(self, spec: str) -> str:
        if spec and self.array.size != 1:
            raise TypeError(f"format: {spec!r} is for one element, this tensor has {self.array.size}; use x.tolist() or str(x)")
        number = spec or (type(self) is Tensor and not self.array.ndim)  # PyTorch writes f"{loss}" as a number too
        return format(self.item(), spec) if number else repr(self)

    def __len__(self) -> int:
        if not self.ndim:
            raise TypeError("a 0-d tensor has no length and cannot be iterated over; use x.item()")
        return len(self.array)

    def __iter__(self) -> Iterator[Tensor]:
        return (self[i] for i in range(len(self)))

    def __bool__(self) -> bool:
        if self.array.size != 1:
            raise RuntimeError(f"the truth value of a tensor of {self.array.size} numbers is ambiguous; use x.any() or x.all()")
        return bool(self.array.item())

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __index__(self) -> int:
        if self.array.dtype.kind == "f":
            raise TypeError(f"only integer tensors can be an index, this one is {self.dtype}")
        return int(self.item())

    def __reduce_ex__(self, protocol: Any) -> Any:
        """For copy, deepcopy and pickle. Tensors that share memory share it in the copy too, so a view is copied together with
        all of the memory that it is a part of.
        """
        if not self.is_leaf:
            what = "deepcopy and pickle: this tensor was computed from others that require grad, and only leaves can be copied"
            raise RuntimeError(f"{what}; use x.detach(), also to plot it: plt.plot(x.detach())")
        return _rebuilt, (type(self), *as_part(self.array), getattr(self, "_leaf", None))

    def __copy__(self) -> Tensor:
        kind, *_ = self.__reduce_ex__(4)[1]
        return _rebuilt(kind, self.array, None, None).requires_grad_(self.requires_grad)

    __hash__ = object.__hash__

    # To and from NumPy

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        return np.array(self.numpy(), dtype=dtype, copy=copy)

    def __dlpack__(self, **options: Any) -> Any:
        if self.node is not None:
            raise BufferError("dlpack: this tensor requires grad; export x.detach()")
        return self.array.__dlpack__(**options)

    def __dlpack_device__(self) -> Any:
        return self.array.__dlpack_device__()


detached: dict[int, Any] = {}  # memory that a detached tensor is or was on, by the id of its owner; see rebase.py


def _forget(key: int, _: Any) -> None:
    detached.pop(key, None)


def leaf_of(x: Tensor) -> Leaf:
    """The Leaf of x, which holds its gradient: the same object for the tensor's whole life."""
    try:
        return x._leaf
    except AttributeError:
        x._leaf = Leaf(x.array.shape)
        return x._leaf


def _hooks_of(node: Leaf | Node) -> Hooks:
    if not hasattr(node, "hooks"):
        node.hooks = {}
    return node.hooks


def _rebuilt(kind: type[Tensor], memory: Array, part: Any, leaf: Leaf | None) -> Tensor:
    """A tensor from the parts that __reduce_ex__ returned."""
    x: Tensor = new(kind)
    x.array, x.node = part_of(memory, part), None
    if leaf is not None:
        x._leaf = leaf
        x.node = leaf if leaf.requires_grad else None
    return x
