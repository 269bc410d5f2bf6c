"""Rows of attention: the weights, and scaled_dot_product_attention, whose reference is PyTorch's without fused kernels, because
those have no second derivatives.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from torch.nn.attention import SDPBackend, sdpa_kernel

from tinygrad_lite.ops.neural import attention

from ..table import case, f, inf, nan, transposed


def weights(t: Any, q: Any, k: Any, mask: Any = None) -> Any:
    return attention.attention_weights(q, k, mask)


def in_torch(t: Any, q: Any, k: Any, mask: Any = 0) -> Any:
    """A row of -inf gives 0, and 0 to all that it is made of."""
    scores = q @ k.transpose(-1, -2) + mask
    lost = (scores == -inf).all(-1, keepdim=True)
    return scores.masked_fill(lost, 0).softmax(-1).masked_fill(lost, 0)


case("attention_weights", weights, (2, 3, 5), (2, 4, 5), (3, 4), theirs=in_torch, keeps=("out k", "out q", "out"))
case("attention_weights", weights, transposed(3, 2), (4, 2), theirs=in_torch)
case("attention_weights", weights, (1, 2, 3, 5), (2, 1, 4, 5), (2, 1, 4), theirs=in_torch)
for q, k in (((0, 5), (4, 5)), ((3, 0), (4, 0)), ((2, 5), (0, 5))):
    case("attention_weights", weights, q, k, theirs=in_torch)
case("attention_weights", weights, f([1e3, 2], [-1e3, 0], [3, 1]), f([1, 1], [2, -1]), smooth=False, theirs=in_torch)
MASK = f([0, -inf], [-inf, -inf], [-1e4, 0])
case("attention_weights", weights, (2, 3, 2), (2, 2), MASK, smooth=False, theirs=in_torch)
case("attention_weights", weights, f([nan, 1], [inf, 1], [-inf, 1]), f([1, 1], [1, 0]), smooth=False, twice=False,
     theirs=in_torch, name="wild")  # fmt: skip


def attend(t: Any, *inputs: Any, mask: Any = None, **options: Any) -> Any:
    with sdpa_kernel(SDPBackend.MATH):
        mask = None if mask is None else t.tensor(mask, device=inputs[0].device)
        return t.nn.functional.scaled_dot_product_attention(*inputs, attn_mask=mask, **options)


PLACES = np.array([[True, False, True, True], [True, True, False, False], [False, False, False, False]])
case("attention_weights", attend, (2, 3, 5), (2, 4, 5), (2, 4, 2), is_causal=True)
case("attention_weights", attend, (3, 5), (4, 5), (4, 2), mask=PLACES, scale=-0.3)
case("attention_weights", attend, (2, 4, 3, 2), (2, 2, 4, 2), (2, 1, 4, 3), mask=PLACES, enable_gqa=True)
