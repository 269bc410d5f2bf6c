"""Function: a step whose backward the user writes, as a class with two static methods.

    class Exp(Function):
        @staticmethod
        def forward(ctx, x):
            out = x.exp()
            ctx.save_for_backward(out)
            return out

        @staticmethod
        def backward(ctx, g):
            (out,) = ctx.saved_tensors
            return g * out

    y = Exp.apply(x)

Forward runs without recording. The whole call becomes one Node (tape.py), whose op asks `backward` for all gradients at once.
If forward returns several tensors, each gets a node of its own, which hands its gradient down to that one Node.
https://pytorch.org/docs/stable/autograd.html#function
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from itertools import accumulate, repeat
from math import prod
from typing import Any, Never, cast

import numpy as np

from .._tensor import Tensor
from ..apply import tell
from ..backend import array_module
from ..backward import unbroadcast
from ..grad_mode import enable_grad, mode, no_grad
from ..ops import shape
from ..recorder import seam
from ..tape import Leaf, Node, Op

NOTHING = np.empty(0)


class FunctionCtx:
    """What forward and backward share: save_for_backward(...), and any attribute that forward sets."""

    def __init__(self, needs_input_grad: tuple[bool, ...]) -> None:
        self.needs_input_grad = needs_input_grad
        self._to_save: tuple[Tensor | None, ...] = ()
        self._constant: tuple[Tensor, ...] = ()  # outputs without a derivative
        self._dirty: tuple[Tensor, ...] = ()
        self._materialize = True
        self._saved: tuple[Tensor | None, ...] | None = None

    def save_for_backward(self, *tensors: Tensor | None) -> None:
        """Keep inputs and outputs for backward, which finds them in `saved_tensors`. TypeError for what is neither a Tensor nor
        None: keep other values as attributes of ctx.
        """
        for x in tensors:
            if x is not None and not isinstance(x, Tensor):
                what = f"save_for_backward: expected Tensors or None, got {type(x).__name__}"
                raise TypeError(f"{what}; keep other values as attributes: ctx.n = n")
        self._to_save = tensors

    @property
    def saved_tensors(self) -> tuple[Any, ...]:
        """The tensors that were given to save_for_backward(). RuntimeError outside of backward."""
        if self._saved is None:
            raise RuntimeError("saved_tensors: they are there during backward only")
        return self._saved

    def mark_non_differentiable(self, *tensors: Tensor) -> None:
        """Say which outputs have no derivative, such as indices: they do not require grad."""
        self._constant = tensors

    def mark_dirty(self, *tensors: Tensor) -> None:
        """Say which inputs forward changes in place; it must return them."""
        self._dirty = tensors

    def set_materialize_grads(self, value: bool) -> None:
        """Whether backward gets zeros (True, the default) or None for an output that no gradient came to."""
        self._materialize = value


class Function:
    """A step with a backward of your own: a subclass with static methods forward(ctx, *inputs) and backward(ctx, *gradients).
    `backward` gets a gradient for each output and returns one for each input, or None. If it is written in Tensors, it can be
    differentiated again. Call the step by `apply(*inputs)`.
    https://pytorch.org/docs/stable/autograd.html#function
    >>> class Cube(Function):
    ...     @staticmethod
    ...     def forward(ctx, x):
    ...         ctx.save_for_backward(x)
    ...         return x**3
    ...     @staticmethod
    ...     def backward(ctx, g):
    ...         (x,) = ctx.saved_tensors
    ...         return g * 3 * x**2
    >>> x = tensor(2.0, requires_grad=True)
    >>> Cube.apply(x).backward(); x.grad
    tensor(12.)
    """

    def __init__(self) -> None:
        raise RuntimeError(f"a Function is not instantiated; call {type(self).__name__}.apply(*inputs)")

    @staticmethod
    def forward(*args: Any, **options: Any) -> Any:
        """forward(ctx, *inputs), or forward(*inputs) beside setup_context(ctx, inputs, output)."""
        raise NotImplementedError("a Function needs a static method forward(ctx, *inputs)")

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        """What forward would do with ctx, if forward does not take one."""

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        """backward(ctx, *gradients): the gradient of each input, from those of the outputs."""
        raise NotImplementedError("a Function needs a static method backward(ctx, *gradients)")

    vjp = backward

    @classmethod
    def apply(cls, *inputs: Any) -> Any:
        """The outputs of forward, recorded as one step if an input requires grad."""
        edges = [x.node if isinstance(x, Tensor) and mode.enabled else None for x in inputs]
        ctx = FunctionCtx(tuple([edge is not None for edge in edges]))
        with no_grad():
            if cls.setup_context is Function.setup_context:
                output = cls.forward(ctx, *inputs)
            else:
                output = cls.forward(*inputs)
                cls.setup_context(ctx, inputs, output)
        several = isinstance(output, (tuple, list))
        outs = list(output) if several else [output]
        results = _recorded(cls, ctx, inputs, edges, outs) if any(ctx.needs_input_grad) else outs
        ctx._to_save = ctx._constant = ctx._dirty = ()
        return (type(output)(results) if type(output) is list else tuple(results)) if several else results[0]


def once_differentiable(backward: Callable[..., Any]) -> Callable[..., Any]:
    """A decorator for a `backward` that computes outside of the tape, in NumPy say. To differentiate its result again is a
    RuntimeError, where otherwise the second derivative would silently lack a part.
    https://pytorch.org/docs/stable/generated/torch.autograd.function.once_differentiable.html
    """

    @wraps(backward)
    def once(ctx: FunctionCtx, *gradients: Any) -> Any:
        with no_grad():
            found = backward(ctx, *gradients)
        if mode.enabled and any(isinstance(x, Tensor) and x.node is not None for x in (*gradients, *(ctx._saved or ()))):
            made = found if isinstance(found, tuple) else (found,)
            sealed = [
                x if x is None else Tensor._of(x.array, Node(ONCE, (Leaf(x.array.shape),), ((),), x.array.shape)) for x in made
            ]
            return tuple(sealed) if isinstance(found, tuple) else sealed[0]
        return found

    return once


def _twice(g: Any) -> Never:
    raise RuntimeError("backward through a backward that is marked with once_differentiable: it has no second derivative")


def _identity(x: Any) -> Any:
    return x


ONCE = Op(cast("Any", _identity), {"x": _twice})


class _Call:
    """The op of one call of a Function, in the form that the walk asks for (tape.Op). Its lemma is the call of `backward`,
    which gives the gradients of all inputs together.

    `made` has what backward must know of each output: its shape, dtype and module, None for what is no tensor. If several
    have a derivative, the gradient that arrives is a vector, `size` long, in which output i begins at starts[i].
    """

    inputs, options, variadic, needs = ("inputs",), (), True, (("values", "edges", "out"),)
    lemmas = True

    def __init__(self, function: type[Function], ctx: FunctionCtx, inputs: Any, outs: list[Any]) -> None:
        self.name, self.function, self.ctx = f"{function.__name__}Backward", function, ctx
        self.given = [(x.array.shape, x.array.dtype) if isinstance(x, Tensor) else None for x in inputs]
        self.made = [(y.array.shape, y.array.dtype, array_module(y.array)) if isinstance(y, Tensor) else None for y in outs]
        self.live = [i for i, y in enumerate(outs) if _differentiable(y, ctx)]
        self.dtype = np.result_type(*[outs[i].array.dtype for i in self.live]) if self.live else np.dtype(np.float32)
        ends = list(accumulate([prod(outs[i].array.shape) for i in self.live], initial=0))
        self.size, self.starts = ends[-1], dict(zip(self.live, ends))
        self.reached: set[int] = set()  # the outputs that a gradient came to
        self.vjps: Any = repeat(lambda g, x_g: x_g)
        self.saves_arrays = bool(ctx._to_save)

    def with_lemmas(self, g: Any, saved: Any) -> list[Any]:
        """The gradient of each input, in a tuple; None where none is needed or `backward` gave None."""
        values, edges, out = next(kept for kept in saved if kept is not None)
        node = out.node if isinstance(out, Tensor) else None  # a Tensor if the walk is recorded
        self.ctx._saved = tuple([self._restored(x, edge, node) for x, edge in zip(values, edges)])
        try:
            with no_grad() if node is None else enable_grad():
                found = self.function.backward(self.ctx, *self._upstream(g if node is not None else Tensor._of(g)))
                found = found if isinstance(found, tuple) else (found,)
                n = len(self.given)
                if len(found) < n or any(x_g is not None for x_g in found[n:]):
                    raise RuntimeError(f"{self.name}: backward returned {len(found)} gradients, forward has {n} inputs")
                return [None if kept is None else self._fitted(nth, found[nth], node) for nth, kept in enumerate(saved)]
        finally:
            self.ctx._saved = None
            self.reached.clear()

    def _restored(self, x: Any, edge: Any, node: Node | None) -> Tensor | None:
        """A saved tensor. In a recorded walk it is in its place on the tape; `edge` is a number for an output of this call."""
        if x is None:
            return None
        if node is None:
            return Tensor._of(x)
        if isinstance(edge, int):
            return Tensor._of(x, node if len(self.live) == 1 else self.part(edge, node))
        return Tensor._of(x, edge)

    def part(self, i: int, node: Node) -> Node:
        """The node of output i, one of several: it writes its gradient into the vector that this call's node gets."""
        shape_i, dtype, _ = cast("Any", self.made[i])
        n, start = prod(shape_i), self.starts[i]

        def vjp(g: Any) -> Any:
            self.reached.add(i)
            flat = shape.pad(shape.reshape(g, shape=(n,)), axis=0, start=start, size=self.size)
            return flat if dtype == self.dtype else shape.cast(flat, dtype=self.dtype, source=dtype)

        part = Op(cast("Any", _identity), {"x": vjp})
        part.name = self.name
        return Node(part, (node,), ((),), shape_i)

    def _upstream(self, g: Tensor) -> list[Tensor | None]:
        """The gradient of each output, from the one that arrived."""
        found: list[Tensor | None] = []
        for i, known in enumerate(self.made):
            if known is None:
                found.append(None)
                continue
            shape_i, dtype, xp = known
            if self.live == [i]:
                found.append(g)
            elif i in self.reached:
                part = shape.narrow(g, axis=0, start=self.starts[i], stop=self.starts[i] + prod(shape_i))
                part = shape.reshape(part, shape=shape_i)
                found.append(part if dtype == self.dtype else shape.cast(part, dtype=dtype, source=self.dtype))
            else:
                found.append(Tensor._of(xp.zeros(shape_i, dtype)) if self.ctx._materialize else None)
        return found

    def _fitted(self, nth: int, x_g: Any, node: Node | None) -> tuple[Any] | None:
        """The gradient of the nth input, in its dtype and shape."""
        if x_g is None:
            return None
        wanted, dtype = cast("Any", self.given[nth])
        if not isinstance(x_g, Tensor):
            what = f"{self.name}: backward must return Tensors or None"
            raise RuntimeError(f"{what}, got {type(x_g).__name__} for input {nth}")
        x_g = x_g if x_g.array.dtype == dtype else shape.cast(x_g, dtype=dtype, source=x_g.array.dtype)
        try:
            x_g = unbroadcast(x_g, wanted)
        except ValueError as error:
            what = f"{self.name}: backward gave a gradient of shape {list(x_g.shape)}"
            raise RuntimeError(f"{what} for input {nth} of shape {list(wanted)}") from error
        return (x_g if node is not None else x_g.array,)


def _differentiable(y: Any, ctx: FunctionCtx) -> bool:
    constant = [id(x) for x in ctx._constant]
    return isinstance(y, Tensor) and y.is_floating_point() and id(y) not in constant


def _recorded(function: type[Function], ctx: FunctionCtx, inputs: Any, edges: list[Any], outs: list[Any]) -> list[Any]:
    """The outputs, on the tape: one node for the call, and if there are several outputs, one for each of them."""
    for x in ctx._dirty:
        if isinstance(x.node, Leaf):
            raise RuntimeError(f"{function.__name__}: a leaf that requires grad was changed in place; change a clone of it")
    call = cast("Any", _Call(function, ctx, inputs, outs))
    own = {id(y): i for i, y in enumerate(outs) if i in call.live}
    values = tuple([None if x is None else x.array for x in ctx._to_save])
    places = [None if x is None else own.get(id(x), x.node) for x in ctx._to_save]
    shape_of_g = outs[call.live[0]].array.shape if len(call.live) == 1 else (call.size,)
    kept = (values, places, NOTHING)
    node = Node(call, tuple(edges), tuple([None if edge is None else kept for edge in edges]), shape_of_g)
    results: list[Any] = []
    for i, y in enumerate(outs):
        if i not in call.live:
            results.append(y)
            continue
        at = node if len(call.live) == 1 else call.part(i, node)
        if any(y is x for x in ctx._dirty):
            y.node = at
        else:
            y = Tensor._of(y.array, at)
        results.append(y)
        if seam.recorders:
            tell(call, tuple(inputs), {}, y)
    return results
