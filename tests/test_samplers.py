"""Samplers, datasets made of others, and the loader's arguments for them, beside torch.utils.data: same order, same draws."""

from __future__ import annotations

import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch
import torch.utils.data

import tinygrad_lite as tl

OURS, THEIRS = (tl, tl.utils.data), (torch, torch.utils.data)


def run(do: Callable[[Any, Any], Any]) -> list[Any]:
    """What `do` returns with each of the two libraries from one seed, and the number that is drawn next."""
    found = []
    for t, data in (OURS, THEIRS):
        t.manual_seed(7)
        found.append((do(t, data), t.rand(1).item()))
    return found


def plain(x: Any) -> Any:
    """Tensors as lists, in containers of the same types."""
    if hasattr(x, "tolist"):
        return str(x.dtype).replace("torch.", ""), x.tolist()
    if isinstance(x, dict):
        return {key: plain(value) for key, value in x.items()}
    return type(x)(map(plain, x)) if isinstance(x, (list, tuple)) else x


def shown(t: Any, batches: Any) -> list[Any]:
    """The batches, and what the default generator draws between them."""
    return [(plain(batch), t.rand(1).item()) for batch in batches]


def generator(t: Any) -> Any:
    return t.Generator().manual_seed(3)


SAMPLERS: dict[str, Callable[[Any, Any], Any]] = {
    "sequential": lambda t, d: d.SequentialSampler(range(7)),
    "random": lambda t, d: d.RandomSampler(range(10)),
    "random of one": lambda t, d: d.RandomSampler(["a"]),
    "random more": lambda t, d: d.RandomSampler(range(5), num_samples=12),
    "random fewer": lambda t, d: d.RandomSampler(range(50), num_samples=7, generator=generator(t)),
    "random replaced": lambda t, d: d.RandomSampler(range(6), True),
    "random replaced often": lambda t, d: d.RandomSampler(range(6), replacement=True, num_samples=70),
    "random replaced 64": lambda t, d: d.RandomSampler(range(6), True, 64, generator(t)),
    "subset": lambda t, d: d.SubsetRandomSampler([4, 8, 15, 16, 23, 42]),
    "subset generator": lambda t, d: d.SubsetRandomSampler("abcde", generator(t)),
    "weighted": lambda t, d: d.WeightedRandomSampler([0.1, 0.9, 0.4, 0.7, 3.0, 0.6], 5),
    "weighted one": lambda t, d: d.WeightedRandomSampler(t.tensor([1.0, 2.0, 3.0]), 1),
    "weighted once": lambda t, d: d.WeightedRandomSampler([0.1, 0.9, 0.4, 0.7], 3, False, generator(t)),
    "batch": lambda t, d: d.BatchSampler(d.RandomSampler(range(10)), 4, False),
    "batch whole": lambda t, d: d.BatchSampler(d.RandomSampler(range(8)), 4, False),
    "batch dropped": lambda t, d: d.BatchSampler(d.SequentialSampler(range(10)), 3, True),
    "batch of a list": lambda t, d: d.BatchSampler([9, 1, 5], batch_size=2, drop_last=False),
}


@pytest.mark.parametrize("name", SAMPLERS)
def test_samplers(name: str) -> None:
    def do(t: Any, data: Any) -> Any:
        sampler = SAMPLERS[name](t, data)
        return len(sampler), shown(t, sampler), shown(t, sampler), isinstance(sampler, data.Sampler)

    ours, theirs = run(do)
    assert ours == theirs


def rows(t: Any, data: Any, n: int = 10) -> Any:
    return data.TensorDataset(t.arange(n), t.arange(n * 2.0).reshape(n, 2))


class Letters:
    """A plain dataset of a string, a number, and a dict."""

    def __len__(self) -> int:
        return 5

    def __getitem__(self, index: int) -> tuple[str, float, dict[str, Any]]:
        return "abcde"[index], index / 2, {"i": index, "a": np.full(2, index)}


def lists(t: Any, d: Any) -> Any:
    return [[3, 1], [4, 1, 5], [9]]


def eager(t: Any, d: Any) -> Any:
    class Eager(d.Sampler):  # type: ignore[misc]
        def __iter__(self) -> Iterator[int]:
            return iter(t.randperm(10).tolist())

        def __len__(self) -> int:
            return 10

    return Eager()


def streamed(d: Any, length: int | None = None) -> Any:
    class Stream(d.IterableDataset):  # type: ignore[misc]
        def __iter__(self) -> Iterator[Any]:
            return iter([(i, float(i)) for i in range(7)])

    if length is not None:
        Stream.__len__ = lambda self: length  # type: ignore[attr-defined]
    return Stream()


LOADERS: dict[str, Callable[[Any, Any], Any]] = {
    "sequential": lambda t, d: d.DataLoader(rows(t, d), 4),
    "shuffled": lambda t, d: d.DataLoader(rows(t, d), 4, True),
    "shuffled whole": lambda t, d: d.DataLoader(rows(t, d, 8), 4, True, drop_last=True),
    "sampler": lambda t, d: d.DataLoader(rows(t, d), 3, sampler=SAMPLERS["weighted"](t, d), drop_last=True),
    "random sampler": lambda t, d: d.DataLoader(rows(t, d), 3, sampler=SAMPLERS["random replaced often"](t, d)),
    "sampler and generator": lambda t, d: d.DataLoader(
        rows(t, d), 4, sampler=d.RandomSampler(range(10), generator=generator(t)), generator=generator(t)
    ),
    "sampler that draws at once": lambda t, d: d.DataLoader(rows(t, d), 4, sampler=eager(t, d)),
    "sampler of a list": lambda t, d: d.DataLoader(rows(t, d), 2, None, [1, 2, 8]),
    "sequential sampler of fewer": lambda t, d: d.DataLoader(rows(t, d), 2, sampler=d.SequentialSampler(range(3))),
    "batches": lambda t, d: d.DataLoader(rows(t, d), batch_sampler=lists(t, d)),
    "batches drawn": lambda t, d: d.DataLoader(rows(t, d), batch_sampler=SAMPLERS["batch"](t, d)),
    "batches of plain items": lambda t, d: d.DataLoader(Letters(), batch_sampler=[[1], [4, 0]]),
    "plain items": lambda t, d: d.DataLoader(Letters(), 2, True),
    "keys": lambda t, d: d.DataLoader({"a": 1, "b": 2, "c": 3}, 2, sampler=["a", "c", "b"]),
    "collated": lambda t, d: d.DataLoader(rows(t, d), 4, True, collate_fn=lambda items: [len(items), items[0][0].item()]),
    "alone": lambda t, d: d.DataLoader(rows(t, d, 4), batch_size=None, shuffle=True),
    "alone and plain": lambda t, d: d.DataLoader(Letters(), None),
    "alone at once": lambda t, d: d.DataLoader(rows(t, d), None, sampler=eager(t, d)),
    "alone in batches": lambda t, d: d.DataLoader(
        rows(t, d), batch_size=None, sampler=d.BatchSampler(d.RandomSampler(range(10)), 4, False)
    ),
    "concat": lambda t, d: d.DataLoader(rows(t, d, 5) + rows(t, d, 4), 3),
    "concat shuffled": lambda t, d: d.DataLoader(d.ConcatDataset([rows(t, d, 2), rows(t, d, 4), rows(t, d, 1)]), 3, True),
    "stack": lambda t, d: d.DataLoader(d.StackDataset(rows(t, d, 5), Letters(), t.arange(5)), 2, True),
    "stack by name": lambda t, d: d.DataLoader(d.StackDataset(x=t.arange(5), y=Letters()), 2),
    "subset": lambda t, d: d.DataLoader(d.Subset(d.ConcatDataset([t.arange(3), t.arange(4)]), [6, 0, 2, 3]), 3, True),
    "split": lambda t, d: d.DataLoader(d.random_split(rows(t, d), [0.5, 0.3, 0.2])[0], 2, True),
    "stream": lambda t, d: d.DataLoader(streamed(d), 3),
    "stream dropped": lambda t, d: d.DataLoader(streamed(d, 7), 3, drop_last=True),
    "stream alone": lambda t, d: d.DataLoader(streamed(d), None),
    "streams": lambda t, d: d.DataLoader(streamed(d, 7) + streamed(d, 7), 4, shuffle=False),
}


@pytest.mark.parametrize("name", LOADERS)
def test_loaders(name: str) -> None:
    def do(t: Any, data: Any) -> Any:
        loader = LOADERS[name](t, data)
        try:
            count = len(loader)
        except TypeError:
            count = "unknown"
        repr(loader)
        first = iter(loader)
        return count, t.rand(1).item(), shown(t, first), shown(t, loader), loader.batch_size, loader.drop_last

    ours, theirs = run(do)
    assert ours == theirs


def test_what_the_loader_has() -> None:
    loader = tl.utils.data.DataLoader(Letters(), 2, True)
    assert isinstance(loader.sampler, tl.utils.data.RandomSampler) and loader.batch_sampler.sampler is loader.sampler
    assert loader.collate_fn is tl.utils.data.default_collate
    for name in ("batch_size", "sampler", "dataset"):
        with pytest.raises(ValueError, match="should not be set after DataLoader is initialized"):
            setattr(loader, name, 3)
    for options, text in (
        ({"batch_sampler": [[0]]}, "DataLoader(1 batches, Letters(5 samples))"),
        ({"batch_size": 2}, "DataLoader(3 batches of 2, Letters(5 samples))"),
    ):
        loader = tl.utils.data.DataLoader(Letters(), **options)  # type: ignore[arg-type]
        assert repr(loader) == text and loader._repr_html_()
    assert repr(tl.utils.data.DataLoader(streamed(tl.utils.data), 3)).startswith("DataLoader(? batches of 3, Stream(")


def test_a_batch_of_a_sampler_is_one_index_operation() -> None:
    asked = []

    class Counted(tl.utils.data.TensorDataset):
        def batch(self, indices: Any) -> Any:
            asked.append(indices)
            return super().batch(indices)

    data, d = Counted(tl.arange(10)), tl.utils.data
    list(d.DataLoader(data, 4, sampler=d.WeightedRandomSampler([1.0] * 10, 8)))
    list(d.DataLoader(d.StackDataset(data, tl.arange(10)), 5, True))
    list(d.DataLoader(d.ConcatDataset([data, data]), 10))
    assert [len(np.arange(10)[x]) for x in asked] == [4, 4, 5, 5, 10, 10]


def test_items_may_be_fetched_together() -> None:
    class Many(Letters):
        def __getitems__(self, places: list[int]) -> list[int]:
            return [-i for i in places]

    for _, data in (OURS, THEIRS):
        assert [x.tolist() for x in data.DataLoader(Many(), 3)] == [[0, -1, -2], [-3, -4]]


# What is refused

WRONG: dict[str, Callable[[Any, Any], Any]] = {
    "sampler and shuffle": lambda t, d: d.DataLoader(Letters(), shuffle=True, sampler=[1]),
    "batch_sampler and batch_size": lambda t, d: d.DataLoader(Letters(), 2, batch_sampler=[[1]]),
    "batch_sampler and shuffle": lambda t, d: d.DataLoader(Letters(), shuffle=True, batch_sampler=[[1]]),
    "batch_sampler and sampler": lambda t, d: d.DataLoader(Letters(), sampler=[1], batch_sampler=[[1]]),
    "batch_sampler and drop_last": lambda t, d: d.DataLoader(Letters(), drop_last=True, batch_sampler=[[1]]),
    "no batches and drop_last": lambda t, d: d.DataLoader(Letters(), None, drop_last=True),
    "shuffle of nothing": lambda t, d: d.DataLoader([], shuffle=True),
    "batch_size 0": lambda t, d: d.DataLoader(Letters(), 0),
    "workers": lambda t, d: d.DataLoader(Letters(), num_workers=-1),
    "timeout": lambda t, d: d.DataLoader(Letters(), timeout=-1),
    "timeout alone": lambda t, d: iter(d.DataLoader(Letters(), timeout=1)),
    "prefetch": lambda t, d: d.DataLoader(Letters(), prefetch_factor=2),
    "prefetch less": lambda t, d: d.DataLoader(Letters(), num_workers=1, prefetch_factor=-2),
    "persistent": lambda t, d: d.DataLoader(Letters(), persistent_workers=True),
    "context": lambda t, d: d.DataLoader(Letters(), multiprocessing_context="fork"),
    "stream shuffled": lambda t, d: d.DataLoader(streamed(d), shuffle=True),
    "stream and sampler": lambda t, d: d.DataLoader(streamed(d), sampler=[1]),
    "stream and batch_sampler": lambda t, d: d.DataLoader(streamed(d), batch_sampler=[[1]]),
    "stream without a length": lambda t, d: len(d.DataLoader(streamed(d))),
    "sampler without indices": lambda t, d: iter(d.Sampler()),
    "sampler without a length": lambda t, d: len(d.DataLoader(Letters(), sampler=iter([1]))),
    "replacement": lambda t, d: d.RandomSampler(range(3), replacement=1),
    "num_samples": lambda t, d: d.RandomSampler(range(3), num_samples=0),
    "num_samples of nothing": lambda t, d: d.RandomSampler([]),
    "weighted num_samples": lambda t, d: d.WeightedRandomSampler([1.0], True),
    "weighted replacement": lambda t, d: d.WeightedRandomSampler([1.0], 1, 0),
    "weighted dimensions": lambda t, d: d.WeightedRandomSampler([[1.0]], 1),
    "weighted too few": lambda t, d: list(d.WeightedRandomSampler([1.0], 2, False)),
    "batch sampler size": lambda t, d: d.BatchSampler([1], 1.5, False),
    "batch sampler drop_last": lambda t, d: d.BatchSampler([1], 1, 0),
    "concat nothing": lambda t, d: d.ConcatDataset([]),
    "concat stream": lambda t, d: d.ConcatDataset([streamed(d)]),
    "concat index": lambda t, d: d.ConcatDataset([[1], [2]])[-3],
    "concat end": lambda t, d: d.ConcatDataset([[1], [2]])[2],
    "stack nothing": lambda t, d: d.StackDataset(),
    "stack both": lambda t, d: d.StackDataset([1], x=[1]),
    "stack lengths": lambda t, d: d.StackDataset([1], [1, 2]),
    "stack lengths by name": lambda t, d: d.StackDataset(x=[1], y=[1, 2]),
    "chain": lambda t, d: list(d.ChainDataset([[1]])),
    "chain length": lambda t, d: len(d.ChainDataset([[1]])),
    "split": lambda t, d: d.random_split(range(3), [1, 1]),
    "split fractions": lambda t, d: d.random_split(range(3), [0.5, 0.6]),
    "split negative": lambda t, d: d.random_split(range(3), [1.5, -0.5]),
}


@pytest.mark.parametrize("name", WRONG)
def test_refused_as_by_torch(name: str) -> None:
    errors = []
    for t, data in (OURS, THEIRS):
        with pytest.raises(Exception) as error:
            WRONG[name](t, data)
        errors.append(error.type)
    assert errors[0] is errors[1]


def test_a_stream_that_is_longer_than_it_said() -> None:
    for _, data in (OURS, THEIRS):
        loader = data.DataLoader(streamed(data, 2), batch_size=1)
        assert len(loader) == 2
        with pytest.warns(UserWarning, match="was reported to be 2"):
            list(loader)


# random_split


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("lengths", [[7, 3], [10, 0], [0.7, 0.3], [0.35, 0.35, 0.3], [1.0], [0.15, 0.15, 0.7]])
@pytest.mark.parametrize("n", [10, 11])
def test_random_split(lengths: list[float], n: int) -> None:
    def do(t: Any, data: Any) -> Any:
        try:
            parts = data.random_split(range(n), lengths)
        except ValueError:
            return "refused"
        return [list(part) for part in parts], [list(part.indices) for part in parts]

    ours, theirs = run(do)
    assert ours == theirs


def test_random_split_warns_as_torchs() -> None:
    counts = []
    for _, data in (OURS, THEIRS):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            data.random_split(range(1), [0.2, 0.3, 0.5])
        counts.append([str(w.message)[:31] for w in caught])
    assert counts[0] == counts[1] == ["Length of split at index 1 is 0", "Length of split at index 2 is 0"]


# What a program loads

PROGRAM = """
import tinygrad_lite as tl
from tinygrad_lite import datasets, methods, nn, optim
train, test = datasets.Iris().split(test_size=0.2)
model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))
optimizer, loss_of = optim.AdamW(model.parameters(), lr=0.01), nn.CrossEntropyLoss()
for x, y in datasets.DataLoader(train, batch_size=16, shuffle=True):
    optimizer.zero_grad()
    loss = loss_of(model(x), y)
    loss.backward()
    optimizer.step()
with tl.no_grad():
    hits = (model(test.tensors[0]).argmax(1) == test.tensors[1]).float().mean().item()
state = model.state_dict()
model.load_state_dict(state)
print(f"{loss.item():.4f}", hits)
assert not methods.complete, "all functions were loaded"
"""


def test_a_training_program_does_not_load_all_functions() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def test_a_stream_without_a_length_trains() -> None:
    class Line(tl.nn.Linear):
        def training_step(self, batch: Any, number: int) -> Any:
            return ((self(batch[0].float().unsqueeze(-1)).squeeze(-1) - batch[1].float()) ** 2).mean()

        def configure_optimizers(self) -> Any:
            return tl.optim.SGD(self.parameters(), lr=0.01)

    loader = tl.utils.data.DataLoader(streamed(tl.utils.data), batch_size=3)
    history = tl.nn.Trainer(max_epochs=20).fit(Line(1, 1), loader)
    assert history["train_loss"][-1] < history["train_loss"][0]
