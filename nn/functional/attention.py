"""Attention: a weighted mean of values, where the weights are the softmax of products."""

from __future__ import annotations

__all__: list[str] = []
