"""Tables: rows of named features, and a class for each row.

`read_labelled` makes one of a CSV file, `split` divides it into a training and a test part, `standardize` scales the features.
A `LabelledTable` is a TensorDataset that knows the names of its features and classes. `Iris` is one.
"""

from __future__ import annotations

import csv
import io
import math
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tinygrad_lite._tensor import Tensor
from tinygrad_lite.creation import randperm, tensor
from tinygrad_lite.dtypes import as_dtype, float64, get_default_dtype
from tinygrad_lite.random import Generator

from .dataset import Indices, TensorDataset
from .display import Facts, counted

LARGEST = 1 << 26  # bytes of a text file: a million rows of ten features, which need ten times that memory while they are read
SPECIES = ("setosa", "versicolor", "virginica")
FORM = "'x1,x2,...,label'"


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
            raise ValueError(
                f"data has shape {list(data.shape)}; for the {len(self.features)} features {self.features} "
                f"it is [rows, {len(self.features)}]"
            )
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
        """(train, test): a random part of each class goes to `test`, so that both parts have the classes in proportion.

        `test_size` is a number of rows, or a fraction of them if it is a float. The rows keep their order. The same seed
        gives the same split. ValueError if either part would be empty.

        >>> from tinygrad_lite.datasets import Iris
        >>> train, test = Iris().split(test_size=30, seed=0)
        >>> len(train), [int((test.targets == c).sum()) for c in range(3)]
        (120, [10, 10, 10])
        """
        n, labels = len(self), np.asarray(self.targets)
        count = round(test_size * n) if isinstance(test_size, float) else test_size
        if not 0 < count < n:
            raise ValueError(f"split: test_size={test_size} takes {count} of {n} rows for test; each part needs at least one")
        share = np.bincount(labels, minlength=len(self.classes)) * count / n
        take = np.floor(share).astype(int)
        largest_rest_first = np.argsort(take - share, kind="stable")
        take[largest_rest_first[: count - take.sum()]] += 1
        order = randperm(n, generator=Generator().manual_seed(seed)).numpy()
        test = np.zeros(n, bool)
        for label, some in enumerate(take):
            test[order[labels[order] == label][:some]] = True
        return self._rows(~test), self._rows(test)

    def _facts(self, indices: Indices) -> Facts:
        return super()._facts(indices)._replace(counts=counted(self.targets[indices], self.classes))

    def _rows(self, chosen: Any) -> LabelledTable:
        return LabelledTable(self.data[chosen], self.targets[chosen], self.features, self.classes)


def standardize(train: LabelledTable, *others: LabelledTable) -> list[LabelledTable]:
    """(x - mean) / deviation of each column, as new tables; mean and deviation are those of `train` for all of them.

    The deviation is the population's, which divides by n, as in scikit-learn's StandardScaler. A column that is constant in
    `train` is only shifted. ValueError if `train` is empty or the tables' features differ.

    >>> from tinygrad_lite.datasets import Iris
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
    classes: Sequence[str] | None = None,
    dtype: Any = None,
    label: str | int = -1,
) -> LabelledTable:
    """A CSV file as a table: one column holds the class of each row, the others are numbers, its features.

        flowers = read_labelled("flowers.csv")
        train, test = standardize(*flowers.split(test_size=0.2))

    Fields are separated by commas and may stand in double quotes, as Python's csv module reads them. Rows without any value are
    skipped. `label` is the column of the class: its name in the header, or its number from 0; the default, -1, is the last.

    The first line is a header if `label` is a name, or if no feature in the line is a number. Then `features` are the columns
    to take, by name and in this order; by default all but the label. Without a header, all columns but the label are features,
    and `features` are their names; by default x1, x2, ...

    `classes` are the labels that may occur, and classes[i] gets the number i. By default they are those that do occur, sorted
    (as numbers, if all are integers), so that two files with the same labels number them alike. Features are of the given
    `dtype`, by default the default one (float32); targets are int64.

    A file whose first line has no comma is read in an older form: `label x1 x2 ...` in each line, separated by spaces, where
    the label is a number from 1 to len(classes), and `classes` are by default the three species of Iris.

    FileNotFoundError if there is no such file; TypeError if the dtype is not floating-point; ValueError, with the file, the
    line and what is expected there, for a wrong number of columns, an unknown label or feature, a value that is not a finite
    number or is too large for the dtype (1e39 for float32), and bytes that are not UTF-8; ValueError for a file over 64 MiB.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     file = Path(folder, "trees.csv")
    ...     _ = file.write_text("height,width,kind\\n31.5,1.25,oak\\n22,0.5,fir\\n")
    ...     trees = read_labelled(file)
    >>> trees
    LabelledTable(2 samples: float32[2], int64[]; classes: fir 1, oak 1)
    >>> trees.features, trees[0]
    (('height', 'width'), (tensor([31.5000,  1.2500]), tensor(1)))
    """
    path, dtype = Path(path), as_dtype(get_default_dtype() if dtype is None else dtype)
    if dtype.kind != "f":
        raise TypeError(f"{path}: features need a floating-point dtype, got {dtype}")
    features = [features] if isinstance(features, str) else features
    lines = list(io.StringIO(_text(path), newline=""))
    first = next((line for line in lines if line.strip()), None)
    if first is None:
        raise ValueError(f"{path}: the file is empty; its lines should read {FORM}")
    if "," in first:
        return _comma_separated(path, lines, features, classes, dtype, label)
    if label != -1:
        raise ValueError(f"{path}: label={label!r} is for files with commas; the first line has none: {first.strip()!r}")
    return _space_separated(path, lines, features, SPECIES if classes is None else classes, dtype)


def _text(path: Path) -> str:
    if not path.exists():
        raise FileNotFoundError(
            f"{path}: there is no such file in {Path.cwd()}; its lines would read {FORM}. "
            "The 150 flowers of the classic exercise are built in: Iris()"
        )
    with path.open("rb") as file:
        content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise ValueError(f"{path}: the file is larger than {LARGEST} bytes; read it with NumPy and make a TensorDataset of it")
    try:
        return content.decode("utf-8-sig")  # some spreadsheets write a byte order mark first
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ValueError(f"{path}, line {line}: some bytes are not UTF-8; save the file as UTF-8 text") from error


def _comma_separated(
    path: Path,
    lines: list[str],
    features: Sequence[str] | None,
    classes: Sequence[str] | None,
    dtype: np.dtype[Any],
    label: str | int,
) -> LabelledTable:
    rows = list(_rows(path, lines))
    if not rows:
        raise ValueError(f"{path}: there are no values in the file; its lines should read {FORM}")
    place, first = rows[0]
    at = _label_column(place, first, label)
    others = [column for column in range(len(first)) if column != at]
    if isinstance(label, str) or _is_header(place, [first[column] for column in others]):
        rows = rows[1:]
        names, columns = _chosen(place, first, others, features)
    else:
        names, columns = _named(place, others, features), others
    if not rows:
        raise ValueError(f"{path}: there are no rows after the header {','.join(first)!r}")
    labels, data = [], []
    for place, row in rows:
        if len(row) != len(first):
            raise ValueError(f"{place}: {len(row)} columns, but the first line has {len(first)}")
        if not row[at]:
            raise ValueError(f"{place}: the label is empty")
        if classes is not None and row[at] not in classes:
            raise ValueError(f"{place}: unknown label {row[at]!r}; the classes are {', '.join(map(repr, classes))}")
        labels.append(row[at])
        data.append([_number(row[column], place, dtype, name) for name, column in zip(names, columns)])
    classes = _sorted(set(labels)) if classes is None else list(classes)
    number_of = {name: number for number, name in enumerate(classes)}
    return LabelledTable(tensor(np.array(data), dtype=dtype), tensor([number_of[name] for name in labels]), names, classes)


def _rows(path: Path, lines: list[str]) -> Iterator[tuple[str, list[str]]]:
    """Each row that has a value: where it is, for errors, and its fields."""
    reader = csv.reader(lines, strict=True, skipinitialspace=True)
    while True:
        place = f"{path}, line {reader.line_num + 1}"  # where the row begins: a quoted field may go over several lines
        try:
            row = [field.strip() for field in next(reader)]
        except StopIteration:
            return
        except csv.Error as error:
            raise ValueError(f"{place}: {error}; is a double quote missing, or one too many?") from error
        if any(row):
            yield place, row


def _is_header(place: str, values: list[str]) -> bool:
    """Whether the features of the first line are names: none of them is a number."""
    numbers = [field for field in values if math.isfinite(_float(field))]
    if numbers and len(numbers) < len(values):
        other = next(field for field in values if field not in numbers)
        raise ValueError(
            f"{place}: {numbers[0]!r} is a number and {other!r} is not; the first line is either a header of names or a row of "
            "numbers with its label. If it is a header, give the name of the label's column, as in label='species'"
        )
    return not numbers


def _label_column(place: str, first: list[str], label: str | int) -> int:
    if isinstance(label, str):
        if label not in first:
            raise ValueError(f"{place}: no column is called {label!r}; the columns are {', '.join(map(repr, first))}")
        return first.index(label)
    if not -len(first) <= label < len(first):
        raise ValueError(f"{place}: label={label}, but the {len(first)} columns have the numbers 0 to {len(first) - 1}")
    return label % len(first)


def _chosen(place: str, header: list[str], others: list[int], features: Sequence[str] | None) -> tuple[list[str], list[int]]:
    """The names and the numbers of the columns that a header has under the names `features`."""
    names = [header[column] for column in others]
    if len(set(header)) < len(header):
        raise ValueError(f"{place}: two columns have the same name: {', '.join(map(repr, header))}")
    chosen = names if features is None else list(features)
    if not chosen or not set(chosen) <= set(names):
        raise ValueError(f"{place}: features={features!r}: choose one or more of {', '.join(map(repr, names))}")
    return chosen, [header.index(name) for name in chosen]


def _named(place: str, others: list[int], features: Sequence[str] | None) -> list[str]:
    """The names of columns that have no header: those given, else x1, x2, ..."""
    if features is None:
        return [f"x{i + 1}" for i in range(len(others))]
    if len(features) != len(others):
        raise ValueError(
            f"{place}: {len(others) + 1} columns, but {len(features)} features and a label were expected: "
            f"there is no header, so features={features!r} names all columns but the label"
        )
    return list(features)


def _sorted(labels: set[str]) -> list[str]:
    try:
        return sorted(labels, key=int)
    except ValueError:
        return sorted(labels)


def _space_separated(
    path: Path, lines: list[str], features: Sequence[str] | None, classes: Sequence[str], dtype: np.dtype[Any]
) -> LabelledTable:
    columns = None if features is None else 1 + len(features)
    labels, rows = [], []
    for number, line in enumerate(lines, start=1):
        words, place = line.split(), f"{path}, line {number}"
        if not words:
            continue
        columns = columns or max(len(words), 2)
        if len(words) != columns:
            raise ValueError(
                f"{place}: got {len(words)} columns, expected a label and {columns - 1} features; a line reads {FORM}, "
                "or 'label x1 x2 ...' with spaces"
            )
        label, *values = [_number(words[0], place, float64), *(_number(word, place, dtype) for word in words[1:])]
        if label not in range(1, len(classes) + 1):
            raise ValueError(f"{place}: unknown label {words[0]}; without commas, labels are numbers from 1 to {len(classes)}")
        labels.append(int(label) - 1)
        rows.append(values)
    names = features or [f"x{i + 1}" for i in range(len(rows[0]))]
    return LabelledTable(tensor(np.array(rows), dtype=dtype), tensor(labels), names, classes)


def _float(text: str) -> float:
    """The number that a text is, else nan."""
    try:
        return float(text)
    except ValueError:
        return math.nan


def _number(text: str, place: str, dtype: np.dtype[Any], column: str | None = None) -> float:
    value = _float(text)
    if math.isfinite(value) and np.isfinite(dtype.type(value)):
        return value
    what = f"{place}: {text!r}" + (f" in column {column!r}" if column else "")
    if math.isfinite(value):
        raise ValueError(f"{what} is too large for {dtype}; dtype=float64 reaches further")
    hint = "" if column else "; columns are separated by commas, or else by spaces"
    raise ValueError(f"{what} is not a finite number{hint}")
