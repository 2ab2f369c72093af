// What is shown, as text behind the # of a link: names and numbers that are looked up, one by one, in what there is.

const QUANTITIES = ["risk", "ratio", "bias", "variance"];
const LONGEST_LINK = 4000;
const MOST_GENERATIONS = 2000;

function stateText(state) {
  const parts = [
    ["model", state.model], ["loss", state.loss], ["workflows", state.workflows.join(";")], ["show", state.show],
    ["generations", state.generations], ["at", state.at], ["x", state.logX ? "log" : "linear"],
    ["y", state.logY ? "log" : "linear"], ["tolerance", state.tolerance],
    ...Object.entries(state.values).map(([name, value]) => [`set.${name}`, value]),
  ];
  return parts.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`).join("&");
}

// The state that a link names, and a sentence for each part of it that names nothing.
function readState(text, data, fallback) {
  const state = structuredClone(fallback);
  const refused = [];
  if (text.length > LONGEST_LINK) return { state, refused: ["The link is too long to be one of this page."] };
  const given = new Map();
  for (const part of text.split("&").filter(Boolean)) {
    const [name, ...rest] = part.split("=");
    try {
      given.set(decodeURIComponent(name), decodeURIComponent(rest.join("=")));
    } catch {
      refused.push("A part of the link cannot be read.");
    }
  }
  const model = data.models.find((each) => each.key === given.get("model"));
  if (given.has("model") && !model) refused.push(`No model is called “${short(given.get("model"))}”.`);
  if (model) selectModel(state, model);
  const current = data.models.find((each) => each.key === state.model);
  const words = { loss: (v) => current.losses.includes(v), show: (v) => QUANTITIES.includes(v) };
  for (const [name, allowed] of Object.entries(words)) {
    if (!given.has(name)) continue;
    if (allowed(given.get(name))) state[name] = given.get(name);
    else refused.push(`${name} = “${short(given.get(name))}” is not known here.`);
  }
  if (given.has("workflows")) {
    const named = given.get("workflows").split(";").filter(Boolean);
    const known = named.filter((key) => data.choices.some((choice) => choice.key === key));
    for (const key of named.filter((each) => !known.includes(each))) refused.push(`No workflow is called “${short(key)}”.`);
    state.workflows = [...new Set(known)];
  }
  const numbers = { generations: [2, MOST_GENERATIONS, true], at: [1, MOST_GENERATIONS, true], tolerance: [0.001, 1000, false] };
  for (const [name, [least, most, whole]] of Object.entries(numbers)) {
    if (!given.has(name)) continue;
    const value = readNumber(given.get(name));
    if (value !== null && value >= least && value <= most && (!whole || Number.isInteger(value))) state[name] = value;
    else refused.push(`${name} = “${short(given.get(name))}” is no number from ${least} to ${most}.`);
  }
  for (const [name, key] of [["x", "logX"], ["y", "logY"]]) {
    if (given.has(name)) state[key] = given.get(name) === "log";
  }
  for (const slider of current.sliders) {
    const text = given.get(`set.${slider.name}`);
    if (text === undefined) continue;
    const value = readNumber(text);
    if (value !== null && isAllowed(slider, value)) state.values[slider.name] = value;
    else refused.push(`${slider.name} = “${short(text)}” is not allowed: ${spanInWords(slider)}.`);
  }
  state.at = Math.min(state.at, state.generations);
  return { state, refused };
}

// A number as people write it, or null: what is more than digits, a point and an exponent is none.
function readNumber(text) {
  return /^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,3})?\s*$/i.test(text) ? Number(text) : null;
}

const isAllowed = (slider, value) => value >= slider.least && value <= slider.most && (!slider.whole || Number.isInteger(value));
const spanInWords = (slider) => `give a ${slider.whole ? "whole " : ""}number from ${slider.least} to ${slider.most}`;
const short = (text) => (text.length > 40 ? `${text.slice(0, 40)}…` : text);

// Everything that depends on the model takes its start.
function selectModel(state, model) {
  state.model = model.key;
  if (!model.losses.includes(state.loss)) state.loss = model.losses[0];
  const kept = state.values;
  state.values = Object.fromEntries(model.sliders.map((slider) => {
    const before = kept[slider.name];
    return [slider.name, before !== undefined && isAllowed(slider, before) ? before : slider.start];
  }));
}
