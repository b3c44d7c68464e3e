// A page map on a canvas: address scale, zones, frames, legend, and what lies under the pointer.

const MAP = {
  litWeight: 8, // as in page_map.py
  width: 1024, // canvas pixels; the page scales the picture down
};

function colourOf(text) {
  return [1, 3, 5].map((at) => parseInt(text.slice(at, at + 2), 16));
}

// Return the colour of a letter that can be read on another colour.
function inkOn(text) {
  const [red, green, blue] = colourOf(text);
  return 0.299 * red + 0.587 * green + 0.114 * blue < 110 ? "#fff" : "#000";
}

function sharesOf(spec, cell) {
  const cells = spec.rows * spec.columns;
  return spec.looks.map((_, state) => spec.shares.getUint8(state * cells + cell) / 255);
}

function paintCells(spec, canvas) {
  const small = document.createElement("canvas");
  [small.width, small.height] = [spec.columns, spec.rows];
  const context = small.getContext("2d");
  const image = context.createImageData(spec.columns, spec.rows);
  const cells = spec.rows * spec.columns;
  const mixed = new Float32Array(cells * 4); // red, green, blue, and the sum of shares
  // State 0, no RAM, stays empty: the page shows through.
  for (let state = 1; state < spec.looks.length; state++) {
    const colour = colourOf(spec.looks[state][1]);
    const least = spec.lit.includes(state) ? MAP.litWeight * 255 : 0;
    for (let cell = 0; cell < cells; cell++) {
      const share = spec.shares.getUint8(state * cells + cell);
      if (!share) continue;
      const weight = Math.max(share, least);
      for (let part = 0; part < 3; part++) mixed[cell * 4 + part] += weight * colour[part];
      mixed[cell * 4 + 3] += weight;
    }
  }
  for (let at = 0; at < cells * 4; at += 4) {
    const sum = mixed[at + 3];
    for (let part = 0; part < 3; part++) image.data[at + part] = mixed[at + part] / sum;
    image.data[at + 3] = sum;
  }
  context.putImageData(image, 0, 0);
  const target = canvas.getContext("2d");
  target.imageSmoothingEnabled = false;
  target.clearRect(0, 0, canvas.width, canvas.height);
  target.drawImage(small, 0, 0, canvas.width, canvas.height);
}

function paintMarks(spec, canvas) {
  const [width, height] = [canvas.width / spec.columns, canvas.height / spec.rows];
  const context = canvas.getContext("2d");
  if (spec.letters || spec.marks.length) {
    const size = spec.letters ? 0.42 : 0.8;
    context.font = `${height * size}px system-ui, sans-serif`;
    context.textAlign = "center";
    context.textBaseline = "middle";
    for (let cell = 0; cell < spec.rows * spec.columns; cell++) {
      const shares = sharesOf(spec, cell);
      const state = shares.indexOf(Math.max(...shares));
      context.fillStyle = inkOn(spec.looks[state][1]);
      const [column, row] = [cell % spec.columns, Math.floor(cell / spec.columns)];
      const sign = spec.letters ? spec.looks[state][2] : state ? spec.marks[state] : "";
      context.fillText(sign, (column + 0.5) * width, (row + 0.55) * height);
    }
  }
  // A light line inside a dark one shows on any colour and in any theme.
  for (const [column, row, columns, rows] of spec.frames) {
    const inset = spec.letters ? 3 : -3;
    const box = [
      column * width + inset,
      row * height + inset,
      columns * width - 2 * inset,
      rows * height - 2 * inset,
    ];
    for (const [line, colour] of [[6, "#000"], [2.5, "#fff"]]) {
      context.lineWidth = line;
      context.strokeStyle = colour;
      context.strokeRect(...box);
    }
  }
}

function cellText(spec, cell) {
  const first = spec.first_pfn + cell * spec.pages_per_cell;
  const last = first + spec.pages_per_cell - 1;
  const pfns = spec.pages_per_cell === 1 ? first.toLocaleString("en") :
    `${first.toLocaleString("en")} to ${last.toLocaleString("en")}`;
  const shares = sharesOf(spec, cell);
  const parts = spec.looks.flatMap(([label], state) => {
    const percent = Math.round(shares[state] * 100);
    if (!shares[state]) return [];
    return [spec.pages_per_cell === 1 ? label : `${label} ${percent || "under 1"} %`];
  });
  const address = "0x" + (first * spec.page_bytes).toString(16);
  return `PFN ${pfns}, address ${address}: ${parts.join(", ")}`;
}

function legendOf(spec) {
  const legend = document.createElement("ul");
  legend.className = "legend";
  const ram = spec.totals.slice(1).reduce((a, b) => a + b, 0);
  spec.looks.forEach(([label, colour, letter], state) => {
    if (!spec.totals[state]) return;
    const item = document.createElement("li");
    const swatch = document.createElement("i");
    // A swatch without a sign would lose its line.
    swatch.textContent = spec.marks.length ? (state && spec.marks[state]) || "\u00a0" : letter;
    if (state) swatch.style.background = colour;
    if (state) swatch.style.color = inkOn(colour);
    swatch.classList.toggle("empty", state === 0);
    const percent = (100 * spec.totals[state]) / ram;
    const share = percent < 0.1 ? "under 0.1" : percent.toFixed(percent < 10 ? 1 : 0);
    item.append(swatch, state ? ` ${label} ${share} %` : ` ${label}`);
    item.title = `${spec.totals[state].toLocaleString("en")} pages`;
    legend.append(item);
  });
  return legend;
}

function edgeLabels(className, places) {
  const labels = document.createElement("div");
  labels.className = className;
  labels.setAttribute("aria-hidden", "true");
  for (const [share, text] of places) {
    const label = document.createElement("span");
    label.style.top = `${share * 100}%`;
    label.textContent = text;
    labels.append(label);
  }
  return labels;
}

// Return the map's element; `pick(name, percent)` is called when a place on it is clicked.
function pageMap(spec, pick) {
  const pane = document.createElement("figure");
  pane.className = `map ${spec.columns > 32 ? "wide" : spec.letters ? "cells" : "zoom"}`;
  const title = document.createElement("figcaption");
  title.textContent = spec.title;
  const canvas = document.createElement("canvas");
  canvas.width = MAP.width;
  const shape = spec.letters ? (1.25 * spec.rows) / spec.columns : spec.columns > 32 ? 0.62 : 1;
  canvas.height = Math.round(MAP.width * shape);
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", `${spec.title}. The table below says the same.`);
  const plot = document.createElement("div");
  plot.className = "plot";
  plot.append(
    edgeLabels("ticks", spec.ticks.map(([row, text]) => [row / spec.rows, text])),
    canvas,
    edgeLabels(
      "bands",
      spec.bands.map(([top, bottom, name]) => [(top + bottom) / 2 / spec.rows, name]),
    ),
  );
  const hint = `${spec.scale}${spec.picks ? " Click to magnify a place." : ""}`;
  const readout = document.createElement("p");
  readout.className = "readout";
  readout.textContent = hint;
  const cellAt = (event) => {
    const box = canvas.getBoundingClientRect();
    const part = (at, start, size, n) =>
      Math.min(Math.max(Math.floor(((at - start) / size) * n), 0), n - 1);
    const column = part(event.clientX, box.left, box.width, spec.columns);
    return part(event.clientY, box.top, box.height, spec.rows) * spec.columns + column;
  };
  canvas.addEventListener("pointermove", (event) => {
    readout.textContent = cellText(spec, cellAt(event));
  });
  canvas.addEventListener("pointerleave", () => {
    readout.textContent = hint;
  });
  if (spec.picks) {
    canvas.classList.add("picks");
    canvas.addEventListener("click", (event) => {
      const pages = spec.totals.reduce((a, b) => a + b);
      pick(spec.picks, (100 * cellAt(event) * spec.pages_per_cell) / pages);
    });
  }
  const paint = () => {
    paintCells(spec, canvas);
    paintMarks(spec, canvas);
  };
  paint();
  // A notebook may take the canvas out of the page while scrolled away; it can come back blank.
  let away = false;
  new IntersectionObserver((seen) => {
    const here = seen.at(-1).isIntersecting;
    if (here && away) paint();
    away = !here;
  }).observe(canvas);
  pane.append(title, plot, legendOf(spec), readout);
  return pane;
}
