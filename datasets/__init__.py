"""What one trains on: `Iris` and `FashionMNIST`, and the pieces to bring one's own data.

A `Dataset` is anything with a length and an index; `TensorDataset` makes one of tensors, `Subset` and `random_split`
take parts of one, and a `DataLoader` serves it in batches, each gathered with a single index operation. `read_labelled`
reads plain text files of labelled rows, `standardize` scales features by the training rows' mean and deviation, and
`fetch` downloads a file once, checked. The names are those of torch.utils.data where it has one.
"""

from typing import TYPE_CHECKING

from tinygrad_lite.suggest import missing_from

from .dataset import Dataset, Subset, TensorDataset, default_collate, random_split
from .fashion_mnist import FashionMNIST
from .fetch import fetch
from .iris import Iris, LabelledTable, read_labelled, standardize
from .loader import DataLoader

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
    __getattr__ = missing_from(__name__)
