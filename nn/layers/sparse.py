"""Embeddings: a table of vectors, looked up by index."""

from __future__ import annotations

__all__: list[str] = []
