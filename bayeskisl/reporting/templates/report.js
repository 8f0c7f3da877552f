"use strict";
// Figures are pictures until the page is at rest; then each becomes what the reader can read off and magnify.
(() => {
  const smallest = 0.62, telephone = 700;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const figures = [...document.querySelectorAll("figure")].map(figure => ({
    figure, plot: figure.querySelector(".plot"), button: figure.querySelector(".controls button"),
  }));
  let library;

  const inflate = packed => {
    const bytes = Uint8Array.from(atob(packed), symbol => symbol.charCodeAt(0));
    return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
  };
  const load = () => library ??= inflate(document.getElementById("library").textContent).then(source => {
    const script = document.createElement("script");
    script.textContent = source;
    document.head.append(script);
  });

  // Panels are fractions of the figure; words shrink with it.
  const shrink = (node, by) => {
    if (node === null || typeof node !== "object") return;
    if (node.font?.size) node.font.size *= by;
    Object.values(node).forEach(inner => shrink(inner, by));
  };
  const draw = async one => {
    one.specs ??= JSON.parse(await inflate(one.plot.dataset.packed));
    await load();
    const { data, layout } = JSON.parse(one.specs[dark.matches ? 1 : 0]);
    const by = Math.min(Math.max(one.figure.clientWidth / layout.width, smallest), 1.25);
    shrink(layout, Math.min(by, 1));
    layout.width *= by;
    layout.height *= by;
    one.figure.classList.add("drawn");
    await Plotly.react(one.plot, data, layout, { displaylogo: false, modeBarButtonsToRemove: ["select2d", "lasso2d"] });
    say(one);
  };
  const say = one => {
    one.button.textContent = one.figure.classList.contains("drawn") ? "Show as a picture" : "Zoom and read values";
  };
  const all = () => Promise.all(figures.map(draw));
  const redraw = () => figures.filter(one => one.figure.classList.contains("drawn")).forEach(draw);

  if (!("DecompressionStream" in window)) return;
  for (const one of figures) {
    one.figure.classList.add("live");
    say(one);
    one.button.addEventListener("click", () => {
      if (one.figure.classList.toggle("drawn")) draw(one);
      say(one);
    });
  }
  dark.addEventListener("change", redraw);
  let resting;
  window.addEventListener("resize", () => { clearTimeout(resting); resting = setTimeout(redraw, 200); });
  if (window.innerWidth >= telephone) {
    window.addEventListener("load", () => (window.requestIdleCallback ?? setTimeout)(all));
  }
})();
