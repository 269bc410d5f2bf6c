"""One HTML file out of the plain data of an explanation: the data as JSON, the style and the scripts, and nothing else.

page.html is the skeleton, page.css the style, page_*.js the scripts, in the order of SCRIPTS. The browser is told to run this
one script and to load nothing (Content-Security-Policy); names and values reach the page as text only, never as HTML.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections import Counter
from functools import cache
from hashlib import sha256
from html import escape
from importlib.resources import files
from string import Template
from typing import Any

from .data import labels

SCRIPTS = ("dom", "data", "folds", "array", "list", "graph", "forward", "backward", "element", "start", "main")
HIDDEN = {ord(sign): f"\\u{ord(sign):04x}" for sign in "<>&\u2028\u2029"}  # so that no value can end the <script> around it


def page(data: dict[str, Any]) -> str:
    """An HTML page, complete in itself, that shows the data of an explanation (Explanation.to_dict())."""
    text = json.dumps(compact(data), ensure_ascii=False, allow_nan=False, separators=(",", ":")).translate(HIDDEN)
    style, script = source("page.css"), "".join([source(f"page_{name}.js") for name in SCRIPTS])
    policy = f"default-src 'none'; style-src '{fingerprint(style)}'; script-src '{fingerprint(script)}'; base-uri 'none'"
    title = escape(str(data.get("title", "")))
    return Template(source("page.html")).substitute(title=title, policy=policy, style=style, script=script, data=text)


def compact(data: dict[str, Any]) -> dict[str, Any]:
    """The data without what page_data.js puts back, which is half of a long chain of steps: what follows from other entries (a
    label, what arrived at a place, when something is freed), and the shape and dtype of the commonest kinds of arrays.
    """
    places, visits, arrays = data["places"], data["visits"], data["arrays"]
    scalar = commonest([x for x in arrays if not x["shape"]])
    usual = commonest([x for x in arrays if x["shape"]])
    plain = labels([(place.get("name", ""), place.get("op") or "leaf") for place in places])
    small_visits = [
        visit | {"sent": [without_what_a_place_has(sent, places[visit["place"]], places[sent["to"]]) for sent in visit["sent"]]}
        for visit in visits
    ]
    return data | {
        "scalar": scalar,
        "usual": usual,
        "arrays": [fields_of(x, scalar, usual) for x in arrays],
        "places": [without_what_follows(place, label, arrays) for place, label in zip(places, plain)],
        "visits": small_visits,
    }


FIELDS = ("numbers", "min", "max", "mean", "rows", "columns", "zero", "nan", "inf")  # as in page_data.js


def commonest(arrays: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The commonest shape and dtype of some arrays."""
    kinds = Counter([(tuple(x["shape"]), x["dtype"]) for x in arrays])
    shape, dtype = max(kinds, key=lambda kind: kinds[kind]) if kinds else (None, None)
    return None if shape is None else {"shape": list(shape), "dtype": dtype}


def fields_of(x: dict[str, Any], scalar: Any, usual: Any) -> Any:
    """An array of a common kind: a single number as it is, any other as the list of its FIELDS."""
    kind = {"shape": x["shape"], "dtype": x["dtype"]}
    if kind == scalar:
        return x["numbers"][0]
    if kind != usual:
        return x
    found = [x.get(name) or None for name in FIELDS[1:]]  # that rows and columns are empty follows from the numbers
    return trimmed([x["numbers"], x.get("min"), x.get("max"), x.get("mean"), *found[3:]])


def trimmed(values: list[Any]) -> list[Any]:
    """A list without the None at its end."""
    while values[-1] is None:
        values.pop()
    return values


def without_what_follows(place: dict[str, Any], label: str, arrays: list[dict[str, Any]]) -> dict[str, Any]:
    """A place without what follows from the names and ops of all, from the visits, and from its value."""
    value = None if place["value"] is None else arrays[place["value"]]
    left = {key: x for key, x in place.items() if key != "arrivals" and (key, x) not in (("label", label), ("name", ""))}
    if value and (value["shape"], value["dtype"]) == (place["shape"], place["dtype"]):
        del left["shape"], left["dtype"]
    if "kept" in place:
        left["kept"] = [small_kept(one) for one in place["kept"]]
    if "paths" in place:
        left["paths"] = {element: trimmed([path.get(name) for name in PATH]) for element, path in place["paths"].items()}
    return left


PATH = ("total", "terms", "count", "rest", "text")  # as in page_data.js


def small_kept(one: dict[str, Any]) -> dict[str, Any]:
    """What is kept, without when it is freed, and without its bytes if there are none, or if all of them are held."""
    left = {key: x for key, x in without_text(one).items() if key != "freed" and (key, x) != ("bytes", 0)}
    if one["holds"] == one["bytes"]:
        del left["holds"]
    return left


def without_text(value: dict[str, Any]) -> dict[str, Any]:
    """A value without its text, if its array is there."""
    return {key: x for key, x in value.items() if key != "text" or "array" not in value}


def without_what_a_place_has(sent: dict[str, Any], place: dict[str, Any], to: dict[str, Any]) -> dict[str, Any]:
    """What was sent, without the values that the place lists as kept for this input, nor x_g if it is all that arrived."""
    kept = place.get("kept", [])
    known = {one["name"]: one.get("array", one.get("text")) for one in kept if sent["input"] in one["inputs"]}
    values = {
        name: without_text(value)
        for name, value in sent.get("values", {}).items()
        if name not in known or known[name] != value.get("array", value.get("text"))
    }
    left = {key: x for key, x in sent.items() if key != "values" and (key, x) != ("x_g", to["gradient"])}
    return left | ({"values": values} if values else {})


def notebook(data: dict[str, Any], height: int = 760) -> str:
    """The page within a frame, for the output of a notebook's cell; `height` is in pixels."""
    what = escape(f"Explanation of {data.get('title', '')}")
    style = f"width: 100%; height: {height}px; border: 1px solid #8884; border-radius: 8px"
    return f'<iframe title="{what}" style="{style}" srcdoc="{escape(page(data))}"></iframe>'


@cache
def source(name: str) -> str:
    """The text of a file of this folder."""
    return (files(__package__) / name).read_text(encoding="utf-8")


def fingerprint(text: str) -> str:
    """How a Content-Security-Policy names the one style or script that it allows."""
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"
