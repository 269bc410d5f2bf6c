"""The source of a derivative: the line of a vjp as it stands in its file, and the same line with the numbers of a run in it."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

ROOT = Path(__file__).parents[1]
LONGEST = 40  # lines of a function that a vjp calls


@dataclass(frozen=True)
class Vjp:
    """One keyword of @op: `text` as it stands there (x=lambda g, y: g * y), `body` what it computes (g * y), and its line."""

    text: str
    body: str
    line: int


@dataclass(frozen=True)
class Called:
    """A function that a vjp calls and that is no op itself."""

    name: str
    file: str
    line: int
    text: str


@dataclass(frozen=True)
class Source:
    """Where an op stands, what its docstring says first, its vjps and lemmas by name, and the functions that they call."""

    about: str
    file: str = ""
    line: int = 0
    vjps: Mapping[str, Vjp] = field(default_factory=dict)
    lemmas: Mapping[str, Vjp] = field(default_factory=dict)
    calls: tuple[Called, ...] = ()


def source_of(op: Any) -> Source:
    """The Source of an op, of an autograd.Function too. What has no source, as in a plain Python console, is left out."""
    if not hasattr(op, "forward"):
        return of_function(op.function) if hasattr(op, "function") else Source("")
    return of_op(op)


@cache
def of_op(op: Any) -> Source:
    forward = op.forward
    about = first_sentence(forward.__doc__)
    parsed = definition(forward)
    if parsed is None:
        return Source(about)
    node, lines, start, file = parsed
    found: dict[str, Vjp] = {}
    for decorator in node.decorator_list:
        for keyword in decorator.keywords if isinstance(decorator, ast.Call) else ():
            if keyword.arg and not (isinstance(keyword.value, ast.Constant) and keyword.value.value is None):
                value = keyword.value
                code = piece(lines, value.body) if isinstance(value, ast.Lambda) else ""  # a named function stands in `calls`
                line = start + keyword.value.lineno - 1
                found[keyword.arg] = Vjp(f"{keyword.arg}={piece(lines, value)}", code, line)
    functions = [next(iter(op.vjps))] if op.variadic else list(op.vjps)
    functions += [lemma for lemma, _ in op.lemmas.values()]
    return Source(
        about,
        shown(file),
        start + node.lineno - 1,
        {name: one for name, one in found.items() if name in op.inputs},
        {name: one for name, one in found.items() if name not in op.inputs},
        called_by([function for function in functions if isinstance(function, FunctionType)]),
    )


@cache
def of_function(function: type) -> Source:
    """An autograd.Function: its `backward` is the vjp of all inputs."""
    parsed = definition(function.backward)  # type: ignore[attr-defined]
    about = first_sentence(function.__doc__)
    if parsed is None:
        return Source(about)
    node, lines, start, file = parsed
    text = textwrap.dedent("\n".join(lines))
    return Source(about, shown(file), start + node.lineno - 1, {"inputs": Vjp(text, "", start)})


def definition(function: Callable[..., Any]) -> tuple[ast.FunctionDef, list[str], int, str] | None:
    """The parsed definition of a function, its lines, the number of the first one, and its file."""
    try:
        lines, start = inspect.getsourcelines(function)
        text = textwrap.dedent("".join(lines))
        node = ast.parse(text).body[0]
    except (OSError, TypeError, SyntaxError, IndexError):
        return None
    if not isinstance(node, ast.FunctionDef):
        return None
    return node, text.splitlines(), start, inspect.getsourcefile(function) or ""


def piece(lines: list[str], node: ast.expr) -> str:
    """The text of an expression; one of several lines becomes one."""
    text = ast.get_source_segment("\n".join(lines), node) or ast.unparse(node)
    if "#" in text and "\n" in text:  # a comment would hide what follows on it
        text = ast.unparse(node)
    return " ".join([line.strip() for line in text.splitlines()])


def shown(file: str) -> str:
    """A file of this package from its folder on, any other as it is."""
    path = Path(file)
    if "tinygrad_lite" in path.parts:
        return "/".join(path.parts[len(path.parts) - path.parts[::-1].index("tinygrad_lite") - 1 :])
    return file


def first_sentence(text: str | None) -> str:
    """The docstring up to its example."""
    return " ".join((text or "").split(">>>")[0].split())


def called_by(functions: list[FunctionType]) -> tuple[Called, ...]:
    """The functions of this package that these call and that are no ops, and those that they call."""
    found: dict[str, Called] = {}
    for function in functions:
        parsed = definition(function)
        if parsed and len(parsed[1]) <= LONGEST:  # no lambda
            found[function.__name__] = Called(function.__name__, shown(parsed[3]), parsed[2], "\n".join(parsed[1]))
    waiting = [(function, function.__code__) for function in functions]
    while waiting:
        function, code = waiting.pop(0)
        for name in names_in(code):
            other = function.__globals__.get(name)
            if name in found or not isinstance(other, FunctionType) or hasattr(other, "__wrapped__"):
                continue
            if not str(other.__module__).startswith("tinygrad_lite.ops"):
                continue
            parsed = definition(other)
            if parsed and len(parsed[1]) <= LONGEST:
                found[name] = Called(name, shown(parsed[3]), parsed[2], "\n".join(parsed[1]))
                waiting.append((other, other.__code__))
    return tuple(found.values())


def names_in(code: CodeType) -> list[str]:
    inner = [name for part in code.co_consts if isinstance(part, CodeType) for name in names_in(part)]
    return [*code.co_names, *inner]


def with_numbers(body: str, values: Mapping[str, str]) -> str:
    """A line of source in which each of these names is replaced by a text: with_numbers("g * y", {"g": "0.5", "y": "2.0"}) is
    "0.5 * 2.0". Attributes and keywords of the same name stay.
    """
    try:
        tree = ast.parse(body, mode="eval")
    except SyntaxError:
        return ""
    data = body.encode()
    inner = {arg.arg for node in ast.walk(tree) if isinstance(node, ast.Lambda) for arg in node.args.args}
    names = [node for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id in values and node.id not in inner]
    for node in sorted(names, key=lambda node: -node.col_offset):
        text = values[node.id]
        text = f"({text})" if text.startswith("-") and not standing_alone(data, node) else text
        data = data[: node.col_offset] + text.encode() + data[node.end_col_offset :]
    return data.decode()


def standing_alone(data: bytes, node: ast.Name) -> bool:
    """Whether a name is a whole expression, argument or element, so that a minus before its number needs no brackets."""
    before, after = data[: node.col_offset].rstrip()[-1:], data[node.end_col_offset :].lstrip()[:1]
    return before in (b"", b"(", b",", b"=", b"[") and after in (b"", b")", b",", b"]")
