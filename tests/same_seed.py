"""Same seed, same numbers: everything that draws, in this library and in PyTorch, from the same 20 seeds.

    python tests/same_seed.py           # writes the table of tests/SAME_SEED.md
    python tests/same_seed.py --runs    # and the training runs of it (a minute)

A row is a function, called by both libraries after manual_seed(seed). Compared are the numbers, and the bytes of the
generator's state afterwards, so that what is drawn next is the same too. tests/test_same_seed.py runs a part.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import same_seed_runs
import torch

import tinygrad_lite as tl

PAGE = Path(__file__).with_name("SAME_SEED.md")
SEEDS = range(20)
FLOATS = ("float32", "float64", "float16")
INTEGERS = ("int64", "int32", "uint8")
SIZES = (1, 5, 15, 16, 17, 1000)


class Row(NamedTuple):
    """draw(t, dtype, n) makes about n numbers with the library t."""

    draw: Callable[[Any, Any, int], Any]
    dtypes: tuple[str, ...] = FLOATS
    sizes: tuple[int, ...] = SIZES


def empty(t: Any, dtype: Any, n: int) -> Any:
    return t.empty(n, dtype=dtype)


def chances(t: Any, dtype: Any, n: int) -> Any:
    return (t.arange(n, dtype=t.float64) / n).to(dtype)


def transposed(t: Any, dtype: Any, n: int) -> Any:
    return t.empty(n, 3, dtype=dtype).T


def linear(t: Any, dtype: Any, n: int) -> Any:
    layer = t.nn.Linear(n, 7, dtype=dtype)
    return t.cat([layer.weight.detach().reshape(-1), layer.bias.detach()])


def filled(name: str, *args: Any, **options: Any) -> Callable[[Any, Any, int], Any]:
    def draw(t: Any, dtype: Any, n: int) -> Any:
        return getattr(t.nn.init, name)(t.empty(3, n, dtype=dtype), *args, **options)

    return draw


def split(t: Any, dtype: Any, n: int) -> Any:
    data = t.utils.data if t is torch else t.datasets
    return t.tensor([i for part in data.random_split(range(n), [0.7, 0.3]) for i in part.indices])


def batches(t: Any, dtype: Any, n: int, own: bool = False) -> Any:
    data = t.utils.data if t is torch else t.datasets
    generator = t.Generator().manual_seed(3) if own else None
    loader = data.DataLoader(data.TensorDataset(t.arange(n)), 4, shuffle=True, generator=generator)
    return t.cat([x for _ in range(2) for (x,) in loader])


def dropped(t: Any, dtype: Any, n: int) -> Any:
    return t.nn.Sequential(t.nn.Dropout(0.3))(t.ones(n, 3, dtype=dtype))


ROWS: dict[str, Row] = {
    "rand(n)": Row(lambda t, d, n: t.rand(n, dtype=d)),
    "rand_like(x)": Row(lambda t, d, n: t.rand_like(empty(t, d, n))),
    "rand_like(x.T)": Row(lambda t, d, n: t.rand_like(transposed(t, d, n))),
    "x.uniform_()": Row(lambda t, d, n: empty(t, d, n).uniform_()),
    "x.uniform_(-0.1, 0.23)": Row(lambda t, d, n: empty(t, d, n).uniform_(-0.1, 0.23)),
    "x.T.uniform_(2, 3)": Row(lambda t, d, n: transposed(t, d, n).uniform_(2, 3)),
    "randn(n)": Row(lambda t, d, n: t.randn(n, dtype=d), sizes=(*SIZES, 100_001)),
    "randn(n), randn(3)": Row(lambda t, d, n: t.cat([t.randn(n, dtype=d), t.randn(3, dtype=d)])),
    "randn_like(x)": Row(lambda t, d, n: t.randn_like(empty(t, d, n))),
    "randn_like(x.T)": Row(lambda t, d, n: t.randn_like(transposed(t, d, n))),
    "x.normal_(0.3, 1.7)": Row(lambda t, d, n: empty(t, d, n).normal_(0.3, 1.7)),
    "x.T.normal_(-2, 0.1)": Row(lambda t, d, n: transposed(t, d, n).normal_(-2, 0.1)),
    "normal(2.0, 0.5, (n,))": Row(lambda t, d, n: t.normal(2.0, 0.5, (n,), dtype=d)),
    "normal(x, 0.5)": Row(lambda t, d, n: t.normal(chances(t, d, n), 0.5)),
    "normal(0.1, x)": Row(lambda t, d, n: t.normal(0.1, chances(t, d, n))),
    "normal(x, y)": Row(lambda t, d, n: t.normal(chances(t, d, n), chances(t, d, n))),
    "randint(10, (n,))": Row(lambda t, d, n: t.randint(10, (n,), dtype=d), INTEGERS + FLOATS),
    "randint(-2**27, 2**28, (n,))": Row(lambda t, d, n: t.randint(-(2**27), 2**28, (n,), dtype=d), ("int64", "int32")),
    "randint(0, 2**40, (n,))": Row(lambda t, d, n: t.randint(0, 2**40, (n,), dtype=d), ("int64", "float64")),
    "randint_like(x, 3, 9)": Row(lambda t, d, n: t.randint_like(transposed(t, d, n), 3, 9), INTEGERS + FLOATS),
    "x.random_()": Row(lambda t, d, n: empty(t, d, n).random_(), (*INTEGERS, *FLOATS, "int16", "bool")),
    "x.random_(7)": Row(lambda t, d, n: empty(t, d, n).random_(7), INTEGERS + FLOATS),
    "x.random_(3, None)": Row(lambda t, d, n: empty(t, d, n).random_(3, None), INTEGERS + FLOATS),
    "randperm(n)": Row(lambda t, d, n: t.randperm(n, dtype=d), ("int64", "int32", "float32"), (*SIZES, 299, 300, 60_000)),
    "bernoulli(x)": Row(lambda t, d, n: t.bernoulli(chances(t, d, n))),
    "bernoulli(x, p)": Row(lambda t, d, n: t.bernoulli(empty(t, d, n), 0.3)),
    "x.bernoulli_(0.3)": Row(lambda t, d, n: empty(t, d, n).bernoulli_(0.3), (*FLOATS, "int64", "bool")),
    "x.bernoulli_(y)": Row(lambda t, d, n: transposed(t, d, n).bernoulli_(chances(t, t.float32, n)), (*FLOATS, "int64")),
    "x.exponential_(1.7)": Row(lambda t, d, n: empty(t, d, n).exponential_(1.7)),
    "x.geometric_(0.3)": Row(lambda t, d, n: empty(t, d, n).geometric_(0.3), (*FLOATS, "int64")),
    "x.cauchy_(0.3, 1.7)": Row(lambda t, d, n: empty(t, d, n).cauchy_(0.3, 1.7)),
    "x.log_normal_(0.3, 0.7)": Row(lambda t, d, n: empty(t, d, n).log_normal_(0.3, 0.7)),
    "multinomial(x, 1)": Row(lambda t, d, n: t.multinomial(chances(t, d, n) + 1, 1), ("float32", "float64")),
    "multinomial(x, n)": Row(lambda t, d, n: t.multinomial(chances(t, d, n) + 1, n), ("float32", "float64")),
    "multinomial(x, 2 n, replacement)": Row(lambda t, d, n: t.multinomial(chances(t, d, n) + 1, 2 * n, True)),
    "multinomial of rows": Row(lambda t, d, n: t.multinomial(chances(t, d, 3 * n).reshape(3, n) + 1, 5, True)),
    "poisson(4 x)": Row(lambda t, d, n: t.poisson(chances(t, d, n) * 4)),
    "poisson(50 x)": Row(lambda t, d, n: t.poisson(chances(t, d, n) * 50)),
    "binomial(7, x)": Row(lambda t, d, n: t.binomial(t.full((n,), 7, dtype=d), chances(t, d, n)), ("float32", "float64")),
    "binomial(200, x)": Row(lambda t, d, n: t.binomial(t.full((n,), 200, dtype=d), chances(t, d, n)), ("float32", "float64")),
    "_standard_gamma(3 x)": Row(lambda t, d, n: gamma(t)(chances(t, d, n) * 3), ("float32", "float64")),
    "_sample_dirichlet(3 x)": Row(lambda t, d, n: dirichlet(t)(chances(t, d, n) * 3 + 0.1), ("float32", "float64")),
    "functional.dropout(x, 0.3)": Row(lambda t, d, n: t.nn.functional.dropout(t.ones(n, 3, dtype=d).T, 0.3)),
    "nn.Dropout": Row(dropped),
    "functional.rrelu(x - 0.5, training=True)": Row(
        lambda t, d, n: t.nn.functional.rrelu(chances(t, d, n) - 0.5, training=True), ("float32", "float64")
    ),
    "nn.Linear(n, 7)": Row(linear, ("float32", "float64")),
    "init.uniform_(x, -0.3, 0.7)": Row(filled("uniform_", -0.3, 0.7)),
    "init.normal_(x, 0, 0.02)": Row(filled("normal_", 0, 0.02)),
    "init.xavier_uniform_(x)": Row(filled("xavier_uniform_")),
    "init.xavier_normal_(x, 2)": Row(filled("xavier_normal_", 2.0)),
    "init.kaiming_uniform_(x, relu)": Row(filled("kaiming_uniform_", nonlinearity="relu")),
    "init.kaiming_normal_(x, fan_out)": Row(filled("kaiming_normal_", mode="fan_out")),
    "init.trunc_normal_(x)": Row(filled("trunc_normal_"), ("float32", "float64")),
    "init.trunc_normal_(x, 0, 1, 2, 3)": Row(filled("trunc_normal_", 0.0, 1.0, 2.0, 3.0), ("float32", "float64")),
    "init.orthogonal_(x)": Row(filled("orthogonal_"), ("float32", "float64"), (1, 5, 16)),
    "init.sparse_(x, 0.3)": Row(filled("sparse_", 0.3), ("float32", "float64")),
    "random_split(range(n), [0.7, 0.3])": Row(split, ("int64",), SIZES[1:]),
    "DataLoader(shuffle=True), two epochs": Row(batches, ("int64",)),
    "DataLoader(shuffle=True, generator)": Row(lambda t, d, n: batches(t, d, n, own=True), ("int64",)),
}


def gamma(t: Any) -> Any:
    return torch._standard_gamma if t is torch else tl.functional.random._standard_gamma


def dirichlet(t: Any) -> Any:
    return torch._sample_dirichlet if t is torch else tl.functional.random._sample_dirichlet


class Result(NamedTuple):
    numbers: int  # compared
    different: int
    largest: float  # difference
    states: int  # in which generators differed afterwards

    @property
    def text(self) -> str:
        if not self.different and not self.states:
            return "bit-equal"
        share = f"{self.different:,} of {self.numbers:,} numbers differ, by at most {self.largest:.2g}"
        return share + (f"; {self.states} states differ" if self.states else "")


def compare(row: Row, seeds: Any = SEEDS, most: int = 1 << 30) -> Result:
    """Both libraries' numbers for every dtype, size (up to `most`) and seed of a row."""
    numbers = different = states = 0
    largest = 0.0
    for name in row.dtypes:
        for n in row.sizes:
            for seed in seeds if n <= most else ():
                tl.manual_seed(seed)
                torch.manual_seed(seed)
                ours = row.draw(tl, getattr(tl, name), n).numpy()
                theirs = row.draw(torch, getattr(torch, name), n).numpy()
                if ours.dtype != theirs.dtype or ours.shape != theirs.shape:
                    raise AssertionError(f"{ours.dtype}{ours.shape} is not {theirs.dtype}{theirs.shape}")
                wrong = (ours != theirs) & ~((ours != ours) & (theirs != theirs))
                numbers, different = numbers + ours.size, different + int(wrong.sum())
                if wrong.any():
                    largest = max(largest, float(np.abs(ours[wrong].astype(float) - theirs[wrong].astype(float)).max()))
                states += not np.array_equal(tl.random.get_rng_state().numpy(), torch.get_rng_state().numpy())
    return Result(numbers, different, largest, states)


def torch_asks_mkl() -> bool:
    """Whether PyTorch on this processor (Intel's) draws some numbers from a stream of MKL, seeded by one draw of its own."""
    torch.manual_seed(0)
    torch.empty(8).exponential_()
    after = torch.rand(1)
    torch.manual_seed(0)
    return bool(torch.rand(17)[-1] != after)


def may_ask_mkl(name: str) -> bool:
    """Whether a row is one of those that draw from MKL's stream on Intel's processors."""
    words = ("exponential_", "bernoulli_(0.3)", "bernoulli(x, p)", "ropout")
    return any(word in name for word in words) or name in ("multinomial(x, 1)", "multinomial(x, n)")


VERSION = torch.__version__.partition("+")[0]
REASONS = {
    "functional.rrelu(x - 0.5, training=True)": "in float32 PyTorch multiplies by a slope that is not rounded to float32 yet",
    "init.orthogonal_(x)": "the normal numbers are the same; NumPy's LAPACK rounds the QR decomposition differently from MKL",
    "_sample_dirichlet(3 x)": "the gamma numbers are the same; their sum is rounded in another order",
}
INTRO = f"""# Same seed, same numbers

`manual_seed(0)` gives PyTorch's weights, batches and masks, so a whole program repeats PyTorch's losses. This page is
written by `python tests/same_seed.py`; do not edit it. `tests/test_same_seed.py` runs a part of it and says when it is out
of date.

Each row was drawn from {len(SEEDS)} seeds by this library and by PyTorch {VERSION} on the CPU. Bit-equal means: every
number is the same, and so are all 5056 bytes of the generator's state afterwards.

**On Intel's processors PyTorch itself draws other numbers** for `exponential_`, `bernoulli_(p)` with a number p, `dropout`
and `multinomial` without replacement: there it takes one draw as the seed of a stream of the MKL library. Elsewhere it
draws these from its generator, as the table shows and as this library does everywhere. And where a processor lacks AVX2
(Arm's do), its float32 `randn` of 16 numbers and more takes log, sin and cos from another library, which differ in the last
bit; so may a result with a product and a sum, which AVX2 code rounds once.

The logarithm, sine and cosine of float64 numbers are those of the computer's C library, in both libraries.

| function | dtypes | sizes n | numbers | result |
|---|---|---|---|---|
"""


def label(name: str, row: Row) -> str:
    """The first three cells of a row, by which a test sees whether the page is out of date."""
    name = name.replace("|", "\\|")
    return f"| `{name}` | {', '.join(row.dtypes)} | {', '.join(f'{n:,}' for n in row.sizes)} |"


def table() -> str:
    lines = []
    for name, row in ROWS.items():
        if not may_ask_mkl(name) or not torch_asks_mkl():
            result = compare(row)
            text = result.text + (f": {REASONS[name]}" if name in REASONS and result.different else "")
            print(f"{name:40} {text}", flush=True)
            lines.append(f"{label(name, row)} {result.numbers:,} | {text} |")
        else:
            lines.append(f"{label(name, row)} | not comparable on this processor |")
    whose = "from other streams for the rows that say so" if torch_asks_mkl() else "from its generator alone"
    lines.append(f"\nOn the processor that made this page, PyTorch draws {whose}.")
    return "\n".join(lines) + "\n"


def main() -> None:
    torch.set_num_threads(1)
    parser = argparse.ArgumentParser(description="Same seed, same numbers: writes tests/SAME_SEED.md")
    parser.add_argument("--runs", action="store_true", help="make the training runs too, not the table alone")
    runs = same_seed_runs.page() if parser.parse_args().runs else ""
    if not runs and PAGE.exists():
        runs = "".join(PAGE.read_text(encoding="utf-8").partition(f"\n{same_seed_runs.TITLE}")[1:])
    PAGE.write_text(INTRO + table() + runs, encoding="utf-8")


if __name__ == "__main__":
    main()
