"""Iris: 150 flowers, four measurements each, three species. And tables of one's own that have the same form.

A `LabelledTable` is a TensorDataset with names: rows of features, and a class for each row. `Iris` is one,
`read_labelled` makes one of a text file, `split` cuts one in two by class, `standardize` scales them.
"""

from __future__ import annotations

import csv
import math
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tinygrad_lite import Generator, Tensor, from_numpy, get_default_dtype, randperm, tensor
from tinygrad_lite.dtypes import as_dtype, float64

from .dataset import TensorDataset

LARGEST = 1 << 26  # bytes of a text file: a million rows of ten features; read_labelled would make ten times as much of more


class LabelledTable(TensorDataset):
    """n rows of k named features, `.data` (n, k), and the class of each, `.targets` (n,) int64 from 0.

    ValueError if shapes, names and labels do not fit together.

    >>> table = LabelledTable(tensor([[1.0], [2.0]]), tensor([1, 0]), features=["height"], classes=["oak", "fir"])
    >>> table[0]
    (tensor([1.]), tensor(1))
    """

    def __init__(self, data: Tensor, targets: Tensor, features: Iterable[str], classes: Iterable[str]) -> None:
        super().__init__(data, targets)
        self.features, self.classes = tuple(features), tuple(classes)
        if data.ndim != 2 or data.shape[1] != len(self.features):
            raise ValueError(f"data {list(data.shape)} is no table with the {len(self.features)} features {self.features}")
        labels = np.asarray(targets)
        if labels.ndim != 1 or labels.dtype != np.int64:
            raise ValueError(f"targets are int64 labels, one per row; got {labels.dtype}{list(labels.shape)}")
        if labels.size and not 0 <= labels.min() <= labels.max() < len(self.classes):
            raise ValueError(f"labels from {labels.min()} to {labels.max()}, but there are {len(self.classes)} classes")

    @property
    def data(self) -> Tensor:
        """The features, (n, k)."""
        return self.tensors[0]

    @property
    def targets(self) -> Tensor:
        """The labels, (n,)."""
        return self.tensors[1]

    def split(self, test_size: float = 0.2, seed: int = 0) -> tuple[LabelledTable, LabelledTable]:
        """(train, test): of each class a random part, in proportion, is set aside.

        `test_size` is a count, or a fraction if it is a float. Both keep the order of the rows. The same seed gives the
        same split. ValueError if either part would be empty.

        >>> train, test = Iris().split(test_size=30, seed=0)
        >>> len(train), [int((test.targets == c).sum()) for c in range(3)]
        (120, [10, 10, 10])
        """
        n, labels = len(self), np.asarray(self.targets)
        count = round(test_size * n) if isinstance(test_size, float) else test_size
        if not 0 < count < n:
            raise ValueError(f"split: test_size={test_size} sets {count} of {n} rows aside; both parts need at least one")
        share = np.bincount(labels, minlength=len(self.classes)) * count / n
        take = np.floor(share).astype(int)
        largest_rest_first = np.argsort(take - share, kind="stable")
        take[largest_rest_first[: count - take.sum()]] += 1
        order = randperm(n, generator=Generator().manual_seed(seed)).numpy()
        test = np.zeros(n, bool)
        for label, some in enumerate(take):
            test[order[labels[order] == label][:some]] = True
        return self._rows(~test), self._rows(test)

    def _rows(self, chosen: Any) -> LabelledTable:
        return LabelledTable(self.data[chosen], self.targets[chosen], self.features, self.classes)


class Iris(LabelledTable):
    """150 irises, 50 of each species, measured in cm: `.data` (150, k) and `.targets` (150,) int64.

    `features` chooses columns by name, in the order given; the dtype is the default one (float32) unless told.
    ValueError for a feature that there is not, TypeError for a dtype that is no float.

    Source: R. A. Fisher, "The use of multiple measurements in taxonomic problems", Annals of Eugenics 7(2), 1936; UCI
    Machine Learning Repository, https://doi.org/10.24432/C56C76, licence CC BY 4.0. Rows 35 and 38, which are wrong in
    UCI's file, are as Fisher printed them; iris.md beside the data says more.

    >>> flowers = Iris(features=("petal length", "petal width"))
    >>> flowers.classes
    ('setosa', 'versicolor', 'virginica')
    >>> flowers[0]
    (tensor([1.4000, 0.2000]), tensor(0))
    """

    def __init__(self, features: Sequence[str] | None = None, dtype: Any = None) -> None:
        with (Path(__file__).parent / "iris.csv").open(newline="", encoding="utf-8") as file:
            (*names, _), *rows = csv.reader(file)
        dtype = np.dtype(get_default_dtype() if dtype is None else dtype)
        if dtype.kind != "f":
            raise TypeError(f"Iris: measurements need a floating-point dtype, got {dtype}")
        chosen = names if features is None else [features] if isinstance(features, str) else list(features)
        unknown = [name for name in chosen if name not in names]
        if unknown or not chosen:
            raise ValueError(f"Iris: features={features!r}: choose one or more of {', '.join(map(repr, names))}")
        classes = list(dict.fromkeys(row[-1] for row in rows))  # in order of appearance
        columns = [names.index(name) for name in chosen]
        data = np.array([[float(row[c]) for c in columns] for row in rows], dtype)
        targets = np.array([classes.index(row[-1]) for row in rows], np.int64)
        super().__init__(from_numpy(data), from_numpy(targets), chosen, classes)


def standardize(train: LabelledTable, *others: LabelledTable) -> list[LabelledTable]:
    """(x - mean) / deviation, column by column, by the mean and deviation of `train` alone; new tables.

    The deviation divides by n. A column that is constant in `train` is only shifted. ValueError if `train` is empty or
    the tables' features differ.

    >>> train, test = standardize(*Iris().split(test_size=30, seed=0))
    >>> bool(abs(train.data.mean(0)).max() < 1e-6)
    True
    """
    if not len(train):
        raise ValueError("standardize: the training table has no rows to take a mean of")
    for table in others:
        if table.features != train.features:
            raise ValueError(f"standardize: the tables have different features: {train.features} and {table.features}")
    x = np.asarray(train.data, np.float64)
    mean, deviation = x.mean(0), x.std(0)
    deviation[deviation == 0] = 1
    return [
        LabelledTable(
            tensor((np.asarray(table.data, np.float64) - mean) / deviation, dtype=table.data.dtype),
            table.targets,
            table.features,
            table.classes,
        )
        for table in (train, *others)
    ]


def read_labelled(
    path: str | os.PathLike[str],
    features: Sequence[str] | None = None,
    classes: Sequence[str] = ("setosa", "versicolor", "virginica"),
    dtype: Any = None,
) -> LabelledTable:
    """Lines `label x1 x2 ... xk`, separated by spaces, label 1 .. len(classes), become rows of x and labels from 0.

    Empty lines are skipped. Without `features` the first line tells k, and they are named x1 .. xk. The dtype is the
    default one (float32) unless told. FileNotFoundError if there is no file; ValueError, with file and line, for a wrong
    number of columns, an unknown label, or what is no finite number or too large for the dtype (1e39 for float32), and
    for a file of more than 64 MiB, of which no more is read; TypeError for a dtype that is no float.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     file = Path(folder, "flowers.txt")
    ...     _ = file.write_text("1 5.1 3.5\\n3 6.3 3.3\\n")
    ...     read_labelled(file).targets
    tensor([0, 2])
    """
    path, dtype = Path(path), as_dtype(get_default_dtype() if dtype is None else dtype)
    if dtype.kind != "f":
        raise TypeError(f"read_labelled: measurements need a floating-point dtype, got {dtype}")
    if not path.exists():
        raise FileNotFoundError(
            f"{path}: there is no such file in {Path.cwd()}; each of its lines would read 'label x1 x2 ...', "
            f"label from 1 to {len(classes)}. The 150 flowers of the classic exercise are built in: Iris()"
        )
    with path.open("rb") as file:
        content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise ValueError(f"{path}: the file is larger than {LARGEST} bytes; read it with NumPy and make a TensorDataset of it")
    columns = None if features is None else 1 + len(features)
    labels, rows = [], []
    # a byte that is no text becomes a mark that is no number, so that its line is named as any other bad line is
    for number, line in enumerate(content.decode("utf-8", "replace").splitlines(), start=1):
        if not line.strip():
            continue
        words = line.split()
        columns = columns or max(len(words), 2)
        if len(words) != columns:
            raise ValueError(f"{path}, line {number}: {len(words)} columns where a label and {columns - 1} features belong")
        label, values = _number(words[0], path, number), [_number(word, path, number, dtype) for word in words[1:]]
        if label not in range(1, len(classes) + 1):
            raise ValueError(f"{path}, line {number}: unknown label {words[0]}; labels go from 1 to {len(classes)}")
        labels.append(int(label) - 1)
        rows.append(values)
    if not rows:
        raise ValueError(f"{path}: the file is empty")
    names = features or [f"x{i + 1}" for i in range(len(rows[0]))]
    data = tensor(np.array(rows), dtype=dtype)
    return LabelledTable(data, tensor(labels), names, classes)


def _number(word: str, path: Path, line: int, dtype: np.dtype[Any] = float64) -> float:
    try:
        value = float(word)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValueError(f"{path}, line {line}: {word!r} is no finite number; columns are separated by spaces")
    if not np.isfinite(dtype.type(value)):
        raise ValueError(f"{path}, line {line}: {word!r} is too large for {dtype}; dtype=float64 reaches further")
    return value
