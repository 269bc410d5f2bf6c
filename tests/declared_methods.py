"""tinygrad_lite/methods.pyi: what methods.py installs on Tensor, declared for editors and type checkers.

    python tests/declared_methods.py        # writes the file; test_methods.py fails when it is out of date

The signatures and docstrings are those of the functions, which `inspect` reads; nothing is written twice by hand.
"""

from __future__ import annotations

import builtins
import re
from inspect import Parameter, cleandoc, signature, unwrap
from pathlib import Path
from typing import Any, get_overloads

import tinygrad_lite
from tinygrad_lite import methods

methods.load_all()
FILE = Path(tinygrad_lite.__file__).parent / "methods.pyi"
HEAD = '''"""What methods.py installs on Tensor, for editors and type checkers. `python tests/declared_methods.py` writes it."""

import builtins
from typing import Any, Self, overload

from matplotlib.axes import Axes

IMPORTS

INSTALLED: dict[str, Any]

class Methods:
    """The operators and methods of Tensor that are functions of ops/ and functional/."""

'''
# In the body of the class these names are methods, so that the types have to be named in full.
SHADOWED = [name for name in methods.INSTALLED if hasattr(builtins, name)]
# object has these two, which return a bool.
OVERRIDES = ("__eq__", "__ne__")
# These return what they change: a Parameter remains one in `p -= 0.1 * p.grad`.
IN_PLACE = [name for name, method in methods.INSTALLED.items() if method in methods.IN_PLACE.values()]
IN_PLACE += [
    "copy_",
    "fill_",
    "zero_",
    *[name for name in methods.OPERATORS if f"__{name[3:]}" in methods.OPERATORS and name[2] == "i"],
]


def typed(annotation: Any) -> str:
    """An annotation as it is written, with names of builtins that are methods as well in full."""
    text = "Any" if annotation is Parameter.empty else str(annotation)
    return re.sub(rf"(?<![\w.])({'|'.join(SHADOWED)})\b", r"builtins.\1", text)


def header(name: str, function: Any) -> str:
    """`def name(self, ...) -> ...:` of a function whose first parameter is the Tensor."""
    found = signature(function)
    _, *others = found.parameters.values()
    positional_only = name.startswith("__") and others
    parts = ["self"]
    for parameter in others:
        if parameter.kind is Parameter.KEYWORD_ONLY and "*" not in "".join(part[:1] for part in parts):
            parts.append("*")
        star = {Parameter.VAR_POSITIONAL: "*", Parameter.VAR_KEYWORD: "**"}.get(parameter.kind, "")
        default = "" if parameter.default is Parameter.empty else f" = {parameter.default!r}"
        parts.append(f"{star}{parameter.name}: {typed(parameter.annotation)}{default}")
    if positional_only and not any(part.startswith("*") for part in parts):
        parts.append("/")
    returned = "Tensor" if found.return_annotation is Parameter.empty else typed(found.return_annotation)
    if name in IN_PLACE and returned == "Tensor":
        returned = "Self"
    ignore = "  # type: ignore[override]" if name in OVERRIDES else ""
    return f"    def {name}({', '.join(parts)}) -> {returned}: ...{ignore}\n"


def declaration(name: str, method: Any) -> str:
    """A method or property as it stands in the stub, with its docstring."""
    function = method.fget if isinstance(method, property) else method
    doc = cleandoc(function.__doc__ or "")
    text = header(name, function)
    if isinstance(method, property):
        text = "    @property\n" + text
    inner = getattr(function, "__wrapped__", function)
    if overloads := [header(name, each) for each in get_overloads(inner)]:
        text = "".join(f"    @overload\n{each}" for each in overloads)
    if not doc:
        return text
    body = doc.replace("\\", "\\\\").replace("\n", "\n        ")
    body = "\n".join(line.rstrip() for line in body.splitlines())
    quoted = f'        """{body}"""\n' if "\n" not in body else f'        """{body}\n        """\n'
    first, _, rest = text.partition(": ...")
    return f"{first}:{rest.partition(chr(10))[0]}\n{quoted}{rest.partition(chr(10))[2]}"


def imports(text: str) -> str:
    """The lines that import the names of types in the declarations, from where the functions have them."""
    places: dict[str, set[str]] = {}
    declared = set(re.findall(r"\b[A-Z]\w+", "\n".join(re.findall(r"    def .*", text)))) - {"Any", "Self", "None"}
    for method in methods.INSTALLED.values():
        known = getattr(unwrap(method.fget if isinstance(method, property) else method), "__globals__", {})
        for name in declared & known.keys():
            module = getattr(known[name], "__module__", "")
            if name in ("Dim", "Number"):  # unions, which do not know where they were written
                module = f"tinygrad_lite.{'axes' if name == 'Dim' else 'operands'}"
            places.setdefault(module.replace("tinygrad_lite.", "."), set()).add(name)
    lines = [f"from {module} import {', '.join(sorted(names))}" for module, names in sorted(places.items())]
    return "\n".join(sorted(lines, key=lambda line: line.startswith("from .")))


def declared() -> str:
    """The whole file."""
    body = "\n".join(declaration(name, method) for name, method in methods.INSTALLED.items())
    return HEAD.replace("IMPORTS", imports(body)) + body


if __name__ == "__main__":
    FILE.write_text(declared(), encoding="utf-8")
