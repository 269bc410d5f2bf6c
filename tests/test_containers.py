"""Containers: each operation gives what it gives in PyTorch, and fails as there."""

# ruff: noqa: RUF005  (a + b of containers is what is tested)

from __future__ import annotations

import copy
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import pytest
import torch

import tinygrad_lite as tl
from tinygrad_lite import nn


def chain(lib: Any, *sizes: int) -> Any:
    """A Sequential of Linear layers with these numbers of outputs."""
    return lib.nn.Sequential(*[lib.nn.Linear(1, size) for size in sizes])


def listed(container: Any) -> list[tuple[str, Any]]:
    return [(name, getattr(m, "out_features", type(m).__name__)) for name, m in container._modules.items()]


STORIES: dict[str, Callable[[Any], Any]] = {
    "insert5": lambda lib: chain(lib, 1, 2).insert(5, lib.nn.ReLU()),
    "insert-1": lambda lib: listed(chain(lib, 1, 2).insert(-1, lib.nn.ReLU())),
    "insert-3": lambda lib: listed(chain(lib, 1, 2).insert(-3, lib.nn.ReLU())),
    "append named": lambda lib: listed(lib.nn.Sequential(OrderedDict(a=lib.nn.Linear(1, 1))).append(lib.nn.ReLU())),
    "append bad": lambda lib: chain(lib, 1).append(3),
    "pop0": lambda lib: (lambda s: (s.pop(0), listed(s)))(chain(lib, 1, 2, 3)),
    "pop slice": lambda lib: (lambda s: (s.pop(slice(0, 2)), listed(s)))(chain(lib, 1, 2, 3)),
    "pop named": lambda lib: (lambda s: (s.pop(0), listed(s)))(
        lib.nn.Sequential(OrderedDict(a=lib.nn.Linear(1, 1), b=lib.nn.Linear(1, 2)))
    ),
    "del9": lambda lib: chain(lib, 1).__delitem__(9),
    "pop none": lambda lib: chain(lib, 1).pop(),
    "add": lambda lib: listed(chain(lib, 1, 2) + chain(lib, 3)),
    "add list": lambda lib: listed(chain(lib, 1, 2) + [lib.nn.ReLU()]),
    "add bad": lambda lib: listed(chain(lib, 1, 2) + 3),
    "iadd": lambda lib: listed(chain(lib, 1, 2).__iadd__(chain(lib, 3))),
    "iadd list": lambda lib: listed(chain(lib, 1, 2).__iadd__([lib.nn.ReLU()])),
    "iadd bad": lambda lib: listed(chain(lib, 1, 2).__iadd__(3)),
    "add named": lambda lib: listed(
        lib.nn.Sequential(OrderedDict(a=lib.nn.Linear(1, 1))) + lib.nn.Sequential(OrderedDict(a=lib.nn.Linear(1, 2)))
    ),
    "mul": lambda lib: listed(chain(lib, 1, 2) * 2),
    "rmul": lambda lib: listed(2 * chain(lib, 1, 2)),
    "mul0": lambda lib: listed(chain(lib, 1, 2) * 0),
    "mulf": lambda lib: listed(chain(lib, 1, 2) * 1.5),
    "mul-1": lambda lib: listed(chain(lib, 1, 2) * -1),
    "imul": lambda lib: listed(chain(lib, 1, 2).__imul__(3)),
    "imul0": lambda lib: listed(chain(lib, 1, 2).__imul__(0)),
    "mul same": lambda lib: (lambda s: (s * 2)[0] is s[0])(chain(lib, 1)),
    "extend": lambda lib: listed(chain(lib, 1).extend([lib.nn.ReLU(), lib.nn.ReLU()])),
    "extend seq": lambda lib: listed(chain(lib, 1).extend(chain(lib, 2))),
    "extend bad": lambda lib: listed(chain(lib, 1).extend(3)),
    "slice": lambda lib: listed(chain(lib, 1, 2, 3)[1:]),
    "named slice": lambda lib: listed(lib.nn.Sequential(OrderedDict(a=lib.nn.Linear(1, 1), b=lib.nn.Linear(1, 2)))[1:]),
    "set slice": lambda lib: chain(lib, 1).__setitem__(slice(0, 1), lib.nn.ReLU()),
    "get9": lambda lib: chain(lib, 1)[9],
    "get str": lambda lib: chain(lib, 1)["0"],
    "get float": lambda lib: chain(lib, 1)[0.0],
    "contains": lambda lib: (lambda s: s[0] in s)(chain(lib, 1)),
    "reversed": lambda lib: list(reversed(chain(lib, 1, 2))),
    "empty call": lambda lib: lib.nn.Sequential()(3),
    "L insert": lambda lib: (lambda m: (m.insert(1, lib.nn.ReLU()), listed(m)))(lib.nn.ModuleList(chain(lib, 1, 2))),
    "L pop": lambda lib: (lambda m: (m.pop(0), listed(m)))(lib.nn.ModuleList(chain(lib, 1, 2))),
    "L pop slice": lambda lib: (lambda m: (m.pop(slice(0, 1)), listed(m)))(lib.nn.ModuleList(chain(lib, 1, 2))),
    "L pop0": lambda lib: (lambda m: (m.pop(), listed(m)))(lib.nn.ModuleList(chain(lib, 1, 2))),
    "L del": lambda lib: (lambda m: (m.__delitem__(slice(0, 2)), listed(m)))(lib.nn.ModuleList(chain(lib, 1, 2, 3))),
    "L del9": lambda lib: (lambda m: (m.__delitem__(9), listed(m)))(lib.nn.ModuleList(chain(lib, 1, 2, 3))),
    "L add": lambda lib: listed(lib.nn.ModuleList(chain(lib, 1)) + lib.nn.ModuleList(chain(lib, 2))),
    "L add list": lambda lib: listed(lib.nn.ModuleList(chain(lib, 1)) + [lib.nn.ReLU()]),
    "L iadd": lambda lib: listed(lib.nn.ModuleList(chain(lib, 1)).__iadd__([lib.nn.ReLU()])),
    "L extend bad": lambda lib: listed(lib.nn.ModuleList(chain(lib, 1)).extend(3)),
    "L append bad": lambda lib: listed(lib.nn.ModuleList(chain(lib, 1)).append(3)),
    "L set": lambda lib: (lambda m: (m.__setitem__(-1, lib.nn.ReLU()), listed(m)))(lib.nn.ModuleList(chain(lib, 1, 2))),
    "L call": lambda lib: lib.nn.ModuleList()(3),
    "L repr": lambda lib: lib.nn.ModuleList(
        [
            lib.nn.ReLU(),
            lib.nn.ReLU(),
            lib.nn.Tanh(),
            lib.nn.ReLU(),
            lib.nn.ReLU(),
            lib.nn.Sequential(lib.nn.ReLU()),
            lib.nn.Sequential(lib.nn.ReLU()),
        ]
    ),
    "L repr0": lambda lib: lib.nn.ModuleList(),
    "L slice step": lambda lib: listed(lib.nn.ModuleList(chain(lib, 1, 2, 3))[::-1]),
    "D": lambda lib: lib.nn.ModuleDict([["a", lib.nn.ReLU()], ("b", lib.nn.ReLU())]),
    "D bad": lambda lib: lib.nn.ModuleDict(3),
    "D bad2": lambda lib: lib.nn.ModuleDict([("a",)]),
    "D bad3": lambda lib: lib.nn.ModuleDict([3]),
    "D pop": lambda lib: (lambda d: (d.pop("a"), d))(lib.nn.ModuleDict({"a": lib.nn.ReLU(), "b": lib.nn.Tanh()})),
    "D pop2": lambda lib: (lambda d: (d.pop("z"), d))(lib.nn.ModuleDict({"a": lib.nn.ReLU(), "b": lib.nn.Tanh()})),
    "D clear": lambda lib: (lambda d: (d.clear(), d))(lib.nn.ModuleDict({"a": lib.nn.ReLU(), "b": lib.nn.Tanh()})),
    "D del": lambda lib: (lambda d: (d.__delitem__("a"), d))(lib.nn.ModuleDict({"a": lib.nn.ReLU(), "b": lib.nn.Tanh()})),
    "D update order": lambda lib: (lambda d: (d.update({"z": lib.nn.ReLU(), "c": lib.nn.Tanh()}), d))(
        lib.nn.ModuleDict({"b": lib.nn.ReLU(), "a": lib.nn.Tanh()})
    ),
    "D keyint": lambda lib: lib.nn.ModuleDict({1: lib.nn.ReLU()}),
    "D key": lambda lib: lib.nn.ModuleDict({"keys": lib.nn.ReLU()}),
    "D key.": lambda lib: lib.nn.ModuleDict({"a.b": lib.nn.ReLU()}),
    "D keytype": lambda lib: lib.nn.ModuleDict({"type": lib.nn.ReLU()}),
    "D call": lambda lib: lib.nn.ModuleDict()(3),
    "D get": lambda lib: lib.nn.ModuleDict()["x"],
    "PL": lambda lib: lib.nn.ParameterList([lib.ones(2), lib.nn.Parameter(lib.ones(2, 3)), 3, "a", lib.tensor(1.0)]),
    "PL int": lambda lib: lib.nn.ParameterList([lib.ones(2, dtype=lib.int64)]),
    "PL state": lambda lib: list(lib.nn.ParameterList([lib.ones(2), 3]).state_dict()),
    "PL slice": lambda lib: lib.nn.ParameterList([lib.ones(2), 3, 4])[1:],
    "PL get9": lambda lib: lib.nn.ParameterList([lib.ones(2), 3, 4])[9],
    "PL get-1": lambda lib: lib.nn.ParameterList([lib.ones(2), 3, 4])[-1],
    "PL iadd": lambda lib: lib.nn.ParameterList([3]).__iadd__([5]),
    "PL append": lambda lib: lib.nn.ParameterList([3]).append(lib.ones(1)),
    "PL extend bad": lambda lib: lib.nn.ParameterList([3]).extend(lib.ones(1)),
    "PL extend bad2": lambda lib: lib.nn.ParameterList([3]).extend("ab"),
    "PL extend bad3": lambda lib: lib.nn.ParameterList([3]).extend(5),
    "PL set": lambda lib: (lambda m: (m.__setitem__(-1, lib.ones(1)), m))(lib.nn.ParameterList([3, 4])),
    "PL set bad": lambda lib: (lambda m: (m.__setitem__(0, 3), m))(lib.nn.ParameterList([lib.ones(2), 4])),
    "PL set9": lambda lib: (lambda m: (m.__setitem__(9, 3), m))(lib.nn.ParameterList([lib.ones(2), 4])),
    "PL call": lambda lib: lib.nn.ParameterList()(3),
    "PL iter": lambda lib: list(lib.nn.ParameterList([3, 4])),
    "PL len": lambda lib: len(lib.nn.ParameterList([3, 4])),
    "PL gen": lambda lib: lib.nn.ParameterList(x for x in [1, 2]),
    "PL bad": lambda lib: lib.nn.ParameterList(3),
    "PL del": lambda lib: lib.nn.ParameterList([3]).__delitem__(0),
    "PL module": lambda lib: list(lib.nn.ParameterList([lib.nn.Linear(1, 1)]).state_dict()),
    "PD": lambda lib: lib.nn.ParameterDict({"b": lib.ones(2), "a": lib.nn.Parameter(lib.ones(2, 3)), "c": 3, "d": None}),
    "PD OD": lambda lib: lib.nn.ParameterDict(OrderedDict(b=lib.ones(2), a=3)),
    "PD list": lambda lib: lib.nn.ParameterDict([("b", lib.ones(2)), ["a", 3]]),
    "PD bad": lambda lib: lib.nn.ParameterDict(3),
    "PD bad2": lambda lib: lib.nn.ParameterDict([3]),
    "PD bad3": lambda lib: lib.nn.ParameterDict([(1, 2, 3)]),
    "PD key": lambda lib: lib.nn.ParameterDict({1: 3}),
    "PD key2": lambda lib: lib.nn.ParameterDict({"keys": lib.ones(1)}),
    "PD key3": lambda lib: lib.nn.ParameterDict({"a.b": lib.ones(1)}),
    "PD state": lambda lib: list(lib.nn.ParameterDict({"b": lib.ones(2), "a": lib.ones(1)}).state_dict()),
    "PD rev": lambda lib: list(reversed(lib.nn.ParameterDict({"b": lib.ones(2), "a": lib.ones(1)}))),
    "PD setdefault": lambda lib: (lambda d: (d.setdefault("b", 3), d.setdefault("z", lib.ones(1)), d))(
        lib.nn.ParameterDict({"b": lib.ones(2)})
    ),
    "PD pop": lambda lib: (lambda d: (d.pop("b"), d))(lib.nn.ParameterDict({"b": lib.ones(2)})),
    "PD popz": lambda lib: (lambda d: (d.pop("z"), d))(lib.nn.ParameterDict({"b": lib.ones(2)})),
    "PD popitem": lambda lib: (lambda d: (d.popitem(), d))(lib.nn.ParameterDict({"b": lib.ones(2), "a": 4})),
    "PD popitem0": lambda lib: lib.nn.ParameterDict().popitem(),
    "PD get": lambda lib: (lambda d: (d.get("b"), d.get("z"), d.get("z", 5)))(lib.nn.ParameterDict({"b": 3})),
    "PD fromkeys": lambda lib: lib.nn.ParameterDict().fromkeys(["x", "y"], 3),
    "PD fromkeys2": lambda lib: lib.nn.ParameterDict({"q": 1}).fromkeys(["x", "y"], lib.ones(1)),
    "PD views": lambda lib: (lambda d: (d.keys(), list(d.items()), list(d.values())))(lib.nn.ParameterDict({"b": 3})),
    "PD del": lambda lib: (lambda d: (d.__delitem__("b"), d))(lib.nn.ParameterDict({"b": 3})),
    "PD delz": lambda lib: (lambda d: (d.__delitem__("z"), d))(lib.nn.ParameterDict({"b": 3})),
    "PD getz": lambda lib: lib.nn.ParameterDict()["z"],
    "PD or": lambda lib: lib.nn.ParameterDict({"b": 3}) | lib.nn.ParameterDict({"a": 3}),
    "PD or2": lambda lib: lib.nn.ParameterDict({"b": 3}) | {"a": 3},
    "PD ror": lambda lib: {"a": 3} | lib.nn.ParameterDict({"b": 3}),
    "PD ior": lambda lib: lib.nn.ParameterDict({"b": 3}).__ior__({"a": 4}),
    "PD contains": lambda lib: ("b" in lib.nn.ParameterDict({"b": 3}), "z" in lib.nn.ParameterDict({"b": 3})),
    "PD clear": lambda lib: (lambda d: (d.clear(), d, len(d)))(lib.nn.ParameterDict({"b": 3})),
    "PD call": lambda lib: lib.nn.ParameterDict()(3),
    "PD set": lambda lib: (lambda d: (d.__setitem__("b", lib.ones(1)), d))(lib.nn.ParameterDict({"b": lib.ones(3)})),
    "PD set2": lambda lib: (lambda d: (d.__setitem__("b", 3), d))(lib.nn.ParameterDict({"b": lib.ones(3)})),
    "PD update": lambda lib: (lambda d: (d.update({"z": 1, "c": 2}), d))(lib.nn.ParameterDict({"b": lib.ones(3)})),
}


def told(story: Callable[[Any], Any], lib: Any) -> str:
    lib.manual_seed(0)
    try:
        return repr(story(lib)).replace("torch.float32", "float32")
    except Exception as error:
        return type(error).__name__


@pytest.mark.parametrize("name", STORIES)
def test_as_in_torch(name: str) -> None:
    assert told(STORIES[name], tl) == told(STORIES[name], torch)


def test_what_differs() -> None:
    for make in (lambda: nn.Sequential(None), lambda: nn.ModuleList([None])):  # type: ignore[arg-type, list-item]
        with pytest.raises(NotImplementedError, match=r"nn\.Identity"):
            make()
    with pytest.raises(TypeError, match="int is not a Module subclass"):
        chain(tl, 1).insert(0, 3)
    modules = nn.ModuleList(chain(tl, 1, 2))
    modules.insert(-1, nn.ReLU())  # PyTorch's fails, and its insert(9, ...) leaves a hole in the numbers
    modules.insert(9, nn.ReLU())
    assert listed(modules) == [("0", 1), ("1", "ReLU"), ("2", 2), ("3", "ReLU")]


def test_parameters_in_containers_train_move_and_are_saved() -> None:
    for lib in (tl, torch):
        net = lib.nn.Module()
        net.list = lib.nn.ParameterList([lib.ones(2), 3])
        net.dict = lib.nn.ParameterDict({"b": lib.ones(2), "a": lib.nn.Parameter(lib.zeros(1), requires_grad=False)})
        assert list(net.state_dict()) == ["list.0", "dict.a", "dict.b"]
        twin = copy.deepcopy(net).double()
        (twin.list[0] * twin.dict["b"]).sum().backward()
        assert [p.grad is not None for p in twin.parameters()] == [True, False, True]
        assert "float64" in str(twin.dict.b.dtype) and "float32" in str(net.dict.b.dtype)
        net.load_state_dict({"list.0": lib.zeros(2), "dict.a": lib.ones(1), "dict.b": lib.ones(2)})
        assert net.list[0].sum() == 0 and net.dict["a"] == 1
        assert dict(net.dict).keys() == {"a", "b"}
