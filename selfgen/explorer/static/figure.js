// Curves in SVG: axes with plain ticks, limits dashed, bounds dotted, crossings ringed, the generation read off marked.

const SVG = "http://www.w3.org/2000/svg";
const DASHES = ["", "7 3", "2 3", "9 3 2 3", "12 4", "4 2 1 2", "1 4"];

function drawn(parent, name, attributes, text) {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  if (text !== undefined) node.textContent = text;
  parent.append(node);
  return node;
}

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const curveColour = (index) => colour(`--curve-${index % 7}`);

function linearTicks(low, high, wanted) {
  const rough = (high - low) / wanted, base = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((k) => k * base).find((each) => each >= rough);
  const ticks = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high * (1 + 1e-12) + 1e-300; i++) ticks.push(i * step);
  return ticks;
}

function logTicks(low, high) {
  const from = Math.floor(Math.log10(low)), to = Math.ceil(Math.log10(high));
  const factors = to - from <= 1 ? [1, 1.5, 2, 3, 5, 7] : to - from <= 2 ? [1, 2, 5] : [1];
  const every = Math.max(1, Math.ceil((to - from) / 7));
  const ticks = [];
  for (let k = from; k <= to; k += every) for (const f of factors) ticks.push(f * 10 ** k);
  const inside = ticks.filter((t) => t >= low * (1 - 1e-9) && t <= high * (1 + 1e-9));
  return inside.length >= 2 ? inside : linearTicks(low, high, 4);
}

function tickText(value) {
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e5 || size < 1e-3) {
    const [mantissa, exponent] = value.toExponential(3).split("e");
    const raised = String(Number(exponent)).replace(/[-\d]/g, (c) => "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"["-0123456789".indexOf(c)]);
    return Number(mantissa) === 1 ? `10${raised}` : `${Number(mantissa)}·10${raised}`;
  }
  return String(Number(value.toPrecision(6)));
}

function scaleOf(low, high, from, to, log) {
  const f = log ? Math.log : (x) => x;
  const a = f(low), b = f(high);
  return (x) => from + (b === a ? 0.5 : (f(x) - a) / (b - a)) * (to - from);
}

// What can be shown on the vertical axis: finite, and positive where it is logarithmic.
function verticalRange(curves, log) {
  const usable = (y) => Number.isFinite(y) && (!log || y > 0);
  let values = curves.flatMap((curve) => curve.points.map((p) => p.v)).filter(usable);
  if (!values.length) return null;
  let [low, high] = [Math.min(...values), Math.max(...values)];
  for (const line of curves.flatMap((curve) => [curve.limit, curve.bound])) {
    if (line === null || !usable(line)) continue;
    // A line far outside would squeeze the curves: it is told below the figure.
    if (log ? line < high * 30 && line > low / 30 : line <= high + 2 * (high - low || Math.abs(high)) && line >= low - 2 * (high - low || Math.abs(low))) {
      low = Math.min(low, line); high = Math.max(high, line);
    }
  }
  if (low === high) [low, high] = log ? [low / 2, high * 2] : [low - Math.abs(low || 1) / 2, high + Math.abs(high || 1) / 2];
  if (log) { const room = (high / low) ** 0.06; return [low / room, high * room]; }
  const room = 0.06 * (high - low);
  return [low >= 0 && low - room < 0 ? 0 : low < 3 * (high - low) && low >= 0 ? 0 : low - room, high + room];
}

function drawFigure(svg, curves, options) {
  svg.replaceChildren();
  const width = Math.max(300, svg.parentElement.clientWidth), height = width < 560 ? 300 : 400;
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.setAttribute("width", width);
  svg.setAttribute("height", height);
  const [ink, faint, back] = [colour("--ink"), colour("--line"), colour("--panel")];
  drawn(svg, "rect", { width, height, fill: back });
  const range = verticalRange(curves, options.logY);
  if (range === null) {
    drawn(svg, "text", { x: width / 2, y: height / 2, "text-anchor": "middle", fill: ink, "font-size": 14 }, options.empty);
    return null;
  }
  const frame = { left: 62, right: width - 16, top: 30, bottom: height - 42 };
  const last = options.generations;
  const x = scaleOf(1, last, frame.left, frame.right, options.logX);
  const y = scaleOf(range[0], range[1], frame.bottom, frame.top, options.logY);
  const text = { fill: colour("--soft"), "font-size": 12, "font-family": "system-ui, sans-serif" };
  const ticksX = [...new Set((options.logX ? logTicks(1, last) : [1, ...linearTicks(1, last, Math.min(8, width / 90))]).map(Math.round))];
  const shownX = ticksX.filter((tick, i) => tick >= 1 && (i === 0 || x(tick) - x(ticksX[i - 1]) > 22));
  for (const tick of shownX) {
    drawn(svg, "line", { x1: x(tick), x2: x(tick), y1: frame.top, y2: frame.bottom, stroke: faint, "stroke-width": 1 });
    drawn(svg, "text", { ...text, x: x(tick), y: frame.bottom + 17, "text-anchor": "middle" }, String(tick));
  }
  for (const tick of options.logY ? logTicks(...range) : linearTicks(...range, 5)) {
    drawn(svg, "line", { x1: frame.left, x2: frame.right, y1: y(tick), y2: y(tick), stroke: faint, "stroke-width": 1 });
    drawn(svg, "text", { ...text, x: frame.left - 8, y: y(tick) + 4, "text-anchor": "end" }, tickText(tick));
  }
  drawn(svg, "text", { ...text, x: (frame.left + frame.right) / 2, y: height - 6, "text-anchor": "middle" }, "generation G");
  drawn(svg, "text", { ...text, x: 8, y: 17, fill: ink, "font-weight": 600 }, options.title);
  const inside = (v) => Number.isFinite(v) && v >= range[0] && v <= range[1] && (!options.logY || v > 0);
  curves.forEach((curve) => {
    for (const [value, dash] of [[curve.limit, "6 5"], [curve.bound === curve.limit ? null : curve.bound, "1.5 4"]]) {
      if (value === null || !inside(value)) continue;
      drawn(svg, "line", { x1: frame.left, x2: frame.right, y1: y(value), y2: y(value), stroke: curve.colour, "stroke-width": 1.2, "stroke-dasharray": dash, opacity: 0.75 });
    }
  });
  curves.forEach((curve) => {
    let path = "", pen = "M";
    curve.points.forEach((point, i) => {
      if (!Number.isFinite(point.v) || (options.logY && point.v <= 0)) { pen = "M"; return; }
      path += `${pen}${x(i + 1).toFixed(2)} ${y(point.v).toFixed(2)}`;
      pen = "L";
    });
    drawn(svg, "path", { d: path, fill: "none", stroke: curve.colour, "stroke-width": 2.2, "stroke-dasharray": curve.dash, "stroke-linejoin": "round", "data-curve": curve.key });
    for (const [g, value] of curve.marks ?? []) {
      drawn(svg, "circle", { cx: x(g), cy: y(value), r: 4, fill: curve.colour, stroke: back, "stroke-width": 1.5 });
    }
  });
  for (const { g, value } of options.crossings) {
    if (inside(value)) drawn(svg, "circle", { cx: x(g), cy: y(value), r: 6, fill: "none", stroke: ink, "stroke-width": 1.5 });
  }
  const at = options.at;
  if (at !== null) {
    drawn(svg, "line", { x1: x(at), x2: x(at), y1: frame.top, y2: frame.bottom, stroke: ink, "stroke-width": 1, "stroke-dasharray": "2 3" });
    for (const curve of curves) {
      const value = curve.points[at - 1]?.v;
      if (inside(value)) drawn(svg, "circle", { cx: x(at), cy: y(value), r: 3.5, fill: back, stroke: curve.colour, "stroke-width": 2 });
    }
  }
  // The generation under a pointer.
  return (offset) => {
    const share = (offset * (width / svg.getBoundingClientRect().width) - frame.left) / (frame.right - frame.left);
    const g = options.logX ? Math.exp(share * Math.log(last)) : 1 + share * (last - 1);
    return Math.min(last, Math.max(1, Math.round(g)));
  };
}
