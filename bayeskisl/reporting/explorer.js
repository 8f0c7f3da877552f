// Sliders that ask, and a picture of the answer. The model is anywidget's in a notebook: it gives `dials`, takes
// `places`, and returns `answer`. Nothing is computed here and nothing is loaded.

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 760, HEIGHT = 250, LEFT = 58, RIGHT = 12, TOP = 10, BOTTOM = 40;

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

function shape(name, attributes = {}, text) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

export function short(value) {
  for (const [unit, name] of [[1e12, "T"], [1e9, "B"], [1e6, "M"], [1e3, "k"]]) {
    if (Math.abs(value) >= unit * 0.9995) return Number((value / unit).toPrecision(3)) + name;
  }
  return String(Number(value.toPrecision(3)));
}

const percent = (share) => Number((100 * share).toPrecision(3)) + " %";

function ticks(low, high, log) {
  if (log) {
    const decades = Math.log10(high / low);
    const steps = decades < 1.2 ? [1, 2, 3, 5, 7] : decades < 2.5 ? [1, 2, 5] : [1];
    const found = [];
    for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power++) {
      for (const step of steps) {
        const value = step * 10 ** power;
        if (value >= low && value <= high) found.push(value);
      }
    }
    return found;
  }
  const rough = (high - low) / 5, power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((each) => each * power).find((each) => each >= rough);
  const found = [];
  for (let value = Math.ceil(low / step) * step; value <= high + step * 1e-9; value += step) found.push(value);
  return found;
}

// From values to the picture, and back.
function scale([low, high], [from, to], log) {
  const line = log ? Math.log : (value) => value;
  const slope = (to - from) / (line(high) - line(low));
  const forth = (value) => from + (Math.min(Math.max(line(value), line(low)), line(high)) - line(low)) * slope;
  forth.back = (place) => {
    const at = line(low) + (place - from) / slope;
    return log ? Math.exp(at) : at;
  };
  return forth;
}

function path(x, y, across, up) {
  return x.map((value, i) => `${i ? "L" : "M"}${across(value).toFixed(1)},${up(y[i]).toFixed(1)}`).join("");
}

// Value of a line at a place between its points.
function valueAt(x, y, place) {
  const after = x.findIndex((value) => value >= place);
  if (after <= 0) return after === 0 ? y[0] : y[y.length - 1];
  const share = (place - x[after - 1]) / (x[after] - x[after - 1]);
  return y[after - 1] + share * (y[after] - y[after - 1]);
}

function swatch(className) {
  const made = shape("svg", { width: 26, height: 10, "aria-hidden": "true" });
  if (className.includes("band")) made.append(shape("rect", { width: 26, height: 10, class: className }));
  else made.append(shape("path", { d: "M0,5H26", class: className }));
  return made;
}

// One panel: a figure with a title, a legend and a picture.
function drawPanel(panel, picture, number) {
  const across = scale(picture.reach, [LEFT, WIDTH - RIGHT], picture.log);
  const up = scale(panel.range, [HEIGHT - BOTTOM, TOP]);
  const say = panel.share ? percent : short;
  const svg = shape("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img" });
  svg.append(shape("title", {}, described(panel, picture, say)));
  for (const value of ticks(...panel.range, false)) {
    svg.append(shape("path", { d: `M${LEFT},${up(value)}H${WIDTH - RIGHT}`, class: "grid" }));
    svg.append(shape("text", { x: LEFT - 6, y: up(value) + 4, "text-anchor": "end" }, say(value)));
  }
  for (const value of ticks(...picture.reach, picture.log)) {
    svg.append(shape("path", { d: `M${across(value)},${TOP}V${HEIGHT - BOTTOM}`, class: "grid" }));
    svg.append(shape("text", { x: across(value), y: HEIGHT - BOTTOM + 16, "text-anchor": "middle" }, short(value)));
  }
  if (picture.near) {
    const [low, high] = picture.near.map(across);
    svg.append(shape("rect", { x: low, y: TOP, width: Math.max(high - low, 0), height: HEIGHT - BOTTOM - TOP, class: "near" }));
  }
  panel.bands.forEach((band, i) => {
    const there = path(picture.x, band.high, across, up);
    const back = path([...picture.x].reverse(), [...band.low].reverse(), across, up).replace("M", "L");
    svg.append(shape("path", { d: `${there}${back}Z`, class: `band band-${i}` }));
  });
  panel.lines.forEach((line, i) => {
    svg.append(shape("path", { d: path(picture.x, line.y, across, up), class: `line line-${number}-${i}` }));
  });
  if (panel.level) svg.append(shape("path", { d: `M${LEFT},${up(panel.level)}H${WIDTH - RIGHT}`, class: "level" }));
  if (panel.mark) {
    const height = valueAt(picture.x, panel.lines[panel.lines.length - 1].y, panel.mark.x);
    svg.append(shape("rect", { x: across(panel.mark.x) - 4, y: up(height) - 4, width: 8, height: 8, class: "mark" }));
  }
  if (picture.choice !== null) {
    const choice = across(picture.choice);
    svg.append(shape("path", { d: `M${choice},${TOP}V${HEIGHT - BOTTOM}`, class: "choice" }));
  }
  svg.append(shape("text", { x: (LEFT + WIDTH - RIGHT) / 2, y: HEIGHT - 6, "text-anchor": "middle" }, picture.x_label));
  follow(svg, panel, picture, across, say);
  return element("figure", {}, element("figcaption", {}, panel.title, legend(panel, number)), svg);
}

function described(panel, picture, say) {
  if (picture.choice === null) return panel.title;
  const at = panel.lines.map((line) => `${line.label}: ${say(valueAt(picture.x, line.y, picture.choice))}`);
  return `${panel.title} At the choice, ${short(picture.choice)}: ${at.join("; ")}.`;
}

function legend(panel, number) {
  const list = element("ul");
  const add = (className, label) => list.append(element("li", {}, swatch(className), label));
  panel.lines.forEach((line, i) => add(`line line-${number}-${i}`, line.label));
  panel.bands.forEach((band, i) => add(`band band-${i}`, band.label));
  if (panel.mark) list.append(element("li", {}, "\u25a0 ", panel.mark.label));
  return list;
}

// A line under the pointer, and what stands there.
function follow(svg, panel, picture, across, say) {
  const line = shape("path", { class: "pointer" }), words = shape("text", { y: TOP + 12, class: "readout" });
  svg.append(line, words);
  svg.addEventListener("pointermove", (event) => {
    const box = svg.getBoundingClientRect();
    const place = ((event.clientX - box.left) / box.width) * WIDTH;
    if (place < LEFT || place > WIDTH - RIGHT) return;
    const value = across.back(place);
    const at = panel.lines.map((each) => say(valueAt(picture.x, each.y, value)));
    line.setAttribute("d", `M${place},${TOP}V${HEIGHT - BOTTOM}`);
    words.setAttribute("x", place < WIDTH / 2 ? place + 6 : place - 6);
    words.setAttribute("text-anchor", place < WIDTH / 2 ? "start" : "end");
    words.textContent = `${short(value)}: ${at.join(", ")}`;
  });
  svg.addEventListener("pointerleave", () => {
    line.removeAttribute("d");
    words.textContent = "";
  });
}

function drawAnswer(answer, where) {
  const listed = (rows) => rows.flatMap(([name, text]) => [element("dt", {}, name), element("dd", {}, text)]);
  where.words.replaceChildren(
    element("p", { class: "question" }, answer.question),
    element("p", { class: "headline" }, answer.headline),
    element("dl", {}, ...listed(answer.brief)),
  );
  where.rows.replaceChildren(...listed(answer.rows));
  where.warnings.replaceChildren(...answer.warnings.map((text) => element("li", {}, text)));
  where.picture.replaceChildren(...answer.picture.panels.map((panel, i) => drawPanel(panel, answer.picture, i)));
}

// A slider with its name and what it says.
function drawDial(dial, place, moved) {
  const input = element("input", { type: "range", min: 0, max: dial.said.length - 1, step: 1, name: dial.name });
  input.dataset.lmSuppressShortcuts = "true"; // or JupyterLab takes the arrow keys for itself
  const said = element("output");
  const say = (stop) => {
    said.textContent = dial.said[stop];
    input.setAttribute("aria-valuetext", dial.said[stop]);
  };
  input.value = place;
  say(place);
  input.addEventListener("input", () => {
    say(input.valueAsNumber);
    moved(dial.name, input.valueAsNumber);
  });
  const set = (stop) => {
    input.value = stop;
    say(stop);
  };
  return { set, node: element("label", {}, element("span", {}, dial.label), input, said) };
}

function render({ model, el }) {
  const where = {
    words: element("div", { class: "answer", "aria-live": "polite" }),
    rows: element("dl"),
    warnings: element("ul", { class: "warnings" }),
    picture: element("div", { class: "picture" }),
  };
  const root = element("section", { class: "bayeskisl-explorer", "aria-label": "Explorer of the decision" });
  // One question at a time: while one is being answered, only the last of those that follow is kept.
  let asked = 0, waiting = null, next = null;
  const moved = (name, stop) => {
    next = { ...(next || model.get("places")), [name]: stop };
    next.since = next.since || performance.now();
    if (!waiting) ask();
  };
  const ask = () => {
    const { since, ...places } = next;
    waiting = { asked: ++asked, since };
    next = null;
    root.dataset.state = "waiting";
    model.set("places", { ...places, asked });
    model.save_changes();
  };
  const dials = model.get("dials").map((dial) => [dial.name, drawDial(dial, model.get("places")[dial.name], moved)]);
  const answered = () => {
    const answer = model.get("answer");
    if (!answer.picture) return;
    drawAnswer(answer, where);
    if (waiting && answer.asked === waiting.asked) {
      const { since } = waiting;
      waiting = null;
      requestAnimationFrame(() => {
        root.dataset.latency = (performance.now() - since).toFixed(1);
        root.dataset.computed = answer.milliseconds;
        root.dataset.state = next ? "waiting" : "ready";
      });
      if (next) ask();
    }
  };
  const placed = () => dials.forEach(([name, dial]) => next || waiting || dial.set(model.get("places")[name]));
  model.on("change:answer", answered);
  model.on("change:places", placed);
  root.append(
    element("div", { class: "dials", role: "group", "aria-label": "What is asked" }, ...dials.map(([, dial]) => dial.node)),
    where.words, where.picture, where.rows, where.warnings,
  );
  root.dataset.state = "ready";
  el.append(root);
  answered();
  return () => {
    model.off("change:answer", answered);
    model.off("change:places", placed);
  };
}

export default { render };
