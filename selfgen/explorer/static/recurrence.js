// Exported recurrences, run: m_g = P(g) m_{g−1} + f(g), risk_g = offset + scale (h(g) m_g + c(g)).

function program(data, known) {
  return {
    data,
    matrix: data.matrix.map(([row, column, tree]) => [row, column, compiled(tree, known)]),
    forcing: data.forcing.map(([row, tree]) => [row, compiled(tree, known)]),
    readout: data.readout.map(([column, tree]) => [column, compiled(tree, known)]),
    shift: compiled(data.shift, known),
    margin: data.margin === null ? null : compiled(data.margin, known),
  };
}

// Risks at generations 1, …, count as {v, e}; infinite from the first generation whose expectation is.
function runRecurrence(data, values, count) {
  const known = new Map(Object.entries(values).map(([name, value]) => [name, parameter(value)]));
  const scale = compiled(data.scale, known)(NOTHING), offset = compiled(data.offset, known)(NOTHING);
  const found = data.early.map((tree) => plus(offset, times(scale, compiled(tree, known)(NOTHING))));
  let active = program(data, known);
  let state = Array.from({ length: data.moments }, () => exactly(0));
  for (const [row, tree] of data.initial) state[row] = compiled(tree, known)(NOTHING);
  let g = data.start - 1;
  const risk = () => {
    const at = exactly(g);
    if (active.margin !== null && active.margin(at).v < 1) return null;
    let total = active.shift(at);
    for (const [column, coefficient] of active.readout) total = plus(total, times(coefficient(at), state[column]));
    return plus(offset, times(scale, total));
  };
  if (g >= 1) found.push(risk());
  while (found.length < count && found[found.length - 1] !== null) {
    g += 1;
    const follow = active.data.continuation;
    if (follow !== null && g > 1 && g >= follow.at) active = program(follow, known);
    const at = exactly(g);
    const moved = Array.from({ length: active.data.moments }, () => exactly(0));
    for (const [row, column, coefficient] of active.matrix) moved[row] = plus(moved[row], times(coefficient(at), state[column]));
    for (const [row, term] of active.forcing) moved[row] = plus(moved[row], term(at));
    state = moved;
    found.push(risk());
  }
  const end = found.findIndex((value) => value === null);
  const finite = end < 0 ? found.slice(0, count) : found.slice(0, end);
  while (finite.length < count) finite.push(exactly(Infinity));
  return finite;
}

function valueOfTree(tree, values) {
  const known = new Map(Object.entries(values).map(([name, value]) => [name, parameter(value)]));
  return compiled(tree, known)(NOTHING);
}

// Each value over the first.
const overFirst = (values) => values.map((value) => times(value, reciprocal(values[0])));
