"""The derivative of every op as one writes it on paper: for each input, what it receives when the gradient g arrives.

The vjp in ops/ computes the same; there it has to be fast and to hold for arrays of any shape. `NOTATION` says how a formula is
to be read. tests/test_explain_formulas.py evaluates the formulas with numbers, by an evaluator that knows nothing of the vjps,
and compares.
"""

from __future__ import annotations

from .arrays import ARRAYS
from .numbers import NUMBERS

NOTATION = """\
g is the gradient that arrives, out the result, other letters are inputs and options of the op.
Numbers are taken element by element; · and / apply to elements, @ is the matrix product, ᵀ transposes the last two axes.
[x > 0] is 1 where it is true, 0 elsewhere. Σ adds over the axes that the op reduces, up to the next + or -.
spread(g) repeats g along the axes that the op reduced. Where an input was broadcast, the sum over its copies follows.
"""


def formula_of(op: str, input: str) -> str | None:
    """What an input of an op receives, as a formula; None for an op that is not this library's.
    >>> formula_of("tanh", "x")
    'g · (1 - out²)'
    """
    return FORMULAS.get(op, {}).get(input)


FORMULAS: dict[str, dict[str, str]] = NUMBERS | ARRAYS
