"""Random numbers: one default generator, which manual_seed() seeds, and a `generator=` in each function that draws numbers.

The same seed gives the same numbers as in PyTorch on the CPU, bit for bit: weights, batches, masks. How they are made is in
streams.py, what they are used for in creation.py and functional/random.py. They are drawn on the CPU even for tensors on the
GPU, so that a seed gives the same numbers on both. Without manual_seed() a program draws other numbers each time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from os import urandom
from typing import TYPE_CHECKING, Any

from . import backend
from ._tensor import Tensor
from .recorder import here

if TYPE_CHECKING:
    from .streams import Torch as Stream

__all__ = ["Generator", "default_generator", "manual_seed", "seed", "initial_seed", "get_rng_state", "set_rng_state"]

UNSEEDED = 67280421310721  # PyTorch's seed of a Generator that was given none


class Generator:
    """A separate stream of random numbers: `Generator().manual_seed(0)`. Until it is seeded, it starts from the same seed each
    time, as in PyTorch. With stream="numpy" its numbers are NumPy's (PCG64): not those of PyTorch, but drawn faster.
    https://pytorch.org/docs/stable/generated/torch.Generator.html
    >>> rand(2, generator=Generator().manual_seed(0))
    tensor([0.4963, 0.7682])
    """

    def __init__(self, device: Any = "cpu", *, stream: str = "torch") -> None:
        if stream not in ("torch", "numpy"):
            raise ValueError(f"Generator: the streams are 'torch' and 'numpy', got {stream!r}")
        self.device = backend.device("cpu" if device is None else device)
        self._kind, self._seed = stream, UNSEEDED
        self._stream: Stream | None = None

    @property
    def stream(self) -> Stream:
        """What the numbers are drawn from. It is made at the first use, because numpy.random is slow to import."""
        if self._stream is None:
            from .streams import (
                Numpy,
                Torch,
            )  # `from . import streams` would ask the package for the name, and load all functions

            self._stream = (Torch if self._kind == "torch" else Numpy)(self._seed)
        return self._stream

    def manual_seed(self, seed: int) -> Generator:
        """Restart the stream from an integer of up to 64 bits; a negative one counts from 2⁶⁴ down. Returns the generator."""
        if not -(1 << 63) <= int(seed) < 1 << 64:
            raise ValueError(f"manual_seed: a seed has at most 64 bits, got {seed}")
        if here.recording is not None:
            here.recording.fail("the step seeds a generator")
        self._seed, self._stream = int(seed) % (1 << 64), None
        return self

    def initial_seed(self) -> int:
        """The seed that the stream started from."""
        return self._seed if self._stream is None else self._stream.seed

    def seed(self) -> int:
        """Restart the stream from a seed that the operating system makes up, and return it."""
        return self.manual_seed(int.from_bytes(urandom(7), "little") >> 3).initial_seed()

    def get_state(self) -> Tensor:
        """The state as a tensor of bytes, the same as PyTorch's; set_state() goes on from there."""
        return Tensor._of(self.stream.state())

    def set_state(self, new_state: Tensor) -> Generator:
        """Go on from a state of get_state(), ours or PyTorch's. RuntimeError for other bytes."""
        if not isinstance(new_state, Tensor) or new_state.dtype != "uint8":
            found = getattr(new_state, "dtype", type(new_state).__name__)
            raise TypeError(f"set_state: expected the tensor of uint8 that get_state() returned, got {found}")
        self.stream.set_state(new_state.array)
        return self

    def clone_state(self) -> Generator:
        """Another generator in the same state."""
        return Generator(self.device, stream=self._kind).set_state(self.get_state())

    def __deepcopy__(self, memo: Any) -> Generator:
        return self.clone_state()

    def __reduce__(self) -> Any:
        return _restored, (str(self.device), self._kind, self.stream.state())


def _restored(device: str, kind: str, state: Any) -> Generator:
    return Generator(device, stream=kind).set_state(Tensor._of(state))


default_generator = Generator()
FIRST_SEED = default_generator.seed()


def never_used() -> bool:
    """Whether the program has neither seeded the default generator nor drawn from it."""
    return default_generator._seed == FIRST_SEED and default_generator._stream is None


def manual_seed(seed: int) -> Generator:
    """Seed the default generator, so that a program draws the same numbers each time: those of PyTorch. Returns the generator.
    https://pytorch.org/docs/stable/generated/torch.manual_seed.html
    >>> _ = manual_seed(0); rand(2)
    tensor([0.4963, 0.7682])
    """
    return default_generator.manual_seed(seed)


def seed() -> int:
    """Seed the default generator with a number that the operating system makes up, and return it."""
    return default_generator.seed()


def initial_seed() -> int:
    """The seed that the default generator started from.
    >>> _ = manual_seed(7); initial_seed()
    7
    """
    return default_generator.initial_seed()


def get_rng_state() -> Tensor:
    """The state of the default generator as a tensor of bytes, the same as PyTorch's.
    https://pytorch.org/docs/stable/generated/torch.get_rng_state.html
    >>> state = get_rng_state(); x = rand(2)
    >>> set_rng_state(state); bool((rand(2) == x).all())
    True
    """
    return default_generator.get_state()


def set_rng_state(new_state: Tensor) -> None:
    """Let the default generator go on from a state of get_rng_state(). RuntimeError for other bytes."""
    default_generator.set_state(new_state)


@contextmanager
def fork_rng(devices: Iterable[Any] | None = None, enabled: bool = True) -> Iterator[None]:
    """Within it, draw what you like: afterwards the default generator goes on from where it was before.
    https://pytorch.org/docs/stable/random.html#torch.random.fork_rng
    >>> _ = manual_seed(0); a = rand(2)
    >>> _ = manual_seed(0)
    >>> with fork_rng():
    ...     b = rand(5)
    >>> bool((rand(2) == a).all())
    True
    """
    state = get_rng_state() if enabled else None
    try:
        yield
    finally:
        if state is not None:
            set_rng_state(state)


def draw(generator: Generator | None) -> Stream:
    """The stream to draw from: that of `generator`, or of the default one if it is None."""
    if here.recording is not None:
        return here.recording.stream(default_generator if generator is None else generator)  # type: ignore[no-any-return]
    if generator is None:
        return default_generator.stream
    if not isinstance(generator, Generator):
        raise TypeError(
            f"generator: expected a Generator, got {type(generator).__name__}; make one: Generator().manual_seed(0)"
        )
    return generator.stream


def check_floating(what: str, dtype: Any) -> None:
    """NotImplementedError, as in PyTorch, for a dtype that these random numbers do not have."""
    if dtype.kind != "f":
        raise NotImplementedError(
            f"{what}: these random numbers are floats, not {dtype}; draw floats and cast them, or randint"
        )


def check_integers(low: int, high: int, dtype: Any) -> tuple[int, int]:
    """The bounds of random integers that a tensor of this dtype is to hold. RuntimeError if it cannot hold some. A float holds
    not all integers beyond its digits; the bounds move to the nearest that it holds, so that no draw is rounded up to `high`.
    """
    if low >= high:
        raise RuntimeError(f"random integers: the range is empty, from {low} up to but not including {high}")
    if dtype.kind == "f":
        digits = {2: 11, 4: 24, 8: 53}[dtype.itemsize]
        least = largest = None
        if abs(low) > 1 << digits and (up := _rounded(low + 1, dtype)) < low:
            low = up + (1 << (abs(low + 1).bit_length() - digits))
        if abs(high) > 1 << digits and (down := _rounded(high - 1, dtype)) >= high:
            high = down - (1 << (abs(high - 1).bit_length() - digits))
        if dtype.itemsize == 2:
            least, largest = -65504, 65504
    else:
        bits = 1 if dtype.kind == "b" else 8 * dtype.itemsize - (dtype.kind == "i")
        least, largest = -(1 << bits) if dtype.kind == "i" else 0, (1 << bits) - 1
    if least is not None and largest is not None and (low < least or high - 1 > largest):
        raise RuntimeError(f"random integers: {dtype} holds {least} to {largest}, not all of {low} to {high - 1}")
    return low, high


def _rounded(x: int, dtype: Any) -> int:
    return int(dtype.type(x)) if abs(x) < 65520 or dtype.itemsize > 2 else x
