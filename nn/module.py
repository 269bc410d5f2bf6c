"""Module: the base of layers and networks, which finds its parameters and children by itself.

A Module is an ordinary object. Its parameters are the Parameters among its attributes, its children are the Modules among
them, both in the order in which they were first assigned. There is no registry: everything is read from `vars(module)`.

    class Net(Module):
        def __init__(self):
            super().__init__()                   # as in PyTorch, where it is needed; here it may be left out
            self.hidden = Linear(2, 5)
            self.out = Linear(5, 3)

        def forward(self, x):
            return self.out(self.hidden(x).relu())
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, MutableMapping
from functools import partial
from html import escape
from typing import TYPE_CHECKING, Any, Never, Self, TypeVar

import numpy as np

from tinygrad_lite._tensor import Tensor
from tinygrad_lite.backend import device as device_named
from tinygrad_lite.backend import put
from tinygrad_lite.creation import empty_like
from tinygrad_lite.dtypes import as_dtype
from tinygrad_lite.settings import compile
from tinygrad_lite.suggest import no_such

from .parameter import Buffer, Parameter, UninitializedParameter, zero_grads
from .state import Stateful

__all__ = ["Module"]

T = TypeVar("T", bound=Tensor)


class Module(Stateful):
    """The base of all layers and networks. A subclass assigns parameters and children in __init__ and computes in forward.

    https://pytorch.org/docs/stable/generated/torch.nn.Module.html

    >>> from tinygrad_lite import ones
    >>> class Scale(Module):
    ...     def __init__(self):
    ...         self.factor = Parameter(ones(1))
    ...     def forward(self, x):
    ...         return self.factor * x
    >>> Scale()(ones(2))
    tensor([1., 1.], grad_fn=<mul>)
    >>> dict(Scale().state_dict())
    {'factor': tensor([1.])}
    """

    training: bool = True
    _looked_at: bool = False  # whether parameters() has looked for layers in plain lists
    _saved: dict[str, bool]  # the names of buffers, and whether each is saved; made by the first buffer

    # Attributes

    if not TYPE_CHECKING:  # type checkers would take every misspelt name for an attribute of type Any

        def __getattr__(self, name: str) -> Any:
            if hasattr(type(self), name):  # a property that raised AttributeError itself: show that error
                return object.__getattribute__(self, name)
            raise no_such(type(self), name, partial(dir, self))

    def __setattr__(self, name: str, value: Any) -> None:
        """Refuse to replace a parameter or a child by something else, as `net.weight = net.weight - g` would."""
        before = vars(self).get(name)
        for kind in (Parameter, Module):
            if isinstance(before, kind) and value is not None and not isinstance(value, kind):
                what = "parameter" if kind is Parameter else "child module"
                raise TypeError(
                    f"cannot assign {type(value).__name__!r} as {what} {name!r} ({kind.__name__} or None expected); "
                    f"to change a parameter's values use p.copy_(...) or p -= ... within no_grad()"
                )
        if isinstance(value, Buffer):
            vars(self).setdefault("_saved", {})[name] = value.persistent
        elif name in vars(self).get("_saved", ()):
            if isinstance(value, (Parameter, Module)):
                del self._saved[name]  # it is a buffer no more
            elif value is not None and not isinstance(value, Tensor):
                raise TypeError(f"cannot assign {type(value).__name__!r} as buffer {name!r} (a Tensor or None expected)")
        object.__setattr__(self, name, value)

    def __delattr__(self, name: str) -> None:
        object.__delattr__(self, name)
        vars(self).get("_saved", {}).pop(name, None)

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """setattr(self, name, param), after a check that the name is free or a parameter's: KeyError if not, TypeError for
        another type.
        """
        if not isinstance(vars(self).get(name), Parameter):
            self._check_name(name, "parameter")
        if param is not None and not isinstance(param, Parameter):
            raise TypeError(f"cannot assign {type(param).__name__!r} object to parameter {name!r} (Parameter or None required)")
        setattr(self, name, param)

    def add_module(self, name: str, module: Module | None) -> None:
        """setattr(self, name, module), after a check that the name is free or a module's: KeyError if not.

        TypeError if `module` is not a Module or None.
        """
        if module is not None and not isinstance(module, Module):
            raise _not_a_module(module)
        if not isinstance(vars(self).get(name), Module):
            self._check_name(name, "module")
        setattr(self, name, module)

    def register_module(self, name: str, module: Module | None) -> None:
        """Another name for add_module()."""
        self.add_module(name, module)

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """Make `tensor` an attribute that moves with the module and, if persistent, is saved with it, but is not trained.

        Type checkers learn of the attribute by a line `name: Tensor` in the class. KeyError if the name is taken by anything
        else than a buffer, TypeError if `tensor` is not a Tensor or None.

        >>> from tinygrad_lite import zeros
        >>> m = Module()
        >>> m.register_buffer("mean", zeros(2)); dict(m.state_dict())
        {'mean': tensor([0., 0.])}
        """
        if name not in vars(self).get("_saved", ()):
            self._check_name(name, "buffer")
        if tensor is not None and not isinstance(tensor, Tensor):
            raise TypeError(f"cannot assign {type(tensor).__name__!r} object to buffer {name!r} (Tensor or None required)")
        setattr(self, name, tensor)
        vars(self).setdefault("_saved", {})[name] = persistent

    def _check_name(self, name: str, what: str) -> None:
        if not isinstance(name, str):
            raise TypeError(f"{what} name should be a string. Got {type(name).__name__}")
        if not name or "." in name:
            raise KeyError(f"{what} name can't be empty or contain '.', got {name!r}")
        if hasattr(type(self), name) or name in vars(self):
            raise KeyError(f"attribute {name!r} already exists")

    # What is inside

    def _own_parameters(self) -> Iterator[tuple[str, Parameter]]:
        return ((name, value) for name, value in vars(self).items() if isinstance(value, Parameter))

    def _own_buffers(self) -> Iterator[tuple[str, Tensor]]:
        found = ((name, vars(self).get(name)) for name in vars(self).get("_saved", ()))
        return ((name, value) for name, value in found if value is not None)

    def _own_state(self) -> Iterator[tuple[str, Tensor]]:
        yield from self._own_parameters()
        yield from ((name, value) for name, value in self._own_buffers() if self._saved[name])

    def _own_modules(self) -> Iterator[tuple[str, Module]]:
        return ((name, value) for name, value in list(vars(self).items()) if isinstance(value, Module))

    # PyTorch's names for what is directly in a module

    @property
    def _parameters(self) -> MutableMapping[str, Parameter]:
        return _Own(self, lambda name, value: isinstance(value, Parameter))

    @property
    def _buffers(self) -> MutableMapping[str, Tensor | None]:
        saved = vars(self).get("_saved", {})
        return _Own(self, lambda name, value: name in saved, self._put_buffer)

    @property
    def _modules(self) -> MutableMapping[str, Module]:
        return _Own(self, lambda name, value: isinstance(value, Module))

    def _put_buffer(self, name: str, tensor: Tensor | None) -> None:
        vars(self).setdefault("_saved", {}).setdefault(name, True)
        setattr(self, name, tensor)

    def named_modules(
        self, memo: set[Module] | None = None, prefix: str = "", remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Module]]:
        """(path, module) for this module, whose path is "", and all below it, each once, parents first.

        >>> from tinygrad_lite.nn import Linear, Sequential
        >>> [path for path, _ in Sequential(Linear(1, 1), Sequential(Linear(1, 1))).named_modules()]
        ['', '0', '1', '1.0']
        """
        memo = set() if memo is None else memo
        if self in memo:
            return
        if remove_duplicate:
            memo.add(self)
        yield prefix, self
        for name, child in self._own_modules():
            yield from child.named_modules(memo, f"{prefix}.{name}" if prefix else name, remove_duplicate)

    def modules(self, remove_duplicate: bool = True) -> Iterator[Module]:
        """This module and all below it, each once."""
        return (module for _, module in self.named_modules(None, "", remove_duplicate))

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """(name, module) for the modules directly below this one, each once."""
        seen = set()
        for name, child in self._own_modules():
            if child not in seen:
                seen.add(child)
                yield name, child

    def children(self) -> Iterator[Module]:
        """The modules directly below this one, each once."""
        return (child for _, child in self.named_children())

    def _named(
        self, own: Callable[[Module], Iterator[tuple[str, T]]], prefix: str, recurse: bool, remove_duplicate: bool
    ) -> Iterator[tuple[str, T]]:
        seen = set()
        for path, module in self.named_modules(None, prefix, remove_duplicate) if recurse else [(prefix, self)]:
            for name, value in own(module):
                if value not in seen:
                    if remove_duplicate:
                        seen.add(value)
                    yield f"{path}.{name}" if path else name, value

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Parameter]]:
        """(path, parameter) for all parameters of this module and, with recurse, of those below, each once, as defined.

        >>> from tinygrad_lite.nn import Linear, Sequential
        >>> [path for path, _ in Sequential(Linear(2, 3)).named_parameters()]
        ['0.weight', '0.bias']
        """
        return self._named(Module._own_parameters, prefix, recurse, remove_duplicate)

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """All parameters of this module and, with recurse, of those below, each once: what an optimizer is given.

        The first call warns if a plain list, tuple or dict holds modules or parameters that are trainable and not among them.
        """
        if recurse and not self._looked_at:  # once for a module: to look takes as long as to find the parameters
            vars(self)["_looked_at"] = True
            _warn_of_plain_containers(self)
        return (p for _, p in self.named_parameters(recurse=recurse))

    def named_buffers(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Tensor]]:
        """(path, buffer) for all buffers of this module and, with recurse, of those below, each once."""
        return self._named(Module._own_buffers, prefix, recurse, remove_duplicate)

    def buffers(self, recurse: bool = True) -> Iterator[Tensor]:
        """All buffers of this module and, with recurse, of those below, each once."""
        return (b for _, b in self.named_buffers(recurse=recurse))

    # What is at a path

    def get_submodule(self, target: str) -> Module:
        """The module at a path such as "encoder.0.norm"; this one for "". AttributeError if there is none.

        >>> from tinygrad_lite.nn import Linear, Sequential
        >>> Sequential(Sequential(Linear(2, 3))).get_submodule("0.0")
        Linear(in_features=2, out_features=3, bias=True)
        """
        module: Any = self
        for name in target.split(".") if target else ():
            if not hasattr(module, name):
                raise AttributeError(f"{type(module).__name__} has no attribute {name!r}")
            module = getattr(module, name)
            if not isinstance(module, Module):
                raise AttributeError(f"{name!r} in {target!r} is a {type(module).__name__}, not a Module")
        return module  # type: ignore[no-any-return]

    def set_submodule(self, target: str, module: Module, strict: bool = False) -> None:
        """Put a module at a path, in place of the one that is there; with `strict` there must be one. ValueError for an empty
        path or for what is not a Module, AttributeError if the path leads nowhere.

        >>> from tinygrad_lite.nn import Linear, ReLU, Sequential, Tanh
        >>> net = Sequential(Linear(2, 3), Sequential(ReLU()))
        >>> net.set_submodule("1.0", Tanh()); net[1][0]
        Tanh()
        """
        if not target:
            raise ValueError("set_submodule: cannot set the submodule without a target name")
        if not isinstance(module, Module):
            raise ValueError(f"set_submodule: expected a Module, got {type(module).__name__}")
        above, _, name = target.rpartition(".")
        parent = self.get_submodule(above)
        if strict and not hasattr(parent, name):
            raise AttributeError(f"{type(parent).__name__} has no attribute {name!r}")
        if hasattr(parent, name) and not isinstance(getattr(parent, name), Module):
            raise AttributeError(f"{name!r} in {target!r} is not a Module")
        setattr(parent, name, module)

    def get_parameter(self, target: str) -> Parameter:
        """The Parameter at a path such as "0.weight". AttributeError if there is none."""
        return self._at(target, dict(self._holder(target)._own_parameters()), "Parameter")

    def get_buffer(self, target: str) -> Tensor:
        """The buffer at a path such as "1.running_mean". AttributeError if there is none."""
        return self._at(target, dict(self._holder(target)._own_buffers()), "buffer")

    def _holder(self, target: str) -> Module:
        return self.get_submodule(target.rpartition(".")[0])

    def _at(self, target: str, held: dict[str, T], what: str) -> T:
        name = target.rpartition(".")[2]
        if name not in held:
            raise AttributeError(f"{type(self._holder(target)).__name__} has no {what} {name!r}")
        return held[name]

    # What changes all of it

    def apply(self, fn: Callable[[Module], Any]) -> Self:
        """Call `fn` on every module, children first; returns the module.

        >>> from tinygrad_lite.nn import Linear, Sequential, init
        >>> net = Sequential(Linear(2, 1))
        >>> _ = net.apply(lambda m: init.zeros_(m.bias) if isinstance(m, Linear) else None)
        >>> net[0].bias.tolist()
        [0.0]
        """
        for child in self.children():
            child.apply(fn)
        fn(self)
        return self

    def train(self, mode: bool = True) -> Self:
        """Set `training`, which layers such as Dropout read, on this module and all below; returns the module."""
        if not isinstance(mode, bool):
            raise ValueError(f"training mode is expected to be boolean, got {mode!r}")
        for module in self.modules():
            module.training = mode
        return self

    def eval(self) -> Self:
        """train(False): for predictions and measurements, after or between training; returns the module."""
        return self.train(False)

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """Make all parameters trainable or, with False, freeze them; returns the module."""
        for p in self.parameters():
            p.requires_grad_(requires_grad)
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Set the gradients of all parameters to None or, with set_to_none=False, fill them with 0."""
        zero_grads(self.parameters(), set_to_none)

    def to(
        self, *args: Any, device: Any = None, dtype: Any = None, non_blocking: bool = False, memory_format: Any = None
    ) -> Self:
        """Move parameters, their gradients and buffers to a device, and cast those of a floating dtype; returns the module.

        to("cuda"), to(float64), to("cuda", float64), or to(tensor) for the device and dtype of a tensor. The parameters remain
        the same objects, so an optimizer that has them stays valid. `non_blocking` changes nothing, and memory_format the
        order in memory of those with 4 or 5 dimensions. TypeError if the dtype is not a floating one.

        >>> from tinygrad_lite import float64, nn
        >>> nn.Linear(2, 3).to(float64).weight.dtype
        dtype('float64')
        """
        for arg in args:
            if isinstance(arg, Tensor):
                device, dtype = arg.device, arg.dtype
            elif isinstance(arg, str):
                device = arg
            elif isinstance(arg, int):  # bool is non_blocking
                device = device if isinstance(arg, bool) else f"cuda:{arg}"
            elif arg is not None:
                dtype = arg
        if dtype is not None and as_dtype(dtype).kind != "f":
            raise TypeError(f"nn.Module.to only accepts floating point dtypes, but got desired dtype={np.dtype(dtype)}")
        place = None if device is None else device_named(device)

        def moved(x: Tensor) -> Tensor:
            array = put(x.array, place)
            y = Tensor._of(array.astype(dtype, copy=False) if dtype is not None and array.dtype.kind == "f" else array)
            return y if memory_format is None or array.ndim not in (4, 5) else y.to(memory_format=memory_format)

        return self._apply(moved)

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        """Give every parameter, its gradient and every buffer the memory of fn(x). They remain the same objects."""
        for x in (*(p for _, p in self.named_parameters(recurse=recurse)), *self.buffers(recurse)):
            for part in (x, x.grad):
                if part is not None:
                    part.array = fn(part).array
        return self

    def cpu(self) -> Self:
        """Move all parameters and buffers to the CPU; returns the module."""
        return self.to("cpu")

    def cuda(self, device: Any = None) -> Self:
        """Move all parameters and buffers to the GPU; returns the module. RuntimeError without a GPU or CuPy."""
        return self.to("cuda" if device is None else f"cuda:{device}" if isinstance(device, int) else device)

    def float(self) -> Self:
        """Cast all floating parameters and buffers to float32; returns the module."""
        return self.to(np.float32)

    def double(self) -> Self:
        """Cast all floating parameters and buffers to float64; returns the module."""
        return self.to(np.float64)

    def half(self) -> Self:
        """Cast all floating parameters and buffers to float16; returns the module."""
        return self.to(np.float16)

    def bfloat16(self) -> Never:
        """NotImplementedError: NumPy has no such dtype."""
        raise NotImplementedError("bfloat16: NumPy has no such dtype; use half() or float()")

    def type(self, dst_type: Any) -> Self:
        """Cast all parameters and buffers, those of integers too, to a dtype; returns the module."""
        return self._apply(lambda x: x.type(dst_type))

    def to_empty(self, *, device: Any, recurse: bool = True) -> Self:
        """Move parameters and buffers to a device without their values, which are arbitrary then; returns the module."""
        return self._apply(lambda x: empty_like(x, device=device), recurse)

    def share_memory(self) -> Never:
        """NotImplementedError: processes do not share tensors here."""
        raise NotImplementedError("share_memory: processes do not share tensors here; send arrays, or use threads")

    def compile(self, *args: Any, **options: Any) -> None:
        """Nothing: there is no compiler here. A warning says so once."""
        compile(self)

    # How it is shown

    def extra_repr(self) -> str:
        """The text between the parentheses when the module is printed. A subclass may give its sizes."""
        return ""

    def _get_name(self) -> str:
        """The name that is printed."""
        return self.__class__.__name__

    def __repr__(self) -> str:
        extra = self.extra_repr()
        children = [f"({name}): {child!r}".replace("\n", "\n  ") for name, child in self._own_modules()]
        lines = [*(extra.split("\n") if extra else []), *children]
        inside = "\n  " + "\n  ".join(lines) + "\n" if children or len(lines) > 1 else extra
        return f"{self._get_name()}({inside})"

    def _repr_html_(self) -> str:
        """The module in a notebook: a tree that folds, with the number of parameters of each part."""
        return f'<div style="font-family: monospace; line-height: 1.6">{self._html("")}</div>'

    def _html(self, name: str) -> str:
        extra = self.extra_repr()
        label = f"{name}{type(self).__name__}" + (f"({extra})" if extra or not self._modules else "")
        line = f'{escape(label)} <span style="opacity: 0.6">{_count(self)}</span>'
        if not self._modules:
            return f"<div>{line}</div>"
        inside = "".join([child._html(f"({key}): ") for key, child in self._modules.items()])
        return f'<details open><summary>{line}</summary><div style="margin-left: 2em">{inside}</div></details>'


class _Own(MutableMapping[str, Any]):
    """What is directly in a module of one kind, by name: to read, to replace, to add and to remove."""

    def __init__(self, module: Module, fits: Callable[[str, Any], bool], put: Callable[..., None] | None = None) -> None:
        self.module, self.fits, self.put = module, fits, put or partial(setattr, module)

    def __getitem__(self, name: str) -> Any:
        value = vars(self.module)[name]
        if not self.fits(name, value):
            raise KeyError(name)
        return value

    def __setitem__(self, name: str, value: Any) -> None:
        self.put(name, value)

    def __delitem__(self, name: str) -> None:
        self[name]  # or its KeyError
        delattr(self.module, name)

    def __iter__(self) -> Iterator[str]:
        return iter([name for name, value in vars(self.module).items() if self.fits(name, value)])

    def __len__(self) -> int:
        return len(list(iter(self)))

    def __repr__(self) -> str:
        return repr(dict(self))


def _all_parameters(module: Module) -> list[Parameter]:
    """module.parameters() without its warning."""
    return [p for _, p in module.named_parameters()]


def _count(module: Module) -> str:
    """How many parameters a module has, in words; nothing if it has none."""
    parameters = _all_parameters(module)
    total = sum([p.numel() for p in parameters])
    frozen = sum([p.numel() for p in parameters if not p.requires_grad])
    notes = [f"{total:,} parameter{'s' * (total != 1)}"] if total else []
    notes += [f"{frozen:,} frozen"] if frozen else []
    notes += ["not initialized"] if any([isinstance(p, UninitializedParameter) for p in parameters]) else []
    return ", ".join(notes)


def _warn_of_plain_containers(module: Module) -> None:
    """The warning of parameters(): layers in a list are not registered, so an optimizer would not get their parameters."""
    for part in module.modules():
        for name, value in vars(part).items():
            if not isinstance(value, (list, tuple, dict)):
                continue
            held = value.values() if isinstance(value, dict) else value
            if not isinstance(next(iter(held), None), (Module, Parameter)):
                continue  # one look at the first is enough: it may be a list of a million numbers
            inside = [
                [x] if isinstance(x, Parameter) else _all_parameters(x) for x in held if isinstance(x, (Module, Parameter))
            ]
            if {p for ps in inside for p in ps if p.requires_grad} - set(_all_parameters(module)):
                kind, better = ("dict", "nn.ModuleDict") if isinstance(value, dict) else (type(value).__name__, "nn.ModuleList")
                warnings.warn(
                    f"{type(part).__name__}.{name} is a plain {kind}: parameters() does not find what it holds, and nothing "
                    f"trains it; use {better} for layers, a separate attribute for a Parameter",
                    UserWarning,
                    stacklevel=3,
                )


def _not_a_module(value: Any) -> TypeError:
    """The error for what cannot be a child module, with what to write instead."""
    if isinstance(value, type) and issubclass(value, Module):
        return TypeError(f"{value.__name__} is a class, not a module: write {value.__name__}() with its arguments")
    if isinstance(value, (list, tuple, Iterator)):
        return TypeError(f"{type(value).__name__} is not a Module subclass: unpack it, as in Sequential(*layers)")
    if not callable(value):
        return TypeError(f"{type(value).__name__} is not a Module subclass")
    name = getattr(value, "__name__", type(value).__name__)
    kinds = [Module]
    for kind in kinds:  # grows as it is read: also subclasses of subclasses
        kinds += [below for below in kind.__subclasses__() if below.__module__.startswith(__package__)]
    layer = {kind.__name__.lower(): kind.__name__ for kind in kinds}.get(name.replace("_", ""))
    instead = f"use the layer nn.{layer}()" if layer else "write a Module whose forward calls it"
    return TypeError(f"{name} is a function, not a Module subclass: {instead}")
