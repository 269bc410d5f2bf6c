"""The notation of the formulas of derivatives, evaluated with NumPy: `g · (1 - out²)` with numbers for g and out.

    expression   term + term - term
    term         factor · factor / factor @ factor;  Σ factor · factor ...  is a sum over the axes of the op
    factor       power, -factor, √power
    power        atom ^ factor, atom², atom³, atomᵀ, atom⁻ᵀ
    atom         a number, ½, π, ∞, a name, f(expression, ...), (expression), |expression|, [condition]

It knows nothing of the ops and vjps of the library: functions are those of NumPy and SciPy.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import special

TOKEN = re.compile(r"\s*(\d+\.?\d*|[A-Za-zΓψζσφΦ][A-Za-z0-9_]*|<=|>=|[²³ᵀ½π∞Σ√·/@^()\[\]|<>=≠,+×-]|⁻ᵀ)")
FUNCTIONS: dict[str, Callable[..., Any]] = {
    "sign": np.sign, "log": np.log, "sin": np.sin, "cos": np.cos, "sinh": np.sinh, "cosh": np.cosh, "sinc": np.sinc,
    "trunc": np.trunc, "floor": np.floor, "clip": np.clip, "outer": np.multiply.outer, "total": np.sum,
    "σ": special.expit, "Φ": special.ndtr, "φ": lambda x: np.exp(-x * x / 2) / np.sqrt(2 * np.pi),
    "Γ": special.gamma, "ψ": special.digamma, "polygamma": special.polygamma, "ζ": special.zeta,
    "I0": special.i0, "I1": special.i1, "erfcx": special.erfcx,
}  # fmt: skip


class Formula:
    """A formula, read from the left. `values` are the numbers of its names, `axis` the axes that the op reduces."""

    def __init__(self, text: str, values: dict[str, Any], axis: tuple[int, ...] | None, keepdims: bool) -> None:
        self.values, self.axis, self.keepdims = values, axis, keepdims
        self.tokens: list[str] = []
        at = 0
        while at < len(text.rstrip()):
            found = TOKEN.match(text, at)
            if not found:
                raise SyntaxError(f"{text!r}: what is {text[at:]!r}?")
            self.tokens.append(found[1])
            at = found.end()

    def peek(self) -> str:
        return self.tokens[0] if self.tokens else ""

    def take(self, *wanted: str) -> str:
        if wanted and self.peek() not in wanted:
            raise SyntaxError(f"expected {' or '.join(wanted)}, found {self.peek()!r}")
        return self.tokens.pop(0)

    def whole(self) -> Any:
        value = self.expression()
        if self.tokens:
            raise SyntaxError(f"what is {' '.join(self.tokens)!r}?")
        return value

    def expression(self) -> Any:
        value = self.term()
        while self.peek() in ("+", "-"):
            value = value + self.term() if self.take() == "+" else value - self.term()
        return value

    def term(self) -> Any:
        value = self.factor()
        while self.peek() in ("·", "/", "@", "×"):
            sign, other = self.take(), self.factor()
            if sign == "×":
                value = np.cross(value, other, axis=self.axis[0])  # type: ignore[index]
            else:
                value = value * other if sign == "·" else value / other if sign == "/" else value @ other
        return value

    def factor(self) -> Any:
        if self.peek() == "-":
            self.take()
            return -self.factor()
        if self.peek() == "Σ":
            self.take()
            return np.sum(self.term(), axis=self.axis, keepdims=True)
        if self.peek() == "√":
            self.take()
            return np.sqrt(self.power())
        return self.power()

    def power(self) -> Any:
        value = self.atom()
        while self.peek() in ("²", "³", "^", "ᵀ", "⁻ᵀ"):
            sign = self.take()
            if sign == "^":
                value = np.power(np.asarray(value, float), self.factor())
            elif sign == "⁻ᵀ":
                value = np.swapaxes(np.linalg.inv(value), -1, -2)
            else:
                value = np.swapaxes(value, -1, -2) if sign == "ᵀ" else value**2 if sign == "²" else value**3
        return value

    def atom(self) -> Any:
        token = self.take()
        if token == "(":
            value = self.expression()
            self.take(")")
            return value
        if token == "|":
            value = np.abs(self.expression())
            self.take("|")
            return value
        if token == "[":
            value = self.condition()
            self.take("]")
            return np.asarray(value, float)
        numbers = {"½": 0.5, "π": np.pi, "∞": np.inf, "e": np.e}
        if token in numbers:
            return numbers[token]
        if token[0].isdigit():
            return float(token)
        if self.peek() == "(":
            return self.called(token)
        if token not in self.values:
            raise SyntaxError(f"{token} is not known")
        value = self.values[token]
        return np.asarray(value, float) if getattr(getattr(value, "dtype", None), "kind", "") == "b" else value

    def called(self, name: str) -> Any:
        self.take("(")
        given = [self.expression()]
        while self.peek() == ",":
            self.take()
            given.append(self.expression())
        self.take(")")
        if name == "spread":
            return self.spread(given[0])
        if name == "mean":
            return np.mean(given[0], axis=self.axis, keepdims=True)
        if name not in FUNCTIONS:
            raise SyntaxError(f"{name}() is not known")
        return FUNCTIONS[name](*given)

    def spread(self, x: Any) -> Any:
        """x with the reduced axes back."""
        full = self.values["x"].ndim
        return x if np.ndim(x) == full or self.axis is None else np.expand_dims(x, self.axis)

    def condition(self) -> Any:
        left = self.expression()
        if self.peek() == "]":
            return left
        sign, right = self.take("<", ">", "<=", ">=", "=", "≠"), self.expression()
        compare = {"<": np.less, ">": np.greater, "<=": np.less_equal, ">=": np.greater_equal, "=": np.equal, "≠": np.not_equal}
        return compare[sign](left, right)


def evaluated(text: str, values: dict[str, Any], axis: tuple[int, ...] | None = None, keepdims: bool = False) -> Any:
    """The value of a formula. `..., and FORMULA at 0` says what holds where x is 0. SyntaxError for words."""
    text, _, at_zero = text.removesuffix(" at 0").partition(", and ")
    value = Formula(text, values, axis, keepdims).whole()
    if at_zero:
        value = np.where(values["x"] == 0, Formula(at_zero, values, axis, keepdims).whole(), value)
    return value
