"""Every primitive, with its derivative directly above its forward.

- arithmetic, exponential, logarithmic, trigonometric, rounding, choice, numbers (all else): element by element
- special, error_function: the same, for the functions of mathematical physics
- reduction, statistics: the numbers along an axis become one, or a few
- scan: each becomes the sum, product or extreme of those up to it
- shape, arrangement: the same numbers in another arrangement
- indexing, selection: some of the numbers, by position
- linalg, products, contraction: products of arrays
- triangles, decomposition, lu: parts, inverses and factors of matrices
- neural/: what networks need stable or fast

tape.ops has all of them by name. The files that every program needs are imported with the package; the others are imported when
a program asks for the first name in them (methods.py).

Where PyTorch's arguments differ from those of the primitive, the function that takes them is in functional/, in the file of the
same name.

To add an op, write it here in the form of its neighbours, and add a row to the file of the same name in tests/cases/: from the
row the suite makes all checks. A name in a file's `__all__` becomes a function of tinygrad_lite and a method of Tensor; a name
in IN_PLACE also gets an in-place form (exp_); methods.py says more. Write a vjp in operators and other ops only: the one line
then works on arrays (in an ordinary backward) and on Tensors (with create_graph=True). `g` is the gradient of the loss with
respect to the result. A function that computes is an @op, and its float16 inputs are computed in float32. One that only shares,
copies or moves its input's memory is a @view.
"""
