"""Hooks: functions that a Module calls before and after its forward, and while gradients pass through it.

    handle = net[0].register_forward_hook(lambda module, args, output: print(output.shape))
    net(x)                                   # prints the shape of what the first layer gives
    handle.remove()

A module without hooks does not pay for them: until the first hook of the program, a call goes straight to forward. Hooks are
kept in one dict for each kind, in the order in which they run.
"""

from __future__ import annotations

import warnings
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Never, ParamSpec, Protocol, TypeVar

from tinygrad_lite._tensor import Tensor
from tinygrad_lite.autograd import Function
from tinygrad_lite.grad_mode import mode
from tinygrad_lite.tape import Handle

Hook = Callable[..., Any]
Hooks = dict[float, Hook]
P = ParamSpec("P")
Result = TypeVar("Result", covariant=True)

ever: set[str] = set()  # the kinds of hooks that were ever registered
EVERYWHERE: dict[str, Hooks] = {}  # the hooks that all modules have, by kind

FORWARD, BEFORE = "forward", "forward_pre"
BACKWARD, BEFORE_BACKWARD = "full_backward", "full_backward_pre"
WITH_KWARGS, ALWAYS = "with_kwargs", "always_call"  # no hooks of their own: the numbers of the hooks that have this option
SAVING, SAVED = "state_dict_pre", "state_dict"
LOADING, LOADED = "load_state_dict_pre", "load_state_dict_post"


class HasForward(Protocol[P, Result]):
    """Any Module as type checkers see it in a call: module(...) takes what its forward takes and gives what that returns."""

    def forward(self, *inputs: P.args, **options: P.kwargs) -> Result: ...


class Hooked:
    """The part of a Module that has to do with hooks: how it is called, and how hooks are added."""

    def forward(self, *inputs: Any, **options: Any) -> Any:
        """The computation, which each subclass defines. Call the module itself, module(x), rather than this."""
        raise NotImplementedError(f'Module [{type(self).__name__}] is missing the required "forward" function')

    def __call__(self: HasForward[P, Result], *inputs: P.args, **options: P.kwargs) -> Result:
        if ever and ("_hooks" in vars(self) or EVERYWHERE):
            return _call(self, inputs, options)  # type: ignore[no-any-return]
        return self.forward(*inputs, **options)

    def register_forward_pre_hook(self, hook: Hook, *, prepend: bool = False, with_kwargs: bool = False) -> Handle:
        """Call hook(module, args) before each forward. What it returns, a tuple or one value, replaces the arguments, unless it
        is None. With `with_kwargs` it is hook(module, args, kwargs), which may return (args, kwargs); with `prepend` it comes
        before the hooks that are there. `handle.remove()` removes it.

        https://pytorch.org/docs/stable/generated/torch.nn.Module.html#torch.nn.Module.register_forward_pre_hook

        >>> from tinygrad_lite import nn, tensor
        >>> double = nn.Identity()
        >>> handle = double.register_forward_pre_hook(lambda module, args: args[0] * 2)
        >>> double(tensor(3.0))
        tensor(6.)
        """
        return _add(self, BEFORE, hook, prepend, {WITH_KWARGS: with_kwargs})

    def register_forward_hook(
        self, hook: Hook, *, prepend: bool = False, with_kwargs: bool = False, always_call: bool = False
    ) -> Handle:
        """Call hook(module, args, output) after each forward. What it returns replaces the output, unless it is None. With
        `with_kwargs` it is hook(module, args, kwargs, output); with `prepend` it comes before the hooks that are there; with
        `always_call` it is called even if forward, or a hook before it, raises. `handle.remove()` removes it.

        https://pytorch.org/docs/stable/generated/torch.nn.Module.html#torch.nn.Module.register_forward_hook

        >>> from tinygrad_lite import nn, ones
        >>> net, shapes = nn.Sequential(nn.Linear(2, 5), nn.ReLU()), []
        >>> with net[0].register_forward_hook(lambda module, args, output: shapes.append(output.shape)):
        ...     y = net(ones(3, 2))
        >>> shapes
        [torch.Size([3, 5])]
        """
        return _add(self, FORWARD, hook, prepend, {WITH_KWARGS: with_kwargs, ALWAYS: always_call})

    def register_full_backward_pre_hook(self, hook: Hook, prepend: bool = False) -> Handle:
        """Call hook(module, grad_output) when the gradients of the module's outputs, a tuple, have arrived. The tuple that it
        returns replaces them, unless it is None.

        https://pytorch.org/docs/stable/generated/torch.nn.Module.html#torch.nn.Module.register_full_backward_pre_hook

        >>> from tinygrad_lite import nn, tensor
        >>> layer, x = nn.Identity(), tensor(1.0, requires_grad=True)
        >>> handle = layer.register_full_backward_pre_hook(lambda module, grad_output: (grad_output[0] * 10,))
        >>> layer(x).backward(); x.grad
        tensor(10.)
        """
        return _add(self, BEFORE_BACKWARD, hook, prepend)

    def register_full_backward_hook(self, hook: Hook, prepend: bool = False) -> Handle:
        """Call hook(module, grad_input, grad_output) when the gradients of the module's inputs have been computed. Both are
        tuples, with None for an argument that is no Tensor; keyword arguments are not among them. The tuple that it returns
        replaces grad_input, unless it is None. If no input requires grad, it is called with None for each, and may not return
        others. The input and the output may not be changed in place.

        https://pytorch.org/docs/stable/generated/torch.nn.Module.html#torch.nn.Module.register_full_backward_hook

        >>> from tinygrad_lite import nn, tensor
        >>> layer, x = nn.Tanh(), tensor([0.0, 1.0], requires_grad=True)
        >>> handle = layer.register_full_backward_hook(lambda module, grad_input, grad_output: print(grad_input))
        >>> layer(x).sum().backward()
        (tensor([1.0000, 0.4200]),)
        """
        return _add(self, BACKWARD, hook, prepend)

    def register_backward_hook(self, hook: Hook) -> Never:
        """NotImplementedError: PyTorch's old form sees the gradients of the last operation only; use the full hook."""
        raise NotImplementedError("register_backward_hook gives wrong gradients in PyTorch; use register_full_backward_hook")

    def register_state_dict_pre_hook(self, hook: Hook) -> Handle:
        """Call hook(module, prefix, keep_vars) before state_dict() reads this module.

        https://pytorch.org/docs/stable/generated/torch.nn.Module.html#torch.nn.Module.register_state_dict_pre_hook
        """
        return _add(self, SAVING, hook)

    def register_state_dict_post_hook(self, hook: Hook) -> Handle:
        """Call hook(module, state_dict, prefix, local_metadata) when state_dict() has read this module and those below. It may
        change the state_dict, and must return None.

        https://pytorch.org/docs/stable/generated/torch.nn.Module.html#torch.nn.Module.register_state_dict_post_hook

        >>> from tinygrad_lite import nn
        >>> layer = nn.Linear(2, 3)
        >>> def without_bias(module, state_dict, prefix, local_metadata):
        ...     del state_dict[prefix + "bias"]
        >>> handle = layer.register_state_dict_post_hook(without_bias)
        >>> list(layer.state_dict())
        ['weight']
        """
        return _add(self, SAVED, hook)

    def register_load_state_dict_pre_hook(self, hook: Hook) -> Handle:
        """Call hook(module, state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs) before
        load_state_dict() looks for this module's values: to rename the keys of an old file, say.

        https://pytorch.org/docs/stable/generated/torch.nn.Module.html#torch.nn.Module.register_load_state_dict_pre_hook

        >>> from tinygrad_lite import nn, ones
        >>> layer, old = nn.Linear(2, 3, bias=False), {"w": ones(3, 2)}
        >>> def rename(module, state_dict, prefix, *others):
        ...     state_dict[prefix + "weight"] = state_dict.pop(prefix + "w")
        >>> handle = layer.register_load_state_dict_pre_hook(rename)
        >>> layer.load_state_dict(old)
        <All keys matched successfully>
        """
        return _add(self, LOADING, hook)

    def _register_load_state_dict_pre_hook(self, hook: Hook, with_module: bool = False) -> Handle:
        """PyTorch's older form of register_load_state_dict_pre_hook(), which many programs use: without the module."""
        return _add(self, LOADING, hook if with_module else lambda module, *others: hook(*others))

    def register_load_state_dict_post_hook(self, hook: Hook) -> Handle:
        """Call hook(module, incompatible_keys) when load_state_dict() has written the values of this module and those below.
        Keys that it takes off the two lists are no error. It must return None.

        https://pytorch.org/docs/stable/generated/torch.nn.Module.html#torch.nn.Module.register_load_state_dict_post_hook
        """
        return _add(self, LOADED, hook)

    # PyTorch's names for the dicts that hold them

    @property
    def _forward_hooks(self) -> Hooks:
        return hooks_of(self, FORWARD)

    @property
    def _forward_pre_hooks(self) -> Hooks:
        return hooks_of(self, BEFORE)

    @property
    def _backward_hooks(self) -> Hooks:
        return hooks_of(self, BACKWARD)

    @property
    def _backward_pre_hooks(self) -> Hooks:
        return hooks_of(self, BEFORE_BACKWARD)


# Hooks of all modules


def register_module_forward_pre_hook(hook: Hook) -> Handle:
    """Module.register_forward_pre_hook for all modules, those to come included. Such hooks run before a module's own.

    https://pytorch.org/docs/stable/generated/torch.nn.modules.module.register_module_forward_pre_hook.html
    """
    return _add(None, BEFORE, hook)


def register_module_forward_hook(hook: Hook, *, with_kwargs: bool = False, always_call: bool = False) -> Handle:
    """Module.register_forward_hook for all modules, those to come included. Such hooks run before a module's own.

    https://pytorch.org/docs/stable/generated/torch.nn.modules.module.register_module_forward_hook.html
    """
    return _add(None, FORWARD, hook, options={WITH_KWARGS: with_kwargs, ALWAYS: always_call})


def register_module_full_backward_pre_hook(hook: Hook) -> Handle:
    """Module.register_full_backward_pre_hook for all modules, those to come included.

    https://pytorch.org/docs/stable/generated/torch.nn.modules.module.register_module_full_backward_pre_hook.html
    """
    return _add(None, BEFORE_BACKWARD, hook)


def register_module_full_backward_hook(hook: Hook) -> Handle:
    """Module.register_full_backward_hook for all modules, those to come included.

    https://pytorch.org/docs/stable/generated/torch.nn.modules.module.register_module_full_backward_hook.html
    """
    return _add(None, BACKWARD, hook)


# How they are kept


def hooks_of(module: Any, kind: str) -> Hooks:
    """The dict of a module's hooks of one kind, or of those of all modules for None. It may be changed."""
    ever.add(kind)
    kept = EVERYWHERE if module is None else vars(module).setdefault("_hooks", {})
    hooks: Hooks = kept.setdefault(kind, OrderedDict())
    return hooks


def there(module: Any, kind: str) -> dict[float, Hook]:
    """The hooks of one kind that concern a module, as they are now: those of all modules come first."""
    return {**EVERYWHERE.get(kind, {}), **vars(module).get("_hooks", {}).get(kind, {})}


def _add(module: Any, kind: str, hook: Hook, prepend: bool = False, options: dict[str, bool] | None = None) -> Handle:
    if not callable(hook):
        raise TypeError(f"a hook must be a function, got {type(hook).__name__}")
    hooks = hooks_of(module, kind)
    handle = Handle(hooks, hook)
    if prepend:
        for number in [number for number in hooks if number != handle.number]:
            hooks[number] = hooks.pop(number)
    for option in [option for option, wanted in (options or {}).items() if wanted]:
        hooks_of(module, option)[handle.number] = hook
    return handle


# How they are called


def _call(module: Any, args: Any, kwargs: Any) -> Any:
    """forward with the hooks around it."""
    pending = {number: hook for number, hook in there(module, ALWAYS).items() if number in there(module, FORWARD)}
    result: Any = None
    try:
        args, kwargs = _before(module, args, kwargs)
        watch = _Watch(module) if there(module, BACKWARD) or there(module, BEFORE_BACKWARD) else None
        if watch:
            args = watch.inputs(args)
        result = module.forward(*args, **kwargs)
        for number, hook in there(module, FORWARD).items():
            pending.pop(number, None)
            made = _after(module, number, hook, args, kwargs, result)
            result = result if made is None else made
        return watch.outputs(result) if watch else result
    except Exception:
        for number, hook in pending.items():
            try:
                made = _after(module, number, hook, args, kwargs, result)
                result = result if made is None else made
            except Exception as error:  # the first error is the one to see
                warnings.warn(f"a forward hook with always_call=True raised {error!r}; it is left out", stacklevel=2)
        raise


def _before(module: Any, args: Any, kwargs: Any) -> tuple[Any, Any]:
    """The arguments of forward, after the hooks that may replace them."""
    with_kwargs = there(module, WITH_KWARGS)
    for number, hook in there(module, BEFORE).items():
        made = hook(module, args, kwargs) if number in with_kwargs else hook(module, args)
        if made is None:
            continue
        if number in with_kwargs:
            if not (isinstance(made, tuple) and len(made) == 2):
                what = "forward pre-hook must return None or a tuple of (new_args, new_kwargs)"
                raise RuntimeError(f"{what}, but got {made!r}")
            args, kwargs = made
        else:
            args = made if isinstance(made, tuple) else (made,)
    return args, kwargs


def _after(module: Any, number: float, hook: Hook, args: Any, kwargs: Any, result: Any) -> Any:
    return hook(module, args, kwargs, result) if number in there(module, WITH_KWARGS) else hook(module, args, result)


class _Watch:
    """What the backward hooks of one call share. The tensors among the inputs pass through one step of the tape that hands
    them on, those among the outputs through another; the gradients come by there, and the hooks are called.
    """

    def __init__(self, module: Any) -> None:
        self.module = module
        self.hooks = list(there(module, BACKWARD).values())
        self.before = list(there(module, BEFORE_BACKWARD).values())
        self.grad_output: tuple[Any, ...] | None = None
        self.n_inputs, self.n_outputs = 0, 0
        self.input_places: list[int] | None = None
        self.output_places: list[int] | None = None

    def inputs(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        self.n_inputs = len(args)
        args, self.input_places = _through(self.at_inputs, args)
        return args

    def outputs(self, result: Any) -> Any:
        if not isinstance(result, tuple):
            return self.outputs((result,))[0]
        self.n_outputs = len(result)
        result, self.output_places = _through(self.at_outputs, result, filled=False)
        return result

    def at_outputs(self, gradients: tuple[Any, ...]) -> Iterable[Any]:
        given = _spread(gradients, self.output_places, self.n_outputs)
        for hook in self.before:
            given = _replaced(hook(self.module, given), given, "pre hook", "grad_output")
        self.grad_output = given
        if self.input_places is None:
            nothing = (None,) * self.n_inputs
            for hook in self.hooks:
                made = hook(self.module, nothing, given)
                if made is not None and not (isinstance(made, tuple) and all(x is None for x in made)):
                    what = f"a backward hook of {type(self.module).__name__} returned gradients, but no input requires one"
                    raise RuntimeError(f"{what}; it should return None")
            self.grad_output = None
        return [given[i] for i in self.output_places or ()]

    def at_inputs(self, gradients: tuple[Any, ...]) -> Iterable[Any]:
        if self.grad_output is None:  # this gradient did not come through the outputs
            return gradients
        found = _spread(gradients, self.input_places, self.n_inputs)
        for hook in self.hooks:
            found = _replaced(hook(self.module, found, self.grad_output), found, "hook", "grad_input")
        self.grad_output = None
        return [found[i] for i in self.input_places or ()]


def _spread(gradients: tuple[Any, ...], places: Any, n: int) -> tuple[Any, ...]:
    at: dict[int, Any] = dict(zip(places, gradients, strict=True))
    return tuple([at.get(i) for i in range(n)])


def _replaced(made: Any, given: tuple[Any, ...], what: str, name: str) -> tuple[Any, ...]:
    """The gradients that a hook returned, or those that it was given if it returned None."""
    if made is None:
        return given
    new: tuple[Any, ...] = made if isinstance(made, tuple) else (made,)
    if len(new) != len(given):
        what = f"Backward {what} returned an invalid number of {name}, got {len(new)}, but expected {len(given)}"
        raise RuntimeError(f"{what}: return a tuple with one for each, or None")
    return new


def _through(
    then: Callable[..., Any], values: tuple[Any, ...], filled: bool = True
) -> tuple[tuple[Any, ...], list[int] | None]:
    """The values, in which the tensors have passed through one recorded step, and their places; None if none requires grad.
    `then` gets zeros for a gradient that did not arrive, or None.
    """
    places = [i for i, value in enumerate(values) if isinstance(value, Tensor)]
    if not mode.enabled or all(values[i].node is None for i in places):
        return values, None
    new: list[Any] = list(values)
    for i, x in zip(places, _Passage.apply(then, filled, *[values[i] for i in places]), strict=True):
        new[i] = x
    return (tuple(new) if type(values) is tuple else type(values)(*new)), places  # a named tuple remains one


class _Passage(Function):
    """Hands tensors on as they are, and their gradients as `then` gives them."""

    @staticmethod
    def forward(ctx: Any, then: Callable[..., Any], filled: bool, *tensors: Tensor) -> tuple[Tensor, ...]:
        ctx.then = then
        ctx.set_materialize_grads(filled)
        ctx.mark_non_differentiable(*[x for x, needed in zip(tensors, ctx.needs_input_grad[2:]) if not needed])
        return tensors

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> tuple[Any, ...]:
        return (None, None, *ctx.then(gradients))


def run(module: Any, kind: str) -> Iterator[Hook]:
    """The hooks of one kind for saving and loading."""
    return iter(list(vars(module).get("_hooks", {}).get(kind, {}).values()))
