// The detail of a forward step: what it is, the user's line, its inputs, its value, and what backward will need of it. Also the
// detail of a closed fold, and of the op that raised.

function headOf(n, what, kind) {
  const place = places[n];
  return el("header", { class: `head ${kind}` },
    el("p", { class: "over" }, what, el("span", { class: "count" }, `step ${n}`), moduleTrail(place.module)),
    el("h1", { class: "name" }, label(n), place.op ? el("span", { class: "op" }, place.op) : el("span", { class: "op" }, "leaf")),
    el("p", { class: "facts" }, el("span", { class: "shape" }, shapeText(place.shape)), " ", place.dtype || "", n === data.loss ? el("span", { class: "badge loss" }, "the loss") : null, badges(place)));
}

function moduleTrail(module) {
  const around = modulesAround(module);
  if (!around.length) return null;
  return el("span", { class: "trail" }, around.map((m) => el("span", { title: modules[m].text || "" }, modules[m].path || modules[m].kind, " ", el("small", null, modules[m].kind))));
}

function forwardView(n) {
  const place = places[n];
  const v = visitOf[n];
  const about = ops[place.op]?.about;
  return [
    headOf(n, "Forward", "forward"),
    about ? el("p", { class: "about" }, about) : isLeaf(place) ? el("p", { class: "about" }, "A leaf: a tensor that you made and that requires a gradient. Backward ends here, in its .grad.") : null,
    marksOf(place).map((mark) => markView(n, mark)),
    isLeaf(place) && !place.line && place.line !== 0 ? null : section("Your line", null, userLine(lineOf(place))),
    (place.inputs || []).length ? section("Inputs", null, inputsTable(place)) : null,
    optionsView(place.options),
    section("Value", elementNote(place.value), arrayView(array(place.value), label(n), n)),
    gradientPart(n),
    keptPart(place, null),
    checksPart(n),
    users[n].length ? section("Used by", null, el("p", { class: "links" }, users[n].slice(0, 50).map((m) => [placeLink(m), " ", el("small", null, places[m].op), " "]), users[n].length > 50 && `and ${users[n].length - 50} more`)) : null,
    v === undefined ? null : el("p", { class: "turn" }, el("a", { class: "button", href: `#back-${v}` }, "Its step in backward →")),
  ];
}

function elementNote(index) {
  return index === null || index === undefined ? null : "point at a number for its path";
}

function inputsTable(place) {
  return table([["input"], ["is"], ["shape"], ["value", "wide"]], place.inputs.map((input) => {
    const from = input.place === null || input.place === undefined ? null : places[input.place];
    const found = array(from ? from.value : input.array);
    return [el("code", null, input.name), inputLink(input), found || from ? el("span", { class: "shape" }, shapeText((from || found).shape)) : "", inline(found)];
  }), 30);
}

/** A few numbers of an array, on one line. */
function inline(found) {
  if (!found) return "";
  if (sizeOf(found.shape) <= 6 && !found.rows && !found.columns) return el("span", { class: "number" }, found.numbers.map(short).join("  "));
  return el("span", { class: "muted" }, `${short(found.min)} … ${short(found.max)}`);
}

function optionsView(options) {
  const given = Object.entries(options || {});
  return given.length ? section("Options", null, el("p", { class: "options" }, given.map(([name, text]) => el("code", null, `${name}=${text}`)))) : null;
}

/** ∂L/∂ this place: the gradients that arrive, and their sum. */
function gradientPart(n) {
  const place = places[n];
  const arrivals = place.arrivals || [];
  if (failure && !visits.length) return null;
  if (place.gradient === null || place.gradient === undefined) {
    return section("Gradient", null, muted(visits.length ? "No gradient arrives here: the loss does not depend on it, or it is not known." : "There was no backward pass."));
  }
  const hooks = place.hooks ? muted(`${count(place.hooks, "gradient hook")} registered here; this page does not call ${place.hooks === 1 ? "it" : "them"}.`) : null;
  return section(["Gradient ", partial(n)], elementNote(place.gradient), arrivals.length > 1 ? arrivalsView(n) : null,
    arrayView(array(place.gradient), `∂L/∂${label(n)}`, n, "gradient"),
    arrivals.length === 1 ? el("p", { class: "muted" }, "From ", el("a", { href: `#back-${arrivals[0][0]}` }, `backward through ${label(visits[arrivals[0][0]].place)}`), ".") : null, hooks);
}

/** ∂L/∂w as mathematics. */
function partial(n) {
  return el("span", { class: "mathematics" }, "∂", el("var", null, "L"), "/∂", el("span", { class: "word" }, label(n)));
}

function arrivalsView(n) {
  const arrivals = places[n].arrivals;
  const name = label(n);
  return el("div", { class: "arrivals" }, el("p", null, el("b", null, `${arrivals.length} gradients meet here`), ", and are added:"),
    arrivals.slice(0, 12).map(([v, nth], i) => el("div", { class: "arrival" }, el("span", { class: "sign", "aria-hidden": "true" }, i ? "+" : ""),
      el("div", null, el("p", { class: "from" }, "from ", el("a", { href: `#back-${v}` }, label(visits[v].place)), " ", el("small", null, places[visits[v].place].op, " · input ", visits[v].sent[nth].input)),
        arrayView(array(visits[v].sent[nth].x_g), `a part of ∂L/∂${name}`, n, "part")))),
    arrivals.length > 12 ? muted(`and ${arrivals.length - 12} more.`) : null,
    el("p", { class: "sum" }, el("span", { class: "sign", "aria-hidden": "true" }, "="), "their sum:"));
}

/** What the tape keeps of a step until backward, and why. `visit`: the visit that is shown, if any. */
function keptPart(place, visit) {
  if (!place.kept || !place.kept.length) return isLeaf(place) || data.freed ? null : section("Kept for backward", null, muted("Nothing: no vjp of this step asks for a value."));
  return section("Kept for backward", null, table([["value"], ["asked for by"], ["bytes", "right"], ["held", "right"], ["why", "wide"], ["freed"]], place.kept.map((kept) => [
    el("span", null, el("code", null, kept.name), " = ", el("code", null, kept.text ?? arrayText(array(kept.array)))), kept.inputs.map((input) => el("code", { class: "spaced" }, `${input}=`)),
    bytesText(kept.bytes), bytesText(kept.holds), kept.why || "", freedText(kept.freed, visit)])));
}

function freedText(freed, visit) {
  if (freed === null || freed === undefined) return data.freed ? "already" : "not in this pass";
  return freed === visit ? "after this step" : el("span", null, "after ", el("a", { href: `#back-${freed}` }, `backward ${freed + 1}`));
}

function checksPart(n) {
  const checks = Object.entries(places[n].checks || {});
  if (!checks.length) return null;
  return section("Check by difference", "the loss moved by ε at one element", fold(`All checks (${checks.length})`, () => checksTable(checks.map(([flat]) => [n, Number(flat)])), { class: "checks" }));
}

function checksTable(elements) {
  return table([["element"], ["∂L by backward", "right"], ["by difference", "right"], ["agreement", "wide"]], elements.map(([n, flat]) => {
    const check = checkOf(n, flat);
    return [elementLink(n, flat), number(gradientAt(n, flat) ?? "not shown"), check.difference === null || check.difference === undefined ? "" : number(check.difference), agreement(check)];
  }), 40);
}

function agreement(check) {
  if (check.text) return el("span", null, digitsBadge(check.digits), " ", check.text, slopes(check));
  return el("span", null, digitsBadge(check.digits), slopes(check));
}

function digitsBadge(digits) {
  if (digits === null || digits === undefined) return null;
  return el("span", { class: `digits ${digits >= 4 ? "good" : digits >= 2 ? "fair" : "poor"}` }, `agrees on ${count(digits, "digit")}`);
}

/** Both one-sided slopes, where they are not the same. */
function slopes({ left, right }) {
  if (typeof left !== "number" || typeof right !== "number") return null;
  if (Math.abs(left - right) <= 1e-3 * Math.max(Math.abs(left), Math.abs(right))) return null;
  return el("span", { class: "slopes" }, " slope to the left ", number(left), ", to the right ", number(right));
}

// A closed fold is one step

function foldView(one, back) {
  const { entering, leaving } = borders(one);
  const inside = [];
  for (let n = one.first; n <= one.last; n += 1) inside.push(n);
  const leaves = inside.filter((n) => isLeaf(places[n]));
  const steps = inside.length - leaves.length;
  const side = (n) => (back ? places[n].gradient : places[n].value);
  const show1 = (n) => el("div", { class: "border" }, el("h3", null, back ? partial(n) : null, " ", placeLink(n, back), " ", el("small", null, places[n].op || "leaf", " ", shapeText(places[n].shape))),
    arrayView(array(side(n)), `${back ? "∂L/∂" : ""}${label(n)}`, n, back ? "gradient" : "value"));
  const [first, second] = back ? [leaving, entering] : [entering, leaving];
  const text = one.module === null ? null : modules[one.module].text;
  return [
    el("header", { class: `head ${back ? "backward" : "forward"}` }, el("p", { class: "over" }, back ? "Backward" : "Forward", el("span", { class: "count" }, `steps ${one.first} to ${one.last}`)),
      el("h1", { class: "name" }, one.title, el("span", { class: "op" }, one.text)), el("p", { class: "facts" }, `${count(steps, "step")}${leaves.length ? `, ${count(leaves.length, "leaf", "leaves")}` : ""}, shown as one`)),
    text && text !== one.text ? el("p", { class: "about" }, el("code", null, text)) : null,
    el("p", null, button("Open", () => toggleFold(one, true), { class: "strong" })),
    first.length ? section(back ? "Gradient that arrives" : "Comes in", null, first.slice(0, 8).map(show1)) : null,
    second.length ? section(back ? "Gradient that is sent on" : "Goes out", null, second.slice(0, 8).map(show1)) : null,
    leaves.length ? section(back ? "Gradients of its leaves" : "Its leaves", null, leaves.slice(0, 12).map(show1)) : null,
    section("Its steps", null, table([["step"], ["op"], ["shape"], ["line", "wide"], ["marks"]], inside.map((n) => [placeLink(n, back), places[n].op || "leaf", el("span", { class: "shape" }, shapeText(places[n].shape)),
      el("code", null, lineOf(places[n])?.code || ""), badges(places[n])]), 30)),
  ];
}

function failureView() {
  const { op, error, inputs = [] } = failure;
  return [
    el("header", { class: "head failed" }, el("p", { class: "over" }, "Raised an error"), el("h1", { class: "name" }, op), el("p", { class: "about" }, ops[op]?.about || "")),
    el("pre", { class: "error", role: "alert" }, error),
    section("Your line", null, userLine(failure.line === null || failure.line === undefined ? null : lines[failure.line])),
    section("It was called with", "the shapes that did not fit", table([["input"], ["is"], ["shape"], ["dtype"]], inputs.map((input) => [el("code", null, input.name),
      inputLink({ ...input, text: input.text || "a constant" }), el("span", { class: "shape strong" }, shapeText(input.shape || [])), input.dtype || ""]))),
    optionsView(failure.options),
  ];
}
