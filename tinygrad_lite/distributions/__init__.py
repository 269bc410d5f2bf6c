"""PyTorch's torch.distributions: random numbers with log_prob, entropy and their gradients. A class is in a file of its name.

The same seed draws the same numbers as in PyTorch. Where a distribution has rsample(), gradients flow through the draws.

    from tinygrad_lite.distributions import Normal, kl_divergence

    q = Normal(loc, scale)
    x = q.rsample()                                     # loc + scale · N(0, 1)
    loss = -p.log_prob(x).sum() + kl_divergence(q, Normal(0.0, 1.0)).sum()

distribution.py has the base class; kl.py the formulas of kl_divergence; constraints.py what values are allowed; implicit.py the
gradients of gamma and Dirichlet draws.
"""

from typing import TYPE_CHECKING

from ..suggest import missing_from, names_in
from . import constraints as constraints
from . import kl as kl
from . import utils as utils
from .bernoulli import Bernoulli
from .beta import Beta
from .binomial import Binomial
from .categorical import Categorical
from .cauchy import Cauchy
from .chi2 import Chi2
from .dirichlet import Dirichlet
from .distribution import Distribution
from .exponential import Exponential
from .gamma import Gamma
from .geometric import Geometric
from .gumbel import Gumbel
from .half_normal import HalfNormal
from .independent import Independent
from .kl import kl_divergence, register_kl
from .laplace import Laplace
from .log_normal import LogNormal
from .multinomial import Multinomial
from .multivariate_normal import MultivariateNormal
from .normal import Normal
from .one_hot_categorical import OneHotCategorical, OneHotCategoricalStraightThrough
from .poisson import Poisson
from .studentT import StudentT
from .uniform import Uniform

# fmt: off
__all__ = [
    "Bernoulli", "Beta", "Binomial", "Categorical", "Cauchy", "Chi2", "Dirichlet", "Distribution", "Exponential", "Gamma",
    "Geometric", "Gumbel", "HalfNormal", "Independent", "Laplace", "LogNormal", "Multinomial", "MultivariateNormal", "Normal",
    "OneHotCategorical", "OneHotCategoricalStraightThrough", "Poisson", "StudentT", "Uniform", "kl_divergence", "register_kl",
]
# fmt: on

if not TYPE_CHECKING:  # for a type checker, an unknown name is an error
    __getattr__, __dir__ = missing_from(__name__), names_in(__name__)
