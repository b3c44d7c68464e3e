// @ts-check
// A page map on a canvas: address scale, zones, frames, legend, and what lies under the pointer.

import { element, watch } from "./dom.js";
import { cellText, mixCells, sharesOf } from "./map_cells.js";

/** @import { MapSpec } from "./types" */

const WIDTH = 1024; // canvas pixels; the page scales the picture down

/** @param {HTMLCanvasElement} canvas */
const penOf = (canvas) => /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));

/** @param {MapSpec} spec @param {HTMLCanvasElement} canvas */
function paintCells(spec, canvas) {
  const small = element("canvas", "", { width: spec.columns, height: spec.rows });
  const pixels = new ImageData(mixCells(spec), spec.columns, spec.rows);
  penOf(small).putImageData(pixels, 0, 0);
  const pen = penOf(canvas);
  pen.imageSmoothingEnabled = false;
  pen.clearRect(0, 0, canvas.width, canvas.height);
  pen.drawImage(small, 0, 0, canvas.width, canvas.height);
}

/** @param {MapSpec} spec @param {HTMLCanvasElement} canvas */
function paintMarks(spec, canvas) {
  const [width, height] = [canvas.width / spec.columns, canvas.height / spec.rows];
  const pen = penOf(canvas);
  if (spec.letters || spec.marked) {
    const size = spec.letters ? 0.42 : 0.8;
    pen.font = `${height * size}px system-ui, sans-serif`;
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    for (let cell = 0; cell < spec.rows * spec.columns; cell++) {
      const shares = sharesOf(spec, cell);
      const state = shares.indexOf(Math.max(...shares));
      const { ink, letter, mark } = spec.looks[state];
      pen.fillStyle = ink;
      const [column, row] = [cell % spec.columns, Math.floor(cell / spec.columns)];
      const sign = spec.letters ? letter : state ? mark : "";
      pen.fillText(sign, (column + 0.5) * width, (row + 0.55) * height);
    }
  }
  // A light line inside a dark one shows on any colour and in any theme.
  for (const [column, row, columns, rows] of spec.frames) {
    const inset = spec.letters ? 3 : -3;
    for (const [line, colour] of /** @type {const} */ ([
      [6, "black"],
      [2.5, "white"],
    ])) {
      pen.lineWidth = line;
      pen.strokeStyle = colour;
      pen.strokeRect(
        column * width + inset,
        row * height + inset,
        columns * width - 2 * inset,
        rows * height - 2 * inset,
      );
    }
  }
}

/** @param {MapSpec} spec */
function legendOf(spec) {
  const legend = element("ul", "", { class: "legend" });
  const ram = spec.totals.slice(1).reduce((a, b) => a + b, 0);
  spec.looks.forEach(({ label, colour, ink, letter, mark }, state) => {
    if (!spec.totals[state]) return;
    // A swatch without a sign would lose its line.
    const swatch = element("i", spec.marked ? (state && mark) || "\u00a0" : letter);
    if (state) swatch.style.background = colour;
    if (state) swatch.style.color = ink;
    swatch.classList.toggle("empty", state === 0);
    const percent = (100 * spec.totals[state]) / ram;
    const share = percent < 0.1 ? "under 0.1" : percent.toFixed(percent < 10 ? 1 : 0);
    const pages = `${spec.totals[state].toLocaleString("en")} pages`;
    const item = element("li", "", { title: pages });
    item.append(swatch, state ? ` ${label} ${share} %` : ` ${label}`);
    legend.append(item);
  });
  return legend;
}

/** @param {string} name @param {[share: number, text: string][]} places */
function edgeLabels(name, places) {
  const labels = element("div", "", { class: name, "aria-hidden": "true" });
  for (const [share, text] of places) {
    const label = element("span", text);
    label.style.top = `${share * 100}%`;
    labels.append(label);
  }
  return labels;
}

/** The cell under the pointer; the nearest, on an edge.
 * @param {MapSpec} spec
 * @param {HTMLCanvasElement} canvas
 * @param {MouseEvent} event */
function cellUnder(spec, canvas, event) {
  const box = canvas.getBoundingClientRect();
  /** @type {(at: number, start: number, size: number, n: number) => number} */
  const part = (at, start, size, n) =>
    Math.min(Math.max(Math.floor(((at - start) / size) * n), 0), n - 1);
  const column = part(event.clientX, box.left, box.width, spec.columns);
  return part(event.clientY, box.top, box.height, spec.rows) * spec.columns + column;
}

/** Height of a map by its width.
 * @param {MapSpec} spec */
const slopeOf = ({ shape, rows, columns }) =>
  ({ cells: (1.25 * rows) / columns, wide: 0.62, zoom: 1 })[shape];

/**
 * The map's element, and what to call when it is no longer shown.
 * @param {MapSpec} spec
 * @param {(name: string, percent: number) => void} pick  called when a place on it is clicked
 */
export function makePageMap(spec, pick) {
  const pane = element("figure", "", { class: `map ${spec.shape}` });
  const canvas = element("canvas", "", {
    width: WIDTH,
    height: Math.round(WIDTH * slopeOf(spec)),
    role: "img",
    "aria-label": `${spec.title}. The table below says the same.`,
  });
  const plot = element("div", "", { class: "plot" });
  plot.append(
    edgeLabels(
      "ticks",
      spec.ticks.map(([row, text]) => [row / spec.rows, text]),
    ),
    canvas,
    edgeLabels(
      "bands",
      spec.bands.map(([top, bottom, name]) => [(top + bottom) / 2 / spec.rows, name]),
    ),
  );
  const hint = `${spec.scale}${spec.picks ? " Click to magnify a place." : ""}`;
  const readout = element("p", hint, { class: "readout" });
  canvas.addEventListener("pointermove", (event) => {
    readout.textContent = cellText(spec, cellUnder(spec, canvas, event));
  });
  canvas.addEventListener("pointerleave", () => {
    readout.textContent = hint;
  });
  if (spec.picks) {
    canvas.classList.add("picks");
    canvas.addEventListener("click", (event) => {
      const pages = spec.totals.reduce((a, b) => a + b);
      const percent = (100 * cellUnder(spec, canvas, event) * spec.pages_per_cell) / pages;
      pick(spec.picks, percent);
    });
  }
  const paint = () => {
    paintCells(spec, canvas);
    paintMarks(spec, canvas);
  };
  paint();
  // A notebook may take the canvas out of the page while scrolled away; it can come back blank.
  let away = false;
  const end = watch(
    IntersectionObserver,
    (observer) => observer.observe(canvas),
    (seen) => {
      const here = Boolean(seen.at(-1)?.isIntersecting);
      if (here && away) paint();
      away = !here;
    },
  );
  pane.append(element("figcaption", spec.title), plot, legendOf(spec), readout);
  return { element: pane, end };
}
