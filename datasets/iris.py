"""Iris: 150 flowers, four measurements of each, three species. The data are in iris.csv, their source in iris.md."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .table import LabelledTable, read_labelled


class Iris(LabelledTable):
    """150 irises, 50 of each species, measured in cm: `.data` (150, k) and `.targets` (150,) int64.

    `features` chooses columns by name, in the order given; the dtype is by default the default one (float32).
    ValueError for an unknown feature, TypeError for a dtype that is not floating-point.

    Source: R. A. Fisher, "The use of multiple measurements in taxonomic problems", Annals of Eugenics 7(2), 1936; UCI
    Machine Learning Repository, https://doi.org/10.24432/C56C76, licence CC BY 4.0. Rows 35 and 38, which are wrong in
    UCI's file, are as Fisher printed them; iris.md beside the data says more.

    >>> flowers = Iris(features=("petal length", "petal width"))
    >>> flowers
    Iris(150 samples: float32[2], int64[]; classes: setosa 50, versicolor 50, virginica 50)
    >>> flowers[0]
    (tensor([1.4000, 0.2000]), tensor(0))
    """

    def __init__(self, features: Sequence[str] | None = None, dtype: Any = None) -> None:
        table = read_labelled(Path(__file__).parent / "iris.csv", features, dtype=dtype, label="class")
        super().__init__(table.data, table.targets, table.features, table.classes)
