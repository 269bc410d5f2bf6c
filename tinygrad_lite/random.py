"""Random numbers: one default generator behind manual_seed(), and `generator=` wherever something is drawn.

The numbers are NumPy's (PCG64), so the same seed gives other numbers than in PyTorch. They are drawn on the CPU also for
tensors on the GPU, so that a seed means the same on both.
"""

from __future__ import annotations

import numpy as np


class Generator:
    """A stream of random numbers of its own: `Generator().manual_seed(0)`."""

    def __init__(self, device: str = "cpu") -> None:
        self._seed: int | None = None
        self._numpy: np.random.Generator | None = None

    def manual_seed(self, seed: int) -> Generator:
        """Start the stream that belongs to an integer; returns the generator."""
        self._seed, self._numpy = int(seed), None
        return self

    def initial_seed(self) -> int:
        """The seed that the stream started from."""
        if self._seed is None:
            self._seed = int(np.random.SeedSequence().generate_state(1)[0])
        return self._seed

    @property
    def numpy(self) -> np.random.Generator:
        """NumPy's generator, for drawing; made at the first use, because numpy.random takes its time to load."""
        if self._numpy is None:
            self._numpy = np.random.default_rng(abs(self.initial_seed()))
        return self._numpy


default_generator = Generator()


def manual_seed(seed: int) -> Generator:
    """Start the default generator from an integer, so that what follows is drawn the same again.
    >>> _ = manual_seed(0); a = rand(2)
    >>> _ = manual_seed(0); bool((rand(2) == a).all())
    True
    """
    return default_generator.manual_seed(seed)


def draw(generator: Generator | None) -> np.random.Generator:
    """The NumPy generator to draw from: the given one's or the default one's."""
    return (default_generator if generator is None else generator).numpy
