"""Normalization: numbers shifted and scaled to mean 0 and variance 1, over a batch, a layer or a group."""

from __future__ import annotations

__all__: list[str] = []
