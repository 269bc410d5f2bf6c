"""Whether steps are recorded: a switch per thread, and PyTorch's ways to set it."""

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
    """A context manager and decorator that sets recording to `to`, and back at the end; it may be entered while open."""

    def __init__(self, to: bool) -> None:
        self.to = to
        self.before: list[bool] = []

    def __enter__(self) -> None:
        self.before.append(mode.enabled)
        mode.enabled = self.to

    def __exit__(self, *exc: object) -> None:
        mode.enabled = self.before.pop()

    def _recreate_cm(self) -> _Recording:
        return _Recording(self.to)  # a decorator makes one for each call, so that threads do not share it

    def __call__(self, function: Decorated) -> Decorated:
        return _each_part(self.to, function) if isgeneratorfunction(function) else super().__call__(function)


def _each_part(to: bool, function: Callable[..., Any]) -> Any:
    """A generator function with recording set to `to` while it runs, and as its caller has it between the yields."""

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
    """Nothing is recorded inside: `with no_grad():`, or @no_grad() above a function.
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
    """Recording is on inside, also within no_grad()."""
    return _Recording(True) if function is None else _Recording(True)(function)


class set_grad_enabled(_Recording):
    """Switch recording on or off, at once; as a context manager or decorator, until the end of what it is around."""

    def __init__(self, mode_: bool) -> None:
        super().__init__(mode_)
        super().__enter__()

    def __enter__(self) -> None:
        mode.enabled = self.to

    def __exit__(self, *exc: object) -> None:
        mode.enabled = self.before[0]

    def __call__(self, function: Decorated) -> Decorated:
        self.__exit__()  # as a decorator it is in force only within the function
        return super().__call__(function)
