"""Every primitive, with its derivative directly above its forward.

- arithmetic, exponential, trigonometric, choice: element by element
- reduction: the numbers along an axis become one
- shape: the same numbers in another arrangement
- indexing: some of the numbers
- linalg, contraction: products of arrays
- neural/: what networks need stable or fast

Where PyTorch's arguments differ from those of the primitive, the function that takes them is in functional/, in the file of the
same name.

To add an op, write it here in the form of its neighbours, and add a row to the file of the same name in tests/cases/: from the
row the suite makes all checks. A name in a file's `__all__` becomes a function of tinygrad_lite and a method of Tensor; a name
in IN_PLACE also gets an in-place form (exp_). Write a vjp in operators and other ops only: the one line then works on arrays
(in an ordinary backward) and on Tensors (with create_graph=True). `g` is the gradient of the loss with respect to the result.
A function that computes is an @op, and its float16 inputs are computed in float32. One that only shares, copies or moves its
input's memory is a @view.
"""
