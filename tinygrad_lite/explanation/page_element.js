// One element and its path: ∂L/∂w[0, 1] is a sum over the elements that it goes into, each a local derivative times the gradient
// there. From here one goes on to each of them, up to the loss, and down to the leaves.

const STEPS = 40; // of the largest path to the loss
let followed = []; // the elements on the way here: [place, element]

/** Note the way: an element that the last one has a link to goes on with it; any other begins a new one. */
function follow(n, flat) {
  const at = followed.findIndex(([m, other]) => m === n && other === flat);
  if (at >= 0) followed.length = at + 1;
  else {
    const last = followed.at(-1);
    const linked = last && ((pathOf(...last)?.terms || []).some(([m, other]) => m === n && other === flat) || partOf(...last).some(([m, other]) => m === n && other === flat));
    followed = linked ? [...followed, [n, flat]] : [[n, flat]];
  }
}

function elementView(n, flat) {
  const place = places[n];
  const name = elementText(n, flat);
  const total = gradientAt(n, flat);
  const value = numberAt(array(place.value), flat);
  const path = pathOf(n, flat);
  return [
    el("header", { class: "head element" }, el("p", { class: "over" }, "One number", el("span", { class: "count" }, `step ${n}, element ${flat}`)),
      el("h1", { class: "equation" }, fraction(name), el("span", { class: "equals" }, " = "), el("output", { class: "total" }, total === undefined ? "not shown" : String(total))),
      el("p", { class: "facts" }, "the value ", el("b", null, name), " is ", el("b", { class: "number" }, value === undefined ? "not shown (thinned)" : String(value)), ", a part of ", placeLink(n), " ", el("span", { class: "shape" }, shapeText(place.shape)))),
    followed.length > 1 ? el("nav", { class: "followed", "aria-label": "The path followed" }, followed.map(([m, other], i) => [i ? " ▸ " : "", i === followed.length - 1 ? el("b", null, elementText(m, other)) : elementLink(m, other)])) : null,
    marksAt(n, flat).map((mark) => markView(n, { ...mark, elements: [], count: 0 })),
    checkView(n, flat),
    termsView(n, flat, path),
    largestPath(n, flat),
    downView(n, flat),
    section("Value", "the element is outlined", arrayView(array(place.value), label(n), n, "value", flat)),
    place.gradient === null || place.gradient === undefined ? null : section(["Gradient ", partial(n)], null, arrayView(array(place.gradient), `∂L/∂${label(n)}`, n, "gradient", flat)),
    el("p", { class: "turn" }, el("a", { class: "button", href: `#step-${n}` }, `${label(n)} forward`), " ", visitOf[n] === undefined ? null : el("a", { class: "button", href: `#back-${visitOf[n]}` }, `${label(n)} backward`)),
  ];
}

/** ∂L/∂w[0, 1] on one line. */
function fraction(name) {
  return el("span", { class: "mathematics" }, "∂", el("var", null, "L"), "/∂", el("span", { class: "word" }, name));
}

function checkView(n, flat) {
  const check = checkOf(n, flat);
  if (!check) return el("p", { class: "check" }, el("b", null, "By difference: "), el("span", { class: "muted" }, "not computed for this element."));
  const known = check.difference !== null && check.difference !== undefined;
  return el("p", { class: "check" }, el("b", null, "By difference: "), known ? el("span", { class: "number" }, String(check.difference)) : el("span", { class: "muted" }, "none. "), " ", agreement(check));
}

function termsView(n, flat, path) {
  if (n === data.loss) return section("Its terms", null, muted("This is the loss itself: ∂L/∂L is 1."));
  if (!path) {
    const why = places[n].gradient === null || places[n].gradient === undefined ? "No gradient arrives here." : "The terms of this element are not in the page: they are computed for some elements only (max_elements= sets how many).";
    return section("Its terms", null, muted(why));
  }
  const all = path.count ?? path.terms.length;
  if (!path.terms.length) return section("Its terms", null, muted("The sum is empty: no step passes a gradient on to this element, so it is exactly 0."));
  const most = Math.max(...path.terms.map((term) => Math.abs(term[4])).filter(Number.isFinite), 0);
  const terms = path.terms.map(([there, at, local, g, product]) => {
    const bar = el("span", { class: `share ${product < 0 ? "negative" : ""}` });
    bar.style.setProperty("--share", most && Number.isFinite(product) ? Math.abs(product) / most : 0);
    return [el("span", null, elementLink(there, at), el("small", null, places[there].op || "")), number(local), number(g), el("span", null, number(product), bar)];
  });
  const rest = all - path.terms.length;
  return section([fraction(elementText(n, flat)), ` = Σ over ${count(all, "term")}`], all > 1 ? "the largest first" : null,
    table([["goes into"], ["local derivative", "right"], ["· gradient there", "right"], ["= product", "right product"]], terms, 40, { class: "rows terms" }),
    rest > 0 ? muted(`and ${count(rest, "smaller term")}, together ${short(path.rest ?? 0)}.`) : null);
}

/** From term to largest term, up to the loss: the local derivatives on this way. */
function largestPath(n, flat) {
  const way = [];
  let [m, at] = [n, flat];
  for (let path = pathOf(m, at); path?.terms.length && way.length < STEPS; path = pathOf(m, at)) {
    way.push(path.terms[0]);
    [m, at] = path.terms[0];
  }
  if (way.length < 2) return null;
  const ends = m === data.loss;
  return section("The largest path to the loss", "the product of its local derivatives is its part of the gradient", el("ol", { class: "way" }, el("li", null, elementLink(n, flat)),
    way.map(([there, other, local]) => el("li", null, el("span", { class: "times" }, "× ", number(local)), elementLink(there, other), el("small", null, places[there].op || ""))),
    ends ? null : el("li", { class: "muted" }, pathOf(m, at) ? "…" : "its terms are not in the page")));
}

/** The elements whose gradients have this one as a term: downwards, to the leaves. */
function downView(n, flat) {
  if (isLeaf(places[n])) return section("Goes on to", null, muted("Nothing: this is a leaf, and here the path ends. ", elementText(n, flat), " is what you can change."));
  const parts = partOf(n, flat);
  if (!parts.length) return section("Goes on to", null, muted("No element in the page has this one as a term."));
  return section("Goes on to", "the gradients that have this one as a term", table([["element"], ["local derivative", "right"], ["· gradient here", "right"], ["= its term", "right"]],
    parts.map(([m, other, local, g, product]) => [el("span", null, elementLink(m, other), el("small", null, places[m].op || "leaf")), number(local), number(g), number(product)]), 12));
}
