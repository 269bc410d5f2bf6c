"""Loading: the values of a state_dict are copied into parameters and buffers, all of them or, if one does not fit, none."""

from __future__ import annotations

from collections.abc import Mapping
from operator import setitem
from typing import Any, NamedTuple

import numpy as np

from tinygrad_lite._tensor import Tensor
from tinygrad_lite.backend import Array, device_of, is_array, plain, put
from tinygrad_lite.inplace import unwritable, write

from .parameter import UninitializedParameter


class IncompatibleKeys(NamedTuple):
    """The keys that load_state_dict(strict=False) could not match."""

    missing_keys: list[str]
    unexpected_keys: list[str]

    def __repr__(self) -> str:
        if not self.missing_keys and not self.unexpected_keys:
            return "<All keys matched successfully>"
        return f"IncompatibleKeys(missing_keys={self.missing_keys}, unexpected_keys={self.unexpected_keys})"


def load(own: Mapping[str, Tensor], state_dict: Mapping[str, Any], strict: bool, owner: str) -> IncompatibleKeys:
    """Copy values into the tensors of `own` that have the same keys; the error names `owner`.

    Every value is read and checked before the first is written.
    """
    if not isinstance(state_dict, Mapping):
        raise TypeError(f"Expected state_dict to be dict-like, got {type(state_dict)}.")
    result = IncompatibleKeys([k for k in own if k not in state_dict], [k for k in state_dict if k not in own])
    errors = []
    for keys, which in zip(result, ("Missing", "Unexpected")):
        if strict and keys:
            named = ", ".join([f'"{key}"' for key in keys])
            errors.append(f"{which} key(s) in state_dict: {named}. ")
    values: dict[str, Array] = {}
    shapes: dict[Tensor, tuple[int, ...]] = {}  # once loaded: an uninitialized parameter takes the shape of its first value
    for key, x in own.items():
        if key not in state_dict:
            continue
        try:
            array = numbers(state_dict[key])
            shape = array.shape if isinstance(x, UninitializedParameter) else x.shape
            if array.shape != shapes.setdefault(x, shape):
                errors.append(
                    f"size mismatch for {key}: copying a param with shape {list(array.shape)} from checkpoint, "
                    f"the shape in current model is {list(shapes[x])}."
                )
            elif why := unwritable(x.array):
                errors.append(f'for "{key}", {why}')
            else:
                values[key] = put(array, device_of(x.array)).astype(x.dtype, copy=False)
        except Exception as error:  # np.asarray's, or that of whatever reads the file
            errors.append(f'for "{key}", {error}')
    if errors:
        raise RuntimeError(f"Error(s) in loading state_dict for {owner}:\n\t" + "\n\t".join(errors))
    for key, array in values.items():
        x = own[key]
        if isinstance(x, UninitializedParameter):
            x.materialize(array.shape)
        write(x.array, setitem, ..., array)
    return result


def numbers(value: Any) -> Array:
    """The array in a saved value: a Tensor, an array, or what np.asarray reads. TypeError if it is not an array of numbers."""
    if not isinstance(value, Tensor) and not hasattr(value, "shape"):
        raise TypeError(f"expected a Tensor or an array but received {type(value)}")
    array = value.array if isinstance(value, Tensor) else value
    array = plain(array) if is_array(array) else np.asarray(array)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"expected real numbers but received an array of {array.dtype}")
    return array
