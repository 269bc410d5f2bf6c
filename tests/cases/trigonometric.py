"""Rows of tanh."""

from __future__ import annotations

from .table import unary

unary("tanh", keeps="out")
