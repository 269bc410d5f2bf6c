"""Rows of conv, conv_input (the transposed convolution) and conv_weight, and of of unfold and fold."""

from __future__ import annotations

from typing import Any

from tinygrad_lite.ops.neural import convolution, patches
from tinygrad_lite.ops.neural.grid import grid

from ..table import case, transposed


def row(call: str, *inputs: Any, op: str = "conv", keeps: tuple[str, ...] | None = None, **options: Any) -> None:
    """A row of nn.functional.call(*inputs, **options)."""
    case(op, lambda t, *xs, **o: getattr(t.nn.functional, call)(*xs, **o), *inputs, name=call, keeps=keeps, **options)


KEPT = ("w", "x", "")
row("conv2d", (2, 2, 6, 7), (3, 2, 2, 3), (3,), keeps=KEPT, stride=(2, 1), padding=(1, 3), dilation=(3, 2))
row("conv1d", (2, 2, 9), (4, 1, 3), (4,), keeps=KEPT, stride=2, padding=1, groups=2)
row("conv3d", (1, 2, 3, 4, 5), (2, 2, 2, 1, 3), (2,), keeps=KEPT, padding=(0, 1, 1), stride=(1, 2, 2))
row("conv2d", (2, 4, 3, 3), (4, 1, 3, 3), (4,), keeps=KEPT, padding=1, groups=4)
row("conv2d", transposed(2, 3, 4, 5), transposed(2, 3, 1, 1), keeps=KEPT)  # nothing is copied
row("conv2d", (2, 1, 7, 7), (1, 1, 2, 1), stride=(3, 4))  # a stride that leaves numbers out
row("conv2d", (2, 1, 1, 1), (1, 1, 2, 2), padding=4)  # windows that meet nothing
row("conv2d", (0, 2, 4, 4), (3, 2, 3, 3), (3,))
row("conv2d", (2, 4, 5), (3, 2, 2, 2), (3,))  # without a batch
row("conv_transpose2d", (2, 2, 3, 4), (2, 3, 2, 3), (3,), op="conv_input", keeps=("w", "y", ""), stride=(3, 2), padding=1)
row("conv_transpose1d", (2, 4, 5), (4, 2, 4), (4,), op="conv_input", keeps=("w", "y", ""), stride=2, groups=2)
row("conv_transpose3d", (1, 2, 2, 2, 3), (2, 1, 2, 1, 2), op="conv_input", stride=2, output_padding=1, dilation=(1, 2, 3))
case(  # more channels than places, so that the images are merged; and PyTorch warns of an even kernel
    "conv",
    lambda t, x, w, b: t.nn.functional.conv2d(x, w, b, padding="same"),
    (2, 5, 3, 2),
    (6, 5, 3, 2),
    (6,),
    theirs=lambda t, x, w, b: t.nn.functional.conv2d(t.nn.functional.pad(x, (0, 1, 1, 1)), w, b),
    keeps=KEPT,
)


def weight_in_torch(t: Any, y: Any, x: Any) -> Any:
    """A convolution too: of x by y, where the images of the batch take the part of the channels."""
    swapped = t.nn.functional.conv2d(x.transpose(0, 1), y.transpose(0, 1), padding=(1, 0), dilation=(2, 1), stride=(1, 2))
    return swapped.transpose(0, 1)[:, :, :3, :2]


case(
    "conv_weight",
    lambda t, y, x: convolution.conv_weight(y, x, grid=grid((6, 5), (3, 2), (3, 3), (2, 1), (1, 0), (1, 2), 1)),
    (2, 3, 3, 3),
    (2, 2, 6, 5),
    theirs=weight_in_torch,
    keeps=("x", "y"),
)

row("unfold", (2, 2, 4, 5), op="to_columns", kernel_size=(2, 3), padding=1, stride=(1, 2), dilation=(2, 1))
row("unfold", (2, 3, 4), op="to_columns", kernel_size=2, stride=2)
row("fold", (1, 12, 6), op="from_columns", output_size=(3, 7), kernel_size=(2, 3), padding=(0, 1), stride=(1, 3))
row("fold", (8, 9), op="from_columns", output_size=5, kernel_size=2, dilation=2)
for forward in (patches.to_columns, patches.from_columns):
    shape = (1, 2, 3, 4) if forward is patches.to_columns else (1, 2, 4, 2, 3)
    case(
        forward.__name__,
        lambda t, x, forward=forward: forward(x, grid=grid((1, 3, 4), (1, 2, 2), (1, 2, 3), (1,) * 3, (0,) * 3, (1,) * 3, 1)),
        shape,
        theirs=lambda t, x: (
            t.nn.functional.unfold(x, 2).reshape(1, 2, 4, 2, 3)
            if x.ndim == 4
            else t.nn.functional.fold(x.reshape(1, 8, 6), (3, 4), 2)
        ),
        keeps="",
    )
