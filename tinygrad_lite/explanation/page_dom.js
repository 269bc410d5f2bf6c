"use strict";
// Small functions that make parts of the page. All text goes through text nodes, so that a name is never read as HTML.

/** An element: el("a", {href: "#step-1", class: "name"}, "w", otherElement). Children may be null, and lists of children. */
function el(tag, attributes, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

function svg(tag, attributes, ...children) {
  return filled(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes || {})) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(3).filter((child) => child !== null && child !== undefined && child !== false && child !== ""));
  return element;
}

function button(text, click, attributes) {
  return el("button", { type: "button", click, ...attributes }, text);
}

/** A part with a heading. `note` stands small beside the heading. */
function section(heading, note, ...children) {
  return el("section", { class: "part" }, el("h2", null, heading, note && el("small", null, note)), ...children);
}

/** A <details> whose content is made when it is opened for the first time. */
function fold(summary, make, attributes) {
  const details = el("details", attributes, el("summary", null, summary));
  const fill = () => details.childElementCount === 1 && details.append(...[make()].flat(3).filter(Boolean));
  if (details.open || printing) fill();
  if (printing) details.open = true;
  details.addEventListener("toggle", fill);
  return details;
}

/** A table: columns are [title, class]; rows are lists of cells. More than `most` rows are shown when asked for. */
function table(columns, rows, most = 50, attributes) {
  const body = el("tbody");
  const add = (some) => body.append(...some.map((cells) => el("tr", null, cells.map((cell, i) => el("td", { class: columns[i][1] }, cell)))));
  const head = el("tr", null, columns.map(([title, kind]) => el("th", { scope: "col", class: kind }, title)));
  add(printing ? rows : rows.slice(0, most));
  const scroll = el("div", { class: "scroll" }, el("table", { class: "rows", ...attributes }, el("thead", null, head), body));
  if (rows.length <= most || printing) return scroll;
  const more = button(`Show all ${rows.length}`, () => { add(rows.slice(most)); more.remove(); });
  return el("div", null, scroll, more);
}

/** A number as it came, if it is short; else with 5 digits. Its title holds all digits. */
function short(x) {
  const all = String(x);
  if (typeof x !== "number" || all.length <= 9) return all;
  return Math.abs(x) < 1e-4 ? x.toExponential(4) : String(Number(x.toPrecision(5)));
}

function number(x) {
  return el("span", { class: "number", title: short(x) === String(x) ? null : String(x) }, short(x));
}

function shapeText(shape) {
  return shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`;
}

function bytesText(n) {
  if (n < 1024) return `${n} B`;
  const units = ["KiB", "MiB", "GiB", "TiB"];
  let i = 0;
  for (n /= 1024; n >= 1024 && i < 3; i += 1) n /= 1024;
  return `${n < 10 ? n.toFixed(1) : Math.round(n)} ${units[i]}`;
}

function count(n, one, many) {
  return `${n.toLocaleString("en")} ${n === 1 ? one : many || `${one}s`}`;
}

/** A formula: single letters in italics, words upright, ^ and _ as high and low text. */
function mathematics(text) {
  return el("span", { class: "mathematics" }, mathematicsParts(text));
}

function mathematicsParts(text) {
  const part = /([\^_])(\{[^}]*\}|\([^()]*\)|[-−]?[\p{L}\p{N}.]+)|(\p{L}[\p{L}\p{M}\p{N}]*)|([^\p{L}^_]+|[\^_])/gu;
  return [...text.matchAll(part)].map(([whole, level, inner, word]) => {
    if (level) return el(level === "^" ? "sup" : "sub", null, mathematicsParts(inner.replace(/^\{(.*)\}$/u, "$1")));
    if (word) return /^\p{L}[\p{M}\p{N}]*$/u.test(word) ? el("var", null, word) : el("span", { class: "word" }, word);
    return whole;
  });
}

function code(text, file, line) {
  const place = file ? el("span", { class: "file", title: file }, `${file.split("/").slice(-2).join("/")}${line ? `:${line}` : ""}`) : null;
  return el("div", { class: "code" }, el("pre", null, el("code", null, text)), place);
}

function muted(...text) {
  return el("p", { class: "muted" }, ...text);
}
