// Trees of the library in double precision, every operation with a bound on its rounding: the same operations in the
// same order as numerics/exported.py. A number is {v, e}, with |v − truth| ≤ e to first order in the unit roundoff.
// Nothing is parsed or evaluated as a program here: a tree is data, and every name in it is looked up in a fixed table.

const UNIT = 2 ** -53;
const ELEMENTARY = 4, SPECIAL = 64;
const CONSTANTS = { pi: Math.PI, e: Math.E, euler: 0.5772156649015329, catalan: 0.915965594177219,
  golden: 1.618033988749895, oo: Infinity, "-oo": -Infinity };

const exactly = (v) => ({ v, e: 0 });
const NOTHING = { v: NaN, e: 0 };
const parameter = (v) => ({ v, e: Number.isInteger(v) ? 0 : UNIT * Math.abs(v) });

function plus(a, b) {
  const v = a.v + b.v;
  return { v, e: a.e + b.e + UNIT * Math.abs(v) };
}

function times(a, b) {
  const v = a.v * b.v;
  return { v, e: Math.abs(a.v) * b.e + Math.abs(b.v) * a.e + a.e * b.e + UNIT * Math.abs(v) };
}

function reciprocal(x) {
  if (x.v === 0) return NOTHING;
  const v = 1 / x.v;
  return { v, e: x.e * v * v + UNIT * Math.abs(v) };
}

function toWholePower(base, power) {
  let total = exactly(1);
  for (let i = 0; i < Math.abs(power); i++) total = times(total, base);
  return power < 0 ? reciprocal(total) : total;
}

function toPower(base, power) {
  const v = Math.pow(base.v, power.v);
  if (v === 0 || !Number.isFinite(v) || base.v === 0) return { v, e: base.v === 0 ? base.e : 0 };
  const relative = Math.abs(power.v) * base.e / Math.abs(base.v) + power.e * Math.abs(Math.log(Math.abs(base.v)));
  return { v, e: Math.abs(v) * (relative + ELEMENTARY * UNIT) };
}

function applied(f, x, units) {
  const v = f(x.v);
  if (!Number.isFinite(v)) return { v, e: 0 };
  const step = Math.max(x.e, 1e-7 * Math.abs(x.v), 1e-300);
  let slope = 0;
  for (const sign of [-1, 1]) {
    const end = f(x.v + sign * step);
    if (Number.isFinite(end)) slope = Math.max(slope, Math.abs(end - v) / step);
  }
  return { v, e: 2 * slope * x.e + units * UNIT * (Math.abs(v) + (units > ELEMENTARY ? 1 : 0)) };
}

const FUNCTIONS = {
  log: [(x) => (x > 0 ? Math.log(x) : NaN), ELEMENTARY], exp: [Math.exp, ELEMENTARY],
  sin: [Math.sin, ELEMENTARY], cos: [Math.cos, ELEMENTARY], tan: [Math.tan, ELEMENTARY],
  cot: [(x) => 1 / Math.tan(x), 2 * ELEMENTARY], sinh: [Math.sinh, ELEMENTARY], cosh: [Math.cosh, ELEMENTARY],
  tanh: [Math.tanh, ELEMENTARY], coth: [(x) => 1 / Math.tanh(x), 2 * ELEMENTARY],
  gamma: [gammaFunction, SPECIAL], loggamma: [logGamma, SPECIAL], Abs: [Math.abs, 0], sign: [Math.sign, 0],
  floor: [Math.floor, 0], ceiling: [Math.ceil, 0],
};

const COMPARED = { "<": (a, b) => a < b, "<=": (a, b) => a <= b, ">": (a, b) => a > b, ">=": (a, b) => a >= b,
  "=": (a, b) => a === b, "!=": (a, b) => a !== b };

function hasGeneration(tree) {
  return tree === "g" || (Array.isArray(tree) && tree.some((part, i) => (i > 0 || Array.isArray(part)) && hasGeneration(part)));
}

// A tree as a function of g; what does not depend on g is worked out once.
function compiled(tree, known) {
  const whole = built(tree, known);
  if (hasGeneration(tree)) return whole;
  const value = whole(NOTHING);
  return () => value;
}

function built(tree, known) {
  if (tree === "g") return (g) => g;
  if (typeof tree === "number") { const value = exactly(tree); return () => value; }
  if (typeof tree === "string") {
    const value = known.get(tree) ?? NOTHING;
    return () => value;
  }
  const [name, ...given] = tree;
  if (name === "cases") {
    const branches = given.map(([value, where]) => [compiled(value, known), condition(where, known)]);
    return (g) => { for (const [value, holds] of branches) if (holds(g)) return value(g); return NOTHING; };
  }
  if (name === "digits" || name === "constant") {
    const v = name === "digits" ? Number(given[0]) : CONSTANTS[given[0]];
    const value = { v, e: Number.isFinite(v) ? UNIT * Math.abs(v) : 0 };
    return () => value;
  }
  if (name === "^" && Number.isInteger(given[1]) && Math.abs(given[1]) <= 64) {
    const base = compiled(given[0], known);
    return (g) => toWholePower(base(g), given[1]);
  }
  const parts = given.map((part) => compiled(part, known));
  switch (name) {
    case "+": return (g) => parts.slice(1).reduce((total, part) => plus(total, part(g)), parts[0](g));
    case "*": return (g) => parts.slice(1).reduce((total, part) => times(total, part(g)), parts[0](g));
    case "/": return (g) => times(parts[0](g), reciprocal(parts[1](g)));
    case "^": return (g) => toPower(parts[0](g), parts[1](g));
    case "Max": case "Min": return (g) => {
      const values = parts.map((part) => part(g));
      return { v: (name === "Max" ? Math.max : Math.min)(...values.map((x) => x.v)), e: Math.max(...values.map((x) => x.e)) };
    };
    case "polygamma": return (g) => { const k = parts[0](g).v; return applied((x) => polygamma(k, x), parts[1](g), SPECIAL); };
    case "multidigamma": return (g) => { const d = parts[1](g).v; return applied((x) => multidigamma(x, d), parts[0](g), SPECIAL); };
  }
  if (!Object.hasOwn(FUNCTIONS, name)) return () => NOTHING;
  const [f, units] = FUNCTIONS[name];
  return (g) => applied(f, parts[0](g), units);
}

function condition(tree, known) {
  const [name, ...given] = tree;
  if (name === "true" || name === "false") return () => name === "true";
  if (name === "and" || name === "or" || name === "not") {
    const parts = given.map((part) => condition(part, known));
    if (name === "not") return (g) => !parts[0](g);
    return name === "and" ? (g) => parts.every((part) => part(g)) : (g) => parts.some((part) => part(g));
  }
  const [left, right] = given.map((part) => compiled(part, known));
  return (g) => COMPARED[name](left(g).v, right(g).v);
}
