"""The page in words: for a terminal, a log, or a screen reader. It is made of the same plain data, and says the same."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import wrap
from typing import Any

from .arrays import short

WIDTH = 100
ELEMENTS = 8  # of so many elements of a place the paths are written out
WHOLE = 400  # of more places, only the first and last half of so many are written out


def text(data: dict[str, Any]) -> str:
    """The explanation as lines of text."""
    return "\n".join(Text(data).lines()) + "\n"


class Text:
    """The plain data, and its parts as lines of text."""

    def __init__(self, data: dict[str, Any]) -> None:
        self.data, self.places, self.visits = data, data["places"], data["visits"]
        self.ops, self.arrays, self.sources = data["ops"], data["arrays"], data["lines"]

    def lines(self) -> Iterator[str]:
        yield from (self.data["title"], "=" * len(self.data["title"]), "")
        for note in self.data["notes"]:
            yield from paragraph(note)
        marked = [(place, mark) for place in self.places for mark in place.get("marks", ())]
        if marked:
            yield from heading("What to look at")
            for place, mark in marked:
                yield from paragraph(f"{place['label']}, {mark['of']}: {mark['text']}", "- ")
        yield from heading("Forward")
        yield from self.some(self.places, self.forward)
        if self.data["failure"]:
            yield from self.failure(self.data["failure"])
        if self.visits:
            yield from heading("Backward")
            yield from self.some(self.visits, self.backward)
            yield from heading("Gradients of the leaves")
            for number, place in enumerate(self.places):
                if not place.get("op"):
                    yield from self.leaf(number, place)
        yield from heading("Memory")
        yield from self.memory()

    def some(self, records: list[Any], write: Any) -> Iterator[str]:
        """All records, or of more than WHOLE the first and the last half of so many."""
        skipped = len(records) - WHOLE
        for n, record in enumerate(records):
            if skipped <= 0 or not WHOLE // 2 <= n < len(records) - WHOLE // 2:
                yield from write(n, record)
            elif n == WHOLE // 2:
                yield from (f"({skipped} more like these are in the page and in to_dict())", "")

    def label(self, number: int) -> str:
        return str(self.places[number]["label"])

    def forward(self, number: int, place: dict[str, Any]) -> Iterator[str]:
        kind = f"{place['dtype']}{place['shape']}"
        where = self.module(place)
        if not place.get("op"):
            yield f"{number}. {place['label']}, a leaf, {kind}{where}"
        else:
            inputs = ", ".join([f"{given['name']} = {self.given(given)}" for given in place["inputs"]])
            options = "".join([f", {name}={value}" for name, value in place.get("options", {}).items()])
            name = f"{place['name']} = " if place["name"] else ""
            yield from paragraph(f"{number}. {name}{place['op']}({inputs}{options}), {kind}{where}", "", "   ")
            yield from paragraph(self.ops[place["op"]].get("about", ""), "   ")
        if "line" in place:
            yield f"   {self.line(place['line'])}"
        yield f"   value: {self.array(place['value'])}"
        yield ""

    def module(self, place: dict[str, Any]) -> str:
        if "module" not in place:
            return ""
        fold = self.data["modules"][place["module"]]
        return f", in {fold['path'] or 'the model'} ({fold['kind']})"

    def given(self, given: dict[str, Any]) -> str:
        return str(given["text"]) if given["place"] is None else self.label(given["place"])

    def line(self, index: int) -> str:
        line = self.sources[index]
        found = "" if line["seen"] else " (found in the source afterwards)"
        return f"{line['file'].rpartition('/')[2]}, line {line['number']}: {line['code']}{found}"

    def array(self, index: int | None) -> str:
        """An array in a line: its numbers if they are few, else what is known of all of them."""
        if index is None:
            return "not known"
        x = self.arrays[index]
        if x.get("rows") is None and x.get("columns") is None and len(x["numbers"]) <= 16:
            return nested(x["shape"], x["numbers"])
        found = [f"{word} {number(x[word])}" for word in ("min", "max", "mean") if word in x]
        found += [f"{x[word]} {word}" for word in ("nan", "inf") if x.get(word)]
        found += [f"{x['zero']} are 0"] if x.get("zero") else []
        return f"{x['dtype']}{x['shape']}: {', '.join(found)}"

    def backward(self, n: int, visit: dict[str, Any]) -> Iterator[str]:
        place = self.places[visit["place"]]
        op = self.ops[place["op"]]
        yield f"{n}. backward through {place['op']}, at {place['label']}"
        yield from self.arrived(place, "   ")
        if visit.get("error"):
            yield from paragraph(visit["error"], "   stops here: ", "     ")
        for name, lemma in op.get("lemmas", {}).items():
            if name in visit.get("lemmas", {}):
                yield from paragraph(f"{lemma['vjp']} = {visit['lemmas'][name]['text']}", "   first ", "     ")
        for sent in visit["sent"]:
            yield from self.sent(op, sent)
        for kept in place.get("kept", ()):
            size = f"{kept['bytes']} bytes" if kept["bytes"] else "no array"
            why = f" ({kept['why']})" if "why" in kept else ""
            asks = " and ".join([f"d{name}" for name in kept["inputs"]])
            yield f"   kept {kept['name']} for {asks}: {size}{why}, until now"
        yield ""

    def arrived(self, place: dict[str, Any], indent: str) -> Iterator[str]:
        """The gradient of a place; where several met, each of them."""
        arrivals = place.get("arrivals", ())
        if len(arrivals) > 1:
            yield f"{indent}{len(arrivals)} gradients meet here, and are added:"
            for visit, nth in arrivals:
                sent, origin = self.visits[visit]["sent"][nth], self.visits[visit]["place"]
                yield f"{indent}  {self.array(sent['x_g'])} from {self.label(origin)} (its {sent['input']})"
        yield f"{indent}g = {self.array(place['gradient'])}"

    def sent(self, op: dict[str, Any], sent: dict[str, Any]) -> Iterator[str]:
        known = op.get("inputs", {}).get(sent["input"].partition("[")[0], {})
        yield f"   to {self.label(sent['to'])} (its {sent['input']})"
        if "formula" in known:
            yield f"     d{sent['input']} = {known['formula']}"
        if sent.get("numbers"):
            yield from paragraph(f"{op.get('file', '')}, line {known.get('line', '')}: {known.get('vjp', '')}", "     ")
            yield from paragraph(f"with numbers: {sent['numbers']}", "     ")
        if "axes" in sent:
            yield f"     made: {self.array(sent['raw'])}"
            axes = " and ".join(map(str, sent["axes"]))
            yield f"     broadcasting is undone: summed over axis {axes}"
        yield f"     sends: {self.array(sent['x_g'])}"

    def leaf(self, number: int, place: dict[str, Any]) -> Iterator[str]:
        yield f"{place['label']}"
        yield from self.arrived(place, "   ")
        shape, paths, checks = place["shape"], place.get("paths", {}), place.get("checks", {})
        elements = list(dict.fromkeys([*paths, *checks]))
        for element in elements[:ELEMENTS]:
            name = f"∂L/∂{place['label']}{index(int(element), shape)}"
            if element in paths:
                yield from paragraph(self.path(name, paths[element]), "   ", "     ")
            if element in checks:
                yield from paragraph(f"{name} by difference: {compared(checks[element])}", "   ", "     ")
        if len(elements) > ELEMENTS:
            yield f"   ({len(elements) - ELEMENTS} more elements are in the page and in to_dict())"
        yield ""

    def path(self, name: str, path: dict[str, Any]) -> str:
        terms = [
            f"{number(local)} · {number(g)} = {number(product)} from {self.label(at)}{index(element, self.places[at]['shape'])}"
            for at, element, local, g, product in path["terms"]
        ]
        more = path["count"] - len(terms)
        rest = [f"{number(path.get('rest', 0))} from {more} more"] if more > 0 else []
        told = f": {path['text']}" if path.get("text") else f" = {'; + '.join([*terms, *rest])}" if terms else ""
        return f"{name} = {number(path['total'])}{told}"

    def failure(self, failed: dict[str, Any]) -> Iterator[str]:
        yield from heading(f"{failed['op']} raised")
        yield from paragraph(failed["error"])
        if failed["line"] is not None:
            yield self.line(failed["line"])
        for given in failed["inputs"]:
            label = "" if given["place"] is None else f" ({self.label(given['place'])})"
            kind = f"{given['dtype']}{given['shape']}" if "shape" in given else given["text"]
            yield f"   {given['name']}{label}: {kind}"
        yield ""

    def memory(self) -> Iterator[str]:
        rows = [(kept, place) for place in self.places for kept in place.get("kept", ()) if kept["bytes"]]
        if self.data["freed"]:
            yield "backward() has freed what the steps held."
            return
        for kept, place in sorted(rows, key=lambda row: -row[0]["holds"])[:20]:
            why = f" ({kept['why']})" if "why" in kept else ""
            yield f"{kept['holds']:>12} bytes  {place['label']} keeps {kept['name']}{why}"
        yield f"{sum([kept['holds'] for kept, _ in rows]):>12} bytes  held until backward, all steps together"


def heading(words: str) -> list[str]:
    return ["", words, "-" * len(words), ""]


def paragraph(words: str, indent: str = "", more: str | None = None) -> list[str]:
    after = " " * len(indent) if more is None else more
    return wrap(words, WIDTH, initial_indent=indent, subsequent_indent=after, break_long_words=False) if words else []


def nested(shape: list[int], numbers: list[Any]) -> str:
    """Numbers in brackets, as they stand in an array of this shape."""
    if not shape:
        return number(numbers[0])
    size = len(numbers) // shape[0] if shape[0] else 0
    return "[" + ", ".join([nested(shape[1:], numbers[i * size : (i + 1) * size]) for i in range(shape[0])]) + "]"


def number(x: Any) -> str:
    return x if isinstance(x, str) else short(x)


def index(element: int, shape: list[int]) -> str:
    """The index of an element, from its position in the flat array: [1, 2]; "" for a single number."""
    found = []
    for n in reversed(shape):
        found.append(element % n if n else 0)
        element //= n or 1
    return str(found[::-1]) if shape else ""


def compared(check: dict[str, Any]) -> str:
    if "difference" not in check:
        return str(check.get("text", "none"))
    digits = f", which agrees on {check['digits']} digits" if "digits" in check else ""
    sides = f"; to the left {number(check['left'])}, to the right {number(check['right'])}" if "left" in check else ""
    return f"{number(check['difference'])}{digits}{sides}{': ' + check['text'] if check.get('text') else ''}"
