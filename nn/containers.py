"""Containers: modules or parameters under the names "0", "1", ..., or under names of your own."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import ItemsView, Iterable, Iterator, KeysView, Mapping, ValuesView
from itertools import groupby
from operator import index as as_index
from typing import Any, Never, Self, overload

from tinygrad_lite._tensor import Tensor

from .module import Module
from .parameter import Parameter

__all__ = ["Sequential", "ModuleList", "ModuleDict", "ParameterList", "ParameterDict"]


class _Listed(Module):
    """What Sequential and ModuleList share: modules by position. A module that is there twice counts twice."""

    def _name(self, index: int) -> str:
        return list(self._modules)[_position(self, index)]

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[Module]:
        return iter(list(self._modules.values()))

    def __setitem__(self, index: int, module: Module) -> None:
        setattr(self, self._name(index), module)

    def __delitem__(self, index: int | slice) -> None:
        """Remove one module or a slice of them. Those that are left are numbered anew."""
        left = list(self)
        del left[index if isinstance(index, slice) else _position(self, index)]
        self._replace(left)

    def _replace(self, modules: Iterable[Module]) -> None:
        for name in list(self._modules):
            delattr(self, name)
        self.extend(modules)

    def __getitem__(self, index: int | slice) -> Any:
        raise NotImplementedError

    def append(self, module: Module) -> Self:
        """Add a module at the end; returns the container."""
        self.add_module(str(len(self)), module)
        return self

    def add_module(self, name: str, module: Module | None) -> None:
        """Module.add_module(). NotImplementedError for None, which PyTorch counts as an element."""
        if module is None:
            raise NotImplementedError(f"None in a {type(self).__name__}: use nn.Identity(), or leave it out")
        super().add_module(name, module)

    def extend(self, modules: Iterable[Module]) -> Self:
        """Add modules at the end; returns the container. TypeError for what is not iterable."""
        if not isinstance(modules, Iterable):
            what = f"{type(self).__name__}.extend should be called with an iterable, but got {type(modules).__name__}"
            raise TypeError(what)
        for module in modules:
            self.append(module)
        return self

    def insert(self, index: int, module: Module) -> Any:
        """Put a module before the one at `index`; those from there on move by one."""
        if not isinstance(module, Module):
            raise TypeError(f"{type(module).__name__} is not a Module subclass")
        modules = list(self)
        modules.insert(index, module)
        self._replace(modules)
        return self

    def pop(self, key: int | slice) -> Any:
        """Remove a module, or a slice of them, and return it."""
        removed = self[key]
        del self[key]
        return removed


def _position(container: Any, index: Any) -> int:
    """The index as a number from 0 on. IndexError if there is no such element."""
    n, i = len(container), as_index(index)
    if not -n <= i < n:
        raise IndexError(f"index {i} is out of range for a {type(container).__name__} of {n}")
    return i % n


class Sequential(_Listed):
    """Modules one after another: each is called with what the one before it returned.

    Sequential(a, b), or Sequential(OrderedDict(first=a, second=b)) with names. Indexing gives a module, slicing a Sequential of
    the same modules. TypeError for anything else than modules, such as a class or a function.
    https://pytorch.org/docs/stable/generated/torch.nn.Sequential.html

    >>> from tinygrad_lite import nn
    >>> net = nn.Sequential(nn.Linear(2, 5), nn.ReLU(), nn.Linear(5, 3))
    >>> net
    Sequential(
      (0): Linear(in_features=2, out_features=5, bias=True)
      (1): ReLU()
      (2): Linear(in_features=5, out_features=3, bias=True)
    )
    >>> len(net[:2])
    2
    """

    def __init__(self, *modules: Module | Mapping[str, Module]) -> None:
        first = modules[0] if len(modules) == 1 else None
        named: Iterable[tuple[Any, Any]] = first.items() if isinstance(first, Mapping) else enumerate(modules)
        for name, module in named:
            self.add_module(str(name), module)

    @overload
    def __getitem__(self, index: int) -> Any: ...
    @overload
    def __getitem__(self, index: slice) -> Sequential: ...
    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return type(self)(dict(list(self._modules.items())[index]))
        return getattr(self, self._name(index))

    def insert(self, index: int, module: Module) -> Self:
        """Put a module before the one at `index`, and return the container. IndexError if there is no such place."""
        if not -len(self) <= index <= len(self):
            raise IndexError(f"Index out of range: {index}")
        super().insert(index, module)
        return self

    def __add__(self, other: Sequential) -> Sequential:
        """The modules of this one, then those of the other."""
        return Sequential(*self).__iadd__(other)

    def __iadd__(self, other: Sequential) -> Self:
        if not isinstance(other, Sequential):
            raise ValueError(f"add operator supports only objects of Sequential class, but {type(other)} is given")
        return self.extend(other)

    def __mul__(self, other: int) -> Sequential:
        """The same modules, `other` times over. ValueError for a number below 1."""
        return Sequential(*self).__imul__(other)

    def __rmul__(self, other: int) -> Sequential:
        return self * other

    def __imul__(self, other: int) -> Self:
        if not isinstance(other, int):
            raise TypeError(f"unsupported operand type(s) for *: {type(self).__name__} and {type(other).__name__}")
        if other < 1:
            raise ValueError(f"Non-positive multiplication factor {other} for {type(self).__name__}")
        return self.extend(list(self) * (other - 1))

    def forward(self, input: Any) -> Tensor:  # what the last module returns, which is a Tensor in all but rare cases
        """input -> the first module -> ... -> the last."""
        for module in vars(self).values():
            if isinstance(module, Module):
                input = module(input)
        return input  # type: ignore[no-any-return]


class ModuleList(_Listed):
    """A list of modules that are children, so that their parameters are found. The module that holds the list calls them.

    https://pytorch.org/docs/stable/generated/torch.nn.ModuleList.html

    >>> from tinygrad_lite import nn
    >>> layers = nn.ModuleList(nn.Linear(2, 2) for _ in range(3))
    >>> len(list(layers.parameters()))
    6
    """

    def __init__(self, modules: Iterable[Module] | None = None) -> None:
        self.extend(() if modules is None else modules)

    def _name(self, index: int) -> str:
        name = str(index)  # found at once, in a loop over the indices say
        return name if isinstance(vars(self).get(name), Module) else str(_position(self, index))

    @overload
    def __getitem__(self, index: int) -> Any: ...
    @overload
    def __getitem__(self, index: slice) -> ModuleList: ...
    def __getitem__(self, index: int | slice) -> Any:
        return type(self)(list(self)[index]) if isinstance(index, slice) else getattr(self, self._name(index))

    def insert(self, index: int, module: Module) -> None:
        """Put a module before the one at `index`."""
        super().insert(index, module)

    def __add__(self, other: Iterable[Module]) -> ModuleList:
        """The modules of this list, then the others."""
        return ModuleList(self).extend(other)

    def __iadd__(self, modules: Iterable[Module]) -> Self:
        return self.extend(modules)

    def __repr__(self) -> str:
        """Modules that look the same and stand next to each other are one line."""
        lines, start = [], 0
        for text, same in groupby(map(repr, self)):
            n = len(list(same))
            label = f"({start}): " if n == 1 else f"({start}-{start + n - 1}): {n} x "
            lines.append("\n  " + (label + text).replace("\n", "\n  "))
            start += n
        return f"{self._get_name()}({''.join(lines)}{chr(10) if lines else ''})"


class ModuleDict(Module):
    """A dict of modules that are children, so that their parameters are found.

    https://pytorch.org/docs/stable/generated/torch.nn.ModuleDict.html

    >>> from tinygrad_lite import nn
    >>> heads = nn.ModuleDict({"class": nn.Linear(5, 3), "box": nn.Linear(5, 4)})
    >>> list(heads), heads["box"].out_features
    (['class', 'box'], 4)
    """

    def __init__(self, modules: Mapping[str, Module] | Iterable[tuple[str, Module]] | None = None) -> None:
        self.update(modules or {})

    def __getitem__(self, name: str) -> Any:
        module = vars(self).get(name)
        if not isinstance(module, Module):
            raise KeyError(name)
        return module

    def __setitem__(self, name: str, module: Module) -> None:
        self.add_module(name, module)

    def __delitem__(self, name: str) -> None:
        del self._modules[name]

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[str]:
        return iter(self._modules)

    def __contains__(self, name: str) -> bool:
        return name in self._modules

    def keys(self) -> KeysView[str]:
        """The names, in order."""
        return dict(self._modules).keys()

    def values(self) -> ValuesView[Module]:
        """The modules, in order."""
        return dict(self._modules).values()

    def items(self) -> ItemsView[str, Module]:
        """(name, module), in order."""
        return dict(self._modules).items()

    def update(self, modules: Mapping[str, Module] | Iterable[tuple[str, Module]]) -> None:
        """Add the modules of a mapping, or of pairs (name, module), or replace those of the same names."""
        for name, module in _pairs(self, modules):
            self[name] = module

    def pop(self, key: str) -> Module:
        """Remove a module and return it. KeyError if there is none of this name."""
        return self._modules.pop(key)

    def clear(self) -> None:
        """Remove all modules."""
        self._modules.clear()


def _pairs(container: Module, given: Any) -> Iterable[tuple[str, Any]]:
    """The pairs of a mapping or an iterable of pairs. TypeError or ValueError for anything else."""
    what = f"{type(container).__name__}.update"
    if not isinstance(given, Iterable):
        raise TypeError(f"{what} should be called with an iterable of key/value pairs, but got {type(given).__name__}")
    if hasattr(given, "items"):
        return list(given.items())
    pairs = list(given)
    for i, pair in enumerate(pairs):
        if not isinstance(pair, Iterable):
            raise TypeError(f"{what}: element {i} should be a pair, got {type(pair).__name__}")
        if len(list(pair)) != 2:
            raise ValueError(f"{what}: element {i} has length {len(list(pair))}; 2 is required")
    return [(name, value) for name, value in pairs]


def _held(value: Any) -> Any:
    """A value as ParameterList and ParameterDict hold it: a Tensor becomes a Parameter, anything else remains what it is."""
    return Parameter(value) if isinstance(value, Tensor) and not isinstance(value, Parameter) else value


def _shown(label: Any, value: Any, dtype: str) -> str:
    if not isinstance(value, Tensor):
        return f"  ({label}): Object of type: {type(value).__name__}"
    device = f" ({value.device})" if value.is_cuda else ""
    return f"  ({label}): Parameter containing: [{dtype} of size {'x'.join(map(str, value.shape))}{device}]"


class ParameterList(Module):
    """A list of parameters that are found. Tensors become Parameters, other values are held as they are.

    https://pytorch.org/docs/stable/generated/torch.nn.ParameterList.html

    >>> from tinygrad_lite import nn, ones
    >>> weights = nn.ParameterList([ones(2, 3), ones(3)])
    >>> weights
    ParameterList(
        (0): Parameter containing: [float32 of size 2x3]
        (1): Parameter containing: [float32 of size 3]
    )
    >>> list(weights.state_dict())
    ['0', '1']
    """

    def __init__(self, values: Iterable[Any] | None = None) -> None:
        self._size = 0
        self.extend(() if values is None else values)

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[Any]:
        return iter([self[i] for i in range(len(self))])

    @overload
    def __getitem__(self, idx: int) -> Any: ...
    @overload
    def __getitem__(self, idx: slice) -> ParameterList: ...
    def __getitem__(self, idx: int | slice) -> Any:
        return type(self)(list(self)[idx]) if isinstance(idx, slice) else getattr(self, str(_position(self, idx)))

    def __setitem__(self, idx: int, param: Any) -> None:
        setattr(self, str(_position(self, idx)), _held(param))

    def append(self, value: Any) -> Self:
        """Add a value at the end; returns the list."""
        setattr(self, str(self._size), _held(value))
        self._size += 1
        return self

    def extend(self, values: Iterable[Any]) -> Self:
        """Add values at the end; returns the list. TypeError for a Tensor and for what is not iterable."""
        if not isinstance(values, Iterable) or isinstance(values, Tensor):
            raise TypeError(f"ParameterList.extend should be called with an iterable, but got {type(values).__name__}")
        for value in values:
            self.append(value)
        return self

    def __iadd__(self, parameters: Iterable[Any]) -> Self:
        return self.extend(parameters)

    def extra_repr(self) -> str:
        return "\n".join([_shown(i, value, str(getattr(value, "dtype", ""))) for i, value in enumerate(self)])

    def forward(self, *args: Any, **kwargs: Any) -> Never:
        raise RuntimeError("ParameterList should not be called.")


class ParameterDict(Module):
    """A dict of parameters that are found. Tensors become Parameters, other values are held as they are.

    A plain dict is taken in the order of its sorted keys, an OrderedDict or pairs in their own.
    https://pytorch.org/docs/stable/generated/torch.nn.ParameterDict.html

    >>> from tinygrad_lite import nn, ones
    >>> weights = nn.ParameterDict({"left": ones(2), "right": ones(3)})
    >>> list(weights), weights["right"].shape
    (['left', 'right'], torch.Size([3]))
    """

    def __init__(self, parameters: Any = None) -> None:
        self._keys: dict[str, None] = {}
        self.update({} if parameters is None else parameters)

    def __getitem__(self, key: str) -> Any:
        return getattr(self, self._checked(key))

    def __setitem__(self, key: str, value: Any) -> None:
        value = _held(value)
        if self._checked(key) not in self._keys:
            self._check_name(key, "parameter")
        setattr(self, key, value)
        self._keys[key] = None

    def __delitem__(self, key: str) -> None:
        del self._keys[self._checked(key)]
        delattr(self, key)

    def _checked(self, key: Any) -> str:
        if not isinstance(key, str):
            raise TypeError(f"a key of a ParameterDict must be a string, got {type(key).__name__}")
        return key

    def __len__(self) -> int:
        return len(self._keys)

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def __reversed__(self) -> Iterator[str]:
        return reversed(list(self._keys))

    def __contains__(self, key: object) -> bool:
        return key in self._keys

    def keys(self) -> KeysView[str]:
        """The keys, in order."""
        return self._keys.keys()

    def values(self) -> Iterable[Any]:
        """The values, in order."""
        return (self[key] for key in self._keys)

    def items(self) -> Iterable[tuple[str, Any]]:
        """(key, value), in order."""
        return ((key, self[key]) for key in self._keys)

    def update(self, parameters: Any) -> None:
        """Add the values of a mapping or of pairs (key, value), or replace those of the same keys."""
        ordered = isinstance(parameters, (OrderedDict, ParameterDict)) or not isinstance(parameters, Mapping)
        for key, value in _pairs(self, parameters if ordered else sorted(parameters.items())):
            self[key] = value

    def copy(self) -> ParameterDict:
        """Another ParameterDict of the same values."""
        return ParameterDict(OrderedDict(self.items()))

    def get(self, key: str, default: Any = None) -> Any:
        """The value of a key, or `default` if there is none."""
        return getattr(self, key) if key in self._keys else default

    def setdefault(self, key: str, default: Any = None) -> Any:
        """The value of a key, which is set to `default` if there is none."""
        if key not in self:
            self[key] = default
        return self[key]

    def pop(self, key: str) -> Any:
        """Remove a key and return its value. AttributeError if there is none, as in PyTorch."""
        value = self[key]
        del self[key]
        return value

    def popitem(self) -> tuple[str, Any]:
        """Remove the last key and return it with its value. KeyError if there is none."""
        if not self._keys:
            raise KeyError("popitem(): dictionary is empty")
        key = next(reversed(self._keys))
        return key, self.pop(key)

    def clear(self) -> None:
        """Remove all keys."""
        for key in list(self._keys):
            del self[key]

    def fromkeys(self, keys: Iterable[str], default: Any = None) -> ParameterDict:
        """A new ParameterDict with these keys, all of the same value."""
        return ParameterDict([(key, default) for key in keys])

    def __or__(self, other: Any) -> ParameterDict:
        """The values of both; for a key of both, the other's."""
        return self.copy().__ior__(other)

    def __ror__(self, other: Any) -> Any:
        joined = other.copy()
        joined.update(self.items())
        return joined

    def __ior__(self, other: Any) -> Self:
        self.update(other)
        return self

    def extra_repr(self) -> str:
        of = {key: value.type() if isinstance(value, Tensor) else "" for key, value in self.items()}
        return "\n".join([_shown(key, value, of[key]) for key, value in self.items()])

    def forward(self, *args: Any, **kwargs: Any) -> Never:
        raise RuntimeError("ParameterDict should not be called.")
