"""Fashion-MNIST: the real files where there are any, and small made-up ones from a local server that fails in every way."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import re
import shutil
import struct
import subprocess
import sys
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pooch
import pytest
from matplotlib.image import imread

import tinygrad_lite as tl
from tinygrad_lite.datasets import DataLoader, FashionMNIST, Subset, fetch, random_split
from tinygrad_lite.datasets.fashion_mnist import IdxFile, read_idx

NAMES = ("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz", "t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz")


def idx(array: np.ndarray[Any, Any]) -> bytes:
    """An array of bytes in the IDX format."""
    return struct.pack(f">{1 + array.ndim}I", 0x800 + array.ndim, *array.shape) + array.tobytes()


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


# A made-up set: 20 training and 10 test pictures, its files, and a FashionMNIST that expects them


def arrays() -> list[np.ndarray[Any, np.dtype[np.uint8]]]:
    draw = np.random.default_rng(0).integers
    return [
        draw(0, high, size, np.uint8)
        for n in (20, 10)
        for high, size in ((256, (n, 28, 28)), (10, (n,)))  # dtype uint8: 255 is the largest pixel
    ]


ARRAYS = arrays()
GZIPPED = {name: gzip.compress(idx(array), mtime=1) for name, array in zip(NAMES, ARRAYS)}
FILES = [
    IdxFile(name, array.shape, content=sha256(idx(array)), download=sha256(GZIPPED[name])) for name, array in zip(NAMES, ARRAYS)
]


class Small(FashionMNIST):
    files = {"train": (FILES[0], FILES[1]), "test": (FILES[2], FILES[3])}  # noqa: RUF012
    mirrors = ()
    system_folder = Path("there is none")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in; no data of this computer's user is found from it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TINYGRAD_LITE_DATA", raising=False)
    monkeypatch.setattr(pooch, "os_cache", lambda project: tmp_path / "cache" / project)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return tmp_path


def place(folder: Path, **changed: bytes) -> Path:
    """The four files in a folder, some of them with other bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in GZIPPED.items():
        (folder / name).write_bytes(changed.get(name.split("-ubyte")[0].replace("-", "_"), data))
    return folder


def files_in(folder: Path) -> set[str]:
    return {path.name for path in folder.rglob("*") if path.is_file()}


# What is in it


@pytest.mark.parametrize("train", [True, False])
def test_images_labels_and_items(home: Path, train: bool) -> None:
    images, labels = ARRAYS[:2] if train else ARRAYS[2:]
    ours = Small(place(home), train=train)
    assert len(ours) == len(labels)
    np.testing.assert_array_equal(ours.images.numpy(), images)
    np.testing.assert_array_equal(ours.labels.numpy(), labels)
    assert (ours.images.dtype, ours.labels.dtype) == (tl.uint8, tl.uint8)
    assert ours.images.numpy().flags.writeable
    assert ours.labels.numpy().flags.writeable
    x, y = ours[3]
    assert (x.shape, x.dtype, y.shape, y.dtype) == ((1, 28, 28), tl.float32, (), tl.int64)
    np.testing.assert_array_equal(x.numpy()[0], images[3].astype(np.float32) / np.float32(255))
    assert y.item() == labels[3]
    np.testing.assert_array_equal(ours[-1][0].numpy(), ours[len(ours) - 1][0].numpy())
    with pytest.raises(IndexError):
        ours[len(ours)]


@pytest.mark.parametrize("indices", [slice(2, 7), np.array([5, 0, 5]), np.array([], np.int64)])
def test_a_batch_is_its_items(home: Path, indices: Any) -> None:
    ours = Small(place(home))
    x, y = ours.batch(indices)
    items = [ours[i] for i in (range(20)[indices] if isinstance(indices, slice) else indices.tolist())]
    assert (x.shape, x.dtype, y.shape, y.dtype) == ((len(items), 1, 28, 28), tl.float32, (len(items),), tl.int64)
    for i, (image, label) in enumerate(items):
        np.testing.assert_array_equal(x[i].numpy(), image.numpy())
        assert y[i].item() == label.item()


def test_batches_leave_the_bytes_as_they_are(home: Path) -> None:
    ours = Small(place(home))
    for x, y in DataLoader(ours, batch_size=6):
        x.numpy().fill(0)
        y.numpy().fill(0)
    np.testing.assert_array_equal(ours.images.numpy(), ARRAYS[0])
    np.testing.assert_array_equal(ours.labels.numpy(), ARRAYS[1])


def test_a_loader_gathers_whole_batches(home: Path) -> None:
    asked = []

    class Counted(Small):
        def batch(self, indices: Any) -> Any:
            asked.append(indices)
            return super().batch(indices)

    ours = Counted(place(home))
    for part in (ours, *random_split(ours, [15, 5]), Subset(ours, [0, 1])):
        for shuffle in (False, True):
            asked.clear()
            n = sum(len(y) for _, y in DataLoader(part, batch_size=20, shuffle=shuffle))
            assert (n, len(asked)) == (len(part), 1)


def test_items_on_the_device(home: Path, device: str) -> None:
    ours = Small(place(home))
    ours.images, ours.labels = ours.images.to(device), ours.labels.to(device)
    for x, y in [ours[0], *DataLoader(ours, batch_size=8, shuffle=True)]:
        assert (x.device.type, y.device.type) == (device, device)
    x, _ = ours.batch(slice(0, 20))
    np.testing.assert_array_equal(x.cpu().numpy()[:, 0], ARRAYS[0] / np.float32(255))


def test_text_labels(home: Path) -> None:
    ours = Small(place(home))
    assert ours.classes[0] == "T-shirt/top"
    assert len(ours.classes) == 10
    assert ours.text_labels(ours.labels) == [ours.classes[label] for label in ARRAYS[1]]
    assert ours.text_labels([9, np.uint8(1)]) == ["Ankle boot", "Trouser"]
    for wrong in (10, -1):
        with pytest.raises(IndexError, match=f"label {wrong}: there are 10 classes, from 0 to 9"):
            ours.text_labels([0, wrong])


def test_it_shows_itself_with_its_first_pictures(home: Path) -> None:
    ours = Small(place(home), train=False)
    counts = dict(zip(ours.classes, np.bincount(ARRAYS[3], minlength=10).tolist()))
    classes = ", ".join(f"{name} {count}" for name, count in counts.items())
    assert repr(ours) == f"Small(10 samples: float32[1, 28, 28], int64[]; classes: {classes})"
    assert shown_pictures(ours) == ARRAYS[2].tolist()
    part = Subset(ours, [3, 1])
    assert "2 samples" in repr(part)
    assert shown_pictures(part) == ARRAYS[2][[3, 1]].tolist()
    assert "img" not in Subset(ours, [])._repr_html_()


def shown_pictures(dataset: Any) -> Any:
    """The pictures in its HTML, which are dark on light."""
    source = re.search(r'src="data:image/png;base64,([^"]*)"', dataset._repr_html_())
    assert source
    row = 255 - np.round(255 * imread(io.BytesIO(base64.b64decode(source[1])))[..., 0]).astype(int)
    return [picture.tolist() for picture in np.split(row, row.shape[1] // 28, axis=1)]


# Where it is found

LAYOUTS = [".", "FashionMNIST/raw"]


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("where", ["root", "named", "cache/tinygrad_lite", "data"])
def test_files_are_found_where_they_are(home: Path, where: str, layout: str, monkeypatch: pytest.MonkeyPatch) -> None:
    place(home / where / layout)
    if where == "named":
        monkeypatch.setenv("TINYGRAD_LITE_DATA", str(home / "named"))
    root = str(home / "root") if where == "root" else None
    assert [len(Small(root, train=train, download=False)) for train in (True, False)] == [20, 10]


def test_files_are_found_in_the_system_folder(home: Path) -> None:
    class Debian(Small):
        system_folder = place(home / "usr")

    assert len(Debian(home / "elsewhere", download=False)) == 20


def test_root_comes_first(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place(home / "named", train_images_idx3=b"broken")
    monkeypatch.setenv("TINYGRAD_LITE_DATA", str(home / "named"))
    assert len(Small(place(home / "root"))) == 20
    with pytest.raises(ValueError, match=r"named.*train-images"):
        Small()


def test_debians_recompressed_files_are_the_same(home: Path) -> None:
    other = gzip.compress(idx(ARRAYS[0]), compresslevel=1, mtime=2)
    assert other != GZIPPED[NAMES[0]]
    assert len(Small(place(home, train_images_idx3=other))) == 20


def test_files_that_are_nowhere(home: Path) -> None:
    (home / "root").mkdir()
    shutil.copy(place(home / "copy") / NAMES[0], home / "root")
    with pytest.raises(FileNotFoundError) as caught:
        Small("root", download=False)
    told = str(caught.value)
    for part in (NAMES[0], NAMES[1], str(home / "root"), str(home / "data"), "TINYGRAD_LITE_DATA", "download=True", "by hand"):
        assert part in told
    assert files_in(home / "root") == {NAMES[0]}


# Files that are broken, by name

IMAGES = ARRAYS[0]
BROKEN = {
    "truncated": (GZIPPED[NAMES[0]][:1000], "is truncated after 1000 bytes; delete it"),
    "empty": (b"", "holds only 0 bytes, less than a header"),
    "no header": (gzip.compress(b"\0\0\x08"), "holds only 3 bytes"),
    "a web page": (b"<html>not found</html>", "is not a gzip file"),
    "damaged": (GZIPPED[NAMES[0]][:500] + bytes(4) + GZIPPED[NAMES[0]][504:], "is not a gzip file, or is damaged"),
    "magic": (gzip.compress(b"\0\0\x0d\3" + idx(IMAGES)[4:]), "starts with the magic number 0x00000d03; expected 0x00000803"),
    "count": (gzip.compress(idx(IMAGES[:19])), "holds 19x28x28 numbers, expected 20x28x28"),
    "size": (gzip.compress(idx(IMAGES.reshape(20, 14, 56))), "holds 20x14x56 numbers, expected 20x28x28"),
    "too few": (gzip.compress(idx(IMAGES)[:-5]), "holds 15675 bytes of data, expected 15680"),
    "too many": (gzip.compress(idx(IMAGES) + b"more"), "holds 15681 or more bytes of data, expected 15680"),
    "other pictures": (gzip.compress(idx(255 - IMAGES)), "has the right form, but holds another dataset"),
    "labels": (GZIPPED[NAMES[1]], "holds the content of train-labels-idx1-ubyte.gz: the files are swapped"),
    "test pictures": (GZIPPED[NAMES[2]], "holds the content of t10k-images-idx3-ubyte.gz: the files are swapped"),
}


@pytest.mark.parametrize(("broken", "match"), BROKEN.values(), ids=BROKEN)
def test_broken_files_are_refused_by_name(home: Path, broken: bytes, match: str) -> None:
    place(home, train_images_idx3=broken)
    with pytest.raises(ValueError, match=rf"train-images-idx3-ubyte\.gz {match}"):
        Small(home)
    assert len(Small(home, train=False)) == 10  # the others are still good


def test_swapped_labels_are_refused_by_name(home: Path) -> None:
    place(home, t10k_labels_idx1=GZIPPED[NAMES[1]])
    with pytest.raises(ValueError, match=r"t10k-labels\S+ holds 20 numbers, expected 10, as train-labels\S+ does: are"):
        Small(home, train=False)


def test_no_more_is_unpacked_than_the_file_should_hold(home: Path) -> None:
    path = home / "bomb.gz"
    with gzip.open(path, "wb", compresslevel=1) as file:
        for _ in range(256):
            file.write(bytes(1 << 20))
    bomb = gzip.compress(idx(IMAGES)) + path.read_bytes()  # a gzip file may have several parts
    assert len(bomb) < 2 << 20
    place(home, train_images_idx3=bomb)
    tracemalloc.start()
    with pytest.raises(ValueError, match="holds 15681 or more bytes"):
        Small(home)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2 << 20


# Downloads, from a server on this computer whose first folder says how it fails


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        mode, name = self.path.strip("/").split("/")
        data = GZIPPED[name]
        self.server.asked.append((mode, name))
        if mode == "missing":
            return self.send_error(404)
        if mode == "breaks":
            return self.send_error(500)
        if mode == "dies":
            return None  # without an answer
        if mode == "other":
            data = bytes(reversed(data))
        if mode == "short":
            data = data[:-1]
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if mode == "truncates":
            self.wfile.write(data[: len(data) // 2])
        elif mode == "stalls":
            self.wfile.write(data[:10])
            self.server.released.wait(10)
        else:
            self.wfile.write(data)

    def log_message(self, *args: Any) -> None:
        """Says nothing."""


class Server:
    def __init__(self) -> None:
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.asked, self.http.released = [], threading.Event()
        self.asked: list[tuple[str, str]] = self.http.asked
        threading.Thread(target=self.http.serve_forever, args=(0.01,), daemon=True).start()

    def mirror(self, mode: str) -> str:
        return f"http://127.0.0.1:{self.http.server_port}/{mode}/"

    def dataset(self, *modes: str) -> type[Small]:
        return type("Served", (Small,), {"mirrors": tuple(map(self.mirror, modes))})


@pytest.fixture
def server() -> Iterator[Server]:
    started = Server()
    yield started
    started.http.released.set()
    started.http.shutdown()
    started.http.server_close()


def test_download(home: Path, server: Server, capfd: pytest.CaptureFixture[str]) -> None:
    served = server.dataset("good")
    ours = served("root")
    np.testing.assert_array_equal(ours.images.numpy(), ARRAYS[0])
    assert server.asked == [("good", NAMES[0]), ("good", NAMES[1])]  # the training files alone
    assert files_in(home) == set(NAMES[:2])
    assert (home / "root" / "FashionMNIST" / "raw" / NAMES[0]).read_bytes() == GZIPPED[NAMES[0]]  # where torchvision looks
    served("root")
    assert len(server.asked) == 2  # found, not downloaded again
    assert capfd.readouterr() == ("", "")  # quiet, because this is no terminal


def test_downloads_go_to_the_named_folder_else_to_the_cache(
    home: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    served = server.dataset("good")
    served()
    assert files_in(home / "cache") == set(NAMES[:2])
    monkeypatch.setenv("TINYGRAD_LITE_DATA", str(home / "named"))
    served(train=False)
    assert files_in(home / "named") == set(NAMES[2:])


FAILURES = {
    "missing": "404",
    "breaks": "500",
    "dies": "Connection",
    "truncates": "IncompleteRead",
    "short": "does not match the known hash",
    "other": "does not match the known hash",
}


@pytest.mark.parametrize(("mode", "told"), FAILURES.items())
def test_a_mirror_that_fails_leaves_nothing_and_is_told(home: Path, server: Server, mode: str, told: str) -> None:
    with pytest.raises(RuntimeError) as caught:
        server.dataset(mode)("root")
    message = str(caught.value)
    for part in (
        "train-images-idx3-ubyte.gz could not be downloaded",
        server.mirror(mode) + NAMES[0],
        told,
        "by hand",
        FILES[0].download,
        str(home / "root"),
        "TINYGRAD_LITE_DATA",
    ):
        assert part in message
    assert files_in(home) == set()


@pytest.mark.parametrize("mode", FAILURES)
def test_the_second_mirror_helps_out(home: Path, server: Server, mode: str) -> None:
    assert len(server.dataset(mode, "good")("root")) == 20
    assert [asked for asked, _ in server.asked] == [mode, "good"] * 2
    assert files_in(home) == set(NAMES[:2])


def test_a_mirror_that_sends_too_much(home: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(fetch.__globals__, "LARGEST", 1000)
    with pytest.raises(RuntimeError, match="OSError: it sends more than 1000 bytes"):
        server.dataset("good")(home)
    assert files_in(home) == set()


def test_a_mirror_that_is_down(home: Path, server: Server) -> None:
    class Served(Small):
        mirrors = ("http://127.0.0.1:9/", server.mirror("good"))  # nothing listens there

    assert len(Served("root")) == 20


def test_a_mirror_that_falls_silent(home: Path, server: Server) -> None:
    with pytest.raises(RuntimeError, match="timed out"):
        fetch(NAMES[0], FILES[0].download, [server.mirror("stalls")], home / "root", timeout=0.2)
    path = fetch(NAMES[0], FILES[0].download, [server.mirror("stalls"), server.mirror("good")], home / "root", timeout=0.2)
    assert path == home / "root" / NAMES[0]
    assert files_in(home) == {NAMES[0]}


def test_every_mirror_that_was_tried_is_told(home: Path, server: Server) -> None:
    with pytest.raises(RuntimeError) as caught:
        server.dataset("missing", "truncates", "other")("root")
    assert all(server.mirror(mode) + NAMES[0] in str(caught.value) for mode in ("missing", "truncates", "other"))


def test_a_second_start_keeps_what_is_good_and_replaces_what_is_not(home: Path, server: Server) -> None:
    raw = home / "root" / "FashionMNIST" / "raw"
    with pytest.raises(RuntimeError):
        server.dataset("missing")("root")
    place(raw)
    (raw / NAMES[1]).unlink()  # as after a download that was broken off between the two
    assert len(server.dataset("good")("root")) == 20
    assert server.asked[1:] == [("good", NAMES[1])]
    (raw / NAMES[0]).write_bytes(b"half")
    fetch(NAMES[0], FILES[0].download, [server.mirror("good")], raw)
    assert (raw / NAMES[0]).read_bytes() == GZIPPED[NAMES[0]]


def test_an_interrupted_download_leaves_nothing(home: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*args: Any) -> None:
        args[-2].write(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(pooch.HTTPDownloader, "__call__", interrupted)
    with pytest.raises(KeyboardInterrupt):
        server.dataset("good")("root")
    assert files_in(home) == set()


@pytest.mark.parametrize(("progress", "shown"), [(True, True), (False, False)])
@pytest.mark.parametrize("where", ["terminal", "notebook"])
def test_the_bar_shows_on_a_terminal_and_in_a_notebook_unless_turned_off(
    home: Path,
    server: Server,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    where: str,
    progress: bool,
    shown: bool,
) -> None:
    level = pooch.get_logger().level
    if where == "terminal":
        monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    else:
        monkeypatch.setitem(sys.modules, "ipykernel", ModuleType("ipykernel"))
    server.dataset("good")("root", progress=progress)
    assert ("100%" in capsys.readouterr().err) == shown
    assert pooch.get_logger().level == level


def test_nothing_is_downloaded_unless_wanted(home: Path, server: Server) -> None:
    with pytest.raises(FileNotFoundError):
        server.dataset("good")("root", download=False)
    assert server.asked == []
    assert files_in(home) == set()


def test_importing_datasets_loads_neither_pooch_nor_tqdm() -> None:
    code = (
        "import sys; from tinygrad_lite import datasets; print([m for m in ('pooch', 'tqdm', 'requests') if m in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


# The real files


@pytest.fixture(scope="module")
def real() -> Callable[[bool], FashionMNIST]:
    @cache
    def load(train: bool) -> FashionMNIST:
        try:
            return FashionMNIST(train=train, download=False)
        except FileNotFoundError:
            pytest.skip(
                "the real Fashion-MNIST is not here; get it with python -c "
                "'from tinygrad_lite.datasets import FashionMNIST as F; F(train=True), F(train=False)' "
                "or apt install dataset-fashion-mnist"
            )

    return load


def test_real_counts_and_contents(real: Callable[[bool], FashionMNIST]) -> None:
    for train, n in ((True, 60000), (False, 10000)):
        ours = real(train)
        assert (len(ours), ours.images.shape, ours.labels.shape) == (n, (n, 28, 28), (n,))
        assert np.bincount(ours.labels.numpy()).tolist() == [n // 10] * 10
        assert (ours.images.numpy().min(), ours.images.numpy().max()) == (0, 255)
    assert real(True).text_labels(real(True).labels[:3]) == ["Ankle boot", "T-shirt/top", "T-shirt/top"]
    mean, deviation = real(True).images.numpy().mean() / 255, real(True).images.numpy().std() / 255
    np.testing.assert_allclose([mean, deviation], [0.2860, 0.3530], atol=5e-5)  # the figures everyone normalises by


def test_real_batches(real: Callable[[bool], FashionMNIST]) -> None:
    x, y = next(iter(DataLoader(real(True), batch_size=256, shuffle=True)))
    assert (x.shape, x.dtype, y.shape, y.dtype) == ((256, 1, 28, 28), tl.float32, (256,), tl.int64)
    assert 0 == x.numpy().min() < x.numpy().max() == 1


@pytest.mark.parametrize("split", ["train", "test"])
def test_real_files_with_the_original_header_are_what_the_mirrors_serve(split: str) -> None:
    """Debian takes name and date out of the gzip header; put back, the bytes have the published SHA-256."""
    for file, seconds in zip(FashionMNIST.files[split], {"train": (-21, -21), "test": (0, 0)}[split]):
        path = FashionMNIST.system_folder / file.name
        if not path.is_file():
            pytest.skip("Debian's files are not here; apt install dataset-fashion-mnist")
        data = path.read_bytes()
        header = (
            struct.pack("<4BI2B", 0x1F, 0x8B, 8, 8, 1504176627 + seconds, 0, 3) + file.name.removesuffix(".gz").encode() + b"\0"
        )
        assert sha256(header + data[10:]) == file.download


def test_real_files_load_quickly(faster: Any) -> None:
    """Both splits against what no reader can do without: to decompress them. A ratio, so that slow computers pass too."""
    folder = FashionMNIST.system_folder
    if not folder.is_dir():
        pytest.skip("Debian's files are not here; apt install dataset-fashion-mnist")

    def ours() -> None:
        for pair in FashionMNIST.files.values():
            for file in pair:
                read_idx(folder / file.name, file)

    def bare() -> None:
        for name in NAMES:
            gzip.decompress((folder / name).read_bytes())

    faster(ours, bare, 2)
