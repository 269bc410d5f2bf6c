// The picture of the graph: what is unfolded, at most NODES rows around the current one. Layered from left to right; a long edge
// goes through a point in each layer between. In backward the gradients flow from right to left.

const NODES = 60;
const [WIDTH, HEIGHT, ACROSS_GAP, DOWN_GAP] = [104, 32, 52, 18];
const figure = document.getElementById("graph");

/** The edges between visible rows: a list of the rows that each row uses. */
function rowEdges() {
  const uses = rows.map(() => new Set());
  places.forEach((place, n) => {
    for (const input of place.inputs || []) {
      if (input.place !== null && input.place !== undefined && rowOf[input.place] !== rowOf[n]) uses[rowOf[n]].add(rowOf[input.place]);
    }
  });
  return uses;
}

/** The rows that are drawn, in order: an open fold is no node, its rows are. */
function window60(current) {
  const drawn = rows.map((_, i) => i).filter((i) => !rows[i].fold?.open);
  if (drawn.length <= NODES) return drawn;
  const at = Math.max(0, drawn.findIndex((i) => i >= current));
  const from = Math.max(0, Math.min(drawn.length - NODES, at - NODES / 2));
  return drawn.slice(from, from + NODES);
}

/** Nodes with layer and height; links with the points that they go through. */
function layout(drawn, uses) {
  const nodes = new Map(drawn.map((i) => [i, { row: i, layer: 0, y: 0, before: [], after: [], leaf: rows[i].place !== undefined && isLeaf(places[rows[i].place]) }]));
  const links = [];
  for (const i of drawn) {
    for (const j of uses[i]) if (nodes.has(j)) links.push({ from: nodes.get(j), to: nodes.get(i), points: [] });
  }
  if (failure) {
    const failed = { row: "failure", layer: 0, y: 0, before: [], after: [], leaf: false };
    nodes.set("failure", failed);
    for (const input of failure.inputs || []) {
      const from = input.place === null || input.place === undefined ? null : nodes.get(rowOf[input.place]);
      if (from) links.push({ from, to: failed, points: [] });
    }
  }
  for (const node of nodes.values()) { // rows come in an order in which what is used comes first
    for (const link of links) if (link.to === node) node.layer = Math.max(node.layer, link.from.layer + 1);
  }
  for (const node of nodes.values()) { // a leaf stands beside the first step that uses it
    const next = links.filter((link) => link.from === node).map((link) => link.to.layer);
    if (node.leaf && next.length) node.layer = Math.min(...next) - 1;
  }
  const lowest = Math.min(...[...nodes.values()].map((node) => node.layer), 0);
  for (const node of nodes.values()) node.layer -= lowest;
  const layers = [];
  const add = (node) => { (layers[node.layer] ||= []).push(node); };
  [...nodes.values()].forEach(add);
  for (const link of links) {
    let last = link.from;
    for (let layer = link.from.layer + 1; layer < link.to.layer; layer += 1) {
      const point = { layer, y: 0, before: [], after: [], thin: true };
      add(point);
      link.points.push(point);
      last.after.push(point);
      point.before.push(last);
      last = point;
    }
    last.after.push(link.to);
    link.to.before.push(last);
  }
  for (let i = 0; i < layers.length; i += 1) layers[i] ||= [];
  arrange(layers);
  return { nodes: [...nodes.values()], links, layers: layers.length };
}

/** Order and heights: each node moves to the middle of its neighbours, and those of a layer are pushed apart. */
function arrange(layers) {
  const gap = (a, b) => (a.thin && b.thin ? 12 : a.thin || b.thin ? HEIGHT / 2 + 12 : HEIGHT + DOWN_GAP);
  for (const layer of layers) layer.forEach((node, i) => { node.y = (i - (layer.length - 1) / 2) * (HEIGHT + DOWN_GAP); });
  for (let sweep = 0; sweep < 12; sweep += 1) {
    for (const layer of sweep % 2 ? [...layers].reverse() : layers) {
      for (const node of layer) {
        const near = [...node.before, ...node.after];
        const weight = (other) => (other.leaf ? 0.05 : other.thin ? 0.5 : 1);
        const total = near.reduce((sum, other) => sum + weight(other), 0);
        if (total) node.y = near.reduce((sum, other) => sum + weight(other) * other.y, 0) / total + (node.leaf ? 1e-3 : 0);
      }
      layer.sort((a, b) => a.y - b.y);
      const wanted = layer.map((node) => node.y);
      for (let i = 1; i < layer.length; i += 1) layer[i].y = Math.max(layer[i].y, layer[i - 1].y + gap(layer[i - 1], layer[i]));
      const shift = layer.reduce((sum, node, i) => sum + node.y - wanted[i], 0) / (layer.length || 1);
      for (const node of layer) node.y -= shift;
    }
  }
}

let picture = null; // {key, nodes, links}: the layout is kept while the same rows are drawn

function drawGraph(stop) {
  const current = stop?.row ?? rows.length - 1;
  const drawn = window60(current);
  const key = `${drawn[0]} ${drawn.at(-1)} ${rows.length}`;
  if (picture?.key !== key || picture.rows !== rows) picture = { key, rows, ...layout(drawn, rowEdges()) };
  const { nodes, links, layers } = picture;
  const top = Math.min(...nodes.map((node) => node.y)) - HEIGHT / 2 - 12;
  const tall = Math.max(...nodes.map((node) => node.y)) + HEIGHT / 2 + 12 - top;
  const wide = layers * (WIDTH + ACROSS_GAP) - ACROSS_GAP + 24;
  const x = (node) => 12 + node.layer * (WIDTH + ACROSS_GAP);
  const state = states(stop);
  const drawnLinks = links.map((link) => ({ link, kind: state.link(link.from.row, link.to.row) }));
  drawnLinks.sort((a, b) => Number(a.kind.includes("now")) - Number(b.kind.includes("now")));
  const scrolled = figure.querySelector(".scroll")?.scrollLeft ?? 0;
  const drawing = svg("svg", { width: wide, height: tall, viewBox: `0 ${top} ${wide} ${tall}`, role: "img", "aria-label": "The graph; the list of steps has the same links" },
    svg("defs", null, ["ahead", "now"].map((id) => svg("marker", { id: `head-${id}`, viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 7, markerHeight: 7, orient: "auto-start-reverse", markerUnits: "userSpaceOnUse" },
      svg("path", { d: "M0 0.5 L7.5 4 L0 7.5 z", class: id })))),
    drawnLinks.map(({ link, kind }) => drawLink(link, kind, x)), nodes.map((node) => drawNode(node, state.node(node.row), x(node))));
  const scroll = el("div", { class: "scroll" }, drawing);
  figure.replaceChildren(scroll, el("figcaption", null, drawn.length < rows.length && rows.filter((row) => !row.fold?.open).length > NODES ? `${NODES} of ${rows.length} rows. ` : "",
    stop?.back ? "← gradients flow" : "values flow →", button("Wide", widen, { class: "quiet", id: "wide", "aria-pressed": String(document.body.classList.contains("wide")) })));
  scroll.scrollLeft = scrolled;
  const now = nodes.find((node) => node.row === (stop?.hash === "failure" ? "failure" : stop?.row));
  if (!now) return;
  if (x(now) < scroll.scrollLeft + 40 || x(now) + WIDTH > scroll.scrollLeft + scroll.clientWidth - 40) scroll.scrollLeft = x(now) + WIDTH / 2 - scroll.clientWidth / 2;
  if (tall > scroll.clientHeight) scroll.scrollTop = now.y - top - scroll.clientHeight / 2;
}

function widen() {
  document.body.classList.toggle("wide");
  show();
}

/** How rows and edges look at a stop: already computed, current, still to come; in backward: has its gradient, or waits. */
function states(stop) {
  if (!stop) return { node: () => "done", link: () => "" };
  if (!stop.back) {
    const at = stop.row ?? Infinity;
    const failed = stop.hash === "failure";
    return {
      node: (row) => (row === "failure" ? (failed ? "now failed" : "future failed") : row === at ? "now" : row < at ? "done" : "future"),
      link: (from, to) => ((failed ? to === "failure" : to === at) ? "now" : to === "failure" || to > at ? "future" : ""),
    };
  }
  const visited = new Set(stops.slice(stops.forward, stops.indexOf(stop) + 1).map((one) => one.row));
  const inputs = rowEdges()[stop.row];
  return {
    node: (row) => (row === stop.row ? "now" : visited.has(row) ? "done" : inputs.has(row) ? "next" : "future"),
    link: (from, to) => (to === stop.row && carries(from, to) ? "now back" : visited.has(to) && carries(from, to) ? "back" : "future back"),
  };
}

/** Whether any gradient goes over this edge: a constant input gets none. */
function carries(from, to) {
  const first = (row) => rows[row].place ?? rows[row].fold.first;
  const last = (row) => rows[row].place ?? rows[row].fold.last;
  for (let n = first(to); n <= last(to); n += 1) {
    const visit = visits[visitOf[n]];
    if (visit?.sent?.some((sent) => rowOf[sent.to] === from)) return true;
  }
  return false;
}

function drawLink({ from, to, points }, kind, x) {
  const along = [[x(from) + WIDTH, from.y], ...points.flatMap((point) => [[x(point), point.y], [x(point) + WIDTH, point.y]]), [x(to), to.y]];
  let path = `M${along[0]}`;
  for (let i = 1; i < along.length; i += 1) {
    const [[x0, y0], [x1, y1]] = [along[i - 1], along[i]];
    path += Math.abs(y0 - y1) < 0.5 ? `L${x1} ${y1}` : `C${(x0 + x1) / 2} ${y0} ${(x0 + x1) / 2} ${y1} ${x1} ${y1}`;
  }
  const head = `url(#head-${kind.includes("now") ? "now" : "ahead"})`;
  return svg("path", { class: `link ${kind}`, d: path, [kind.includes("back") ? "marker-start" : "marker-end"]: head });
}

function drawNode(node, kind, x) {
  const row = rows[node.row];
  const failed = node.row === "failure";
  const name = failed ? failure.op : row.fold ? row.fold.title : label(row.place);
  const under = failed ? "raised an error" : row.fold ? row.fold.text || count(sizeOfFold(row.fold), "step") : places[row.place].name && places[row.place].op ? places[row.place].op : "";
  const cut = (text, most) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);
  const href = failed ? "#failure" : `#${hashOfRow(node.row, view.back && view.kind !== "start")}`;
  return svg("a", { href, tabindex: -1, class: `node ${kind} ${node.leaf ? "leaf" : row?.fold ? "fold" : "step"}` },
    svg("title", null, failed ? failure.error : `${name} ${under}`),
    row?.fold ? svg("rect", { class: "shadow", x: x + 3, y: node.y - HEIGHT / 2 + 3, width: WIDTH, height: HEIGHT, rx: 7 }) : null,
    svg("rect", { x, y: node.y - HEIGHT / 2, width: WIDTH, height: HEIGHT, rx: node.leaf ? HEIGHT / 2 : 7 }),
    svg("text", { x: x + WIDTH / 2, y: node.y + (under ? -2.5 : 4.5) }, cut(name, 15)),
    under ? svg("text", { class: "under", x: x + WIDTH / 2, y: node.y + 10 }, cut(under, 18)) : null);
}
