"""The structure of the code: no file is too long to read, and imports point one way.

The graph of imports is read from the source: those at the top of a file and those within functions, so that a circle cannot be
hidden by importing late. Imports for types only (`if TYPE_CHECKING:`) run nothing and are not part of it; where a test fails
they are listed. Importing a module also runs the `__init__` of each package around it that the importer is not in itself.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = {"tinygrad_lite": "tinygrad_lite", "tinygrad_lite.nn": "nn", "tinygrad_lite.datasets": "datasets"}
LONGEST = 600


class Import(NamedTuple):
    """One import of one module; `file` and `line` say where it stands."""

    importer: str
    imported: str
    file: str
    line: int
    types: bool  # within `if TYPE_CHECKING:`

    def __str__(self) -> str:
        return f"{self.importer} imports {self.imported} ({self.file}, line {self.line})"


def modules(root: Path, packages: dict[str, str]) -> dict[str, Path]:
    """The files of some packages by the names that they are imported by."""
    found = {}
    for package, folder in packages.items():
        for file in sorted((root / folder).rglob("*.py")):
            parts = [package, *file.relative_to(root / folder).with_suffix("").parts]
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = file
    return found


def statements(node: ast.AST, types: bool = False) -> Iterator[tuple[ast.Import | ast.ImportFrom, bool]]:
    """All imports in a tree, and whether each is for types only."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.Import, ast.ImportFrom)):
            yield child, types
        elif isinstance(child, ast.If) and ast.unparse(child.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING"):
            for part in child.body:
                yield from statements(ast.Module([part], []), True)
            for part in child.orelse:
                yield from statements(ast.Module([part], []), types)
        else:
            yield from statements(child, types)


def targets(statement: ast.Import | ast.ImportFrom, package: str) -> list[str]:
    """The full names that a statement asks for; `package` is the one that it stands in."""
    if isinstance(statement, ast.Import):
        return [alias.name for alias in statement.names]
    above = package.split(".")[: len(package.split(".")) - statement.level + 1] if statement.level else []
    base = ".".join([*above, *([statement.module] if statement.module else [])])
    return [f"{base}.{alias.name}" for alias in statement.names]


def imports(root: Path, packages: dict[str, str]) -> list[Import]:
    """Every import of a module of these packages by another one."""
    files = modules(root, packages)
    found = []
    for importer, file in files.items():
        package = importer if file.name == "__init__.py" else importer.rpartition(".")[0]
        for statement, types in statements(ast.parse(file.read_text(encoding="utf-8"))):
            for target in targets(statement, package):
                if target not in files:  # a name within a module
                    target = target.rpartition(".")[0]
                around = [name for name in files if target.startswith(f"{name}.") and not f"{package}.".startswith(f"{name}.")]
                for imported in [*around, *([target] if target in files and target != importer else [])]:
                    place = file.relative_to(root).as_posix()
                    found.append(Import(importer, imported, place, statement.lineno, types))
    return found


def circles(found: Iterable[Import]) -> list[list[Import]]:
    """The shortest circle through each module that is in one; each circle once, the shortest first."""
    leads: dict[str, list[Import]] = {}
    for one in found:
        if not one.types:
            leads.setdefault(one.importer, []).append(one)
    unique: dict[frozenset[str], list[Import]] = {}
    for start in leads:
        paths = [[one] for one in leads[start]]
        seen = set()
        for path in paths:  # grows as it is read: breadth first
            end = path[-1].imported
            if end == start:
                unique.setdefault(frozenset(one.importer for one in path), path)
                break
            if end not in seen:
                seen.add(end)
                paths += [[*path, one] for one in leads.get(end, [])]
    return sorted(unique.values(), key=len)


def in_words(found: list[list[Import]], types: Iterable[Import] = ()) -> str:
    lines = [f"{len(found)} circles of imports; each import in one of them has to go:"]
    lines += ["- " + ",\n  ".join(map(str, circle)) for circle in found]
    lines += ["For types only, which is no circle:", *[f"- {one}" for one in types if one.types]]
    return "\n".join(lines)


def too_long(root: Path, folders: Iterable[str]) -> list[str]:
    files = [file for folder in folders for file in sorted((root / folder).rglob("*.py"))]
    lengths = {file: len(file.read_text(encoding="utf-8").splitlines()) for file in files}
    return [f"{file.relative_to(root).as_posix()}: {n} lines" for file, n in lengths.items() if n > LONGEST]


def part(module: str) -> str:
    """engine, nn or datasets. `tinygrad_lite.optim` is nn.optim under PyTorch's other name, and so belongs to nn; `utils` has
    datasets under PyTorch's name.
    """
    first = module.split(".")[1:2]
    return {"nn": "nn", "optim": "nn", "datasets": "datasets", "utils": "datasets"}.get("".join(first), "engine")


def test_no_file_is_too_long_to_read() -> None:
    long = too_long(ROOT, ("tinygrad_lite", "nn", "datasets", "tests", "examples"))
    assert not long, f"more than {LONGEST} lines, so divide by theme: " + ", ".join(long)


def test_imports_point_one_way() -> None:
    found = imports(ROOT, PACKAGES)
    wrong = circles(found)
    assert not wrong, in_words(wrong, found)


@pytest.mark.parametrize(("low", "high"), [("engine", "nn"), ("engine", "datasets"), ("nn", "datasets")])
def test_what_is_below_imports_nothing_from_above(low: str, high: str) -> None:
    """The engine finds nn and datasets in `tinygrad_lite.__getattr__` alone, by name and when they are asked for."""
    found = [one for one in imports(ROOT, PACKAGES) if not (one.types and one.importer == "tinygrad_lite")]  # for editors
    wrong = [one for one in found if (part(one.importer), part(one.imported)) == (low, high)]
    assert not wrong, f"{low} must not know {high}: " + "; ".join(map(str, wrong))


def test_the_map_in_the_readme_is_in_the_order_of_the_imports() -> None:
    """An engine file imports only files above it in the map or to its left."""
    lines = (ROOT / "README.md").read_text(encoding="utf-8").partition("## The map")[2].splitlines()
    start = lines.index(next(line for line in lines if line.startswith("tinygrad_lite/")))
    places: list[str] = []
    for line in lines[start + 1 :]:
        if not line.startswith(" "):
            break
        inner = line.startswith(" " * 8)  # the files of ops/
        names = line.split() if inner else re.findall(r"(\w+)(?:\.py\b|/)", line.partition(": ")[0])
        places += [f"tinygrad_lite.{'ops.' * inner}{name.rstrip('/')}" for name in names]
    assert len(places) > 20

    def place(module: str) -> int:
        return max((i for i, name in enumerate(places) if f"{module}.".startswith(f"{name}.")), default=-1)

    engine = [name for name in modules(ROOT, PACKAGES) if part(name) == "engine" and name != "tinygrad_lite"]
    assert not [name for name in engine if place(name) < 0], "not in the map"
    found = [one for one in imports(ROOT, PACKAGES) if not one.types and one.importer in engine]
    wrong = [one for one in found if place(one.imported) > place(one.importer)]
    assert not wrong, "the map has these in the wrong order: " + "; ".join(map(str, wrong))


# The checks themselves, tested on small made-up packages


def made(root: Path, **files: str) -> Path:
    """A tree of files: `a__b="..."` is a/b.py."""
    for name, text in files.items():
        file = root / f"{name.replace('__', '/')}.py".replace("/init.py", "/__init__.py")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return root


def test_the_test_of_imports_passes_what_points_one_way(tmp_path: Path) -> None:
    root = made(
        tmp_path,
        p__init="from .high import run\nfrom . import low",
        p__low="import math\nimport numpy.linalg",
        p__high="from . import low\nfrom .ops import first, second\nfrom p import low as again",
        p__ops__init="",
        p__ops__first="from ..low import x\nif TYPE_CHECKING:\n    from ..high import run",
        p__ops__second="def f():\n    from .first import y",
        n__init="from p.high import run\nimport p.low",
        n__layer="from p import low\nfrom p.ops.first import y",
    )
    found = imports(root, {"p": "p", "p.n": "n"})
    assert circles(found) == []
    pairs = {(one.importer, one.imported) for one in found if not one.types}
    assert pairs == {
        *[("p", name) for name in ("p.high", "p.low")],
        *[("p.high", name) for name in ("p.low", "p.ops", "p.ops.first", "p.ops.second")],
        *[("p.ops.first", "p.low"), ("p.ops.second", "p.ops.first")],
        *[("p.n", name) for name in ("p.high", "p.low")],
        *[("p.n.layer", name) for name in ("p.low", "p.ops", "p.ops.first")],
    }
    assert [str(one) for one in found if one.types] == ["p.ops.first imports p.high (p/ops/first.py, line 3)"]


@pytest.mark.parametrize(
    ("low", "circle"),
    [
        ("from . import high", "p.high imports p.low (p/high.py, line 1), p.low imports p.high (p/low.py, line 1)"),
        ("import math\nimport p.high", "p.high imports p.low (p/high.py, line 1), p.low imports p.high (p/low.py, line 2)"),
        ("from p.high import run", "p.high imports p.low (p/high.py, line 1), p.low imports p.high (p/low.py, line 1)"),
        (
            "def f():\n    if True:\n        from .high import run",
            "p.high imports p.low (p/high.py, line 1), p.low imports p.high (p/low.py, line 3)",
        ),
        (
            "if TYPE_CHECKING:\n    import math\nelse:\n    from .high import run",
            "p.high imports p.low (p/high.py, line 1), p.low imports p.high (p/low.py, line 4)",
        ),
        (
            "from .ops import first",
            "p.high imports p.low (p/high.py, line 1), p.low imports p.ops (p/low.py, line 1), "
            "p.ops imports p.ops.second (p/ops/__init__.py, line 1), p.ops.second imports p.high (p/ops/second.py, line 1)",
        ),
    ],
)
def test_the_test_of_imports_finds_a_circle(low: str, circle: str, tmp_path: Path) -> None:
    root = made(
        tmp_path,
        p__init="from .high import run",
        p__high="from .low import x",
        p__low=low,
        p__ops__init="from . import second",
        p__ops__first="",
        p__ops__second="from ..high import run",
    )
    (found,) = circles(imports(root, {"p": "p"}))
    assert ", ".join(map(str, found)) == circle
    assert circle.replace("), ", "),\n  ") in in_words([found])


def test_a_name_of_the_package_around_is_a_circle(tmp_path: Path) -> None:
    root = made(tmp_path, p__init="from .a import f", p__a="from .b import g\ndef f(): ...", p__b="from . import f")
    assert [len(circle) for circle in circles(imports(root, {"p": "p"}))] == [3]


def test_the_test_of_lengths(tmp_path: Path) -> None:
    root = made(tmp_path, a__short="x\n" * LONGEST, a__b__long="x\n" * (LONGEST + 1), c__long="x\n" * 999)
    assert too_long(root, ["a"]) == ["a/b/long.py: 601 lines"]
