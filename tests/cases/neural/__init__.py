"""Rows of the ops in tinygrad_lite/ops/neural."""
