"""Random numbers: one default generator, which manual_seed() seeds, and a `generator=` in each function that draws numbers.

The numbers come from NumPy (PCG64), so the same seed gives other numbers than in PyTorch. They are drawn on the CPU even for
tensors on the GPU, so that a seed gives the same numbers on both.
"""

from __future__ import annotations

import numpy as np


class Generator:
    """A separate stream of random numbers: `Generator().manual_seed(0)`."""

    def __init__(self, device: str = "cpu") -> None:
        self._seed: int | None = None
        self._numpy: np.random.Generator | None = None

    def manual_seed(self, seed: int) -> Generator:
        """Restart the stream from an integer seed. Returns the generator."""
        self._seed, self._numpy = int(seed), None
        return self

    def initial_seed(self) -> int:
        """The seed that the stream started from."""
        if self._seed is None:
            self._seed = int(np.random.SeedSequence().generate_state(1)[0])
        return self._seed

    @property
    def numpy(self) -> np.random.Generator:
        """NumPy's generator, to draw from. It is made at the first use, because numpy.random is slow to import."""
        if self._numpy is None:
            self._numpy = np.random.default_rng(abs(self.initial_seed()))
        return self._numpy


default_generator = Generator()


def manual_seed(seed: int) -> Generator:
    """Seed the default generator, so that a program draws the same numbers each time. Returns the generator.
    >>> _ = manual_seed(0); a = rand(2)
    >>> _ = manual_seed(0); bool((rand(2) == a).all())
    True
    """
    return default_generator.manual_seed(seed)


def draw(generator: Generator | None) -> np.random.Generator:
    """The NumPy generator to draw from: that of `generator`, or of the default one if it is None."""
    return (default_generator if generator is None else generator).numpy
