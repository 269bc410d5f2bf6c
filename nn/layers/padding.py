"""Layers that put numbers around their input."""

from __future__ import annotations

__all__: list[str] = []
