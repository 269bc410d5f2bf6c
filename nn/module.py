"""Module and Parameter: what is trained, and how one finds it.

A Module is an ordinary object. Its parameters are the Parameters among its attributes, its children the Modules among them,
in the order in which they were first assigned; nothing is registered anywhere, `vars(module)` is the whole truth.

    class Net(Module):
        def __init__(self):
            self.hidden = Linear(2, 5)
            self.out = Linear(5, 3)

        def forward(self, x):
            return self.out(self.hidden(x).relu())
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from operator import setitem
from typing import Any, NamedTuple, Self, TypeVar

import numpy as np

from tinygrad_lite._tensor import Tensor
from tinygrad_lite.backend import Array, array_module, device_of, is_array, plain, put
from tinygrad_lite.backend import device as device_named
from tinygrad_lite.dtypes import as_dtype, get_default_dtype
from tinygrad_lite.inplace import unwritable, write
from tinygrad_lite.suggest import no_such

T = TypeVar("T", bound=Tensor)


class Parameter(Tensor):
    """A Tensor that, as an attribute of a Module, is one of the numbers to be trained. It requires grad unless told.

    It shares the memory of `data`. RuntimeError if `data` is not of a floating dtype, TypeError if it is no Tensor or array
    of a supported one.
    https://pytorch.org/docs/stable/generated/torch.nn.parameter.Parameter.html

    >>> from tinygrad_lite import ones
    >>> Parameter(ones(2))
    Parameter containing:
    tensor([1., 1.], requires_grad=True)
    """

    __slots__ = ()

    def __init__(self, data: Any, requires_grad: bool = True) -> None:
        if not isinstance(data, Tensor) and not is_array(data):
            raise TypeError(f"Parameter: expected a Tensor, got {type(data).__name__}; Parameter(tensor(...))")
        array = data.array if isinstance(data, Tensor) else plain(data)
        as_dtype(array.dtype)
        self.array, self.node = array, None
        self.requires_grad_(requires_grad)

    def __repr__(self) -> str:
        return f"Parameter containing:\n{super().__repr__()}"


class UninitializedParameter(Parameter):
    """A Parameter whose shape is not known yet; materialize() makes it an ordinary one, and is the same object.

    https://pytorch.org/docs/stable/generated/torch.nn.parameter.UninitializedParameter.html

    >>> p = UninitializedParameter()
    >>> p.materialize((2, 3)); p.shape, type(p).__name__
    ((2, 3), 'Parameter')
    """

    __slots__ = ()

    def __init__(self, requires_grad: bool = True, device: Any = None, dtype: Any = None) -> None:
        super().__init__(put(np.empty(0, as_dtype(dtype or get_default_dtype())), device), requires_grad)

    def materialize(self, shape: tuple[int, ...]) -> None:
        """Take a shape; the values are whatever the memory held."""
        self.array = array_module(self.array).empty(shape, self.array.dtype)
        if self.node is not None:
            self.node.shape = self.array.shape
        self.__class__ = Parameter  # type: ignore[assignment]

    def __repr__(self) -> str:
        return "<UninitializedParameter>"


class IncompatibleKeys(NamedTuple):
    """What load_state_dict(strict=False) could not place."""

    missing_keys: list[str]
    unexpected_keys: list[str]

    def __repr__(self) -> str:
        if not self.missing_keys and not self.unexpected_keys:
            return "<All keys matched successfully>"
        return f"IncompatibleKeys(missing_keys={self.missing_keys}, unexpected_keys={self.unexpected_keys})"


class Module:
    """The base of all networks: a subclass assigns its parameters and children in __init__ and computes in forward.

    https://pytorch.org/docs/stable/generated/torch.nn.Module.html

    >>> from tinygrad_lite import ones
    >>> class Scale(Module):
    ...     def __init__(self):
    ...         self.factor = Parameter(ones(1))
    ...     def forward(self, x):
    ...         return self.factor * x
    >>> Scale()(ones(2))
    tensor([1., 1.], grad_fn=<mul>)
    >>> Scale().state_dict()
    {'factor': tensor([1.])}
    """

    training: bool = True

    def forward(self, *inputs: Any, **options: Any) -> Any:
        """The computation; each subclass writes its own. Call the module itself: module(x)."""
        raise NotImplementedError(f'Module [{type(self).__name__}] is missing the required "forward" function')

    def __call__(self, *inputs: Any, **options: Any) -> Any:
        return self.forward(*inputs, **options)

    # Attributes

    def __getattr__(self, name: str) -> Any:
        if hasattr(type(self), name):  # a property that raised AttributeError itself: let that be seen
            return object.__getattribute__(self, name)
        raise no_such(type(self), name, partial(dir, self))

    def __setattr__(self, name: str, value: Any) -> None:
        """Refuse to lose a parameter or a child by accident, as `net.weight = net.weight - g` would."""
        before = vars(self).get(name)
        for kind in (Parameter, Module):
            if isinstance(before, kind) and value is not None and not isinstance(value, kind):
                what = "parameter" if kind is Parameter else "child module"
                raise TypeError(
                    f"cannot assign {type(value).__name__!r} as {what} {name!r} ({kind.__name__} or None expected); "
                    f"to change a parameter's values use p.copy_(...) or p -= ... within no_grad()"
                )
        object.__setattr__(self, name, value)

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """setattr(self, name, param), under a name that is free."""
        self._check_name(name, "parameter")
        if param is not None and not isinstance(param, Parameter):
            raise TypeError(f"cannot assign {type(param).__name__!r} object to parameter {name!r} (Parameter or None required)")
        setattr(self, name, param)

    def add_module(self, name: str, module: Module | None) -> None:
        """setattr(self, name, module), under a name that is free or a module's."""
        if module is not None and not isinstance(module, Module):
            raise TypeError(f"{type(module).__name__} is not a Module subclass")
        if not isinstance(vars(self).get(name), Module):
            self._check_name(name, "module")
        setattr(self, name, module)

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """Make `tensor` an attribute that moves and (if persistent) is saved with the module, but is not trained.

        KeyError for a name that is taken, TypeError if it is no Tensor.

        >>> from tinygrad_lite import zeros
        >>> m = Module()
        >>> m.register_buffer("mean", zeros(2)); m.state_dict()
        {'mean': tensor([0., 0.])}
        """
        self._check_name(name, "buffer")
        if tensor is not None and not isinstance(tensor, Tensor):
            raise TypeError(f"cannot assign {type(tensor).__name__!r} object to buffer {name!r} (Tensor or None required)")
        vars(self).setdefault("_buffers", {})[name] = persistent
        setattr(self, name, tensor)

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
        found = ((name, vars(self).get(name)) for name in vars(self).get("_buffers", ()))
        return ((name, value) for name, value in found if value is not None)

    def _own_modules(self) -> Iterator[tuple[str, Module]]:
        return ((name, value) for name, value in vars(self).items() if isinstance(value, Module))

    def named_modules(
        self, memo: set[Module] | None = None, prefix: str = "", remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Module]]:
        """(path, module) for this module (path "") and all below it, each once, parents first.

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

    def modules(self) -> Iterator[Module]:
        """This module and all below it, each once."""
        return (module for _, module in self.named_modules())

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
        """(path, parameter) for all parameters here and (recurse) below, each once, in the order of their definition.

        >>> from tinygrad_lite.nn import Linear, Sequential
        >>> [path for path, _ in Sequential(Linear(2, 3)).named_parameters()]
        ['0.weight', '0.bias']
        """
        return self._named(Module._own_parameters, prefix, recurse, remove_duplicate)

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """All parameters here and (recurse) below, each once: what an optimizer is given."""
        return (p for _, p in self.named_parameters(recurse=recurse))

    def named_buffers(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Tensor]]:
        """(path, buffer) for all buffers here and (recurse) below, each once."""
        return self._named(Module._own_buffers, prefix, recurse, remove_duplicate)

    def buffers(self, recurse: bool = True) -> Iterator[Tensor]:
        """All buffers here and (recurse) below, each once."""
        return (b for _, b in self.named_buffers(recurse=recurse))

    # What is done to all of it

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
        """Set `training`, which Dropout and its like look at, here and below; returns the module."""
        if not isinstance(mode, bool):
            raise ValueError(f"training mode is expected to be boolean, got {mode!r}")
        for module in self.modules():
            module.training = mode
        return self

    def eval(self) -> Self:
        """train(False): as the model is to be used."""
        return self.train(False)

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """Let all parameters be trained, or (False) be frozen; returns the module."""
        for p in self.parameters():
            p.requires_grad_(requires_grad)
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of all parameters, or (False) fill them with 0."""
        zero_grads(self.parameters(), set_to_none)

    def to(self, *args: Any, device: Any = None, dtype: Any = None) -> Self:
        """Move parameters, their gradients and buffers to a device, and those that are floats to a dtype; returns the module.

        to("cuda"), to(float64), to("cuda", float64) or to(tensor), whose device and dtype are taken. The parameters stay the
        same objects, so an optimizer goes on with them. TypeError for a dtype that is no float.

        >>> from tinygrad_lite import float64, nn
        >>> nn.Linear(2, 3).to(float64).weight.dtype
        dtype('float64')
        """
        for arg in args:
            if isinstance(arg, Tensor):
                device, dtype = arg.device, arg.dtype
            elif isinstance(arg, str):
                device = arg
            else:
                dtype = arg
        if dtype is not None and as_dtype(dtype).kind != "f":
            raise TypeError(f"nn.Module.to only accepts floating point dtypes, but got desired dtype={np.dtype(dtype)}")
        place = None if device is None else device_named(device)
        for x in (*self.parameters(), *self.buffers()):
            for part in (x, x.grad):
                if part is not None:
                    array = put(part.array, place)
                    part.array = array.astype(dtype, copy=False) if dtype is not None and array.dtype.kind == "f" else array
        return self

    def cpu(self) -> Self:
        """Move everything to the CPU; returns the module."""
        return self.to("cpu")

    def cuda(self, device: str = "cuda") -> Self:
        """Move everything to the GPU; returns the module. RuntimeError says what is missing where there is none."""
        return self.to(device)

    def float(self) -> Self:
        """Make everything that is a float a float32; returns the module."""
        return self.to(np.float32)

    def double(self) -> Self:
        """Make everything that is a float a float64; returns the module."""
        return self.to(np.float64)

    # Saving and loading

    def _state(self, prefix: str = "") -> Iterator[tuple[str, Tensor]]:
        """Every parameter and persistent buffer, those that are shared under each of their names."""
        for path, module in self.named_modules(None, "", remove_duplicate=False):
            start = f"{prefix}{path}." if path else prefix
            for name, p in module._own_parameters():
                yield start + name, p
            for name, b in module._own_buffers():
                if module._buffers[name]:
                    yield start + name, b

    def state_dict(
        self, *, destination: dict[str, Tensor] | None = None, prefix: str = "", keep_vars: bool = False
    ) -> dict[str, Tensor]:
        """The parameters and persistent buffers by path, with PyTorch's keys and shapes.

        They share the module's memory: copy.deepcopy() what is to outlast the next step. keep_vars gives the Parameters
        themselves rather than detached Tensors.

        >>> from tinygrad_lite import nn
        >>> {key: value.shape for key, value in nn.Sequential(nn.Linear(2, 3)).state_dict().items()}
        {'0.weight': (3, 2), '0.bias': (3,)}
        """
        state = {} if destination is None else destination
        state.update((key, x if keep_vars else x.detach()) for key, x in self._state(prefix))
        return state

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True) -> IncompatibleKeys:
        """Copy the values of a state_dict, one of PyTorch's included, into the parameters and buffers, in place.

        The values may be Tensors or arrays of numbers, whatever np.asarray reads; they are cast to the parameters' dtypes. With
        strict, the keys must be exactly state_dict()'s. Nothing is changed unless everything fits: RuntimeError lists what does
        not.

        >>> from tinygrad_lite import nn
        >>> a, b = nn.Linear(2, 3), nn.Linear(2, 3)
        >>> a.load_state_dict(b.state_dict())
        <All keys matched successfully>
        """
        if not isinstance(state_dict, Mapping):
            raise TypeError(f"Expected state_dict to be dict-like, got {type(state_dict)}.")
        own = dict(self._state())
        result = IncompatibleKeys([k for k in own if k not in state_dict], [k for k in state_dict if k not in own])
        errors = []
        for keys, which in zip(result, ("Missing", "Unexpected")):
            if strict and keys:
                named = ", ".join([f'"{key}"' for key in keys])
                errors.append(f"{which} key(s) in state_dict: {named}. ")
        values: dict[str, Array] = {}
        shapes: dict[Tensor, tuple[int, ...]] = {}  # as they will be: an uninitialized parameter takes that of its first value
        for key, x in own.items():
            if key not in state_dict:
                continue
            try:
                array = numbers(state_dict[key])
                shape = array.shape if isinstance(x, UninitializedParameter) else x.shape
                if array.shape != shapes.setdefault(x, shape):
                    errors.append(
                        f"size mismatch for {key}: copying a param with shape {list(array.shape)} from checkpoint, "
                        f"the shape in current model is {list(shapes[x])}."
                    )
                elif why := unwritable(x.array):
                    errors.append(f'for "{key}", {why}')
                else:
                    values[key] = put(array, device_of(x.array)).astype(x.dtype, copy=False)
            except Exception as error:  # of np.asarray's, or of whatever read the file
                errors.append(f'for "{key}", {error}')
        if errors:
            raise RuntimeError(f"Error(s) in loading state_dict for {type(self).__name__}:\n\t" + "\n\t".join(errors))
        for key, array in values.items():
            x = own[key]
            if isinstance(x, UninitializedParameter):
                x.materialize(array.shape)
            write(x.array, setitem, ..., array)
        return result

    # How it is shown

    def extra_repr(self) -> str:
        """What stands between the parentheses when the module is printed; a subclass may tell its sizes."""
        return ""

    def __repr__(self) -> str:
        extra = self.extra_repr()
        children = [f"({name}): {child!r}".replace("\n", "\n  ") for name, child in self._own_modules()]
        lines = [*(extra.split("\n") if extra else []), *children]
        inside = "\n  " + "\n  ".join(lines) + "\n" if children or len(lines) > 1 else extra
        return f"{type(self).__name__}({inside})"


def zero_grads(parameters: Any, set_to_none: bool) -> None:
    """Forget the gradients of tensors, or detach them and fill them with 0 in place."""
    for p in parameters:
        if set_to_none:
            p.grad = None
        elif p.grad is not None:
            write(p.grad.array, setitem, ..., 0)
            if p.grad.is_leaf:
                p.grad.requires_grad_(False)
            else:
                p.grad.node = None  # computed with create_graph=True: the zeros are no longer that result


def numbers(value: Any) -> Array:
    """The array in a saved value: a Tensor, an array, or what np.asarray reads. TypeError for what is no array of numbers."""
    if not isinstance(value, Tensor) and not hasattr(value, "shape"):
        raise TypeError(f"expected a Tensor or an array but received {type(value)}")
    array = value.array if isinstance(value, Tensor) else value
    array = plain(array) if is_array(array) else np.asarray(array)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"expected real numbers but received an array of {array.dtype}")
    return array
