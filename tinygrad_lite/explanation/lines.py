"""The user's line of each step, found afterwards in the source, when nobody watched.

The source and the tape are walked together. A variable of the caller holds the result of a step; the expression that gave the
variable its value made that step. If every name in the expression stands for a known tensor, then all steps between those
tensors and the result were made by it, whatever it calls. Otherwise its operation must be one whose steps are known (`a * b`
is mul, F.relu(a) is relu), and the walk goes on with its operands, into the user's own functions and modules. Where something
does not fit, or there are two answers, the steps keep no line: a line that is named is the right one.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from linecache import getline
from types import BuiltinFunctionType, FrameType, FunctionType, MethodType, ModuleType
from typing import Any

from .._tensor import Tensor
from ..backend import is_array
from ..inplace import writes
from ..tape import Node
from .graph import UNKNOWN, Graph, Line
from .reading import MISSING, Definition, Scope, layers, outer_names, scope_of_frame, tree_of

OPERATORS = {"Add": "add", "Sub": "sub", "Mult": "mul", "Div": "div", "Pow": "pow_scalar pow", "MatMult": "matmul mv dot"}
# The step that a function, a method or a layer of this name is. One of several words, or none at all if 0 is among them; steps
# joined by < follow each other, the last one first. A name that is not here may do other steps before its own.
SAME = """exp log sqrt tanh sigmoid relu sin cos tan abs neg softmax log_softmax mean sum gelu silu softplus elu selu maximum
minimum logsumexp add sub mul div log1p expm1 amax amin leaky_relu linear reciprocal rsqrt erf logsigmoid where dot mv var norm"""
STEPS = {name: name for name in SAME.split()} | {
    "subtract": "sub", "multiply": "mul", "divide": "div", "true_divide": "div", "negative": "neg", "absolute": "abs",
    "square": "pow_scalar", "pow": "pow_scalar pow", "matmul": "matmul mv dot", "mm": "matmul", "clamp": "clip", "clip": "clip",
    "max": "largest", "min": "smallest", "t": "permute", "transpose": "permute", "permute": "permute", "T": "permute", "mT": "permute",
    "unsqueeze": "reshape", "reshape": "reshape 0", "view": "reshape 0", "flatten": "reshape 0", "squeeze": "reshape 0",
    "float": "cast 0", "double": "cast 0", "half": "cast 0", "contiguous": "clone 0", "clone": "clone", "dropout": "mul 0",
    "mse_loss": "mean<pow_scalar<sub sum<pow_scalar<sub", "l1_loss": "mean<abs<sub sum<abs<sub", "std": "root<var",
    "cross_entropy": "nll<log_softmax", "nll_loss": "nll", "mseloss": "mean<pow_scalar<sub sum<pow_scalar<sub",
    "binary_cross_entropy_with_logits": "mean<bce_with_logits", "bcewithlogitsloss": "mean<bce_with_logits",
    "l1loss": "mean<abs<sub sum<abs<sub", "crossentropyloss": "nll<log_softmax", "nllloss": "nll", "identity": "0",
    "conv1d": "conv", "conv2d": "conv", "logsoftmax": "log_softmax", "leakyrelu": "leaky_relu",
    "batchnorm1d": "normalized_batch", "batchnorm2d": "normalized_batch", "layernorm": "normalized",
}  # fmt: skip
NOT_STEPS = tuple(
    [f"tinygrad_lite.{name}" for name in ("backward", "autograd", "func", "utils", "explanation", "distributions")]
)
PLAIN = (int, float, str, bytes, type(None), slice, range, ModuleType, type)


@dataclass(frozen=True, eq=False)
class Applied:
    """A layer of a Sequential, called with what the layer before it made."""

    module: Any
    operand: Any
    call: Any


@dataclass(frozen=True)
class At:
    """An expression, the Scope that it is in, the point there, and the part of its tuple that is meant."""

    e: Any
    scope: Scope
    at: int
    path: tuple[int, ...] = ()


def find_lines(graph: Graph, frame: FrameType | None) -> None:
    """Give a line to each step without one, as far as the variables of a frame and the source tell it for certain."""
    scope = scope_of_frame(frame) if frame is not None else None
    if scope is None:
        return
    search = Search(graph)
    while scope is not None:
        for name, x in (scope.live or {}).items():
            if isinstance(x, Tensor) and isinstance(x.node, Node) and x.node in graph.at:
                search.solve(At(ast.Name(name, ast.Load()), scope, len(scope.did)), graph.at[x.node])
        scope = scope.back[0] if scope.back else None
    search.finish()


class Search:
    """The walk through source and tape. `found` has the lines of each step; a step with two of them gets none."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.found: dict[int, set[tuple[str, int, str]]] = {}
        self.done: set[tuple[int, int, int]] = set()
        self.entered: dict[Any, Any] = {}

    def finish(self) -> None:
        for number, lines in self.found.items():
            place = self.graph.places[number]
            if place.line is None and len(lines) == 1:
                ((file, line, function),) = lines
                place.line = Line(file, line, getline(file, line).strip(), function, seen=False)

    def solve(self, here: At, number: int) -> None:
        """This expression gave the result of this place."""
        waiting = [(here, number)]
        while waiting:
            here, number = waiting.pop()
            if self.graph.places[number].is_leaf or (inner := self.inner(here)) is None:
                continue
            key = id(inner.e), id(inner.scope), number
            if key not in self.done:
                self.done.add(key)
                waiting += self.region(inner, number) or self.step(inner, number)

    def claim(self, number: int, here: At) -> None:
        line = here.scope.code.co_filename, line_of(here.e), here.scope.code.co_name
        self.found.setdefault(number, set()).add(line)

    # From names and calls of the user's functions to the operation behind them

    def inner(self, here: At) -> At | None:
        """The operation that gave the value of an expression: through names, tuples and the user's own functions."""
        for _ in range(1000):
            e, scope, at, path = here.e, here.scope, here.at, here.path
            if isinstance(e, ast.Name):
                scope, at = scope.where(e.id, at)
                found = None if e.id in scope.unsafe else scope.definition(e.id, at)
                if found and found[0].value is not None:
                    here = At(found[0].value, scope, found[1], found[0].path + path)
                elif not found and scope.arguments and isinstance(scope.arguments.get(e.id), tuple):
                    here = At(*scope.arguments[e.id], path)
                else:
                    return None
            elif isinstance(e, ast.NamedExpr):
                here = At(e.value, scope, at, path)
            elif isinstance(e, (ast.Tuple, ast.List)) and path:
                here = At(e.elts[path[0]], scope, at, path[1:])
            elif isinstance(e, (ast.Call, Applied)):
                called = self.called(e, scope, at)
                if sequential(called):
                    return (
                        self.inner(At(chained(called, e), scope, at, path))
                        if isinstance(e, Applied) or len(e.args) == 1
                        else None
                    )
                if (entered := self.enter(called, e, scope, at)) is None:
                    return None if users(called) else here
                here = At(entered.e, entered.scope, entered.at, path)
            else:
                return here
        return None

    def called(self, e: Any, scope: Scope, at: int) -> Any:
        return e.module if isinstance(e, Applied) else scope.value(e.func, at)

    def enter(self, called: Any, e: Any, scope: Scope, at: int) -> At | None:
        """The expression that a function of the user returned in this call."""
        key = e, scope, at
        if key not in self.entered:
            self.entered[key] = self._enter(called, e, scope, at)
        return self.entered[key]  # type: ignore[no-any-return]

    def _enter(self, called: Any, e: Any, scope: Scope, at: int) -> At | None:
        if is_module(called):
            if not users(called) or "_hooks" in vars(called):
                return None
            called = MethodType(type(called).forward, called)
        function = called.__func__ if isinstance(called, MethodType) else called
        if not isinstance(function, FunctionType) or not users(function) or function.__code__.co_flags & 0x2A0:  # a generator
            return None
        code, depth, around = function.__code__, 0, scope
        while around.back and depth < 50:
            around, depth = around.back[0], depth + 1
        tree = tree_of(code, function.__globals__)
        arguments = bound(called, function, e, scope, at)
        if tree is None or arguments is None or depth == 50:
            return None
        cells = {name: cell.cell_contents for name, cell in zip(code.co_freevars, function.__closure__ or ()) if filled(cell)}
        inside = Scope(code, tree, function.__globals__, None, arguments, cells, (scope, at), unsafe=outer_names(tree))
        if isinstance(tree, ast.Lambda):
            return At(tree.body, inside, 0)
        body = tree.body
        returned = [x for x in own_nodes(tree) if isinstance(x, ast.Return)]
        while body and isinstance(body[-1], ast.With):
            body = body[-1].body
        if len(returned) != 1 or returned[0] is not body[-1] or returned[0].value is None:
            return None
        inside.run(tree.body, (returned[0].lineno, returned[0].col_offset))
        return At(returned[0].value, inside, len(inside.did))

    # All steps between known tensors and a result

    def region(self, here: At, number: int) -> list[tuple[At, int]]:
        """If each name in an expression stands for a known tensor, the steps between those and its result are its own. Then
        these names, with their places, to go on with; else nothing.
        """
        e, places = here.e, self.graph.places
        if isinstance(e, Applied):
            return []
        names: list[tuple[At, int]] = []
        lines: set[int] = set()
        if not self.atoms(here, set(), names, lines, places[number].node.birth) or len(lines) != 1:
            return []
        stops, hit, inside, waiting = {n for _, n in names}, set[int](), set[int](), [number]
        while waiting:
            at = waiting.pop()
            if at in stops:
                hit.add(at)
            elif at not in inside and not places[at].is_leaf:
                inside.add(at)
                waiting += [x.place for x in places[at].inputs if x.place is not None]
        if hit != stops or not inside:
            return []
        (line,) = lines
        for at in inside:
            self.found.setdefault(at, set()).add((here.scope.code.co_filename, line, here.scope.code.co_name))
        return names or [(At(ast.Constant(0), here.scope, 0), number)]

    def atoms(self, here: At, ours: set[str], names: list[tuple[At, int]], lines: set[int], before: int) -> bool:
        """Collect the known tensors that an expression uses, and the lines of its operations. False if something is unknown."""
        e, scope, at = here.e, here.scope, here.at

        def all_of(parts: Any, also: set[str] = ours) -> bool:
            return all([self.atoms(At(part, scope, at), also, names, lines, before) for part in parts])

        if isinstance(e, (ast.ListComp, ast.GeneratorExp)):
            also = ours | {x.id for g in e.generators for x in ast.walk(g.target) if isinstance(x, ast.Name)}
            first, *rest = e.generators
            return all_of([first.iter]) and all_of(
                [*[g.iter for g in rest], *[x for g in e.generators for x in g.ifs], e.elt], also
            )
        if isinstance(e, ast.Name) and e.id in ours:
            return True
        x = scope.value(e, at)
        if x is not MISSING and not isinstance(e, ast.Call):
            return self.tensors(x, here, names, before)
        if isinstance(e, ast.Attribute) and e.attr in ("T", "mT", "shape", "ndim", "dtype"):
            lines.update([line_of(e)] if e.attr in ("T", "mT") else [])
            return all_of([e.value])
        if isinstance(e, ast.Call):
            lines.add(line_of(e))
            called = scope.value(e.func, at)
            parts = [*e.args, *[k.value for k in e.keywords]]
            if called is not MISSING:
                return not users(called) and all_of(parts)
            method = (isinstance(e.func, ast.Attribute) and e.func.attr in STEPS) or getattr(e.func, "attr", "") in METHODS
            return bool(method) and all_of([e.func.value, *parts])  # type: ignore[attr-defined]
        if isinstance(e, (ast.BinOp, ast.UnaryOp, ast.Subscript, ast.Compare)):
            lines.add(line_of(e))
        elif not isinstance(
            e, (ast.List, ast.Tuple, ast.Slice, ast.Starred, ast.expr_context, ast.operator, ast.unaryop, ast.cmpop)
        ):
            return False
        return all_of(ast.iter_child_nodes(e))

    def tensors(self, x: Any, here: At, names: list[tuple[At, int]], before: int) -> bool:
        if isinstance(x, Tensor):
            number = self.graph.at.get(x.node) if isinstance(x.node, Node) else None
            if number is not None:
                names.append((here, number))
            return not isinstance(x.node, Node) or x.node.birth < before
        if isinstance(x, (list, tuple, dict)) and len(x) <= 1000:
            parts = x.values() if isinstance(x, dict) else x
            return all([self.tensors(part, At(ast.Constant(0), here.scope, here.at), names, before) for part in parts])
        if callable(x) and not isinstance(x, type):
            return not users(x)
        return isinstance(x, PLAIN) or is_array(x) or type(x).__module__ in ("numpy", "numpy.dtypes", "tinygrad_lite.backend")

    # One operation

    def step(self, here: At, number: int) -> list[tuple[At, int]]:
        """If the operation of an expression is this step, its operands and their places, to go on with."""
        kinds, operands = self.operation(here)
        place = self.graph.places[number]
        chains = [[place]]
        for kind in kinds:
            *chains, chain = *chains, [place]
            for i, name in enumerate(names := kind.split("<")):
                if not chain or chain[-1].op is None or chain[-1].op.name != name or (i and not chain):
                    chain = []
                    break
                if i + 1 < len(names):
                    below = chain[-1].inputs[0].place
                    chain = [*chain, self.graph.places[below]] if below is not None else []
            chains.append(chain) if kind != "0" else None
        fitting = [chain for chain in chains[1:] if chain and chain[0].op is not None and kinds]
        fitting = [chain for chain in fitting if any("<".join(p.op.name for p in chain) == kind for kind in kinds)]
        on = [At(x, here.scope, here.at) for x in operands]
        if "0" in kinds:
            below = self.kinds_of(on[0]) if on else None
            if not fitting:
                return [(on[0], number)] if on else []
            if below is None or any(kind.split("<")[0] == place.op.name or kind == "0" for kind in below):
                return []
        if not fitting or here.path:
            return []
        for step in fitting[0]:
            self.claim(step.number, here)
        last, go_on = fitting[0][-1], []
        for x, operand in zip(last.inputs, on):
            below_number = x.place
            if below_number is None:
                self.constant(x, operand, last)
                continue
            below_place = self.graph.places[below_number]
            if (
                below_place.op is not None and below_place.op.name == "cast"
            ):  # of this operand, or for the sake of the other one
                kinds = self.kinds_of(operand) or ["cast"]
                if any(kind in ("cast", "0") for kind in kinds):
                    continue
                self.claim(below_number, here)
                below_number = below_place.inputs[0].place
            if below_number is not None and not (
                last.op.name == "mv" and below_place.op is not None and below_place.op.name == "permute"
            ):
                go_on.append((operand, below_number))
        return go_on

    def kinds_of(self, here: At) -> list[str] | None:
        inner = self.inner(here)
        kinds = self.operation(inner)[0] if inner else []
        return kinds or None

    def operation(self, here: At) -> tuple[list[str], list[Any]]:
        """The steps that the operation of an expression may be, and its operands."""
        e, scope, at = here.e, here.scope, here.at
        if isinstance(e, ast.BinOp):
            return OPERATORS.get(type(e.op).__name__, "").split(), [e.left, e.right]
        if isinstance(e, ast.UnaryOp) and isinstance(e.op, ast.USub):
            return ["neg"], [e.operand]
        if isinstance(e, ast.Attribute) and e.attr in ("T", "mT"):
            return ["permute"], [e.value]
        if isinstance(e, ast.Subscript):
            inner = self.inner(At(e.value, scope, at))
            known = isinstance(scope.value(e.value, at), Tensor) or (inner and self.operation(inner)[0])
            return (["getitem"], [e.value]) if known else ([], [])
        if isinstance(e, Applied):
            return STEPS.get(type(e.module).__name__.lower(), "").split() if not users(e.module) else [], [e.operand]
        if isinstance(e, ast.Call):
            called = scope.value(e.func, at)
            if is_module(called) and not users(called):
                return STEPS.get(type(called).__name__.lower(), "").split(), e.args
            named = [k.arg for k in e.keywords]
            if "dtype" in named or (called is not MISSING and users(called)):
                return [], []
            method = called is MISSING and isinstance(e.func, ast.Attribute)
            if not method and not str(getattr(called, "__module__", "")).startswith("tinygrad_lite."):
                return [], []
            name = e.func.attr if method else called.__name__  # type: ignore[attr-defined]
            operands = [e.func.value, *e.args] if method else e.args  # type: ignore[attr-defined]
            if (name in ("max", "min") and (len(operands) > 1 or named)) or (name == "where" and method):
                return [], []
            return STEPS.get(name, "").split(), operands
        return [], []

    def constant(self, x: Any, here: At, place: Any) -> None:
        """The value of a constant operand, if the source says it: a number, or a variable with data."""
        value = here.scope.value(here.e, here.at)
        value = value.array if isinstance(value, Tensor) and value.node is None else value
        kinds = {p.dtype for p in self.graph.places if p.dtype}
        fits = is_array(value) and kinds == {str(value.dtype)} and place.node.birth >= writes.last
        if x.value is UNKNOWN and (fits or type(value) in (int, float)):
            x.value = value


METHODS = frozenset([name for name in dir(Tensor) if not name.startswith("_")]) - {"grad", "backward", "data", "register_hook"}


def line_of(e: Any) -> int:
    """The line that Python names while it runs an operation: of a method call, that of the method's name."""
    e = e.call if isinstance(e, Applied) else e
    if isinstance(e, ast.Call) and isinstance(e.func, ast.Attribute):
        return e.func.end_lineno or e.lineno
    return (e.end_lineno or e.lineno) if isinstance(e, ast.Attribute) else e.lineno  # type: ignore[no-any-return]


def is_module(x: Any) -> bool:
    return x is not MISSING and not isinstance(x, type) and hasattr(type(x), "named_modules") and hasattr(type(x), "forward")


def users(x: Any) -> bool:
    """Whether calling it may run code of the user, or take steps of backward: if so, its steps are not this line's for sure."""
    if x is MISSING:
        return True
    if is_module(x):
        return any(
            [not type(part).__module__.startswith("tinygrad_lite.") or "_hooks" in vars(part) for _, part in x.named_modules()]
        )
    home = str(getattr(x, "__module__", None) or "")
    if isinstance(x, BuiltinFunctionType) or home == "builtins":
        return False
    return home.startswith(NOT_STEPS) or home.partition(".")[0] not in ("tinygrad_lite", "numpy", "math")


def sequential(x: Any) -> bool:
    return layers(x) and type(x).__name__ == "Sequential" and "_hooks" not in vars(x)


def chained(x: Any, e: Any) -> Any:
    """The call of a Sequential, as calls of its layers."""
    call, operand = (e.call, e.operand) if isinstance(e, Applied) else (e, e.args[0])
    for layer in x._modules.values():
        operand = Applied(layer, operand, call)
    return operand


def filled(cell: Any) -> bool:
    try:
        return cell.cell_contents is not cell
    except ValueError:
        return False


def own_nodes(tree: Any) -> Iterator[Any]:
    """The syntax within a function, without that of functions within it."""
    for x in ast.iter_child_nodes(tree):
        yield x
        if not isinstance(x, (ast.FunctionDef, ast.Lambda, ast.ClassDef)):
            yield from own_nodes(x)


def bound(called: Any, function: Any, e: Any, scope: Scope, at: int) -> dict[str, Any] | None:
    """What each parameter of a function got in a call: an expression with its Scope and point, or a Definition of an object."""
    code, here = function.__code__, (scope, at)
    given: list[Any] = [Definition(frozenset(), object=called.__self__)] if isinstance(called, MethodType) else []
    for x in [e.operand] if isinstance(e, Applied) else e.args:
        if not isinstance(x, ast.Starred):
            given.append((x, *here))
        elif isinstance(x.value, ast.Name) and isinstance(scope.arguments.get(f"*{x.value.id}"), list):
            given += scope.arguments[f"*{x.value.id}"]
        else:
            return None
    by_name: dict[str, Any] = {}
    for k in [] if isinstance(e, Applied) else e.keywords:
        if k.arg:
            by_name[k.arg] = (k.value, *here)
        elif isinstance(k.value, ast.Name) and isinstance(scope.arguments.get(f"*{k.value.id}"), dict):
            by_name |= scope.arguments[f"*{k.value.id}"]
        else:
            return None
    n, m = code.co_argcount, code.co_kwonlyargcount
    names = code.co_varnames
    defaults = dict(zip(names[n - len(function.__defaults__ or ()) : n], function.__defaults__ or ())) | (
        function.__kwdefaults__ or {}
    )
    found: dict[str, Any] = {name: Definition(frozenset(), object=x) for name, x in defaults.items()} | dict(
        zip(names[:n], given)
    )
    rest = names[n + m :]
    if code.co_flags & 4:
        found[f"*{rest[0]}"] = given[n:]
        rest = rest[1:]
    elif len(given) > n:
        return None
    found |= {name: x for name, x in by_name.items() if name in names[: n + m]}
    if code.co_flags & 8:
        found[f"*{rest[0]}"] = {name: x for name, x in by_name.items() if name not in names[: n + m]}
    return found
