// Measured losses from a CSV, and the families of curves that a forecast knows, each by least squares.
// E is the level, A scales the variance's part, C the part of what each model forgets of its predecessor.

const MOST_ROWS = 20000;
const POWERS = Array.from({ length: 59 }, (_, i) => 0.05 + (1.45 * i) / 58);
const RATES = Array.from({ length: 40 }, (_, i) => 0.025 * i);

// Rows of a CSV; quotes as in RFC 4180.
function rowsOf(text) {
  const rows = [[]];
  let cell = "", quoted = false;
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (quoted) {
      if (c === '"' && text[i + 1] === '"') { cell += '"'; i++; }
      else if (c === '"') quoted = false;
      else cell += c;
    } else if (c === '"') quoted = true;
    else if (c === "," || c === ";" || c === "\t") { rows.at(-1).push(cell); cell = ""; }
    else if (c === "\n") { rows.at(-1).push(cell); cell = ""; rows.push([]); }
    else if (c !== "\r") cell += c;
  }
  rows.at(-1).push(cell);
  return rows.map((row) => row.map((each) => each.trim())).filter((row) => row.some(Boolean));
}

// Mean losses by workflow and generation; a sentence is thrown where a cell cannot be what it should.
function readLosses(text) {
  const [head, ...rows] = rowsOf(text.replace(/^\ufeff/, ""));
  if (!head || !rows.length) throw new Error("The file holds no losses: give a row for each generation.");
  if (rows.length > MOST_ROWS) throw new Error(`The file has ${rows.length} rows: ${MOST_ROWS} at most.`);
  const names = head.map((name) => name.toLowerCase());
  const column = (name) => names.indexOf(name);
  for (const name of ["generation", "loss"]) {
    if (column(name) < 0) throw new Error(`The file has no column “${name}”: its first row names the columns.`);
  }
  const found = new Map();
  rows.forEach((row, i) => {
    const generation = readNumber(row[column("generation")] ?? ""), loss = readNumber(row[column("loss")] ?? "");
    if (!Number.isInteger(generation) || generation < 1 || generation > 1000) {
      throw new Error(`Row ${i + 2}: generation “${short(row[column("generation")] ?? "")}” is no whole number from 1 to 1000.`);
    }
    if (loss === null) throw new Error(`Row ${i + 2}: loss “${short(row[column("loss")] ?? "")}” is no number.`);
    const workflow = column("workflow") < 0 ? "" : row[column("workflow")] ?? "";
    if (!found.has(workflow)) found.set(workflow, new Map());
    const at = found.get(workflow);
    if (!at.has(generation)) at.set(generation, []);
    at.get(generation).push(loss);
  });
  return [...found].map(([workflow, at]) => ({
    workflow,
    points: [...at].sort((a, b) => a[0] - b[0]).map(([g, losses]) => [g, losses.reduce((a, b) => a + b, 0) / losses.length]),
  }));
}

// Least squares with an intercept on one or two columns, the slopes not below 0 where signs are known.
function fitted(columns, losses, signed) {
  const n = losses.length, mean = (v) => v.reduce((a, b) => a + b, 0) / n;
  const centres = columns.map(mean), centre = mean(losses);
  const X = columns.map((column, k) => column.map((v) => v - centres[k])), y = losses.map((v) => v - centre);
  const dot = (a, b) => a.reduce((total, v, i) => total + v * b[i], 0);
  const subsets = columns.length === 2 ? [[0, 1], [0], [1], []] : columns.length === 1 ? [[0], []] : [[]];
  let best = null;
  for (const subset of subsets) {
    const slopes = columns.map(() => 0);
    if (subset.length === 1) {
      const square = dot(X[subset[0]], X[subset[0]]);
      slopes[subset[0]] = square > 0 ? dot(X[subset[0]], y) / square : 0;
    } else if (subset.length === 2) {
      const [a, b, c] = [dot(X[0], X[0]), dot(X[0], X[1]), dot(X[1], X[1])], determinant = a * c - b * b;
      if (!(determinant > 1e-12 * a * c)) continue;
      const [p, q] = [dot(X[0], y), dot(X[1], y)];
      slopes[0] = (c * p - b * q) / determinant;
      slopes[1] = (a * q - b * p) / determinant;
    }
    if (signed && slopes.some((slope) => slope < 0)) continue;
    const residual = y.reduce((total, v, i) => total + (v - slopes.reduce((s, slope, k) => s + slope * X[k][i], 0)) ** 2, 0);
    if (best === null || residual < best.residual * (1 - 1e-12)) best = { slopes, residual };
  }
  const level = centre - best.slopes.reduce((total, slope, k) => total + slope * centres[k], 0);
  return { level, ...best };
}

// Every family on one workflow's points: its curve over generations 1, …, count, and how far it misses.
function families(points, shapes, count) {
  const gs = points.map(([g]) => g), losses = points.map(([, loss]) => loss);
  const all = Array.from({ length: count }, (_, i) => i + 1);
  const one = (name, says, f, signed = false) => {
    const fit = fitted([gs.map(f)], losses, signed);
    return { name, says, residual: fit.residual, unknowns: 2, curve: all.map((g) => fit.level + fit.slopes[0] * f(g)) };
  };
  const found = [
    { name: "last value", says: "the loss stays where it is", unknowns: 1, curve: all.map(() => losses.at(-1)),
      residual: losses.reduce((total, loss) => total + (loss - losses.at(-1)) ** 2, 0) },
    one("linear", "E + B·g", (g) => g),
    one("log g", "E + B·log g", Math.log),
    { ...POWERS.map((c) => one("power law", `E + B·(g − 1)^${c.toFixed(2)}`, (g) => (g - 1) ** c))
      .reduce((a, b) => (b.residual < a.residual ? b : a)), unknowns: 3 },
  ];
  if (shapes && gs.at(-1) <= shapes.ratio.length && count <= shapes.ratio.length) {
    const ratio = (g) => shapes.ratio[g - 1] - 1;
    found.push(one("variance law", "E + A·(ratio − 1)", ratio, true));
    let best = null;
    for (const rate of RATES) {
      const rise = (g) => shapes.depths[g - 1].reduce((total, p, k) => total + p * (1 - rate ** k) / (1 - rate), 0);
      const fit = fitted([gs.map(ratio), gs.map(rise)], losses, true);
      if (best === null || fit.residual < best.residual) best = { ...fit, rate, rise };
    }
    found.push({ name: "two-term law", says: `E + ${tickText(best.slopes[0])}·(ratio − 1) + ${tickText(best.slopes[1])}·φ(${best.rate.toFixed(2)})`,
      residual: best.residual, unknowns: 4, curve: all.map((g) => best.level + best.slopes[0] * ratio(g) + best.slopes[1] * best.rise(g)) });
  }
  return found.map((family) => ({ ...family, miss: Math.sqrt(family.residual / losses.length) }));
}
