"""Every op has a formula for every derivative, and the formula, evaluated with numbers, is what the vjp gives.

Formulas in the notation of formula_notation.py are read and computed. Those in words have a meaning in NumPy here. What is
left, IN_WORDS, are sentences about long computations. Their numbers are held too: the forward, computed with the input moved a
little in random directions, must change by what the gradient says.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tinygrad_lite import tape
from tinygrad_lite.explanation import again
from tinygrad_lite.explanation.formulas import FORMULAS, formula_of
from tinygrad_lite.explanation.formulas.arrays import ADDED

from .formula_notation import evaluated
from .test_explain_paths import graphs_of_rows

NONE = "none here, as in PyTorch"
Env = dict[str, Any]


def added(e: Env) -> Any:
    """g added up at the index of each op that picks numbers."""
    out = np.zeros(e["x"].shape)
    if "places" in e:
        np.add.at(out.reshape(-1), e["places"], e["g"])
    elif "axis" in e and np.ndim(e["index"]) == e["g"].ndim and e["op"] == "gather":
        at = list(np.indices(e["index"].shape))
        at[e["axis"]] = e["index"]
        np.add.at(out, tuple(at), e["g"])
    elif e["op"] == "select":
        np.add.at(np.moveaxis(out, e["axis"], 0), e["index"], np.moveaxis(e["g"], e["axis"], 0))
    else:
        np.add.at(out, e["index"], e["g"])
    return out


def picked(e: Env) -> Any:
    if "places" in e:
        return e["g"].reshape(-1)[e["places"]]
    return np.take_along_axis(e["g"], e["index"], e["axis"]) if "axis" in e else e["g"][e["index"]]


def put_back(e: Env) -> Any:
    at = [slice(None)] * e["g"].ndim
    at[e["axis"]] = slice(e["start"], e["stop"])
    out = np.zeros(e["x"].shape)
    out[tuple(at)] = e["g"]
    return out


def part(e: Env) -> Any:
    at = [slice(None)] * e["g"].ndim
    at[e["axis"]] = slice(e["start"], e["start"] + e["x"].shape[e["axis"]])
    return e["g"][tuple(at)]


def joined_part(e: Env) -> Any:
    start = e["ends"][e["nth"] - 1] if e["nth"] else 0
    return np.take(e["g"], range(start, e["ends"][e["nth"]]), e["axis"])


def overwritten(e: Env) -> Any:
    out = e["g"].copy()
    (out.reshape(-1) if "places" in e else out)[e["places"] if "places" in e else e["index"]] = 0
    return out


def running(e: Env) -> Any:
    """The sum over all results that x is in: from each place to the end, or from the beginning if the op runs backward."""
    g = e["terms"]
    turned = g if e.get("reverse") else np.flip(g, e["axis"])
    out = np.cumsum(turned, e["axis"])
    return out if e.get("reverse") else np.flip(out, e["axis"])


def flat_rows(x: Any) -> Any:
    return x.reshape(-1, x.shape[-1])


def apart(e: Env) -> Any:
    return (e["g"] / e["out"])[..., None]


def diagonal(e: Env) -> Any:
    out = np.zeros(e["x"].shape)
    seen = np.moveaxis(out, (e["axis1"], e["axis2"]), (-2, -1))
    n = e["g"].shape[-1]
    rows, columns = np.arange(n) - min(e["offset"], 0), np.arange(n) + max(e["offset"], 0)
    seen[..., rows, columns] = e["g"]
    return out


def copies(e: Env) -> Any:
    ends = np.cumsum(np.broadcast_to(e["repeats"], e["x"].shape[e["axis"]]))
    parts = np.split(e["g"], ends[:-1], e["axis"])
    return np.stack([part.sum(e["axis"]) for part in parts], e["axis"])


MEANINGS: dict[str, Callable[[Env], Any]] = {
    "g in the shape of x": lambda e: e["g"].reshape(e["x"].shape),
    "g with its axes put back": lambda e: np.transpose(e["g"], np.argsort(e["axes"])),
    "the part of g where this one was put": joined_part,
    "g where the part was, 0 elsewhere": put_back,
    "the part of g where x was put": part,
    "g in reverse order along the axes": lambda e: np.flip(e["g"], e["axes"]),
    "g rolled back": lambda e: np.roll(e["g"], [-n for n in e["shifts"]], e["axes"]),
    "the diagonal of g": lambda e: np.diagonal(e["g"], e["offset"], e["axis1"], e["axis2"]),
    "the lower triangle of g": lambda e: np.tril(e["g"], e["k"]),
    "the upper triangle of g": lambda e: np.triu(e["g"], e["k"]),
    "g repeated for each slice of its run": lambda e: np.repeat(e["g"], e["repeats"], e["axis"]),
    ADDED: added,
    "g at the index": picked,
    "g, and 0 where y was written": overwritten,
    "the sum of g over all results that x is in": lambda e: running(e | {"terms": e["g"]}),
    "the sum of g · out / x over all results that x is in": lambda e: running(e | {"terms": e["g"] * e["out"]}) / e["x"],
    "gᵀ @ x, over all rows": lambda e: flat_rows(e["g"]).T @ flat_rows(e["x"]),
    "the sum of g over all rows": lambda e: flat_rows(e["g"]).sum(0),
    "the sum of g over the rows": lambda e: e["g"],
    "the sum of g over each channel": lambda e: e["g"].sum((0, *range(2, e["g"].ndim))),
    "g · (softmax(x) - 1 at the target)": lambda e: (
        e["g"][:, None] * (np.exp(e["x"] - e["largest"]) / e["total"] - np.eye(e["x"].shape[1])[e["target"]])
    ),
    "g / n · (softmax(x) - 1 at the index)": lambda e: (
        e["g"] / e["n"] * (e["power"] / e["total"] - np.isin(np.arange(e["x"].size), e["index"]).reshape(e["x"].shape))
    ),
    "-g / n at the index, 0 elsewhere": lambda e: np.where(
        np.isin(np.arange(e["x"].size), e["index"]), -e["g"] / e["n"], 0
    ).reshape(e["x"].shape),
    "Σ g · y over the labels that x does not have": lambda e: contracted(e, "to", "right", "left", e["g"], e["y"]),
    "Σ g · x over the labels that y does not have": lambda e: contracted(e, "left", "to", "right", e["x"], e["g"]),
    "-S @ outᵀ, where S = A⁻ᵀ @ g": lambda e: -np.linalg.solve(mT(e["A"]), e["g"]) @ mT(e["out"]),
    "A⁻ᵀ @ g": lambda e: np.linalg.solve(mT(e["A"]), e["g"]),
    "L⁻ᵀ @ g": lambda e: np.linalg.solve(mT(np.tril(e["L"])), e["g"]),
    "U⁻ᵀ @ g": lambda e: np.linalg.solve(mT(np.triu(e["U"])), e["g"]),
    "S = (L Lᵀ)⁻¹ @ g": lambda e: np.linalg.solve(e["L"] @ mT(e["L"]), e["g"]),
    "-(S @ outᵀ + out @ Sᵀ) @ L, where S = (L Lᵀ)⁻¹ @ g": lambda e: mirrored(np.linalg.solve(e["L"] @ mT(e["L"]), e["g"]), e),
    "g · out · x⁻ᵀ, matrix by matrix": lambda e: (e["g"] * e["out"])[..., None, None] * mT(np.linalg.inv(e["x"])),
    "g where y was written": picked,
    "g where y was added": picked,
    "g on the diagonal, 0 elsewhere": diagonal,
    "the lower triangle of -S @ outᵀ, where S = L⁻ᵀ @ g": lambda e: (
        -np.tril(np.linalg.solve(mT(np.tril(e["L"])), e["g"]) @ mT(e["out"]))
    ),
    "the upper triangle of -S @ outᵀ, where S = U⁻ᵀ @ g": lambda e: (
        -np.triu(np.linalg.solve(mT(np.triu(e["U"])), e["g"]) @ mT(e["out"]))
    ),
    "the sum of g over the copies of each slice": copies,
    "the sum of g · e^(x - out) over all results that x is in": lambda e: (
        running(e | {"terms": e["g"] * np.exp(-e["out"])}) * np.exp(e["x"])
    ),
    "the sum of g · (x - y) / out over all rows y": lambda e: (
        apart(e) * (e["x"][..., :, None, :] - e["y"][..., None, :, :])
    ).sum(-2),
    "the sum of g · (y - x) / out over all rows x": lambda e: (
        apart(e) * (e["y"][..., None, :, :] - e["x"][..., :, None, :])
    ).sum(-3),
    "the sum of g · h over the rows": lambda e: e["g"] * e["h"],
    "z": lambda e: slope(e),
    "z @ k, where z = out · (g - Σ g · out) over the keys": lambda e: slope(e) @ e["k"],
    "zᵀ @ q": lambda e: mT(slope(e)) @ e["q"],
}


def mT(x: Any) -> Any:
    return np.swapaxes(x, -1, -2)


def mirrored(S: Any, e: Env) -> Any:
    return -(S @ mT(e["out"]) + e["out"] @ mT(S)) @ e["L"]


def slope(e: Env) -> Any:
    return e["out"] * (e["g"] - (e["g"] * e["out"]).sum(-1, keepdims=True))


def contracted(e: Env, left: str, right: str, to: str, x: Any, y: Any) -> Any:
    letters = {label: chr(97 + i) for i, label in enumerate({*e[left], *e[right], *e[to]})}
    one, other, result = ("".join([letters[label] for label in e[name]]) for name in (left, right, to))
    return np.einsum(f"{one},{other}->{result}", x, y)


def is_words(op: str, text: str) -> bool:
    return text not in MEANINGS and text != NONE and " " in text and any(len(word) > 3 for word in words_in(text)) and op != ""


def words_in(text: str) -> list[str]:
    known = {"spread", "total", "sign", "outer", "cosh", "sinh", "sinc", "floor", "trunc", "clip", "weight", "value", "delta"}
    known |= {
        "threshold",
        "lambd",
        "scale",
        "alpha",
        "inner",
        "slope",
        "beta",
        "condition",
        "keep",
        "mean",
        "exponent",
        "erfcx",
    }
    found = "".join(sign if sign.isalpha() and sign.isascii() else " " for sign in text).split()
    return [word for word in found if word not in known]


IN_WORDS = {(op, x) for op, formulas in FORMULAS.items() for x, text in formulas.items() if is_words(op, text)}


def test_every_op_has_a_formula_for_every_derivative() -> None:
    ours = [op for op in tape.ops.values() if not tape.own(op)]
    lacking = [
        f"{op.name}: {name}"
        for op in ours
        for name, vjp in zip(op.inputs, [next(op.vjps)] if op.variadic else op.vjps)
        if vjp is not None and not formula_of(op.name, name)
    ]
    assert not lacking, f"add a formula to explanation/formulas/ for {lacking}"
    strange = set(FORMULAS) - {op.name for op in ours}
    assert not strange, f"explanation/formulas/ has formulas for ops that are not there: {strange}"


def environment(graph: Any, visit: Any, sent: Any) -> Env:
    place = graph.places[visit.place]
    inputs = {given.name: given.value for given in place.inputs}
    env = inputs | place.options | {"g": visit.g, "out": place.value, "op": place.op.name, "nth": sent.nth}
    if place.op.variadic:
        env["x"] = place.inputs[sent.nth].value
    return env


def axes_of(env: Env) -> tuple[int, ...] | None:
    axis = env.get("axis")
    return (axis,) if isinstance(axis, int) else axis


def fitted(x: Any, shape: tuple[int, ...]) -> Any:
    """x, summed or repeated to a shape."""
    x = np.asarray(x, float)
    x = x.sum(tuple(range(max(0, x.ndim - len(shape)))))
    x = x.reshape((1,) * (len(shape) - x.ndim) + x.shape)
    return np.broadcast_to(x.sum(tuple(i for i, n in enumerate(shape) if n == 1 != x.shape[i]), keepdims=True), shape)


def computed(text: str, env: Env, sent: Any) -> Any:
    """A formula with the numbers of one step, in the shape of its input."""
    found = MEANINGS[text](env) if text in MEANINGS else evaluated(text, env, axes_of(env), bool(env.get("keepdims")))
    if np.size(found) == sent.x_g.size:
        return np.asarray(found, float).reshape(sent.x_g.shape)
    shape = np.broadcast_shapes(np.shape(found), sent.raw.shape) if np.size(found) < sent.raw.size else np.shape(found)
    return fitted(np.broadcast_to(np.asarray(found, float), shape), sent.x_g.shape)


def along_random_directions(graph: Any, visit: Any, sent: Any) -> tuple[Any, Any]:
    """⟨gradient, d⟩, and by how much ⟨g, out⟩ changes along d, for three random directions d."""
    place, rng = graph.places[visit.place], np.random.default_rng(0)
    inputs, options = again.given_to(place, graph)
    x, slope, moved = inputs[sent.nth], [], []
    for _ in range(3):
        d = rng.standard_normal(x.shape)
        if place.op.name in again.SYMMETRIC:
            d = d + mT(d)
        found = []
        for step in (1e-5, -1e-5):
            inputs[sent.nth] = x + step * d
            found.append((visit.g * again.forward(place, inputs, options)).sum() / 2e-5)
        slope.append(float((sent.x_g * d).sum()))
        moved.append(float(found[0] - found[1]))
    return slope, moved


@pytest.mark.filterwarnings("ignore")
def test_each_formula_gives_what_the_vjp_gives() -> None:
    evaluated_at: Counter[tuple[str, str]] = Counter()
    wrong: dict[tuple[str, str], str] = {}
    for row, graph in graphs_of_rows(lambda row: row.smooth or row.op == "cast"):
        for visit in graph.visits:
            place = graph.places[visit.place]
            if tape.own(place.op) if hasattr(place.op, "forward") else True:
                continue
            for sent in visit.sent:
                name = place.op.inputs[0 if place.op.variadic else sent.nth]
                text = formula_of(place.op.name, name)
                key = place.op.name, name
                if text == NONE or not sent.x_g.size:
                    continue
                if visit.g.dtype != np.float64 and place.op.name != "cast":
                    continue
                if key in IN_WORDS:
                    slope, moved = along_random_directions(graph, visit, sent)
                    if not np.allclose(slope, moved, rtol=1e-5, atol=1e-7):
                        wrong.setdefault(key, f"{text}, in {row.name}: the gradient says {slope}, the forward {moved}")
                    evaluated_at[key] += 1
                    continue
                env = environment(graph, visit, sent)
                try:
                    with np.errstate(all="ignore"):
                        found = computed(str(text), env, sent)
                except Exception as error:
                    wrong.setdefault(key, f"{text}, in {row.name}: {type(error).__name__}: {error}")
                    continue
                there = np.isfinite(found) & np.isfinite(sent.x_g)
                if not there.any():
                    continue
                evaluated_at[key] += int(there.sum())
                if not np.allclose(
                    found[there], sent.x_g[there], rtol=1e-6 if place.op.name == "cast" else 1e-9, atol=1e-11
                ):  # to float32 and back
                    wrong.setdefault(key, f"{text}, in {row.name}: {found.reshape(-1)[:3]} for {sent.x_g.reshape(-1)[:3]}")
    assert not wrong, "\n".join(f"{op}, {x}: {what}" for (op, x), what in wrong.items())
    all_of_them = {(op, x) for op, formulas in FORMULAS.items() for x, text in formulas.items() if text != NONE}
    never = all_of_them - set(evaluated_at)
    assert not never, f"no row evaluates {never}"
    assert len(IN_WORDS) <= 50, "most formulas are mathematics"
