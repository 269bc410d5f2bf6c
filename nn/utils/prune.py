"""Pruning, PyTorch's torch.nn.utils.prune, is not here: each of its functions is a NotImplementedError that says what to do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Never

__all__ = ["custom_from_mask", "global_unstructured", "identity", "is_pruned", "l1_unstructured", "ln_structured"]
__all__ += ["random_structured", "random_unstructured", "remove"]


def _refused(name: str) -> Callable[..., Never]:
    def refused(*args: Any, **kwargs: Any) -> Never:
        raise NotImplementedError(
            f"nn.utils.prune.{name} is not here: multiply the weight by a mask of 0 and 1, for which "
            f"nn.utils.parametrize.register_parametrization(layer, 'weight', module_that_multiplies) is enough"
        )

    return refused


custom_from_mask = _refused("custom_from_mask")
global_unstructured = _refused("global_unstructured")
identity = _refused("identity")
is_pruned = _refused("is_pruned")
l1_unstructured = _refused("l1_unstructured")
ln_structured = _refused("ln_structured")
random_structured = _refused("random_structured")
random_unstructured = _refused("random_unstructured")
remove = _refused("remove")
