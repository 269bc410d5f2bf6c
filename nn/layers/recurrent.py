"""Recurrent layers: a step that is repeated along a sequence and hands its state on."""

from __future__ import annotations

__all__: list[str] = []
