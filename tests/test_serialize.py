"""save and load: what comes back is what was saved, safetensors files of others are read, and no file does harm."""

from __future__ import annotations

import io
import json
import os
import struct
import tracemalloc
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
import safetensors.torch
import torch

import tinygrad_lite as tl
from tinygrad_lite import nn, serialize
from tinygrad_lite.dtypes import SUPPORTED


def same(x: Any, y: Any) -> None:
    assert type(x) is type(y)
    if isinstance(x, tl.Tensor):
        assert x.dtype == y.dtype and x.shape == y.shape and x.requires_grad == y.requires_grad
        np.testing.assert_array_equal(x.detach().numpy(), y.detach().numpy())
    elif isinstance(x, dict):
        assert list(x) == list(y)
        for key in x:
            same(x[key], y[key])
    elif isinstance(x, (list, tuple)):
        assert len(x) == len(y)
        for a, b in zip(x, y):
            same(a, b)
    else:
        assert x == y or (x != x and y != y)


OBJECTS: dict[str, Any] = {
    "a tensor": lambda: tl.rand(2, 3),
    "0-d, empty, transposed, strided": lambda: [tl.tensor(2.0), tl.zeros(0, 3), tl.rand(3, 4).T, tl.rand(6)[::2]],
    "each dtype": lambda: [tl.tensor([0, 1, 1], dtype=dtype) for dtype in SUPPORTED],
    "nan and inf": lambda: [tl.tensor([float("nan"), float("inf")]), float("nan"), float("-inf"), 1e308, -0.0],
    "plain values": lambda: {"n": 3, "big": 2**80, "x": 0.1, "s": 'ä"\n\\', "t": True, "f": False, "none": None},
    "nested": lambda: {"a": [{"b": (tl.ones(2), [])}, ()], "c": {}, "d": OrderedDict(z=tl.ones(1), y=1)},
    "keys that are numbers": lambda: {0: {"step": 1}, 1.5: 2, None: tl.ones(1), True: 4},
    "names that meet": lambda: {"a": {"b": tl.ones(1)}, "a.b": tl.zeros(1), "__metadata__": tl.ones(2)},
    "names that look like structure": lambda: {"tensor": "tensor", "dict": [["a", 1]], "float": "nan"},
    "requires grad": lambda: [tl.ones(2, requires_grad=True), tl.ones(2)],
    "dtypes and devices": lambda: [tl.float16, tl.int8, tl.device("cpu")],
    "a state_dict": lambda: nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1)).state_dict(),
    "nothing": lambda: {},
}


@pytest.mark.parametrize("name", OBJECTS)
def test_what_was_saved_comes_back(name: str, tmp_path: Path) -> None:
    saved = OBJECTS[name]()
    tl.save(saved, tmp_path / "x.safetensors")
    same(tl.load(tmp_path / "x.safetensors"), saved)
    assert [file.name for file in tmp_path.iterdir()] == ["x.safetensors"]
    file = io.BytesIO()
    tl.save(saved, file)
    file.seek(0)
    same(tl.load(file), saved)


def test_a_training_run_is_saved_and_continued(tmp_path: Path) -> None:
    net = nn.Linear(2, 1)
    optimizer = nn.optim.AdamW(net.parameters(), lr=0.1)
    net(tl.ones(3, 2)).sum().backward()
    optimizer.step()
    tl.save({"model": net.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 1}, tmp_path / "run.safetensors")
    saved = tl.load(tmp_path / "run.safetensors", map_location="cpu")
    again = nn.Linear(2, 1)
    again.load_state_dict(saved["model"])
    other = nn.optim.AdamW(again.parameters(), lr=0.1)
    other.load_state_dict(saved["optimizer"])
    for one, opt in ((net, optimizer), (again, other)):
        opt.zero_grad()
        (one(tl.ones(3, 2)) ** 2).sum().backward()
        opt.step()
    assert saved["epoch"] == 1 and (net.weight == again.weight).all()


def test_shared_memory_stays_shared(tmp_path: Path) -> None:
    x = tl.rand(100)
    tl.save({"a": x, "b": x.detach(), "c": x[:50]}, tmp_path / "x")
    found = tl.load(tmp_path / "x")
    found["a"].zero_()
    assert not found["b"].any() and found["c"].any()
    assert set(safetensors.numpy.load_file(tmp_path / "x")) == {"a", "c"}
    found["c"][0] = 5.0  # the memory can be written to


def test_torchs_safetensors_are_read_and_read_ours(tmp_path: Path) -> None:
    theirs = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.BatchNorm1d(3)).state_dict()
    safetensors.torch.save_file(theirs, tmp_path / "theirs")
    found = tl.load(tmp_path / "theirs")
    assert found.keys() == theirs.keys()
    for name, x in theirs.items():
        np.testing.assert_array_equal(found[name].numpy(), x.numpy())
        assert str(found[name].dtype) == str(x.dtype).removeprefix("torch.")
    ours = nn.Linear(4, 2).state_dict()
    tl.save(ours, tmp_path / "ours")
    back = safetensors.torch.load_file(tmp_path / "ours")
    assert back.keys() == ours.keys()
    torch.nn.Linear(4, 2).load_state_dict(back)
    safetensors.torch.save_file({"x": torch.ones(2, dtype=torch.bfloat16)}, tmp_path / "bf16")
    with pytest.raises(RuntimeError, match="'x' of BF16; tensors are float16, float32"):
        tl.load(tmp_path / "bf16")


def test_a_file_of_torch_save_is_refused_with_the_way_out(tmp_path: Path) -> None:
    file = tmp_path / "model.pt"
    for zipped in (True, False):
        torch.save(torch.nn.Linear(2, 1).state_dict(), file, _use_new_zipfile_serialization=zipped)
        with pytest.raises(RuntimeError) as error:
            tl.load(file)
        lines = [line.strip() for line in str(error.value).splitlines()[1:]]
        there = {"model.pt": str(file), "model.safetensors": str(tmp_path / "model.safetensors")}
        code = "\n".join(lines)
        for name, path in there.items():
            code = code.replace(f'"{name}"', repr(path))
        exec(code, {})  # the two lines work as they are
        assert tl.load(tmp_path / "model.safetensors")["weight"].shape == (1, 2)


@pytest.mark.parametrize(
    ("what", "words"),
    [
        (lambda: {"net": nn.Linear(1, 1)}, r"got Linear in net; save its state: save\(x.state_dict\(\), path\)"),
        (lambda: [1, {2, 3}], "got set in 1"),
        (lambda: {"a": {(1, 2): 3}}, "keys of a dict are text or numbers, got tuple in a"),
        (lambda: {"a": 1j}, "got complex in a"),
        (lambda: print, "got builtin_function_or_method in obj"),
    ],
)
def test_what_cannot_be_saved_is_refused_before_anything_is_written(what: Any, words: str, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"before")
    with pytest.raises(TypeError, match=words):
        tl.save(what(), tmp_path / "x")
    assert (tmp_path / "x").read_bytes() == b"before" and len(list(tmp_path.iterdir())) == 1


def test_a_list_that_contains_itself_is_refused(tmp_path: Path) -> None:
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(ValueError, match="contains itself"):
        tl.save(endless, tmp_path / "x")


def test_a_failure_while_writing_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tl.save([1], tmp_path / "x")

    def fails(*args: Any) -> None:
        raise OSError("disk full")

    for name in ("fsync", "replace"):
        with monkeypatch.context() as patch, pytest.raises(OSError, match="disk full"):
            patch.setattr(serialize.os, name, fails)
            tl.save([2], tmp_path / "x")
        assert tl.load(tmp_path / "x") == [1] and [file.name for file in tmp_path.iterdir()] == ["x"]
    with pytest.raises(FileNotFoundError):
        tl.save([1], tmp_path / "no" / "such" / "folder")
    with pytest.raises(FileNotFoundError):
        tl.load(tmp_path / "nothing")


# Damaged and hostile files


def file_of(header: Any, data: bytes = b"", length: int | None = None) -> bytes:
    """A safetensors file with any header."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def entry(shape: Any, offsets: Any, dtype: Any = "F32") -> dict[str, Any]:
    return {"x": {"dtype": dtype, "shape": shape, "data_offsets": offsets}}


def structure(value: Any) -> bytes:
    text = value if isinstance(value, str) else json.dumps(value)
    return file_of({"__metadata__": {serialize.KEY: text}, **entry([1], [0, 4])}, bytes(4))


HOSTILE = {
    "empty": b"",
    "seven bytes": bytes(7),
    "no header": bytes(8),
    "a length that lies": file_of({}, length=2**62),
    "a length past the end": file_of({}, length=1000),
    "a length of all ones": b"\xff" * 64,
    "a header that is no JSON": file_of(b"{'x': 1}"),
    "a header that is no text": file_of(b"\xff\xfe\xfd"),
    "a header that is a list": file_of([1, 2]),
    "a huge shape": file_of(entry([2**40, 2**40], [0, 4]), bytes(4)),
    "a shape that overflows": file_of(entry([2**62, 4], [0, 0])),
    "a negative shape": file_of(entry([-1], [0, 4]), bytes(4)),
    "offsets past the end": file_of(entry([1000], [0, 4000]), bytes(4)),
    "offsets in reverse": file_of(entry([1], [4, 0]), bytes(4)),
    "offsets that lie": file_of(entry([1], [0, 8]), bytes(8)),
    "bytes that nothing uses": file_of(entry([1], [0, 4]), bytes(8)),
    "an unknown dtype": file_of(entry([1], [0, 4], "OBJECT"), bytes(4)),
    "a dtype that is a path": file_of(entry([1], [0, 4], "../../etc/passwd"), bytes(4)),
    "a deep header": file_of(b'{"x":' * 100_000 + b"1" + b"}" * 100_000),
    "a deep structure": structure('{"list":[' * 50_000 + "1" + "]}" * 50_000),
    "a structure that is no JSON": structure("{"),
    "an unknown kind": structure({"object": "os.system"}),
    "a tensor that is not there": structure({"tensor": "y"}),
    "a list in place of an object": structure([1]),
    "pairs that are none": structure({"dict": [[1, 2, 3]]}),
    "a key that cannot be one": structure({"dict": [[{"list": []}, 1]]}),
    "a dtype that runs": structure({"dtype": "O"}),
    "a device that is none": structure({"device": "/dev/sda"}),
    "a tensor of integers that requires grad": file_of(
        {"__metadata__": {serialize.KEY: json.dumps({"tensor": "x", "requires_grad": True})}, **entry([1], [0, 8], "I64")},
        bytes(8),
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_an_error_and_no_large_allocation(name: str, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(HOSTILE[name])
    tl.ones(1)
    tracemalloc.start()
    with pytest.raises(RuntimeError):
        tl.load(tmp_path / "x")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 50_000_000
    assert os.listdir(tmp_path) == ["x"]


def test_every_cut_and_every_changed_byte_is_an_error_or_another_value(tmp_path: Path) -> None:
    file = io.BytesIO()
    tl.save({"a": tl.rand(3), "n": [1, 2.5, "text"]}, file)
    whole = file.getvalue()
    for end in range(len(whole)):
        with pytest.raises(RuntimeError):
            tl.load(io.BytesIO(whole[:end]))
    for place in range(0, len(whole)):
        changed = bytearray(whole)
        changed[place] ^= 0x15
        try:
            tl.load(io.BytesIO(bytes(changed)))
        except RuntimeError:
            continue


def test_arguments(tmp_path: Path) -> None:
    tl.save(1, tmp_path / "x")
    assert tl.load(str(tmp_path / "x"), weights_only=False) == 1
    with pytest.raises(TypeError, match="map_location"):
        tl.load(tmp_path / "x", map_location={"cuda": "cpu"})
    with pytest.raises(TypeError, match="open for bytes"):
        tl.load(io.StringIO("text"))
