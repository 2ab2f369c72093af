// The page: what is chosen, what is run, what is shown. Text reaches the page as text, never as markup; only formulas,
// which the library wrote, are markup.

const $ = (id) => document.getElementById(id);
let data, state;

function made(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
}

const model = () => data.models.find((each) => each.key === state.model);
const entryOf = (key) => model().entries[key]?.[state.loss];
const choiceOf = (key) => data.choices.find((each) => each.key === key);
const titleOf = (choice) => (choice.label ? `${choice.name}, ${choice.label}` : choice.name);
const number = (value) => (value === Infinity ? "∞" : value === -Infinity ? "−∞" : Number.isNaN(value) ? "—" : String(Number(value.toPrecision(10))));

// The exported recurrence behind what is shown, or undefined.
function recurrenceOf(entry) {
  return state.show === "ratio" ? entry.risk : entry[state.show];
}

function valuesOf(entry, count, values = state.values) {
  const found = runRecurrence(recurrenceOf(entry), values, count);
  return state.show === "ratio" ? overFirst(found) : found;
}

// Where a limit or a bound is drawn; null where it has no number, or is of another curve.
function lineOf(entry, name) {
  const told = entry[name];
  if (!told?.tree || (state.show !== "risk" && state.show !== "ratio")) return null;
  let { v } = valueOfTree(told.tree, state.values);
  if (state.show === "ratio") v /= runRecurrence(entry.risk, state.values, 1)[0].v;
  return Number.isNaN(v) ? null : v;
}

function curvesNow() {
  return state.workflows.flatMap((key) => {
    const entry = entryOf(key);
    if (!entry || !recurrenceOf(entry)) return [];
    const index = data.choices.findIndex((each) => each.key === key), place = state.workflows.indexOf(key);
    return [{ key, index, title: titleOf(choiceOf(key)), entry, points: valuesOf(entry, state.generations),
      limit: lineOf(entry, "limit"), bound: lineOf(entry, "bound"), colour: curveColour(place), dash: DASHES[Math.floor(place / 7) % DASHES.length] }];
  });
}

// Generations from which another curve is lower, seen beyond rounding.
function crossingsOf(curves) {
  const found = [];
  for (let a = 0; a < curves.length; a++) for (let b = a + 1; b < curves.length; b++) {
    let before = 0;
    for (let i = 0; i < state.generations; i++) {
      const [p, q] = [curves[a].points[i], curves[b].points[i]];
      if (!Number.isFinite(p.v) && !Number.isFinite(q.v)) break;
      const difference = p.v - q.v;
      const sign = Math.abs(difference) <= 4 * (p.e + q.e) ? 0 : Math.sign(difference);
      if (sign && before && sign !== before) found.push({ g: i + 1, value: Math.min(p.v, q.v), lower: sign < 0 ? curves[a] : curves[b], upper: sign < 0 ? curves[b] : curves[a] });
      if (sign) before = sign;
    }
  }
  return found;
}

let pointed = null;

function show() {
  const curves = curvesNow();
  const crossings = crossingsOf(curves);
  const title = { risk: "expected test risk", ratio: "risk over the risk of generation 1", bias: "bias of the fitted parameter", variance: "variance of the fitted parameter" }[state.show];
  const none = state.workflows.length ? `No ${state.show} to show: ${state.logY ? "nothing is positive, or " : ""}it is not derived.` : "Choose a workflow.";
  pointed = drawFigure($("figure"), curves, { ...state, title, crossings, empty: none });
  showValues(curves);
  const said = crossings.slice(0, 12).map(({ g, lower, upper }) => `From generation ${g} on ${lower.title} lies below ${upper.title}.`);
  $("crossings").replaceChildren(...said.map((line) => made("li", {}, line)));
  showFormulas(curves);
  showShares();
  history.replaceState(null, "", `#${stateText(state)}`);
}

function cell(told, value) {
  const node = made("td");
  if (value !== null) node.append(made("data", { value: String(value) }, number(value)));
  else if (told?.mathml && told.latex.length < 60) node.innerHTML = told.mathml;
  else node.append(told ? "a formula, below" : "not known");
  return node;
}

function showValues(curves) {
  const body = $("values").tBodies[0];
  $("value-head").textContent = `${state.show} at ${state.at}`;
  $("at-text").textContent = state.at;
  body.replaceChildren(...curves.map((curve) => {
    const { v, e } = curve.points[state.at - 1];
    const swatch = made("span", { class: "swatch", style: `color: ${curve.colour}; border-top-style: ${curve.dash ? "dashed" : "solid"}`, "aria-hidden": "true" });
    const plain = state.show === "risk" || state.show === "ratio";
    const known = recurrenceOf(curve.entry).exactness === "exact" ? "exactly" : "leading order";
    return made("tr", { "data-workflow": curve.key }, made("th", { scope: "row" }, swatch, curve.title),
      made("td", {}, made("data", { value: String(v), class: "value" }, number(v))),
      made("td", {}, Number.isFinite(v) ? e.toExponential(0) : "—"),
      cell(plain ? curve.entry.limit : null, curve.limit), cell(plain ? curve.entry.bound : null, curve.bound), made("td", {}, known));
  }));
  const missing = state.workflows.filter((key) => !curves.some((curve) => curve.key === key)).map((key) => titleOf(choiceOf(key)));
  const values = curves.map((curve) => `${curve.title} ${number(curve.points[state.at - 1].v)}`);
  $("summary").textContent = `${state.show[0].toUpperCase()}${state.show.slice(1)} at generation ${state.at}: ${values.join("; ") || "none"}.` +
    (missing.length ? ` Not offered here: ${missing.join(", ")}.` : "") +
    (state.show === "risk" || state.show === "ratio" ? " Limits are dashed, bounds dotted." : "");
}

function line(name, told) {
  const row = made("div", { class: "math" });
  if (told.mathml) {
    row.append(made("span", {}, `${name} `));
    const holder = made("span");
    holder.innerHTML = told.mathml;
    row.append(holder);
  } else row.append(`${name} a formula of ${told.latex.length} characters: take it as LaTeX.`);
  return row;
}

function showFormulas(curves) {
  $("formulas").replaceChildren(...(curves.length ? curves.map(({ title, entry }) => {
    const parts = [made("h3", {}, title)];
    parts.push(entry.closed_form ? line("risk at G =", entry.closed_form) : made("p", {}, "No closed form was derived: values come from the recurrence."));
    if (entry.limit) parts.push(line("limit", entry.limit));
    if (entry.growth && (!entry.limit || entry.limit.latex.includes("infty"))) parts.push(line("growth", entry.growth));
    if (entry.condition) parts.push(line("every generation is finite where", entry.condition));
    return made("div", { class: "formula" }, ...parts);
  }) : [made("p", { class: "hint" }, "Choose a workflow.")]));
}

// The least amount of real data from which on, as far as the slider goes, the risk stays within the tolerance.
function leastShare(entry, slider) {
  const within = (value) => {
    const points = overFirst(runRecurrence(entry.risk, { ...state.values, [slider.name]: value }, state.generations));
    return points.every((point) => point.v <= state.tolerance * (1 + 1e-12));
  };
  const steps = 48, at = (i) => slider.least + ((slider.most - slider.least) * i) / steps;
  let last = -1;
  for (let i = steps; i >= 0; i--) if (!within(at(i))) { last = i; break; }
  if (last === steps) return null;
  if (last < 0) return slider.least;
  let [low, high] = [at(last), at(last + 1)];
  for (let i = 0; i < 40; i++) { const middle = (low + high) / 2; if (within(middle)) high = middle; else low = middle; }
  return high;
}

function showShares() {
  const rows = state.workflows.flatMap((key) => {
    const choice = choiceOf(key), entry = entryOf(key);
    const slider = model().sliders.find((each) => each.name === choice.real_share);
    if (!entry || !slider || !entry.risk.parameters.includes(slider.name)) return [];
    if (model().gains.includes(state.loss)) return [made("li", {}, `${titleOf(choice)}: of ${state.loss} more is better, so that no tolerance bounds it.`)];
    const least = leastShare(entry, slider);
    const words = slider.words || slider.name;
    return [made("li", { "data-workflow": key }, `${titleOf(choice)}: `, least === null
      ? `no ${words} up to ${number(slider.most)} keeps it so up to generation ${state.generations}.`
      : made("span", {}, `${words} of `, made("data", { value: String(least) }, Number(least.toPrecision(5)).toString()), ` or more, up to generation ${state.generations}.`))];
  });
  $("shares").replaceChildren(rows.length ? made("ul", { class: "notes" }, ...rows)
    : made("p", { class: "hint" }, "Choose a workflow with real data of its own: real-plus-latest, fresh-real, real-and-synthetic, contaminated-pool or labelled-pool."));
}

// -- controls ------------------------------------------------------------------------------------------

function option(value, text) { return made("option", { value }, text); }

function fillControls() {
  $("model").replaceChildren(...data.models.map((each) => option(each.key, each.name)));
  $("model").value = state.model;
  $("model-says").textContent = model().says;
  $("loss").replaceChildren(...model().losses.map((loss) => option(loss, loss)));
  $("loss").value = state.loss;
  fillWorkflows();
  fillSliders();
  $("show").replaceChildren($("show").firstElementChild, ...QUANTITIES.map((name) => {
    const input = made("input", { type: "radio", name: "show", value: name });
    input.checked = state.show === name;
    input.addEventListener("change", () => { state.show = name; show(); });
    return made("label", {}, input, made("span", {}, name));
  }));
  $("logX").checked = state.logX;
  $("logY").checked = state.logY;
  $("generations").value = state.generations;
  $("tolerance").value = state.tolerance;
  $("at").max = state.generations;
  $("at").value = state.at;
}

function fillWorkflows() {
  $("workflows").replaceChildren(...data.choices.map((choice) => {
    const input = made("input", { type: "checkbox", value: choice.key });
    const there = Boolean(entryOf(choice.key));
    input.checked = state.workflows.includes(choice.key);
    input.disabled = !there;
    input.addEventListener("change", () => {
      state.workflows = input.checked ? [...state.workflows, choice.key] : state.workflows.filter((key) => key !== choice.key);
      fillSliders();
      show();
    });
    const label = made("label", there ? {} : { class: "missing", title: "not offered for this model and loss" }, input, made("span", {}, choice.name, choice.label ? made("small", {}, ` ${choice.label}`) : ""));
    return label;
  }));
}

const STEPS = 1000;
const toPlace = (slider, value) => STEPS * (slider.factors ? Math.log(value / slider.least) / Math.log(slider.most / slider.least) : (value - slider.least) / (slider.most - slider.least));
function fromPlace(slider, place) {
  const share = place / STEPS;
  const value = slider.factors ? slider.least * (slider.most / slider.least) ** share : slider.least + share * (slider.most - slider.least);
  return slider.whole ? Math.round(value) : Math.min(slider.most, Math.max(slider.least, Number(value.toPrecision(3))));
}

function fillSliders() {
  const used = new Set(state.workflows.flatMap((key) => {
    const entry = entryOf(key);
    return entry ? [...entry.risk.parameters, ...(entry.bias?.parameters ?? [])] : [];
  }));
  const sliders = model().sliders.filter((slider) => used.has(slider.name));
  $("sliders").replaceChildren(...sliders.map((slider) => {
    const id = `set-${slider.name}`;
    const range = made("input", { type: "range", id, min: 0, max: STEPS, step: 1 });
    const exact = made("input", { type: "number", min: slider.least, max: slider.most, step: slider.whole ? 1 : "any", "aria-label": `${slider.name}, as a number`, id: `${id}-number` });
    const name = made("span");
    name.innerHTML = slider.mathml;
    const label = made("label", { for: id }, name, slider.words ? made("small", {}, `  ${slider.words}`) : "", made("span", { class: "hidden" }, ` (${slider.name})`));
    const put = (value) => {
      state.values[slider.name] = value;
      range.setAttribute("aria-valuetext", `${slider.name} = ${value}`);
      exact.classList.remove("wrong");
      exact.setCustomValidity("");
    };
    range.value = toPlace(slider, state.values[slider.name]);
    exact.value = state.values[slider.name];
    put(state.values[slider.name]);
    range.addEventListener("input", () => { put(fromPlace(slider, Number(range.value))); exact.value = state.values[slider.name]; soon(); });
    exact.addEventListener("input", () => {
      const value = readNumber(exact.value);
      if (value === null || !isAllowed(slider, value)) {
        exact.classList.add("wrong");
        exact.setCustomValidity(`${slider.name}: ${spanInWords(slider)}.`);
        return;
      }
      put(value);
      range.value = toPlace(slider, value);
      soon();
    });
    return made("div", { class: "slider" }, label, range, exact);
  }));
  if (!sliders.length) $("sliders").replaceChildren(made("p", { class: "hint" }, "What is chosen has no parameters."));
}

let asked = false;
function soon() {
  if (asked) return;
  asked = true;
  requestAnimationFrame(() => { asked = false; show(); });
}

function numberField(id, name, least, most, whole, after) {
  $(id).addEventListener("input", () => {
    const value = readNumber($(id).value);
    const fine = value !== null && value >= least && value <= most && (!whole || Number.isInteger(value));
    $(id).classList.toggle("wrong", !fine);
    if (!fine) return;
    state[name] = value;
    after?.();
    soon();
  });
}

// -- what is taken away ----------------------------------------------------------------------------------

function save(name, type, content) {
  const link = made("a", { download: name, href: URL.createObjectURL(new Blob([content], { type })) });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

function csvText() {
  const curves = curvesNow();
  const quoted = (text) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const head = ["generation", ...curves.flatMap((curve) => [curve.title, `${curve.title} rounding`])].map(quoted).join(",");
  const rows = Array.from({ length: state.generations }, (_, i) => [i + 1, ...curves.flatMap((curve) => [curve.points[i].v, curve.points[i].e])].join(","));
  return `${head}\n${rows.join("\n")}\n`;
}

function latexText() {
  return curvesNow().map(({ title, entry }) => `% ${model().name}, ${title}, loss ${state.loss}\n${entry.theorem ? `\\[\n${entry.theorem}\n\\]` : "% no formula was derived in symbols"}\n`).join("\n");
}

function savePng() {
  const svg = $("figure"), copy = svg.cloneNode(true);
  copy.setAttribute("xmlns", SVG);
  const image = new Image(), factor = 3;
  image.onload = () => {
    const canvas = made("canvas", { width: svg.clientWidth * factor, height: svg.clientHeight * factor });
    canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
    canvas.toBlob((blob) => save("selfgen.png", "image/png", blob));
  };
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(new XMLSerializer().serializeToString(copy))}`;
}

async function copyLink() {
  try {
    await navigator.clipboard.writeText(location.href);
    $("said").textContent = "The link is copied.";
  } catch {
    $("said").textContent = "The address of this page is the link.";
  }
}

// -- measured losses -------------------------------------------------------------------------------------

const EXAMPLE = "generation,loss,workflow\n1,2.310,replace\n2,2.402,replace\n3,2.478,replace\n4,2.561,replace\n5,2.637,replace\n1,2.310,accumulate\n2,2.337,accumulate\n3,2.349,accumulate\n4,2.355,accumulate\n5,2.361,accumulate\n";
let measured = [];

function takeLosses(text) {
  try {
    measured = text.trim() ? readLosses(text) : [];
    $("measured-said").textContent = "";
  } catch (error) {
    measured = [];
    $("measured-said").textContent = error.message;
  }
  $("measured-workflow").replaceChildren(...measured.map((table, i) => option(String(i), table.workflow || "all rows")));
  chooseLaw();
  showMeasured();
}

function chooseLaw() {
  const table = measured[Number($("measured-workflow").value) || 0];
  const key = table && Object.keys(data.shapes).find((name) => name === table.workflow);
  $("law").value = key ?? Object.keys(data.shapes)[0];
}

function showMeasured() {
  const table = measured[Number($("measured-workflow").value) || 0];
  $("measured-frame").hidden = $("families-scroll").hidden = !table;
  if (!table) return;
  if (table.points.length < 3) {
    $("measured-frame").hidden = $("families-scroll").hidden = true;
    $("measured-said").textContent = `${table.points.length} generation${table.points.length === 1 ? " is" : "s are"} measured: three or more tell one family from another.`;
    return;
  }
  const shapes = data.shapes[$("law").value], last = table.points.at(-1)[0];
  const count = Math.max(last, Math.min(2 * last, shapes.ratio.length));
  const found = families(table.points, shapes, count);
  const curves = found.map((family, i) => ({ key: family.name, title: family.name, points: family.curve.map(exactly), limit: null, bound: null,
    colour: curveColour(i), dash: i < 4 ? DASHES[2] : "", marks: i === 0 ? table.points : [] }));
  curves[0].marks = [];
  curves.push({ key: "measured", title: "measured", points: [], limit: null, bound: null, colour: colour("--ink"), dash: "", marks: table.points });
  drawFigure($("measured-figure"), curves, { title: "loss, measured (dots) and fitted", generations: count, at: null, crossings: [], logX: false, logY: false, empty: "" });
  $("families").tBodies[0].replaceChildren(...found.map((family, i) => made("tr", { "data-family": family.name },
    made("th", { scope: "row" }, made("span", { class: "swatch", style: `color: ${curves[i].colour}; border-top-style: ${curves[i].dash ? "dashed" : "solid"}`, "aria-hidden": "true" }), family.name),
    made("td", {}, family.says), made("td", {}, made("data", { value: String(family.miss) }, number(Number(family.miss.toPrecision(3))))), made("td", {}, String(family.unknowns)))));
  const beyond = last > shapes.ratio.length ? ` The laws of the workflow are known here up to generation ${shapes.ratio.length}.` : "";
  $("measured-said").textContent = `${table.points.length} generations measured, curves up to generation ${count}.${beyond} A family with as many unknowns as there are generations misses nothing and tells nothing.`;
}

// -- start -----------------------------------------------------------------------------------------------

async function unpacked(id) {
  const bytes = Uint8Array.from(atob($(id).textContent.trim()), (c) => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text());
}

function startState() {
  const first = data.models.find((each) => each.key === "regular") ?? data.models[0];
  const shown = ["replace", "accumulate", "accumulate-subsample:budget=1"].filter(choiceOf);
  const start = { workflows: shown, show: "ratio", loss: "squared", generations: 50, at: 10,
    logX: false, logY: true, tolerance: 1.5, values: {} };
  selectModel(start, first);
  return start;
}

function takeLink() {
  const { state: found, refused } = readState(location.hash.slice(1), data, startState());
  state = found;
  $("notice").hidden = !refused.length;
  $("notice").textContent = refused.slice(0, 3).join(" ");
  fillControls();
  show();
}

async function begin() {
  try {
    data = await unpacked("data");
  } catch {
    $("notice").hidden = false;
    $("notice").textContent = "This browser cannot unpack the data of the page: open it in one of 2023 or later.";
    return;
  }
  $("about").textContent = `selfgen ${data.version}. Every curve is a recurrence that the library derived, run in double precision; beside each value stands a bound on its rounding. ` +
    `While this page was made, ${data.checked} recurrences were compared with exact values: none was farther off than ${data.deviation.toExponential(0)}, relative to it. Nothing is sent anywhere.`;
  $("law").replaceChildren(...Object.keys(data.shapes).map((name) => option(name, name)));
  $("model").addEventListener("change", () => { selectModel(state, data.models.find((each) => each.key === $("model").value)); fillControls(); show(); });
  $("loss").addEventListener("change", () => { state.loss = $("loss").value; fillWorkflows(); fillSliders(); show(); });
  for (const id of ["logX", "logY"]) $(id).addEventListener("change", () => { state[id] = $(id).checked; show(); });
  numberField("generations", "generations", 2, MOST_GENERATIONS, true, () => {
    state.at = Math.min(state.at, state.generations);
    $("at").max = state.generations;
    $("at").value = state.at;
  });
  numberField("tolerance", "tolerance", 0.001, 1000, false);
  $("at").addEventListener("input", () => { state.at = Number($("at").value); soon(); });
  $("figure").addEventListener("click", (event) => {
    if (!pointed) return;
    state.at = pointed(event.clientX - $("figure").getBoundingClientRect().left);
    $("at").value = state.at;
    show();
  });
  $("controls").addEventListener("submit", (event) => event.preventDefault());
  $("copy-link").addEventListener("click", copyLink);
  $("save-csv").addEventListener("click", () => save("selfgen.csv", "text/csv", csvText()));
  $("save-png").addEventListener("click", savePng);
  $("save-latex").addEventListener("click", () => save("selfgen.tex", "text/plain", latexText()));
  $("file").addEventListener("change", async () => { const [file] = $("file").files; if (file) { $("paste").value = (await file.slice(0, 4e6).text()); takeLosses($("paste").value); } });
  $("paste").addEventListener("input", () => takeLosses($("paste").value));
  $("example").addEventListener("click", () => { $("paste").value = EXAMPLE; takeLosses(EXAMPLE); });
  $("measured-workflow").addEventListener("change", () => { chooseLaw(); showMeasured(); });
  $("law").addEventListener("change", showMeasured);
  window.addEventListener("hashchange", takeLink);
  window.addEventListener("resize", () => { soon(); showMeasured(); });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { soon(); showMeasured(); });
  takeLink();
  document.documentElement.dataset.ready = "true";
}

begin();
