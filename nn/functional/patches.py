"""Unfold and fold: the windows of an image as columns, and columns added up to an image."""

from __future__ import annotations

__all__: list[str] = []
