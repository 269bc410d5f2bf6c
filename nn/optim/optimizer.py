"""Optimizer: what all optimizers share. Parameter groups, one step for all of them, saving and loading.

A subclass says what one step computes: `update` is its formula, `hyperparameters` what the formula takes in step t, and
`remembers` what is remembered of each parameter from step to step.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from copy import deepcopy
from functools import partial
from typing import Any, ClassVar

import numpy as np

from tinygrad_lite._tensor import Tensor
from tinygrad_lite.backend import device_of, put
from tinygrad_lite.grad_mode import enable_grad
from tinygrad_lite.inplace import unwritable
from tinygrad_lite.recorder import here

from ..module import Module
from ..parameter import zero_grads
from ..state import numbers
from .flat import SMALL, FlatGroup, number_dtype, overlapping
from .hooks import Hooks, no_hooks
from .recorded import recorded_step

Options = dict[str, Any]  # a parameter group
Numbers = dict[str, Any]  # the remembered numbers, by name
Arguments = tuple[tuple[float, ...], dict[str, bool]]  # scalars and flags


class _Required:
    """What stands for an option that has no default."""

    def __repr__(self) -> str:
        return "<required parameter>"


required = _Required()  # lr=required: the groups must give it. Optimizers of users are written so


class Optimizer(Hooks):
    """The base of all optimizers: parameter groups, their state, saving and loading.

    `params` is an iterable of Tensors, of (name, Tensor) as from named_parameters(), or of dicts that each have such "params"
    and the options that differ from the defaults. The learning rate may be a Tensor with one number.
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

    update: Callable[..., None]  # (p, g, *scalars, *states, **flags), in place: the formula
    fast: Callable[..., None]  # the same in fewer passes over arrays of NumPy's, with two more arrays s and t to compute in
    kept: ClassVar[dict[str, Any]] = {}  # options that stay when a state is loaded
    shaped = False  # whether the formula needs the parameter in its shape; others get vectors, of many parameters end to end

    def __init__(self, params: Iterable[Any], defaults: dict[str, Any]) -> None:
        groups = _param_groups(params)
        self.check({name: value for name, value in defaults.items() if value is not required})
        self.defaults = defaults
        self.state: defaultdict[Tensor, dict[str, Any]] = defaultdict(dict)
        self.param_groups: list[dict[str, Any]] = []
        self._flat: dict[int, tuple[Any, list[tuple[FlatGroup, list[int]]]]] = {}
        super().__init__()
        for group in groups:
            self.add_param_group(group)

    def check(self, group: Options) -> None:
        """Raise ValueError, TypeError or RuntimeError for options that make no sense.

        foreach, fused and capturable choose between PyTorch's implementations. Here there is one, and they change nothing.
        """
        if "lr" in group:
            not_negative(group, "lr")
        if group.get("differentiable"):
            raise NotImplementedError(
                "differentiable=True: a step is not recorded on the tape; write it with operators instead, p_new = p - lr * g"
            )
        if group.get("fused") and group.get("foreach"):
            raise RuntimeError("`fused` and `foreach` cannot be `True` together.")

    def remembers(self, group: Options, p: Tensor) -> tuple[dict[str, float], dict[str, float]]:
        """What is remembered of a parameter: numbers, as "step", and arrays, in the order of `update`'s last arguments.

        Each has its first value, with which an array is filled.
        """
        return {}, {}

    def state_shape(self, name: str, p: Tensor) -> tuple[int, ...]:
        """The shape of a remembered array."""
        return p.shape

    def hyperparameters(self, group: Options, t: float, numbers: Numbers) -> Arguments:
        """The scalars and flags that `update` takes in step t = 1, 2, ... Remembered numbers other than "step" are changed."""
        raise NotImplementedError(f"{type(self).__name__} defines neither step() nor hyperparameters(); define one")

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Optimize more parameters: {"params": tensors, option: value, ...}. Options that are not given are the defaults.

        In place of each tensor may stand (name, tensor); then group["param_names"] has the names. ValueError if only some have.
        """
        if not isinstance(param_group, dict):
            raise TypeError(f"param_group must be a dict, but got {type(param_group).__name__}")
        if "params" not in param_group:
            raise KeyError(f'a parameter group needs "params": its tensors; this one has only {", ".join(param_group)}')
        if isinstance(param_group["params"], set):
            raise TypeError("optimizer parameters need to be in an ordered collection, but got a set; use a list instead")
        params = [param_group["params"]] if isinstance(param_group["params"], Tensor) else list(param_group["params"])
        names = [p[0] for p in params if _named(p)]
        if len(names) not in (0, len(params)):
            raise ValueError("all optimizer params should be with/without names. Some param names are missing")
        if names:
            param_group, params = param_group | {"param_names": names}, [p for _, p in params]
        if any("param_names" in group for group in self.param_groups) != ("param_names" in param_group) and self.param_groups:
            raise ValueError(
                f"all optimizer param groups should be with/without names. "
                f"cannot add param group {'with' if names else 'without'} names to the optimizer"
            )
        known = {id(p) for group in self.param_groups for p in group["params"]}
        for p in params:
            if not isinstance(p, Tensor):
                raise TypeError(f"optimizer can only optimize Tensors, but one of the params is {_described(p)}")
            if not (p.is_leaf or p.retains_grad):
                raise ValueError("can't optimize a non-leaf Tensor: this one was computed from others")
            if id(p) in known:
                raise ValueError(f"a parameter of shape {list(p.shape)} appears in more than one place (or group)")
            known.add(id(p))
        missing = [name for name, value in self.defaults.items() if value is required and name not in param_group]
        if missing:
            raise ValueError(f"parameter group didn't specify a value of required optimization parameter {missing[0]}")
        group = param_group | {"params": params} | {k: v for k, v in self.defaults.items() if k not in param_group}
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
        work = []  # all is prepared before the first update: an error leaves everything as it was
        for i, group in enumerate(self.param_groups):
            params = [p for p in group["params"] if p.grad is not None]
            if params:
                gradients, find = [p.grad.array for p in params], partial(self._flat_groups, i, params)
                found = find() if here.recording is None else here.recording.outside(find)
                work += [(flat, group, [gradients[j] for j in indices]) for flat, indices in found]
        if here.recording is not None:
            recorded_step(self, work, here.recording)
            return loss
        updates = [(flat, gradients, *self._next(flat, group)) for flat, group, gradients in work]
        for flat, gradients, scalars, flags, remembered in updates:
            flat.step(gradients, type(self), scalars, flags)
            flat.count(remembered)
        return loss

    def _flat_groups(self, i: int, params: list[Tensor]) -> list[tuple[FlatGroup, list[int]]]:
        """The flat groups of the parameters of group i that have a gradient, new ones if these are others than before."""
        group = self.param_groups[i]
        # The flat groups keep the parameters' arrays, so that an id stays theirs.
        key = [*[name for names in self.remembers(group, params[0]) for name in names], *[id(p.array) for p in params]]
        if self._flat.get(i, (None,))[0] != key:
            self._flat[i] = key, self._flatten(params, group)
        return self._flat[i][1]

    def _next(self, flat: FlatGroup, group: Options) -> tuple[tuple[float, ...], dict[str, bool], Numbers]:
        """The scalars and flags of the next step of a flat group, and the numbers to remember after it."""
        remembered = {name: memory[0] for name, memory in flat.numbers.items()}
        scalars, flags = self.hyperparameters(group, flat.steps + 1, remembered)
        return scalars, flags, remembered

    def _flatten(self, params: list[Tensor], group: dict[str, Any]) -> list[tuple[FlatGroup, list[int]]]:
        """The parameters in flat groups, each with the indices of its parameters. RuntimeError if one is read-only."""
        for p in params:
            if why := unwritable(p.array):
                raise RuntimeError(f"step: {why}; optimize a copy of it: p.detach().clone().requires_grad_()")
        together: dict[Any, list[int]] = {}
        shared = overlapping([p.array for p in params])  # such parameters are updated one after the other, not side by side
        for i, p in enumerate(params):
            alone = i if self.shaped or p.array.size >= SMALL or i in shared else None
            numbers, arrays = self.remembers(group, p)
            state = self.state[p] if numbers or arrays else {}  # in the order of the parameters
            for name in numbers.keys() & state.keys():
                numbers[name] = float(state[name].array)
            # SGD has no "step": all that counts is whether a step is the first one, which is not damped; after it there is
            # a momentum buffer.
            steps = numbers.get("step", 1.0 if any([name in state for name in arrays]) else 0.0)
            key = (alone, p.array.dtype, device_of(p.array), steps, *numbers.items())
            together.setdefault(key, []).append(i)
        return [
            (FlatGroup(self, [params[i] for i in indices], steps, dict(numbers), group), indices)
            for (_, _, _, steps, *numbers), indices in together.items()
        ]

    def state_dict(self) -> dict[str, Any]:
        """{"state": {index: {name: Tensor}}, "param_groups": [{option: value, "params": [index, ...]}]}, as PyTorch's.

        Parameters are numbered through all groups. The Tensors are the optimizer's own and change with its next step:
        copy.deepcopy() what is to be kept.
        """
        for hook in self._hooks["state_dict_pre"].values():
            hook(self)
        params = [p for group in self.param_groups for p in group["params"]]
        index_of = {id(p): index for index, p in enumerate(params)}
        state = {index_of[id(p)]: dict(values) for p, values in self.state.items()}
        groups: list[dict[str, Any]] = [{k: v for k, v in group.items() if k != "params"} for group in self.param_groups]
        for saved_group, group in zip(groups, self.param_groups):
            saved_group["params"] = [index_of[id(p)] for p in group["params"]]
        saved: dict[str, Any] = {"state": state, "param_groups": groups}
        for hook in self._hooks["state_dict_post"].values():
            changed = hook(self, saved)
            saved = saved if changed is None else changed
        return saved

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Continue from a state_dict() of the same optimizer, or of PyTorch's: copies of its state, and its options.

        Its values may be Tensors or arrays of numbers, whatever np.asarray reads. Nothing is changed unless everything fits:
        ValueError or TypeError for groups of other sizes or with options that make no sense, and for states of other shapes,
        of unknown parameters, or that are incomplete; it lists the states that do not fit.
        """
        for hook in self._hooks["load_state_dict_pre"].values():
            changed = hook(self, state_dict := dict(state_dict) if isinstance(state_dict, Mapping) else state_dict)
            state_dict = state_dict if changed is None else changed
        saved = self._saved_groups(state_dict)
        groups = []
        owners: dict[int, tuple[Tensor, dict[str, Any]]] = {}  # of each index: the parameter and its group
        for group, new in zip(self.param_groups, saved):
            options = {key: _option(value) for key, value in new.items() if key != "params"}
            names = {"param_names": group["param_names"]} if "param_names" in group else {}
            groups.append(self.defaults | names | options | self.kept | {"params": group["params"]})
            self.check(groups[-1])
            owners |= {index: (p, groups[-1]) for index, p in zip(new["params"], group["params"])}
        state: defaultdict[Tensor, dict[str, Any]] = defaultdict(dict)
        errors = []
        for index, values in state_dict["state"].items():
            if index not in owners:
                errors.append(f"the state of parameter {index!r}: there is no such parameter, only {list(owners)}")
            elif not isinstance(values, Mapping):
                errors.append(f"the state of parameter {index!r}: expected names and values, got {type(values).__name__}")
            else:
                p, group = owners[index]
                state[p], wrong = self._loaded_state(index, values, p, group)
                errors += wrong
        if errors:
            raise ValueError(f"Error(s) in loading the state of {type(self).__name__}:\n\t" + "\n\t".join(errors))
        self.state, self.param_groups, self._flat = state, groups, {}
        for hook in self._hooks["load_state_dict_post"].values():
            hook(self)

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
        self, index: int, values: Mapping[str, Any], p: Tensor, group: dict[str, Any]
    ) -> tuple[dict[str, Any], list[str]]:
        """Copies of one parameter's saved state, and what is wrong with it."""
        state, errors = {}, []
        numbers, arrays = self.remembers(group, p)
        for name, value in values.items():
            try:
                if value is not None:  # as SGD without momentum has saved it in older versions of PyTorch
                    state[name] = self.loaded(name, value, p, name in numbers or name == "step")
            except Exception as error:  # whatever np.asarray raises, or the library that the value is from
                errors.append(f"state {name!r} of parameter {index}: {error}")
        lacking = [name for name in (*numbers, *arrays) if name not in state]
        if state and lacking:
            errors.append(f"the state of parameter {index} lacks {', '.join(lacking)}")
        return state, errors

    def loaded(self, name: str, value: Any, p: Tensor, number: bool) -> Any:
        """A copy of a saved value with the dtype and device of its parameter; a number, as "step", is on the CPU."""
        array = numbers(value if hasattr(value, "shape") else np.asarray(value))
        shape = () if number else self.state_shape(name, p)
        if array.shape != shape:
            raise ValueError(f"it has shape {list(array.shape)}, not {list(shape)}")
        if name == "step" and not 0 <= array < np.inf:
            raise ValueError(f"{array} is not a number of steps")
        return Tensor._of(put(array, "cpu").astype(number_dtype()) if number else put(array, p.device).astype(p.dtype))

    def __getstate__(self) -> dict[str, Any]:
        """All but the flat groups, whose vectors are the memory of this optimizer's states and not of a copy's, and hooks."""
        return vars(self) | {"_flat": {}, "_hooks": no_hooks()}

    def __repr__(self) -> str:
        lines = []
        for i, group in enumerate(self.param_groups):
            lines.append(f"\nParameter Group {i}\n")
            lines += [f"    {key}: {group[key]}\n" for key in sorted(group) if key != "params"]
        return f"{type(self).__name__} ({''.join(lines)})"


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
        return "tuple; with a name it is (name, Tensor)"
    if isinstance(p, (list, Iterator)):
        return f"{kind.__name__}; several go together as [*a.parameters(), *b.parameters()]"
    return f"{kind.__module__}.{kind.__qualname__}" if kind.__name__ in ("Tensor", "Parameter") else kind.__name__


def number(value: Any) -> Any:
    """An option for use in a formula: the number of a Tensor, else the float.

    That of a float32 Tensor stays one, because PyTorch calculates with it in float32.
    """
    if not isinstance(value, Tensor):
        return float(value)
    array = put(value.array, "cpu").reshape(())
    return float(array) if array.dtype.itemsize > 4 else array[()]


TITLES = {"lr": "learning rate", "eps": "epsilon value"}


def not_negative(group: Mapping[str, Any], *names: str) -> None:
    """TypeError if one of these options is no number; ValueError if it is negative or nan, or a Tensor of several numbers."""
    for name in names:
        value, title = group[name], TITLES.get(name, f"{name} value")
        if isinstance(value, Tensor):
            if value.numel() != 1:
                raise ValueError(f"Tensor {name} must be 1-element, but it has shape {list(value.shape)}")
        elif not isinstance(value, (int, float, np.number)):
            raise TypeError(f"{title} must be a number, got {type(value).__name__}")
        if not number(value) >= 0:
            raise ValueError(f"Invalid {title}: {value}; it cannot be negative")


def two_betas(group: Mapping[str, Any]) -> None:
    """TypeError or ValueError if the option betas is not two numbers in [0, 1)."""
    betas = group["betas"]
    if not isinstance(betas, (tuple, list)) or len(betas) != 2:
        raise ValueError(f"betas must be two numbers, got {betas}")
    for i, beta in enumerate(betas):
        name = f"beta parameter at index {i}"
        if isinstance(beta, Tensor):
            if beta.numel() != 1:
                raise ValueError(f"Tensor betas[{i}] must be 1-element, but it has shape {list(beta.shape)}")
        elif not isinstance(beta, (int, float, np.number)):
            raise TypeError(f"{name} must be a number, got {type(beta).__name__}")
        if not 0 <= number(beta) < 1:
            raise ValueError(f"Invalid {name}: {beta}; it must be in [0, 1)")


def _option(value: Any) -> Any:
    """A copy of a saved option; that of another library's tensor, as a learning rate may be, is a Tensor."""
    if hasattr(value, "shape") and not isinstance(value, (Tensor, np.generic)):
        return Tensor._of(np.array(numbers(value)))
    return deepcopy(value)


def _named(p: object) -> bool:
    """Whether this is a (name, Tensor), as from named_parameters()."""
    return isinstance(p, tuple) and len(p) == 2 and isinstance(p[0], str) and isinstance(p[1], Tensor)
