"use strict";

// The page draws only what is near the window, so histories of many thousand
// operations remain fast. It inserts all text as text, never as markup.

const GAP = 20; // the least distance of two times, and of two points of a line
const INSET = 7; // the distance of a point from the edges of its box
const EPSILON = 16; // how far to move an end that equals a start, in ticks
const ROW = 36;
const BOX = 24;
const TOP = 14;
const PADDING = 23; // left and right of a box's text, with room for a point
const WIDEST = 300; // the greatest width of a box because of its text

const byId = (id) => document.getElementById(id);
const [scroller, sheet, names, boxes, strokes, tooltip] =
  ["scroller", "sheet", "names", "boxes", "strokes", "tooltip"].map(byId);

// ---- The model: boxes in lanes, and lines through them.

/** A box: an operation of a partition, or an annotation. */
function element(source, partition, index) {
  return {
    source, partition, index,
    start: source.Start, end: source.End,
    left: 0, right: 0, top: 0, reach: 0,
  };
}

const operations = data.Partitions.map((partition, p) =>
  partition.History.map((source, i) => element(source, p, i)));
const notes = data.Annotations.map((source) => element(source, -1, -1));
const elements = operations.flat().concat(notes);

/** Moves ends: intervals are closed, so one that ends when another starts overlaps it. */
function stretch() {
  const starts = new Set(elements.map((one) => one.start));
  for (const one of elements) {
    if (starts.has(one.end)) one.end += EPSILON;
  }
}

/** Returns the lanes: clients by number, then tags by name. */
function lanes() {
  const byName = new Map();
  for (const one of elements) {
    const tag = one.source.Tag;
    const name = tag ? "tag " + tag : "client " + one.source.ClientId;
    if (!byName.has(name)) byName.set(name, { tag, client: one.source.ClientId, members: [] });
    byName.get(name).members.push(one);
  }
  const order = (a, b) => a.tag || b.tag
    ? (a.tag ? 1 : 0) - (b.tag ? 1 : 0) || (a.tag < b.tag ? -1 : 1)
    : a.client - b.client;
  return [...byName.values()].sort(order);
}

/** Spreads a lane over rows, so that the members of a row do not overlap. */
function rowsOf(lane) {
  const rows = [];
  for (const one of lane.members.sort((a, b) => a.start - b.start)) {
    let row = rows.find((row) => row.at(-1).end < one.start);
    if (!row) rows.push(row = []);
    row.push(one);
  }
  return rows;
}

/** Returns the line of a partial linearization, with the errors at its end. */
function lineOf(partition, steps, search) {
  const included = new Set(steps.map((step) => step.Index));
  const left = (one) => !included.has(one.index);
  const soonest = search.byEnd.find(left);
  const errors = [];
  for (const one of search.byStart) {
    if (!soonest || one.start >= soonest.end) break;
    if (left(one)) errors.push({ of: one, x: 0 });
  }
  const points = steps.map((step) => ({ of: operations[partition][step.Index], x: 0 }));
  return { partition, steps, points, errors };
}

/** Returns the lines of each partition, longest first, and which line tries which operation. */
function lines() {
  return data.Partitions.map((partition, p) => {
    const search = {
      byStart: [...operations[p]].sort((a, b) => a.start - b.start),
      byEnd: [...operations[p]].sort((a, b) => a.end - b.end),
    };
    const all = partition.PartialLinearizations.map((steps) => lineOf(p, steps, search));
    // An empty line has errors too: operations that no other can precede.
    if (!all.length && operations[p].length) all.push(lineOf(p, [], search));
    const tried = new Map();
    all.forEach((line, at) => line.errors.forEach(({ of }) => {
      if (!tried.has(of.index)) tried.set(of.index, at);
    }));
    return { all, tried };
  });
}

// ---- The layout: stretches time until texts and points have room.

const ruler = document.createElement("canvas").getContext("2d");

function widthOf(one) {
  ruler.font = one.source.Annotation ? "12px system-ui, sans-serif"
    : '12px ui-monospace, "DejaVu Sans Mono", Menlo, monospace';
  return Math.min(ruler.measureText(one.source.Description).width + PADDING, WIDEST);
}

/** Returns what to place at each time, in order: starts, ends, and points of lines. */
function schedule(searched) {
  const times = new Map();
  const at = (time) => {
    if (!times.has(time)) times.set(time, { starts: [], ends: [], points: [] });
    return times.get(time);
  };
  for (const one of elements) {
    at(one.start).starts.push(one);
    at(one.end).ends.push(one);
  }
  for (const line of searched.flatMap(({ all }) => all)) {
    let time = -1;
    for (const point of line.points) {
      time = Math.max(time, point.of.start);
      at(time).points.push({ line, point, error: false });
    }
    for (const point of line.errors) {
      at(Math.max(time, point.of.start)).points.push({ line, point, error: true });
    }
  }
  return [...times].sort(([a], [b]) => a - b).map(([, entries]) => entries);
}

/** Places everything from left to right, and returns the total width. */
function place(searched) {
  let x = margin - GAP;
  for (const { starts, ends, points } of schedule(searched)) {
    x += GAP;
    for (const one of ends) x = Math.max(x, one.left + widthOf(one), one.reach + INSET);
    for (const one of ends) one.right = x;
    for (const one of starts) one.left = x;
    for (const { line, point, error } of points) {
      // All errors of a line come after its last point.
      point.x = Math.max(x + INSET, (line.last ?? -GAP) + GAP);
      if (!error) line.last = point.x;
      point.of.reach = Math.max(point.of.reach, point.x);
    }
  }
  return x;
}

// ---- Drawing: the part in the window, and the selection.

stretch();
const searched = lines();
const rows = [];
let hovered = null;
let pinned = null;
/** The left edge of the time axis, right of the names. */
let margin = 0;
/** The part of the sheet that is drawn. */
let drawn = { left: 0, right: -1 };

function make(tag, className, text) {
  const node = document.createElement(tag);
  node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

/** Adds names and separators of the lanes, and places each row. */
function layOutLanes() {
  let top = TOP;
  let tagged = false;
  for (const lane of lanes()) {
    if (rows.length) {
      const rule = make("div", lane.tag && !tagged ? "rule strong" : "rule");
      rule.style.top = top - (ROW - BOX) / 2 + "px";
      sheet.append(rule);
    }
    tagged = Boolean(lane.tag);
    const name = make("div", "name", lane.tag || "client " + lane.client);
    name.style.top = top + "px";
    names.append(name);
    for (const row of rowsOf(lane)) {
      for (const one of row) one.top = top;
      rows.push(row);
      top += ROW;
    }
  }
  margin = Math.max(0, ...[...names.children].map((name) => name.offsetWidth)) + 16;
  sheet.style.width = place(searched) + 60 + "px";
  sheet.style.height = top + "px";
}

/** Returns the line of an operation: one through it, or one that ends before it. */
function lineFor(one) {
  const { all, tried } = searched[one.partition];
  const at = data.Partitions[one.partition].Largest[one.index] ?? tried.get(one.index);
  return all[at ?? 0];
}

function selected() {
  const one = pinned ?? hovered;
  return one && one.partition >= 0 ? one : null;
}

/** Returns the lines to show, one for each partition. */
function shownLines() {
  const one = selected();
  return searched.map(({ all }, p) => one?.partition === p ? lineFor(one) : all[0]).filter(Boolean);
}

/** Returns the index of the first member of a row that ends right of `x`. */
function firstBehind(row, x) {
  let [low, high] = [0, row.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (row[middle].right < x) low = middle + 1; else high = middle;
  }
  return low;
}

function drawBoxes() {
  const fragment = document.createDocumentFragment();
  for (const row of rows) {
    for (let i = firstBehind(row, drawn.left); i < row.length && row[i].left < drawn.right; i++) {
      fragment.append(boxOf(row[i]));
    }
  }
  boxes.replaceChildren(fragment);
}

function boxOf(one) {
  const box = make("div", "box");
  const label = make("span", "label", one.source.Description);
  label.style.left = margin + "px";
  box.append(label);
  Object.assign(box.style, {
    left: one.left + "px", width: one.right - one.left + "px", top: one.top + "px",
  });
  if (one.source.Annotation) {
    box.classList.add("note");
    box.style.color = one.source.TextColor;
    box.style.background = one.source.BackgroundColor;
  }
  box.element = one;
  return box;
}

function drawStrokes() {
  const one = selected();
  Object.assign(strokes.style, { left: drawn.left + "px" });
  strokes.setAttribute("width", Math.max(0, Math.min(drawn.right, sheet.offsetWidth) - drawn.left));
  strokes.setAttribute("height", sheet.offsetHeight);
  strokes.replaceChildren(...shownLines().map((line) => {
    const group = svg("g", one && one.partition !== line.partition ? "faded" : "");
    drawLine(group, line);
    return group;
  }));
}

function drawLine(group, { points, errors }) {
  const near = ({ x }) => x > drawn.left - 4000 && x < drawn.right + 4000;
  const middle = ({ of, x }) => `${x - drawn.left} ${of.top + BOX / 2}`;
  const bar = ({ of, x }) => `M${x - drawn.left} ${of.top - 4}v${BOX + 8}`;
  // A line's points go from left to right, so the near ones are adjacent.
  const first = points.findIndex(near);
  const last = points.findLastIndex(near);
  if (first >= 0) {
    const some = points.slice(Math.max(0, first - 1), last + 2);
    group.append(svg("path", "join", "M" + some.map(middle).join("L")));
    group.append(svg("path", "stroke", some.map(bar).join("")));
  }
  const end = points.at(-1);
  for (const error of errors.filter(near)) {
    if (end) group.append(svg("path", "join error", `M${middle(end)}L${middle(error)}`));
    group.append(svg("path", "stroke error", bar(error)));
  }
}

function svg(tag, className, path) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  if (className) node.setAttribute("class", className);
  if (path) node.setAttribute("d", path);
  return node;
}

/** Marks the boxes according to the selection. */
function paint() {
  const one = selected();
  const tried = new Set(shownLines().flatMap((line) => line.errors.map(({ of }) => of)));
  for (const box of boxes.children) {
    const of = box.element;
    box.classList.toggle("tried", tried.has(of));
    box.classList.toggle("chosen", of === pinned);
    box.classList.toggle("faded", Boolean(one) && of.partition >= 0 && of.partition !== one.partition);
  }
  drawStrokes();
}

/** Redraws when the window gets near the edge of what is drawn. */
function refresh(force) {
  const left = scroller.scrollLeft;
  const width = scroller.clientWidth;
  if (force || left < drawn.left + width / 4 && drawn.left > 0 || left + width * 1.25 > drawn.right) {
    drawn = { left: Math.max(0, left - width), right: left + 2 * width };
    drawBoxes();
    paint();
  }
}

// ---- The tooltip.

const grouped = (digits) => digits.replace(/\B(?=(\d{3})+$)/g, ",");

/** Returns the rows of a tooltip: name, text, class. */
function tooltipRows(one) {
  const { source } = one;
  const rows = [["from", grouped(source.OriginalStart)], ["to", grouped(source.OriginalEnd)]];
  if (source.Annotation) return source.Details ? [...rows, ["details", source.Details]] : rows;
  rows.unshift(["client", String(source.ClientId)]);
  const { steps, errors } = lineFor(one);
  const at = steps.findIndex((step) => step.Index === one.index);
  const states = [data.Partitions[one.partition].InitialState, ...steps.map((step) => step.StateDescription)];
  if (at >= 0) {
    rows.push(["state before", states[at], "code"], ["state after", states[at + 1], "code"]);
  } else if (errors.some(({ of }) => of === one)) {
    rows.push(["state before", states.at(-1), "code"], ["state after", "not allowed in this state", "wrong"]);
  } else {
    rows.push(["state", "no order was found that reaches this operation", "wrong"]);
  }
  return rows;
}

function showTooltip(one, event) {
  tooltip.hidden = !one;
  if (!one) return;
  const list = make("dl", "");
  for (const [name, text, className] of tooltipRows(one)) {
    list.append(make("dt", "", name), make("dd", className ?? "", text));
  }
  tooltip.replaceChildren(make("div", "code", one.source.Description), list);
  const { offsetWidth: width, offsetHeight: height } = tooltip;
  const below = event.clientY + 22 + height < innerHeight;
  tooltip.style.left = Math.max(4, Math.min(event.clientX + 14, innerWidth - width - 8)) + "px";
  tooltip.style.top = Math.max(4, below ? event.clientY + 22 : event.clientY - height - 12) + "px";
}

function hover(event) {
  const one = event.target.closest?.(".box")?.element ?? null;
  showTooltip(one, event);
  if (one === hovered) return;
  hovered = one;
  if (!pinned) paint();
}

function pin(one) {
  pinned = one === pinned ? null : one;
  paint();
}

// ---- The head of the page.

function summarize() {
  const clients = new Set(operations.flat().map((one) => one.source.ClientId)).size;
  const verdict = { Ok: "linearizable", Illegal: "not linearizable", Unknown: "not decided" };
  const count = (number, what) => `${grouped(String(number))} ${what}${number === 1 ? "" : "s"}`;
  const facts = [count(operations.flat().length, "operation"), count(clients, "client"),
    count(operations.length, "partition"), ...data.LeftOut];
  const badge = make("b", data.Verdict, verdict[data.Verdict]);
  byId("summary").append(badge, " " + facts.join(" · "));
}

/**
 * Returns the leftmost error shown. If a search was stopped, its line ends
 * anywhere, so errors of refuted partitions are preferred.
 */
function firstError() {
  const refuted = ({ partition }) => data.Partitions[partition].Verdict === "Illegal";
  const lines = shownLines();
  const some = lines.some(refuted) ? lines.filter(refuted) : lines;
  const errors = some.flatMap((line) => line.errors);
  return errors.reduce((first, one) => first && first.x <= one.x ? first : one, null);
}

function jump() {
  const error = firstError();
  scroller.scrollTo({
    left: error.x - scroller.clientWidth / 2,
    top: error.of.top - scroller.clientHeight / 2,
  });
}

layOutLanes();
summarize();
for (const [id, go] of [["jump", jump], ["back", () => scroller.scrollTo(0, 0)]]) {
  byId(id).hidden = !firstError();
  byId(id).addEventListener("click", (event) => { event.preventDefault(); go(); });
}
scroller.addEventListener("scroll", () => refresh(false));
scroller.addEventListener("mousemove", hover);
scroller.addEventListener("mouseleave", hover);
scroller.addEventListener("click", (event) => pin(event.target.closest(".box")?.element ?? null));
addEventListener("keydown", (event) => { if (event.key === "Escape") pin(null); });
addEventListener("resize", () => refresh(true));
// The first error may be far from the start.
if (data.Verdict === "Illegal" && firstError()) jump();
refresh(true);
