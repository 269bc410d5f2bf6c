"""Optimizers: from each parameter's gradient to its next value. SGD, Adam and AdamW are PyTorch's, number for number.

The mathematics is said once for each, in `sgd` and `adam`, which work in place on arrays of any length. What brings a model to
that form is Run: small parameters are laid end to end and updated as one vector (four little arrays then cost hardly more than
one), a large one is updated piece by piece, so that a piece and all that is computed from it stay in the processor's cache.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from functools import cache, partial
from itertools import chain
from typing import Any

import numpy as np

from tinygrad_lite._tensor import Tensor
from tinygrad_lite.backend import Array, array_module, device_of, put
from tinygrad_lite.dtypes import float32
from tinygrad_lite.grad_mode import enable_grad
from tinygrad_lite.inplace import unwritable, write_all

from . import lr_scheduler
from .module import numbers, zero_grads

__all__ = ["SGD", "Adam", "AdamW", "Optimizer", "lr_scheduler"]

PIECE = 1 << 16  # numbers updated at a time: AdamW on 4.2 M parameters takes 11 ms so, 21 ms all at once (float32, one core)
SMALL = 1 << 14  # parameters of fewer numbers are laid end to end


def sgd(
    p: Array,
    g: Array,
    lr: float,
    weight_decay: float,
    momentum: float,
    dampening: float,
    b: Array = None,
    *,
    decays: bool,
    nesterov: bool,
    maximize: bool,
    xp: Any = np,
) -> None:
    """p ← p - lr·b, where the momentum b ← momentum·b + (1 - dampening)·g; without momentum b is g.

    Nesterov's variant looks ahead: g + momentum·b in b's place. Sutskever et al. 2013;
    https://pytorch.org/docs/stable/generated/torch.optim.SGD.html
    """
    if maximize:
        g = -g
    if decays:
        g = g + weight_decay * p
    if b is not None:
        b *= momentum
        b += (1 - dampening) * g
        g = g + momentum * b if nesterov else b
    p -= lr * g


def adam(
    p: Array,
    g: Array,
    lr: float,
    beta1: float,
    beta2: float,
    eps: float,
    weight_decay: float,
    c1: float,
    c2: float,
    m: Array,
    v: Array,
    v_max: Array = None,
    *,
    decays: bool,
    decoupled: bool,
    maximize: bool,
    xp: Any = np,
) -> None:
    """p ← p - lr·m̂ / (√v̂ + eps), where m and v are the running means of g and g².

    m̂ = m / c1 and v̂ = v / c2 make up for their start at 0: c1 = 1 - β1^t, c2 = 1 - β2^t in step t. Weight decay is added to
    the gradient, or, decoupled (AdamW), shrinks p itself. With v_max (AMSGrad) the largest v so far stands for v.
    Kingma & Ba 2015; Loshchilov & Hutter 2019; Reddi et al. 2018; https://pytorch.org/docs/stable/generated/torch.optim.AdamW.html
    """
    if maximize:
        g = -g
    if decays and decoupled:
        p *= 1 - lr * weight_decay
    elif decays:
        g = g + weight_decay * p
    m *= beta1
    m += (1 - beta1) * g
    v *= beta2
    v += (1 - beta2) * g * g
    if v_max is not None:
        xp.maximum(v_max, v, out=v_max)
        v = v_max
    p -= lr / c1 * m / (xp.sqrt(v) / c2**0.5 + eps)


class Run:
    """Parameters of one dtype, device and age as one vector, and with it one for each thing that their states remember.

    Each parameter's state holds Tensors on its own part of these vectors. `age` is the number of steps already taken.
    """

    def __init__(
        self, params: list[Tensor], age: float, names: tuple[str, ...], counts: bool, states: dict[Tensor, dict[str, Any]]
    ) -> None:
        self.age, self.arrays = age, [p.array for p in params]
        like = self.arrays[0]
        xp, place, dtype = array_module(like), device_of(like), like.dtype
        # Parameter i is the numbers parts[i] of every vector. One that is alone and lies in order is the vector of values
        # itself; else values and gradients are copied to and fro.
        ends = np.cumsum([x.size for x in self.arrays]).tolist()
        parts = [slice(end - x.size, end) for x, end in zip(self.arrays, ends)]
        self.alone = len(params) == 1 and like.flags.c_contiguous
        values = like.reshape(-1) if self.alone else xp.empty(ends[-1], dtype)
        self.g = None if self.alone else xp.empty(ends[-1], dtype)
        self.own_values = [values[part].reshape(x.shape) for x, part in zip(self.arrays, parts)]
        self.own_g = None if self.g is None else [self.g[part].reshape(x.shape) for x, part in zip(self.arrays, parts)]
        memory = {name: xp.zeros(ends[-1], dtype) for name in names}
        self.steps = xp.full(len(params), age, float32) if counts else None
        for i, (p, part) in enumerate(zip(params, parts)):
            if self.steps is not None:
                states.setdefault(p, {})["step"] = Tensor._of(self.steps[i : i + 1].reshape(()))
            for name, vector in memory.items():
                state, mine = states.setdefault(p, {}), vector[part].reshape(p.shape)
                if name in state:
                    mine[...] = put(state[name].array, place)
                state[name] = Tensor._of(mine)
        size = PIECE if xp is np else max(ends[-1], 1)
        pieces = [slice(i, i + size) for i in range(0, ends[-1], size)]
        self.pieces = [(piece, values[piece], [vector[piece] for vector in memory.values()]) for piece in pieces]

    def step(
        self, gradients: list[Array], update: Callable[..., None], scalars: tuple[float, ...], flags: dict[str, bool]
    ) -> None:
        """Update the parameters in place."""
        if self.g is None:
            g = gradients[0].reshape(-1)
        else:
            g = self.g
            for own, array in zip(chain(self.own_values, self.own_g or ()), chain(self.arrays, gradients)):
                own[...] = array
        if not isinstance(g, np.ndarray):
            update = fused(update, *sorted(flags.items()))
            flags = {}

        def change() -> None:
            for piece, p, memory in self.pieces:
                update(p, g[piece], *scalars, *memory, **flags)
            if not self.alone:
                for array, own in zip(self.arrays, self.own_values):
                    array[...] = own

        write_all(self.arrays, change)
        self.age += 1
        if self.steps is not None:
            self.steps.fill(self.age)


@cache
def fused(update: Callable[..., None], *flags: tuple[str, bool]) -> Callable[..., None]:
    """An update as one GPU kernel, made when it is first called."""
    import cupy

    kernel: Callable[..., None] = cupy.fuse(kernel_name=update.__name__)(partial(update, xp=cupy, **dict(flags)))
    return kernel


def overlapping(arrays: list[Array]) -> set[int]:
    """The places of those arrays whose memory, from the first number to the last, overlaps another's.

    >>> x = np.zeros(4)
    >>> overlapping([x[:2], x[1:], np.zeros(4)])
    {0, 1}
    """
    times = Counter(map(id, arrays))
    seers = [i for i, x in enumerate(arrays) if x.base is not None or times[id(x)] > 1]  # what owns its memory only these see
    return {
        place
        for i in seers
        for j, y in enumerate(arrays)
        if i != j and type(y) is type(arrays[i]) and array_module(y).may_share_memory(arrays[i], y)
        for place in (i, j)
    }


class Optimizer:
    """What all optimizers share: parameter groups, state, saving and loading. A subclass says what one step computes.

    `params` is an iterable of Tensors, or of dicts that each have "params" and options that differ from the defaults.
    ValueError or TypeError for anything that cannot be optimized, before anything is changed.
    https://pytorch.org/docs/stable/optim.html
    """

    update: Callable[..., None]  # (p, g, *scalars, *memory, **flags), in place
    counts = False  # whether the state has a "step"

    def __init__(self, params: Iterable[Any], defaults: dict[str, Any]) -> None:
        if isinstance(params, (Tensor, Mapping)):
            raise TypeError(
                f"params argument given to the optimizer should be an iterable of Tensors or dicts, "
                f"but got {type(params).__name__}; a single one goes into a list: [p]"
            )
        self.check(defaults)
        self.defaults = defaults
        self.state: dict[Tensor, dict[str, Any]] = {}
        self.param_groups: list[dict[str, Any]] = []
        self._runs: dict[int, tuple[Any, list[tuple[Run, list[int]]]]] = {}
        self._stepped = False  # for the schedulers, which should come after
        groups = list(params)
        if not groups:
            raise ValueError("optimizer got an empty parameter list; model.parameters() can be iterated over only once")
        for group in groups if isinstance(groups[0], dict) else [{"params": groups}]:
            self.add_param_group(group)

    def check(self, group: dict[str, Any]) -> None:
        """ValueError or TypeError for options that make no sense."""
        raise NotImplementedError

    def names(self, group: dict[str, Any]) -> tuple[str, ...]:
        """What the state of each parameter remembers, in the order of `update`'s last arguments."""
        raise NotImplementedError

    def arguments(self, group: dict[str, Any], t: float) -> tuple[tuple[float, ...], dict[str, bool]]:
        """The scalars and flags that `update` takes in step t = 1, 2, ..."""
        raise NotImplementedError

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Optimize more parameters: {"params": tensors, option: value, ...}; other options are the defaults."""
        if not isinstance(param_group, dict):
            raise TypeError(f"param_group must be a dict, but got {type(param_group).__name__}")
        if isinstance(param_group["params"], set):
            raise TypeError("optimizer parameters need to be in an ordered collection, a set is none; use a list instead")
        params = [param_group["params"]] if isinstance(param_group["params"], Tensor) else list(param_group["params"])
        known = {id(p) for group in self.param_groups for p in group["params"]}
        for p in params:
            if not isinstance(p, Tensor):
                raise TypeError(f"optimizer can only optimize Tensors, but one of the params is {type(p).__name__}")
            if not p.is_leaf:
                raise ValueError("can't optimize a non-leaf Tensor: this one was computed from others")
            if id(p) in known:
                raise ValueError(f"a parameter of shape {list(p.shape)} appears in more than one place (or group)")
            known.add(id(p))
        group = self.defaults | param_group | {"params": params}
        self.check(group)
        self.param_groups.append(group)

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of all parameters, or (False) fill them with 0."""
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
        steps = []  # all of them, before the first is taken: an error leaves everything as it was
        for i, group in enumerate(self.param_groups):
            params = [p for p in group["params"] if p.grad is not None]
            names = self.names(group)
            key = (names, [id(p.array) for p in params])  # the runs keep these arrays, so an id stands for one
            if self._runs.get(i, (None,))[0] != key:
                self._runs[i] = key, self._arrange(params, names)
            gradients = [p.grad.array for p in params]
            for run, places in self._runs[i][1]:
                steps.append((run, [gradients[j] for j in places], *self.arguments(group, run.age + 1)))
        for run, gradients, scalars, flags in steps:
            run.step(gradients, type(self).update, scalars, flags)
        return loss

    def _arrange(self, params: list[Tensor], names: tuple[str, ...]) -> list[tuple[Run, list[int]]]:
        """Runs for the parameters, each with the places of its own in `params`. RuntimeError if one cannot be written to."""
        for p in params:
            if why := unwritable(p.array):
                raise RuntimeError(f"step: {why}; optimize a copy of it: p.detach().clone().requires_grad_()")
        together: dict[Any, list[int]] = {}
        shared = overlapping([p.array for p in params])  # each is updated after the one before it, not beside it
        for i, p in enumerate(params):
            state = self.state.get(p, {})
            age = float(state["step"].array) if "step" in state else float(names != () and names[0] in state)
            alone = i if p.array.size >= SMALL or i in shared else None
            together.setdefault((alone, p.array.dtype, device_of(p.array), age), []).append(i)
        return [
            (Run([params[i] for i in places], age, names, self.counts, self.state), places)
            for (_, _, _, age), places in together.items()
        ]

    def state_dict(self) -> dict[str, Any]:
        """{"state": {index: {name: Tensor}}, "param_groups": [{option: value, "params": [index, ...]}]}, as PyTorch's.

        Parameters are counted through all groups. The Tensors are the optimizer's own: copy.deepcopy() what is to be kept.
        """
        index = {id(p): i for i, p in enumerate(p for group in self.param_groups for p in group["params"])}
        groups = [group | {"params": [index[id(p)] for p in group["params"]]} for group in self.param_groups]
        return {"state": {index[id(p)]: dict(state) for p, state in self.state.items()}, "param_groups": groups}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on from a state_dict() of the same optimizer, or of PyTorch's: copies of its state, and its options.

        Its values may be Tensors or arrays of numbers, whatever np.asarray reads. Nothing is changed unless everything fits:
        ValueError or TypeError for groups of other sizes or with options that make no sense, and for states of other shapes,
        of parameters that there are not, or that lack something; it lists the states that do not fit.
        """
        saved, states = self._saved_groups(state_dict), state_dict["state"]
        groups = [
            self.defaults | {k: deepcopy(v) for k, v in new.items() if k != "params"} | {"params": group["params"]}
            for group, new in zip(self.param_groups, saved)
        ]
        for group in groups:
            self.check(group)
        owner = {
            index: (p, self.names(group))
            for group, new in zip(groups, saved)
            for index, p in zip(new["params"], group["params"])
        }
        state: dict[Tensor, dict[str, Any]] = {}
        errors = []
        for index, values in states.items():
            if index not in owner or not isinstance(values, Mapping):
                what = "holds no names and values" if index in owner else f"there is no such parameter, only {list(owner)}"
                errors.append(f"the state of parameter {index!r}: {what}")
                continue
            p, names = owner[index]
            mine = state[p] = {}
            for name, value in values.items():
                try:
                    if value is not None:  # as PyTorch's SGD without momentum has it
                        mine[name] = Tensor._of(self._own_copy(name, value, p))
                except Exception as error:  # of np.asarray's, or of whatever read the file
                    errors.append(f"state {name!r} of parameter {index}: {error}")
            lacking = [name for name in (*(["step"] if self.counts else []), *names) if name not in mine]
            if mine and lacking:
                errors.append(f"the state of parameter {index} lacks {', '.join(lacking)}")
        if errors:
            raise ValueError(f"Error(s) in loading the state of {type(self).__name__}:\n\t" + "\n\t".join(errors))
        self.state, self.param_groups, self._runs = state, groups, {}

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
        places = []
        for i, (group, new) in enumerate(zip(self.param_groups, saved)):
            if not isinstance(new, Mapping) or not isinstance(new.get("params"), (list, tuple)):
                raise ValueError(f'param_groups[{i}] of the loaded state dict has no list "params": {new!r}')
            if len(group["params"]) != len(new["params"]):
                raise ValueError(
                    f"loaded state dict contains a parameter group that doesn't match the size of optimizer's group: group {i} "
                    f"has {len(new['params'])} parameters, not {len(group['params'])}"
                )
            places += new["params"]
        if not all(isinstance(index, int) for index in places) or len(set(places)) < len(places):
            raise ValueError(f'"params" in the loaded state dict are numbers of parameters, each one once, got {places}')
        return list(saved)

    @staticmethod
    def _own_copy(name: str, value: Any, p: Tensor) -> Array:
        """A saved value as a new array in the dtype and on the device of its parameter; "step" stays a number on the CPU."""
        array = numbers(value if hasattr(value, "shape") else np.asarray(value))
        if array.shape != (() if name == "step" else p.shape):
            raise ValueError(f"it has shape {list(array.shape)}, not {[] if name == 'step' else list(p.shape)}")
        if name == "step" and not 0 <= array < np.inf:
            raise ValueError(f"{array} is no number of steps")
        return put(array, "cpu").astype(float32) if name == "step" else put(array, p.device).astype(p.dtype)

    def __getstate__(self) -> dict[str, Any]:
        return vars(self) | {"_runs": {}}  # they see into the states and parameters, which a copy of them would not

    def __repr__(self) -> str:
        lines = []
        for i, group in enumerate(self.param_groups):
            lines.append(f"Parameter Group {i}\n")
            lines += [f"    {key}: {group[key]}\n" for key in sorted(group) if key != "params"]
        return f"{type(self).__name__} (\n{''.join(lines)})"


def _not_negative(what: str, value: Any) -> None:
    if not isinstance(value, (int, float, np.number)):
        raise TypeError(f"{what} must be a number, got {type(value).__name__}")
    if not value >= 0:
        raise ValueError(f"Invalid {what}: {value}; it cannot be negative")


class SGD(Optimizer):
    """Gradient descent, with momentum if asked for: p ← p - lr·b, b ← momentum·b + (1 - dampening)·g.

    weight_decay adds weight_decay·p to the gradient, nesterov looks ahead, maximize goes uphill. The first step is undamped.
    ValueError for negative options, and for nesterov without momentum or with dampening.
    https://pytorch.org/docs/stable/generated/torch.optim.SGD.html

    >>> from tinygrad_lite import tensor
    >>> p = tensor([1.0], requires_grad=True)
    >>> (p**2).sum().backward()
    >>> SGD([p], lr=0.1).step(); p
    tensor([0.8000], requires_grad=True)
    """

    update = sgd

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: float = 0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        options = {"lr": lr, "momentum": momentum, "dampening": dampening, "weight_decay": weight_decay}
        super().__init__(params, options | {"nesterov": nesterov, "maximize": maximize})

    def check(self, group: dict[str, Any]) -> None:
        _not_negative("learning rate", group["lr"])
        _not_negative("momentum value", group["momentum"])
        _not_negative("weight_decay value", group["weight_decay"])
        if not isinstance(group["dampening"], (int, float, np.number)):
            raise TypeError(f"dampening must be a number, got {type(group['dampening']).__name__}")
        if group["nesterov"] and (group["momentum"] <= 0 or group["dampening"] != 0):
            raise ValueError("Nesterov momentum requires a momentum and zero dampening")

    def names(self, group: dict[str, Any]) -> tuple[str, ...]:
        return ("momentum_buffer",) if group["momentum"] else ()

    def arguments(self, group: dict[str, Any], t: float) -> tuple[tuple[float, ...], dict[str, bool]]:
        decay, dampening = group["weight_decay"], group["dampening"] if t > 1 else 0
        flags = {"decays": decay != 0, "nesterov": group["nesterov"], "maximize": group["maximize"]}
        return (float(group["lr"]), float(decay), float(group["momentum"]), float(dampening)), flags


class Adam(Optimizer):
    """Adam: p ← p - lr·m̂ / (√v̂ + eps), with running means m of g (β1) and v of g² (β2); see `adam`.

    weight_decay adds weight_decay·p to the gradient (AdamW does better), amsgrad never lets v shrink, maximize goes uphill.
    ValueError for negative options and betas outside [0, 1).
    https://pytorch.org/docs/stable/generated/torch.optim.Adam.html

    >>> from tinygrad_lite import tensor
    >>> p = tensor([1.0], requires_grad=True)
    >>> (p**2).sum().backward()
    >>> Adam([p], lr=0.1).step(); p
    tensor([0.9000], requires_grad=True)
    """

    update = adam
    counts = True
    decoupled = False

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        options = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay}
        super().__init__(params, options | {"amsgrad": amsgrad, "maximize": maximize})

    def check(self, group: dict[str, Any]) -> None:
        _not_negative("learning rate", group["lr"])
        _not_negative("epsilon value", group["eps"])
        if not isinstance(group["betas"], (tuple, list)) or len(group["betas"]) != 2:
            raise ValueError(f"betas must be two numbers, got {group['betas']}")
        for i, beta in enumerate(group["betas"]):
            _not_negative(f"beta parameter at index {i}", beta)
            if not beta < 1:
                raise ValueError(f"Invalid beta parameter at index {i}: {beta}; it must be in [0, 1)")
        _not_negative("weight_decay value", group["weight_decay"])

    def names(self, group: dict[str, Any]) -> tuple[str, ...]:
        return ("exp_avg", "exp_avg_sq", "max_exp_avg_sq") if group["amsgrad"] else ("exp_avg", "exp_avg_sq")

    def arguments(self, group: dict[str, Any], t: float) -> tuple[tuple[float, ...], dict[str, bool]]:
        beta1, beta2 = map(float, group["betas"])
        decay = float(group["weight_decay"])
        flags = {"decays": decay != 0, "decoupled": self.decoupled, "maximize": group["maximize"]}
        return (float(group["lr"]), beta1, beta2, float(group["eps"]), decay, 1 - beta1**t, 1 - beta2**t), flags


class AdamW(Adam):
    """Adam with decoupled weight decay: p shrinks by lr·weight_decay·p, and then takes Adam's step; see `adam`.

    https://pytorch.org/docs/stable/generated/torch.optim.AdamW.html

    >>> from tinygrad_lite import tensor
    >>> p = tensor([1.0], requires_grad=True)
    >>> (p**2).sum().backward()
    >>> AdamW([p], lr=0.1, weight_decay=0.5).step(); p
    tensor([0.8500], requires_grad=True)
    """

    decoupled = True

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(params, lr, betas, eps, weight_decay, amsgrad, maximize=maximize)
