"use strict";
// Asks for /status again and again and shows it; text is set as text only.
const EVERY = 1000; // milliseconds
const BINS = 30;
const SVG = "http://www.w3.org/2000/svg";
const sections = new Map();

const find = (root, selector) => root.querySelector(selector);
const number = (value) => Number(value).toPrecision(4);
const percent = (share) => `${(100 * share).toFixed(1)} %`;

function clone(name) {
  return document.getElementById(name).content.firstElementChild
    .cloneNode(true);
}

function draw(svg, kind, attributes) {
  const shape = document.createElementNS(SVG, kind);
  for (const [key, value] of Object.entries(attributes)) {
    shape.setAttribute(key, value);
  }
  svg.append(shape);
}

// On the scale of asinh, for scores of defects lie far outside.
function drawScores(svg, was, now, threshold) {
  svg.replaceChildren();
  const bend = (value) => Math.asinh(value / Math.abs(threshold || 1));
  const all = [...was, ...now, threshold].map(bend);
  const low = Math.min(...all);
  const unit = (Math.max(...all) - low || 1) * 1.0001;
  const place = (value) => (bend(value) - low) / unit;
  const shares = (values) => {
    const bins = new Array(BINS).fill(0);
    for (const value of values) bins[Math.floor(place(value) * BINS)] += 1;
    return bins.map((count) => count / Math.max(1, values.length));
  };
  const [before, after] = [shares(was), shares(now)];
  const top = Math.max(...before, ...after, 1e-9);
  const width = 300 / BINS;
  before.forEach((share, i) => {
    const height = 76 * share / top;
    draw(svg, "rect", {
      class: "was", x: i * width, y: 80 - height, width, height,
    });
  });
  const line = after.map((share, i) =>
    `${i * width} ${80 - 76 * share / top} H${(i + 1) * width}`);
  if (now.length) draw(svg, "path", { class: "now", d: `M${line.join(" L")}` });
  const x = 300 * place(threshold);
  draw(svg, "line", { class: "limit", x1: x, x2: x, y1: 0, y2: 80 });
}

// The share flagged so far, along the window, beside what is promised.
function drawRate(svg, now, threshold, promised) {
  svg.replaceChildren();
  const rates = [];
  let flagged = 0;
  now.forEach((score, i) => {
    flagged += score > threshold;
    rates.push(flagged / (i + 1));
  });
  const top = Math.max(0.2, ...rates, promised ?? 0);
  const points = rates.map((rate, i) =>
    `${300 * (i + 1) / rates.length} ${80 - 76 * rate / top}`);
  if (points.length) {
    draw(svg, "path", { class: "now", d: `M${points.join(" L")}` });
  }
  if (promised !== null) {
    const y = 80 - 76 * promised / top;
    draw(svg, "line", { class: "limit", x1: 0, x2: 300, y1: y, y2: y });
  }
}

function chance(value) {
  if (value === null) return "too few images to say more";
  return `chance of that, or more, without a change: ${
    value < 1e-4 ? "under 0.01 %" : percent(value)}`;
}

function showCards(list, detector) {
  const kept = new Map([...list.children].map((li) => [li.dataset.id, li]));
  const cards = detector.recent.map((image) => {
    const old = kept.get(String(image.id));
    if (old) return old;
    const card = clone("card");
    const place = `/pictures/${detector.name}/${image.id}`;
    const words = image.is_anomalous ? "anomalous"
      : image.is_anomalous === null ? "not judged" : "normal";
    card.dataset.id = image.id;
    card.className = words.replace(" ", "-");
    find(card, "a").href = `${place}/overlay`;
    find(card, ".plain").src = `${place}/plain`;
    find(card, ".overlay").src = `${place}/overlay`;
    find(card, ".overlay").alt = `image ${image.id}, ${words}`;
    find(card, "strong").textContent = words;
    find(card, ".score").textContent = number(image.anomaly_score);
    const conditions = find(card, ".conditions");
    conditions.hidden = image.conditions === null;
    conditions.textContent = image.conditions ?? "";
    const time = find(card, "time");
    const date = new Date(1000 * image.time);
    time.dateTime = date.toISOString();
    time.textContent = date.toLocaleTimeString();
    return card;
  });
  list.replaceChildren(...cards);
}

function show(detector) {
  let section = sections.get(detector.name);
  if (!section) {
    section = clone("detector");
    section.dataset.name = detector.name;
    find(section, "h2").textContent = detector.name;
    find(section, "code").textContent = "curl --data-binary @photo.png " +
      `${location.origin}/predict/${detector.name}`;
    sections.set(detector.name, section);
    document.getElementById("detectors").append(section);
  }
  const drift = detector.drift;
  find(section, ".facts").textContent =
    `version ${detector.version} since ` +
    `${new Date(1000 * detector.since).toLocaleString()}; ` +
    `${drift.images} images, ${drift.flagged} flagged; ` +
    `threshold ${number(detector.threshold)}` +
    (detector.promise ? `: ${detector.promise}` : "");
  const failure = find(section, ".failure");
  failure.hidden = detector.failure === null;
  failure.textContent = detector.failure === null ? ""
    : `The new file is not served: ${detector.failure}`;
  const verdict = find(section, ".verdict");
  verdict.classList.toggle("alarm", drift.alarm);
  const judged = drift.chance_of_flags !== null ||
    drift.chance_of_scores !== null;
  verdict.textContent = drift.alarm
    ? "The last images are not like those calibrated on: look at parts, " +
      "light and camera, or calibrate anew"
    : judged ? "The last images are like those calibrated on" : "";
  const beyond = find(section, ".beyond");
  beyond.hidden = drift.not_judged_in_window === 0;
  beyond.textContent = `${drift.not_judged_in_window} of the last ` +
    `${drift.window} not judged: taken as no image of the training was; ` +
    "look at part, mount, light and lens";
  drawScores(find(section, ".scores"), detector.calibration ?? [],
    drift.scores, detector.threshold);
  find(section, ".scores-words").textContent =
    `Scores of the last ${drift.window} (line) beside the calibration's ` +
    `(grey); ${chance(drift.chance_of_scores)}`;
  drawRate(find(section, ".rate"), drift.scores, detector.threshold,
    drift.promised);
  find(section, ".rate-words").textContent =
    `${drift.flagged_in_window} of the last ${drift.window} flagged` +
    (drift.promised === null ? "; no rate is promised"
      : `; at most ${percent(drift.promised)} of good ones are promised; ` +
        chance(drift.chance_of_flags));
  showCards(find(section, ".recent"), detector);
  find(section, ".empty").hidden = detector.recent.length > 0;
}

async function refresh() {
  const state = document.getElementById("state");
  try {
    const answer = await fetch("/status");
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    const status = await answer.json();
    status.detectors.forEach(show);
    state.textContent = `${status.version}, ${status.open} open requests, ` +
      new Date(1000 * status.time).toLocaleTimeString() +
      (status.lost_log_lines
        ? `; ${status.lost_log_lines} lines of the log could not be written`
        : "");
    state.classList.toggle("lost", status.lost_log_lines > 0);
  } catch (error) {
    state.textContent = `no answer from the server (${error.message})`;
    state.classList.add("lost");
  }
  setTimeout(refresh, EVERY);
}

refresh();
