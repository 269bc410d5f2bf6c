"""A Graph as plain data: dicts, lists, numbers and strings, thinned by a stated rule. The page, the text and to_dict() are made
of it. What many steps share (the text of an op, a line, an array) is stored once and referred to by its index.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from ..backend import Array, is_array
from ..tape import own
from .arrays import Thinning, described, plain_array, rounded
from .formulas import NOTATION, formula_of
from .graph import UNKNOWN, Graph, Input, Kept, Line, Place, Sent, Visit
from .marks import Mark
from .paths import Path
from .replay import Check
from .source import Source, source_of, with_numbers


def plain(
    graph: Graph,
    *,
    max_elements: int = 64,
    paths: Mapping[int, Mapping[int, Path]] | None = None,
    checks: Mapping[int, Mapping[int, Check]] | None = None,
    marks: Iterable[Mark] = (),
) -> dict[str, Any]:
    """All that is known of a graph, as plain data that json.dumps takes."""
    tables = Tables(graph)
    places, visits = [tables.place(place) for place in graph.places], [tables.visit(visit) for visit in graph.visits]
    failure = tables.failure()
    thinning = Thinning.of([int(x.size) for x in tables.arrays], max_elements)  # now that all arrays are known
    data: dict[str, Any] = {
        "title": title(graph),
        "loss": graph.loss,
        "watched": graph.watched,
        "freed": graph.freed,
        "notes": list(graph.notes),
        "rule": thinning.rule(),
        "notation": NOTATION.splitlines(),
        "failure": failure,
        "ops": tables.ops,
        "lines": tables.lines,
        "modules": [
            {"path": fold.path, "kind": fold.kind, "text": cut(fold.text), "parent": fold.parent, "places": fold.places}
            for fold in graph.modules
        ],
        "arrays": [plain_array(x, thinning) for x in tables.arrays],
        "places": places,
        "visits": visits,
    }
    for number, found in (paths or {}).items():
        data["places"][number]["paths"] = {str(element): plain_path(path) for element, path in found.items()}
    for number, compared in (checks or {}).items():
        data["places"][number]["checks"] = {str(element): plain_check(check) for element, check in compared.items()}
    for mark in marks:
        record = {"kind": mark.kind, "text": mark.text, "elements": list(mark.elements), "count": mark.count, "of": mark.of}
        data["places"][mark.place].setdefault("marks", []).append(record)
    return data


def title(graph: Graph) -> str:
    """What the page is about: `loss = 0.8964`, or the op that raised."""
    if graph.failure:
        return f"{graph.failure.op} raised {graph.failure.error.partition(':')[0]}"
    place = graph.places[graph.loss or 0]
    return f"{place.name or 'loss'} = {short(place)}"


def short(place: Place) -> str:
    value = None if place.value is None else place.value.reshape(-1)[0]
    return "?" if value is None else f"{float(value):.6g}" if float(value) % 1 else str(float(value))


def labels(places: list[tuple[str, str]]) -> list[str]:
    """What each place is called, from its name and its op: its name, with its number if others have it too, or op and number.
    >>> labels([("w", "leaf"), ("h", "mul"), ("h", "exp"), ("", "sum")])
    ['w', 'h 1', 'h 2', 'sum 3']
    """
    names = Counter([name for name, _ in places])
    return [name if name and names[name] == 1 else f"{name or op} {number}" for number, (name, op) in enumerate(places)]


class Tables:
    """The parts of the plain data that places share: each op, line and array is stored once."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.ops: dict[str, Any] = {}
        self.names: dict[Any, str] = {}  # of an op, or of the class of an autograd.Function
        self.sources: dict[str, Source] = {}
        self.lines: list[dict[str, Any]] = []
        self.line_at: dict[Any, int] = {}
        self.arrays: list[Array] = []
        self.array_at: dict[int, int] = {}  # by id
        self.labels = labels([(place.name, "leaf" if place.op is None else place.op.name) for place in graph.places])
        self.visited = {visit.place: n for n, visit in enumerate(graph.visits)}

    def array(self, x: Array | None) -> int | None:
        """The index of an array; None for None."""
        if x is None:
            return None
        if id(x) not in self.array_at:
            self.array_at[id(x)] = len(self.arrays)
            self.arrays.append(x)
        return self.array_at[id(x)]

    def line(self, line: Line | None) -> int | None:
        if line is None:
            return None
        key = line.file, line.number, line.function, line.seen
        if key not in self.line_at:
            self.line_at[key] = len(self.lines)
            self.lines.append(asdict(line) | {"code": cut(line.code)})
        return self.line_at[key]

    def op(self, op: Any) -> str:
        """The name under which an op is in the table; a second op of the same name gets a number."""
        key = getattr(op, "function", op)  # each call of an autograd.Function has an op of its own
        name = self.names.get(key)
        if name is None:
            same = [one for one in self.names if getattr(one, "name", f"{getattr(one, '__name__', '')}Backward") == op.name]
            name = self.names[key] = f"{op.name} ({len(same) + 1})" if same else op.name
            source = self.sources[name] = source_of(op)
            ours = hasattr(op, "forward") and not own(op)
            inputs = {
                given: drop({"formula": formula_of(op.name, given) if ours else None, "vjp": vjp.text, "line": vjp.line})
                for given, vjp in source.vjps.items()
            }
            lemmas = {given: {"vjp": lemma.text, "line": lemma.line} for given, lemma in source.lemmas.items()}
            calls = [{"name": f.name, "file": f.file, "line": f.line, "source": f.text} for f in source.calls]
            record = {"about": source.about, "file": source.file, "line": source.line, "inputs": inputs}
            self.ops[name] = drop(record | {"lemmas": lemmas, "calls": calls})
        return name

    def place(self, place: Place) -> dict[str, Any]:
        record: dict[str, Any] = {
            "name": place.name,
            "label": self.labels[place.number],
            "shape": list(place.shape),
            "dtype": place.dtype,
        }
        if place.op is not None:
            record["op"] = self.op(place.op)
            record["inputs"] = [self.given(given) for given in place.inputs]
            known = {name: value for name, value in place.options.items() if value is not UNKNOWN}
            record["options"] = {name: cut(described(value), 80) for name, value in known.items()}
        record |= {"line": self.line(place.line), "module": place.module}
        record |= {"value": self.array(place.value), "gradient": self.array(place.gradient)}
        record |= {"arrivals": [list(arrival) for arrival in place.arrivals], "hooks": place.hooks or None}
        record["kept"] = [self.kept(kept, self.visited.get(place.number)) for kept in place.kept]
        return {name: value for name, value in record.items() if name in ALWAYS or value not in (None, [], {})}

    def given(self, given: Input) -> dict[str, Any]:
        record: dict[str, Any] = {"name": given.name, "place": given.place}
        if given.place is None:
            known = given.value is not UNKNOWN
            record["text"] = described(given.value) if known else "a constant that nothing kept"
            if known and is_array(given.value):
                record["array"] = self.array(given.value)
        return record

    def kept(self, kept: Kept, visit: int | None) -> dict[str, Any]:
        record = {"name": kept.name, "inputs": list(kept.inputs), "bytes": kept.bytes, "holds": kept.holds}
        record |= {"why": kept.why} if kept.why else {}
        record |= {} if visit is None else {"freed": visit}
        return record | self.named(kept.value)

    def visit(self, visit: Visit) -> dict[str, Any]:
        record: dict[str, Any] = {"place": visit.place, "sent": [self.sent(visit, sent) for sent in visit.sent]}
        if visit.error:
            record["error"] = visit.error
        if visit.lemmas:
            record["lemmas"] = {name: self.named(value) for name, value in visit.lemmas.items()}
        return record

    def named(self, value: Any) -> dict[str, Any]:
        """A value that a vjp was given."""
        return {"text": described(value)} | ({"array": self.array(value)} if is_array(value) else {})

    def sent(self, visit: Visit, sent: Sent) -> dict[str, Any]:
        place = self.graph.places[visit.place]
        source = self.sources[self.op(place.op)]
        name = place.inputs[sent.nth].name
        vjp = source.vjps.get(name.partition("[")[0])
        record: dict[str, Any] = {"input": name, "to": sent.to, "x_g": self.array(sent.x_g)}
        if sent.axes:
            record |= {"axes": list(sent.axes), "raw": self.array(sent.raw)}
        if vjp:
            texts = {"g": described(visit.g)} | {given: described(value) for given, value in sent.values.items()}
            record["numbers"] = with_numbers(vjp.body, texts)
        return record | drop({"values": {given: self.named(value) for given, value in sent.values.items()}})

    def failure(self) -> dict[str, Any] | None:
        failed = self.graph.failure
        if failed is None:
            return None
        inputs = []
        for given in failed.inputs:
            record: dict[str, Any] = {"name": given.name, "place": given.place, "text": described(given.value)}
            if is_array(given.value):
                record |= {"shape": list(given.value.shape), "dtype": str(given.value.dtype)}
            inputs.append(record)
        options = {name: cut(described(value), 80) for name, value in failed.options.items()}
        return {"op": failed.op, "error": failed.error, "line": self.line(failed.line), "inputs": inputs, "options": options}


ALWAYS = ("name", "label", "shape", "dtype", "value", "gradient", "op")  # keys that are there even if empty


def plain_path(path: Path) -> dict[str, Any]:
    terms = [[t.place, t.element, rounded(t.local, 6), rounded(t.g, 6), rounded(t.product, 6)] for t in path.terms]
    record: dict[str, Any] = {"total": rounded(path.total, 9), "terms": terms, "count": path.count}
    return record | drop({"rest": rounded(path.rest, 6) or None, "text": path.text})


def plain_check(check: Check) -> dict[str, Any]:
    record = {"difference": check.difference, "digits": check.digits, "left": check.left, "right": check.right}
    known = {name: rounded(value, 10) for name, value in record.items() if value is not None}
    return known | ({"text": check.text} if check.text else {})


def drop(record: dict[str, Any]) -> dict[str, Any]:
    """A record without its empty entries."""
    return {name: value for name, value in record.items() if value not in (None, "", [], {}, ())}


def cut(text: str, most: int = 300) -> str:
    return text if len(text) <= most else text[: most - 3] + "..."
