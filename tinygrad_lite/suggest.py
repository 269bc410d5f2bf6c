"""The error for an attribute that does not exist: `x.shpae`, `nn.Conv2d`.

PyTorch's names are listed in pytorch_names.txt. For one that we lack, the error says so, and may show an expression that does
the same work, from instead.txt. For any other name, the error shows the known name that is nearest in spelling, if one is near.
The files are read, and the text is made, only when the error is shown, so that hasattr() stays fast. A module uses it by

    if not TYPE_CHECKING:  # for a type checker, an unknown name is an error
        __getattr__, __dir__ = missing_from(__name__), names_in(__name__)

and a class by `raise no_such(type(self), name, partial(dir, self))` in its __getattr__.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from functools import cache
from opcode import opmap
from os.path import dirname, join
from typing import Any

PLACES = {  # our modules and classes, and PyTorch's for the same names
    "tinygrad_lite": "torch",
    "tinygrad_lite.accelerator": "torch.accelerator",
    "tinygrad_lite.autograd": "torch.autograd",
    "tinygrad_lite.autograd.functional": "torch.autograd.functional",
    "tinygrad_lite.backends": "torch.backends",
    "tinygrad_lite.cuda": "torch.cuda",
    "tinygrad_lite.datasets": "torch.utils.data",
    "tinygrad_lite.distributed": "torch.distributed",
    "tinygrad_lite.distributions": "torch.distributions",
    "tinygrad_lite.func": "torch.func",
    "tinygrad_lite.linalg": "torch.linalg",
    "tinygrad_lite.nn": "torch.nn",
    "tinygrad_lite.nn.functional": "torch.nn.functional",
    "tinygrad_lite.nn.init": "torch.nn.init",
    "tinygrad_lite.nn.optim": "torch.optim",
    "tinygrad_lite.nn.optim.lr_scheduler": "torch.optim.lr_scheduler",
    "tinygrad_lite.nn.utils": "torch.nn.utils",
    "tinygrad_lite.optim": "torch.optim",
    "tinygrad_lite.optim.lr_scheduler": "torch.optim.lr_scheduler",
    "tinygrad_lite.special": "torch.special",
    "Module": "torch.nn.Module",
    "Tensor": "torch.Tensor",
}
FROM_NUMPY = {  # names of NumPy's that PyTorch does not have, and what PyTorch has
    "torch.array": "tl.tensor(data)",
    "torch.Tensor.astype": "x.to(dtype)",
    "torch.Tensor.copy": "x.clone()",
    "torch.Tensor.to_numpy": "x.numpy()",
}

INTERNAL = ("TYPE_CHECKING", "annotations", "missing_from", "names_in")


class NoSuch(AttributeError):
    """An attribute that does not exist. Making the error takes less than a microsecond; str() makes its text."""

    def __init__(self, what: str | type, name: str, known: Callable[[], Iterable[str]]) -> None:
        super().__init__(name, name=name)  # with a name and without obj, Python adds no guess of its own
        self.what, self.asked, self.known = what, name, known

    def __str__(self) -> str:
        what = f"module {self.what!r}" if isinstance(self.what, str) else f"{self.what.__name__!r} object"
        return f"{what} has no attribute {self.asked!r}{hint(self.what, self.asked, self.known)}"

    def __reduce__(self) -> Any:
        return AttributeError, (str(self),)  # so that it can be pickled: `known` is often a lambda


NoSuch.__module__ = "builtins"  # as tracebacks and notebooks show it
NoSuch.__name__ = NoSuch.__qualname__ = "AttributeError"


def no_such(what: str | type, name: str, known: Callable[[], Iterable[str]]) -> NoSuch:
    """The error for an attribute `name` that a module (its __name__) or the objects of a class do not have.

    `known()` returns the names that exist, in which to look for a near one. If the running line is `from module import name`,
    Python would replace this error by one without a hint. So an ImportError with the hint is raised here.
    """
    if isinstance(what, str):
        line = sys._getframe(2)  # the line that asks __getattr__, which asks this function
        if line.f_code.co_code[line.f_lasti] == opmap["IMPORT_FROM"] and f"{what}.{name}" not in sys.modules:
            raise ImportError(f"cannot import name {name!r} from {what!r}{hint(what, name, known)}", name=what)
    return NoSuch(what, name, known)


def missing_from(module: str) -> Callable[[str], Any]:
    """A module's __getattr__, which Python calls only for names that do not exist."""
    known = names_in(module)

    def missing(name: str) -> Any:
        raise no_such(module, name, known)

    return missing


def names_in(module: str) -> Callable[[], list[str]]:
    """A module's __dir__, for editors that complete names: its __all__, or if it has none, its names that are not internal."""

    def names() -> list[str]:
        there = vars(sys.modules[module])
        return sorted(there.get("__all__") or [name for name in there if name not in INTERNAL and not name.startswith("_")])

    return names


def hint(what: str | type, name: str, known: Callable[[], Iterable[str]]) -> str:
    """The end of an error's sentence: what to write instead of a name that does not exist; "" if nothing is near."""
    if name.startswith("_"):  # copy, pickle and NumPy look for such names, people do not
        return ""
    owners = [what] if isinstance(what, str) else [base.__name__ for base in what.__mro__]
    place = next((PLACES[owner] for owner in owners if owner in PLACES), "")
    names = pytorch_names()
    if name in names.get(place, ()):
        key = f"{place}.{name}".removeprefix("torch.")
        other = instead().get(key) or instead().get(key.removeprefix("Tensor."))
        return f": PyTorch has {place}.{name}, tinygrad_lite does not yet" + (f". Instead: {other}" if other else "")
    if f"{place}.{name}" in FROM_NUMPY:
        return f"; in PyTorch it is {FROM_NUMPY[f'{place}.{name}']}"
    elsewhere = [] if place == "torch.nn.Module" else [f"{other}.{name}" for other in names if name in names[other]]
    near = nearest(name, known(), 0 if elsewhere else None)
    if near:
        return f". Did you mean: {near!r}?"
    return f"; in PyTorch it is {' or '.join(elsewhere)}" if elsewhere else ""


def data(file: str) -> list[str]:
    """The lines of a text file in this folder, without comments and empty lines."""
    with open(join(dirname(__file__), file), encoding="utf-8") as text:  # pathlib would take two milliseconds of each import
        return [line.rstrip("\n") for line in text if line.strip() and not line.startswith("#")]


@cache
def pytorch_names() -> dict[str, frozenset[str]]:
    """PyTorch's public names, by module or class: {"torch.nn": {"Conv2d", ...}, ...}."""
    names: dict[str, list[str]] = {}
    for line in data("pytorch_names.txt"):
        if line.startswith("torch"):
            place = names.setdefault(line, [])
        else:
            place += line.split()
    return {where: frozenset(there) for where, there in names.items()}


@cache
def instead() -> dict[str, str]:
    """Expressions that compute the same as a name of PyTorch's: {"nn.SiLU": "x * x.sigmoid()", ...}."""
    lines = [line.partition(": ") for line in data("instead.txt")]
    return {name: expression for names, _, expression in lines for name in names.split()}


def nearest(name: str, known: Iterable[str], slips: int | None = None) -> str | None:
    """The known name that is nearest to `name` in spelling, or None if none is near.

    Capitals and underscores do not count. At most `slips` slips (see distance) are allowed; by default 0 in a word of one or
    two letters, 1 in one of three to seven, and 2 in a longer one.
    """
    word = plain(name)
    slips = (len(word) > 2) + (len(word) > 7) if slips is None else slips
    found = [(distance(word, plain(other)), distance(name, other), other) for other in known if not other.startswith("_")]
    count, _, other = min(found, default=(slips + 1, 0, ""))
    return other if count <= slips else None


def plain(name: str) -> str:
    """A name without capitals and underscores."""
    return name.lower().replace("_", "")


def distance(a: str, b: str) -> int:
    """The number of slips between two words: a letter added, left out or replaced, or two neighbours swapped.

    The optimal string alignment distance, https://en.wikipedia.org/wiki/Damerau-Levenshtein_distance

    >>> distance("shpae", "shape"), distance("sort", "sqrt"), distance("", "abc")
    (1, 1, 3)
    """
    before, last = [0], list(range(len(b) + 1))  # the distances from a[:i-2] and a[:i-1] to each b[:j]
    for i, p in enumerate(a, 1):
        row = [i]
        for j, q in enumerate(b, 1):
            row.append(min(last[j] + 1, row[-1] + 1, last[j - 1] + (p != q)))
            if i > 1 and j > 1 and p == b[j - 2] and q == a[i - 2]:
                row[j] = min(row[j], before[j - 2] + 1)
        before, last = last, row
    return last[-1]
