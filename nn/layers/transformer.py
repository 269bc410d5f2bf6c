"""Transformers: layers of attention and of two linear maps, each with a residual connection and a norm."""

from __future__ import annotations

__all__: list[str] = []
