"""Rows of the activations: relu and sigmoid."""

from __future__ import annotations

from ..table import unary

unary("relu", keeps="out")
unary("sigmoid", keeps="out")
