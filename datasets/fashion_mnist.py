"""Fashion-MNIST: 70,000 small grey pictures of clothes in ten classes.

The four files are searched for where they may already be, and downloaded otherwise. Each is checked by the SHA-256 of its
content, stays in memory as bytes, and is turned into floats batch by batch.
"""

from __future__ import annotations

import gzip
import hashlib
import math
import os
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np

from tinygrad_lite._tensor import Tensor
from tinygrad_lite.creation import from_numpy

from .dataset import Dataset, Indices, rows
from .display import SHOWN, Facts, counted
from .fetch import VARIABLE, data_folders, fetch


class IdxFile(NamedTuple):
    """A gzipped array of bytes in the IDX format, and its two checksums.

    The same content can be compressed in more than one way: Debian's files are the original ones without the name and the
    date in the gzip header. So a file that was found is checked by `content`, the SHA-256 of the uncompressed bytes, and a
    download by `download`, the SHA-256 of the compressed file that the mirrors serve.
    """

    name: str
    shape: tuple[int, ...]
    content: str
    download: str


class FashionMNIST(Dataset[tuple[Tensor, Tensor]]):
    """60,000 training or 10,000 test pictures: `.images` (n, 28, 28) and `.labels` (n,), both uint8.

    Item i is (float32 picture 1x28x28 in [0, 1], int64 label); pixels are divided by 255, as torchvision's ToTensor does.
    Source: Xiao, Rasul and Vollgraf, "Fashion-MNIST: a novel image dataset for benchmarking machine learning
    algorithms", 2017, https://github.com/zalandoresearch/fashion-mnist, MIT licence.

        train, test = FashionMNIST(train=True), FashionMNIST(train=False)
        train.images[0], train.text_labels(train.labels[:3])

    The files (train-images-idx3-ubyte.gz and so on) are searched for in `root`, in the folder that the environment variable
    TINYGRAD_LITE_DATA names, in the user's cache and in data/, in each of them also under FashionMNIST/raw, where torchvision
    puts them, and in Debian's /usr/share/datasets/fashion-mnist. If they are in none of these, they are downloaded (30 MB) to
    FashionMNIST/raw in the first of these folders. FileNotFoundError if they are not found and download=False; RuntimeError if
    no mirror delivers them; ValueError, with the file's name, if one is truncated, damaged, or holds something else.

    >>> FashionMNIST.text_labels([9, 0])
    ['Ankle boot', 'T-shirt/top']
    """

    classes: ClassVar[tuple[str, ...]] = (
        "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
    )  # fmt: skip
    mirrors: ClassVar[tuple[str, ...]] = (
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
    )
    system_folder: ClassVar[Path] = Path("/usr/share/datasets/fashion-mnist")
    files: ClassVar[dict[str, tuple[IdxFile, IdxFile]]] = {
        "train": (
            IdxFile(
                "train-images-idx3-ubyte.gz",
                (60000, 28, 28),
                content="c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
                download="3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
            ),
            IdxFile(
                "train-labels-idx1-ubyte.gz",
                (60000,),
                content="bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
                download="a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
            ),
        ),
        "test": (
            IdxFile(
                "t10k-images-idx3-ubyte.gz",
                (10000, 28, 28),
                content="5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
                download="346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
            ),
            IdxFile(
                "t10k-labels-idx1-ubyte.gz",
                (10000,),
                content="0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
                download="67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
            ),
        ),
    }

    def __init__(
        self, root: str | os.PathLike[str] | None = None, train: bool = True, download: bool = True, progress: bool = True
    ) -> None:
        wanted = self.files["train" if train else "test"]
        homes = [*([] if root is None else [Path(root).expanduser()]), *data_folders()]
        places = [place for folder in (*homes, Path("data")) for place in (folder, folder / "FashionMNIST" / "raw")]
        places.append(self.system_folder)
        for place in places:
            if all((place / file.name).is_file() for file in wanted):
                break
        else:
            if not download:
                raise FileNotFoundError(_nowhere(wanted, places, self.mirrors))
            place = homes[0] / "FashionMNIST" / "raw"
            for file in wanted:
                fetch(file.name, file.download, self.mirrors, place, progress)
        known = [file for pair in self.files.values() for file in pair]
        images, labels = (read_idx(place / file.name, file, known) for file in wanted)
        self.images, self.labels = from_numpy(images), from_numpy(labels)

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        return _scaled(self.images[index])[0], self.labels[index].long()

    def batch(self, indices: Indices) -> list[Tensor]:
        """[float32 pictures (b, 1, 28, 28), int64 labels (b,)]: gathered as bytes, then divided by 255."""
        return [_scaled(rows(self.images, indices)), Tensor._of(rows(self.labels, indices).array.astype(np.int64))]

    def _facts(self, indices: Indices) -> Facts:
        pictures = self.images[indices][:SHOWN].cpu().numpy()
        return Facts("float32[1, 28, 28], int64[]", counted(self.labels[indices], self.classes), pictures)

    @classmethod
    def text_labels(cls, labels: Iterable[Any]) -> list[str]:
        """The class names of labels, which are numbers or a tensor of them. IndexError for a label that is not a class."""
        numbers = [int(label) for label in labels]
        for label in numbers:
            if not 0 <= label < len(cls.classes):
                raise IndexError(f"label {label}: there are {len(cls.classes)} classes, from 0 to {len(cls.classes) - 1}")
        return [cls.classes[label] for label in numbers]


def _scaled(images: Tensor) -> Tensor:
    """Bytes (..., 28, 28) as float32 (b, 1, 28, 28) in [0, 1]: one pass that converts and divides."""
    pixels = np.divide(images.array, 255, dtype=np.float32)
    return Tensor._of(pixels.reshape(-1, 1, *pixels.shape[-2:]))


def read_idx(path: Path, file: IdxFile, known: Iterable[IdxFile] = ()) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """The array in a gzipped IDX file: its magic number, its sizes as big-endian 32-bit integers, its bytes.

    ValueError, with the file's name, unless it holds exactly what `file` says; if it holds what one of `known` says, the error
    names that one. Not more than the expected size and one byte is unpacked.
    """
    size = 4 + 4 * len(file.shape) + math.prod(file.shape)
    try:
        with gzip.open(path) as unpacked:
            content = unpacked.read(size + 1)  # a few MB may unpack to gigabytes
    except EOFError as error:
        raise ValueError(f"{path} is truncated after {path.stat().st_size} bytes; delete it and get it again") from error
    except (OSError, zlib.error) as error:
        raise ValueError(f"{path} is not a gzip file, or is damaged ({error}); delete it and get it again") from error
    digest = hashlib.sha256(content).hexdigest()
    if digest != file.content:
        raise ValueError(f"{path} {_difference(content, digest, file, known)}; delete it and get it again")
    return np.frombuffer(content, np.uint8, offset=4 + 4 * len(file.shape)).reshape(file.shape).copy()  # writable


def _difference(content: bytes, digest: str, file: IdxFile, known: Iterable[IdxFile]) -> str:
    """What is wrong with a content that is not the one expected."""
    for other in known:
        if other.content == digest:
            return f"holds the content of {other.name}: the files are swapped"
    dims = len(file.shape)
    header, magic = 4 + 4 * dims, (8 << 8) + dims  # 8 stands for unsigned bytes
    if len(content) < header:
        return f"holds only {len(content)} bytes, less than a header"
    found = int.from_bytes(content[:4], "big")
    if found != magic:
        return f"starts with the magic number {found:#010x}; expected {magic:#010x} (bytes, {dims} dimensions)"
    shape = tuple(np.frombuffer(content, ">u4", count=dims, offset=4).tolist())
    if shape != file.shape:
        alike = "".join([f", as {other.name} does: are the files swapped?" for other in known if other.shape == shape][:1])
        return f"holds {'x'.join(map(str, shape))} numbers, expected {'x'.join(map(str, file.shape))}{alike}"
    size = len(content) - header
    if size != math.prod(shape):
        more = "or more " if size > math.prod(shape) else ""  # reading stops at one byte too many
        return f"holds {size} {more}bytes of data, expected {math.prod(shape)}"
    return f"has the right form, but holds another dataset (the SHA-256 of its content is {digest}, expected {file.content})"


def _nowhere(wanted: Iterable[IdxFile], places: Iterable[Path], mirrors: Iterable[str]) -> str:
    return "\n".join(
        [
            f"{' and '.join(file.name for file in wanted)} are not in any of the folders",
            *(f"  {place.absolute()}" for place in places),
            "Pass download=True to download them, or get them by hand from one of",
            *(f"  {mirror}" for mirror in mirrors),
            f"and put them into one of these folders, or into the folder that the environment variable {VARIABLE} names.",
        ]
    )
