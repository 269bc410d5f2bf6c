"""save and load: tensors, and the dicts, lists, numbers and text around them, in one file without pickle.

The file is a safetensors file, so other libraries can read its tensors: a state_dict has the same names there. The structure
around the tensors is JSON in the file's header, under "tinygrad_lite". Loading a file runs no code from it. Each value in the
JSON is a number, text, true, false, null, or an object whose first key says what it is (a tensor may also have
"requires_grad"):

    {"tensor": name}  {"dict": [[key, value], ...]}  {"OrderedDict": ...}  {"list": [...]}  {"tuple": [...]}
    {"float": "nan"}  {"dtype": "float32"}  {"device": "cpu"}

https://huggingface.co/docs/safetensors, https://pytorch.org/docs/stable/generated/torch.save.html
"""

from __future__ import annotations

import json
import os
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from math import isfinite
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np

from ._tensor import Tensor
from .backend import CPU, address_of, device, put
from .dtypes import SUPPORTED, as_dtype

__all__ = ["load", "save"]

KEY = "tinygrad_lite"  # in the metadata of the file's header
PLAIN = (str, bool, int, type(None))


def save(obj: Any, f: Any) -> None:
    """Write `obj` to a file, given by its path or as a file that is open for bytes. It may be a Tensor, a number, text, None,
    or a dict, list or tuple of such things, nested; two tensors on the same memory stay so. A path gets its file at the end:
    the bytes are written under a temporary name, flushed to disk, and renamed, so that there is never half a file.
    TypeError, before anything is written, for anything else.
    https://pytorch.org/docs/stable/generated/torch.save.html
    >>> import io
    >>> file = io.BytesIO()
    >>> save({"weights": [tensor([1.0, 2.0])], "epoch": 3}, file)
    >>> load(file)
    {'weights': [tensor([1., 2.])], 'epoch': 3}
    """
    from safetensors import numpy as safetensors  # imported where a program saves

    arrays = Arrays()
    try:
        structure = json.dumps(_described(obj, "", arrays), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    except RecursionError:
        raise ValueError("save: obj is nested too deeply, or contains itself") from None
    data = safetensors.save({name: in_rows(put(array, "cpu")) for name, array in arrays.named.items()}, {KEY: structure})
    if hasattr(f, "write"):
        f.write(data)
    else:
        write_whole(Path(f), data)


def load(f: Any, map_location: Any = None, *, weights_only: bool = True, mmap: bool | None = None) -> Any:
    """What save() wrote, from a path or a file that is open for bytes; from any other safetensors file, its tensors by name.
    The tensors are put on the device `map_location`, the CPU if none is given. RuntimeError for a damaged file, and for one
    that torch.save() made: it holds pickled Python, and the error says how to convert it. `weights_only` and `mmap` are
    accepted as in PyTorch; no file can bring code here.
    https://pytorch.org/docs/stable/generated/torch.load.html
    """
    if not (map_location is None or isinstance(map_location, (str, device))):
        raise TypeError(f"load: map_location is the name of a device ('cpu', 'cuda'), got {type(map_location).__name__}")
    place = CPU if map_location is None else device(str(map_location))
    if hasattr(f, "read"):
        what, data = "load: this file", _rest(f)
    else:
        what, data = f"load: {os.fspath(f)!r}", Path(f).read_bytes()
    arrays, metadata = _parsed(what, data)
    tensors = {name: Tensor._of(put(array, place)) for name, array in arrays.items()}
    if KEY not in metadata:
        return tensors
    try:
        return _restored(json.loads(metadata[KEY]), tensors)
    except (ValueError, KeyError, TypeError, IndexError, RecursionError) as error:
        reason = f"{type(error).__name__}: {str(error)[:200]}"
        raise RuntimeError(f"{what} is damaged: the structure in its header cannot be read ({reason})") from None


def in_rows(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The array with its numbers in row-major order: safetensors writes the memory as it is."""
    return array if array.flags.c_contiguous else array.copy("C")


class Arrays:
    """The arrays to save: by their names, and the names by their places in memory."""

    def __init__(self) -> None:
        self.named: dict[str, Any] = {}
        self.places: dict[Any, str] = {}

    def name(self, array: Any, path: str) -> str:
        """The name of an array: that of the same memory if it is there already, else a new one."""
        memory = address_of(array)
        place = (memory, array.shape, array.strides, array.dtype) if array.size else id(array)
        if place not in self.places:
            name = path or "tensor"
            while name in self.named or name == "__metadata__":
                name += "_"
            self.places[place], self.named[name] = name, array
        return self.places[place]


def _described(obj: Any, path: str, arrays: Arrays) -> Any:
    """`obj` as JSON; its tensors are added to `arrays` under names made of the keys on the way to them."""
    if isinstance(obj, (Tensor, np.ndarray)):
        array = obj.array if isinstance(obj, Tensor) else np.asarray(obj, as_dtype(obj.dtype))
        described = {"tensor": arrays.name(array, path)}
        return described | ({"requires_grad": True} if isinstance(obj, Tensor) and obj.requires_grad and obj.is_leaf else {})
    if isinstance(obj, np.generic):
        obj = obj.item()
    if isinstance(obj, device):
        return {"device": str(obj)}
    if isinstance(obj, float):
        return obj if isfinite(obj) else {"float": str(obj)}
    if type(obj) in PLAIN:
        return obj
    if isinstance(obj, np.dtype):
        return {"dtype": as_dtype(obj).name}
    kinds: dict[Any, str] = {dict: "dict", OrderedDict: "OrderedDict", list: "list", tuple: "tuple"}
    kind = kinds.get(type(obj)) or ("tuple" if isinstance(obj, tuple) and not hasattr(obj, "_fields") else "")
    if kind in ("dict", "OrderedDict"):
        pairs = []
        for key, value in obj.items():
            if not isinstance(key, (str, int, float, type(None))):
                raise TypeError(f"save: the keys of a dict are text or numbers, got {type(key).__name__} in {path or 'obj'}")
            at = f"{path}.{key}" if path else str(key)
            pairs.append([_described(key, at, arrays), _described(value, at, arrays)])
        return {kind: pairs}
    if kind:
        return {kind: [_described(part, f"{path}.{i}" if path else str(i), arrays) for i, part in enumerate(obj)]}
    advice = "; save its state: save(x.state_dict(), path)" if hasattr(obj, "state_dict") else ""
    what = "save: tensors, numbers, text, None, and dicts, lists and tuples of them can be saved"
    raise TypeError(f"{what}, got {type(obj).__name__} in {path or 'obj'}{advice}")


def _restored(described: Any, tensors: dict[str, Tensor]) -> Any:
    """What _described() described."""
    if isinstance(described, (str, bool, int, float)) or described is None:
        return described
    if not isinstance(described, dict) or not described:
        raise ValueError(f"{type(described).__name__} in place of an object")
    kind, value = next(iter(described.items()))
    if kind == "tensor":
        return Tensor._of(tensors[value].array).requires_grad_(described.get("requires_grad") is True)
    if kind in ("dict", "OrderedDict"):
        pairs = {_restored(key, tensors): _restored(part, tensors) for key, part in value}
        return OrderedDict(pairs) if kind == "OrderedDict" else pairs
    if kind in ("list", "tuple"):
        parts = [_restored(part, tensors) for part in value]
        return tuple(parts) if kind == "tuple" else parts
    others: dict[str, Callable[[str], Any]] = {"float": float, "dtype": as_dtype, "device": device}
    return others[kind](value)


def _parsed(what: str, data: bytes) -> tuple[dict[str, Any], dict[str, str]]:
    """The arrays and the metadata of a safetensors file. The library checks that all lengths and offsets fit the file, before
    it takes memory for a tensor.
    """
    from safetensors import SafetensorError, deserialize

    if data[:4] == b"PK\x03\x04" or data[:2] in (b"\x80\x02", b"\x80\x03", b"\x80\x04"):
        raise RuntimeError(
            f"{what} is not a safetensors file but one of torch.save() or another zip or pickle, which could run any code. If "
            f"it holds a state_dict that you trust, convert it with PyTorch:\n"
            f"    import torch, safetensors.torch\n"
            f'    safetensors.torch.save_file(torch.load("model.pt"), "model.safetensors")'
        )
    try:
        found = deserialize(data)  # type: ignore[no-untyped-call]
    except SafetensorError as error:
        raise RuntimeError(f"{what} is damaged, or not a safetensors file: {error}") from None
    arrays = {}
    for name, part in found:
        dtype = DTYPES.get(part["dtype"])
        if dtype is None:
            supported = ", ".join(map(str, SUPPORTED))
            raise RuntimeError(f"{what} has a tensor {name!r} of {part['dtype']}; tensors are {supported}. Convert it first")
        arrays[name] = np.frombuffer(part["data"], dtype).reshape(part["shape"])
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    return arrays, header.get("__metadata__") or {}


DTYPES = {
    "F16": np.float16, "F32": np.float32, "F64": np.float64, "I8": np.int8, "I16": np.int16, "I32": np.int32, "I64": np.int64,
    "U8": np.uint8, "BOOL": np.bool_,
}  # fmt: skip


def _rest(f: Any) -> bytes:
    """All bytes of an open file. One that was just written to is read from its start."""
    data = f.read()
    if not data and hasattr(f, "seek"):
        f.seek(0)
        data = f.read()
    if not isinstance(data, bytes):
        raise TypeError(f"load: the file must be open for bytes (mode 'rb'), it gave {type(data).__name__}")
    return data


def write_whole(path: Path, data: bytes) -> None:
    """Write a file under a temporary name beside it, flush it to disk, and rename it."""
    temporary = path.with_name(f".{path.name}.{uuid4().hex}.tmp")
    try:
        with open(temporary, "xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        with suppress(FileNotFoundError):
            temporary.unlink()
    if hasattr(os, "O_DIRECTORY"):  # the new name is on disk too; Windows has no such call
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
