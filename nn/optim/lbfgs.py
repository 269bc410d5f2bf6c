"""LBFGS: Newton's method with a curvature that is learned from the last gradients. One step() makes many small ones."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from tinygrad_lite._tensor import Tensor
from tinygrad_lite.backend import Array, array_module, put
from tinygrad_lite.grad_mode import enable_grad
from tinygrad_lite.inplace import write_all

from ..state import numbers
from .line_search import Point, strong_wolfe
from .optimizer import Optimizer, number


def lbfgs(g: Array, s: list[Array], y: list[Array], rho: list[float], scale: float) -> tuple[Array, list[float]]:
    """The direction -H·g, where H is the inverse Hessian that the last steps s and changes y of the gradient tell of.

    H starts as scale·I, with scale = yᵀs / yᵀy of the last step, and for each pair, oldest first, becomes
    (I - ρ·s·yᵀ)·H·(I - ρ·y·sᵀ) + ρ·s·sᵀ with ρ = 1 / yᵀs, so that it maps y to s. Two loops multiply by it without a matrix.
    The factors of the first loop are returned too. Liu & Nocedal 1989
    """
    d = -g
    first = [0.0] * len(s)
    for i in reversed(range(len(s))):
        first[i] = float(s[i] @ d) * rho[i]
        d -= first[i] * y[i]
    d *= scale
    for i in range(len(s)):
        d += (first[i] - float(y[i] @ d) * rho[i]) * s[i]
    return d, first


class LBFGS(Optimizer):
    """LBFGS: p ← p + t·d, up to max_iter times in one step(), with d = -H·g from the last `history_size` steps; see `lbfgs`.

    step() needs a closure that clears the gradients, computes the loss, calls backward() and returns the loss; it is called
    max_eval times at most (None: 1.25·max_iter), and its first loss is returned. The step length t is lr, at first at most
    lr / Σ|g|; or with line_search_fn="strong_wolfe" it is searched for, from there, see `strong_wolfe`. It stops early where no
    |g| is above tolerance_grad, and where steps or losses change by less than tolerance_change.
    ValueError for more than one parameter group. Nocedal & Wright 2006, chapter 7;
    https://pytorch.org/docs/stable/generated/torch.optim.LBFGS.html

    >>> from tinygrad_lite import tensor
    >>> p = tensor([3.0, -2.0], requires_grad=True)
    >>> optimizer = LBFGS([p], line_search_fn="strong_wolfe")
    >>> def closure():
    ...     optimizer.zero_grad()
    ...     loss = (p**2 * tensor([1.0, 10.0])).sum()
    ...     loss.backward()
    ...     return loss
    >>> optimizer.step(closure), bool((p.abs() < 1e-4).all())
    (tensor(49., grad_fn=<sum>), True)
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1,
        max_iter: int = 20,
        max_eval: int | None = None,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        history_size: int = 100,
        line_search_fn: str | None = None,
    ) -> None:
        defaults = {"lr": lr, "max_iter": max_iter, "max_eval": max_iter * 5 // 4 if max_eval is None else max_eval}
        tolerances = {"tolerance_grad": tolerance_grad, "tolerance_change": tolerance_change}
        super().__init__(params, defaults | tolerances | {"history_size": history_size, "line_search_fn": line_search_fn})
        if len(self.param_groups) != 1:
            raise ValueError("LBFGS doesn't support per-parameter options (parameter groups): one vector holds all parameters")

    def step(self, closure: Callable[[], Any]) -> Any:  # type: ignore[override]
        """Minimize what the closure computes, by up to max_iter steps, and return its first result."""
        (group,) = self.param_groups
        if group["line_search_fn"] not in (None, "strong_wolfe"):
            raise RuntimeError(f"only 'strong_wolfe' is supported as line_search_fn, not {group['line_search_fn']!r}")
        params = group["params"]
        state = self.state[params[0]]  # where PyTorch keeps what belongs to all parameters
        calls_before = state.setdefault("func_evals", 0)
        state.setdefault("n_iter", 0)

        def evaluate() -> tuple[Any, float, Array]:
            with enable_grad():
                result = closure()
            state["func_evals"] += 1
            return result, float(result), gradient(params)

        def left() -> int:
            return int(group["max_eval"] - (state["func_evals"] - calls_before))

        first_result, loss, g = evaluate()
        if abs(g).max() <= group["tolerance_grad"]:
            return first_result
        lr, least_change = float(number(group["lr"])), group["tolerance_change"]
        d, t, s, y, rho, scale, g_old, loss_old = recalled(state)
        for n in range(1, group["max_iter"] + 1):
            state["n_iter"] += 1
            if state["n_iter"] == 1:
                d, t = -g, min(1.0, 1 / float(abs(g).sum())) * lr
            else:
                moved, change = t * d, g - g_old
                curvature = float(change @ moved)
                if curvature > 1e-10:
                    if len(s) == group["history_size"]:
                        del s[0], y[0], rho[0]
                    s, y, rho = [*s, moved], [*y, change], [*rho, 1 / curvature]
                    scale = curvature / float(change @ change)
                d, first = lbfgs(g, s, y, rho, scale)
                state["al"] = [*numbers_like(g, first), *[None] * (group["history_size"] - len(first))]
                t = lr
            g_old, loss_old = g, loss
            slope = float(g @ d)
            if slope > -least_change:
                break
            if group["line_search_fn"]:
                start = [p.array.copy() for p in params]

                def at(t: float, d: Array = d, start: list[Array] = start) -> Point:
                    move(params, t, d)
                    _, loss, g = evaluate()
                    put_back(params, start)
                    return Point(t, loss, g, float(g @ d))

                t, loss, g, _ = strong_wolfe(at, t, Point(0, loss, g, slope), float(abs(d).max()), least_change, left())
                move(params, t, d)
            else:
                move(params, t, d)
                if n < group["max_iter"]:
                    _, loss, g = evaluate()
            if left() <= 0 or abs(g).max() <= group["tolerance_grad"]:
                break
            if abs(t * d).max() <= least_change or abs(loss - loss_old) < least_change:
                break
        vectors = {"d": Tensor._of(d), "old_dirs": [*map(Tensor._of, y)], "old_stps": [*map(Tensor._of, s)]}
        scalars = {"t": t, "ro": numbers_like(g, rho), "H_diag": numbers_like(g, [scale])[0], "prev_loss": loss_old}
        state |= vectors | scalars | {"prev_flat_grad": Tensor._of(g_old)}
        return first_result

    def loaded(self, name: str, value: Any, p: Tensor, number: bool) -> Any:
        """Copies of vectors and numbers, in lists and alone; those that are no tensors stay as they are."""
        if isinstance(value, (list, tuple)):
            return [self.loaded(name, x, p, number) for x in value]
        if hasattr(value, "shape"):
            return Tensor._of(put(numbers(value), p.device).astype(p.dtype))
        return value


def gradient(params: list[Tensor]) -> Array:
    """The gradients end to end; 0 for a parameter that has none."""
    xp = array_module(params[0].array)
    return xp.concatenate([xp.zeros(p.numel(), p.dtype) if p.grad is None else p.grad.array.reshape(-1) for p in params])


def move(params: list[Tensor], t: float, d: Array) -> None:
    """p ← p + t·d, of a direction end to end."""
    ends = np.cumsum([p.numel() for p in params])
    put_back(params, [p.array + t * d[end - p.numel() : end].reshape(p.shape) for p, end in zip(params, ends)])


def put_back(params: list[Tensor], values: list[Array]) -> None:
    """p ← its value."""

    def change() -> None:
        for p, value in zip(params, values):
            p.array[...] = value

    write_all([p.array for p in params], change)


def recalled(state: Mapping[str, Any]) -> tuple[Any, ...]:
    """What the last step has left: d, t, s, y, ρ, scale, and the gradient and loss before it. The names are PyTorch's."""
    vectors = [state[name].array if name in state else None for name in ("d", "prev_flat_grad")]
    s, y = [[x.array for x in state.get(name, ())] for name in ("old_stps", "old_dirs")]
    rho, scale = [float(x) for x in state.get("ro", ())], float(state.get("H_diag", 1))
    return vectors[0], float(state.get("t", 0)), s, y, rho, scale, vectors[1], state.get("prev_loss", 0.0)


def numbers_like(g: Array, values: list[float]) -> list[Tensor]:
    """Numbers as Tensors of the gradient's dtype."""
    return [Tensor._of(array_module(g).asarray(x, g.dtype)) for x in values]
