"""Convolution: every output is a weighted sum of a small window of the input."""

from __future__ import annotations

__all__: list[str] = []
