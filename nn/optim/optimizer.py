"""Optimizer: what SGD, Adam and AdamW share. Parameter groups, one step for all of them, saving and loading.

A subclass says what one step computes: `update` is its formula, `hyperparameters` what the formula takes in step t, and
`state_names` what it remembers of each parameter from step to step.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from copy import deepcopy
from typing import Any

import numpy as np

from tinygrad_lite._tensor import Tensor
from tinygrad_lite.backend import Array, device_of, put
from tinygrad_lite.dtypes import float32
from tinygrad_lite.grad_mode import enable_grad
from tinygrad_lite.inplace import unwritable

from ..module import Module
from ..parameter import zero_grads
from ..state import numbers
from .flat import SMALL, FlatGroup, overlapping


class Optimizer:
    """The base of all optimizers: parameter groups, their state, saving and loading.

    `params` is an iterable of Tensors, or of dicts that each have "params" and the options that differ from the defaults.
    ValueError or TypeError for anything that cannot be optimized, before anything is changed. A subclass that overrides
    `step`, as one does with PyTorch's, finds `param_groups`, `defaults` and `state` (an empty dict for each new parameter).
    https://pytorch.org/docs/stable/optim.html

    >>> from tinygrad_lite import no_grad, tensor
    >>> class SignDescent(Optimizer):
    ...     def __init__(self, params, lr):
    ...         super().__init__(params, {"lr": lr})
    ...
    ...     @no_grad()
    ...     def step(self, closure=None):
    ...         for group in self.param_groups:
    ...             for p in group["params"]:
    ...                 p -= group["lr"] * p.grad.sign()
    >>> p = tensor([1.0, -3.0], requires_grad=True)
    >>> (p**2).sum().backward()
    >>> SignDescent([p], lr=0.5).step(); p
    tensor([ 0.5000, -2.5000], requires_grad=True)
    """

    update: Callable[..., None]  # (p, g, *scalars, *states, **flags), in place
    has_step = False  # whether each parameter's state counts the steps, as "step"

    def __init__(self, params: Iterable[Any], defaults: dict[str, Any]) -> None:
        groups = _param_groups(params)
        self.check(defaults)
        self.defaults = defaults
        self.state: defaultdict[Tensor, dict[str, Any]] = defaultdict(dict)
        self.param_groups: list[dict[str, Any]] = []
        self._flat: dict[int, tuple[Any, list[tuple[FlatGroup, list[int]]]]] = {}
        self._stepped = False  # lr_scheduler warns if it is stepped first
        for group in groups:
            self.add_param_group(group)

    def check(self, group: dict[str, Any]) -> None:
        """Raise ValueError or TypeError for options that make no sense."""

    def state_names(self, group: dict[str, Any]) -> tuple[str, ...]:
        """The names of what is remembered of each parameter, in the order of `update`'s last arguments."""
        return ()

    def hyperparameters(self, group: dict[str, Any], t: float) -> tuple[tuple[float, ...], dict[str, bool]]:
        """The scalars and flags that `update` takes in step t = 1, 2, ..."""
        raise NotImplementedError(f"{type(self).__name__} defines neither step() nor hyperparameters(); define one")

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Optimize more parameters: {"params": tensors, option: value, ...}. Options that are not given are the defaults."""
        if not isinstance(param_group, dict):
            raise TypeError(f"param_group must be a dict, but got {type(param_group).__name__}")
        if "params" not in param_group:
            raise KeyError(f'a parameter group needs "params": its tensors; this one has only {", ".join(param_group)}')
        if isinstance(param_group["params"], set):
            raise TypeError("optimizer parameters need to be in an ordered collection, but got a set; use a list instead")
        params = [param_group["params"]] if isinstance(param_group["params"], Tensor) else list(param_group["params"])
        known = {id(p) for group in self.param_groups for p in group["params"]}
        for p in params:
            if not isinstance(p, Tensor):
                raise TypeError(f"optimizer can only optimize Tensors, but one of the params is {_described(p)}")
            if not p.is_leaf:
                raise ValueError("can't optimize a non-leaf Tensor: this one was computed from others")
            if id(p) in known:
                raise ValueError(f"a parameter of shape {list(p.shape)} appears in more than one place (or group)")
            known.add(id(p))
        group = self.defaults | param_group | {"params": params}
        self.check(group)
        self.param_groups.append(group)

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Set the gradients of all parameters to None, or (set_to_none=False) fill them with 0."""
        for group in self.param_groups:
            zero_grads(group["params"], set_to_none)

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update every parameter that has a gradient, in place. A closure that computes the loss is called first.

        Returns what the closure returns.
        """
        loss = None
        if closure is not None:
            with enable_grad():
                loss = closure()
        self._stepped = True
        updates = []  # all are prepared before the first is made: an error leaves everything as it was
        for i, group in enumerate(self.param_groups):
            params = [p for p in group["params"] if p.grad is not None]
            state_names = self.state_names(group)
            key = (state_names, [id(p.array) for p in params])  # the flat groups keep these arrays, so that an id stays theirs
            if self._flat.get(i, (None,))[0] != key:
                self._flat[i] = key, self._flatten(params, state_names)
            gradients = [p.grad.array for p in params]
            for flat, indices in self._flat[i][1]:
                updates.append((flat, [gradients[j] for j in indices], *self.hyperparameters(group, flat.steps + 1)))
        for flat, gradients, scalars, flags in updates:
            flat.step(gradients, type(self).update, scalars, flags)
        return loss

    def _flatten(self, params: list[Tensor], state_names: tuple[str, ...]) -> list[tuple[FlatGroup, list[int]]]:
        """The parameters in flat groups, each with the indices of its parameters. RuntimeError if one is read-only."""
        for p in params:
            if why := unwritable(p.array):
                raise RuntimeError(f"step: {why}; optimize a copy of it: p.detach().clone().requires_grad_()")
        together: dict[Any, list[int]] = {}
        shared = overlapping([p.array for p in params])  # such parameters are updated one after the other, not side by side
        for i, p in enumerate(params):
            alone = i if p.array.size >= SMALL or i in shared else None
            together.setdefault((alone, p.array.dtype, device_of(p.array), self._steps_taken(p, state_names)), []).append(i)
        return [
            (FlatGroup([params[i] for i in indices], steps, state_names, self.has_step, self.state), indices)
            for (_, _, _, steps), indices in together.items()
        ]

    def _steps_taken(self, p: Tensor, state_names: tuple[str, ...]) -> float:
        """How many steps the state of `p` has recorded.

        Where the state has no "step", as SGD's, all that counts is whether a step is the first one, which is not damped; after
        it there is a momentum buffer.
        """
        state = self.state.get(p, {})
        if "step" in state:
            return float(state["step"].array)
        return 1.0 if any(name in state for name in state_names) else 0.0

    def state_dict(self) -> dict[str, Any]:
        """{"state": {index: {name: Tensor}}, "param_groups": [{option: value, "params": [index, ...]}]}, as PyTorch's.

        Parameters are numbered through all groups. The Tensors are the optimizer's own and change with its next step:
        copy.deepcopy() what is to be kept.
        """
        params = [p for group in self.param_groups for p in group["params"]]
        index_of = {id(p): index for index, p in enumerate(params)}
        state = {index_of[id(p)]: dict(values) for p, values in self.state.items()}
        groups = [group | {"params": [index_of[id(p)] for p in group["params"]]} for group in self.param_groups]
        return {"state": state, "param_groups": groups}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Continue from a state_dict() of the same optimizer, or of PyTorch's: copies of its state, and its options.

        Its values may be Tensors or arrays of numbers, whatever np.asarray reads. Nothing is changed unless everything fits:
        ValueError or TypeError for groups of other sizes or with options that make no sense, and for states of other shapes,
        of unknown parameters, or that are incomplete; it lists the states that do not fit.
        """
        saved = self._saved_groups(state_dict)
        groups = []
        owners: dict[int, tuple[Tensor, tuple[str, ...]]] = {}  # of each index: the parameter, and what its state holds
        for group, new in zip(self.param_groups, saved):
            options = {key: deepcopy(value) for key, value in new.items() if key != "params"}
            groups.append(self.defaults | options | {"params": group["params"]})
            self.check(groups[-1])
            for index, p in zip(new["params"], group["params"]):
                owners[index] = p, self.state_names(groups[-1])
        state: defaultdict[Tensor, dict[str, Any]] = defaultdict(dict)
        errors = []
        for index, values in state_dict["state"].items():
            if index not in owners:
                errors.append(f"the state of parameter {index!r}: there is no such parameter, only {list(owners)}")
            elif not isinstance(values, Mapping):
                errors.append(f"the state of parameter {index!r}: expected names and values, got {type(values).__name__}")
            else:
                p, state_names = owners[index]
                state[p], wrong = self._loaded_state(index, values, p, state_names)
                errors += wrong
        if errors:
            raise ValueError(f"Error(s) in loading the state of {type(self).__name__}:\n\t" + "\n\t".join(errors))
        self.state, self.param_groups, self._flat = state, groups, {}

    def _saved_groups(self, state_dict: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        """The parameter groups of a state_dict, if they have the form and the sizes of this optimizer's."""
        if not isinstance(state_dict, Mapping):
            raise TypeError(f"expected the state_dict of an optimizer, a dict, got {type(state_dict).__name__}")
        saved, states = state_dict.get("param_groups"), state_dict.get("state")
        if not isinstance(saved, (list, tuple)) or not isinstance(states, Mapping):
            found = ", ".join([f"{key!r}: {type(value).__name__}" for key, value in state_dict.items()])
            raise ValueError(f"an optimizer's state_dict is {{'state': dict, 'param_groups': list}}, this one is {{{found}}}")
        if len(saved) != len(self.param_groups):
            raise ValueError(
                f"loaded state dict has a different number of parameter groups: {len(saved)}, not {len(self.param_groups)}"
            )
        indices = []
        for i, (group, new) in enumerate(zip(self.param_groups, saved)):
            if not isinstance(new, Mapping) or not isinstance(new.get("params"), (list, tuple)):
                raise ValueError(f'param_groups[{i}] of the loaded state dict has no list "params": {new!r}')
            if len(group["params"]) != len(new["params"]):
                raise ValueError(
                    f"loaded state dict contains a parameter group that doesn't match the size of optimizer's group: group {i} "
                    f"has {len(new['params'])} parameters, not {len(group['params'])}"
                )
            indices += new["params"]
        if not all(isinstance(index, int) for index in indices) or len(set(indices)) < len(indices):
            raise ValueError(f'"params" in the loaded state dict must be different integers, got {indices}')
        return list(saved)

    def _loaded_state(
        self, index: int, values: Mapping[str, Any], p: Tensor, state_names: tuple[str, ...]
    ) -> tuple[dict[str, Tensor], list[str]]:
        """Copies of one parameter's saved state, and what is wrong with it."""
        state, errors = {}, []
        for name, value in values.items():
            try:
                if value is not None:  # as SGD without momentum has saved it in older versions of PyTorch
                    state[name] = Tensor._of(_state_array(name, value, p))
            except Exception as error:  # whatever np.asarray raises, or the library that the value is from
                errors.append(f"state {name!r} of parameter {index}: {error}")
        expected = ("step", *state_names) if self.has_step else state_names
        lacking = [name for name in expected if name not in state]
        if state and lacking:
            errors.append(f"the state of parameter {index} lacks {', '.join(lacking)}")
        return state, errors

    def __getstate__(self) -> dict[str, Any]:
        """All but the flat groups: their vectors are the memory of this optimizer's states, not of a copy's."""
        return vars(self) | {"_flat": {}}

    def __repr__(self) -> str:
        lines = []
        for i, group in enumerate(self.param_groups):
            lines.append(f"Parameter Group {i}\n")
            lines += [f"    {key}: {group[key]}\n" for key in sorted(group) if key != "params"]
        return f"{type(self).__name__} (\n{''.join(lines)})"


def _param_groups(params: Any) -> list[dict[str, Any]]:
    """The `params` of an optimizer as a list of parameter groups, which add_param_group() checks."""
    if isinstance(params, Module):
        raise TypeError(f"an optimizer takes parameters, but got the module {type(params).__name__}; give model.parameters()")
    if isinstance(params, (Tensor, Mapping)) or not isinstance(params, Iterable):
        instead = "call it: model.parameters()" if callable(params) else "a single Tensor or dict goes into a list: [p]"
        raise TypeError(
            f"params argument given to the optimizer should be an iterable of Tensors or dicts, "
            f"but got {type(params).__name__}; {instead}"
        )
    groups = list(params)
    if not groups:
        raise ValueError(
            "optimizer got an empty parameter list: either the model has none (layers in a plain list are not registered, "
            "use nn.ModuleList), or model.parameters() was iterated over before, which works only once"
        )
    return groups if isinstance(groups[0], dict) else [{"params": groups}]


def _described(p: object) -> str:
    """What is no Tensor, and for what is often written by mistake, what to write."""
    kind = type(p)
    if isinstance(p, Module):
        return f"{kind.__name__}; give its parameters()"
    if isinstance(p, tuple) and any(isinstance(x, Tensor) for x in p):
        return "tuple: with its name? give model.parameters(), without names"
    if isinstance(p, (list, Iterator)):
        return f"{kind.__name__}; several go together as [*a.parameters(), *b.parameters()]"
    return f"{kind.__module__}.{kind.__qualname__}" if kind.__name__ in ("Tensor", "Parameter") else kind.__name__


def not_negative(what: str, value: Any) -> None:
    """TypeError if `value`, called `what`, is not a number; ValueError if it is negative or nan."""
    if not isinstance(value, (int, float, np.number)):
        raise TypeError(f"{what} must be a number, got {type(value).__name__}")
    if not value >= 0:
        raise ValueError(f"Invalid {what}: {value}; it cannot be negative")


def _state_array(name: str, value: Any, p: Tensor) -> Array:
    """A saved value as a new array with the dtype and device of its parameter; "step" stays a number on the CPU."""
    array = numbers(value if hasattr(value, "shape") else np.asarray(value))
    shape = () if name == "step" else p.shape
    if array.shape != shape:
        raise ValueError(f"it has shape {list(array.shape)}, not {list(shape)}")
    if name == "step":
        if not 0 <= array < np.inf:
            raise ValueError(f"{array} is not a number of steps")
        return put(array, "cpu").astype(float32)
    return put(array, p.device).astype(p.dtype)
