"use strict";
// A formula inside a line that is wider than the line gets a box that scrolls; all others stay in their line.
(() => {
  const fit = () => {
    const formulas = [...document.querySelectorAll("article mjx-container:not([display='true'])")];
    formulas.forEach((formula) => formula.classList.remove("wide"));
    const widths = formulas.map((formula) => {
      const line = formula.closest("p, li, td, dd, dt, div");
      return line && line.tagName !== "TD" && formula.getBoundingClientRect().width > line.clientWidth;
    });
    formulas.forEach((formula, place) => formula.classList.toggle("wide", widths[place]));
  };
  addEventListener("load", () => {
    const ready = window.MathJax?.startup?.promise ?? Promise.resolve();
    ready.then(fit);
    let waiting = 0;
    addEventListener("resize", () => { cancelAnimationFrame(waiting); waiting = requestAnimationFrame(fit); });
  });
})();
