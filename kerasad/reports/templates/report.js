"use strict";

const data = JSON.parse(document.getElementById("data").textContent);
const one = (selector, root = document) => root.querySelector(selector);
const all = (selector, root = document) => [...root.querySelectorAll(selector)];

const WORDS = { fn: "missed", fp: "false alarm", tp: "found", tn: "passed" };
const STEPS = 1000;
const state = { threshold: data.threshold, show: "", defect: "", order: "wrong" };
const cards = all("#cards > li").sort((a, b) => a.dataset.index - b.dataset.index);
const ranges = all("input[data-threshold]");
const indices = cards.map((_, index) => index);

// The axis of scores, as in plots.py.
const { centre, width, low, high } = data.axis;
const place = (score) => (Math.asinh((score - centre) / width) - low) / (high - low);
const scoreAt = (share) => centre + width * Math.sinh(low + share * (high - low));

// === From a threshold to counts and rates ===
function outcomeOf(index) {
  const flagged = data.scores[index] > state.threshold;
  return data.labels[index] ? (flagged ? "tp" : "fn") : flagged ? "fp" : "tn";
}

function countsOf(outcomes) {
  const counts = { tp: 0, tn: 0, fp: 0, fn: 0, all: outcomes.length };
  for (const outcome of outcomes) counts[outcome] += 1;
  return counts;
}

function ratesOf({ tp, tn, fp, fn, all }) {
  const ratio = (part, whole, reason) => (whole ? part / whole : `undefined: ${reason}`);
  const noDefect = "there is no defective image";
  return {
    recall: ratio(tp, tp + fn, noDefect),
    fpr: ratio(fp, fp + tn, "there is no good image"),
    precision: ratio(tp, tp + fp, "no image is flagged"),
    f1: tp + fn ? (2 * tp) / (2 * tp + fp + fn) : `undefined: ${noDefect}`,
    accuracy: ratio(tp + tn, all, "there is no image"),
  };
}

const rate = (value) => (typeof value === "number" ? value.toFixed(3) : value);
const short = (score, digits = 4) => String(Number(score.toPrecision(digits)));

// === Drawing ===
function showThreshold(outcomes, counts) {
  const here = place(state.threshold);
  const moved = state.threshold !== data.threshold;
  const words = `${short(state.threshold)}: ${counts.tp} found, ${counts.fn} missed, ` +
    `${counts.fp} false alarms, ${counts.tn} passed`;
  for (const range of ranges) {
    const value = Math.round(here * STEPS);
    if (Number(range.value) !== value) range.value = value;
    range.setAttribute("aria-valuetext", words);
  }
  one("#threshold-value").textContent = short(state.threshold);
  one("[data-threshold-value]").textContent = short(state.threshold);
  one("#reset").disabled = !moved;
  one("#moved").hidden = !moved;
  const above = data.calibration.filter((score) => score > state.threshold).length;
  one("#calibration-above").textContent = `${above} of ${data.calibration.length}`;

  const line = one(".cutline line");
  line.setAttribute("x1", `${here * 100}%`);
  line.setAttribute("x2", `${here * 100}%`);
  one("#below rect").setAttribute("width", Math.max(here, 0) * 1000);
  one("#above rect").setAttribute("x", here * 1000);
}

function showNumbers(outcomes, counts) {
  for (const place of all("[data-count]")) place.textContent = counts[place.dataset.count];
  const rates = ratesOf(counts);
  for (const place of all("[data-rate]")) place.textContent = rate(rates[place.dataset.rate]);
  for (const place of all("[data-found]")) {
    const own = indices.filter((i) => data.defects[i] === place.dataset.found);
    const found = own.filter((i) => outcomes[i] === "tp").length;
    place.textContent = found;
    place.nextElementSibling.textContent = rate(found / own.length);
  }
  showDot("ROC", rates.fpr, rates.recall);
  showDot("Precision-recall", rates.recall, rates.precision);
}

function showDot(name, x, y) {
  const dot = one(`circle[data-curve="${name}"]`);
  if (!dot) return;
  const defined = typeof x === "number" && typeof y === "number";
  dot.toggleAttribute("hidden", !defined);
  if (!defined) return;
  dot.setAttribute("cx", `${x * 100}%`);
  dot.setAttribute("cy", `${(1 - y) * 100}%`);
}

const byScore = (a, b) => data.scores[b] - data.scores[a];
const ORDERS = {
  wrong: (outcomes) => (a, b) =>
    (outcomes[a][0] !== "f") - (outcomes[b][0] !== "f") || byScore(a, b),
  down: () => byScore,
  up: () => (a, b) => byScore(b, a),
  name: () => (a, b) => a - b,
};

function showCards(outcomes) {
  const order = [...indices].sort(ORDERS[state.order](outcomes));
  const list = one("#cards");
  if (order.some((index, i) => list.children[i] !== cards[index])) {
    const focused = document.activeElement;
    list.replaceChildren(...order.map((index) => cards[index]));
    if (list.contains(focused)) focused.focus();
  }
  let shown = 0;
  cards.forEach((card, index) => {
    const outcome = outcomes[index];
    if (card.dataset.outcome !== outcome) {
      card.dataset.outcome = outcome;
      one(".outcome", card).textContent = WORDS[outcome];
    }
    card.hidden = Boolean(
      (state.show && state.show !== outcome) ||
      (state.defect && data.choices[state.defect] !== data.defects[index]),
    );
    shown += !card.hidden;
  });
  one("#shown").textContent = shown
    ? `Showing ${shown} of ${cards.length} images`
    : "No image matches the filter";
}

function draw() {
  const outcomes = indices.map(outcomeOf);
  const counts = countsOf(outcomes);
  showThreshold(outcomes, counts);
  showNumbers(outcomes, counts);
  showCards(outcomes);
  for (const button of all("button[data-show]")) {
    button.setAttribute("aria-pressed", String(button.dataset.show === state.show));
  }
}

// === What a person does ===
function set(change) {
  Object.assign(state, change);
  draw();
}

for (const range of ranges) {
  range.addEventListener("input", () => set({ threshold: scoreAt(range.value / STEPS) }));
}
one("#reset").addEventListener("click", () => {
  set({ threshold: data.threshold });
  one("#threshold-range").focus();
});
one("#defect").addEventListener("change", (event) => set({ defect: event.target.value }));
one("#order").addEventListener("change", (event) => set({ order: event.target.value }));
for (const name of ["heat", "outline"]) {
  one(`#show-${name}`).addEventListener("change", (event) => {
    one("#cards").classList.toggle(`${name}-on`, event.target.checked);
  });
}
for (const button of all("button[data-show]")) {
  button.addEventListener("click", () => {
    const again = button.dataset.show === state.show;
    set({ show: again ? "" : button.dataset.show });
    if (button.closest(".matrix") && state.show) one("#gallery").scrollIntoView();
  });
}

const histogram = one(".histogram");
function drag(event) {
  const box = histogram.getBoundingClientRect();
  const share = (event.clientX - box.left) / box.width;
  set({ threshold: scoreAt(Math.min(Math.max(share, 0), 1)) });
}
histogram.addEventListener("pointerdown", (event) => {
  if (event.button !== 0) return;
  histogram.setPointerCapture(event.pointerId);
  drag(event);
});
histogram.addEventListener("pointermove", (event) => {
  if (histogram.hasPointerCapture(event.pointerId)) drag(event);
});

// === One image, large ===
const viewer = one("#viewer");
let viewed = null;

function view(card) {
  viewed = card;
  const index = card.dataset.index;
  const score = data.scores[index];
  const flagged = score > state.threshold;
  const same = short(score) === short(state.threshold);
  const digits = same ? 12 : 4; // the difference is beyond four digits
  viewer.dataset.outcome = card.dataset.outcome;
  one("#viewer-name").textContent = one(".name", card).textContent;
  one("#viewer-outcome").textContent = WORDS[card.dataset.outcome];
  one("#viewer-score").textContent =
    `score ${short(score, digits)} ${flagged ? ">" : "\u2264"} threshold ` +
    `${short(state.threshold, digits)}; ` +
    `p-value ${short(data.pValues[index], 3)}, the share of good images that score so high`;
  const layers = [...one(".picture", card).children].map((layer) => layer.cloneNode(true));
  one("#viewer-input").replaceChildren(layers[0].cloneNode(true));
  one("#viewer-heat").replaceChildren(...layers);
  const source = one("button", card).dataset.reconstruction;
  const reconstruction = layers[0].cloneNode(true);
  if (source) reconstruction.src = source;
  one("#viewer-reconstruction").replaceChildren(reconstruction);
  one("#viewer-reconstruction").parentElement.hidden = !source;
  if (!viewer.open) viewer.showModal();
}

function step(by) {
  const shown = all("#cards > li:not([hidden])");
  const next = shown[shown.indexOf(viewed) + by];
  if (next) view(next);
}

for (const card of cards) one("button", card).addEventListener("click", () => view(card));
one("#viewer-before").addEventListener("click", () => step(-1));
one("#viewer-after").addEventListener("click", () => step(1));
one("#viewer-close").addEventListener("click", () => viewer.close());
viewer.addEventListener("keydown", (event) => {
  if (event.key === "ArrowLeft") step(-1);
  if (event.key === "ArrowRight") step(1);
});
viewer.addEventListener("click", (event) => {
  if (event.target === viewer) viewer.close();
});
viewer.addEventListener("close", () => one("button", viewed).focus());

document.documentElement.classList.add("js");
draw();
