// The list of steps, folded. It is made anew when a fold opens or closes; a step only moves the highlight.

const list = document.getElementById("list");

function drawList() {
  const entries = rows.map((row, i) => (row.fold ? foldRow(row, i) : placeRow(row, i)));
  const all = folds.length && places.length <= 2000 ? el("p", { class: "all" },
    button("Open all", () => setAll(true), { class: "quiet" }), button("Close all", () => setAll(false), { class: "quiet" })) : null;
  const failed = failure ? el("li", { "data-row": "failure", class: "failed" }, el("span"), el("a", { href: "#failure" }, el("b", null, failure.op), " raised an error")) : null;
  list.replaceChildren(all || "", el("ol", null, entries, failed));
}

function indent(element, depth) {
  element.style.setProperty("--depth", Math.min(depth, 8));
  return element;
}

function placeRow({ place: n, depth }, i) {
  const place = places[n];
  return indent(el("li", { "data-row": i, class: isLeaf(place) ? "leaf" : null }, el("span", { class: "count" }, String(n)),
    el("a", { href: `#step-${n}`, "data-row-link": i }, el("b", null, label(n)), place.name && place.op ? el("span", { class: "op" }, place.op) : null,
      isLeaf(place) ? el("span", { class: "op" }, "leaf") : null),
    el("span", { class: "shape" }, shapeText(place.shape)), el("span", { class: "marks" }, badges(place))), depth);
}

function foldRow({ fold: one, depth }, i) {
  const kinds = new Set();
  for (let n = one.first; n <= one.last; n += 1) for (const mark of marksOf(places[n])) kinds.add(mark.kind);
  const steps = sizeOfFold(one);
  const toggle = button(el("span", { "aria-hidden": "true" }, "▸"), () => toggleFold(one),
    { class: "toggle", "aria-expanded": String(one.open), "aria-label": `${one.open ? "Close" : "Open"} ${one.title}` });
  return indent(el("li", { "data-row": i, class: `fold ${one.kind}` }, toggle,
    el("a", { href: `#fold-${one.id}`, "data-row-link": i }, el("b", null, one.title), one.text ? el("span", { class: "op" }, one.text) : null),
    el("span", { class: "shape" }, count(steps, "step")), el("span", { class: "marks" }, one.open ? [] : [...kinds].map((kind) => badge(kind)))), depth);
}

function toggleFold(one, open = !one.open) {
  one.open = open;
  refold();
  drawList();
  if (open && view.fold === one) go(view.back ? stops.find((stop) => stop.back && inFold(stop, one))?.hash || "start" : stops.find((stop) => inFold(stop, one)).hash);
  else if (!open && view.place !== undefined && view.place >= one.first && view.place <= one.last) go(`fold-${one.id}${view.kind === "back" ? "-back" : ""}`);
  else show();
  list.querySelector(`[data-row="${rows.findIndex((row) => row.fold === one)}"] .toggle`)?.focus();
}

function inFold(stop, one) {
  const row = rows[stop.row];
  const first = row ? row.place ?? row.fold.first : -1;
  return first >= one.first && first <= one.last;
}

function setAll(open) {
  for (const one of folds) one.open = open;
  refold();
  drawList();
  if (open || view.place === undefined) show();
  else go(hashOfRow(rowOf[view.place], view.kind === "back"));
}

function hashOfRow(i, back) {
  const row = rows[i];
  if (row.fold) return `fold-${row.fold.id}${back ? "-back" : ""}`;
  return back && visitOf[row.place] !== undefined ? `back-${visitOf[row.place]}` : `step-${row.place}`;
}

/** In backward, a link of the list leads to the visit of a step. */
function markCurrent(row) {
  for (const old of list.querySelectorAll("[aria-current]")) old.removeAttribute("aria-current");
  const entry = list.querySelector(`[data-row="${row}"]`);
  if (!entry) return;
  entry.querySelector("a").setAttribute("aria-current", "step");
  const [box, frame] = [entry.getBoundingClientRect(), list.getBoundingClientRect()];
  if (box.top < frame.top || box.bottom > frame.bottom) list.scrollTop += box.top - frame.top - frame.height / 2;
}
