"""Containers: modules made of other modules, under the names "0", "1", ..., or under names of your own."""

from __future__ import annotations

from collections.abc import ItemsView, Iterable, Iterator, KeysView, Mapping, ValuesView
from typing import Any, Self, overload

from tinygrad_lite._tensor import Tensor

from .module import Module

__all__ = ["Sequential", "ModuleList", "ModuleDict"]


class _Listed(Module):
    """What Sequential and ModuleList share: modules by position. A module that is there twice counts twice."""

    def _name(self, index: int) -> str:
        names = list(self._modules)
        if not -len(names) <= index < len(names):
            raise IndexError(f"index {index} is out of range for a {type(self).__name__} of {len(names)}")
        return names[index]

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[Module]:
        return iter(self._modules.values())

    def __setitem__(self, index: int, module: Module) -> None:
        setattr(self, self._name(index), module)

    def append(self, module: Module) -> Self:
        """Add a module at the end; returns the container."""
        self.add_module(str(len(self)), module)
        return self


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

    def __init__(self, modules: Iterable[Module] = ()) -> None:
        self.extend(modules)

    @overload
    def __getitem__(self, index: int) -> Any: ...
    @overload
    def __getitem__(self, index: slice) -> ModuleList: ...
    def __getitem__(self, index: int | slice) -> Any:
        return type(self)(list(self)[index]) if isinstance(index, slice) else getattr(self, self._name(index))

    def extend(self, modules: Iterable[Module]) -> Self:
        """Add modules at the end; returns the list."""
        for module in modules:
            self.append(module)
        return self


class ModuleDict(Module):
    """A dict of modules that are children, so that their parameters are found.

    https://pytorch.org/docs/stable/generated/torch.nn.ModuleDict.html

    >>> from tinygrad_lite import nn
    >>> heads = nn.ModuleDict({"class": nn.Linear(5, 3), "box": nn.Linear(5, 4)})
    >>> list(heads), heads["box"].out_features
    (['class', 'box'], 4)
    """

    def __init__(self, modules: Mapping[str, Module] | None = None) -> None:
        for name, module in (modules or {}).items():
            self[name] = module

    def __getitem__(self, name: str) -> Any:
        return self._modules[name]

    def __setitem__(self, name: str, module: Module) -> None:
        self.add_module(name, module)

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[str]:
        return iter(self._modules)

    def __contains__(self, name: str) -> bool:
        return name in self._modules

    def keys(self) -> KeysView[str]:
        """The names, in order."""
        return self._modules.keys()

    def values(self) -> ValuesView[Module]:
        """The modules, in order."""
        return self._modules.values()

    def items(self) -> ItemsView[str, Module]:
        """(name, module), in order."""
        return self._modules.items()
