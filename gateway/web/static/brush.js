/* A stretch of time chosen by drawing over the bars; a click on one bar is a link and needs none of this. */
(() => {
  "use strict";
  const NS = "http://www.w3.org/2000/svg";
  let drawn = null;
  const at = (svg, event) => {
    const box = svg.getBoundingClientRect();
    return Math.min(1000, Math.max(0, ((event.clientX - box.left) / box.width) * 1000));
  };
  const drop = () => { drawn?.mark.remove(); drawn = null; };
  document.addEventListener("pointerdown", (event) => {
    const svg = event.target.closest?.("svg[data-brush]");
    if (!svg || event.button) return;
    const mark = document.createElementNS(NS, "rect");
    mark.setAttribute("class", "brush");
    mark.setAttribute("y", "0");
    mark.setAttribute("height", "44");
    drawn = { svg, mark, from: at(svg, event), to: 0, far: false };
  });
  document.addEventListener("pointermove", (event) => {
    if (!drawn) return;
    drawn.to = at(drawn.svg, event);
    if (!drawn.far && Math.abs(drawn.to - drawn.from) < 8) return;
    drawn.far = true;
    drawn.svg.append(drawn.mark);
    drawn.mark.setAttribute("x", Math.min(drawn.from, drawn.to));
    drawn.mark.setAttribute("width", Math.abs(drawn.to - drawn.from));
  });
  document.addEventListener("pointerup", () => {
    if (!drawn) return;
    const { svg, from, to, far } = drawn;
    drop();
    if (!far) return;
    document.addEventListener("click", (event) => { event.preventDefault(); event.stopPropagation(); }, { capture: true, once: true });
    const [low, high] = [Math.min(from, to), Math.max(from, to)];
    const bars = [...svg.querySelectorAll("a[data-since]")].filter(
      (bar) => Number(bar.dataset.x) < high && Number(bar.dataset.x) + Number(bar.dataset.width) > low,
    );
    if (!bars.length) return;
    const time = `after:${bars[0].dataset.since} before:${bars.at(-1).dataset.until}`;
    location.assign(svg.dataset.brush + encodeURIComponent(`${svg.dataset.text} ${time}`.trim()));
  });
  document.addEventListener("pointercancel", drop);
  document.addEventListener("dragstart", (event) => { if (event.target.closest?.("svg[data-brush]")) event.preventDefault(); });
})();
