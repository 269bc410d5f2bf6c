"""Tables: Iris against scikit-learn's, splitting and scaling, and the files that read_labelled reads."""

from __future__ import annotations

import csv
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sklearn.datasets

import tinygrad_lite as tl
from tinygrad_lite import datasets
from tinygrad_lite.datasets import Iris, LabelledTable, standardize

# Iris


def test_iris_is_scikit_learns() -> None:
    theirs, ours = sklearn.datasets.load_iris(), Iris(dtype=tl.float64)
    np.testing.assert_array_equal(ours.data.numpy(), theirs.data)
    np.testing.assert_array_equal(ours.targets.numpy(), theirs.target)
    assert list(ours.classes) == list(theirs.target_names)
    assert [f"{name} (cm)" for name in ours.features] == list(theirs.feature_names)


def test_iris_rows_35_and_38_are_fishers() -> None:
    data = Iris(dtype="float64").data.numpy()
    assert data[34].tolist() == [4.9, 3.1, 1.5, 0.2]
    assert data[37].tolist() == [4.9, 3.6, 1.4, 0.1]


def test_iris_items_and_dtypes() -> None:
    x, y = Iris()[100]
    assert (x.dtype, x.shape, y.dtype, y.shape, y.item()) == (tl.float32, (4,), tl.int64, (), 2)
    assert Iris(dtype=tl.float16).data.dtype == tl.float16
    tl.set_default_dtype(tl.float64)
    assert Iris().data.dtype == tl.float64
    tl.set_default_dtype(tl.float32)


def test_iris_features_choose_columns_in_order() -> None:
    everything, two = Iris(), Iris(features=("petal width", "sepal length"))
    assert two.features == ("petal width", "sepal length")
    np.testing.assert_array_equal(two.data.numpy(), everything.data.numpy()[:, [3, 0]])
    assert Iris(features="petal width").data.shape == (150, 1)


@pytest.mark.parametrize("features", [("petal", "sepal length"), (), "petal"])
def test_iris_unknown_features(features: Any) -> None:
    with pytest.raises(ValueError, match="choose one or more of 'sepal length', 'sepal width', 'petal length', 'petal width'"):
        Iris(features=features)


def test_iris_integer_dtype() -> None:
    with pytest.raises(TypeError, match="features need a floating-point dtype, got int64"):
        Iris(dtype=tl.int64)


@pytest.mark.parametrize(
    ("test_size", "counts"), [(30, [10] * 3), (0.2, [10] * 3), (3, [1] * 3), (31, [11, 10, 10]), (0.5, [25] * 3)]
)
def test_iris_split_is_stratified_and_complete(test_size: float, counts: list[int]) -> None:
    train, test = Iris().split(test_size=test_size, seed=0)
    assert np.bincount(test.targets.numpy()).tolist() == counts
    assert len(train) == 150 - len(test)
    assert (train.features, train.classes) == (Iris().features, Iris().classes)
    rows = np.concatenate([np.column_stack([part.data.numpy(), part.targets.numpy()]) for part in (train, test)])
    everything = np.column_stack([Iris().data.numpy(), Iris().targets.numpy()])
    assert sorted(map(tuple, rows)) == sorted(map(tuple, everything))


def test_iris_split_follows_its_seed_only() -> None:
    def split(seed: int) -> list[Any]:
        return list(Iris().split(test_size=30, seed=seed)[1].data.tolist())

    first = split(0)
    tl.rand(3)
    assert split(0) == first
    assert split(1) != first


def test_split_of_uneven_classes_keeps_the_proportions() -> None:
    labels = np.repeat([0, 1, 2], [70, 20, 10])
    table = LabelledTable(tl.zeros(100, 1), tl.from_numpy(labels), ["x"], "abc")
    assert np.bincount(table.split(test_size=10)[1].targets.numpy()).tolist() == [7, 2, 1]


@pytest.mark.parametrize("test_size", [0, 150, -1, 1.0, 0.0, 0.001])
def test_split_errors(test_size: float) -> None:
    with pytest.raises(ValueError, match=f"test_size={test_size} takes .* of 150 rows for test; each part needs at least one"):
        Iris().split(test_size=test_size)


def test_standardize_uses_the_training_rows_alone() -> None:
    from sklearn.preprocessing import StandardScaler

    train, test = Iris(dtype=tl.float64).split(test_size=30, seed=1)
    before = train.data.numpy().copy()
    scaler = StandardScaler().fit(train.data.numpy())
    for ours, raw in zip(standardize(train, test), (train, test), strict=True):
        np.testing.assert_allclose(ours.data.numpy(), scaler.transform(raw.data.numpy()), rtol=1e-12, atol=1e-13)
        np.testing.assert_array_equal(ours.targets.numpy(), raw.targets.numpy())
        assert ours.features == raw.features
    np.testing.assert_array_equal(train.data.numpy(), before)
    assert standardize(Iris())[0].data.dtype == tl.float32


def test_standardize_leaves_a_constant_column_finite() -> None:
    (table,) = standardize(LabelledTable(tl.full((3, 1), 2.5), tl.tensor([0, 0, 0]), ["x"], ["a"]))
    assert table.data.tolist() == [[0], [0], [0]]


def test_standardize_errors() -> None:
    with pytest.raises(ValueError, match=r"different features: .*'sepal width'.* and \('petal width',\)"):
        standardize(Iris(), Iris(features=("petal width",)))
    with pytest.raises(ValueError, match="no rows"):
        standardize(LabelledTable(tl.zeros(0, 1), tl.zeros(0, dtype=tl.int64), ["x"], ["a"]))


@pytest.mark.parametrize(
    ("data", "targets", "match"),
    [
        (tl.zeros(2), tl.tensor([0, 1]), r"data has shape \[2\]; for the 1 features \('x',\) it is \[rows, 1\]"),
        (tl.zeros(2, 3), tl.tensor([0, 1]), r"data has shape \[2, 3\]"),
        (tl.zeros(2, 1), tl.tensor([0, 2]), "labels from 0 to 2, but there are 2 classes"),
        (tl.zeros(2, 1), tl.tensor([-1, 0]), "labels from -1 to 0"),
        (tl.zeros(2, 1), tl.tensor([0.0, 1.0]), "int64 labels, one per row; got float32"),
        (tl.zeros(2, 1), tl.tensor([[0], [1]]), r"got int64\[2, 1\]"),
        (tl.zeros(2, 1), tl.tensor([0]), "different lengths: 2, 1"),
    ],
)
def test_labelled_table_errors(data: tl.Tensor, targets: tl.Tensor, match: str) -> None:
    with pytest.raises(ValueError, match=match):
        LabelledTable(data, targets, ["x"], ["a", "b"])


# CSV files

HEADER = "height,width,kind\n"


def csv_table(tmp_path: Path, text: str, **options: Any) -> LabelledTable:
    file = tmp_path / "trees.csv"
    file.write_text(text, encoding="utf-8", newline="")
    return datasets.read_labelled(file, **options)


@pytest.mark.parametrize(
    "text",
    [
        HEADER + "1.5,2,oak\n3,-4e0,fir\n",
        HEADER + "1.5,2,oak\n3,-4e0,fir",
        "\n" + HEADER + "\n1.5, 2 , oak\n\n , ,\n3,-4e0,fir\n\n",
        "\ufeff" + HEADER + "1.5,2,oak\n3,-4e0,fir\n",  # a byte order mark, as Excel writes it
        HEADER.replace("\n", "\r\n") + "1.5,2,oak\r\n3,-4e0,fir\r\n",
        '"height","width","kind"\n"1.5","2","oak"\n"3", "-4e0", "fir"\n',
    ],
)
def test_a_csv_file_becomes_a_table(tmp_path: Path, text: str) -> None:
    table = csv_table(tmp_path, text)
    assert (table.data.tolist(), table.data.dtype) == ([[1.5, 2], [3, -4]], tl.float32)
    assert (table.targets.tolist(), table.targets.dtype) == ([1, 0], tl.int64)
    assert (table.features, table.classes) == (("height", "width"), ("fir", "oak"))
    assert csv_table(tmp_path, text, dtype=tl.float64).data.dtype == tl.float64


def test_a_csv_file_without_a_header(tmp_path: Path) -> None:
    table = csv_table(tmp_path, "1.5,2,oak\n3,-4e0,fir\n")
    assert (table.data.tolist(), table.targets.tolist()) == ([[1.5, 2], [3, -4]], [1, 0])
    assert (table.features, table.classes) == (("x1", "x2"), ("fir", "oak"))
    assert csv_table(tmp_path, "1.5,2,oak\n", features=["height", "width"]).features == ("height", "width")


def test_the_column_of_the_label(tmp_path: Path) -> None:
    for label in (0, -3):
        first = csv_table(tmp_path, "oak,1,2\nfir,3,4\n", label=label)
        assert (first.data.tolist(), first.targets.tolist(), first.features) == ([[1, 2], [3, 4]], [1, 0], ("x1", "x2"))
    for label in ("kind", 1):
        middle = csv_table(tmp_path, "height,kind,width\n1,oak,2\n3,fir,4\n", label=label)
        assert (middle.data.tolist(), middle.targets.tolist()) == ([[1, 2], [3, 4]], [1, 0])
        assert middle.features == ("height", "width")
    years = csv_table(tmp_path, "1950,1960,kind\n1,2,oak\n", label="kind")  # numbers may be names, if the label's name is given
    assert (years.features, years.data.tolist()) == (("1950", "1960"), [[1, 2]])


def test_features_choose_columns_of_a_csv_file_and_the_rest_may_hold_text(tmp_path: Path) -> None:
    text = "id,height,width,kind\na1,1,2,oak\na2,3,4,fir\n"
    table = csv_table(tmp_path, text, features=["width", "height"])
    assert (table.features, table.data.tolist()) == (("width", "height"), [[2, 1], [4, 3]])
    assert csv_table(tmp_path, text, features="width").data.tolist() == [[2], [4]]


def test_quoted_fields_may_hold_commas_quotes_and_lines(tmp_path: Path) -> None:
    table = csv_table(tmp_path, 'height,"width, in ""m""",kind\n1,2,"oak, old"\n3,4,"fir\nor so"\n')
    assert (table.features, table.classes) == (("height", 'width, in "m"'), ("fir\nor so", "oak, old"))
    with pytest.raises(ValueError, match="line 4: 'x' in column 'height' is not a finite number"):
        csv_table(tmp_path, 'height,kind\n1,"oak\nold"\nx,fir\n')


def test_classes_do_not_depend_on_the_order_of_the_rows(tmp_path: Path) -> None:
    assert csv_table(tmp_path, "1,oak\n2,fir\n").classes == csv_table(tmp_path, "2,fir\n1,oak\n").classes == ("fir", "oak")
    numbers = csv_table(tmp_path, "1,10\n2,9\n3,-1\n")
    assert (numbers.classes, numbers.targets.tolist()) == (("-1", "9", "10"), [2, 1, 0])
    given = csv_table(tmp_path, "1,oak\n2,fir\n", classes=["oak", "ash", "fir"])
    assert (given.classes, given.targets.tolist()) == (("oak", "ash", "fir"), [0, 2])


def test_iris_as_a_csv_file_of_ones_own(tmp_path: Path) -> None:
    theirs = sklearn.datasets.load_iris()
    with (tmp_path / "own.csv").open("w", newline="") as file:
        csv.writer(file, quoting=csv.QUOTE_NONNUMERIC).writerows(
            [[*theirs.feature_names, "target"], *([*x, y] for x, y in zip(theirs.data.tolist(), theirs.target.tolist()))]
        )
    table = datasets.read_labelled(tmp_path / "own.csv", dtype=tl.float64)
    np.testing.assert_array_equal(table.data.numpy(), theirs.data)
    np.testing.assert_array_equal(table.targets.numpy(), theirs.target)
    assert (table.classes, table.features) == (("0", "1", "2"), tuple(theirs.feature_names))


@pytest.mark.parametrize(
    ("text", "options", "match"),
    [
        (HEADER + "1,2,oak\n1,fir\n", {}, "line 3: 2 columns, but the first line has 3"),
        (HEADER + "1,2,3,oak\n", {}, "line 2: 4 columns, but the first line has 3"),
        (HEADER + "1,two,oak\n", {}, "line 2: 'two' in column 'width' is not a finite number"),
        (HEADER + "1,,oak\n", {}, "line 2: '' in column 'width' is not a finite number"),
        (HEADER + "1,nan,oak\n", {}, "line 2: 'nan' in column 'width' is not a finite number"),
        (HEADER + "1,1e39,oak\n", {}, "line 2: '1e39' in column 'width' is too large for float32; dtype=float64"),
        ("1,2,oak\n1,x,fir\n", {}, "line 2: 'x' in column 'x2' is not a finite number"),
        (HEADER + "1,2,\n", {}, "line 2: the label is empty"),
        (HEADER + "1,2,ash\n", {"classes": ["oak", "fir"]}, "line 2: unknown label 'ash'; the classes are 'oak', 'fir'"),
        (", ,\n", {}, "there are no values in the file; its lines should read 'x1,x2,...,label'"),
        (HEADER, {}, "there are no rows after the header 'height,width,kind'"),
        (HEADER + "1,2,oak\n", {"label": "species"}, "line 1: no column is called 'species'; the columns are 'height', "),
        (HEADER + "1,2,oak\n", {"label": 3}, "line 1: label=3, but the 3 columns have the numbers 0 to 2"),
        (HEADER + "1,2,oak\n", {"label": -4}, "line 1: label=-4"),
        (HEADER + "1,2,oak\n", {"features": ["depth"]}, r"features=\['depth'\]: choose one or more of 'height', 'width'"),
        (HEADER + "1,2,oak\n", {"features": ["kind"]}, r"features=\['kind'\]: choose"),
        (HEADER + "1,2,oak\n", {"features": []}, r"features=\[\]: choose"),
        ("1,2,oak\n", {"features": ["a"]}, r"line 1: 3 columns, but 1 features and a label were expected: there is no header"),
        ("height,height,kind\n1,2,oak\n", {}, "line 1: two columns have the same name: 'height', 'height', 'kind'"),
        ("height,2,kind\n1,2,oak\n", {}, "line 1: '2' is a number and 'height' is not; .*label='species'"),
        ("5.1,?,oak\n", {}, r"line 1: '5.1' is a number and '\?' is not"),
        (HEADER + '1,2,"oak\n3,4,fir\n', {}, "line 2: unexpected end of data; is a double quote missing"),
        (HEADER + '1,"2"3,oak\n', {}, "line 2: ',' expected after '\"'; is a double quote missing"),
        ("1 2 3\n", {"label": 0}, "label=0 is for files with commas; the first line has none: '1 2 3'"),
    ],
)
def test_csv_errors_name_file_line_and_form(tmp_path: Path, text: str, options: dict[str, Any], match: str) -> None:
    with pytest.raises(ValueError, match=rf"(?s)trees\.csv.*{match}"):
        csv_table(tmp_path, text, **options)


def test_a_csv_file_that_is_not_utf_8(tmp_path: Path) -> None:
    (tmp_path / "trees.csv").write_bytes(HEADER.encode() + "1,2,Föhre\n".encode("latin-1"))
    with pytest.raises(ValueError, match=r"trees\.csv, line 2: some bytes are not UTF-8; save the file as UTF-8 text"):
        datasets.read_labelled(tmp_path / "trees.csv")


# Files without commas, in the form of the classic exercise


def test_read_labelled(tmp_path: Path) -> None:
    file = tmp_path / "iris.txt"
    file.write_text("  1  5.1 3.5\n\n3.0\t-6.3e0 3\n 2.0000000e+00 1 2  \n\n")
    table = datasets.read_labelled(file, dtype=tl.float64)
    assert table.data.tolist() == [[5.1, 3.5], [-6.3, 3], [1, 2]]
    assert table.targets.tolist() == [0, 2, 1]
    assert table.features == ("x1", "x2")
    assert table.classes == Iris().classes
    assert datasets.read_labelled(str(file)).data.dtype == tl.float32
    named = datasets.read_labelled(file, features=("length", "width"), classes=("a", "b", "c", "d"))
    assert (named.features, len(named.classes)) == (("length", "width"), 4)


def test_read_labelled_gives_iris_back(tmp_path: Path) -> None:
    flowers = Iris(dtype=tl.float64)
    file = tmp_path / "iris.txt"
    np.savetxt(file, np.column_stack([flowers.targets.numpy() + 1, flowers.data.numpy()]))
    table = datasets.read_labelled(file, features=flowers.features, dtype=tl.float64)
    np.testing.assert_array_equal(table.data.numpy(), flowers.data.numpy())
    np.testing.assert_array_equal(table.targets.numpy(), flowers.targets.numpy())


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("1 2 3\n2 3\n", "line 2: got 2 columns, expected a label and 2 features"),
        ("1 2 3\n\n2 3 4 5\n", "line 3: got 4 columns"),
        ("1\n", "line 1: got 1 columns, expected a label and 1 features; a line reads 'x1,x2,...,label'"),
        ("4 1 2\n", "line 1: unknown label 4; without commas, labels are numbers from 1 to 3"),
        ("1 1 2\n0 1 2\n", "line 2: unknown label 0"),
        ("1.5 1 2\n", "line 1: unknown label 1.5"),
        ("1 1 2\nsetosa 1 2\n", "line 2: 'setosa' is not a finite number"),
        ("1 1 two\n", "line 1: 'two' is not a finite number"),
        ("1 1 nan\n", "line 1: 'nan' is not a finite number"),
        ("1 1 -inf\n", "line 1: '-inf' is not a finite number"),
        ("1;2;3 4\n", "line 1: '1;2;3' is not a finite number; columns are separated by commas, or else by spaces"),
        ("1 1 1e39\n", "line 1: '1e39' is too large for float32; dtype=float64 reaches further"),
        ("1 1 2\n1 -4e38 2\n", "line 2: '-4e38' is too large"),
        ("1 1 1" + "0" * 400, "line 1: '10+' is not a finite number"),
        ("1e39 1 1", "line 1: unknown label 1e39"),
        ("", "the file is empty"),
        ("\n \n", "the file is empty"),
    ],
)
def test_read_labelled_names_file_and_line(tmp_path: Path, text: str, match: str) -> None:
    file = tmp_path / "broken.txt"
    file.write_text(text)
    with pytest.raises(ValueError, match=rf"broken\.txt.*{match}"):
        datasets.read_labelled(file)


def test_read_labelled_of_numbers_that_just_fit(tmp_path: Path) -> None:
    file = tmp_path / "large.txt"
    file.write_text("1 3.4028235e38 1e39")
    assert datasets.read_labelled(file, dtype=tl.float64).data.tolist() == [[3.4028235e38, 1e39]]
    with pytest.raises(TypeError, match=r"large\.txt: features need a floating-point dtype, got int64"):
        datasets.read_labelled(file, dtype=tl.int64)
    file.write_text("1 3.4028235e38")
    assert datasets.read_labelled(file).data.numpy() == np.finfo(np.float32).max


def test_read_labelled_reads_no_more_than_its_bound(tmp_path: Path) -> None:
    file = tmp_path / "huge.txt"
    with file.open("wb") as open_file:
        open_file.truncate(1 << 30)  # zeros that take no place on the disk
    tracemalloc.start()
    with pytest.raises(ValueError, match=r"huge\.txt: the file is larger than 67108864 bytes"):
        datasets.read_labelled(file)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1 << 28


def test_read_labelled_of_no_text(tmp_path: Path) -> None:
    file = tmp_path / "broken.txt"
    file.write_bytes(b"1 2 3\n1 \xff\xfe 3\n")
    with pytest.raises(ValueError, match=r"broken\.txt, line 2"):
        datasets.read_labelled(file)


def test_read_labelled_given_names_fix_the_columns(tmp_path: Path) -> None:
    file = tmp_path / "iris.txt"
    file.write_text("1 2 3\n")
    with pytest.raises(ValueError, match="line 1: got 3 columns, expected a label and 3 features"):
        datasets.read_labelled(file, features=["a", "b", "c"])


def test_read_labelled_of_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"nowhere\.txt: there is no such file.*'x1,x2,...,label'.*Iris\(\)"):
        datasets.read_labelled(tmp_path / "nowhere.txt")
