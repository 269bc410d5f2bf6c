// What is shown is what the address says: #step-3, #back-0, #step-3-element-7, #fold-2, or a part of the overview. Every way to
// move (keys, buttons, slider, links, the browser's back button) changes the address; show() draws it.

const byId = (id) => document.getElementById(id);
const detail = byId("detail");
let address = null; // what is shown; where the address cannot be changed (some notebooks), it is kept here alone
let view = { kind: "start" };
let playing = null;

/** What an address shows; {kind: "start"} for one that is not known. */
function read(hash) {
  const [, kind, digits, rest] = hash.match(/^(step|back|fold)-(\d+)(?:-(.*))?$/u) || [];
  const n = Number(digits);
  if (kind === "step" && n < places.length) {
    const flat = Number((rest || "").match(/^element-(\d+)$/u)?.[1] ?? NaN);
    return flat < sizeOf(places[n].shape) ? { kind: "element", place: n, element: flat } : { kind: "step", place: n };
  }
  if (kind === "back" && n < visits.length) return { kind: "back", back: true, visit: n, place: visits[n].place };
  if (kind === "fold" && n < folds.length) return { kind: "fold", fold: folds[n], back: rest === "back" };
  if (hash === "failure" && failure) return { kind: "failure" };
  return { kind: "start", part: hash };
}

function go(hash) {
  if (location.hash.slice(1) === hash) return show(hash);
  try {
    location.hash = hash;
  } catch { // within a frame of a notebook that forbids it
  }
  if (address !== hash) show(hash); // at once, so that a key that is held down loses no step
}

function show(hash = address ?? "") {
  const moved = hash !== address;
  address = hash;
  view = read(hash);
  if (view.place !== undefined && reveal(view.place)) drawList();
  if (view.kind === "element") follow(view.place, view.element);
  const stop = stopOf(view);
  document.body.dataset.phase = view.kind === "start" ? "start" : view.back ? "backward" : "forward";
  detail.replaceChildren(...render(view).flat(4).filter((part) => part instanceof Node));
  drawGraph(stop);
  markCurrent(view.kind === "failure" ? "failure" : stop?.row);
  drawStepper(stop);
  if (!moved) return;
  if (view.part && byId(`part-${view.part}`)) byId(`part-${view.part}`).scrollIntoView();
  else {
    detail.scrollTop = 0;
    if (getComputedStyle(detail).overflowY === "visible") scrollTo(0, 0);
  }
  closeSteps();
}

function render(at) {
  if (at.kind === "step") return forwardView(at.place);
  if (at.kind === "back") return backwardView(at.visit);
  if (at.kind === "element") return elementView(at.place, at.element);
  if (at.kind === "fold") return foldView(at.fold, at.back);
  return at.kind === "failure" ? failureView() : startView();
}

/** The stop of what is shown; an open fold has the stop of its first row. */
function stopOf(at) {
  if (at.kind === "start") return null;
  if (at.kind === "failure") return stops.find((stop) => stop.hash === "failure");
  if (at.kind === "fold") return stops.find((stop) => stop.back === at.back && inFold(stop, at.fold)) || null;
  return stops.find((stop) => stop.hash === (at.kind === "back" ? `back-${at.visit}` : `step-${at.place}`)) || null;
}

// The stepper

function drawStepper(stop) {
  const at = stop ? stops.indexOf(stop) : -1;
  const backward = stops.length - stops.forward;
  const where = !stop ? "start" : stop.back ? `backward ${at - stops.forward + 1} of ${backward}` : `forward ${at + 1} of ${stops.forward}`;
  byId("slider").max = Math.max(0, stops.length - 1);
  byId("slider").value = Math.max(0, at);
  byId("slider").setAttribute("aria-valuetext", where);
  byId("halves").style.setProperty("--forward", stops.length ? stops.forward / stops.length : 1);
  byId("position").textContent = where;
  byId("first").disabled = byId("previous").disabled = at <= 0;
  byId("next").disabled = byId("last").disabled = at === stops.length - 1;
  const turned = turn();
  byId("turn").disabled = !turned;
  byId("turn").textContent = view.back ? "Forward" : "Backward";
  const row = rows[stop?.row];
  const name = view.kind === "element" ? `the path of ${elementText(view.place, view.element)}` : row ? row.fold?.title || label(row.place) : "";
  byId("announced").textContent = name ? `${where}: ${name}` : where === "start" ? "Overview" : where;
  if (at === stops.length - 1) pause();
}

function move(by) {
  const at = stops.indexOf(stopOf(view));
  const next = Math.max(0, Math.min(stops.length - 1, at + by));
  if (stops.length && (next !== at || view.kind === "element")) go(stops[next].hash);
}

/** The same step in the other direction, or null. */
function turn() {
  if (view.kind === "fold") return visits.length ? `fold-${view.fold.id}${view.back ? "" : "-back"}` : null;
  if (view.place === undefined) return null;
  if (view.back) return `step-${view.place}`;
  return visitOf[view.place] === undefined ? null : `back-${visitOf[view.place]}`;
}

function pause() {
  clearInterval(playing);
  playing = null;
  byId("play").textContent = "Play";
  byId("play").setAttribute("aria-label", "Play");
}

function play() {
  if (playing) return pause();
  playing = setInterval(() => move(1), 1400);
  byId("play").textContent = "Pause";
  byId("play").setAttribute("aria-label", "Pause");
  move(1);
}

function openOrClose() {
  if (view.kind === "fold") toggleFold(view.fold);
  else if (view.place !== undefined && parentOf[view.place]) toggleFold(parentOf[view.place], false);
}

function closeSteps() {
  document.body.classList.remove("steps");
  byId("steps").setAttribute("aria-expanded", "false");
}

byId("first").addEventListener("click", () => move(-Infinity));
byId("previous").addEventListener("click", () => move(-1));
byId("play").addEventListener("click", play);
byId("next").addEventListener("click", () => move(1));
byId("last").addEventListener("click", () => move(Infinity));
byId("turn").addEventListener("click", () => go(turn()));
byId("slider").addEventListener("input", (event) => go(stops[event.target.value].hash));
byId("steps").addEventListener("click", () => {
  byId("steps").setAttribute("aria-expanded", String(document.body.classList.toggle("steps")));
  show();
});

addEventListener("keydown", (event) => {
  const typing = event.target.closest?.("input:not([type=range]), textarea, select");
  if (typing || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  const act = { ArrowRight: () => move(1), ArrowLeft: () => move(-1), Home: () => move(-Infinity), End: () => move(Infinity), b: () => turn() && go(turn()), o: openOrClose, s: () => go("start"), p: play }[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (!act || (event.target.id === "slider" && event.key.length > 1)) return; // the slider moves by its own keys
  event.preventDefault();
  act();
});

// Links. A frame in a notebook has no address of its own, so the browser must not resolve them.
addEventListener("click", (event) => {
  const link = event.target.closest?.("a[href^='#']");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  if (link.getAttribute("href") === "#detail") return detail.focus();
  go(link.getAttribute("href").slice(1));
});
addEventListener("hashchange", () => location.hash.slice(1) !== address && show(location.hash.slice(1)));

// Light and dark

function isDark() {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

function drawTheme() {
  byId("theme").textContent = isDark() ? "Light" : "Dark";
  byId("theme").setAttribute("aria-label", `Switch to ${isDark() ? "light" : "dark"} colours`);
}

byId("theme").addEventListener("click", () => {
  document.documentElement.dataset.theme = isDark() ? "light" : "dark";
  drawTheme();
  show();
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { drawTheme(); show(); });

// Print: everything, one after the other

const PRINTED = 400; // steps at most

function layOut() {
  printing = true;
  const steps = [...places.keys()].slice(0, PRINTED).map((n) => el("article", null, forwardView(n)));
  const back = [...visits.keys()].slice(0, PRINTED).map((v) => el("article", null, backwardView(v)));
  const left = places.length > PRINTED ? muted(`Printed: the first ${PRINTED} of ${places.length} steps in each direction.`) : null;
  byId("print").replaceChildren(el("article", null, startView()), left || "", ...steps, failure ? el("article", null, failureView()) : "", ...back);
  printing = false;
}

addEventListener("beforeprint", layOut);
addEventListener("afterprint", () => byId("print").replaceChildren());

// Begin

const VIEWS = [["start", "Overview"], ["look", "What to look at"], ["memory", "Memory"], ["checks", "Checks"], ["help", "Help"]];
byId("views").append(...VIEWS.map(([hash, title]) => {
  const marks = hash === "look" ? allMarks().length : 0;
  return el("a", { href: `#${hash}` }, title, marks ? el("span", { class: "bubble" }, String(marks)) : null);
}));
refold();
drawList();
drawTheme();
show(location.hash.slice(1));
