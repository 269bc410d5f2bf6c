// The first view: what was computed, what to look at, the gradients of the leaves, memory, checks, and how to read the page.

const ORDER = Object.keys(KINDS);

function allMarks() {
  const found = places.flatMap((place, n) => marksOf(place).map((mark) => ({ n, mark })));
  return found.sort((a, b) => ORDER.indexOf(a.mark.kind) - ORDER.indexOf(b.mark.kind) || a.n - b.n);
}

function allChecks() {
  return places.flatMap((place, n) => Object.keys(place.checks || {}).map((flat) => [n, Number(flat)]));
}

function startView() {
  const leaves = places.map((_, n) => n).filter((n) => isLeaf(places[n]));
  const facts = [count(places.length - leaves.length, "step"), count(leaves.length, "leaf", "leaves"), visits.length ? `${visits.length.toLocaleString("en")} of backward` : "no backward pass",
    modules.length ? count(modules.length, "module") : null, data.watched ? "watched while it ran" : "found from the tape afterwards", data.freed ? "the tape was freed" : null];
  return [
    el("header", { class: "head start" }, el("p", { class: "over" }, "explain"), el("h1", null, data.title || "An explanation"), el("p", { class: "facts" }, facts.filter(Boolean).join(" · "))),
    failure ? el("div", { class: "error", role: "alert" }, el("p", null, el("a", { href: "#failure" }, el("b", null, failure.op), " raised an error"), ":"), el("pre", null, failure.error)) : null,
    notes.length ? el("ul", { class: "notes" }, notes.map((note) => el("li", null, note))) : null,
    el("p", { class: "begin" }, stops.length ? el("a", { class: "button strong", href: `#${stops[0].hash}` }, "Step forward →") : null, " ",
      visits.length ? el("a", { class: "button strong back", href: `#${stops[stops.forward].hash}` }, "Step backward from the loss ←") : null),
    lookPart(), leavesPart(leaves), memoryPart(), allChecksPart(), questions(), keys(), notation(),
  ];
}

function anchored(id, part) {
  part.id = `part-${id}`;
  return part;
}

function lookPart() {
  const marks = allMarks();
  if (!marks.length) return anchored("look", section("What to look at", null, muted("Nothing stands out: no nan or inf, no dead or saturated unit, no gradient that is exactly 0, and no derivative that is a convention.")));
  const entry = ({ n, mark }) => el("li", null, el("p", { class: "where" }, placeLink(n, mark.of === "gradient"), " ", el("small", null, places[n].op || "leaf", lineOf(places[n]) ? `, ${lineText(lineOf(places[n]))}` : "")), markView(n, mark));
  const made = el("ul", { class: "look" }, marks.slice(0, printing ? marks.length : 30).map(entry));
  const rest = marks.length > 30 && !printing ? button(`Show all ${marks.length}`, (event) => { made.append(...marks.slice(30).map(entry)); event.target.remove(); }) : null;
  return anchored("look", section("What to look at", count(marks.length, "mark"), made, rest));
}

function leavesPart(leaves) {
  if (!leaves.length) return null;
  return anchored("leaves", section("Gradients of the leaves", "where backward ends", table([["leaf"], ["shape"], ["value", "wide"], ["gradient", "wide"], ["meets"]], leaves.map((n) => {
    const arrivals = (places[n].arrivals || []).length;
    return [placeLink(n), el("span", { class: "shape" }, shapeText(places[n].shape)), inline(array(places[n].value)), array(places[n].gradient) ? inline(array(places[n].gradient)) : el("span", { class: "muted" }, "none"), arrivals > 1 ? `${arrivals} meet` : ""];
  }), 30)));
}

/** What backward holds, the largest first. */
function memoryPart() {
  const kept = places.flatMap((place, n) => (place.kept || []).map((one) => ({ n, one }))).sort((a, b) => b.one.holds - a.one.holds || b.one.bytes - a.one.bytes);
  if (!kept.length) return anchored("memory", section("Memory", "what backward holds", muted(data.freed ? "The tape was freed: backward() has been, and holds nothing more." : "Nothing is held for backward.")));
  const [holds, bytes] = [kept.reduce((sum, { one }) => sum + one.holds, 0), kept.reduce((sum, { one }) => sum + one.bytes, 0)];
  return anchored("memory", section("Memory", "what backward holds, the largest first",
    el("p", null, el("b", null, bytesText(holds)), ` are held until backward for these steps; they look at ${bytesText(bytes)} in all.`),
    table([["step"], ["keeps"], ["for"], ["held", "right"], ["bytes", "right"], ["why", "wide"], ["line", "wide"], ["freed"]], kept.map(({ n, one }) => [el("span", null, placeLink(n), " ", el("small", null, places[n].op)), el("code", null, one.name),
      one.inputs.map((input) => el("code", { class: "spaced" }, `${input}=`)), bytesText(one.holds), bytesText(one.bytes), one.why || "", lineOf(places[n]) ? el("code", { title: lineText(lineOf(places[n])) }, lineOf(places[n]).code || lineText(lineOf(places[n]))) : "", freedText(one.freed, null)]), 20)));
}

function allChecksPart() {
  const checks = allChecks();
  if (!checks.length) return null;
  const digits = checks.map(([n, flat]) => checkOf(n, flat).digits).filter((found) => typeof found === "number");
  const sum = digits.length ? `${digits.length} of ${checks.length} could be compared; they agree on ${Math.min(...digits)} digits at least, ${digits.sort((a, b) => a - b)[Math.floor(digits.length / 2)]} in the middle.` : "None could be compared; each says why.";
  return anchored("checks", section("Checks by difference", "each derivative against the loss moved by ε", el("p", null, sum), fold(`All checks (${checks.length})`, () => checksTable(checks), { class: "checks" })));
}

const QUESTIONS = [
  ["Why is w.grad this number?", "Point at the number, in any table or heat map: its path shows the terms of the sum, the largest first. Follow one up to the loss, or down to the leaves."],
  ["Can I trust it?", "Beside each path stands the difference: the loss computed again with this element moved by ε, and the digits on which both agree."],
  ["Why is this gradient 0, or nan?", "“What to look at” lists every such element with the step where it began. The badge stands beside the step, and the number is marked in its table."],
  ["Where does the sum over the batch come from?", "In the backward step of the op that broadcast: it says which axes are summed, with the numbers before and after."],
  ["Why are two gradients added?", "The tensor is used twice. Its page shows each gradient that arrives, from where, and their sum."],
  ["What is the derivative of this op?", "In its backward step: as a formula, as the engine's own line of source, and as the same line with your numbers."],
  ["What holds my memory?", "The table “Memory”: each value that backward keeps, which derivative asks for it, and when it is freed."],
];

function questions() {
  return anchored("help", fold("Questions that this page answers", () => el("dl", null, QUESTIONS.map(([asked, answer]) => [el("dt", null, asked), el("dd", null, answer)])), { class: "help" }));
}

function keys() {
  const all = [["→ ←", "next and previous step"], ["Home End", "first and last step"], ["B", "the same step in the other direction"], ["O", "open what is folded, or close it again"], ["S", "this overview"], ["P", "play and pause"], ["Tab, arrow keys, Enter", "to a table, within it, and to the path of a number"]];
  return fold("Keys", () => el("dl", { class: "keys" }, all.map(([key, what]) => [el("dt", null, key.split(" ").length < 3 ? key.split(" ").map((one) => el("kbd", null, one)) : key), el("dd", null, what)])), { class: "help" });
}

function notation() {
  const all = [["L", "the loss"], ["g", "the gradient that arrives at a step: ∂L/∂(its result)"], ["vjp", "the function that turns g into the gradient of one input (vector-Jacobian product)"], ["x · y", "element by element"], ["leaf", "a tensor that you made, with requires_grad=True"], ["lemma", "work that several vjps of an op share, done once"]];
  return [fold("Notation and marks", () => [el("dl", null, all.map(([sign, what]) => [el("dt", null, mathematics(sign)), el("dd", null, what)])),
    ...(data.notation || []).map((line) => el("p", null, line)),
    el("dl", null, Object.entries(KINDS).map(([kind, what]) => [el("dt", null, badge(kind)), el("dd", null, what)]))], { class: "help" }), data.rule ? muted(data.rule) : null];
}
