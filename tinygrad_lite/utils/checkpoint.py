"""Checkpoints in the backward pass: memory traded for time.

Backward needs what each step saved in forward. A checkpointed function throws its saved values away at once, and when backward
arrives, it runs a second time to compute them again. So a chain of 100 steps in 10 checkpointed parts holds the 10 inputs of
the parts and, during backward, the saved values of one part.

How: while the function runs, a Recorder sees each Node that it makes. In place of its saved values, a node then gets a
`_Saved`, which the walk (backward.py) calls when it arrives there. The first call runs the function again, and a Recorder
collects the saved values of the nodes that this makes, in the same order. So gradients reach everything that the function used,
also tensors that are not among its arguments.
https://pytorch.org/docs/stable/checkpoint.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

from tinygrad_lite import random
from tinygrad_lite.backend import owner
from tinygrad_lite.grad_mode import enable_grad, mode
from tinygrad_lite.inplace import check_unwritten, kept, writes
from tinygrad_lite.recorder import Recorder
from tinygrad_lite.suggest import missing_from, names_in
from tinygrad_lite.tape import Node, clock

__all__ = ["checkpoint", "checkpoint_sequential"]


def checkpoint(
    function: Callable[..., Any],
    *args: Any,
    use_reentrant: bool | None = None,
    context_fn: Callable[[], Any] | None = None,
    determinism_check: str = "default",
    debug: bool = False,
    preserve_rng_state: bool = True,
    **kwargs: Any,
) -> Any:
    """function(*args, **kwargs), whose saved values are computed again in backward instead of held until then. The gradients
    are the same. The function must do the same when it runs the second time: RuntimeError in backward if its steps differ.
    With preserve_rng_state it draws the same random numbers. `context_fn` returns two context managers, for the first and the
    second run. The other options of PyTorch's are accepted and change nothing.
    https://pytorch.org/docs/stable/checkpoint.html#torch.utils.checkpoint.checkpoint
    >>> from tinygrad_lite import tensor
    >>> x = tensor(2.0, requires_grad=True)
    >>> checkpoint(lambda x: (x.exp() ** 2).log(), x).backward(); x.grad
    tensor(2.)
    """
    if not mode.enabled:
        return function(*args, **kwargs)
    first, second = context_fn() if context_fn else (nullcontext(), nullcontext())
    again = _Again(lambda: function(*args, **kwargs), second, random.get_rng_state() if preserve_rng_state else None)
    with _Steps() as steps, first:
        out = function(*args, **kwargs)
    for nth, node in enumerate(steps.nodes):
        again.steps.append((node.birth, node.op.name))
        node.saved = _Saved(again, nth)
    return out


def checkpoint_sequential(
    functions: Any, segments: int, input: Any, use_reentrant: bool | None = None, preserve_rng_state: bool = True
) -> Any:
    """A list of functions (or a Sequential), one after the other, as `segments` checkpointed parts; as in PyTorch, the last
    part is not checkpointed.
    https://pytorch.org/docs/stable/checkpoint.html#torch.utils.checkpoint.checkpoint_sequential
    """
    steps = list(functions.children()) if hasattr(functions, "children") else list(functions)
    size = len(steps) // segments

    def run(part: Sequence[Callable[..., Any]]) -> Callable[..., Any]:
        def forward(x: Any) -> Any:
            for step in part:
                x = step(x)
            return x

        return forward

    for i in range(segments - 1):
        part = run(steps[i * size : (i + 1) * size])
        input = checkpoint(part, input, use_reentrant=use_reentrant, preserve_rng_state=preserve_rng_state)
    return run(steps[(segments - 1) * size :])(input)


class _Steps(Recorder):
    """Collects the nodes that are made within it, in order."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []

    def applied(self, op: Any, inputs: Any, options: Any, out: Any) -> None:
        if isinstance(out.node, Node):
            self.nodes.append(out.node)


class _Again:
    """The second run of a checkpointed function. `values` has the saved values that it gave, by the number of the node; the
    node takes them, so that they are freed as the walk goes on.
    """

    def __init__(self, function: Callable[[], Any], context: Any, rng_state: Any) -> None:
        self.function, self.context, self.rng_state = function, context, rng_state
        self.steps: list[tuple[int, str]] = []  # of the first run: when a node was made, and by which op
        self.values: dict[int, Any] = {}

    def run(self) -> None:
        start = next(clock)
        with enable_grad(), self.context, _drawing(self.rng_state), _Steps() as steps:
            self.function()
        names = [node.op.name for node in steps.nodes]
        if names != [name for _, name in self.steps]:
            was = ", ".join([name for _, name in self.steps])
            raise RuntimeError(f"checkpoint: the second run did other steps ({', '.join(names)}) than the first ({was})")
        for nth, (node, (birth, name)) in enumerate(zip(steps.nodes, self.steps)):
            check_unwritten(node)
            if any(birth < writes.times.get(id(owner(array)), (0,))[0] < start for array in kept(node)):
                what = f"backward through {name}, which was checkpointed: an array that it needs was changed in place"
                raise RuntimeError(f"{what} after forward. Make the change after backward(), or change a copy (x.clone())")
            self.values[nth] = node.saved


class _Saved:
    """What stands in place of the saved values of a node: a call computes them."""

    __slots__ = ("again", "nth")

    def __init__(self, again: _Again, nth: int) -> None:
        self.again, self.nth = again, nth

    def __call__(self) -> Any:
        if self.nth not in self.again.values:
            self.again.run()
        values = self.again.values.pop(self.nth)
        return values if type(values) is tuple else values()  # of a checkpointed function within this one


@contextmanager
def _drawing(state: Any) -> Iterator[None]:
    """The default generator in an earlier state; at the end it is where it was."""
    if state is None:
        yield
        return
    now = random.get_rng_state()
    random.set_rng_state(state)
    try:
        yield
    finally:
        random.set_rng_state(now)


if not TYPE_CHECKING:  # for a type checker, an unknown name is an error
    __getattr__, __dir__ = missing_from(__name__), names_in(__name__)
