"use strict";
// The table of what is derived gets a frame of its own, with its head always in sight, and a filter of its rows.
document.addEventListener("DOMContentLoaded", () => {
  const table = [...document.querySelectorAll("#what-is-derived table")].find((each) => each.querySelectorAll("thead th").length > 8);
  if (!table) return;
  const frame = document.createElement("div");
  frame.className = "coverage";
  frame.tabIndex = 0;
  frame.setAttribute("role", "region");
  frame.setAttribute("aria-label", "What is derived, by model, loss and workflow");
  const outer = table.closest(".table-wrapper") ?? table;
  outer.replaceWith(frame);
  frame.append(table);
  const bar = document.createElement("div"), label = document.createElement("label"), field = document.createElement("input");
  const said = document.createElement("span");
  bar.className = "coverage-filter";
  label.textContent = "Filter ";
  field.type = "search";
  field.placeholder = "gaussian kl";
  said.setAttribute("role", "status");
  label.append(field);
  bar.append(label, said);
  frame.before(bar);
  const rows = [...table.tBodies[0].rows];
  field.addEventListener("input", () => {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of rows) {
      const text = `${row.cells[0].textContent} ${row.cells[1].textContent}`.toLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
      shown += !row.hidden;
    }
    said.textContent = words.length ? `${shown} of ${rows.length} rows` : "";
  });
});
