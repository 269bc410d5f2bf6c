"""What networks need stable or fast. Each could be composed of other ops; the comment above it says why it is a primitive.

The names in a file's `__all__` are functions of nn.functional, unchanged.
"""
