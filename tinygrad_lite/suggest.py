"""What an attribute that does not exist is answered: `x.shpae`, `nn.Conv2d`.

PyTorch's names are listed in pytorch_names.txt. For one that we lack, the error says so, and instead.txt may have an expression
that does the same work. For any other name, the error gives the known name that this may be a typing mistake for. The files are
read and the text is made when it is shown, so that hasattr() stays fast. A module answers with

    if not TYPE_CHECKING:  # for a type checker, an unknown name is an error
        __getattr__, __dir__ = missing_from(__name__), names_in(__name__)

and a class with `raise no_such(type(self), name, partial(dir, self))` in its __getattr__.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from functools import cache
from opcode import opmap
from pathlib import Path
from typing import Any

PLACES = {  # where PyTorch has the names of a module or class of ours
    "tinygrad_lite": "torch",
    "tinygrad_lite.autograd": "torch.autograd",
    "tinygrad_lite.cuda": "torch.cuda",
    "tinygrad_lite.datasets": "torch.utils.data",
    "tinygrad_lite.nn": "torch.nn",
    "tinygrad_lite.nn.functional": "torch.nn.functional",
    "tinygrad_lite.nn.init": "torch.nn.init",
    "tinygrad_lite.nn.optim": "torch.optim",
    "tinygrad_lite.nn.optim.lr_scheduler": "torch.optim.lr_scheduler",
    "tinygrad_lite.nn.utils": "torch.nn.utils",
    "tinygrad_lite.optim": "torch.optim",
    "tinygrad_lite.optim.lr_scheduler": "torch.optim.lr_scheduler",
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
    """An attribute that is not there. Making one takes less than a microsecond; its text is made by str()."""

    def __init__(self, what: str | type, name: str, known: Callable[[], Iterable[str]]) -> None:
        super().__init__(name, name=name)  # with a name and without obj, Python adds no guess of its own
        self.what, self.asked, self.known = what, name, known

    def __str__(self) -> str:
        what = f"module {self.what!r}" if isinstance(self.what, str) else f"{self.what.__name__!r} object"
        return f"{what} has no attribute {self.asked!r}{hint(self.what, self.asked, self.known)}"

    def __reduce__(self) -> Any:
        return AttributeError, (str(self),)  # so that it can be pickled: `known` is often a lambda


def no_such(what: str | type, name: str, known: Callable[[], Iterable[str]]) -> NoSuch:
    """The error for an attribute `name` that a module (its __name__) or the objects of a class do not have.

    `known()` gives the names to compare a typing mistake with. If the line being run is `from module import name`, Python
    would drop this error for one without a hint: it is then raised here, as an ImportError.
    """
    if isinstance(what, str):
        line = sys._getframe(2)  # the line that asks __getattr__, which asks this function
        if line.f_code.co_code[line.f_lasti] == opmap["IMPORT_FROM"] and f"{what}.{name}" not in sys.modules:
            raise ImportError(f"cannot import name {name!r} from {what!r}{hint(what, name, known)}", name=what)
    return NoSuch(what, name, known)


def missing_from(module: str) -> Callable[[str], Any]:
    """A module's __getattr__: every name that is asked for is missing."""
    known = names_in(module)

    def missing(name: str) -> Any:
        raise no_such(module, name, known)

    return missing


def names_in(module: str) -> Callable[[], list[str]]:
    """A module's __dir__, for those who complete names: its __all__, or else what it has but for internal names."""

    def names() -> list[str]:
        there = vars(sys.modules[module])
        return sorted(there.get("__all__") or [name for name in there if name not in INTERNAL and not name.startswith("_")])

    return names


def hint(what: str | type, name: str, known: Callable[[], Iterable[str]]) -> str:
    """What to write instead of a name that does not exist, as the end of a sentence; "" if nothing is near."""
    if name.startswith("_"):  # copy, pickle and NumPy ask for such names, people do not
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
    """The lines of a text file beside this one, without its comments."""
    lines = Path(__file__).with_name(file).read_text("utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


@cache
def pytorch_names() -> dict[str, frozenset[str]]:
    """PyTorch's public names by place: {"torch.nn": {"Conv2d", ...}, ...}."""
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
    """The known name that `name` is a typing mistake for, or None.

    Capitals and underscores do not count. Beyond that, `slips` many are forgiven: if not given, 1 in a word of
    three letters or more and 2 in one of eight or more.
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
    """How many slips lead from one word to the other: a letter added, left out or mistaken, or two neighbours swapped.

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
