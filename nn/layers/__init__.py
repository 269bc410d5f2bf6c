"""Layers by theme: each is a function of nn.functional and, where it has any, the parameters of that function.

nn/__init__.py takes the names in each file's `__all__`.
"""
