"""Every primitive, its derivative directly above its forward.

elementwise: one number in, one number out · reduction: an axis is summed or searched · linalg: products of arrays · shape: the
same numbers elsewhere · indexing: some of the numbers · neural: what networks need stable or fast.

To add an op, write it here as its neighbours are written, and add a row to tests/cases.py: the suite does the rest.
A vjp is written in operators and sibling ops only, so that the one line serves arrays (an ordinary backward) and Tensors
(create_graph=True). `g` is the gradient of the loss with respect to the result. What computes is an @op, and of float16 is
computed in float32; what only shows its input's memory, or moves it, is a @view.
"""
