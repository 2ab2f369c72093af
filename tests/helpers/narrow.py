"""The built documentation in a browser: what is wider than its window, and what was left raw.

``make docs`` runs it after the build, where Chromium and its driver are there, on what people write and on some of what
is generated: ``python tests/helpers/narrow.py build/docs/html``, with ALL=1 on every page.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from headless import browser_and_driver, chromium, look

#: A phone, and the window of a laptop.
WIDTHS = (400, 1300)

#: What sticks out of the window without a box around it that scrolls, and formulas whose box shows no way to scroll.
MEASURE = r"""
const room = document.documentElement.clientWidth, wide = document.documentElement.scrollWidth, found = [];
if (wide > room + 1) found.push(`the page is ${wide} wide`);
const aside = (element) => element.closest(".sidebar-drawer, .toc-drawer, .visually-hidden") !== null;
const scrolls = (element) => {
  for (let box = element.parentElement; box && box !== document.body; box = box.parentElement) {
    const style = getComputedStyle(box).overflowX, edge = box.getBoundingClientRect();
    if (style === "auto" || style === "scroll") return edge.right <= room + 1;
    if (style === "hidden" || style === "clip") return edge.width < 2 || aside(box);
  }
  return false;
};
const shown = (element) => {
  const edge = element.getBoundingClientRect();
  return edge.width > 1 && edge.height > 1 && edge.left < room && !aside(element);
};
const kinds = ["mjx-container", "table", "pre", "img", "code", "li", "p"].map((kind) => `article ${kind}`);
for (const element of document.querySelectorAll(kinds.join())) {
  const right = element.getBoundingClientRect().right;
  if (right > room + 1 && shown(element) && !scrolls(element))
    found.push(`${element.localName} ends at ${Math.round(right)}: ${element.textContent.trim().slice(0, 60)}`);
}
// A formula in a line that is wider than its line is cut by nothing, and runs into what stands beside it.
for (const formula of document.querySelectorAll("article mjx-container")) {
  const line = formula.closest("p, li, td, dd, div"), free = getComputedStyle(formula).overflowX === "visible";
  const wider = line && formula.getBoundingClientRect().width > line.getBoundingClientRect().width + 1;
  if (wider && free && line.tagName !== "TD")
    found.push(`a formula is wider than its line: ${formula.textContent.trim().slice(0, 40)}`);
}
// A command that MathJax does not know stands in its formula as it is.
for (const formula of document.querySelectorAll("article mjx-container")) {
  const unknown = formula.textContent.match(/\\[A-Za-z]{2,}/);
  if (unknown || formula.querySelector("mjx-merror, merror")) found.push(`a formula shows ${unknown ?? "an error"}`);
}
const prose = document.querySelector("article")?.cloneNode(true);
if (prose) {
  const set = "pre, code, script, style, mjx-container, .cell_output, svg, .sig, dt strong, .genindextable";
  prose.querySelectorAll(set).forEach((each) => each.remove());
  const raw = /(?<![\p{L}\d_.])\p{L}_(?:[a-z0-9]|\{[^}]*\})(?![\w(=])|\\(?:frac|sum|le|ge|rho|pi)\b/gu;
  for (const left of prose.textContent.match(raw) ?? []) found.push(`raw ${left}`);
}
return [...new Set(found)].slice(0, 8);
"""


def pages(root: Path) -> list[Path]:
    """Every page but the explorer, which has tests of its own; of single objects every eighth, or with ALL=1 all."""
    found = sorted(path for path in root.rglob("*.html") if path.name != "explorer.html")
    objects = [path for path in found if path.parent.name == "stubs"]
    left_out = set() if os.environ.get("ALL") else set(objects) - set(objects[::8])
    return [path for path in found if path not in left_out]


def complaints(driver: Any, page: Path) -> Iterator[str]:
    """What is wrong with one page, a line each."""
    driver.get(page.as_uri())
    driver.set_script_timeout(60)
    driver.execute_async_script(
        "const done = arguments[0];"
        "const ready = () => window.MathJax?.startup?.promise ? MathJax.startup.promise.then(() => done()) : done();"
        "document.readyState === 'complete' ? ready() : addEventListener('load', ready);"
    )
    for width in WIDTHS:
        look(driver, width, 900)
        driver.execute_async_script("requestAnimationFrame(() => requestAnimationFrame(arguments[0]))")
        # Docstrings are written for a terminal too, where an index stands behind its letter.
        for found in driver.execute_script(MEASURE):
            if "reference" not in page.parts or not found.startswith("raw"):
                yield f"{width} pixels: {found}"


def main(root: Path) -> int:
    """Print what is wrong, a line each; 1 if anything is."""
    if browser_and_driver() is None:
        print("no Chromium with its driver here: the width of pages is not measured")
        return 0
    wrong = 0
    listed = pages(root)
    with tempfile.TemporaryDirectory() as profile, chromium(Path(profile)) as driver:
        for page in listed:
            for line in complaints(driver, page):
                wrong += 1
                print(f"{page.relative_to(root)}: {line}", flush=True)
    print(f"{len(listed)} pages at {' and '.join(map(str, WIDTHS))} pixels: {wrong or 'no'} complaints")
    return min(wrong, 1)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve()))
