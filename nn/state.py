"""Saving and loading: state_dict() and load_state_dict().

Each module gives and takes its own values and then asks those below, so that a module may override either step, and hooks see
each. Values are read and checked first, and written when all of them have been found to fit.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from operator import setitem
from typing import Any, NamedTuple

import numpy as np

from tinygrad_lite._tensor import Tensor
from tinygrad_lite.backend import Array, device_of, is_array, plain, put
from tinygrad_lite.inplace import unwritable, write

from .hooks import LOADED, LOADING, SAVED, SAVING, Hooked, run
from .parameter import Parameter, UninitializedBuffer, UninitializedParameter

EXTRA = "_extra_state"


class IncompatibleKeys(NamedTuple):
    """The keys that load_state_dict(strict=False) could not match."""

    missing_keys: list[str]
    unexpected_keys: list[str]

    def __repr__(self) -> str:
        if not self.missing_keys and not self.unexpected_keys:
            return "<All keys matched successfully>"
        return f"_IncompatibleKeys(missing_keys={self.missing_keys}, unexpected_keys={self.unexpected_keys})"


class Stateful(Hooked):
    """The part of a Module that has to do with state_dicts."""

    _version: int | None = 1  # of what a class saves: _load_from_state_dict finds it in local_metadata["version"]

    @property
    def _modules(self) -> MutableMapping[str, Any]:
        raise NotImplementedError  # Module defines it, and the next

    def _own_state(self) -> Iterator[tuple[str, Tensor]]:
        raise NotImplementedError

    def state_dict(
        self, *, destination: dict[str, Any] | None = None, prefix: str = "", keep_vars: bool = False
    ) -> dict[str, Any]:
        """The parameters and persistent buffers by path, with PyTorch's keys and shapes.

        They share the module's memory: copy.deepcopy() keeps the values as they are now. With keep_vars they are the Parameters
        themselves, else detached Tensors.
        https://pytorch.org/docs/stable/generated/torch.nn.Module.html#torch.nn.Module.state_dict

        >>> from tinygrad_lite import nn
        >>> {key: value.shape for key, value in nn.Sequential(nn.Linear(2, 3)).state_dict().items()}
        {'0.weight': torch.Size([3, 2]), '0.bias': torch.Size([3])}
        """
        if destination is None:
            destination = OrderedDict()  # as PyTorch prints it
            vars(destination)["_metadata"] = OrderedDict()
        about = {"version": self._version}
        if hasattr(destination, "_metadata"):
            destination._metadata[prefix[:-1]] = about
        for hook in run(self, SAVING):
            hook(self, prefix, keep_vars)
        self._save_to_state_dict(destination, prefix, keep_vars)
        for name, child in self._modules.items():
            child.state_dict(destination=destination, prefix=f"{prefix}{name}.", keep_vars=keep_vars)
        for hook in run(self, SAVED):
            if hook(self, destination, prefix, about) is not None:
                raise RuntimeError("a state_dict post-hook must change the state_dict that it gets, and return None")
        return destination

    def _save_to_state_dict(self, destination: dict[str, Any], prefix: str, keep_vars: bool) -> None:
        """Add this module's own values. A subclass that overrides it calls this one and adds others."""
        destination.update((prefix + name, x if keep_vars else x.detach()) for name, x in self._own_state())
        if self._has_extra_state():
            destination[prefix + EXTRA] = self.get_extra_state()

    def get_extra_state(self) -> Any:
        """What else state_dict() should hold for this module. A subclass defines it together with set_extra_state()."""
        raise RuntimeError("a module that has extra state defines get_extra_state() and set_extra_state()")

    def set_extra_state(self, state: Any) -> None:
        """Take back what get_extra_state() gave."""
        raise RuntimeError("a state_dict holds extra state for a module that does not define set_extra_state()")

    def _has_extra_state(self) -> bool:
        return type(self).get_extra_state is not Stateful.get_extra_state

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False) -> IncompatibleKeys:
        """Copy the values of a state_dict, one of PyTorch's included, into the parameters and buffers, in place.

        The values may be Tensors or anything np.asarray reads as numbers. They are cast to the parameters' dtypes. With strict,
        the keys must be exactly those of state_dict(). With assign, the values become the parameters and buffers, with their
        own dtypes and devices. If anything does not fit, nothing is changed, and a RuntimeError lists all that does not fit.
        https://pytorch.org/docs/stable/generated/torch.nn.Module.html#torch.nn.Module.load_state_dict

        >>> from tinygrad_lite import nn
        >>> a, b = nn.Linear(2, 3), nn.Linear(2, 3)
        >>> a.load_state_dict(b.state_dict())
        <All keys matched successfully>
        """
        if not isinstance(state_dict, Mapping):
            raise TypeError(f"Expected state_dict to be dict-like, got {type(state_dict)}.")
        loading = _Loading(assign, getattr(state_dict, "_metadata", None) or {})
        loading.read(self, dict(state_dict), "")
        if loading.errors or (strict and not loading.hooks):
            loading.check(self, strict)
        for do in loading.writes:
            do()
        for module, hook in loading.hooks:  # they may allow keys that are missing, once the values are there
            if hook(module, loading.keys) is not None:
                raise RuntimeError("a load_state_dict post-hook must change the keys that it gets, and return None")
        loading.check(self, strict)
        return loading.keys

    def _load_from_state_dict(
        self,
        state_dict: dict[str, Any],
        prefix: str,
        local_metadata: dict[str, Any],
        strict: bool,
        missing_keys: list[str],
        unexpected_keys: list[str],
        error_msgs: list[str],
    ) -> None:
        """Look for this module's own values, and note what does not fit in the lists. A subclass that overrides it may change
        state_dict before it calls this one. The values are written when all modules have been asked.
        """
        loading = local_metadata.get("loading") or _Loading(False, {})
        for hook in run(self, LOADING):
            hook(self, state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs)
        own = dict(self._own_state())
        for name, x in own.items():
            if (key := prefix + name) not in state_dict:
                missing_keys += [key] if strict else []
            elif problem := loading.take(self, name, x, key, state_dict[key]):
                error_msgs.append(problem)
        if self._has_extra_state() and prefix + EXTRA in state_dict:
            loading.writes.append(lambda: self.set_extra_state(state_dict[prefix + EXTRA]))
        elif self._has_extra_state() and strict:
            missing_keys.append(prefix + EXTRA)
        for key in state_dict if strict else ():
            first, _, below = key[len(prefix) :].partition(".")
            known = first in self._modules if below else first in own or (first == EXTRA and self._has_extra_state())
            if key.startswith(prefix) and not known:
                unexpected_keys.append(key)
        if "loading" not in local_metadata:  # called by itself
            for do in loading.writes:
                do()


class _Loading:
    """One load_state_dict(): what is wrong with it so far, and what is to be written if nothing is."""

    def __init__(self, assign: bool, metadata: Mapping[str, Any]) -> None:
        self.assign, self.metadata = assign, metadata
        self.keys = IncompatibleKeys([], [])
        self.errors: list[str] = []
        self.writes: list[Callable[[], Any]] = []
        self.hooks: list[tuple[Any, Any]] = []
        self.shapes: dict[Tensor, tuple[int, ...]] = {}  # an uninitialized parameter takes the shape of its first value

    def read(self, module: Any, state_dict: dict[str, Any], prefix: str) -> None:
        """Ask a module, then those below, for what they take from the state_dict."""
        about = {**self.metadata.get(prefix[:-1], {}), "loading": self}
        if self.assign:
            about["assign_to_params_buffers"] = True
        module._load_from_state_dict(state_dict, prefix, about, True, *self.keys, self.errors)
        for name, child in module._modules.items():
            below = f"{prefix}{name}."
            self.read(child, {key: value for key, value in state_dict.items() if key.startswith(below)}, below)
        self.hooks += [(module, hook) for hook in run(module, LOADED)]

    def take(self, module: Any, name: str, x: Tensor, key: str, value: Any) -> str | None:
        """Note that `value` is to be written to x, which is module.name, or say why it cannot be."""
        try:
            array = numbers(value)
            unknown = isinstance(x, (UninitializedParameter, UninitializedBuffer))
            shape = self.shapes.setdefault(x, array.shape if unknown else x.shape)
            if array.shape != shape:
                what = f"size mismatch for {key}: copying a param with shape {list(array.shape)} from checkpoint"
                return f"{what}, the shape in current model is {list(shape)}."
            if self.assign:
                self.writes.append(lambda: setattr(module, name, _in_place_of(x, value, array)))
            elif why := unwritable(x.array):
                return f'for "{key}", {why}'
            else:
                array = put(array, device_of(x.array)).astype(x.dtype, copy=False)
                self.writes.append(lambda: _write(x, array))
        except Exception as error:  # np.asarray's, or that of whatever reads the file
            return f'for "{key}", {error}'
        return None

    def check(self, module: Any, strict: bool) -> None:
        """RuntimeError for all that was found to be wrong."""
        errors = list(self.errors)
        for keys, which in reversed(list(zip(self.keys, ("Missing", "Unexpected")))):
            if strict and keys:
                errors.insert(0, f"{which} key(s) in state_dict: " + ", ".join([f'"{key}"' for key in keys]) + ". ")
        if errors:
            raise RuntimeError(f"Error(s) in loading state_dict for {type(module).__name__}:\n\t" + "\n\t".join(errors))


def _write(x: Any, array: Array) -> None:
    if isinstance(x, (UninitializedParameter, UninitializedBuffer)):
        x.materialize(array.shape)
    write(x.array, setitem, ..., array)


def _in_place_of(x: Tensor, value: Any, array: Array) -> Tensor:
    """A loaded value as what load_state_dict(assign=True) puts in place of x."""
    if not isinstance(x, Parameter):
        return value if isinstance(value, Tensor) else Tensor._of(array)
    if isinstance(value, Parameter):
        return value.requires_grad_(x.requires_grad)
    return Parameter(value if isinstance(value, Tensor) else array, x.requires_grad)


def numbers(value: Any) -> Array:
    """The array in a saved value: a Tensor, an array, or what np.asarray reads. TypeError if it is not an array of numbers."""
    if not isinstance(value, Tensor) and not hasattr(value, "shape"):
        raise TypeError(f"expected a Tensor or an array but received {type(value)}")
    array = value.array if isinstance(value, Tensor) else value
    array = plain(array) if is_array(array) else np.asarray(array)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"expected real numbers but received an array of {array.dtype}")
    return array
