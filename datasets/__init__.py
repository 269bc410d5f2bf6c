"""The data to train on: `Iris`, `FashionMNIST`, and what turns your own data into a dataset.

A `Dataset` is anything with a length and an index; `TensorDataset` makes one of tensors, `Subset` and `random_split`
take parts of one, and a `DataLoader` serves it in batches, each gathered with a single index operation. `read_labelled`
reads a CSV file of labelled rows, `standardize` scales features by the training rows' mean and deviation, and `fetch`
downloads a file once and checks it. The names are those of torch.utils.data where it has one.

    from tinygrad_lite.datasets import DataLoader, read_labelled, standardize

    flowers = read_labelled("flowers.csv")                          # the last column is the class of each row
    train, test = standardize(*flowers.split(test_size=0.2))
    for x, y in DataLoader(train, batch_size=16, shuffle=True):     # float32 features, int64 labels
        ...
"""

from typing import TYPE_CHECKING

from tinygrad_lite.suggest import missing_from, names_in

from .dataset import Dataset, Subset, TensorDataset, default_collate, random_split
from .fashion_mnist import FashionMNIST
from .fetch import fetch
from .iris import Iris
from .loader import DataLoader
from .table import LabelledTable, read_labelled, standardize

__all__ = [
    "DataLoader",
    "Dataset",
    "FashionMNIST",
    "Iris",
    "LabelledTable",
    "Subset",
    "TensorDataset",
    "default_collate",
    "fetch",
    "random_split",
    "read_labelled",
    "standardize",
]

if not TYPE_CHECKING:  # for a type checker, an unknown name is an error
    __getattr__, __dir__ = missing_from(__name__), names_in(__name__)
