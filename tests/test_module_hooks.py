"""Hooks of modules: when they are called, with what, and what they may replace, as in PyTorch."""

from __future__ import annotations

import copy
import pickle
from collections import OrderedDict, namedtuple
from collections.abc import Callable
from typing import Any

import pytest
import torch

import tinygrad_lite as tl
from tinygrad_lite import nn
from tinygrad_lite.nn import hooks

Pair = namedtuple("Pair", ["first", "second"])
BOTH = (tl, torch)
ASSIGN = "assign_to_params_buffers"


def plain(x: Any) -> Any:
    """Tensors as lists, so that the logs of two libraries can be compared."""
    if isinstance(x, (tuple, list)):
        return [plain(part) for part in x]
    if isinstance(x, dict):
        return {key: plain(value) for key, value in x.items()}
    return x.detach().numpy().round(9).tolist() if hasattr(x, "detach") else x


def same(story: Callable[[Any, list[Any]], Any]) -> None:
    """Run a story with our library and with torch: it must log and return the same."""
    logs: list[list[Any]] = []
    for lib in BOTH:
        log: list[Any] = []
        log.append(story(lib, log))
        logs.append([plain(entry) for entry in log])
    assert logs[0] == logs[1]


def layer_of(lib: Any) -> Any:
    layer = lib.nn.Linear(2, 2, dtype=lib.float64)
    with lib.no_grad():
        layer.weight.copy_(lib.tensor([[1.0, 2.0], [3.0, 4.0]]))
        layer.bias.copy_(lib.tensor([0.5, -0.5]))
    return layer


def two_of(lib: Any) -> Any:
    """A module with two inputs, an option and two outputs."""

    class Two(lib.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.w = lib.nn.Parameter(lib.tensor(2.0, dtype=lib.float64))

        def forward(self, x: Any, y: Any, scale: float = 1.0, named: bool = False) -> Any:
            out = (x * y * self.w * scale, (x + y) * self.w)
            return Pair(*out) if named else out

    return Two()


def input_of(lib: Any, values: Any = (1.0, 2.0), requires_grad: bool = True) -> Any:
    return lib.tensor(list(values), dtype=lib.float64, requires_grad=requires_grad)


def test_forward_hooks_run_in_order_and_replace() -> None:
    def story(lib: Any, log: list[Any]) -> Any:
        layer, x = layer_of(lib), input_of(lib)
        first = layer.register_forward_hook(lambda m, args, out: log.append(("a", args, out)))
        layer.register_forward_hook(lambda m, args, out: out * 2)
        layer.register_forward_hook(lambda m, args, out: log.append(("c", out)), prepend=True)
        layer.register_forward_pre_hook(lambda m, args: args[0] + 1)
        layer.register_forward_pre_hook(lambda m, args: log.append(("pre", args)), prepend=True)
        layer.register_forward_pre_hook(lambda m, args: (args[0] * 3,))
        log.append(layer(x))
        log.append(layer.forward(x))  # forward itself has no hooks
        first.remove()
        first.remove()
        log.append(layer(x))
        layer._forward_hooks.clear()
        log.append((len(layer._forward_hooks), len(layer._forward_pre_hooks)))
        return layer(x)

    same(story)


def test_forward_hooks_with_keywords() -> None:
    def story(lib: Any, log: list[Any]) -> Any:
        two, x, y = two_of(lib), input_of(lib), input_of(lib, (3.0, 5.0))
        two.register_forward_pre_hook(lambda m, args, kwargs: (args, {**kwargs, "scale": 10.0}), with_kwargs=True)
        two.register_forward_hook(lambda m, args, kwargs, out: log.append((args, kwargs, out)), with_kwargs=True)
        two.register_forward_hook(lambda m, args, out: log.append((args, out)))
        log.append(two(x, y=y))
        two.register_forward_pre_hook(lambda m, args, kwargs: args[:1], with_kwargs=True)
        with pytest.raises(RuntimeError, match="forward pre-hook must return None or a tuple"):
            two(x, y)

    same(story)


def test_always_called_hooks() -> None:
    def story(lib: Any, log: list[Any]) -> Any:
        layer = layer_of(lib)
        layer.register_forward_hook(lambda m, args, out: log.append("not reached"))
        layer.register_forward_hook(lambda m, args, out: log.append(("always", out is None)), always_call=True)

        def bad(module: Any, args: Any, out: Any) -> None:
            raise KeyError("bad")

        layer.register_forward_hook(bad, always_call=True)
        with pytest.warns(UserWarning, match="always_call=True"), pytest.raises((RuntimeError, ValueError)):
            layer(lib.ones(3, dtype=lib.float64))
        with pytest.raises(KeyError):
            layer(input_of(lib))
        return len(log)

    same(story)


@pytest.mark.parametrize("replace", [False, True])
def test_full_backward_hooks(replace: bool) -> None:
    def story(lib: Any, log: list[Any]) -> Any:
        two, x, y = two_of(lib), input_of(lib), input_of(lib, (3.0, 5.0))

        def pre(module: Any, grad_output: Any) -> Any:
            log.append(("pre", grad_output))
            return tuple(None if g is None else 2 * g for g in grad_output) if replace else None

        def hook(module: Any, grad_input: Any, grad_output: Any) -> Any:
            log.append((module is two, grad_input, grad_output))
            return tuple(None if g is None else 3 * g for g in grad_input) if replace else None

        two.register_full_backward_pre_hook(pre)
        two.register_full_backward_hook(hook)
        two.register_full_backward_hook(lambda m, a, b: log.append(("first", a)), prepend=True)
        a, b = two(x, y, 3.0)
        (a.sum() + (b * b).sum()).backward()
        log.append((x.grad, y.grad, two.w.grad))
        out = two(x, y.detach(), 2.0, named=True)  # an input that requires no grad, and one output without a gradient
        log.append(type(out).__name__)
        out.second.sum().backward()
        return x.grad, y.grad, two.w.grad

    same(story)


def test_full_backward_hooks_without_inputs_that_require_grad() -> None:
    def story(lib: Any, log: list[Any]) -> Any:
        layer = layer_of(lib)
        layer.register_full_backward_hook(lambda m, a, b: log.append((a, b)))
        layer(input_of(lib, requires_grad=False)).sum().backward()
        log.append(layer.weight.grad)
        with lib.no_grad():
            log.append(layer(input_of(lib)))
        layer.register_full_backward_hook(lambda m, a, b: (lib.ones(2, dtype=lib.float64),))
        with pytest.raises(RuntimeError):
            layer(input_of(lib, requires_grad=False)).sum().backward()

    with pytest.warns(UserWarning, match="Full backward hook"):  # torch's
        same(story)


def test_gradients_that_do_not_come_through_all_outputs() -> None:
    def story(lib: Any, log: list[Any]) -> Any:
        class Apart(lib.nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.w = lib.nn.Parameter(lib.ones(2, dtype=lib.float64))

            def forward(self, x: Any, y: Any) -> Any:
                self.kept = x * 5
                return x * 2, y * self.w

        apart, x, y = Apart(), input_of(lib), input_of(lib, (3.0, 5.0))
        apart.register_full_backward_hook(lambda m, a, b: log.append((a, b)))
        out, _ = apart(x, y)
        out.sum().backward(retain_graph=True)
        log.append((x.grad, y.grad, apart.w.grad))  # zeros for y, None for w
        (apart.kept * 1).sum().backward()  # no output has part in it: the hook is not called
        log.append((x.grad, y.grad))

    same(story)


def test_gradients_through_full_backward_hooks_are_differentiated_again() -> None:
    def story(lib: Any, log: list[Any]) -> Any:
        two, x, y = two_of(lib), input_of(lib), input_of(lib, (3.0, 5.0))
        two.register_full_backward_hook(lambda m, grad_input, grad_output: tuple(g * g for g in grad_input))
        a, b = two(x, y)
        (g,) = lib.autograd.grad((a * a).sum() + b.sum(), x, create_graph=True)
        log.append(g)
        return lib.autograd.grad(g.sum(), (x, y, two.w))

    same(story)


def test_wrong_results_of_backward_hooks() -> None:
    def story(lib: Any, log: list[Any]) -> Any:
        for name in ("register_full_backward_hook", "register_full_backward_pre_hook"):
            layer = layer_of(lib)
            getattr(layer, name)(lambda m, *gs: (gs[0][0], gs[0][0]))
            with pytest.raises(RuntimeError, match="returned an invalid number of"):
                layer(input_of(lib)).sum().backward()

    same(story)
    with pytest.raises(NotImplementedError, match="register_full_backward_hook"):
        layer_of(tl).register_backward_hook(print)
    with pytest.raises(TypeError, match="must be a function"):
        layer_of(tl).register_forward_hook(3)


def test_hooks_of_all_modules() -> None:
    def story(lib: Any, log: list[Any]) -> Any:
        source = hooks if lib is tl else torch.nn.modules.module
        handles = [
            source.register_module_forward_pre_hook(lambda m, args: log.append(("all pre", type(m).__name__))),
            source.register_module_forward_hook(lambda m, args, out: log.append(("all", type(m).__name__))),
            source.register_module_full_backward_pre_hook(lambda m, b: log.append(("pre back", type(m).__name__))),
            source.register_module_full_backward_hook(lambda m, a, b: log.append(("back", type(m).__name__, a, b))),
        ]
        net = lib.nn.Sequential(layer_of(lib), lib.nn.Tanh())
        net[1].register_forward_pre_hook(lambda m, args: log.append("own"))
        net(input_of(lib)).sum().backward()
        for handle in handles:
            handle.remove()
        net(input_of(lib)).sum().backward()
        return len(log)

    same(story)


def double(module: Any, args: Any, output: Any) -> Any:
    return output * 2


def test_copies_keep_their_hooks() -> None:
    def story(lib: Any, log: list[Any]) -> Any:
        layer, x = layer_of(lib), input_of(lib)
        handle = layer.register_forward_hook(double)
        twin, read = copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))
        handle.remove()
        log.append((layer(x), twin(x), read(x)))
        twin.register_forward_hook(double)
        return layer(x), twin(x), read(x)

    same(story)


def test_hooks_of_state_dicts() -> None:
    def story(lib: Any, log: list[Any]) -> Any:
        net = lib.nn.Sequential(layer_of(lib), lib.nn.ReLU(), layer_of(lib))
        net[2].register_state_dict_pre_hook(lambda m, prefix, keep: log.append((prefix, keep)))
        net[2].register_state_dict_post_hook(lambda m, s, prefix, about: s.update({prefix + "more": about["version"]}))
        state = net.state_dict()
        log.append(list(state))

        def rename(
            module: Any, state: Any, prefix: str, about: Any, strict: bool, missing: Any, more: Any, errors: Any
        ) -> None:
            log.append((sorted(state), prefix, about.get("version"), strict, list(missing), list(more), list(errors)))
            state.pop(prefix + "more")
            state[prefix + "weight"] = state.pop(prefix + "w")

        net[2].register_load_state_dict_pre_hook(rename)
        net[2].register_load_state_dict_post_hook(lambda m, keys: log.append((keys.missing_keys, keys.unexpected_keys, m.bias)))
        state["2.w"] = state.pop("2.weight") * 2
        del state["2.bias"]
        with pytest.raises(RuntimeError, match=r'Missing key\(s\) in state_dict: "2.bias"'):
            net.load_state_dict(state)
        net.register_load_state_dict_post_hook(lambda m, keys: keys.missing_keys.clear())
        net.load_state_dict(state)
        return net[2].weight

    same(story)


def test_modules_that_save_and_load_in_their_own_way() -> None:
    def story(lib: Any, log: list[Any]) -> Any:
        class Own(lib.nn.Module):
            _version = 3

            def __init__(self) -> None:
                super().__init__()
                self.inner, self.note = layer_of(lib), "new"

            def get_extra_state(self) -> Any:
                return {"note": self.note}

            def set_extra_state(self, state: Any) -> None:
                self.note = state["note"]

            def _save_to_state_dict(self, destination: Any, prefix: str, keep_vars: bool) -> None:
                super()._save_to_state_dict(destination, prefix, keep_vars)
                destination[prefix + "count"] = lib.tensor(7)

            def _load_from_state_dict(self, state_dict: Any, prefix: str, local_metadata: Any, *others: Any) -> None:
                log.append((local_metadata.get("version"), int(state_dict.pop(prefix + "count", -1))))
                super()._load_from_state_dict(state_dict, prefix, local_metadata, *others)

        net = lib.nn.Sequential(OrderedDict(own=Own(), other=layer_of(lib)))
        state = net.state_dict()
        log.append(list(state))
        state["own._extra_state"] = {"note": "loaded"}
        log.append(repr(net.load_state_dict(state)))
        log.append(net.own.note)
        state.pop("own._extra_state")
        for key in ("own.lost", "lost.weight", "other.x.y", "other.weight.x", "other", "own.inner"):
            state[key] = state["own.count"]
        result = net.load_state_dict(state, strict=False)
        log.append((sorted(result.missing_keys), sorted(result.unexpected_keys)))
        log.append((result.missing_keys, result.unexpected_keys))
        with pytest.raises(RuntimeError, match=r"Missing key\(s\).*\n.*Unexpected key\(s\)"):
            net.load_state_dict(state)

    same(story)


def test_load_with_assign() -> None:
    def story(lib: Any, log: list[Any]) -> Any:
        net = lib.nn.Linear(2, 2)
        net.register_buffer("seen", lib.zeros(1))
        net.bias.requires_grad_(False)
        weight, seen = lib.ones(2, 2, dtype=lib.float64), lib.ones(1, dtype=lib.float64)
        handle = net.register_load_state_dict_pre_hook(lambda m, s, prefix, about, *others: log.append(about.get(ASSIGN)))
        net.load_state_dict({"weight": weight, "bias": lib.nn.Parameter(lib.ones(2)), "seen": seen}, assign=True)
        handle.remove()
        log.append((net.seen is seen, [p.requires_grad for p in net.parameters()], type(net.weight).__name__))
        weight.mul_(3)
        with pytest.raises(RuntimeError, match="size mismatch"):
            net.load_state_dict({"weight": lib.ones(3, 2), "bias": lib.ones(2), "seen": seen}, assign=True)
        return net.weight

    same(story)


def test_the_older_form_of_the_hook_before_loading() -> None:
    def story(lib: Any, log: list[Any]) -> Any:
        layer = layer_of(lib)
        layer._register_load_state_dict_pre_hook(lambda state, prefix, *others: log.append((sorted(state), prefix)))
        layer._register_load_state_dict_pre_hook(lambda m, state, *others: log.append(m is layer), with_module=True)
        layer.load_state_dict(layer.state_dict())

    same(story)


def test_loading_one_module_by_itself() -> None:
    def story(lib: Any, log: list[Any]) -> Any:
        layer, missing, unexpected, errors = layer_of(lib), [], [], []
        state = {"a.weight": lib.zeros(2, 2), "a.more": lib.zeros(1)}
        layer._load_from_state_dict(state, "a.", {}, True, missing, unexpected, errors)
        return missing, unexpected, errors, layer.weight

    same(story)


def test_nothing_is_written_if_one_value_does_not_fit() -> None:
    net = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    before = copy.deepcopy(net.state_dict())
    state = {key: value + 1 for key, value in before.items()}
    state["1.bias"] = tl.ones(3)
    with pytest.raises(RuntimeError, match=r"size mismatch for 1\.bias"):
        net.load_state_dict(state)
    assert all(bool((value == before[key]).all()) for key, value in net.state_dict().items())
