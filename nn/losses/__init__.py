"""Losses as modules: a loss holds its options and is called with tensors. The formulas are in nn/functional."""
