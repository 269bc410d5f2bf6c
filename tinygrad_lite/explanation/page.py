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
    """The data without what page_data.js puts back, which is a third of a long chain of steps: a single number of the commonest
    dtype stands for its array, and a label or a value that is there under another name is left out.
    """
    arrays = data.get("arrays", [])
    kinds = [x["dtype"] for x in arrays if not x["shape"]]
    scalar = Counter(kinds).most_common(1)[0][0] if kinds else ""
    plain = labels([(place.get("name", ""), place.get("op") or "leaf") for place in data.get("places", [])])
    places = [without(place, label) for place, label in zip(data.get("places", []), plain)]
    visits = [
        visit | {"sent": [without_kept(sent, data["places"][visit["place"]]) for sent in visit.get("sent", [])]}
        for visit in data.get("visits", [])
    ]
    small = [x["numbers"][0] if not x["shape"] and x["dtype"] == scalar else x for x in arrays]
    return data | {"scalar": scalar, "arrays": small, "places": places, "visits": visits}


def without(place: dict[str, Any], label: str) -> dict[str, Any]:
    """A place without its label, if that is the one that follows from all names and ops, and without an empty name."""
    return {key: value for key, value in place.items() if (key, value) not in (("label", label), ("name", ""))}


def without_kept(sent: dict[str, Any], place: dict[str, Any]) -> dict[str, Any]:
    """What was sent without the values that the place lists as kept for this input."""
    kept = {
        one["name"]: one.get("array", one.get("text")) for one in place.get("kept", []) if sent.get("input") in one["inputs"]
    }
    values = {
        name: value
        for name, value in sent.get("values", {}).items()
        if name not in kept or kept[name] != value.get("array", value.get("text"))
    }
    return {key: value for key, value in sent.items() if key != "values"} | ({"values": values} if values else {})


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
