"""What networks need stable or fast. Each is a composition that has a reason, told beside it, to be a primitive.

The names in a file's `__all__` are functions of nn.functional as they stand.
"""
