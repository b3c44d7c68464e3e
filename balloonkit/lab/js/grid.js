// (2a) Grid: one cell per page or bit on a canvas, in bands (zones, bitmaps, regions).

const LETTER_FROM = 11; // CSS pixels a cell needs before a letter fits in it
const DIGIT = 6.2; // CSS pixels of a digit on the axis
const WIDEST_CELL = 32, MARGIN = 36, ABOVE = 14, LABEL = 17, BELOW = 5; // CSS pixels

function readable(hex) {
  const [r, g, b] = [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
  return r * 0.299 + g * 0.587 + b * 0.114 > 100 ? "#000" : "#fff";
}

/** A grid; looks are [{letter, colour, dot}] by cell value. */
function makeGrid(looks) {
  const canvas = document.createElement("canvas");
  const pen = canvas.getContext("2d");
  let bands = [], columns = 1, cell = 0, labelled = true, ratio = 1, margin = 0;
  const px = (css) => Math.round(css * ratio);

  /** bands: [{start, count, label, first}]; cells from `start`, which the reader counts from `first`. */
  function layout(newBands, width, height) {
    bands = newBands;
    const total = bands.reduce((sum, band) => sum + band.count, 0);
    ratio = window.devicePixelRatio || 1;
    const numbers = bands.map(({ first, count }) => String(first + count).length);
    margin = px(Math.max(MARGIN, Math.ceil(Math.max(0, ...numbers) * DIGIT) + 8));
    const room = px(width) - margin - 2;
    labelled = bands.length * LABEL < height / 2; // else the axis names the bands
    const between = (labelled ? LABEL : 0) + BELOW;
    const rowsOf = (band, across) => Math.ceil(((band.start % across) + band.count) / across);
    cell = 0;
    for (let across = 8; across === 8 || (across <= room && across < 2 * total); across *= 2) {
      const rows = bands.reduce((sum, band) => sum + rowsOf(band, across), 0);
      const wide = Math.max(1, Math.floor(room / across));
      const tall = Math.floor(px(height - ABOVE - bands.length * between) / rows);
      const fits = Math.min(px(WIDEST_CELL), wide, Math.max(px(3), tall)); // lower than 3: scroll
      if (fits >= cell) [cell, columns] = [fits, across];
    }
    for (const band of bands) {
      band.lead = band.start % columns;
      band.rows = rowsOf(band, columns);
    }
    let y = px(ABOVE);
    for (const band of bands) {
      band.top = y += labelled ? px(LABEL) : 0;
      y += band.rows * cell + px(BELOW);
    }
    canvas.width = Math.max(px(width), margin + columns * cell + 2); // a label may be longer
    canvas.height = y;
    canvas.style.width = canvas.width / ratio + "px";
    canvas.style.height = canvas.height / ratio + "px";
  }

  const where = (band, index) => {
    const at = index - band.start + band.lead;
    return [margin + (at % columns) * cell, band.top + Math.floor(at / columns) * cell];
  };

  function draw(values, lit) {
    if (!cell) return; // no layout yet: nobody sees it
    const style = getComputedStyle(canvas);
    const ink = style.getPropertyValue("--bk-ink"), quiet = style.getPropertyValue("--bk-quiet");
    const paper = style.getPropertyValue("--bk-paper"), empty = style.getPropertyValue("--bk-empty");
    const mono = style.getPropertyValue("--bk-mono");
    const letters = cell >= px(LETTER_FROM), dots = !letters && cell >= px(3);
    pen.clearRect(0, 0, canvas.width, canvas.height);
    pen.textBaseline = "middle";
    pen.font = `${px(10)}px ${mono}`;
    pen.fillStyle = quiet;
    pen.textAlign = "left";
    for (let c = 0; c < columns; c += columns / 4)
      pen.fillText("+" + c, margin + c * cell, px(7));
    let free = 0; // below this an axis label has room
    for (const band of bands) {
      const end = band.start + band.count;
      if (labelled) {
        pen.fillStyle = ink;
        pen.textAlign = "left";
        pen.fillText(band.label, margin, band.top - px(8));
      }
      for (let i = band.start; i < end; ) { // runs of one value, row by row
        const rowEnd = i + columns - ((i - band.start + band.lead) % columns);
        let j = i + 1;
        while (j < rowEnd && j < end && values[j] === values[i]) j++;
        const [x, y] = where(band, i);
        pen.fillStyle = looks[values[i]].colour ?? empty;
        pen.fillRect(x, y, (j - i) * cell, cell);
        if (looks[values[i]].dot && dots) {
          const size = Math.max(1, Math.round(cell / 3)), off = Math.floor((cell - size) / 2);
          pen.fillStyle = "#000";
          for (let k = 0; k < j - i; k++) pen.fillRect(x + k * cell + off, y + off, size, size);
        }
        i = j;
      }
      if (cell >= px(6)) { // gaps, where they leave enough of a cell
        pen.fillStyle = paper;
        for (let c = 0; c <= columns; c++)
          pen.fillRect(margin + c * cell, band.top, 1, band.rows * cell);
        for (let r = 0; r <= band.rows; r++)
          pen.fillRect(margin, band.top + r * cell, columns * cell, 1);
      }
      pen.textAlign = "right"; // the axis: number of each row's first cell, or of the band
      pen.fillStyle = quiet;
      for (let r = 0; r < band.rows; r++) {
        const y = band.top + (r + 0.5) * cell;
        if (y < free) continue;
        const first = Math.max(0, r * columns - band.lead) + band.first;
        pen.fillText(labelled ? first : band.short, margin - px(5), y);
        free = y + px(12);
      }
      if (letters) {
        pen.textAlign = "center";
        pen.font = `${Math.min(px(13), Math.round(cell * 0.7))}px ${mono}`;
        for (let i = band.start; i < end; i++) {
          const [x, y] = where(band, i), look = looks[values[i]];
          pen.fillStyle = look.colour ? readable(look.colour) : quiet;
          pen.fillText(look.letter, x + cell / 2, y + cell / 2 + 1);
        }
        pen.font = `${px(10)}px ${mono}`;
      }
    }
    if (lit.length > 64 && !letters) outline(lit, ink, 1); // thicker would hide what is between
    else {
      outline(lit, paper, px(3));
      outline(lit, ink, px(2));
    }
  }

  // Around the lit cells; drawn twice, a wide line of paper below one of ink, to show anywhere.
  function outline(lit, colour, out) {
    pen.fillStyle = colour;
    for (const [base, length] of lit)
      for (const band of bands) {
        const from = Math.max(base, band.start);
        const to = Math.min(base + length, band.start + band.count);
        for (let i = from; i < to; i++) {
          const [x, y] = where(band, i), column = (i - band.start + band.lead) % columns;
          const side = (dx, dy, w, h) => pen.fillRect(x + dx, y + dy, w, h);
          if (i === from || column === 0) side(-out, -out, out, cell + 2 * out);
          if (i === to - 1 || column === columns - 1) side(cell, -out, out, cell + 2 * out);
          if (i - columns < from) side(-out, -out, cell + 2 * out, out);
          if (i + columns >= to) side(-out, cell, cell + 2 * out, out);
        }
      }
  }

  return {
    canvas,
    layout,
    draw,
    columns: () => columns,
    small: () => cell < px(LETTER_FROM),
    /** The cell under a pointer event, or null. */
    at(event) {
      const box = canvas.getBoundingClientRect();
      const x = (event.clientX - box.left) * ratio - margin, y = (event.clientY - box.top) * ratio;
      const column = Math.floor(x / cell);
      if (column < 0 || column >= columns) return null;
      for (const band of bands) {
        const index = band.start - band.lead + Math.floor((y - band.top) / cell) * columns + column;
        if (y >= band.top && index >= band.start && index < band.start + band.count) return index;
      }
      return null;
    },
    /** Where a cell is, in CSS pixels from the canvas's top. */
    topOf(index) {
      const band = bands.find((b) => index >= b.start && index < b.start + b.count);
      return band ? where(band, index)[1] / ratio : 0;
    },
  };
}
