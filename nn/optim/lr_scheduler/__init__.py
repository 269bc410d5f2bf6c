"""Learning rates that change during training. Call scheduler.step() once per epoch, after the optimizer's steps.

The numbers are PyTorch's to the last bit: most rates are computed from the previous one, so that schedulers can be combined.
decay.py has the rates that fall, cosine.py and cyclic.py those that go up and down, plateau.py the one that looks at the loss,
combined.py several schedulers as one; scheduler.py is their base. https://pytorch.org/docs/stable/optim.html

| scheduler | the rate |
| --- | --- |
| StepLR, MultiStepLR, ExponentialLR, MultiplicativeLR | is multiplied by a factor, in some or all epochs |
| ConstantLR, LinearLR | starts small and goes up: a warm-up |
| PolynomialLR, CosineAnnealingLR, CosineAnnealingWarmRestarts | follows a curve down |
| CyclicLR, OneCycleLR | goes up and down, with each batch |
| LambdaLR | is any function of the epoch |
| ReduceLROnPlateau | is reduced when the loss no longer falls |
| SequentialLR, ChainedScheduler | several schedulers one after another, or together |
"""

from typing import TYPE_CHECKING

from tinygrad_lite.suggest import missing_from, names_in

from .combined import ChainedScheduler, SequentialLR
from .cosine import CosineAnnealingLR, CosineAnnealingWarmRestarts
from .cyclic import CyclicLR, OneCycleLR
from .decay import ConstantLR, ExponentialLR, LambdaLR, LinearLR, MultiplicativeLR, MultiStepLR, PolynomialLR, StepLR
from .plateau import ReduceLROnPlateau
from .scheduler import LRScheduler

__all__ = [
    "ChainedScheduler", "ConstantLR", "CosineAnnealingLR", "CosineAnnealingWarmRestarts", "CyclicLR", "ExponentialLR",
    "LRScheduler", "LambdaLR", "LinearLR", "MultiStepLR", "MultiplicativeLR", "OneCycleLR", "PolynomialLR",
    "ReduceLROnPlateau", "SequentialLR", "StepLR",
]  # fmt: skip

_LRScheduler = LRScheduler  # its name in old scripts

if not TYPE_CHECKING:  # for a type checker, an unknown name is an error
    __getattr__, __dir__ = missing_from(__name__), names_in(__name__)
