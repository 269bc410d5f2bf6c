"""Which ops and functions have no row in every_op_rows.py. every_op.py says so when it runs: a new op needs no row to pass the
tests, and gets one before the next table.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from typing import Any

import torch
from every_op_rows import FAMILIES

import tinygrad_lite as tl
from tinygrad_lite.tape import Node, ops, own

ROWS = {name: row for family in FAMILIES.values() for name, row in family.items()}

# Functions without a row, by the reason.
LEFT_OUT = {
    "a setting, or a question about one": """are_deterministic_algorithms_enabled enable_grad get_default_device
        get_default_dtype get_float32_matmul_precision get_num_threads is_grad_enabled no_grad set_default_device
        set_default_dtype set_default_tensor_type set_float32_matmul_precision set_num_threads set_printoptions
        use_deterministic_algorithms""",
    "seeds and states of generators": "get_rng_state initial_seed manual_seed seed set_rng_state",
    "about a dtype, a shape or an object, not its numbers": """broadcast_shapes can_cast get_device imag
        is_distributed is_inference is_signed is_complex is_conj is_floating_point
        is_neg is_tensor numel promote_types result_type typename""",
    "files, and compilation, which does nothing": "compile load save",
    "a view, then a clone: both have a row": """alias_copy as_strided_copy detach_copy diagonal_copy expand_copy permute_copy
        select_copy slice_copy split_copy split_with_sizes_copy squeeze_copy t_copy transpose_copy unbind_copy unfold_copy
        unsqueeze_copy view_copy""",
    "complex eigenvalues, refused": "eig eigvals",
    "the same with the indices, which are not differentiated": """adaptive_max_pool1d_with_indices
        adaptive_max_pool2d_with_indices adaptive_max_pool3d_with_indices max_pool1d_with_indices max_pool2d_with_indices
        max_pool3d_with_indices""",
    "refused": "ctc_loss",
    "a layer as a whole; attention has a row, and in layers.py": "multi_head_attention_forward",
    "the old name of interpolate": "upsample upsample_bilinear upsample_nearest",
    "another name of a function with a row, with a def of its own": """concat concatenate gammainc gammaincc moveaxis
        multigammaln orgqr pinv row_stack swapaxes swapdims unsafe_chunk unsafe_split unsafe_split_with_sizes""",
}
NO_ROW = {name for names in LEFT_OUT.values() for name in names.split()}

# Primitives that no row records on float32 tensors.
NOT_RECORDED = {
    "move": "to another device",
    "nextafter": "has no derivative, in PyTorch neither: its row is forward only",
    "nll_of_logits": "for many numbers; it has a row in layers.py",
    **dict.fromkeys(("gates", "rnn", "lstm", "gru"), "recurrent layers have rows in layers.py"),
}


def recorded(tensors: list[Any]) -> set[str]:
    """The names of the ops that these tensors were computed by."""
    below, seen = [x.node for x in tensors], set()
    while below:
        node = below.pop()
        if type(node) is Node and node not in seen:
            seen.add(node)
            below += node.edges
    return {node.op.name for node in seen}


def ops_of(row: Any, arrays: Iterable[Any], tensors: Callable[..., Any]) -> set[str]:
    """The ops that a row runs on these arrays, forward and backward. `tensors` finds the tensors in a result."""
    inputs = [tl.from_numpy(a) for a in arrays]
    leaves = [x.requires_grad_() for x in inputs if x.is_floating_point()]
    ends = [x for x in tensors(row.run(tl, *inputs), tl) if x.requires_grad and x.is_floating_point()]
    if not ends:
        return set()
    found = recorded(ends)
    ones = [tl.ones_like(x).requires_grad_() for x in ends]  # so that ops that are linear in g are recorded too
    gradients = tl.autograd.grad(ends, leaves, ones, create_graph=True, allow_unused=True)
    return found | recorded([g for g in gradients if g is not None])


def names_used() -> set[str]:
    """The names of functions and methods that the rows call."""
    called = {name for row in ROWS.values() for name in row.run.__code__.co_names}
    return called | {name.rpartition(".")[2] for name, row in ROWS.items()}


def ops_without_a_row(inputs_of: Callable[..., Any], tensors: Callable[..., Any]) -> list[str]:
    """Our primitives that no row records; the arguments are those functions of every_op.py."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = set[str]().union(*[ops_of(row, inputs_of(row.inputs, 16), tensors) for row in ROWS.values()])
    return sorted({name for name, op in ops.items() if not own(op)} - found - NOT_RECORDED.keys())


def functions_without_a_row(ours: Any, theirs: Any) -> list[str]:
    """The public functions of a module of ours that PyTorch has, and no row calls."""
    functions = {name: getattr(ours, name) for name in getattr(ours, "__all__", dir(ours)) if not name.startswith("_")}
    functions = {
        name: f
        for name, f in functions.items()
        if callable(f) and not isinstance(f, type) and hasattr(theirs, name) and not name.endswith("_")  # in place: `In place`
    }
    used = names_used()
    same = {id(f) for name, f in functions.items() if name in used}  # other names of the same function
    return sorted({name for name, f in functions.items() if name not in used and id(f) not in same} - NO_ROW)


def without_a_row(inputs_of: Callable[..., Any], tensors: Callable[..., Any]) -> list[str]:
    """All of them."""
    places = [(tl, torch), (tl.linalg, torch.linalg), (tl.special, torch.special), (tl.nn.functional, torch.nn.functional)]
    functions = [name for ours, theirs in places for name in functions_without_a_row(ours, theirs)]
    return list(dict.fromkeys([*ops_without_a_row(inputs_of, tensors), *functions]))
