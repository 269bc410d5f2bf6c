"""Whether steps are recorded: one switch for each thread, and PyTorch's functions that set it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import ContextDecorator
from functools import wraps
from inspect import isgeneratorfunction
from typing import Any, TypeVar, overload

Decorated = TypeVar("Decorated", bound=Callable[..., Any])


class _Mode(threading.local):
    enabled = True


mode = _Mode()


def is_grad_enabled() -> bool:
    """Whether operations are being recorded for backward()."""
    return mode.enabled


class _Recording(ContextDecorator):
    """A context manager and decorator that sets recording to `to` and restores it at the end. It may be entered again while
    it is open.
    """

    def __init__(self, to: bool) -> None:
        self.to = to
        self.before: list[bool] = []

    def __enter__(self) -> None:
        self.before.append(mode.enabled)
        mode.enabled = self.to

    def __exit__(self, *exc: object) -> None:
        mode.enabled = self.before.pop()

    def _recreate_cm(self) -> _Recording:
        return _Recording(self.to)  # a decorator makes a new one for each call, so that threads do not share it

    def __call__(self, function: Decorated) -> Decorated:
        return _each_part(self.to, function) if isgeneratorfunction(function) else super().__call__(function)


def _each_part(to: bool, function: Callable[..., Any]) -> Any:
    """A generator function that runs with recording set to `to`; at each yield the caller's setting is restored."""

    @wraps(function)
    def parts(*args: Any, **options: Any) -> Any:
        generator = function(*args, **options)
        advance: Any = generator.send
        sent: Any = (None,)
        try:
            while True:
                with _Recording(to):
                    value = advance(*sent)
                try:
                    advance, sent = generator.send, ((yield value),)
                except GeneratorExit:
                    with _Recording(to):
                        generator.close()
                    raise
                except BaseException as error:
                    advance, sent = generator.throw, (error,)
        except StopIteration as end:
            return end.value

    return parts


@overload
def no_grad(function: None = None) -> _Recording: ...
@overload
def no_grad(function: Decorated) -> Decorated: ...
def no_grad(function: Any = None) -> Any:
    """Steps inside are not recorded: `with no_grad():`, or @no_grad() above a function.
    >>> with no_grad():
    ...     is_grad_enabled()
    False
    """
    return _Recording(False) if function is None else _Recording(False)(function)


@overload
def enable_grad(function: None = None) -> _Recording: ...
@overload
def enable_grad(function: Decorated) -> Decorated: ...
def enable_grad(function: Any = None) -> Any:
    """Steps inside are recorded, even within no_grad()."""
    return _Recording(True) if function is None else _Recording(True)(function)


class inference_mode(_Recording):
    """Steps inside are not recorded: for programs that only predict. The same as no_grad() here; PyTorch also refuses to use
    the results for training later, which we do not check.
    https://pytorch.org/docs/stable/generated/torch.autograd.grad_mode.inference_mode.html
    """

    def __init__(self, mode: bool = True) -> None:
        super().__init__(not mode)

    def __new__(cls, mode: Any = True) -> Any:
        return super().__new__(cls) if isinstance(mode, bool) else cls()(mode)  # @inference_mode, without brackets


class set_grad_enabled(_Recording):
    """Switch recording on or off at once; as a context manager or decorator, until the end of the block or function."""

    def __init__(self, mode: bool) -> None:
        super().__init__(mode)
        super().__enter__()

    def __enter__(self) -> None:
        mode.enabled = self.to

    def __exit__(self, *exc: object) -> None:
        mode.enabled = self.before[0]

    def __call__(self, function: Decorated) -> Decorated:
        self.__exit__()  # as a decorator it applies only within the function, not from now on
        return super().__call__(function)
