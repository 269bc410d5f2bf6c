"""All parameters of a model as one vector, and back."""

from __future__ import annotations

from collections.abc import Iterable

from tinygrad_lite import functional
from tinygrad_lite._tensor import Tensor

__all__ = ["parameters_to_vector", "vector_to_parameters"]


def parameters_to_vector(parameters: Iterable[Tensor]) -> Tensor:
    """All parameters, flattened and concatenated into one vector; gradients flow back through it.

    https://pytorch.org/docs/stable/generated/torch.nn.utils.parameters_to_vector.html

    >>> from tinygrad_lite import nn
    >>> parameters_to_vector(nn.Linear(2, 3).parameters()).shape
    torch.Size([9])
    """
    vector: Tensor = functional.cat([p.reshape(-1) for p in parameters])
    return vector


def vector_to_parameters(vec: Tensor, parameters: Iterable[Tensor]) -> None:
    """Give the parameters the numbers of a vector, in the order of parameters_to_vector(). They share its memory from then on.

    TypeError if `vec` is not a Tensor, RuntimeError if it is too short.
    https://pytorch.org/docs/stable/generated/torch.nn.utils.vector_to_parameters.html

    >>> from tinygrad_lite import nn, tensor
    >>> layer = nn.Linear(1, 1)
    >>> vector_to_parameters(tensor([2.0, 3.0]), layer.parameters())
    >>> layer.weight.item(), layer.bias.item()
    (2.0, 3.0)
    """
    if not isinstance(vec, Tensor):
        raise TypeError(f"expected a Tensor, but got: {type(vec).__name__}")
    held = list(parameters)
    if sum([p.numel() for p in held]) > vec.numel():
        needed = sum([p.numel() for p in held])
        raise RuntimeError(f"vector_to_parameters: the parameters have {needed} numbers, the vector only {vec.numel()}")
    start = 0
    for p in held:
        p.data = vec[start : start + p.numel()].detach().reshape(p.shape)
        start += p.numel()
