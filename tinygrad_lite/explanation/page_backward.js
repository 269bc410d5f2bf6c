// The detail of a backward step: g arrives, each vjp turns it into the gradient of one input, and sends it on.

function backwardView(v) {
  const visit = visits[v];
  const n = visit.place;
  const place = places[n];
  const arrivals = place.arrivals || [];
  return [
    headOf(n, "Backward", "backward"),
    visit.error ? el("pre", { class: "error", role: "alert" }, visit.error) : null,
    marksOf(place).filter((mark) => mark.of === "gradient" || mark.kind !== "zero").map((mark) => markView(n, mark)),
    section([arrivals.length > 1 ? "Two or more gradients arrive: " : "The gradient that arrives: ", el("span", { class: "mathematics" }, el("var", null, "g"), " = "), partial(n)], null,
      n === data.loss && !arrivals.length ? muted("Backward begins here: the loss moves as itself, so g is 1.") : null,
      arrivals.length === 1 ? el("p", { class: "muted" }, "It was sent by ", el("a", { href: `#back-${arrivals[0][0]}` }, label(visits[arrivals[0][0]].place)), ".") : null,
      arrivals.length > 1 ? arrivalsView(n) : null, arrayView(array(place.gradient), `∂L/∂${label(n)}`, n, "gradient")),
    (visit.sent || []).map((sent, i) => sentView(v, sent, i)),
    constantsPart(place, visit),
    section("Your line", null, userLine(lineOf(place))),
    keptPart(place, v),
    el("p", { class: "turn" }, el("a", { class: "button", href: `#step-${n}` }, "← The same step forward")),
  ];
}

/** The entry of an op's table for an input; the inputs of an op with many are named xs[0], xs[1], … */
function derivativeOf(op, input) {
  const known = ops[op]?.inputs || {};
  return known[input] || known[input.replace(/[\[\d].*$/u, "")] || {};
}

function sentView(v, sent) {
  const place = places[visits[v].place];
  const from = derivativeOf(place.op, sent.input);
  const about = ops[place.op] || {};
  const to = places[sent.to];
  const axes = sent.axes || [];
  const raw = array(sent.raw);
  return el("section", { class: "part sent" },
    el("h2", null, "To ", el("code", null, sent.input), ", which is ", placeLink(sent.to, true), el("small", null, shapeText(to.shape))),
    from.formula ? el("p", { class: "formula", "aria-label": `The derivative as a formula: ${from.formula}` }, el("span", { class: "mathematics" }, "∂", el("var", null, "L"), "/∂", mathematicsParts(sent.input), " = "), mathematics(from.formula)) : null,
    from.vjp ? labelled("the vjp's own line", code(from.vjp, about.file, from.line)) : null,
    sent.numbers ? labelled("with this run's numbers", code(sent.numbers)) : null,
    valuesView(valuesOf(place, sent), visits[v].lemmas, about.lemmas),
    (about.calls || []).filter((called) => !from.vjp || from.vjp.includes(called.name) || Object.values(about.lemmas || {}).some((lemma) => lemma.vjp.includes(called.name)))
      .map((called) => fold(["The source of ", el("code", null, called.name)], () => code(called.source, called.file, called.line), { class: "small" })),
    axes.length ? el("div", { class: "summed" }, el("p", null, el("b", null, "Broadcasting is undone. "), `${sent.input} of shape ${shapeText(to.shape)} was stretched to ${raw ? shapeText(raw.shape) : shapeText(place.shape)}, so its gradient is summed over ${axes.length === 1 ? "axis" : "axes"} ${axes.join(" and ")}.`),
      raw ? labelled("before the sum", arrayView(raw, "before the sum")) : null) : null,
    labelled(el("span", null, axes.length ? "summed, and sent to " : "sent to ", label(sent.to)), arrayView(array(sent.x_g), `∂L/∂${label(sent.to)}, from here`, sent.to, "part")),
    meeting(v, sent));
}

function labelled(title, ...children) {
  return el("div", { class: "labelled" }, el("p", { class: "label" }, title), ...children);
}

/** Whether what is sent is all of the gradient there, or a part of a sum. */
function meeting(v, sent) {
  const arrivals = places[sent.to].arrivals || [];
  if (arrivals.length < 2) return isLeaf(places[sent.to]) ? el("p", { class: "meets" }, "This is all of ", placeLink(sent.to), ".grad.") : null;
  const before = arrivals.filter(([other]) => other < v).length;
  const last = arrivals.every(([other]) => other <= v);
  return el("p", { class: "meets" }, el("b", null, `${arrivals.length} gradients meet in `), placeLink(sent.to), `: this is ${last ? "the last" : `number ${before + 1}`}. `,
    el("a", { href: `#step-${sent.to}` }, "All of them, and their sum"), ".");
}

/** What the vjp was given after g, and the lemmas (work that several vjps share). */
function valuesView(values, computed, lemmas) {
  const given = Object.entries(values || {});
  if (!given.length) return null;
  return el("div", { class: "values" }, given.map(([name, value]) => {
    const lemma = (lemmas || {})[name];
    const found = array(typeof value === "object" && value !== null ? value.array : value);
    const text = typeof value === "object" && value !== null ? value.text : String(value);
    const tiny = !found || sizeOf(found.shape) <= 6;
    const shown = found ? (tiny ? inline(found) : null) : el("code", null, text || "");
    return el("div", { class: "given" }, el("code", null, name), tiny ? [" = ", shown] : null, lemma ? el("small", null, "a lemma, computed once for all vjps: ", el("code", null, lemma.vjp)) : null,
      tiny ? null : fold(`${shapeText(found.shape)} ${short(found.min)} … ${short(found.max)}`, () => arrayView(found, name), { class: "small", open: sizeOf(found.shape) <= 16 }));
  }));
}

/** The inputs that nothing is sent to, and why. */
function constantsPart(place, visit) {
  const sentTo = new Set((visit.sent || []).map((sent) => sent.input));
  const others = (place.inputs || []).filter((input) => !sentTo.has(input.name));
  if (!others.length) return null;
  return section("Nothing is sent to", null, others.slice(0, 20).map((input) => {
    const from = derivativeOf(place.op, input.name);
    return el("p", null, el("code", null, input.name), " ", inputLink(input), ": ", input.place === null || input.place === undefined ? "it needs no gradient" : "it has no derivative",
      from.formula ? [". Its formula would be ", mathematics(from.formula)] : "", ".");
  }));
}
