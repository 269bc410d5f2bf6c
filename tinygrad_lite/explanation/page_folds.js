// Folds: a module is one row until it is opened. Long runs without modules are folded by the line that made them, else by
// hundreds. What is visible then are rows; the stops of the stepper are the rows forward, and then the visits backward.

const LONG = 60; // more entries than this on one level are folded
const folds = []; // each: {id, kind, title, text, module, parent, entries: [place or fold], first, last, open}
const parentOf = new Array(places.length).fill(null); // the innermost fold of each place

function newFold(kind, title, text, parent, module) {
  const made = { id: folds.length, kind, title, text, module, parent, entries: [], first: 0, last: 0, open: false };
  folds.push(made);
  return made;
}

const root = { entries: [], parent: null, open: true };
foldModules();
root.entries = foldLong(root.entries, null);
finish(root);

/** Places into their modules. A leaf stands before the step that uses it, so it belongs to that module if it has its name. */
function foldModules() {
  const chains = places.map((place) => modulesAround(place.module));
  let next = [];
  for (let n = places.length - 1; n >= 0; n -= 1) {
    if (!isLeaf(places[n]) || chains[n].length) next = chains[n];
    else {
      const owner = next.findLastIndex((m) => modules[m].path && (places[n].name || "").startsWith(`${modules[m].path}.`));
      chains[n] = next.slice(0, owner + 1);
      chains[n].next = next;
    }
  }
  let stack = []; // the open folds, the outermost first
  places.forEach((place, n) => {
    let chain = chains[n];
    const shared = (chain.next || []).findIndex((m, depth) => stack[depth]?.module !== m);
    const going = chain.next ? chain.next.slice(0, shared < 0 ? chain.next.length : shared) : []; // a leaf splits no module
    if (going.length > chain.length) chain = going;
    let same = 0;
    while (same < stack.length && stack[same].module === chain[same]) same += 1;
    stack = stack.slice(0, same);
    for (const m of chain.slice(same)) {
      const around = stack.at(-1) || null;
      const made = newFold("module", modules[m].path || modules[m].kind, modules[m].kind, around, m);
      (around || root).entries.push(made);
      stack.push(made);
    }
    (stack.at(-1) || root).entries.push(n);
  });
  for (const one of [...folds]) one.entries = foldLong(one.entries, one);
}

/** The entries of one level, in groups if they are many. */
function foldLong(entries, parent) {
  if (entries.length <= LONG) return entries;
  const groups = [];
  for (const entry of entries) {
    const line = typeof entry === "number" ? places[entry].line ?? null : null;
    const group = groups.at(-1);
    if (group && line !== null && group.line === line) group.entries.push(entry);
    else groups.push({ line, entries: [entry] });
  }
  if (groups.length > entries.length / 2) return foldHundreds(entries, parent);
  const level = groups.map(({ line, entries: some }) => {
    if (some.length === 1) return some[0];
    const made = newFold("line", lines[line].code || lineText(lines[line]), lineText(lines[line]), parent, null);
    made.entries = foldHundreds(some, made);
    return made;
  });
  return foldHundreds(level, parent);
}

function foldHundreds(entries, parent) {
  if (entries.length <= LONG) return entries;
  const made = [];
  for (let i = 0; i < entries.length; i += 100) {
    const block = newFold("block", "", "", parent, null);
    block.entries = entries.slice(i, i + 100);
    for (const entry of block.entries) if (typeof entry !== "number") entry.parent = block;
    made.push(block);
  }
  return made.length > LONG * 2 ? foldHundreds(made, parent) : made;
}

/** First and last place of each fold, the parents of places, and which folds are open at first: those that hold nearly all. */
function finish(around) {
  for (const entry of around.entries) {
    if (typeof entry === "number") parentOf[entry] = around === root ? null : around;
    else finish(entry);
  }
  if (around === root) return;
  const ends = around.entries.map((entry) => (typeof entry === "number" ? [entry, entry] : [entry.first, entry.last]));
  [around.first, around.last] = [ends[0][0], ends.at(-1)[1]];
  around.title ||= `steps ${around.first}–${around.last}`;
  around.open = around.entries.some((entry) => typeof entry !== "number") && around.last - around.first >= places.length / 2;
}

function sizeOfFold(one) {
  let steps = 0;
  for (let n = one.first; n <= one.last; n += 1) if (!isLeaf(places[n])) steps += 1;
  return steps;
}

// What is visible with the folds as they are

let rows = []; // {place or fold, depth}
let rowOf = []; // rowOf[n]: the number of the row that place n is in
let stops = []; // {hash, row, back}

function refold() {
  rows = [];
  rowOf = new Array(places.length);
  addRows(root, 0);
  const forward = rows.map((row, i) => ({ row: i, back: false, hash: row.fold ? `fold-${row.fold.id}` : `step-${row.place}` }))
    .filter((stop) => !rows[stop.row].fold?.open);
  if (failure) forward.push({ row: null, back: false, hash: "failure" });
  const backward = [];
  visits.forEach((visit, v) => {
    const row = rowOf[visit.place];
    if (!rows[row].fold) backward.push({ row, back: true, hash: `back-${v}` });
    else if (backward.at(-1)?.row !== row) backward.push({ row, back: true, hash: `fold-${rows[row].fold.id}-back` });
  });
  stops = [...forward, ...backward];
  stops.forward = forward.length;
}

function addRows(around, depth) {
  for (const entry of around.entries) {
    if (typeof entry === "number") {
      rowOf[entry] = rows.length;
      rows.push({ place: entry, depth });
    } else {
      const row = rows.length;
      rows.push({ fold: entry, depth });
      if (entry.open) addRows(entry, depth + 1);
      else for (let n = entry.first; n <= entry.last; n += 1) rowOf[n] = row;
    }
  }
}

/** Open the folds around a place; whether any was closed. */
function reveal(n) {
  let changed = false;
  for (let one = parentOf[n]; one; one = one.parent) {
    changed ||= !one.open;
    one.open = true;
  }
  if (changed) refold();
  return changed;
}

/** What goes into a fold from outside, and which of its places are used outside (or are the loss). */
function borders(one) {
  const inside = (n) => n >= one.first && n <= one.last;
  const [entering, leaving] = [new Set(), []];
  for (let n = one.first; n <= one.last; n += 1) {
    for (const input of places[n].inputs || []) {
      if (input.place !== null && input.place !== undefined && !inside(input.place)) entering.add(input.place);
    }
    if (!isLeaf(places[n]) && (n === data.loss || users[n].some((user) => !inside(user)))) leaving.push(n);
  }
  return { entering: [...entering], leaving };
}
