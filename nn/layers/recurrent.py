"""Recurrent layers: a step that is repeated along a sequence and hands its state on.

RNN, LSTM and GRU take whole sequences, through several layers and in both directions if wanted; RNNCell, LSTMCell and GRUCell
are the step alone. The formulas and their derivatives are in tinygrad_lite/ops/neural/recurrent.py.
"""

from __future__ import annotations

import warnings
from math import sqrt
from typing import Any

from tinygrad_lite._tensor import Tensor
from tinygrad_lite.backend import array_module
from tinygrad_lite.creation import empty
from tinygrad_lite.functional.shape import cat, squeeze, unsqueeze
from tinygrad_lite.ops.arrangement import flip
from tinygrad_lite.ops.indexing import getitem
from tinygrad_lite.ops.neural import recurrent as ops
from tinygrad_lite.ops.shape import clone, permute, reshape

from .. import functional as F
from .. import init
from ..functional.errors import not_tensors
from ..module import Module
from ..parameter import Parameter
from ..utils.rnn import Order, PackedSequence

__all__ = ["RNNBase", "RNN", "LSTM", "GRU", "RNNCellBase", "RNNCell", "LSTMCell", "GRUCell"]

States = tuple[Tensor, ...]
GATES = {"RNN_TANH": 1, "RNN_RELU": 1, "LSTM": 4, "GRU": 3}


class RNNBase(Module):
    """What RNN, LSTM and GRU share: parameters for each layer and direction, and the way through the layers.

    The parameters of layer k are weight_ih_l{k} (gates · H, inputs), weight_hh_l{k} (gates · H, H), bias_ih_l{k} and
    bias_hh_l{k} (gates · H), with _reverse behind the name for the other direction. All start as uniform random numbers between
    ±1/√H. https://pytorch.org/docs/stable/generated/torch.nn.RNNBase.html
    """

    def __init__(
        self,
        mode: str,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        _check_arguments(mode, dropout, num_layers, proj_size)
        for name, kind, value in (
            ("input_size", int, input_size),
            ("hidden_size", int, hidden_size),
            ("num_layers", int, num_layers),
            ("bias", bool, bias),
            ("batch_first", bool, batch_first),
        ):
            if not isinstance(value, kind):
                raise TypeError(f"{name} should be of type {kind.__name__}, got: {type(value).__name__}")
            if kind is int and value <= 0:
                raise ValueError(f"{name} must be greater than zero, got {value}")
        if proj_size >= hidden_size:
            raise ValueError(f"proj_size has to be smaller than hidden_size, {hidden_size}; got {proj_size}")
        self.mode, self.input_size, self.hidden_size, self.num_layers = mode, input_size, hidden_size, num_layers
        self.bias, self.batch_first, self.dropout = bias, batch_first, float(dropout)
        self.bidirectional, self.proj_size = bidirectional, proj_size
        self._names: list[list[str]] = []
        wide, out = GATES[mode] * hidden_size, proj_size or hidden_size
        for layer in range(num_layers):
            before = out * (1 + bidirectional) if layer else input_size
            for direction in ("", "_reverse")[: 1 + bidirectional]:
                shapes: dict[str, tuple[int, ...]] = {"weight_ih": (wide, before), "weight_hh": (wide, out)}
                shapes |= {"bias_ih": (wide,), "bias_hh": (wide,)} if bias else {}
                shapes |= {"weight_hr": (proj_size, hidden_size)} if proj_size else {}
                self._names.append([f"{name}_l{layer}{direction}" for name in shapes])
                for name, shape in zip(self._names[-1], shapes.values()):
                    setattr(self, name, Parameter(empty(*shape, device=device, dtype=dtype)))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new random values for all parameters."""
        _draw(self)

    def flatten_parameters(self) -> None:
        """Nothing: PyTorch joins the weights in memory for cuDNN here, and programs call it."""

    @property
    def all_weights(self) -> list[list[Parameter]]:
        """The parameters of each layer and direction."""
        return [[getattr(self, name) for name in names] for names in self._names]

    def extra_repr(self) -> str:
        parts = [f"{self.input_size}, {self.hidden_size}"]
        parts += [f"proj_size={self.proj_size}"] if self.proj_size else []
        parts += [f"num_layers={self.num_layers}"] if self.num_layers != 1 else []
        parts += [f"bias={self.bias}"] if self.bias is not True else []
        parts += [f"batch_first={self.batch_first}"] if self.batch_first else []
        parts += [f"dropout={self.dropout}"] if self.dropout else []
        parts += [f"bidirectional={self.bidirectional}"] if self.bidirectional else []
        return ", ".join(parts)

    def _forward(self, input: Any, hx: States | None) -> tuple[Any, States]:
        """The result for a padded batch, one sequence or a packed batch, and a tuple of the last states."""
        if isinstance(input, PackedSequence):
            return self._of_packed(input, hx)
        if not isinstance(input, Tensor):
            raise not_tensors(type(self).__name__, input=input)
        x, ndim = input, input.array.ndim
        if ndim == 2:
            x = unsqueeze(x, 1)
        elif ndim != 3:
            raise ValueError(f"{type(self).__name__}: Expected input to be 2D or 3D, got {ndim}D instead")
        elif self.batch_first:
            x = permute(x, axes=(1, 0, 2))
        y, ends = self._layers(x, self._before(x.array, hx, x.array.shape[1], ndim), None)
        if ndim == 2:
            return squeeze(y, 1), tuple([squeeze(s, 1) for s in ends])
        return permute(y, axes=(1, 0, 2)) if self.batch_first else y, ends

    def _of_packed(self, input: PackedSequence, hx: States | None) -> tuple[PackedSequence, States]:
        x, there, back = input.data, input.sorted_indices, input.unsorted_indices
        if hx is not None and there is not None:
            hx = tuple([s[:, there] for s in hx])
        order = Order.of(input.batch_sizes.array, x.array)
        y, ends = self._layers(x, self._before(x.array, hx, len(order.lengths), 3), order)
        return PackedSequence(y, *input[1:]), ends if back is None else tuple([s[:, back] for s in ends])

    def _before(self, x: Any, hx: States | None, batch: int, ndim: int) -> list[States]:
        """The states before the first step for each layer and direction, once everything has been checked."""
        name, weight = type(self).__name__, getattr(self, self._names[0][0]).array
        if x.dtype != weight.dtype:
            what = f"input dtype ({x.dtype}) does not match weight dtype ({weight.dtype})"
            raise ValueError(f"{name}: {what}; cast the input: x.to(tinygrad_lite.{weight.dtype})")
        if x.shape[-1] != self.input_size:
            what = f"input.size(-1) must be equal to input_size. Expected {self.input_size}, got {x.shape[-1]}"
            raise RuntimeError(f"{name}: {what}")
        if not len(x):
            raise RuntimeError(f"{name}: Expected sequence length to be larger than 0 in RNN")
        n, sizes = len(self._names), (self.proj_size or self.hidden_size, self.hidden_size)
        if hx is None:
            zeros = [Tensor._of(array_module(x).zeros((batch, size), x.dtype)) for size in sizes]
            return [tuple(zeros[: 2 if self.mode == "LSTM" else 1])] * n
        if any([s.array.ndim != ndim for s in hx]):
            kind, names = "batched" if ndim == 3 else "unbatched", "hx and cx" if len(hx) > 1 else "hx"
            got = ", ".join([f"{s.array.ndim}-D" for s in hx])
            got = f"({got}) tensors" if len(hx) > 1 else f"{got} tensor"
            raise RuntimeError(f"{name}: For {kind} {ndim}-D input, {names} should also be {ndim}-D but got {got}")
        for i, (state, size) in enumerate(zip(hx, sizes)):
            expected = (n, batch, size) if ndim == 3 else (n, size)
            if state.array.shape != expected:
                what = f"Expected hidden{[i] if len(hx) > 1 else ''} size {expected}, got {list(state.array.shape)}"
                raise RuntimeError(f"{name}: {what}: (layers · directions, {'batch, ' if ndim == 3 else ''}size)")
            if state.array.dtype != x.dtype:
                raise RuntimeError(f"{name}: the state is {state.dtype} but the input {x.dtype}; cast one of them")
        states = hx if ndim == 3 else [unsqueeze(s, 1) for s in hx]
        return [tuple([getitem(s, index=(i, ...), once=True) for s in states]) for i in range(n)]

    def _layers(self, x: Tensor, before: list[States], order: Order | None) -> tuple[Tensor, States]:
        """Each layer gets the outputs of the one before it, in both directions."""
        ends, both = [], 1 + self.bidirectional
        for n in range(0, len(before), both):
            if n and self.dropout:
                x = F.dropout(x, self.dropout, self.training)
            outs = []
            for i in range(n, n + both):
                y, end = self._direction(x, self._names[i], before[i], i > n, order)
                outs.append(y)
                ends.append(end)
            x = outs[0] if both == 1 else cat(outs, -1)
        if both == 1 and order is None and x.node is not None:
            x = clone(x)  # the last layer has saved its outputs, and a program may change these in place
        return x, ends[0] if len(ends) == 1 else tuple([cat(states) for states in zip(*ends)])

    def _direction(
        self, x: Tensor, names: list[str], before: States, backward: bool, order: Order | None
    ) -> tuple[Tensor, States]:
        """One layer in one direction: the states after each step, in the order of x, and the last ones, (1, B, H) each.

        In the other direction, each sequence is turned round before and after. A packed batch is unpacked behind the product
        with the inputs; where a sequence has ended, the steps go on, and nothing takes their results.
        """
        if backward and order is None:
            x = flip(x, axes=(0,))
        w_ih, w_hh, b_ih, b_hh = _with_bias([getattr(self, name) for name in names[: 4 if self.bias else 2]])
        gates = ops.gates(x, w_ih, b_ih if self.mode == "GRU" else b_ih + b_hh, n=GATES[self.mode])
        if order is not None:
            gates = getitem(gates, index=(slice(None), order.row_backward if backward else order.row), once=False)
        if self.proj_size:
            h, c = before
            states: States = tuple(ops.lstm_steps(gates, w_hh, h, c, getattr(self, names[-1])))
        else:
            states = _steps(self.mode, gates, w_hh, b_hh, before, (...,))
        y, arange = states[0], array_module(gates.array).arange
        if order is None:
            last: tuple[Any, ...] = (arange(len(y.array) - 1, len(y.array)),)  # an array, so that the result is not a view
            y = flip(y, axes=(0,)) if backward else y
        else:
            last = ((order.lengths - 1)[None], arange(len(order.lengths))[None])
            time = order.lengths[order.sequence] - 1 - order.time if backward else order.time
            y = getitem(y, index=(time, order.sequence), once=True)
        return y, tuple([getitem(s, index=last, once=True) for s in states])


class RNN(RNNBase):
    """h' = tanh(W_ih x + b_ih + W_hh h + b_hh), or relu in place of tanh: (T, B, in) -> (T, B, H), and the last state.

    With batch_first, (B, T, in) -> (B, T, H); one sequence may be (T, in). The state (layers · directions, B, H) is `hx` at the
    beginning, zeros if it is not given. In both directions, the output is that of the forward one and behind it that of the
    backward one: 2H numbers. `dropout` is between the layers. A PackedSequence gives a PackedSequence.
    https://pytorch.org/docs/stable/generated/torch.nn.RNN.html

    >>> from tinygrad_lite import ones
    >>> y, h = RNN(3, 5)(ones(7, 2, 3))
    >>> y.shape, h.shape
    (torch.Size([7, 2, 5]), torch.Size([1, 2, 5]))
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        nonlinearity: str = "tanh",
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        if nonlinearity not in ("tanh", "relu"):
            raise ValueError(f"Unknown nonlinearity {nonlinearity!r}. Select from 'tanh' or 'relu'.")
        self.nonlinearity = nonlinearity
        options = (num_layers, bias, batch_first, dropout, bidirectional, proj_size, device, dtype)
        super().__init__(f"RNN_{nonlinearity.upper()}", input_size, hidden_size, *options)

    def forward(self, input: Any, hx: Tensor | None = None) -> tuple[Any, Tensor]:
        y, (h,) = self._forward(input, None if hx is None else (_one_state(self, hx),))
        return y, h


class LSTM(RNNBase):
    """Long short-term memory, (T, B, in) -> (T, B, H), and the last state and cell (h, c). With the sigmoid σ,

        i, f, n, o = W_ih x + b_ih + W_hh h + b_hh        c' = σ(f) c + σ(i) tanh(n)        h' = σ(o) tanh(c')

    Shapes and options are those of RNN; `hx` is (h, c). With proj_size, h' = W_hr (σ(o) tanh(c')), which has that size.
    Hochreiter and Schmidhuber 1997; https://pytorch.org/docs/stable/generated/torch.nn.LSTM.html

    >>> from tinygrad_lite import ones
    >>> y, (h, c) = LSTM(3, 5, num_layers=2, batch_first=True)(ones(2, 7, 3))
    >>> y.shape, h.shape, c.shape
    (torch.Size([2, 7, 5]), torch.Size([2, 2, 5]), torch.Size([2, 2, 5]))
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        options = (num_layers, bias, batch_first, dropout, bidirectional, proj_size, device, dtype)
        super().__init__("LSTM", input_size, hidden_size, *options)

    def forward(self, input: Any, hx: tuple[Tensor, Tensor] | None = None) -> tuple[Any, tuple[Tensor, Tensor]]:
        y, (h, c) = self._forward(input, None if hx is None else _two_states(self, hx))
        return y, (h, c)


class GRU(RNNBase):
    """Gated recurrent units, (T, B, in) -> (T, B, H), and the last state. With the sigmoid σ,

        r, z, n = W_ih x + b_ih        r', z', n' = W_hh h + b_hh
        h' = (1 - u) tanh(n + σ(r + r') n') + u h,  where u = σ(z + z')

    Shapes and options are those of RNN. Cho et al. 2014; https://pytorch.org/docs/stable/generated/torch.nn.GRU.html

    >>> from tinygrad_lite import ones
    >>> y, h = GRU(3, 5, bidirectional=True)(ones(7, 2, 3))
    >>> y.shape, h.shape
    (torch.Size([7, 2, 10]), torch.Size([2, 2, 5]))
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        options = (num_layers, bias, batch_first, dropout, bidirectional, proj_size, device, dtype)
        super().__init__("GRU", input_size, hidden_size, *options)

    def forward(self, input: Any, hx: Tensor | None = None) -> tuple[Any, Tensor]:
        y, (h,) = self._forward(input, None if hx is None else (_one_state(self, hx),))
        return y, h


class RNNCellBase(Module):
    """What the cells share: the parameters of one step, and the checks of its inputs."""

    weight_ih: Parameter
    weight_hh: Parameter
    bias_ih: Parameter | None
    bias_hh: Parameter | None
    mode: str

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool, num_chunks: int, device: Any = None, dtype: Any = None
    ) -> None:
        self.input_size, self.hidden_size, self.bias = input_size, hidden_size, bias
        self.weight_ih = Parameter(empty(num_chunks * hidden_size, input_size, device=device, dtype=dtype))
        self.weight_hh = Parameter(empty(num_chunks * hidden_size, hidden_size, device=device, dtype=dtype))
        self.bias_ih = Parameter(empty(num_chunks * hidden_size, device=device, dtype=dtype)) if bias else None
        self.bias_hh = Parameter(empty(num_chunks * hidden_size, device=device, dtype=dtype)) if bias else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new random values for all parameters."""
        _draw(self)

    def extra_repr(self) -> str:
        return f"{self.input_size}, {self.hidden_size}" + ("" if self.bias is True else f", bias={self.bias}")

    def _step(self, mode: str, input: Tensor, hx: States | None) -> States:
        """The states after one step."""
        if not isinstance(input, Tensor):
            raise not_tensors(type(self).__name__, input=input)
        weight, x, n = self.weight_ih.array, input.array, self.hidden_size
        batch = x.shape[0] if x.ndim == 2 else 1
        if hx is None:
            hx = (Tensor._of(array_module(x).zeros((batch, n), weight.dtype)),) * (2 if mode == "LSTM" else 1)
        self._check(x, hx, batch)
        states = tuple([s if s.array.ndim == 2 else reshape(s, shape=(1, n)) for s in hx])
        given = [p for p in (self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh) if p is not None]
        w_ih, w_hh, b_ih, b_hh = _with_bias(given)
        bias = b_ih if mode == "GRU" else b_ih + b_hh
        gates = ops.gates(reshape(input, shape=(1, batch, self.input_size)), w_ih, bias, n=GATES[mode])
        first = array_module(x).array(0)  # an array, so that the result is not a view: a program may change it in place
        return _steps(mode, gates, w_hh, b_hh, states, (first, ...) if x.ndim == 2 else (first, 0, ...))

    def _check(self, x: Any, hx: tuple[Tensor, ...], batch: int) -> None:
        """ValueError or RuntimeError, as in PyTorch, for arrays that do not fit."""
        name, weight = type(self).__name__, self.weight_ih.array
        arrays = [s.array for s in hx]
        if x.ndim not in (1, 2):
            raise ValueError(f"{name}: Expected input to be 1D or 2D, got {x.ndim}D instead")
        for i, h in enumerate(arrays):
            if h.ndim not in (1, 2):
                what = f"hx[{i}]" if len(hx) > 1 else "hidden"
                raise ValueError(f"{name}: Expected {what} to be 1D or 2D, got {h.ndim}D instead")
        if x.shape[-1] != self.input_size:
            what = f"input has inconsistent input_size: got {x.shape[-1]} expected {self.input_size}"
            raise RuntimeError(f"{name}: {what}")
        for i, h in enumerate(arrays):
            if h.shape[-1] != self.hidden_size:
                what = f"hidden{i} has inconsistent hidden_size: got {h.shape[-1]}, expected {self.hidden_size}"
                raise RuntimeError(f"{name}: {what}")
            if (len(h) if h.ndim == 2 else 1) != batch:
                rows = len(h) if h.ndim == 2 else 1
                raise RuntimeError(f"{name}: Input batch size {batch} doesn't match hidden{i} batch size {rows}")
        for kind, array in (("input", x), *[("state", h) for h in arrays]):
            if array.dtype != weight.dtype:
                raise RuntimeError(f"{name}: the {kind} is {array.dtype} but the weight is {weight.dtype}; cast one of them")


class RNNCell(RNNCellBase):
    """One step of RNN: h' = tanh(W_ih x + b_ih + W_hh h + b_hh), (B, in) and (B, H) -> (B, H), also without B.

    `nonlinearity` may be relu. https://pytorch.org/docs/stable/generated/torch.nn.RNNCell.html

    >>> from tinygrad_lite import ones
    >>> RNNCell(3, 5)(ones(2, 3)).shape
    torch.Size([2, 5])
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        nonlinearity: str = "tanh",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 1, device, dtype)
        self.nonlinearity = nonlinearity

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:
        if self.nonlinearity not in ("tanh", "relu"):
            raise RuntimeError(f"RNNCell: Unknown nonlinearity: {self.nonlinearity}; it is 'tanh' or 'relu'")
        return self._step(f"RNN_{self.nonlinearity.upper()}", input, None if hx is None else (_one_state(self, hx),))[0]

    def extra_repr(self) -> str:
        return super().extra_repr() + ("" if self.nonlinearity == "tanh" else f", nonlinearity={self.nonlinearity}")


class LSTMCell(RNNCellBase):
    """One step of LSTM: (B, in) and (h, c), (B, H) each -> (h', c'), also without B.

    https://pytorch.org/docs/stable/generated/torch.nn.LSTMCell.html

    >>> from tinygrad_lite import ones
    >>> h, c = LSTMCell(3, 5)(ones(2, 3))
    >>> h.shape, c.shape
    (torch.Size([2, 5]), torch.Size([2, 5]))
    """

    def __init__(self, input_size: int, hidden_size: int, bias: bool = True, device: Any = None, dtype: Any = None) -> None:
        super().__init__(input_size, hidden_size, bias, 4, device, dtype)

    def forward(self, input: Tensor, hx: tuple[Tensor, Tensor] | None = None) -> tuple[Tensor, Tensor]:
        h, c = self._step("LSTM", input, None if hx is None else _two_states(self, hx))
        return h, c


class GRUCell(RNNCellBase):
    """One step of GRU: (B, in) and (B, H) -> (B, H), also without B.

    https://pytorch.org/docs/stable/generated/torch.nn.GRUCell.html

    >>> from tinygrad_lite import ones
    >>> GRUCell(3, 5)(ones(2, 3)).shape
    torch.Size([2, 5])
    """

    def __init__(self, input_size: int, hidden_size: int, bias: bool = True, device: Any = None, dtype: Any = None) -> None:
        super().__init__(input_size, hidden_size, bias, 3, device, dtype)

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:
        return self._step("GRU", input, None if hx is None else (_one_state(self, hx),))[0]


def _steps(mode: str, gates: Tensor, w: Tensor, b: Tensor, before: States, at: tuple[Any, ...]) -> States:
    """The states after each step, and the cells of an LSTM; of both those at an index."""
    if mode == "LSTM":
        both = ops.lstm(gates, w, *before, held=[])
        return getitem(both, index=(0, *at), once=True), getitem(both, index=(1, *at), once=True)
    out = ops.gru(gates, w, b, *before, held=[]) if mode == "GRU" else ops.rnn(gates, w, *before, kind=mode[4:].lower())
    return (out if at == (...,) else getitem(out, index=at, once=True),)


def _with_bias(weights: list[Any]) -> list[Any]:
    """Weights and biases, which are zeros if there are none."""
    if len(weights) == 4:
        return weights
    w = weights[0].array
    return [*weights, *[Tensor._of(array_module(w).zeros(len(w), w.dtype))] * 2]


def _draw(module: Any) -> None:
    bound = 1 / sqrt(module.hidden_size) if module.hidden_size > 0 else 0
    for p in module.parameters():
        init.uniform_(p, -bound, bound)


def _one_state(module: Module, hx: Any) -> Tensor:
    if not isinstance(hx, Tensor):
        raise not_tensors(type(module).__name__, hx=hx)
    return hx


def _two_states(module: Module, hx: Any) -> tuple[Tensor, Tensor]:
    if not isinstance(hx, (tuple, list)) or len(hx) != 2 or not all([isinstance(s, Tensor) for s in hx]):
        found = f"{type(hx).__name__} of {len(hx)}" if isinstance(hx, (tuple, list)) else type(hx).__name__
        raise TypeError(
            f"{type(module).__name__}: hx must be a tuple of two Tensors, the state and the cell (h, c); got {found}"
        )
    h, c = hx
    return h, c


def _check_arguments(mode: str, dropout: float, num_layers: int, proj_size: int) -> None:
    if mode not in GATES:
        raise ValueError(f"Unrecognized RNN mode: {mode}; it is one of {', '.join(GATES)}")
    if isinstance(dropout, bool) or not 0 <= float(dropout) <= 1:
        what = "dropout should be a number in range [0, 1] representing the probability of an element being zeroed"
        raise ValueError(f"{what}, got {dropout!r}")
    if dropout > 0 and num_layers == 1:
        what = f"dropout is between layers, so that dropout={dropout} does nothing with num_layers=1"
        warnings.warn(what, UserWarning, stacklevel=4)
    if proj_size and mode != "LSTM":
        raise ValueError("proj_size argument is only supported for LSTM, not RNN or GRU")
    if proj_size < 0:
        raise ValueError(f"proj_size should be a positive integer or zero to disable projections, got {proj_size}")
