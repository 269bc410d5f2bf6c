"""The walk: it carries the gradient from a result back along the tape.

`walk` visits the nodes, the youngest first. A node is older than everything computed from it, so all of its gradient has
arrived when its turn comes. This is a topological order, found without recursion and without a search beforehand. At each node
the vjps of its op compute the gradients of its inputs; gradients that arrive at the same place are added. `backward` adds what
arrives at the leaves to their `.grad`; `grad` returns it instead.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from contextlib import nullcontext
from heapq import heapify, heappop, heappush
from operator import iadd
from threading import local
from typing import Any
from warnings import warn

import numpy as np

from ._tensor import Tensor
from .backend import array_module, is_array
from .grad_mode import enable_grad, no_grad
from .inplace import check_unwritten, write, writes
from .ops.reduction import sum as sum_over
from .ops.shape import clone, reshape
from .recorder import seam
from .tape import Handle, Hooks, Leaf, Node


def unbroadcast(g: Any, shape: tuple[int, ...]) -> Any:
    """Undo broadcasting: sum g over the axes along which an input of this shape was repeated. ValueError if this shape does
    not broadcast to that of g.
    >>> unbroadcast(np.ones((2, 3)), (3,))
    array([2., 2., 2.])
    """
    if g.shape == shape:
        return g
    extra = len(g.shape) - len(shape)
    if extra < 0 or any([n != m != 1 for n, m in zip(g.shape[extra:], shape)]):
        raise ValueError(f"shape {list(shape)} does not broadcast to {list(g.shape)}")
    axes = tuple([i for i, n in enumerate(g.shape) if i < extra or (shape[i - extra] == 1 and n != 1)])
    return reshape(sum_over(g, axis=axes, keepdims=True), shape=shape)


def walk(
    roots: Iterable[tuple[Any, Any]],
    retain_graph: bool,
    create_graph: bool,
    wanted: Collection[Any] | None = None,
    waiting: dict[Leaf, int] | None = None,
) -> tuple[dict[Any, Any], set[Any]]:
    """Two things: the gradient that arrives at each leaf and at each node of `wanted`, and the set of those whose gradient is
    an array that nothing else refers to. `roots` are pairs of a node or leaf and the gradient there. With `wanted`, only the
    nodes on the way to them are visited and freed. With create_graph, gradients are Tensors and the vjps are recorded;
    otherwise gradients are arrays, and the ops in the vjps are just their forwards. A leaf in `waiting` gets its gradient as
    soon as that is whole, when as many gradients have arrived there as it says. RuntimeError if the saved values of a node were
    freed by an earlier walk, or one of them was changed in place.
    """
    arrived: dict[Any, Any] = {}
    owned: set[Any] = set()  # where the gradient is an array that nothing else refers to: more may be added in place
    for node, g in roots:
        arrived[node] = arrived[node] + g if node in arrived else g
    on_the_way = leading_to(wanted, arrived) if wanted is not None else None
    needed = on_the_way.union(wanted) if wanted is not None else None  # type: ignore[union-attr]
    hooked, recorders = Handle.ever, seam.recorders
    # The nodes to visit, youngest first.
    heap = [(-node.birth, node) for node in arrived if type(node) is Node and (needed is None or node in needed)]
    heapify(heap)
    while heap:
        node = heappop(heap)[1]
        if hooked and hasattr(node, "hooks"):
            arrived[node] = through_hooks(node.hooks, arrived[node], node)
            owned.discard(node)
        if on_the_way is not None and node not in on_the_way:
            continue
        g = arrived.pop(node) if wanted is None or node not in wanted else arrived[node]
        op, saved, nth = node.op, node.saved, -1
        if type(saved) is not tuple:
            saved = recomputed(node)
        elif node.birth < writes.last:
            check_unwritten(node)
        if create_graph:
            saved = [None if kept is None else as_tensors(node, n, kept) for n, kept in enumerate(saved)]
        if op.lemmas:
            if needed is not None:  # lemmas only for the vjps that will be called
                saved = [values if edge in needed else None for values, edge in zip(saved, node.edges)]
            saved = op.with_lemmas(g, saved)
        for edge, vjp, kept in zip(node.edges, op.vjps, saved):
            if recorders:
                nth += 1
            if kept is None or (needed is not None and edge not in needed):
                continue
            x_g = None
            try:
                x_g = vjp(g, *kept)
                if x_g.shape != edge.shape:
                    x_g = unbroadcast(x_g, edge.shape)
            except (AttributeError, TypeError, ValueError, IndexError) as error:
                raise misfit(node, edge, vjp, x_g, error) from error
            if recorders:
                for recorder in recorders:
                    recorder.differentiated(node, nth, g, x_g)
            before = arrived.get(edge)
            if before is None:
                arrived[edge] = x_g
                if type(edge) is Node:
                    heappush(heap, (-edge.birth, edge))
                # Adding in place must not change what others see. A vjp may return g itself, a saved array, or a view of
                # either (`.base` is not None: it shows the memory of another array). Any other array is new.
                if not create_graph and x_g is not g and x_g.base is None:
                    for value in kept:
                        if value is x_g:
                            break
                    else:
                        if not op.lemmas or not in_lemma(x_g, kept):
                            owned.add(edge)
            elif edge in owned:
                before += x_g
                arrived[edge] = before
            else:
                arrived[edge] = before + x_g
                if not create_graph:
                    owned.add(edge)
        if not retain_graph and op.saves_arrays:
            node.saved = None
        if waiting:
            for edge in node.edges:
                if edge in waiting:
                    waiting[edge] -= 1
                    if not waiting[edge]:
                        del waiting[edge]
                        x_g = arrived.pop(edge)
                        if edge.hooks:
                            x_g = through_hooks(edge.hooks, x_g, edge)
                            owned.discard(edge)
                        accumulate(edge, x_g, edge in owned, create_graph)
    if hooked:
        for leaf in [leaf for leaf in arrived if type(leaf) is Leaf and leaf.hooks]:
            arrived[leaf] = through_hooks(leaf.hooks, arrived[leaf], leaf)
            owned.discard(leaf)
    return arrived, owned


def accumulate(leaf: Leaf, g: Any, owned: bool, create_graph: bool) -> None:
    """Add what has arrived at a leaf to its gradient, and call the hooks that wait for it."""
    if leaf.grad is None:
        leaf.grad = clone(g) if create_graph else own(g, owned)
    elif create_graph:
        leaf.grad = leaf.grad + g
    else:
        write(leaf.grad.array, iadd, g)
    if hasattr(leaf, "after"):
        with nullcontext() if create_graph else no_grad():
            for _, hook in sorted(leaf.after.items()):
                hook()


def awaited(roots: Iterable[tuple[Any, Any]]) -> dict[Leaf, int]:
    """The leaves whose hooks wait for the whole gradient, and how many gradients will arrive at each."""
    counts: dict[Leaf, int] = {}
    seen, below = set(), [node for node, _ in roots if type(node) is Node]
    while below:
        node = below.pop()
        if node not in seen:
            seen.add(node)
            for edge in node.edges:
                if type(edge) is Node:
                    below.append(edge)
                elif edge is not None and edge.requires_grad and getattr(edge, "after", None):
                    counts[edge] = counts.get(edge, 0) + 1
    return counts


class _Walking(local):
    callbacks: list[Callable[[], None]] | None = None  # of the walk that is going on in this thread


walking = _Walking()


def queue_callback(callback: Callable[[], None]) -> None:
    """Call a function once, at the end of the backward() that is going on: from a hook. RuntimeError if none is.
    PyTorch has it as torch.autograd.Variable._execution_engine.queue_callback.
    """
    if walking.callbacks is None:
        raise RuntimeError("queue_callback: no backward() is going on; call it from a hook")
    walking.callbacks.append(callback)


def in_lemma(x_g: Any, kept: Any) -> bool:
    """Whether x_g is one of several arrays that a lemma gave."""
    return any([part is x_g for value in kept if type(value) is tuple for part in value])


def recomputed(node: Node) -> tuple[Any, ...]:
    """The saved values of a node that does not hold them: utils.checkpoint left a function there that computes them anew.
    RuntimeError if they were freed by an earlier walk.
    """
    if node.saved is None:
        what = f"backward through {node.op.name} a second time: its saved values were freed by the first"
        then = "Give the first backward() or grad() retain_graph=True, or detach() what a step takes over from the last"
        raise RuntimeError(f"{what}. {then}")
    return node.saved()  # type: ignore[no-any-return]


def through_hooks(hooks: Hooks, g: Any, at: Leaf | Node) -> Any:
    """The gradient g after the hooks of a tensor, each of which may replace it. A hook gets a Tensor with its own memory. What
    it computes is recorded only if the walk is.
    """
    is_tensor = isinstance(g, Tensor)
    x_g = g if is_tensor else Tensor._of(array_module(g).array(g))
    with nullcontext() if is_tensor else no_grad():
        for _, hook in sorted(hooks.items()):
            made = hook(x_g)
            if made is None:
                continue
            what = f"a hook must return None or a Tensor of the gradient's shape and dtype, {x_g.dtype}{list(at.shape)}"
            if not isinstance(made, Tensor):
                raise TypeError(f"{what}; got {type(made).__name__}")
            if list(made.shape) != list(at.shape) or made.dtype != x_g.dtype or made.device != x_g.device:
                raise RuntimeError(f"{what} on {x_g.device}; got {made.dtype}{list(made.shape)} on {made.device}")
            x_g = made
    return x_g if is_tensor else x_g.array


def leading_to(wanted: Collection[Any], roots: Iterable[Any]) -> set[Node]:
    """The nodes between the roots and what is wanted: those from which some path of edges leads to it."""
    seen, below = set(), [node for node in roots if type(node) is Node]
    oldest = min([node.birth if type(node) is Node else 0 for node in wanted])
    while below:
        node = below.pop()
        if node not in seen and node.birth > oldest:
            seen.add(node)
            below += [edge for edge in node.edges if type(edge) is Node]
    found: set[Node] = set()
    for node in sorted(seen, key=lambda node: node.birth):  # the oldest first: the nodes that its edges lead to come before it
        if any(edge in found or edge in wanted for edge in node.edges):
            found.add(node)
    return found


def misfit(node: Node, edge: Any, vjp: Any, x_g: Any, error: Exception) -> Exception:
    """The error for a vjp that raised one, or that gave a gradient that does not fit its input."""
    nth = [known is vjp for known, _ in zip(node.op.vjps, node.edges)].index(True)
    x, shape = node.op.inputs[0 if node.op.variadic else nth], list(edge.shape)
    what = f"backward through {node.op.name}: the vjp {x}= of {node.op.name}"
    inside = error.__traceback__ and error.__traceback__.tb_next
    if inside and x_g is None:
        return RuntimeError(f"{what} failed, where {x} is {shape}: {type(error).__name__}: {error}")
    gave = list(x_g.shape) if hasattr(x_g, "shape") else repr(x_g)
    return RuntimeError(f"{what} gave {gave} where {x} is {shape}; it must give an array of that shape")


def as_tensors(node: Node, nth: int, kept: tuple[Any, ...]) -> list[Any]:
    """The values `kept` for the vjp of a node's nth input. Inputs and `out` become Tensors in their places on the tape."""
    op = node.op
    names = op.needs[0 if op.variadic else nth]
    edges = {"out": node} if op.variadic else {"out": node, **dict(zip(op.inputs, node.edges))}
    tensors: list[Any] = []
    for name, value in zip(names, kept):
        if op.variadic and name == op.inputs[0]:
            tensors.append(tuple(map(Tensor._of, value, node.edges)))
        else:
            tensors.append(Tensor._of(value, edges[name]) if name in edges and is_array(value) else value)
    return tensors


def backward(
    tensors: Any,
    grad_tensors: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    grad_variables: Any = None,
    inputs: Any = None,
) -> None:
    """Compute d tensors / d leaf for every leaf that requires grad, and add it to the leaf's `.grad`.
    `grad_tensors` (once grad_variables) are the upstream gradients, with the tensors' shapes; that of a tensor of one element
    may be left out and is 1.
    The saved values are freed on the way, unless retain_graph is true (its default is the value of create_graph). create_graph
    records the walk itself, so that the gradients can be differentiated again. With `inputs`, only those leaves get a gradient.
    RuntimeError if no tensor requires grad, if a gradient is missing or has another shape, or if saved values were freed or
    changed in place.
    https://pytorch.org/docs/stable/generated/torch.autograd.backward.html
    """
    if grad_variables is not None:
        if grad_tensors is not None:
            raise RuntimeError("backward: grad_variables is the old name of grad_tensors; give one of them")
        grad_tensors = grad_variables
    roots = start(as_tuple(tensors), as_tuple(grad_tensors), create_graph)
    only = None if inputs is None else {x.node if isinstance(x, Tensor) else None for x in as_tuple(inputs)}
    if only is not None and not (only and all(type(leaf) is Leaf for leaf in only)):
        raise RuntimeError("backward: inputs must be leaves that require grad, at least one; for others use autograd.grad()")
    waiting = awaited(roots) if Leaf.awaited and only is None else None
    before, walking.callbacks = walking.callbacks, []
    try:
        with enable_grad() if create_graph else nullcontext():
            keep = create_graph if retain_graph is None else retain_graph
            arrived, owned = walk(roots, keep, create_graph, only, waiting)
            for leaf, g in arrived.items():
                if (only is None or leaf in only) and leaf.requires_grad:
                    accumulate(leaf, g, leaf in owned, create_graph)
            for callback in walking.callbacks:
                callback()
    finally:
        walking.callbacks = before


def grad(
    outputs: Any,
    inputs: Any,
    grad_outputs: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    only_inputs: bool = True,
    allow_unused: bool | None = None,
    is_grads_batched: bool = False,
    materialize_grads: bool = False,
) -> tuple[Tensor, ...]:
    """The gradients of `outputs` with respect to `inputs`, as a tuple; no `.grad` is changed.
    `inputs` may be leaves or results. An input that the outputs do not depend on is a RuntimeError; with allow_unused=True its
    gradient is None, with materialize_grads=True zeros. retain_graph and create_graph are those of backward(). only_inputs is
    PyTorch's and changes nothing; is_grads_batched is not covered.
    https://pytorch.org/docs/stable/generated/torch.autograd.grad.html
    >>> x = tensor(3.0, requires_grad=True)
    >>> (dx,) = grad(x**3, x, create_graph=True)
    >>> dx.item(), grad(dx, x)[0].item()
    (27.0, 18.0)
    """
    if not only_inputs:
        warn("grad: only_inputs=False does nothing; backward() adds to the grad of all leaves", FutureWarning, stacklevel=2)
    if is_grads_batched:
        raise NotImplementedError("grad: is_grads_batched=True is not covered; call grad() once for each of the grad_outputs")
    inputs = as_tuple(inputs)
    if not inputs:
        raise RuntimeError("grad: inputs is empty; give the tensors to differentiate with respect to")
    for i, x in enumerate(inputs):
        if not isinstance(x, Tensor):
            raise TypeError(f"grad: input {i} must be a Tensor, got {type(x).__name__}")
        if x.node is None:
            raise RuntimeError(f"grad: input {i} does not require grad; make it with requires_grad=True")
    roots = start(as_tuple(outputs), as_tuple(grad_outputs), create_graph)
    wanted = frozenset([x.node for x in inputs])
    with enable_grad() if create_graph else nullcontext():
        arrived, owned = walk(roots, create_graph if retain_graph is None else retain_graph, create_graph, wanted)
    result: list[Any] = []
    for i, x in enumerate(inputs):
        if x.node in arrived:
            g = arrived[x.node]
            result.append(g if create_graph else own(g, x.node in owned))
        elif materialize_grads:
            result.append(Tensor._of(np.zeros_like(x.array)).requires_grad_(create_graph))
        elif allow_unused:
            result.append(None)
        else:
            raise RuntimeError(f"grad: the outputs do not depend on input {i}; allow_unused=True gives None for it")
    return tuple(result)


def start(tensors: tuple[Any, ...], gradients: tuple[Any, ...], create_graph: bool) -> list[tuple[Any, Any]]:
    """Where the walk begins: pairs of each tensor's node and its upstream gradient, which is 1 if none is given."""
    if len(gradients) == 1 and gradients[0] is None:
        gradients = (None,) * len(tensors)
    if len(gradients) != len(tensors):
        raise RuntimeError(f"backward: {len(tensors)} tensors but {len(gradients)} gradients")
    roots = []
    for y, g in zip(tensors, gradients):
        if not isinstance(y, Tensor):
            raise TypeError(f"backward: expected a Tensor to differentiate, got {type(y).__name__}")
        if y.node is None:
            what = "this tensor does not require grad and was not computed from one that does"
            raise RuntimeError(f"backward: {what}; make leaves with requires_grad=True, and compute outside no_grad()")
        if g is None:
            if y.array.size != 1:
                what = f"grad can be implicitly created only for scalar outputs, and this has shape {list(y.array.shape)}"
                raise RuntimeError(f"{what}: reduce it first (y.sum(), y.mean()) or give backward() a gradient of that shape")
            g = Tensor._of(array_module(y.array).array(1, y.array.dtype).reshape(y.array.shape))
        elif not isinstance(g, Tensor):
            raise TypeError(f"backward: a gradient must be a Tensor or None, got {type(g).__name__}; use tensor(...)")
        elif g.shape != y.shape:
            raise RuntimeError(f"backward: a gradient of shape {list(g.shape)} for a tensor of shape {list(y.shape)}")
        roots.append((y.node, g.to(y.dtype) if create_graph else g.array.astype(y.array.dtype, copy=False)))
    return roots


def own(g: Any, owned: bool) -> Tensor:
    """A gradient as a Tensor with its own memory."""
    return Tensor._of(g if owned and not isinstance(g, np.generic) else array_module(g).array(g))


def as_tuple(x: Any) -> tuple[Any, ...]:
    """A tuple of one thing, or of those that an iterable gives: net.parameters(), say."""
    return (x,) if isinstance(x, Tensor) or is_array(x) or not isinstance(x, Iterable) else tuple(x)
