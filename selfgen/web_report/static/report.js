"use strict";
// Rows that hold every word of the filter; a link to a case opens it.
const field = document.getElementById("filter");
const rows = [...document.querySelectorAll("#cases tbody tr")].map((row) => [row, row.textContent.toLowerCase()]);
function narrow() {
  const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
  let count = 0;
  for (const [row, text] of rows) {
    row.hidden = !words.every((word) => text.includes(word));
    count += !row.hidden;
  }
  document.getElementById("shown").textContent = words.length ? `${count} of ${rows.length} cases` : "";
}
function open() {
  const found = /^#case-\d+$/.test(location.hash) && document.getElementById(location.hash.slice(1));
  if (found) { found.open = true; found.scrollIntoView(); }
}
field.addEventListener("input", narrow);
window.addEventListener("hashchange", open);
open();
