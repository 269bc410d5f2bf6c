"""nn.summary: the table, the numbers in it, and a model that is left exactly as it was."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import tinygrad_lite as tl
from tinygrad_lite import nn

TABLE = """\
Layer                Output shape  Parameters  Trainable
--------------------------------------------------------
Sequential           [32, 10]               -          -
├─ 0: Flatten        [32, 784]              -          -
├─ 1: Linear         [32, 128]        100,480        128
├─ 2: ReLU           [32, 128]              -          -
├─ 3: Sequential     [32, 64]               -          -
│  ├─ 0: LazyLinear  [32, 64]           8,256      8,256
│  └─ 1: ReLU        [32, 64]               -          -
├─ 4: Linear         [32, 10]             650        650
├─ 5: Linear         [32, 10]             110        110
└─ 6: Linear         [32, 10]          shared     shared
--------------------------------------------------------
Parameters: 109,496, of which 100,352 frozen (438.0 kB)
Outputs of the layers: 53.0 kB for an input of [32, 1, 28, 28]"""

UNCALLED = """\
Layer             Parameters  Trainable
---------------------------------------
Sequential                 -          -
├─ 0: Linear              12         12
└─ 1: LazyLinear        lazy       lazy
---------------------------------------
Parameters: 12, all trainable (96 bytes)"""


def classifier() -> nn.Sequential:
    net = nn.Sequential(
        nn.Flatten(), nn.Linear(784, 128), nn.ReLU(), nn.Sequential(nn.LazyLinear(64), nn.ReLU()), nn.Linear(64, 10)
    )
    net[1].weight.requires_grad_(False)
    last = nn.Linear(10, 10)
    return net.append(last).append(last)


def test_the_table() -> None:
    found = nn.summary(classifier(), (32, 1, 28, 28))
    assert repr(found) == str(found) == TABLE
    assert (found.total_params, found.trainable_params, found.param_bytes) == (109_496, 9_144, 4 * 109_496)
    assert found.output_bytes == 4 * 32 * (2 * 128 + 2 * 64 + 3 * 10)  # Flatten only shows its input
    assert found.input_shapes == ((32, 1, 28, 28),)
    assert [row.path for row in found.rows] == ["", "0", "1", "2", "3", "3.0", "3.1", "4", "5", "6"]
    assert [row.calls for row in found.rows[-2:]] == [[((32, 10),)], [((32, 10),)]]  # one call by each of its two names


def test_without_an_input_nothing_is_run() -> None:
    net = nn.Sequential(nn.Linear(3, 3), nn.LazyLinear(2)).double()
    found = nn.summary(net)
    assert repr(found) == UNCALLED
    assert found.input_shapes is None


class Odd(nn.Module):
    """Everything that running a model may change, and calls in an odd order."""

    def __init__(self) -> None:
        self.cell = nn.Linear(2, 2)
        self.head = nn.Linear(2, 2, bias=False)
        self.head.weight = self.cell.weight
        self.unused = nn.ModuleList([nn.Linear(3, 3), nn.Tanh()])
        self.drop = nn.Dropout(0.5)
        self.lazy = nn.LazyLinear(3)
        self.own = tl.Generator().manual_seed(3)
        self.register_buffer("seen", tl.zeros(1))
        self.seen_modes: list[tuple[bool, bool, bool]] = []

    def forward(self, x: tl.Tensor, y: tl.Tensor | None = None) -> dict[str, Any]:
        self.seen_modes.append((self.training, self.drop.training, tl.is_grad_enabled()))
        self.late = x + (tl.rand(2) + tl.rand(2, generator=self.own)).to(x.device)
        self.drop.extra = nn.Identity()
        with tl.no_grad():
            self.seen += 1
        self.seen = self.seen * 2
        first = self.cell(x)
        second = self.head(self.cell(self.cell(first[:3])))
        return {"out": first, "rest": [second, (self.lazy(self.drop(x)), y)], "n": 3}


@pytest.mark.parametrize("fails", [False, True])
def test_the_model_is_left_as_it_was(fails: bool, device: str) -> None:
    net = Odd().to(device).train()
    net.cell.eval()
    tl.manual_seed(5)
    stream, own = tl.random.default_generator.stream, net.own.stream
    attributes = {path: list(vars(module).items()) for path, module in net.named_modules()}
    tensors = [
        (x, type(x), x.array, x.shape, x.tolist(), x.requires_grad, x.grad) for x in net.state_dict(keep_vars=True).values()
    ]
    if fails:
        net.lazy.out_features = "three"
        attributes["lazy"] = list(vars(net.lazy).items())
        with pytest.raises(TypeError):
            nn.summary(net, (8, 2))
    else:
        nn.summary(net, (8, 2))
    assert net.seen_modes == [(False, False, False)]  # it was run, once, in eval mode, without recording
    assert {path: list(vars(module).items()) for path, module in net.named_modules()} == attributes
    assert type(net.lazy) is nn.LazyLinear
    for x, kind, array, *values in tensors:
        assert type(x) is kind and x.array is array
        assert [x.shape, x.tolist(), x.requires_grad, x.grad] == values
        assert not x.requires_grad or x.node.shape == x.shape
    assert tl.random.default_generator.stream is stream and net.own.stream is own
    drawn = tl.rand(3).tolist(), tl.rand(3, generator=net.own).tolist()
    tl.manual_seed(5)
    net.own.manual_seed(3)
    assert drawn == (tl.rand(3).tolist(), tl.rand(3, generator=net.own).tolist())


def test_a_pending_backward_still_works() -> None:
    net = nn.Sequential(nn.Linear(2, 2), nn.Tanh())
    net.register_buffer("mean", tl.ones(2))
    loss = (net(tl.ones(4, 2)) * net.mean).sum()
    nn.summary(net, (4, 2))
    loss.backward()
    assert net[0].weight.grad is not None


def test_modules_called_often_never_or_without_a_forward() -> None:
    rows = {row.path: row for row in nn.summary(Odd(), (8, 2)).rows}
    assert rows["cell"].calls == [((8, 2),), ((3, 2),), ((3, 2),)]
    assert rows[""].calls == [((8, 2), (3, 2), (8, 3))]
    assert rows["unused"].calls is None and rows["unused.0"].calls == []
    assert (rows["cell"].parameters, rows["head"].parameters, rows["head"].note) == (6, 0, "shared")
    text = repr(nn.summary(Odd(), ((8, 2), (5, 7, 9))))
    shown = [line.split(maxsplit=1)[-1] for line in re.sub(" {2,}", "  ", text).split("\n")]
    assert "cell: Linear  [8, 2]; [3, 2] ×2  6  6" in shown
    assert "head: Linear  [3, 2]  shared  shared" in shown
    assert "unused: ModuleList  -  -" in shown
    assert "├─ 0: Linear  not called  12  12" in shown
    assert "[8, 2], [3, 2], [8, 3], [5, 7, 9]  -  -" in shown  # Odd itself
    assert text.endswith("for an input of [8, 2], [5, 7, 9]")

    class Loop(nn.Module):
        def __init__(self) -> None:
            self.step = nn.Identity()

        def forward(self, x: tl.Tensor) -> None:
            for n in range(5):
                self.step(x[n:])

    text = repr(nn.summary(Loop(), (8, 2)))
    assert "[8, 2]; [7, 2]; [6, 2]; ... " in text and "no tensor " in text


def test_a_shared_layer_has_the_calls_of_each_place() -> None:
    class Often(nn.Sequential):
        def forward(self, x: tl.Tensor) -> tl.Tensor:
            return super().forward(super().forward(super().forward(x)))[1:]

    layer = nn.Linear(2, 2)
    rows = {row.path: row for row in nn.summary(nn.Sequential(Often(layer), nn.Sequential(layer), Often(layer)), (8, 2)).rows}
    assert [rows[f"{n}.0"].calls for n in range(3)] == [[((8, 2),)] * 3, [((7, 2),)], [((7, 2),)] * 3]


def test_inputs() -> None:
    class Add(nn.Module):
        def forward(self, *x: tl.Tensor) -> tl.Tensor:
            seen.append([(y.shape, y.dtype, y.tolist()) for y in x])
            return sum(x, tl.zeros(1))

    seen: list[Any] = []
    net, x = Add(), tl.tensor([1, 2])
    for given in (x, (2,), [2], (np.int64(2),), (x, (2,)), ((1, 2), [2, 1]), ()):
        nn.summary(net, given)
    ones, zeros = ((2,), tl.int64, [1, 2]), ((2,), tl.float32, [0, 0])
    assert seen[:5] == [[ones], [zeros], [zeros], [zeros], [ones, zeros]]
    assert [shape for shape, *_ in seen[5]] == [(1, 2), (2, 1)] and seen[6] == []
    nn.summary(nn.Sequential(nn.Linear(2, 2), net).double(), (4, 2))
    assert seen[7][0][1] == tl.float64
    for wrong, kind in ((3, "int"), ("x", "str"), ((2, 1.5), "int"), (np.ones(2), "ndarray"), ((x, None), "NoneType")):
        with pytest.raises(TypeError, match=f"^summary: the input must be a Tensor, a shape such as .*, got {kind}$"):
            nn.summary(net, wrong)
    assert len(seen) == 8
    with pytest.raises(TypeError, match=r"^summary: expected a Module, got the class Add: write Add\(\)$"):
        nn.summary(Add, (2,))
    with pytest.raises(TypeError, match=r"^summary: expected a Module, got function$"):
        nn.summary(nn.functional.relu, (2,))


def test_an_error_names_the_layer() -> None:
    net = classifier()
    with pytest.raises(RuntimeError, match="does not fit a weight") as error:
        nn.summary(net, (32, 7))
    assert error.value.__notes__ == ["summary: this happened in layer '1' (Linear), called with [32, 7]"]
    with pytest.raises(RuntimeError) as error:
        nn.summary(nn.Linear(2, 2), (3,))
    assert error.value.__notes__ == ["summary: this happened in the model itself (Linear), called with [3]"]


def test_a_forward_of_the_module_itself_is_called_and_kept() -> None:
    net = nn.Sequential(nn.Identity())
    net[0].forward = own = lambda x: x[:1]
    assert nn.summary(net, (3, 2)).rows[0].calls == [((1, 2),)]
    assert net[0].forward is own


def test_html() -> None:
    net = nn.ModuleDict({"<i>": nn.Linear(2, 3)})
    html = nn.summary(net)._repr_html_()
    assert "<i>" not in html and "└─ &lt;i&gt;: Linear</td>" in html
    assert html.count("<tr>") == 3 and html.count("<th ") == 3 and html.count("<td ") == 6
    assert html.endswith("Parameters: 9, all trainable (36 bytes)</div>")
    html = nn.summary(net["<i>"], (4, 2))._repr_html_()
    assert html.count("<th ") == 4 and "[4, 3]</td>" in html and "<br>Outputs of the layers: 48 bytes" in html


@pytest.mark.parametrize(("n", "text"), [(999, "999 bytes"), (1000, "1.0 kB"), (2_500_000, "2.5 MB"), (3 * 10**9, "3.0 GB")])
def test_bytes(n: int, text: str) -> None:
    found = nn.summary(nn.ReLU())
    found.param_bytes = n
    assert repr(found).endswith(f"({text})")
