"""Parametrization: a tensor of a module that is computed from others whenever it is read.

    register_parametrization(layer, "weight", Symmetric())
    layer.weight                                # Symmetric()(layer.parametrizations.weight.original)
    layer.weight = w                            # original = Symmetric().right_inverse(w), if it has that

The tensor becomes a property of a class that is made for this module, a subclass of the class it had. What is trained is a
parameter of the child `parametrizations`, under the name `original`, or `original0`, `original1`, ...
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from tinygrad_lite._tensor import Tensor
from tinygrad_lite.grad_mode import no_grad

from ..containers import ModuleDict, ModuleList
from ..module import Module
from ..parameter import Parameter

__all__ = ["ParametrizationList", "cached", "is_parametrized", "register_parametrization", "remove_parametrizations"]
__all__ += ["type_before_parametrizations"]

_cache: dict[tuple[int, str], Tensor] = {}
_open: list[None] = []  # one for each `with cached()` that is open


@contextmanager
def cached() -> Iterator[None]:
    """A context in which each parametrized tensor is computed once, at its first use.

    https://pytorch.org/docs/stable/generated/torch.nn.utils.parametrize.cached.html
    """
    _open.append(None)
    try:
        yield
    finally:
        _open.pop()
        if not _open:
            _cache.clear()


class ParametrizationList(ModuleList):
    """The modules that compute a tensor, one after another, and the `original` that the first of them gets.

    https://pytorch.org/docs/stable/generated/torch.nn.utils.parametrize.ParametrizationList.html
    """

    def __init__(self, modules: Sequence[Module], original: Tensor, unsafe: bool = False) -> None:
        if not modules:
            raise ValueError("ParametrizationList requires one or more modules.")
        super().__init__(modules)
        self.unsafe = unsafe
        shape, dtype = original.shape, original.dtype
        new: Any = original
        with no_grad():
            for module in reversed(list(self)):
                if hasattr(module, "right_inverse"):
                    with suppress(NotImplementedError):
                        new = module.right_inverse(new)
        if not isinstance(new, (Tensor, Sequence)):
            what = "'right_inverse' must return a Tensor or a Sequence of tensors (list, tuple...)"
            raise ValueError(f"{what}. Got {type(new).__name__}")
        self.is_tensor = isinstance(new, Tensor)
        self.ntensors = 1 if isinstance(new, Tensor) else len(new)
        if isinstance(new, Tensor):
            if new.dtype != dtype:
                raise ValueError(f"right_inverse may not change the dtype: it gave {new.dtype} for {dtype}")
            original.data = new
            put(self, "original", original)
        else:
            for i, part in enumerate(new):
                if not isinstance(part, Tensor):
                    what = "'right_inverse' must return a Tensor or a Sequence of tensors (list, tuple...)"
                    raise ValueError(f"{what}. Got element {i} of the sequence with type {type(part).__name__}.")
                trained = isinstance(original, Parameter)
                part = Parameter(part.detach(), original.requires_grad) if trained else part.detach()
                put(self, f"original{i}", part)
        if not unsafe:
            check(self(), shape, dtype, "Registering a parametrization")

    def originals(self) -> list[Tensor]:
        """The tensors that are kept, `original` or `original0`, `original1`, ..."""
        return [getattr(self, "original" if self.is_tensor else f"original{i}") for i in range(self.ntensors)]

    def right_inverse(self, value: Tensor) -> None:
        """Set the originals so that they give `value`. RuntimeError if a parametrization has no right_inverse."""
        new: Any = value
        with no_grad():
            for module in reversed(list(self)):
                if not hasattr(module, "right_inverse"):
                    raise RuntimeError(f"parametrization {type(module).__name__} does not implement right_inverse.")
                new = module.right_inverse(new)
        parts = [new] if self.is_tensor else new
        if not isinstance(parts, Sequence) or not all(isinstance(part, Tensor) for part in parts):
            wanted = "a tensor" if self.is_tensor else "a sequence of tensors"
            raise ValueError(f"'right_inverse' must return {wanted}. Got {type(new).__name__}.")
        if len(parts) != self.ntensors:
            raise ValueError(f"'right_inverse' must return {self.ntensors} tensors, it gave {len(parts)}")
        for held, part in zip(self.originals(), parts):
            if held.dtype != part.dtype:
                raise ValueError(f"The tensor returned by `right_inverse` has dtype {part.dtype} while it was {held.dtype}")
        for held, part in zip(self.originals(), parts):
            held.data = part

    def forward(self) -> Tensor:
        first, *others = list(self)
        x: Tensor = first(*self.originals())
        for module in others:
            x = module(x)
        return x


def put(module: Module, name: str, x: Tensor) -> None:
    """A Parameter as a parameter, any other tensor as a buffer."""
    if isinstance(x, Parameter):
        module.register_parameter(name, x)
    else:
        module.register_buffer(name, x)


def check(x: Any, shape: tuple[int, ...], dtype: Any, what: str) -> None:
    """ValueError unless x is a Tensor of this shape and dtype."""
    if not isinstance(x, Tensor):
        raise ValueError(f"A parametrization must return a tensor. Got {type(x).__name__}.")
    for name, given, wanted in (("dtype", x.dtype, dtype), ("shape", x.shape, shape)):
        if given != wanted:
            rule = f"{what} may not change the {name} of the tensor, unless `unsafe` flag is enabled"
            raise ValueError(f"{rule}: it was {wanted}, it would be {given}")


def register_parametrization(module: Any, tensor_name: str, parametrization: Any, *, unsafe: bool = False) -> Any:
    """Have a parameter or buffer computed by `parametrization` from now on; returns the module. If it is computed already, the
    new one comes after those that are there.

    The parametrization's `right_inverse`, if it has one, gives the values to begin with, and those after an assignment. It may
    give several tensors, and forward then gets all of them. ValueError if there is no such tensor, and, without `unsafe`, if
    its shape or dtype would change.
    https://pytorch.org/docs/stable/generated/torch.nn.utils.parametrize.register_parametrization.html

    >>> from tinygrad_lite import nn
    >>> class Symmetric(nn.Module):
    ...     def forward(self, x):
    ...         return x.triu() + x.triu(1).T
    >>> layer = register_parametrization(nn.Linear(3, 3), "weight", Symmetric())
    >>> bool((layer.weight == layer.weight.T).all()), list(layer.state_dict())
    (True, ['bias', 'parametrizations.weight.original'])
    """
    parametrization.train(module.training)
    if is_parametrized(module, tensor_name):
        held = module.parametrizations[tensor_name]
        if not unsafe:
            before = getattr(module, tensor_name)
            after = parametrization(before)
            check(after, before.shape, before.dtype, "Registering a parametrization")
            if hasattr(parametrization, "right_inverse"):
                try:
                    back = parametrization.right_inverse(after)
                except NotImplementedError:
                    pass
                else:
                    check(back, before.shape, before.dtype, "right_inverse")
        held.append(parametrization)
        held.unsafe |= unsafe
    elif tensor_name in module._parameters or tensor_name in module._buffers:
        held = ParametrizationList([parametrization], getattr(module, tensor_name), unsafe)
        delattr(module, tensor_name)
        base = type_before_parametrizations(module)
        if not is_parametrized(module):
            module.parametrizations = ModuleDict()
        module.parametrizations[tensor_name] = held
        _dress(module, base, list(module.parametrizations))
    else:
        what = f"Module '{module}' does not have a parameter, a buffer, or a parametrized element"
        raise ValueError(f"{what} with name '{tensor_name}'")
    return module


def _dress(module: Module, base: type[Module], names: list[str]) -> None:
    """Give a module a class of its own, in which the tensors of these names are computed."""
    module.__class__ = type(f"Parametrized{base.__name__}", (base,), {name: _computed(name) for name in names})


def _computed(name: str) -> property:
    def get(self: Any) -> Tensor:
        if not _open:
            return self.parametrizations[name]()  # type: ignore[no-any-return]
        if (id(self), name) not in _cache:
            _cache[id(self), name] = self.parametrizations[name]()
        return _cache[id(self), name]

    def assign(self: Any, value: Tensor) -> None:
        self.parametrizations[name].right_inverse(value)

    return property(get, assign)


def is_parametrized(module: Module, tensor_name: str | None = None) -> bool:
    """Whether a module has parametrizations; with a name, whether this tensor has.

    https://pytorch.org/docs/stable/generated/torch.nn.utils.parametrize.is_parametrized.html
    """
    held = vars(module).get("parametrizations")
    if not isinstance(held, ModuleDict):
        return False
    return bool(len(held)) if tensor_name is None else tensor_name in held


def type_before_parametrizations(module: Module) -> type[Module]:
    """The class that a module had before it was parametrized."""
    return type(module).__bases__[0] if is_parametrized(module) else type(module)


def remove_parametrizations(module: Any, tensor_name: str, leave_parametrized: bool = True) -> Any:
    """Undo register_parametrization(): the tensor is a parameter or buffer again, with the numbers that it has now, or with
    leave_parametrized=False those of `original`. ValueError if it has no parametrization, or several originals to leave.

    https://pytorch.org/docs/stable/generated/torch.nn.utils.parametrize.remove_parametrizations.html
    """
    if not is_parametrized(module, tensor_name):
        raise ValueError(f"Module {module} does not have a parametrization on {tensor_name}")
    held = module.parametrizations[tensor_name]
    original = held.originals()[0]
    if leave_parametrized:
        value = getattr(module, tensor_name)
        if held.is_tensor:
            original.data = value.detach()
        else:
            original = Parameter(value.detach()) if value.requires_grad else value
    elif not held.is_tensor:
        what = "Cannot leave unparametrized (`leave_parametrized=False`) a tensor"
        raise ValueError(f"{what} that is parametrized in terms of a sequence of tensors.")
    base = type_before_parametrizations(module)
    del module.parametrizations[tensor_name]
    left = list(module.parametrizations)
    if left:
        _dress(module, base, left)
    else:
        del module.parametrizations
        module.__class__ = base
    put(module, tensor_name, original)
    return module
