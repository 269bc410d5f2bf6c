"""The data to train on: `Iris`, `FashionMNIST`, and what turns your own data into a dataset.

A `Dataset` is anything with a length and an index; `TensorDataset` makes one of tensors, `Subset` and `random_split`
take parts of one, `ConcatDataset` and `StackDataset` join several. A `DataLoader` serves it in batches, each gathered with a
single index operation, in the order of a `Sampler`. `read_labelled` reads a CSV file of labelled rows, `standardize` scales
features by the training rows' mean and deviation, and `fetch` downloads a file once and checks it. The names are those of
torch.utils.data where it has one.

    from tinygrad_lite.datasets import DataLoader, read_labelled, standardize

    flowers = read_labelled("flowers.csv")                          # the last column is the class of each row
    train, test = standardize(*flowers.split(test_size=0.2))
    for x, y in DataLoader(train, batch_size=16, shuffle=True):     # float32 features, int64 labels
        ...
"""

from typing import TYPE_CHECKING

from tinygrad_lite.suggest import missing_from, names_in

from .collate import default_collate, default_convert
from .dataset import ChainDataset, ConcatDataset, Dataset, IterableDataset, StackDataset, Subset, TensorDataset, random_split
from .distributed import DistributedSampler
from .fashion_mnist import FashionMNIST
from .fetch import fetch
from .iris import Iris
from .loader import DataLoader, get_worker_info
from .sampler import BatchSampler, RandomSampler, Sampler, SequentialSampler, SubsetRandomSampler, WeightedRandomSampler
from .table import LabelledTable, read_labelled, standardize

# fmt: off
__all__ = [
    "BatchSampler", "ChainDataset", "ConcatDataset", "DataLoader", "Dataset", "DistributedSampler", "FashionMNIST", "Iris",
    "IterableDataset", "LabelledTable", "RandomSampler", "Sampler", "SequentialSampler", "StackDataset", "Subset",
    "SubsetRandomSampler", "TensorDataset", "WeightedRandomSampler", "default_collate", "default_convert", "fetch",
    "get_worker_info", "random_split", "read_labelled", "standardize",
]
# fmt: on

if not TYPE_CHECKING:  # for a type checker, an unknown name is an error
    __getattr__, __dir__ = missing_from(__name__), names_in(__name__)
