"""loss.graph(): the graph that leads to a tensor, as a picture. Leaves are blue, the tensor is orange, modules are frames.

The Graph becomes Items: boxes for leaves and steps, and frames for modules, which hold boxes and frames. Each frame is arranged
for itself (layers.py), from the innermost to the outermost, which sees the inner ones as boxes. An edge that enters or leaves a
frame does so at a port, a point on its top or bottom.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from .._tensor import Tensor
from ..backend import is_array
from ..recorder import users_frame
from .collect import collect
from .graph import UNKNOWN, Graph, Place
from .known import name_graph
from .layers import arrange

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST = 60  # boxes; of a larger graph, modules become one box
LINE, PAD, POINTS = 0.16, 0.09, 8.0  # the height of a line of text, the space around text, in inches; the size of letters
FILLS = {"leaf": "#DCEBF5", "step": "#FFFFFF", "loss": "#FCE3B6", "fold": "#E4E4E4"}
LINES = {"leaf": "#0072B2", "step": "#555555", "loss": "#B87A00", "fold": "#555555"}


class Item:
    """A box, a frame, or a port of a frame (`kind` "in" or "out"). x and y are those of its middle, at first from the top left
    of the frame that it is in. `edges` of a frame are pairs of items in it or of ports, with how often the edge is there.
    """

    def __init__(self, kind: str, title: str = "", below: str = "", frame: Item | None = None) -> None:
        self.kind, self.title, self.below, self.frame = kind, title, below, frame
        self.x = self.y = self.width = self.height = 0.0
        self.inside: list[Item] = []
        self.edges: dict[tuple[Item, Item], int] = {}
        self.ports: dict[tuple[str, Item], Item] = {}
        self.routes: list[Route] = []

    def port(self, kind: str, source: Item) -> Item:
        """The point where what comes from `source` enters or leaves this frame."""
        if (kind, source) not in self.ports:
            self.ports[kind, source] = port = Item(kind, frame=self)
            self.inside.append(port)
        return self.ports[kind, source]

    def frames(self) -> list[Item]:
        """The frames around it, the innermost first."""
        return [self.frame, *self.frame.frames()] if self.frame else []

    def all(self) -> Iterable[Item]:
        """It and all that is inside."""
        yield self
        for item in self.inside:
            yield from item.all()


class Route:
    """An edge as it is drawn: from `start` down to `leave`, through the bends (x, top, bottom), to `arrive`, down to `end`."""

    def __init__(self, start: Item, end: Item, leave: float, bends: list[tuple[float, float, float]], arrive: float) -> None:
        self.start, self.end, self.leave, self.bends, self.arrive = start, end, leave, bends, arrive
        self.x_start = self.x_end = 0.0


def draw(x: Tensor, ax: Axes | None = None, *, names: Mapping[Any, Any] | None = None, model: Any = None) -> Axes:
    """Draw the graph that leads to this tensor, and return the Axes: each leaf and each step is a box with its op, its name and
    its shape; edges lead down, from the inputs to the result; a module is a frame around its steps.

    Names are found as by explain(): parameters have their paths in `model`, others those in `names`, {"w": w}, or of the
    variables that hold them. Constants are named in the box of the step that uses them. In a graph of more than 60 boxes,
    modules are one box each, and the title says so. The layers are ordered by igraph if it is installed: fewer edges cross.
    RuntimeError if there is no graph.
    """
    if x.node is None:
        what = "graph: this tensor was not computed from one that requires grad, so there is no graph"
        raise RuntimeError(f"{what}; make leaves with requires_grad=True, and compute outside no_grad()")
    graph = collect([x.node])
    place = graph.places[graph.loss or 0]
    if place.value is None:
        place.value, place.dtype = x.array, str(x.array.dtype)
    name_graph(graph, model, names, users_frame())
    root, title = items(graph)
    settle(root)
    return picture(root, title, ax)


def items(graph: Graph, most: int = MOST) -> tuple[Item, str]:
    """A frame without title that holds all Items of a graph, with their edges, and the picture's title."""
    homes = homes_of(graph)
    depth = max([len(home) for home in homes])
    boxes = boxes_of(homes, depth)
    while len(set(boxes)) > most and depth > 0:
        depth -= 1
        boxes = boxes_of(homes, depth)
    steps = len([place for place in graph.places if place.op])
    title = f"{steps} step{'' if steps == 1 else 's'}"
    if folded := len({box for box in boxes if type(box) is tuple}):
        title += f", {folded} modules are one box each" if folded > 1 else ", a module is one box"
    last = {box: n for n, box in enumerate(boxes)}
    if len(last) > most:  # the first and the last stay; what is between becomes one box
        order = sorted(last, key=last.__getitem__)
        middle = set(order[most // 3 : len(order) - most + most // 3 + 1])
        boxes = ["between" if box in middle else box for box in boxes]
        hidden = [place for place, box in zip(graph.places, boxes) if box == "between" and place.op]
        title += f", {len(hidden)} in the middle are one box"
    return made(graph, homes, boxes), title


def homes_of(graph: Graph) -> list[tuple[int, ...]]:
    """For each place the modules that it is drawn in, the outermost first. A module with one place, or with all those of the
    module around it, has no frame. A parameter of several modules stands in what is around them all.
    """
    around: list[tuple[int, ...]] = []
    for n, fold in enumerate(graph.modules):
        around.append((*(() if fold.parent is None else around[fold.parent]), n))
    homes: list[tuple[int, ...] | None] = [None] * len(graph.places)
    for place in reversed(graph.places):
        if place.op:
            homes[place.number] = home = () if place.module is None else around[place.module]
            for given in place.inputs:
                if given.place is not None and graph.places[given.place].is_leaf:
                    before = homes[given.place]
                    homes[given.place] = home if before is None else shared(before, home)
    owned = [home if home and (place.op or place.module is not None) else () for place, home in zip(graph.places, homes)]
    held = [0] * len(graph.modules)
    for home in owned:
        for n in home:
            held[n] += 1
    drawn = {n for n, fold in enumerate(graph.modules) if held[n] > 1 and (fold.parent is None or held[fold.parent] > held[n])}
    return [tuple([n for n in home if n in drawn]) for home in owned]


def shared(one: tuple[int, ...], other: tuple[int, ...]) -> tuple[int, ...]:
    """What both begin with."""
    same = [a == b for a, b in zip(one, other)]
    return one[: (*same, False).index(False)]


def boxes_of(homes: list[tuple[int, ...]], depth: int) -> list[Any]:
    """What stands for each place when `depth` modules around it are open: its number, or the modules up to the closed one."""
    return [number if len(home) <= depth else home[: depth + 1] for number, home in enumerate(homes)]


def made(graph: Graph, homes: list[tuple[int, ...]], boxes: list[Any]) -> Item:
    """The Items of a graph, each place as its box says."""
    root = Item("frame")
    frames: dict[tuple[int, ...], Item] = {(): root}
    found: dict[Any, Item] = {}
    for place, home, box in zip(graph.places, homes, boxes):
        if box not in found:
            around = () if box == "between" else box[:-1] if type(box) is tuple else home
            for n in range(1, len(around) + 1):
                if around[:n] not in frames:
                    outer = frames[around[: n - 1]]
                    frames[around[:n]] = frame = Item("frame", called(graph, around[n - 1]), frame=outer)
                    outer.inside.append(frame)
            found[box] = item = described(graph, place, box, boxes, frames[around])
            item.frame = frames[around]
            item.frame.inside.append(item)
    for place, box in zip(graph.places, boxes):
        for given in place.inputs:
            if given.place is not None and boxes[given.place] != box:
                connect(found[boxes[given.place]], found[box])
    return root


def called(graph: Graph, module: int) -> str:
    """What is written at a module: its path and its class."""
    fold = graph.modules[module]
    return f"{fold.path}  {fold.kind}" if fold.path else fold.kind


def described(graph: Graph, place: Place, box: Any, boxes: list[Any], frame: Item) -> Item:
    """The box of a place, or that of all places that have this box."""
    if type(box) is not int:
        hidden = [place for place, other in zip(graph.places, boxes) if other == box]
        count = len([place for place in hidden if place.op])
        steps = f"{count} step{'' if count == 1 else 's'}"
        if box == "between":
            return Item("fold", f"... {steps} ...", shape_of(hidden[-1]))
        return Item("fold", called(graph, box[-1]), f"{shape_of(hidden[-1])}  {steps}")
    name = cut(place.name)
    if place.is_leaf:
        path = graph.modules[place.module].path + "." if place.module is not None else "."
        within = frame.title.startswith(path[:-1] + " ") and name.startswith(path)
        return Item("leaf", name.removeprefix(path) if within else name or "leaf", shape_of(place))
    kind = "loss" if place.number == graph.loss else "step"
    constants = [constant(given.name, given.value) for given in place.inputs if given.place is None]
    title = f"{name} = {place.op.name}" if name else place.op.name
    return Item(kind, title, "  ".join([shape_of(place), *[text for text in constants if text][:2]]))


def shape_of(place: Place) -> str:
    """The shape as it is written in a box; of a single number the number itself, if it is known."""
    if place.shape:
        return str(list(place.shape))
    return "[]" if place.value is None else f"{place.value.item():.4g}"


def constant(name: str, value: Any) -> str:
    """An input that is no part of the graph, with its number or shape; "" if it is unknown or missing."""
    if value is UNKNOWN or value is None:
        return ""
    if is_array(value) and value.shape:
        return f"{name} {list(value.shape)}"
    number = value.item() if hasattr(value, "item") else value
    return f"{name} = {number:.4g}" if isinstance(number, (int, float)) else ""


def cut(name: str, most: int = 28) -> str:
    """A name, its middle left out if it is long."""
    return name if len(name) <= most else f"{name[: most // 2 - 1]}...{name[-most // 2 + 2 :]}"


def connect(start: Item, end: Item) -> None:
    """Add an edge, by the ports of the frames that it leaves and enters."""
    around, inside = start.frames(), end.frames()
    common = next(frame for frame in around if frame in inside)
    source, target = start, end
    for frame in around[: around.index(common)]:
        port = frame.port("out", start)
        frame.edges[source, port] = 1
        source = port
    for frame in inside[: inside.index(common)]:
        port = frame.port("in", start)
        edge = (port, target)
        frame.edges[edge] = frame.edges.get(edge, 0) + 1 if target is end and "fold" not in (start.kind, end.kind) else 1
        target = port
    edge = (source, target)
    common.edges[edge] = common.edges.get(edge, 0) + 1 if target is end and "fold" not in (start.kind, end.kind) else 1


def settle(root: Item) -> None:
    """Give all Items inside their sizes and places. x and y are then the middle, from the top left of the picture."""
    size(root)
    move(root, 0.0, 0.0)
    slots(root)


def size(frame: Item) -> None:
    """Arrange what is in a frame, the innermost frames first. x and y are from the frame's top left."""
    for item in frame.inside:
        if item.kind == "frame":
            size(item)
        elif item.kind not in ("in", "out"):
            item.width = max(text_width(item.title, True), text_width(item.below, False)) + 2 * PAD
            item.height = LINE * (2 if item.below else 1) + PAD
    at = {item: n for n, item in enumerate(frame.inside)}
    first = {n for item, n in at.items() if item.kind == "in"}
    last = {n for item, n in at.items() if item.kind == "out"}
    pairs = [pair for pair, count in frame.edges.items() for _ in range(count)]
    edges = [(at[box_of(a, frame)], at[box_of(b, frame)], off(a, frame), off(b, frame)) for a, b in pairs]
    arranged = arrange([(item.width, item.height) for item in frame.inside], edges, first, last)
    margin, above = (PAD * 1.5, LINE * 1.7) if frame.title else (0.0, 0.0)
    frame.width = max(arranged.width, text_width(frame.title, False)) + 2 * margin
    frame.height = arranged.height + above + margin
    left = (frame.width - arranged.width) / 2
    for item, (x, y) in zip(frame.inside, arranged.middles):
        item.x, item.y = x + left, y + above
        if item.kind in ("in", "out"):
            item.y = 0.0 if item.kind == "in" else frame.height
    for (a, b), (start, end, *_), bends in zip(pairs, edges, arranged.bends):
        passed = [(x + left, top + above, bottom + above) for x, top, bottom in bends]
        frame.routes.append(Route(a, b, arranged.bands[start][1] + above, passed, arranged.bands[end][0] + above))


def box_of(item: Item, frame: Item) -> Item:
    """What an end of an edge is in this frame: the item itself, or the inner frame whose port it is."""
    return item if item.frame is frame or item.frame is None else item.frame


def off(item: Item, frame: Item) -> float:
    """How far a port of an inner frame is from that frame's middle."""
    return item.x - item.frame.width / 2 if item.frame and item.frame is not frame else 0.0


def move(frame: Item, x: float, y: float) -> None:
    """Count from the top left of the picture instead of the frame's."""
    for route in frame.routes:
        route.leave, route.arrive = route.leave + y, route.arrive + y
        route.bends = [(at + x, top + y, bottom + y) for at, top, bottom in route.bends]
    for item in frame.inside:
        item.x, item.y = item.x + x, item.y + y
        if item.kind == "frame":
            move(item, item.x - item.width / 2, item.y - item.height / 2)


def slots(root: Item) -> None:
    """Spread the ends of edges along the boxes, in the order of where they come from and go to."""
    routes = [route for frame in root.all() for route in frame.routes]
    for end in (True, False):
        at: dict[Item, list[Route]] = {}
        for route in routes:
            at.setdefault(route.end if end else route.start, []).append(route)
        for item, here in at.items():
            here.sort(key=lambda route: beyond(route, end))
            apart = min(0.16, 0.7 * item.width / len(here))
            for n, route in enumerate(here):
                x = item.x + (n - (len(here) - 1) / 2) * apart
                if end:
                    route.x_end = x
                else:
                    route.x_start = x


def beyond(route: Route, end: bool) -> float:
    """Where an edge goes next, from one of its ends."""
    if route.bends:
        return route.bends[-1 if end else 0][0]
    return (route.start if end else route.end).x


@cache
def text_width(text: str, bold: bool) -> float:
    """The width of a line of text in inches."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    letters = FontProperties(size=POINTS, weight="bold" if bold else "normal")
    return float(text_to_path.get_text_width_height_descent(text, letters, ismath=False)[0]) / 72 if text else 0.0


def picture(root: Item, title: str, ax: Axes | None) -> Axes:
    """Draw the Items. On a new figure an inch is an inch; on Axes of the user all is as large as fits, the letters too."""
    from ..figures import NotebookFigure  # imports matplotlib

    margin = 0.15
    width, height = max(root.width, text_width(title, False) * 1.3) + 2 * margin, root.height + 2 * margin
    scale = 1.0
    if ax is None:
        ax = NotebookFigure(figsize=(width + 0.1, height + 0.4), layout="constrained").add_subplot()
    else:
        room = ax.get_window_extent()
        dpi = ax.figure.dpi
        scale = min(room.width / dpi / width, room.height / dpi / height)
    middle = root.width / 2
    ax.set_xlim(middle - width / 2, middle + width / 2)
    ax.set_ylim(root.height + margin, -margin)
    ax.set_aspect("equal")
    ax.set_axis_off()
    ax.set_title(title, fontsize=9, color="#444444", parse_math=False)
    for item in root.all():
        if item.kind == "frame" and item is not root:
            draw_frame(ax, item, scale)
    for frame in root.all():
        for route in frame.routes:
            draw_route(ax, route, scale)
    for item in root.all():
        if item.kind in FILLS:
            draw_box(ax, item, scale)
    return ax


def draw_frame(ax: Axes, item: Item, scale: float) -> None:
    from matplotlib.patches import FancyBboxPatch

    left, top = item.x - item.width / 2, item.y - item.height / 2
    style = "round,pad=0,rounding_size=0.08"
    colors: dict[str, Any] = {"facecolor": (0.0, 0.0, 0.0, 0.035), "edgecolor": "#B5B5B5", "linewidth": 0.8 * scale}
    ax.add_patch(FancyBboxPatch((left, top), item.width, item.height, boxstyle=style, zorder=1, **colors))
    write(ax, left + PAD, top + LINE, item.title, scale, color="#666666", ha="left")


def draw_box(ax: Axes, item: Item, scale: float) -> None:
    from matplotlib.patches import FancyBboxPatch

    rounding = 0.12 if item.kind == "leaf" else 0.03
    colors: dict[str, Any] = {"facecolor": FILLS[item.kind], "edgecolor": LINES[item.kind], "linewidth": scale}
    corner = (item.x - item.width / 2, item.y - item.height / 2)
    style = f"round,pad=0,rounding_size={rounding}"
    ax.add_patch(FancyBboxPatch(corner, item.width, item.height, boxstyle=style, zorder=3, **colors))
    write(ax, item.x, item.y - LINE / 2 * bool(item.below), item.title, scale, fontweight="bold")
    if item.below:
        write(ax, item.x, item.y + LINE / 2, item.below, scale, color="#444444")


def write(ax: Axes, x: float, y: float, text: str, scale: float, **style: Any) -> None:
    """Text with its middle here, as it is: a $ in a name is no mathematics."""
    style = {"ha": "center", "va": "center_baseline", "fontsize": POINTS * scale, "zorder": 4, **style}
    ax.text(x, y, text, parse_math=False, usetex=False, **style)


def draw_route(ax: Axes, route: Route, scale: float) -> None:
    """An edge: upright beside boxes, curved only between two layers. It has an arrow where it ends at a box."""
    from matplotlib.patches import FancyArrowPatch
    from matplotlib.path import Path

    start, end = route.start, route.end
    y = start.y + start.height / 2
    bottom = end.y - end.height / 2
    vertices, codes = [(route.x_start, y), (route.x_start, route.leave)], [Path.MOVETO, Path.LINETO]
    for x, top, after in [*route.bends, (route.x_end, route.arrive, bottom)]:
        (before, y) = vertices[-1]
        vertices += [(before, (y + top) / 2), (x, (y + top) / 2), (x, top), (x, after)]
        codes += [Path.CURVE4, Path.CURVE4, Path.CURVE4, Path.LINETO]
    if abs(vertices[-1][1] - vertices[-2][1]) < 1e-6:  # a last line of no length has no direction, and so no arrow
        del vertices[-1], codes[-1]
    arrow = "-|>,head_length=3,head_width=1.6" if end.kind in FILLS else "-"
    style: dict[str, Any] = {"color": "#666666", "linewidth": 0.9 * scale, "mutation_scale": scale, "zorder": 2}
    ax.add_patch(FancyArrowPatch(path=Path(vertices, codes), arrowstyle=arrow, capstyle="round", **style))
