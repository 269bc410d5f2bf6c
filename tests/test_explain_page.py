"""The page of explain() in a real browser: what one sees, and what keys, clicks and links do.

Where there is no Chromium, these tests are not collected (conftest.py).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tinygrad_lite as tl
from tinygrad_lite import Explanation, nn, tensor
from tinygrad_lite.explanation.page import compact, notebook, page

from .benchmarks.explain_pages import chain
from .chromium import browser

HOSTILE = "<script>document.title = 'taken'</script>"


class Shown:
    """An explanation in a page of the browser; `errors` has what the console says, `asked` what the page wants to load."""

    def __init__(self, opened: Any, explained: Explanation, folder: Path, **options: Any) -> None:
        self.data = explained.to_dict()
        self.tab = opened.new_page(**options)
        self.errors: list[str] = []
        self.asked: list[str] = []
        self.tab.on("console", lambda message: self.errors.append(message.text))
        self.tab.on("pageerror", lambda error: self.errors.append(str(error)))
        self.tab.on("request", lambda request: self.asked.append(request.url))
        self.url = explained.save(folder / "page.html").as_uri()
        self.open("")

    def open(self, hash: str) -> None:
        self.tab.goto(f"{self.url}#{hash}")
        self.tab.wait_for_selector("#detail h1")

    def hash(self) -> str:
        return str(self.tab.evaluate("location.hash"))

    def detail(self) -> str:
        return str(self.tab.inner_text("#detail"))

    def place(self, label: str) -> int:
        return next(n for n, place in enumerate(self.data["places"]) if place["label"] == label)

    def visit(self, label: str) -> int:
        return next(n for n, visit in enumerate(self.data["visits"]) if visit["place"] == self.place(label))


@pytest.fixture(scope="module")
def opened() -> Iterator[Any]:
    with browser() as found:
        yield found


@pytest.fixture
def small(opened: Any, tmp_path: Path) -> Iterator[Shown]:
    """A weight that is used twice, a bias that is broadcast, a ReLU with a 0, and a hostile name."""
    x = tensor([[1.0, 2.0], [0.5, -1.0], [0.0, 3.0]])
    w = tensor([[0.5, -1.0], [1.0, 2.0]], requires_grad=True)
    b = tensor([0.75, 1.0], requires_grad=True)

    def loss() -> tl.Tensor:
        h = x @ w + b
        a = h.relu()
        return (a @ w).square().mean()

    shown = Shown(opened, tl.explain(loss, names={"w": w, HOSTILE: b}), tmp_path)
    yield shown
    assert not shown.errors
    assert {url.partition("#")[0] for url in shown.asked} == {shown.url}, "nothing is loaded from elsewhere"
    shown.tab.close()


def test_stepping_by_key_by_mouse_and_by_slider(small: Shown) -> None:
    steps, visits = len(small.data["places"]), len(small.data["visits"])
    small.open("step-0")
    seen = [small.hash()]
    for _ in range(steps + visits - 1):
        small.tab.keyboard.press("ArrowRight")
        seen.append(small.hash())
    assert seen == [f"#step-{n}" for n in range(steps)] + [f"#back-{n}" for n in range(visits)]
    small.tab.keyboard.press("ArrowLeft")
    assert small.hash() == f"#back-{visits - 2}"
    small.tab.click("#first")
    assert small.hash() == "#step-0"
    small.tab.click("#next")
    assert small.hash() == "#step-1" and f"forward 2 of {steps}" in small.tab.inner_text("#position")
    small.tab.click("#last")
    assert small.hash() == f"#back-{visits - 1}"
    small.tab.evaluate("slider.value = 2; slider.dispatchEvent(new Event('input'))")
    assert small.hash() == "#step-2"
    small.tab.go_back()
    assert small.hash() == f"#back-{visits - 1}" and "BACKWARD" in small.detail()


def test_the_numbers_are_the_engines(small: Shown) -> None:
    w = small.place("w")
    small.open(f"step-{w}")
    cells = small.tab.eval_on_selector_all("table.numbers td:not(:empty)", "cells => cells.map(cell => cell.textContent)")
    value = small.data["arrays"][small.data["places"][w]["value"]]["numbers"]
    gradient = small.data["arrays"][small.data["places"][w]["gradient"]]["numbers"]
    numbers = [float(cell) for cell in cells]
    np.testing.assert_allclose(numbers[:4], value, rtol=1e-4)
    assert any(np.allclose(numbers[at : at + 4], gradient, rtol=1e-4) for at in range(4, len(numbers) - 3))
    assert "2 gradients meet" in small.detail()


def test_a_backward_step_shows_formula_source_and_numbers(small: Shown) -> None:
    small.open(f"back-{small.visit('a')}")
    detail = small.detail()
    assert "g · [x > 0]".replace(" ", "") in detail.replace(" ", "").replace("\n", "")
    assert "x=lambda g, out: masked(g, ~(out <= 0))" in detail and "activation.py" in detail
    assert "a = h.relu()" in detail and "kept" in detail.lower()
    small.open(f"back-{small.visit('h')}")
    assert "summed over axis 0" in small.detail()


def test_a_path_from_a_weight_to_the_loss_and_back(small: Shown) -> None:
    w = small.place("w")
    small.open(f"step-{w}-element-1")
    total = small.data["places"][w]["paths"]["1"]["total"]
    assert f"{total:.6g}"[:6] in small.detail() and "agrees on" in small.detail()
    walked = [small.hash()]
    for _ in range(20):
        link = small.tab.query_selector("#detail table a[href*='-element-'], #detail table a[href^='#step-']")
        if link is None or "Σ over" not in small.detail():
            break
        link.click()
        if small.hash() in walked:
            break
        walked.append(small.hash())
    assert walked[-1].startswith(f"#step-{small.data['loss']}"), walked
    before = walked[-2].removeprefix("#")
    small.open(before)
    assert "Goes on to" in small.detail()


def test_an_element_is_chosen_by_click_and_by_keyboard(small: Shown) -> None:
    w = small.place("w")
    small.open(f"step-{w}")
    small.tab.click("table.numbers td:not(:empty) >> nth=3")
    assert small.hash() == f"#step-{w}-element-3"
    small.open(f"step-{w}")
    cell = "table.numbers td:not(:empty) >> nth=0"
    small.tab.focus(cell)
    small.tab.keyboard.press("ArrowDown")
    small.tab.keyboard.press("Enter")
    assert small.hash() == f"#step-{w}-element-2"


def test_marks_memory_and_checks_have_pages(small: Shown) -> None:
    small.open("look")
    assert "ReLU" in small.detail()
    small.open("memory")
    assert "are held until backward" in small.detail()
    small.open("checks")
    assert "agree on" in small.detail()
    small.open("help")
    small.tab.click("text=Notation and marks")
    small.tab.wait_for_selector("text=spread(g) repeats g")
    assert "[x > 0] is 1 where it is true" in small.detail()


def test_names_stay_text(small: Shown) -> None:
    small.open(f"step-{small.place(HOSTILE)}")
    assert HOSTILE in small.detail()
    assert small.tab.title().startswith("loss = ")
    assert HOSTILE not in page(small.data) and "\\u003cscript\\u003e" in page(small.data)


def test_the_fold_of_a_layer_and_heat_maps(opened: Any, tmp_path: Path) -> None:
    tl.manual_seed(0)
    net = nn.Sequential(nn.Linear(20, 60), nn.ReLU(), nn.Linear(60, 4))
    x, y = tl.randn(16, 20), tl.randint(0, 4, (16,))
    shown = Shown(opened, tl.explain(lambda: nn.functional.cross_entropy(net(x), y), net), tmp_path)
    rows = "#list a"
    toggle = shown.tab.query_selector("#list .toggle[aria-expanded=false]")
    if toggle is None:  # small models are open at first
        shown.tab.click("#list .toggle >> nth=0")
    closed = len(shown.tab.query_selector_all(rows))
    shown.tab.click("#list .toggle[aria-expanded=false] >> nth=0")
    assert len(shown.tab.query_selector_all(rows)) > closed
    shown.open(f"step-{shown.place('0.weight')}")
    label = shown.tab.get_attribute("canvas", "aria-label")
    assert label and label.startswith("Heat map") and "(60, 20)" in label and "48 of 60 rows" in shown.detail()
    found = "array(places[0].value)"
    assert shown.tab.evaluate(f"numberAt({found}, 0)") == pytest.approx(net[0].weight[0, 0].item(), rel=1e-3)
    hidden = next(row for row in range(60) if row not in shown.data["arrays"][shown.data["places"][0]["value"]]["rows"])
    assert shown.tab.evaluate(f"numberAt({found}, {20 * hidden}) === undefined")
    shown.tab.fill("input[aria-label^='Index of an element']", "[2, 5]")
    shown.tab.keyboard.press("Enter")
    assert shown.hash().startswith(f"#step-{shown.place('0.weight')}-element-45")
    assert not shown.errors


def test_the_graph_up_to_what_raised(opened: Any, tmp_path: Path) -> None:
    w = tl.ones(3, 4, requires_grad=True)
    with pytest.raises(RuntimeError), tl.watch() as seen:
        h = w * 2
        h @ tl.ones(3, 4)
    shown = Shown(opened, seen.explain(), tmp_path)
    shown.open("failure")
    assert "cannot multiply [3, 4] @ [3, 4]" in shown.detail() and "(3, 4)" in shown.detail()
    assert not shown.errors


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 820, 1440])
def test_nothing_runs_over_the_edge(small: Shown, width: int, scheme: Any) -> None:
    small.tab.set_viewport_size({"width": width, "height": 900})
    small.tab.emulate_media(color_scheme=scheme)
    for hash in ("", "step-2", "back-1", f"step-{small.place('w')}-element-1", "look", "memory", "checks", "help"):
        small.open(hash)
        assert small.tab.evaluate("document.documentElement.scrollWidth") <= width, hash
    background = small.tab.evaluate("getComputedStyle(document.body).backgroundColor")
    level = sum(int(part) for part in background.strip("rgb()").split(",")[:3]) / 3
    assert level > 200 if scheme == "light" else level < 60


def test_printing_shows_all_steps_without_controls(small: Shown) -> None:
    small.tab.emulate_media(media="print")
    small.tab.evaluate("dispatchEvent(new Event('beforeprint'))")
    text = small.tab.inner_text("body")
    assert not small.tab.is_visible("#stepper")
    assert text.count("The gradient that arrives") >= len(small.data["visits"])


@pytest.mark.parametrize("shape", [(), (64,)])
def test_ten_thousand_steps_open_quickly(shape: tuple[int, ...], opened: Any, tmp_path: Path) -> None:
    loss, _ = chain(shape=shape)
    explained = tl.explain(loss)
    path = explained.save(tmp_path / "chain.html")
    assert path.stat().st_size < 5_000_000
    shown = Shown(opened, explained, tmp_path)
    milliseconds = shown.tab.evaluate("performance.getEntriesByType('navigation')[0].domComplete")
    assert milliseconds < 4000  # 650 on a quiet machine
    shown.open("step-5000")
    assert ("Its numbers are left out" in shown.detail()) == bool(shape)
    shown.open(f"step-{len(shown.data['places']) - 1}")
    assert "loss" in shown.detail() and not shown.errors
    assert len(shown.tab.query_selector_all("#list a")) < 1500, "the list is built as far as it is open"


def test_in_a_notebook_it_is_a_frame_in_which_stepping_works(opened: Any) -> None:
    w = tensor([1.0, 2.0], requires_grad=True)
    explained = tl.explain(lambda: (w * w).sum(), names={HOSTILE: w})
    html = explained._repr_html_()
    assert html == notebook(explained.to_dict()) and html.startswith("<iframe") and "<script" not in html
    tab = opened.new_page()
    tab.set_content(f"<p>before</p>{html}<p>after</p>")
    frame = tab.frames[1]
    frame.wait_for_selector("#detail h1")
    frame.click("#next")
    assert "of 3" in frame.inner_text("#position")


def test_what_the_page_leaves_out_it_puts_back(small: Shown) -> None:
    lean = compact(small.data)
    assert len(json.dumps(lean)) < 0.9 * len(json.dumps(small.data))
    labels = small.tab.evaluate("places.map((_, n) => label(n))")
    assert labels == [place["label"] for place in small.data["places"]]
    arrays = small.tab.evaluate("arrays.map((_, n) => array(n))")
    assert arrays == [{key: value for key, value in x.items() if value is not None} for x in small.data["arrays"]]
    places, visits = small.tab.evaluate("JSON.parse(JSON.stringify([places, visits]))")
    for found, place in zip(places, small.data["places"], strict=True):
        for key in ("shape", "dtype", "arrivals"):
            assert found[key] == place.get(key, []), key
        for one, kept in zip(found.get("kept", []), place.get("kept", []), strict=True):
            assert {**one, "text": ""} == {**kept, "text": ""}
    for found, visit in zip(visits, small.data["visits"], strict=True):
        assert [sent["x_g"] for sent in found["sent"]] == [sent["x_g"] for sent in visit["sent"]]
    paths = small.tab.evaluate(
        "places.map((place, n) => Object.fromEntries(Object.keys(place.paths || {}).map((i) => [i, pathOf(n, i)])))"
    )
    for found, place in zip(paths, small.data["places"], strict=True):
        assert found == place.get("paths", {})
