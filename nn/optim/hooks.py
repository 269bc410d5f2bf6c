"""Hooks: functions that an optimizer calls before or after step(), state_dict() and load_state_dict().

Each register_...() returns a handle, whose remove() ends it. A copy of an optimizer has no hooks.
https://pytorch.org/docs/stable/optim.html#base-class
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from tinygrad_lite.tape import Handle

KINDS = ("step_pre", "step_post", "state_dict_pre", "state_dict_post", "load_state_dict_pre", "load_state_dict_post")


def no_hooks() -> dict[str, dict[float, Callable[..., Any]]]:
    """For each kind of hooks an empty dict."""
    return {kind: {} for kind in KINDS}


class Hooks:
    """The part of an optimizer that has its hooks.

    >>> from tinygrad_lite import nn, tensor
    >>> optimizer = nn.optim.SGD([tensor([1.0], requires_grad=True)])
    >>> with optimizer.register_step_post_hook(lambda optimizer, args, kwargs: print("a step")):
    ...     optimizer.step()
    a step
    """

    def __init__(self) -> None:
        self._hooks = no_hooks()
        self._stepped = False  # lr_scheduler warns if it is stepped first

    def __init_subclass__(cls) -> None:
        """Each step() calls the hooks, also one that a subclass writes itself."""
        super().__init_subclass__()
        if "step" in vars(cls):
            cls.step = hooked(cls.step)  # type: ignore[attr-defined]

    def _add(self, kind: str, hook: Callable[..., Any], first: bool = False) -> Handle:
        hooks = self._hooks[kind]
        others = dict(hooks)
        handle = Handle(hooks, hook)
        if first:
            for number in others:
                del hooks[number]
            hooks.update(others)
        return handle

    def register_step_pre_hook(self, hook: Callable[..., Any]) -> Handle:
        """Call hook(optimizer, args, kwargs) before each step. It may return (args, kwargs), which step() then gets."""
        return self._add("step_pre", hook)

    def register_step_post_hook(self, hook: Callable[..., None]) -> Handle:
        """Call hook(optimizer, args, kwargs) after each step."""
        return self._add("step_post", hook)

    def register_state_dict_pre_hook(self, hook: Callable[..., None], prepend: bool = False) -> Handle:
        """Call hook(optimizer) before each state_dict(); with prepend, before the hooks that there are."""
        return self._add("state_dict_pre", hook, prepend)

    def register_state_dict_post_hook(self, hook: Callable[..., Any], prepend: bool = False) -> Handle:
        """Call hook(optimizer, state_dict) after each state_dict(). It may change the dict, or return another one."""
        return self._add("state_dict_post", hook, prepend)

    def register_load_state_dict_pre_hook(self, hook: Callable[..., Any], prepend: bool = False) -> Handle:
        """Call hook(optimizer, state_dict) before each load_state_dict(). It may change the dict's items, which is a copy, or
        return another dict, which is then loaded.
        """
        return self._add("load_state_dict_pre", hook, prepend)

    def register_load_state_dict_post_hook(self, hook: Callable[..., None], prepend: bool = False) -> Handle:
        """Call hook(optimizer) after each load_state_dict()."""
        return self._add("load_state_dict_post", hook, prepend)


def hooked(step: Callable[..., Any]) -> Callable[..., Any]:
    """A step() that calls the hooks; as in PyTorch, super().step() in the step() of a subclass calls them, too."""

    @wraps(step)
    def step_with_hooks(*given: Any, **kwargs: Any) -> Any:
        optimizer = given[0]
        optimizer._stepped = True
        before, after = optimizer._hooks["step_pre"], optimizer._hooks["step_post"]
        if not before and not after:
            return step(*given, **kwargs)
        for hook in list(before.values()):
            changed = hook(optimizer, given, kwargs)
            if changed is not None:
                if not isinstance(changed, tuple) or len(changed) != 2:
                    raise RuntimeError(f"a step pre-hook must return None or (new_args, new_kwargs), but got {changed!r}")
                given, kwargs = changed
        result = step(*given, **kwargs)
        for hook in list(after.values()):
            hook(optimizer, given, kwargs)
        return result

    return step_with_hooks
