// (2b) What all panes share: a frame, a grid on a canvas, a list that builds only rows in view.
//
// A pane is {element, body, size(width, height), draw(state, lit, follow), count(), piece(i),
// pointed(event), reveal(i), stride()}. A piece is {base, pages, label} in guest pages; lit is the
// ranges of pages to light (makeLit); with `follow` the pane scrolls to the first.

const ROW = 20; // CSS pixels of a list row

const escapeText = (text) => String(text).replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);

/** Scrolls `scroller` (never the page) until the stretch from top to bottom is in view. */
function scrollTo(scroller, top, bottom) {
  if (top < scroller.scrollTop) scroller.scrollTop = top;
  else if (bottom > scroller.scrollTop + scroller.clientHeight)
    scroller.scrollTop = bottom - scroller.clientHeight;
}

function makeFrame(id, title, term, looks = []) {
  const element = document.createElement("section");
  element.className = "bk-pane";
  element.dataset.pane = id;
  const legend = looks
    .map((look) => {
      const dot = look.dot ? " bk-dotted" : "";
      const style = look.colour ? `style="background:${look.colour};color:${readable(look.colour)}"` : "";
      return `<span><i class="bk-swatch${dot}" ${style}>${look.letter}</i>${look.label}</span>`;
    })
    .join("");
  element.innerHTML = `<div class="bk-head"><h4>${title}</h4><p class="bk-fact"></p></div>
    <p class="bk-term">${term}</p>
    <div class="bk-body" tabindex="0" role="application"
      aria-label="${title}: up and down arrow keys move from piece to piece"></div>
    ${legend && `<p class="bk-legend">${legend}</p>`}`;
  return {
    element,
    body: element.querySelector(".bk-body"),
    fact: element.querySelector(".bk-fact"), // a few words on the state, beside the title
    size() {},
    draw() {},
    count: () => 0,
    stride: () => 1,
    reveal() {},
    pointed: (event) => {
      const at = event.target.closest("[data-i]");
      return at ? Number(at.dataset.i) : null;
    },
  };
}

/** bandsOf(state) gives the same array as long as the bands stay where they are. */
function makeGridPane(frame, looks, { bandsOf, values, cells, piece }) {
  const grid = makeGrid(looks);
  let size = null, laid = null, count = 0;
  frame.body.append(grid.canvas);
  return {
    ...frame,
    size(...newSize) {
      [size, laid] = [newSize, null];
    },
    draw(state, lit, follow) {
      if (!size) return;
      const bands = bandsOf(state), shown = values(state);
      if (bands !== laid) {
        grid.layout((laid = bands), ...size);
        frame.element.classList.toggle("bk-small", grid.small());
      }
      count = shown.length;
      const outlined = lit.ranges.flatMap(([base, pages]) => cells(base, pages, state));
      grid.draw(shown, outlined);
      if (follow && outlined.length) this.reveal(outlined[0][0]);
    },
    count: () => count,
    piece,
    stride: () => grid.columns(),
    pointed: (event) => (event.target === grid.canvas ? grid.at(event) : null),
    reveal: (i) => scrollTo(frame.body, grid.topOf(i) - ROW, grid.topOf(i) + 2 * ROW),
  };
}

function makeListPane(frame, { rowsOf, rowHtml, pieceOf, drawn = () => {} }) {
  const scroller = document.createElement("div"), inner = document.createElement("div");
  scroller.className = "bk-scroll";
  inner.className = "bk-rows";
  scroller.append(inner);
  frame.body.append(scroller);
  // What scrolls takes the focus, or the keyboard would not scroll it.
  for (const name of ["tabindex", "role", "aria-label"]) {
    scroller.setAttribute(name, frame.body.getAttribute(name));
    frame.body.removeAttribute(name);
  }
  let rows = [], lit = { touches: () => false };
  function build() {
    const from = Math.max(0, Math.floor(scroller.scrollTop / ROW) - 1);
    const to = Math.min(rows.length, from + Math.ceil(scroller.clientHeight / ROW) + 3);
    let html = "";
    for (let i = from; i < to; i++) {
      const on = lit.touches(pieceOf(rows, i)) ? " bk-lit" : "";
      html += `<div class="bk-row${on}" data-i="${i}" style="top:${i * ROW}px">`
        + `${rowHtml(rows, i)}</div>`;
    }
    inner.innerHTML = html;
  }
  scroller.addEventListener("scroll", build);
  return {
    ...frame,
    body: scroller,
    size() {
      scroller.style.maxHeight = ""; // whole rows only
      scroller.style.maxHeight = Math.floor(scroller.clientHeight / ROW) * ROW + "px";
    },
    draw(state, newLit, follow) {
      [rows, lit] = [rowsOf(state), newLit];
      inner.style.height = rows.length * ROW + "px";
      const on = (_, i) => lit.touches(pieceOf(rows, i));
      const first = rows.findIndex(on);
      drawn(state, rows, first);
      if (follow && first >= 0) {
        this.reveal(rows.findLastIndex(on));
        this.reveal(first);
      } else if (follow && !lit.ranges.length) this.reveal(rows.length - 1);
      build();
    },
    count: () => rows.length,
    piece: (i) => pieceOf(rows, i),
    reveal: (i) => scrollTo(scroller, i * ROW, (i + 2) * ROW),
  };
}

/** The pane with a line on its state above it. */
function withFact(pane, factOf) {
  const { draw } = pane;
  return Object.assign(pane, {
    draw(state, lit, follow) {
      [pane.fact.textContent, pane.fact.title = ""] = factOf(state);
      draw.call(pane, state, lit, follow);
    },
  });
}
