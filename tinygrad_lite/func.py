"""Functions that make functions: grad(f) is the function that computes the gradient of f.

PyTorch's torch.func. Arguments and results may be Tensors in nested tuples, lists and dicts (the parameters of a model, say).
Calls may be nested, grad(grad(f)), and the results can be differentiated by backward() if something that they depend on
requires grad.
https://pytorch.org/docs/stable/func.api.html
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce, wraps
from typing import TYPE_CHECKING, Any

from . import backward as walk
from ._tensor import Tensor
from .autograd import functional
from .creation import zeros_like
from .grad_mode import enable_grad, mode
from .ops import shape
from .suggest import missing_from, names_in
from .tape import Leaf, Node

__all__ = ["functional_call", "grad", "grad_and_value", "hessian", "jacfwd", "jacrev", "jvp", "value_and_grad", "vjp"]

Argnums = int | tuple[int, ...]


def grad(func: Callable[..., Any], argnums: Argnums = 0, has_aux: bool = False) -> Callable[..., Any]:
    """The function x ↦ d func / dx. `func` returns one number, or with has_aux (number, anything else), which is returned too.
    `argnums` says by which arguments to differentiate; for a tuple of them the result is a tuple.
    >>> grad(lambda x: x**3)(tensor(2.0)), grad(grad(lambda x: x**3))(tensor(2.0))
    (tensor(12.), tensor(12.))
    """
    both = grad_and_value(func, argnums, has_aux)

    @wraps(func)
    def gradient(*args: Any, **options: Any) -> Any:
        found, value = both(*args, **options)
        return (found, value[1]) if has_aux else found

    return gradient


def grad_and_value(func: Callable[..., Any], argnums: Argnums = 0, has_aux: bool = False) -> Callable[..., Any]:
    """The function x ↦ (d func / dx, func(x)); see grad.
    >>> grad_and_value(lambda x: x**3)(tensor(2.0))
    (tensor(12.), tensor(8.))
    """

    @wraps(func)
    def gradient_and_value(*args: Any, **options: Any) -> Any:
        again = mode.enabled
        with enable_grad():
            moved, xs = _tracked("grad", args, argnums)
            value = func(*moved, **options)
            y, aux = value if has_aux else (value, None)
            if not isinstance(y, Tensor) or y.array.ndim or not y.is_floating_point():
                got = f"{y.dtype}{list(y.shape)}" if isinstance(y, Tensor) else type(y).__name__
                raise RuntimeError(f"grad: func must return one number, a 0-d Tensor of floats, got {got}; reduce it: y.sum()")
            again = again and depends_on_others(y, xs)
            gradients = _gradients(y, xs, None, again)
        value = (y, aux) if has_aux else y
        return _placed(args, argnums, gradients), (value if again else detached(value))

    return gradient_and_value


def value_and_grad(func: Callable[..., Any], argnums: Argnums = 0, has_aux: bool = False) -> Callable[..., Any]:
    """The function x ↦ (func(x), d func / dx): grad_and_value with its results in JAX's order.
    >>> value_and_grad(lambda x: x**3)(tensor(2.0))
    (tensor(8.), tensor(12.))
    """
    both = grad_and_value(func, argnums, has_aux)

    @wraps(func)
    def value_and_gradient(*args: Any, **options: Any) -> Any:
        return both(*args, **options)[::-1]

    return value_and_gradient


def vjp(func: Callable[..., Any], *primals: Any, has_aux: bool = False) -> Any:
    """func(*primals), and the function v ↦ vᵀJ, which may be called several times. With has_aux, the rest of the result too.
    >>> y, pull = vjp(lambda x: x**2, tensor([1.0, 2.0]))
    >>> y, pull(tensor([1.0, 10.0]))
    (tensor([1., 4.]), (tensor([ 2., 40.]),))
    """
    again = mode.enabled
    every = tuple(range(len(primals)))
    with enable_grad():
        moved, xs = _tracked("vjp", primals, every)
        value = func(*moved)
    y, aux = value if has_aux else (value, None)
    ys = leaves_of(y)
    again = again and any(depends_on_others(part, xs) for part in ys)

    def pull(v: Any) -> Any:
        vs = leaves_of(v)
        if [part.shape for part in vs] != [part.shape for part in ys]:
            raise RuntimeError(f"vjp: v must have the shapes of the output, {[list(part.shape) for part in ys]}")
        further = again or any(part.node is not None for part in vs)
        total = [zeros_like(x) for x in xs]
        for part, upstream in zip(ys, vs):
            total = [g + h for g, h in zip(total, _gradients(part, xs, upstream, further))]
        return _placed(primals, every, total)

    shown, aux = (y, aux) if again else detached((y, aux))
    return (shown, pull, aux) if has_aux else (shown, pull)


def jvp(func: Callable[..., Any], primals: tuple[Any, ...], tangents: tuple[Any, ...], *, has_aux: bool = False) -> Any:
    """func(*primals), and its derivative in the direction of the tangents.
    >>> jvp(lambda x: x**2, (tensor([1.0, 2.0]),), (tensor([1.0, 10.0]),))
    (tensor([1., 4.]), tensor([ 2., 40.]))
    """
    out, push, *aux = vjp(func, *primals, has_aux=has_aux)
    with enable_grad():
        us = [zeros_like(y).requires_grad_() for y in leaves_of(out)]
        pulled = leaves_of(push(rebuilt(out, iter(us))))
        total = [zeros_like(u) for u in us]
        for g, v in zip(pulled, leaves_of(tangents)):
            total = [a + b for a, b in zip(total, _gradients(g, us, v, False))]
    return (out, rebuilt(out, iter(total)), *aux)


def jacrev(func: Callable[..., Any], argnums: Argnums = 0, has_aux: bool = False, **options: Any) -> Callable[..., Any]:
    """The function x ↦ J, the Jacobian of func, computed row by row. Its shape is that of the output followed by that of x.
    `chunk_size` is accepted and changes nothing.
    >>> jacrev(lambda x: x**2)(tensor([1.0, 2.0]))
    tensor([[2., 0.],
            [0., 4.]])
    """
    _known("jacrev", options, "chunk_size")

    @wraps(func)
    def jacobian(*args: Any, **given: Any) -> Any:
        again = mode.enabled
        with enable_grad():
            moved, xs = _tracked("jacrev", args, argnums)
            value = func(*moved, **given)
            y, aux = value if has_aux else (value, None)
            ys = leaves_of(y)
            again = again and any(depends_on_others(part, xs) for part in ys)
            rows = []
            for part in ys:
                units = [functional.unit(part, n) for n in range(part.array.size)]
                each = [_gradients(part, xs, unit, again) for unit in units]
                rows.append(
                    _placed(args, argnums, [functional.stacked([g[i] for g in each], part, x) for i, x in enumerate(xs)])
                )
        found = rebuilt(y, iter(rows))
        return (found, aux if again else detached(aux)) if has_aux else found

    return jacobian


def jacfwd(func: Callable[..., Any], argnums: Argnums = 0, has_aux: bool = False, **options: Any) -> Callable[..., Any]:
    """The same Jacobian as jacrev, and computed in the same way: there is no forward mode here. `randomness` and `chunk_size`
    are accepted and change nothing.
    """
    _known("jacfwd", options, "chunk_size", "randomness")
    return jacrev(func, argnums, has_aux)


def hessian(func: Callable[..., Any], argnums: Argnums = 0) -> Callable[..., Any]:
    """The function x ↦ H, the second derivatives of func: the Jacobian of its Jacobian.
    >>> hessian(lambda x: (x**3).sum())(tensor([1.0, 2.0]))
    tensor([[ 6.,  0.],
            [ 0., 12.]])
    """
    return jacrev(jacrev(func, argnums), argnums)


def functional_call(
    module: Any, parameter_and_buffer_dicts: Any, args: Any = None, kwargs: Any = None, *, tie_weights: bool = True,
    strict: bool = False,
) -> Any:  # fmt: skip
    """module(*args, **kwargs), computed with other parameters and buffers: {name: Tensor}, or several such dicts. The module
    has its own again afterwards. RuntimeError for a name that the module does not have.
    https://pytorch.org/docs/stable/generated/torch.func.functional_call.html
    """
    given: dict[str, Any] = {}
    several = isinstance(parameter_and_buffer_dicts, (tuple, list))
    for part in parameter_and_buffer_dicts if several else (parameter_and_buffer_dicts,):
        given.update(part)
    places = {}
    own = {**dict(module.named_parameters(remove_duplicate=False)), **dict(module.named_buffers(remove_duplicate=False))}
    if unknown := [name for name in given if name not in own]:
        raise RuntimeError(f"functional_call: the module has no parameter or buffer named {', '.join(unknown)}")
    if strict and (missing := [name for name in own if name not in given]):
        raise RuntimeError(f"functional_call: strict=True, and no value is given for {', '.join(missing)}")
    shared = {id(own[name]): x for name, x in given.items()} if tie_weights else {}
    for name, old in own.items():
        x = given.get(name, shared.get(id(old)))
        if x is not None:
            *path, last = name.split(".")
            places[name] = (reduce(getattr, path, module), last, old, x)
    args = () if args is None else args if isinstance(args, tuple) else (args,)
    try:
        for holder, last, _, x in places.values():
            vars(holder)[last] = x
        return module(*args, **(kwargs or {}))
    finally:
        for holder, last, old, _ in places.values():
            vars(holder)[last] = old


# Nested tuples, lists and dicts of Tensors


def leaves_of(tree: Any) -> list[Tensor]:
    """The Tensors in nested tuples, lists and dicts, in order. TypeError for anything else in them."""
    if isinstance(tree, Tensor):
        return [tree]
    if isinstance(tree, (tuple, list)):
        return [x for part in tree for x in leaves_of(part)]
    if isinstance(tree, dict):
        return [x for part in tree.values() for x in leaves_of(part)]
    raise TypeError(f"expected Tensors in tuples, lists or dicts, got {type(tree).__name__}")


def rebuilt(tree: Any, leaves: Any) -> Any:
    """The same structure with other leaves, which an iterator gives."""
    if isinstance(tree, Tensor):
        return next(leaves)
    if isinstance(tree, dict):
        return {name: rebuilt(part, leaves) for name, part in tree.items()}
    parts = [rebuilt(part, leaves) for part in tree]
    return type(tree)(*parts) if hasattr(tree, "_fields") else type(tree)(parts)


def detached(tree: Any) -> Any:
    """The same structure with its Tensors detached; anything else in it stays as it is."""
    if isinstance(tree, dict):
        return {name: detached(part) for name, part in tree.items()}
    if isinstance(tree, (tuple, list)):
        parts = [detached(part) for part in tree]
        return type(tree)(*parts) if hasattr(tree, "_fields") else type(tree)(parts)
    return tree.detach() if isinstance(tree, Tensor) else tree


def _chosen(what: str, args: tuple[Any, ...], argnums: Argnums) -> tuple[int, ...]:
    numbers = argnums if isinstance(argnums, tuple) else (argnums,)
    for n in numbers:
        if not -len(args) <= n < len(args):
            raise RuntimeError(f"{what}: argnums={argnums}, but there are {len(args)} positional arguments")
    return tuple([n % len(args) for n in numbers])


def _tracked(what: str, args: tuple[Any, ...], argnums: Argnums) -> tuple[list[Any], list[Tensor]]:
    """The arguments, with those to differentiate by in a new place on the tape; and the Tensors in these."""
    moved, xs = list(args), []
    for n in _chosen(what, args, argnums):
        fresh = []
        for x in leaves_of(args[n]):
            if not x.is_floating_point():
                raise RuntimeError(f"{what}: only floats can be differentiated by, argument {n} has {x.dtype}; use x.float()")
            fresh.append(x.detach().requires_grad_() if x.node is None else shape.reshape(x, shape=x.array.shape))
        xs += fresh
        moved[n] = rebuilt(args[n], iter(fresh))
    return moved, xs


def _placed(args: tuple[Any, ...], argnums: Argnums, found: list[Tensor]) -> Any:
    """The results in the structure of the arguments that they belong to."""
    leaves = iter(found)
    each = [rebuilt(args[n], leaves) for n in _chosen("grad", args, argnums)]
    return tuple(each) if isinstance(argnums, tuple) else each[0]


def _gradients(y: Tensor, xs: list[Tensor], v: Tensor | None, again: bool) -> list[Tensor]:
    if y.node is None:
        return [zeros_like(x) for x in xs]
    return list(walk.grad(y, xs, v, retain_graph=True, create_graph=again, materialize_grads=True))


def depends_on_others(y: Tensor, xs: list[Tensor]) -> bool:
    """Whether y depends on a leaf that is none of xs: then the result can be differentiated again, by that leaf."""
    ours = {x.node for x in xs}
    seen, todo = set(ours), [y.node]
    for x in xs:
        if isinstance(x.node, Node):
            return True
    while todo:
        node = todo.pop()
        if node is None or node in seen:
            continue
        if isinstance(node, Leaf):
            return True
        seen.add(node)
        todo += node.edges
    return False


def _known(what: str, options: dict[str, Any], *names: str) -> None:
    if wrong := [name for name in options if name not in names]:
        raise TypeError(f"{what}: unknown argument {wrong[0]!r}")


if not TYPE_CHECKING:  # for a type checker, an unknown name is an error
    __getattr__, __dir__ = missing_from(__name__), names_in(__name__)
