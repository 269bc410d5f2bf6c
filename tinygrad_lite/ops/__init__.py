"""Every primitive, its derivative directly above its forward.

arithmetic, exponential, trigonometric, choice: one number in, one number out · reduction: an axis is summed or searched ·
shape: the same numbers elsewhere · indexing: some of the numbers · linalg, contraction: products of arrays · neural/: what
networks need stable or fast. Those that take PyTorch's arguments in another form have it in functional/, in the file of the
same name.

To add an op, write it here as its neighbours are written, and add a row to the file of the same name in tests/cases/: the
suite does the rest. A name in a file's `__all__` is a function of tinygrad_lite and a method of Tensor, one in IN_PLACE also
has an in-place form (exp_). A vjp is written in operators and sibling ops only, so that the one line serves arrays (an
ordinary backward) and Tensors (create_graph=True). `g` is the gradient of the loss with respect to the result. What computes
is an @op, and float16 is then computed in float32; what only shows its input's memory, or moves it, is a @view.
"""
