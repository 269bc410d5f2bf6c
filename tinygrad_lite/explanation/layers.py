"""Layers of boxes: where the boxes of a graph stand, so that every edge leads down and no box lies on another or on an edge.

This is the method of Sugiyama. (1) Each box gets a layer, below the layers of all its inputs. (2) An edge that passes a layer
gets a bend there, a box without width. (3) Within each layer an order is looked for in which few edges cross: by igraph if it
is installed, else by our own sweeps. (4) The boxes move sideways, towards what they are connected with, as far as the order
and their widths let them. Lengths are in inches, y grows downwards, and nothing is random.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from dataclasses import dataclass
from itertools import pairwise

GAP, NARROW, BELOW = 0.22, 0.13, 0.3  # between boxes, beside a bend, and between layers
ROW = 8  # so many leaves stand beside each other; more of them begin a row above

Edge = tuple[int, int, float, float]  # from and to, each a box and where on it, sideways from its middle


@dataclass(slots=True)
class Arrangement:
    """The middles of the boxes, the top and bottom of each box's layer, and for each edge its bends (x, top, bottom)."""

    middles: list[tuple[float, float]]
    bands: list[tuple[float, float]]
    bends: list[list[tuple[float, float, float]]]
    width: float
    height: float


def arrange(sizes: list[tuple[float, float]], edges: list[Edge], first: set[int], last: set[int]) -> Arrangement:
    """Arrange boxes of these sizes in a rectangle from (0, 0) on. Those in `first` stand in the first layer, whatever follows
    on them, and those in `last` below all others.
    """
    layers = layers_of(len(sizes), edges, first, last)
    widths, heights = [list(side) for side in zip(*sizes)]
    boxes = len(sizes)
    links: list[Edge] = []  # each from a layer to the next
    bends: list[list[int]] = []
    for start, end, here, there in edges:
        passed = range(layers[start] + 1, layers[end])
        chain = list(range(len(layers), len(layers) + len(passed)))
        layers += passed
        widths += [0.0] * len(chain)
        heights += [0.0] * len(chain)
        bends.append(chain)
        for a, b in pairwise([start, *chain, end]):
            links.append((a, b, here if a == start else 0.0, there if b == end else 0.0))
    rows = in_order(layers, links)
    x = sideways(rows, widths, links, boxes)
    bands, y = [], 0.0
    for row in rows:
        height = max([heights[n] for n in row])
        bands.append((y, y + height))
        y += height + BELOW
    left = min([x[n] - widths[n] / 2 for n in range(len(x))])
    return Arrangement(
        [(x[n] - left, bands[layers[n]][1] - heights[n] / 2) for n in range(boxes)],
        [bands[layers[n]] for n in range(boxes)],
        [[(x[n] - left, *bands[layers[n]]) for n in chain] for chain in bends],
        max([x[n] + widths[n] / 2 for n in range(len(x))]) - left,
        bands[-1][1],
    )


def layers_of(count: int, edges: list[Edge], first: set[int], last: set[int]) -> list[int]:
    """The layer of each box. Boxes stand as low as what follows lets them, if that shortens their edges, as for parameters."""
    into: list[list[int]] = [[] for _ in range(count)]
    out: list[list[int]] = [[] for _ in range(count)]
    for start, end, *_ in edges:
        into[end].append(start)
        out[start].append(end)
    order, waits = [n for n in range(count) if not into[n]], [len(before) for before in into]
    layers = [0] * count
    for n in order:  # it grows: a box comes when all its inputs have come
        for end in out[n]:
            layers[end] = max(layers[end], layers[n] + 1)
            waits[end] -= 1
            if not waits[end]:
                order.append(end)
    lowest = max([layers[n] for n in range(count) if n not in last], default=0)
    for n in last:
        layers[n] = lowest + 1
    for n in reversed(order):
        if out[n] and n not in first and len(out[n]) >= len(into[n]):
            layers[n] = min([layers[end] for end in out[n]]) - 1
    leaves = [n for n in range(count) if not into[n] and n not in first]
    for layer in range(lowest, -count, -1):
        for n in [n for n in leaves if layers[n] == layer][ROW:]:
            layers[n] -= 1
    used = sorted(set(layers))  # no layer is empty
    return [0 if n in first else used.index(layers[n]) for n in range(count)]


def in_order(layers: list[int], links: list[Edge]) -> list[list[int]]:
    """The boxes and bends of each layer, from left to right."""
    rows: list[list[int]] = [[] for _ in range(max(layers) + 1)]
    try:
        import igraph
    except ImportError:
        for n, layer in enumerate(layers):
            rows[layer].append(n)
        return fewer_crossings(rows, links)
    graph = igraph.Graph(n=len(layers), edges=[link[:2] for link in links], directed=True)
    places = graph.layout_sugiyama(layers=layers, maxiter=200).coords
    for n in sorted(range(len(layers)), key=lambda n: (places[n][0], n)):
        rows[layers[n]].append(n)
    return rows


def fewer_crossings(rows: list[list[int]], links: list[Edge], sweeps: int = 24) -> list[list[int]]:
    """Sweep down and up: order each layer by the mean position of its neighbours in the layer before. The best order stays."""
    up: dict[int, list[int]] = {n: [] for row in rows for n in row}
    down: dict[int, list[int]] = {n: [] for row in rows for n in row}
    for a, b, *_ in links:
        up[b].append(a)
        down[a].append(b)
    best, fewest = [list(row) for row in rows], crossings(rows, down)
    for sweep in range(sweeps):
        beside = up if sweep % 2 == 0 else down
        for row in rows if sweep % 2 == 0 else reversed(rows):
            at = {n: i for other in rows for i, n in enumerate(other)}
            means = {n: sum([at[m] for m in beside[n]]) / len(beside[n]) if beside[n] else at[n] for n in row}
            row.sort(key=lambda n: means[n])
        if (now := crossings(rows, down)) < fewest:
            best, fewest = [list(row) for row in rows], now
    return best


def crossings(rows: list[list[int]], down: dict[int, list[int]]) -> int:
    """How many pairs of edges cross between neighbouring layers."""
    count = 0
    for row, below in pairwise(rows):
        at = {n: i for i, n in enumerate(below)}
        ends: list[int] = []  # of the edges to the left, sorted: those that end further right are crossed
        for n in row:
            here = [at[m] for m in down[n]]
            count += sum([len(ends) - bisect_left(ends, end + 1) for end in here])
            for end in here:
                insort(ends, end)
    return count


def sideways(rows: list[list[int]], widths: list[float], links: list[Edge], boxes: int) -> list[float]:
    """The x of each box and bend. Long edges pull most, so that they are straight."""
    up: dict[int, list[tuple[int, float, float]]] = {n: [] for row in rows for n in row}
    down: dict[int, list[tuple[int, float, float]]] = {n: [] for row in rows for n in row}
    for a, b, here, there in links:
        weight = 1.0 + 3.0 * (a >= boxes) + 3.0 * (b >= boxes)
        up[b].append((a, here - there, weight))
        down[a].append((b, there - here, weight))
    x = [0.0] * len(widths)
    for row in rows:
        right = 0.0
        for n, apart in zip(row, distances(row, widths, boxes)):
            x[n] = right = right + apart
        for n in row:
            x[n] -= right / 2
    for sweep in range(40):
        downwards = sweep % 2 == 0
        for row in rows if downwards else reversed(rows):
            wishes = []
            for n in row:
                pulls = up[n] + down[n] if sweep >= 8 else up[n] if downwards else down[n]
                total = sum([weight for *_, weight in pulls])
                wish = sum([(x[m] + shift) * weight for m, shift, weight in pulls]) / total if pulls else x[n]
                wishes.append((wish, total or 0.1))
            for n, place in zip(row, as_wished(wishes, distances(row, widths, boxes))):
                x[n] = place
    return x


def distances(row: list[int], widths: list[float], boxes: int) -> list[float]:
    """From the middle of each box in a row to the one on its left, at least; 0 for the first."""
    between = [
        (widths[a] + widths[b]) / 2 + (GAP if a < boxes and b < boxes and widths[a] and widths[b] else NARROW)
        for a, b in pairwise(row)
    ]
    return [0.0, *between]


def as_wished(wishes: list[tuple[float, float]], apart: list[float]) -> list[float]:
    """The places nearest to these (place, weight), in order and so far apart: boxes that come too near move as one block.
    >>> as_wished([(0.0, 1.0), (0.0, 1.0), (9.0, 1.0)], [0.0, 2.0, 2.0])
    [-1.0, 1.0, 9.0]
    """
    blocks: list[tuple[float, float, int]] = []  # place of its first box, were all apart 0; weight; how many boxes
    shift, shifts = 0.0, []
    for (wish, weight), distance in zip(wishes, apart):
        shift += distance
        shifts.append(shift)
        block = (wish - shift, weight, 1)
        while blocks and blocks[-1][0] > block[0]:
            at, heavy, count = blocks.pop()
            both = heavy + block[1]
            block = ((at * heavy + block[0] * block[1]) / both, both, count + block[2])
        blocks.append(block)
    starts = [at for at, _, count in blocks for _ in range(count)]
    return [at + shift for at, shift in zip(starts, shifts)]
