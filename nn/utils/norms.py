"""Weight and spectral normalization in PyTorch's first form: a hook computes the weight before each forward.

The newer form is in parametrizations.py; the names in the state_dict differ.
"""

from __future__ import annotations

import warnings
from typing import Any, TypeVar

from tinygrad_lite._tensor import Tensor
from tinygrad_lite.grad_mode import no_grad

from .. import functional as F
from ..module import Module
from ..parameter import Parameter, UninitializedParameter

__all__ = ["remove_spectral_norm", "remove_weight_norm", "spectral_norm", "weight_norm"]

M = TypeVar("M", bound=Module)


def norm_except(v: Tensor, dim: int) -> Tensor:
    """The 2-norm over all axes but `dim`, which are kept with the size 1; for -1 the norm of all numbers, of shape ()."""
    if dim == -1:
        return v.norm()
    others = [axis for axis in range(v.ndim) if axis != dim]
    return v.norm(2, others, keepdim=True) if others else v.abs()


def as_matrix(weight: Tensor, dim: int) -> Tensor:
    """The weight with axis `dim` as rows, and all others together as columns."""
    order = (dim, *[axis for axis in range(weight.ndim) if axis != dim])
    return weight.permute(*order).reshape((weight.shape[dim], -1))


def outputs_of(module: Module) -> int:
    """The axis of a layer's weight that belongs to its outputs: the second of a transposed convolution, else the first."""
    return 1 if any(kind.__name__.startswith("ConvTranspose") for kind in type(module).__mro__) else 0


class WeightNorm:
    """The hook: weight = g · v / ‖v‖, where the norm is that of each slice along `dim`."""

    def __init__(self, name: str, dim: int) -> None:
        self.name, self.dim = name, dim

    def compute_weight(self, module: Module) -> Tensor:
        """g · v / ‖v‖."""
        g, v = getattr(module, self.name + "_g"), getattr(module, self.name + "_v")
        weight: Tensor = v * (g / norm_except(v, self.dim))
        return weight

    def remove(self, module: Module) -> None:
        """Make the weight a Parameter again."""
        weight = self.compute_weight(module)
        for name in (self.name, self.name + "_g", self.name + "_v"):
            delattr(module, name)
        setattr(module, self.name, Parameter(weight.detach()))

    def __call__(self, module: Module, inputs: Any) -> None:
        setattr(module, self.name, self.compute_weight(module))


class SpectralNorm:
    """The hook: weight / σ, where σ = uᵀ W v is the largest singular value. In training, u and v come nearer to its singular
    vectors by v ← Wᵀu / ‖Wᵀu‖, u ← Wv / ‖Wv‖ before each forward.
    """

    def __init__(self, name: str, n_power_iterations: int, dim: int, eps: float) -> None:
        if n_power_iterations <= 0:
            what = f"got n_power_iterations={n_power_iterations}"
            raise ValueError(f"Expected n_power_iterations to be positive, but {what}")
        self.name, self.dim, self.n_power_iterations, self.eps = name, dim, n_power_iterations, eps

    def compute_weight(self, module: Module, do_power_iteration: bool) -> Tensor:
        """weight / σ."""
        weight, u, v = [getattr(module, self.name + part) for part in ("_orig", "_u", "_v")]
        matrix = as_matrix(weight, self.dim)
        if do_power_iteration:
            with no_grad():
                for _ in range(self.n_power_iterations):
                    v.copy_(F.normalize(matrix.T @ u, dim=0, eps=self.eps))
                    u.copy_(F.normalize(matrix @ v, dim=0, eps=self.eps))
        u, v = u.clone(), v.clone()  # the next forward may come before this one's backward
        found: Tensor = weight / (u @ (matrix @ v))
        return found

    def remove(self, module: Module) -> None:
        """Make the weight a Parameter again."""
        weight = self.compute_weight(module, do_power_iteration=False)
        for part in ("", "_u", "_v", "_orig"):
            delattr(module, self.name + part)
        setattr(module, self.name, Parameter(weight.detach()))

    def __call__(self, module: Module, inputs: Any) -> None:
        setattr(module, self.name, self.compute_weight(module, do_power_iteration=module.training))


def _taken(module: Module, name: str, kind: type, what: str) -> Parameter:
    """The parameter that is to be computed by a hook, taken out of the module."""
    if any(isinstance(hook, kind) and vars(hook)["name"] == name for hook in module._forward_pre_hooks.values()):
        raise RuntimeError(f"Cannot register two {what} hooks on the same parameter {name}")
    weight = module._parameters[name]
    if isinstance(weight, UninitializedParameter):
        raise ValueError(f"{what}: the parameter {name!r} has no shape yet; call the module once before")
    return weight


def weight_norm(module: M, name: str = "weight", dim: int | None = 0) -> M:
    """Make a weight g · v / ‖v‖, of the parameters `weight_g` and `weight_v`: its length and its direction are trained apart.

    The norm is that of each slice along `dim`, or of all numbers for None. Its newer form is parametrizations.weight_norm, and
    a FutureWarning says so, as in PyTorch. Salimans & Kingma 2016;
    https://pytorch.org/docs/stable/generated/torch.nn.utils.weight_norm.html

    >>> import warnings
    >>> from tinygrad_lite import nn
    >>> with warnings.catch_warnings(action="ignore"):
    ...     layer = weight_norm(nn.Linear(2, 3))
    >>> list(layer.state_dict())
    ['bias', 'weight_g', 'weight_v']
    """
    warnings.warn("weight_norm: its newer form is nn.utils.parametrizations.weight_norm", FutureWarning, stacklevel=2)
    hook = WeightNorm(name, -1 if dim is None else dim)
    weight = _taken(module, name, WeightNorm, "weight_norm")
    delattr(module, name)
    module.register_parameter(name + "_g", Parameter(norm_except(weight, hook.dim).detach()))
    module.register_parameter(name + "_v", Parameter(weight.detach()))
    hook(module, None)
    module.register_forward_pre_hook(hook)
    return module


def spectral_norm(
    module: M, name: str = "weight", n_power_iterations: int = 1, eps: float = 1e-12, dim: int | None = None
) -> M:
    """Make a weight W / σ, with its largest singular value σ, of the parameter `weight_orig` and the buffers `weight_u` and
    `weight_v`, the singular vectors. The layer then lengthens no vector.

    Its newer form is parametrizations.spectral_norm. Miyato et al. 2018;
    https://pytorch.org/docs/stable/generated/torch.nn.utils.spectral_norm.html

    >>> from tinygrad_lite import nn
    >>> list(spectral_norm(nn.Linear(2, 3)).state_dict())
    ['bias', 'weight_orig', 'weight_u', 'weight_v']
    """
    hook = SpectralNorm(name, n_power_iterations, outputs_of(module) if dim is None else dim, eps)
    weight = _taken(module, name, SpectralNorm, "spectral_norm")
    rows, columns = as_matrix(weight.detach(), hook.dim).shape
    u, v = [F.normalize(weight.new_empty(n).normal_(0, 1), dim=0, eps=eps) for n in (rows, columns)]
    delattr(module, name)
    module.register_parameter(name + "_orig", weight)
    setattr(module, name, weight.data)
    module.register_buffer(name + "_u", u)
    module.register_buffer(name + "_v", v)
    module.register_forward_pre_hook(hook)
    return module


def remove_weight_norm(module: M, name: str = "weight") -> M:
    """Undo weight_norm(): the weight is a Parameter again, with the numbers that it has now. ValueError if there is none.

    >>> import warnings
    >>> from tinygrad_lite import nn
    >>> with warnings.catch_warnings(action="ignore"):
    ...     list(remove_weight_norm(weight_norm(nn.Linear(2, 3))).state_dict())
    ['bias', 'weight']
    """
    return _removed(module, name, WeightNorm, "weight_norm")


def remove_spectral_norm(module: M, name: str = "weight") -> M:
    """Undo spectral_norm(): the weight is a Parameter again, with the numbers that it has now. ValueError if there is none.

    >>> from tinygrad_lite import nn
    >>> list(remove_spectral_norm(spectral_norm(nn.Linear(2, 3))).state_dict())
    ['bias', 'weight']
    """
    return _removed(module, name, SpectralNorm, "spectral_norm")


def _removed(module: M, name: str, kind: Any, what: str) -> M:
    for number, hook in list(module._forward_pre_hooks.items()):
        if isinstance(hook, kind) and hook.name == name:
            hook.remove(module)
            del module._forward_pre_hooks[number]
            return module
    raise ValueError(f"{what} of '{name}' not found in {module}")
