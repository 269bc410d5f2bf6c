// An array: a single number, a table of numbers if it is small and complete, else a heat map with its scale. Each element can be
// pointed at, by click or with the arrow keys, and leads to its path.

const SMALL = 64; // elements at most in a table
const ACROSS = 8; // elements in a line of a long 1-d array

/** `owner` is the place whose elements these are (null: they lead nowhere), `of` is "value" or "gradient", for the marks. */
function arrayView(found, name, owner = null, of = "value", chosen = null) {
  if (!found) return muted("Not known.");
  const size = sizeOf(found.shape);
  if (size === 0) return muted(`Empty: shape ${shapeText(found.shape)}.`);
  if (!found.numbers.length) return el("div", { class: "array" }, stated(found), owner === null ? null : elementField(owner));
  const complete = !found.rows && !found.columns;
  const view = complete && size <= SMALL ? numbersTable(found, name, owner, of, chosen) : heatMap(found, name, owner, chosen);
  return el("div", { class: "array" }, view, complete && size <= SMALL ? null : stated(found));
}

/** Which elements are shown, and what is true of all. */
function stated(found) {
  const size = sizeOf(found.shape);
  const bad = [["nan", found.nan], ["inf", found.inf]].filter(([, n]) => n).map(([kind, n]) => `, ${n} ${kind}`);
  const zeros = found.zero ? `, ${found.zero} of ${size} are 0` : "";
  const across = columnsOf(found.shape);
  const [r, c] = [found.rows?.length ?? size / across, found.columns?.length ?? across];
  const thinned = !r ? "Its numbers are left out, because there are too many arrays. " : r * c < size ? `Shown: ${r} of ${size / across} rows, ${c} of ${across} columns, equally spaced. ` : "";
  return muted(`${thinned}Of all: min ${short(found.min)}, mean ${short(found.mean)}, max ${short(found.max)}`, zeros, bad, ".");
}

function describe(found, name) {
  const range = found.min === undefined || found.min === null ? "" : `, from ${short(found.min)} to ${short(found.max)}`;
  return `${name}, shape ${shapeText(found.shape)}${range}`;
}

/** The shown elements as lines of {head, cells: [flat, number]}, and the heads of the columns. */
function linesOf(found) {
  const across = columnsOf(found.shape);
  const columns = found.columns || Array.from({ length: across }, (_, i) => i);
  const numbers = found.rows || Array.from({ length: sizeOf(found.shape) / across }, (_, i) => i);
  const cells = numbers.map((row, r) => columns.map((column, c) => [row * across + column, found.numbers[r * columns.length + c]]));
  if (found.shape.length === 0) return { heads: null, lines: [{ head: "", cells: cells[0] }] };
  if (found.shape.length > 1) {
    const head = (row) => `[${indexText(found.shape.slice(0, -1), row).slice(1, -1)}]`;
    return { heads: columns, lines: cells.map((some, r) => ({ head: head(numbers[r]), cells: some })) };
  }
  if (across <= ACROSS) return { heads: columns, lines: [{ head: "", cells: cells[0] }] };
  const broken = [];
  for (let i = 0; i < cells[0].length; i += ACROSS) broken.push({ head: `[${cells[0][i][0]}]`, cells: cells[0].slice(i, i + ACROSS) });
  return { heads: null, lines: broken };
}

function numbersTable(found, name, owner, of, chosen) {
  const { heads, lines: shown } = linesOf(found);
  const marked = new Map();
  for (const mark of owner === null ? [] : marksOf(places[owner])) {
    for (const flat of (mark.of || "value") === of ? mark.elements || [] : []) marked.set(flat, mark);
  }
  const head = heads && shown[0].cells.length > 1 ? el("thead", null, el("tr", null,
    shown[0].head ? el("td") : null, heads.map((i) => el("th", { scope: "col" }, String(i))))) : null;
  const body = el("tbody", null, shown.map((line) => el("tr", null, line.head ? el("th", { scope: "row" }, line.head) : null,
    line.cells.map(([flat, x]) => numberCell(found, name, owner, flat, x, marked.get(flat), flat === chosen)))));
  const made = el("table", { class: "numbers", role: owner === null ? null : "grid", "aria-label": describe(found, name) }, head, body);
  if (owner !== null) {
    (made.querySelector("[aria-selected=true]") || made.querySelector("[data-flat]")).tabIndex = 0;
    made.addEventListener("keydown", walkCells);
  }
  return el("div", { class: "scroll" }, made);
}

function numberCell(found, name, owner, flat, x, mark, chosen) {
  const where = `${name}${indexText(found.shape, flat)}`;
  const title = `${where} = ${x}${mark ? `\n${mark.kind}: ${mark.text}` : ""}`;
  const kind = [typeof x === "string" ? x.replace("-", "") : Object.is(x, 0) || Object.is(x, -0) ? "nothing" : "", mark ? `marked ${mark.kind}` : ""];
  if (owner === null) return el("td", { class: kind.join(" "), title }, short(x));
  const open = () => go(`step-${owner}-element-${flat}`);
  const cell = el("td", { class: kind.join(" "), role: "gridcell", tabindex: -1, "data-flat": flat, title, click: open,
    "aria-label": `${where}: ${short(x)}${mark ? `, ${mark.kind}` : ""}`, "aria-selected": String(chosen) }, short(x));
  cell.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    open();
  });
  return cell;
}

/** The arrow keys move within a table of numbers. */
function walkCells(event) {
  const cell = event.target.closest("[data-flat]");
  const move = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
  if (!cell || !move) return;
  event.preventDefault();
  event.stopPropagation();
  const grid = [...cell.closest("tbody").rows].map((row) => [...row.querySelectorAll("[data-flat]")]);
  const r = grid.findIndex((row) => row.includes(cell));
  const next = grid[r + move[0]]?.[grid[r].indexOf(cell) + move[1]];
  if (!next) return;
  cell.tabIndex = -1;
  next.tabIndex = 0;
  next.focus();
}

// Heat maps

/** Colours of numbers from -1 (blue) by 0 to 1 (orange), for a light and for a dark page. */
function colour(t, dark) {
  const [low, middle, high] = dark ? [[92, 170, 232], [38, 42, 50], [244, 142, 78]] : [[28, 98, 164], [245, 242, 234], [196, 82, 20]];
  const end = t < 0 ? low : high;
  return middle.map((part, i) => Math.round(part + (end[i] - part) * Math.min(Math.abs(t), 1)));
}

function heatMap(found, name, owner, chosen) {
  const across = columnsOf(found.shape);
  const columns = found.columns || Array.from({ length: across }, (_, i) => i);
  const numbers = found.rows || Array.from({ length: sizeOf(found.shape) / across }, (_, i) => i);
  const finite = found.numbers.filter((x) => typeof x === "number").map(Math.abs);
  const most = finite.reduce((a, b) => Math.max(a, b), 0);
  const side = Math.max(3, Math.min(18, Math.floor(420 / columns.length)));
  const canvas = el("canvas", { width: columns.length, height: numbers.length, role: "img", tabindex: owner === null ? null : 0,
    "aria-label": `Heat map: ${describe(found, name)}${owner === null ? "" : ". Arrow keys move, Enter opens the element's path"}` });
  const frame = el("div", { class: "cells" }, canvas);
  canvas.style.width = `${columns.length * side}px`;
  canvas.style.aspectRatio = `${columns.length} / ${numbers.length === 1 ? Math.max(1, 18 / side) : numbers.length}`;
  paint(canvas, found.numbers, most);
  const flatAt = (r, c) => numbers[r] * across + columns[c];
  const readout = el("output", { class: "readout" });
  const cursor = el("span", { class: "cursor", hidden: true });
  let at = [0, 0];
  const point = (r, c) => {
    at = [r, c];
    cursor.hidden = false;
    Object.assign(cursor.style, { left: `${(100 * c) / columns.length}%`, top: `${(100 * r) / numbers.length}%`,
      width: `${100 / columns.length}%`, height: `${100 / numbers.length}%` });
    readout.textContent = `${name}${indexText(found.shape, flatAt(r, c))} = ${found.numbers[r * columns.length + c]}`;
  };
  const under = (event) => {
    const box = canvas.getBoundingClientRect();
    const inside = (part, n) => Math.max(0, Math.min(n - 1, Math.floor(part * n)));
    return [inside((event.clientY - box.top) / box.height, numbers.length), inside((event.clientX - box.left) / box.width, columns.length)];
  };
  frame.append(cursor);
  canvas.addEventListener("mousemove", (event) => point(...under(event)));
  if (chosen !== null) {
    const [r, c] = [numbers.indexOf(Math.floor(chosen / across)), columns.indexOf(chosen % across)];
    if (r >= 0 && c >= 0) point(r, c);
  }
  if (owner !== null) {
    canvas.addEventListener("click", (event) => go(`step-${owner}-element-${flatAt(...under(event))}`));
    canvas.addEventListener("focus", () => point(...at));
    canvas.addEventListener("keydown", (event) => {
      const move = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
      if (event.key === "Enter") go(`step-${owner}-element-${flatAt(...at)}`);
      if (!move) return;
      event.preventDefault();
      event.stopPropagation();
      point(Math.max(0, Math.min(numbers.length - 1, at[0] + move[0])), Math.max(0, Math.min(columns.length - 1, at[1] + move[1])));
    });
  }
  return el("div", { class: "heat" }, frame,
    el("div", { class: "scale", "aria-hidden": "true" }, el("span", null, short(-most)), el("span", { class: "bar" }),
      el("span", null, short(most)), found.nan ? el("span", { class: "key nan" }, "nan") : null, found.inf ? el("span", { class: "key inf" }, "inf") : null),
    readout, owner === null ? null : elementField(owner),
    fold("The numbers that are shown", () => numbersTable(found, name, owner, "value", chosen), { class: "small" }));
}

function paint(canvas, numbers, most) {
  const pen = canvas.getContext("2d");
  const picture = pen.createImageData(canvas.width, canvas.height);
  const dark = isDark() && !printing;
  numbers.forEach((x, i) => {
    const [r, g, b] = x === "nan" ? [214, 32, 160] : typeof x === "string" ? [220, 30, 30] : colour(most ? x / most : 0, dark);
    picture.data.set([r, g, b, 255], 4 * i);
  });
  pen.putImageData(picture, 0, 0);
}

/** A field to type the index of an element. */
function elementField(owner) {
  const { shape } = places[owner];
  const field = el("input", { type: "text", inputmode: "text", size: 9, placeholder: indexText(shape, 0), "aria-label": `Index of an element of ${label(owner)}` });
  const wrong = el("span", { class: "muted", role: "status" });
  const open = (event) => {
    event.preventDefault();
    const flat = flatOf(shape, field.value);
    if (flat === null) wrong.textContent = `There is no element ${field.value} in shape ${shapeText(shape)}.`;
    else go(`step-${owner}-element-${flat}`);
  };
  return el("form", { class: "pick", submit: open }, el("label", null, "Element ", field), el("button", null, "Show its path"), wrong);
}
