// The data of the page, and what follows from it: who uses a place, where a gradient came from, the names of elements.

let printing = false; // while all steps are laid out for the printer
const data = JSON.parse(document.getElementById("data").textContent);
const { places = [], visits = [], arrays = [], ops = {}, lines = [], modules = [], notes = [] } = data;
const failure = data.failure || null;

// Of common kinds of arrays, and of paths, only what differs is there, in this order: compact() in page.py.
const FIELDS = ["numbers", "min", "max", "mean", "rows", "columns", "zero", "nan", "inf"];
const PATH = ["total", "terms", "count", "rest", "text"];

function record(names, values) {
  return Object.fromEntries(names.map((name, i) => [name, values[i]]).filter(([, x]) => x !== null && x !== undefined));
}

function array(index) {
  if (index === null || index === undefined) return null;
  const found = arrays[index];
  if (typeof found !== "object") return { ...data.scalar, numbers: [found] };
  if (!Array.isArray(found)) return found;
  const left = found[0].length || !sizeOf(data.usual.shape) ? {} : { rows: [], columns: [] };
  return { ...data.usual, ...record(FIELDS, found), ...left };
}

/** An array on one line of text: its numbers if they are few, else its dtype and shape. */
function arrayText(found) {
  if (found.rows || found.columns || sizeOf(found.shape) > 6 || !sizeOf(found.shape)) return `${found.dtype}[${found.shape.join(", ")}]`;
  const nested = (shape, from) => {
    if (!shape.length) return short(found.numbers[from]);
    const step = sizeOf(shape.slice(1));
    return `[${Array.from({ length: shape[0] }, (_, i) => nested(shape.slice(1), from + i * step)).join(", ")}]`;
  };
  return nested(found.shape, 0);
}

/** users[n]: the steps that have place n as an input, once each. */
const users = places.map(() => []);
places.forEach((place, n) => {
  for (const input of place.inputs || []) {
    if (input.place !== null && input.place !== undefined && users[input.place].at(-1) !== n) users[input.place].push(n);
  }
});

/** visitOf[n]: the visit of place n in backward, or undefined. */
const visitOf = places.map(() => undefined);
visits.forEach((visit, v) => { visitOf[visit.place] = v; });

// What follows from the rest, and so is not in the data: see compact() in page.py.
places.forEach((place, n) => {
  if (!place.shape) {
    const { shape, dtype } = array(place.value);
    Object.assign(place, { shape, dtype });
  }
  place.arrivals = [];
  for (const one of place.kept || []) {
    one.bytes ??= 0;
    one.holds ??= one.bytes;
    if (visitOf[n] !== undefined) one.freed = visitOf[n];
  }
});
visits.forEach((visit, v) => visit.sent.forEach((sent, nth) => {
  sent.x_g ??= places[sent.to].gradient;
  places[sent.to].arrivals.push([v, nth]);
}));

/** What a vjp was given after g, by name: what was sent with it, and what the place lists as kept for this input. */
function valuesOf(place, sent) {
  const kept = (place.kept || []).filter((one) => one.inputs.includes(sent.input)).map((one) => [one.name, one]);
  return { ...Object.fromEntries(kept), ...(sent.values || {}) };
}

const named = new Map(); // how many places have each name
for (const { name } of places) if (name) named.set(name, (named.get(name) || 0) + 1);

/** What a place is called: its name, with its number if others have it too, or op and number; as labels() in data.py. */
function label(n) {
  const { label: given, name, op } = places[n];
  return given || (named.get(name) === 1 ? name : `${name || op || "leaf"} ${n}`);
}

function isLeaf(place) {
  return !place.op;
}

function marksOf(place) {
  return place.marks || [];
}

// Elements. An array is seen as a matrix, its last axis are the columns; element (row, column) is number row · columns + column.

function sizeOf(shape) {
  return shape.reduce((n, axis) => n * axis, 1);
}

function columnsOf(shape) {
  return shape.length ? shape.at(-1) : 1;
}

/** The index of an element in words: [0, 1]; nothing for a 0-d array. */
function indexText(shape, flat) {
  const index = [];
  for (let axis = shape.length - 1; axis >= 0; axis -= 1) {
    index.unshift(flat % shape[axis]);
    flat = Math.floor(flat / shape[axis]);
  }
  return index.length ? `[${index.join(", ")}]` : "";
}

/** The number of an element from what was typed: "7", "0, 1" or "[0, 1]"; null if there is no such element. */
function flatOf(shape, typed) {
  const index = (typed.match(/-?\d+/gu) || []).map(Number);
  if (index.length === 1 && shape.length !== 1) return index[0] >= 0 && index[0] < sizeOf(shape) ? index[0] : null;
  if (index.length !== shape.length) return null;
  let flat = 0;
  for (let axis = 0; axis < shape.length; axis += 1) {
    const i = index[axis] < 0 ? index[axis] + shape[axis] : index[axis];
    if (i < 0 || i >= shape[axis]) return null;
    flat = flat * shape[axis] + i;
  }
  return flat;
}

function elementText(n, flat) {
  return `${label(n)}${indexText(places[n].shape, flat)}`;
}

/** The number of one element, or undefined if the thinning left it out. */
function numberAt(found, flat) {
  if (!found) return undefined;
  const across = columnsOf(found.shape);
  const [row, column] = [Math.floor(flat / across), flat % across];
  const r = found.rows ? found.rows.indexOf(row) : row;
  const c = found.columns ? found.columns.indexOf(column) : column;
  return r < 0 || c < 0 ? undefined : found.numbers[r * (found.columns ? found.columns.length : across) + c];
}

function pathOf(n, flat) {
  const found = (places[n].paths || {})[flat];
  return found && record(PATH, found);
}

function checkOf(n, flat) {
  return (places[n].checks || {})[flat];
}

function gradientAt(n, flat) {
  const path = pathOf(n, flat);
  return path ? path.total : numberAt(array(places[n].gradient), flat);
}

function marksAt(n, flat) {
  return marksOf(places[n]).filter((mark) => (mark.elements || []).includes(flat));
}

let inverted = null;
/** The elements whose paths have this one as a term: [place, element, local derivative, g, product]. */
function partOf(n, flat) {
  if (!inverted) {
    inverted = new Map();
    places.forEach((place, m) => {
      for (const element of Object.keys(place.paths || {})) {
        const path = pathOf(m, element);
        for (const [there, at, ...numbers] of path.terms) {
          const key = `${there} ${at}`;
          if (!inverted.has(key)) inverted.set(key, []);
          inverted.get(key).push([m, Number(element), ...numbers]);
        }
      }
    });
  }
  return inverted.get(`${n} ${flat}`) || [];
}

// Links

function placeLink(n, back) {
  const v = visitOf[n];
  const href = back && v !== undefined ? `#back-${v}` : `#step-${n}`;
  return el("a", { href, class: isLeaf(places[n]) ? "leaf" : "name" }, label(n));
}

function elementLink(n, flat, text) {
  return el("a", { href: `#step-${n}-element-${flat}`, class: "element" }, text || elementText(n, flat));
}

/** A constant as the user wrote it, or a link to a place. */
function inputLink(input) {
  if (input.place !== null && input.place !== undefined) return placeLink(input.place);
  return el("span", { class: "constant" }, input.text || "a constant");
}

function lineOf(place) {
  return place.line === null || place.line === undefined ? null : lines[place.line];
}

function lineText(line) {
  return line ? `${line.file.split("/").at(-1)}:${line.number}` : "";
}

function userLine(line) {
  if (!line) return muted("The line that made it is not known.");
  const where = `${line.file}, line ${line.number}${line.function && line.function !== "<module>" ? `, in ${line.function}` : ""}`;
  return el("div", null, code(line.code, line.file, line.number),
    muted(where, line.seen === false ? ". Found in the source afterwards, not noted while it ran." : ""));
}

/** The module that a place was computed in and those around it, the outermost first. */
function modulesAround(index) {
  const chain = [];
  for (let i = index; i !== null && i !== undefined; i = modules[i].parent) chain.unshift(i);
  return chain;
}

// What to look at, the worst first

const KINDS = {
  nan: "not a number was made here, or arrived here",
  inf: "infinite",
  dead: "a unit that is 0 for every row, and gets no gradient",
  saturated: "so far out that its derivative is almost 0",
  convention: "the function has no single derivative here; the one used is a choice",
  zero: "the gradient is exactly 0",
};

function badge(kind, text) {
  return el("span", { class: `badge ${kind}`, title: text || KINDS[kind] || "" }, kind);
}

function badges(place) {
  return [...new Set(marksOf(place).map((mark) => mark.kind))].map((kind) => badge(kind));
}

function markView(n, mark) {
  const listed = (mark.elements || []).slice(0, 20);
  const left = (mark.count || listed.length) - listed.length;
  const links = listed.map((flat) => [" ", elementLink(n, flat, indexText(places[n].shape, flat) || label(n))]);
  return el("div", { class: "mark" }, badge(mark.kind), el("div", null, mark.text, " ",
    el("span", { class: "muted" }, mark.of === "gradient" ? "In the gradient." : ""),
    links.length ? el("div", { class: "elements" }, links, left > 0 && ` and ${left} more`) : null));
}
