// (2b) Panes: each shows one part of a state and knows which guest pages a piece of it stands for.
//
// A pane is {element, size(width), update(state), light(range), count(), piece(i), stride()}; a
// piece is {base, pages, label} in guest pages. light() gets the lit range [base, pages] or null.

const ROW = 20; // CSS pixels of a list row

const escapeText = (text) =>
  String(text).replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);

const overlaps = (base, pages, lit) =>
  lit !== null && base < lit[0] + lit[1] && lit[0] < base + pages;

const pfns = (base, pages) => (pages === 1 ? `PFN ${base}` : `PFN ${base}\u2013${base + pages - 1}`);

function makeFrame(id, title, term, looks = []) {
  const element = document.createElement("section");
  element.className = "bk-pane";
  element.dataset.pane = id;
  const legend = looks
    .map((look) => {
      const dot = look.hatch ? " bk-dotted" : "";
      const style = look.colour ? `style="background:${look.colour}"` : "";
      return `<span><i class="bk-swatch${dot}" ${style}>${look.letter}</i>${look.name}</span>`;
    })
    .join("");
  element.innerHTML = `<h4>${title}</h4><p class="bk-term">${term}</p>
    <div class="bk-body" tabindex="0" role="application" aria-label="${title}: up and down arrow keys
    move from piece to piece"></div>${legend ? `<p class="bk-legend">${legend}</p>` : ""}`;
  return { element, body: element.querySelector(".bk-body") };
}

function makeGridPane(frame, grid, { values, pieceOf, litCells, count }) {
  let state = null, lit = null;
  frame.body.append(grid.canvas);
  const draw = () => state && grid.draw(values(state), lit ? litCells(lit) : []);
  return {
    ...frame,
    size(width, height) {
      grid.layout(width, height);
      frame.element.classList.toggle("bk-small", grid.small());
      draw();
    },
    update(newState, newLit) {
      [state, lit] = [newState, newLit];
      draw();
    },
    light(newLit) {
      lit = newLit;
      draw();
    },
    count: () => count,
    piece: (i) => pieceOf(i, state),
    stride: () => grid.columns(),
    pointed: (event) => (event.target === grid.canvas ? grid.at(event) : null),
    show(i) {
      const top = grid.topOf(i), body = frame.body;
      if (top < body.scrollTop || top > body.scrollTop + body.clientHeight - 20)
        body.scrollTop = top - body.clientHeight / 2;
    },
  };
}

/** A long list that builds only the rows in view. row(i) gives their HTML, piece(i) their pages. */
function makeListPane(frame, { row, piece, rowsOf, firstLit }) {
  const scroller = document.createElement("div"), inner = document.createElement("div");
  scroller.className = "bk-scroll";
  inner.className = "bk-rows";
  scroller.append(inner);
  frame.body.append(scroller);
  let rows = [], lit = null;
  function draw() {
    const from = Math.max(0, Math.floor(scroller.scrollTop / ROW) - 2);
    const to = Math.min(rows.length, from + Math.ceil((scroller.clientHeight || 240) / ROW) + 4);
    let html = "";
    for (let i = from; i < to; i++) {
      const { base, pages } = piece(rows, i), on = overlaps(base, pages, lit) ? " bk-lit" : "";
      html += `<div class="bk-row${on}" data-i="${i}" style="top:${i * ROW}px">${row(rows, i)}</div>`;
    }
    inner.innerHTML = html;
  }
  function show(i) {
    const top = i * ROW, view = scroller.clientHeight;
    if (top < scroller.scrollTop) scroller.scrollTop = top;
    else if (top + 2 * ROW > scroller.scrollTop + view) scroller.scrollTop = top + 2 * ROW - view;
  }
  scroller.addEventListener("scroll", draw);
  return {
    ...frame,
    scroller,
    size: draw,
    update(state, newLit) {
      [rows, lit] = [rowsOf(state), newLit];
      inner.style.height = rows.length * ROW + "px";
      const first = firstLit(rows, lit);
      if (first >= 0) show(first);
      draw();
    },
    light(newLit, mine) {
      lit = newLit;
      const first = mine ? -1 : firstLit(rows, lit);
      if (first >= 0) show(first);
      draw();
    },
    count: () => rows.length,
    piece: (i) => piece(rows, i),
    stride: () => 1,
    pointed: (event) => {
      const at = event.target.closest("[data-i]");
      return at ? Number(at.dataset.i) : null;
    },
    show,
  };
}

function makeFreeListPane(trace, palette) {
  const frame = makeFrame("lists", "Free lists", "Free blocks of 2<sup>order</sup> pages by order,"
    + " head of the list first.", [{ ...palette.pages[2], name: "free block, by its first PFN" }]);
  const blank = () => trace.zones.map(() => []);
  const seen = blank(); // orders that ever hold a block; others would be rows of nothing
  trace.initial.lists.forEach((zone, z) => zone.forEach((b, o) => b.length && (seen[z][o] = true)));
  for (const step of trace.steps)
    for (const [how, z, o] of step.lists ?? []) if (how !== "-") seen[z][o] = true;
  const digits = String(trace.span).length;
  let fit = 4, state = null, lit = null, pieces = [];
  function draw() {
    if (!state) return;
    pieces = [];
    let html = "";
    trace.zones.forEach(([zone, first, end], z) => {
      html += `<h5>${escapeText(zone)} <span>PFN ${first}\u2013${end - 1}</span></h5>`;
      for (let order = 10; order >= 0; order--) {
        if (!seen[z][order]) continue;
        const blocks = state.lists[z][order], pages = 2 ** order;
        const shown = blocks.length > fit ? fit - 1 : blocks.length;
        html += `<div class="bk-order"><span title="${pages} pages">order ${order}</span>`
          + `<b>${blocks.length}</b>`;
        blocks.slice(0, shown).forEach((base) => {
          const on = overlaps(base, pages, lit) ? " bk-lit" : "";
          html += `<i class="bk-block${on}" data-i="${pieces.length}">${base}</i>`;
          const label = `free block of order ${order} in ${zone}`;
          pieces.push({ base, pages, label });
        });
        if (shown < blocks.length) {
          const rest = blocks.slice(shown);
          const on = rest.some((base) => overlaps(base, pages, lit)) ? " bk-lit" : "";
          html += `<i class="bk-more${on}" title="${rest.slice(0, 60).join(" ")}">+${rest.length}</i>`;
        }
        html += "</div>";
      }
    });
    frame.body.innerHTML = html;
  }
  return {
    ...frame,
    size(width) {
      fit = Math.max(2, Math.floor((width - 92) / (digits * 7 + 15)));
      draw();
    },
    update(newState, newLit) {
      [state, lit] = [newState, newLit];
      draw();
      frame.body.querySelector(".bk-lit") && this.show(0, frame.body.querySelector(".bk-lit"));
    },
    light(newLit, mine) {
      lit = newLit;
      draw();
      const first = frame.body.querySelector(".bk-lit");
      if (first && !mine) this.show(0, first);
    },
    count: () => pieces.length,
    piece: (i) => pieces[i],
    stride: () => 1,
    pointed: (event) => {
      const at = event.target.closest("[data-i]");
      return at ? Number(at.dataset.i) : null;
    },
    show(i, element = frame.body.querySelector(`[data-i="${i}"]`)) {
      if (!element) return;
      const box = frame.body.getBoundingClientRect(), at = element.getBoundingClientRect();
      if (at.top < box.top) frame.body.scrollTop -= box.top - at.top;
      else if (at.bottom > box.bottom) frame.body.scrollTop += at.bottom - box.bottom;
    },
  };
}

function makeMapPane(trace, palette) {
  const bands = trace.zones.map(([zone, first, end]) =>
    ({ start: first, count: end - first, label: zone }));
  const term = `Every page the guest has: one cell is one page of ${trace.page_kib} KiB (a PFN).`;
  const frame = makeFrame("map", "Guest memory", term, palette.pages.filter((_, code) => code || trace.initial.pages.some(([c]) => c === 0)));
  const grid = makeGrid({ bands, looks: palette.pages, name: (i) => i });
  return makeGridPane(frame, grid, {
    count: trace.span,
    values: (state) => state.pages,
    litCells: (lit) => [lit],
    pieceOf: (i) => ({ base: i, pages: 1, label: "page" }),
  });
}

function makeBitmapPane(trace, palette) {
  if (!trace.bitmap) {
    const frame = makeFrame("bits", "Page bitmaps", "One bit per page: set once the balloon has it.");
    frame.body.innerHTML = "<p class='bk-none'>The classic path has none: every PFN goes straight"
      + " into the message.</p>";
    return emptyPane(frame);
  }
  const { base, bits, max } = trace.bitmap, total = bitCount(trace);
  const bands = [];
  for (let start = 0, k = 0; start < total; start += bits, k++)
    bands.push({ start, count: Math.min(bits, total - start),
      label: `bitmap ${k}: bit 0 is PFN ${base + start}` });
  const size = `Kept by the guest, never sent. ${bits.toLocaleString("en")} bits each, at most ${max}.`;
  const frame = makeFrame("bits", "Page bitmaps", `One bit per page. ${size}`, palette.bits);
  const grid = makeGrid({ bands, looks: palette.bits, name: (i) => i % bits });
  return makeGridPane(frame, grid, {
    count: total,
    values: (state) => state.bits,
    litCells: ([first, pages]) => [[first - base, pages]],
    pieceOf: (i) => ({ base: base + i, pages: 1,
      label: `bit ${i % bits} of bitmap ${Math.floor(i / bits)}` }),
  });
}

const emptyPane = (frame) => ({ ...frame, size() {}, update() {}, light() {}, count: () => 0,
  piece: () => null, stride: () => 1, pointed: () => null, show() {} });

function makeBufferPane(trace) {
  const chunks = trace.format === "chunks";
  const frame = chunks
    ? makeFrame("entries", "Chunks", `Runs of ones as (base, size), in 4 KiB pages:`
      + ` what the message will say.`)
    : makeFrame("entries", "PFN array", `Page numbers of 4 bytes each, in 4 KiB pages:`
      + ` what the message will say.`);
  const where = (rows, i) => {
    const [base, pages] = entryPages(trace, ...rows[i]);
    return { base, pages, label: (chunks ? "chunk " : "entry ") + i };
  };
  const fill = document.createElement("p");
  fill.className = "bk-fact";
  const words = document.createElement("div");
  words.className = "bk-words";
  const spell = (name, value) => {
    const [high, low, reserved] = spellBits(value);
    return `<div><b>${name}</b><code>${high}\n${low} <u>${reserved}</u></code></div>`;
  };
  function spellOut(rows, i) {
    if (!chunks) return;
    words.innerHTML = i >= 0
      ? `<p>chunk ${i} as two words of 52 + <u>12 reserved</u> bits</p>`
        + spell("base", rows[i][0]) + spell("size", rows[i][1])
      : "";
  }
  const firstLit = (rows, lit) => {
    let first = rows.findIndex((_, i) => {
      const { base, pages } = where(rows, i);
      return overlaps(base, pages, lit);
    });
    spellOut(rows, first < 0 ? rows.length - 1 : first);
    return first < 0 && lit === null ? rows.length - 1 : first;
  };
  const pane = makeListPane(frame, {
    rowsOf: ({ entries, sent }) => (entries.length ? entries : sent),
    piece: where,
    firstLit,
    row: (rows, i) => chunks
      ? `<span>${i}</span><b>(${rows[i][0]}, ${rows[i][1]})</b>`
        + `<span>0x${rows[i][0].toString(16)} + 0x${rows[i][1].toString(16)}</span>`
      : `<span>${i}</span><b>${rows[i][0]}</b><span>0x${rows[i][0].toString(16)}</span>`,
  });
  if (chunks) frame.body.append(words);
  frame.body.before(fill);
  const update = pane.update;
  pane.update = (state, lit) => {
    const { entries, sent } = state, held = entries.length;
    fill.textContent = held ? `${held} of ${trace.max_entries} in the buffer`
      : sent.length ? `sent: these ${sent.length}; the buffer is empty` : "the buffer is empty";
    frame.element.classList.toggle("bk-sent", !held);
    update(state, lit);
  };
  return pane;
}

function makeMessagePane(trace) {
  const frame = makeFrame("message", "Virtqueue",
    "The ring between guest and host: a buffer is described, made available, then used.");
  const ring = document.createElement("div");
  ring.className = "bk-ring";
  frame.body.append(ring);
  let decoded = { hex: null, words: [] };
  const rowsOf = ({ message }) => {
    if (message && message.hex !== decoded.hex)
      decoded = { hex: message.hex, words: messageWords(trace, message.hex) };
    return message ? decoded.words : [];
  };
  // A chunk's two words both stand for all its pages; the count stands for none.
  const piece = (rows, i) => {
    const word = rows[i], label = `bytes ${word.offset}\u2013${word.offset + word.hex.length / 3 | 0}`;
    if (word.entry === null) return { base: 0, pages: 0, label };
    const [base, size] = word.what === "PFN" ? [word.value, 1]
      : [rows[2 * word.entry + 1].value, rows[2 * word.entry + 2]?.value ?? 1];
    const [first, pages] = entryPages(trace, base, size);
    return { base: first, pages, label };
  };
  const pane = makeListPane(frame, {
    rowsOf,
    piece,
    firstLit: (rows, lit) => rows.findIndex((_, i) => {
      const { base, pages } = piece(rows, i);
      return overlaps(base, pages, lit);
    }),
    row: (rows, i) => {
      const { offset, hex, what, value } = rows[i];
      return `<span>${offset.toString(16).padStart(4, "0")}</span><code>${hex}</code>`
        + `<b>${what} ${value}</b>`;
    },
  });
  const update = pane.update;
  pane.update = (state, lit) => {
    const { message } = state, waits = message && message.used !== message.avail;
    const tile = (name, value, title) => `<span title="${title}">${name}<b>${value}</b></span>`;
    ring.innerHTML = tile("desc", message?.desc ?? "\u2013", "head descriptor of the chain")
      + tile("avail idx", message?.avail ?? 0, "how many buffers the guest has offered")
      + tile("used idx", message?.used ?? 0, "how many buffers the host has given back")
      + tile("bytes", message?.bytes ?? 0, "length of the message");
    ring.title = waits ? "the guest waits" : "nothing in flight";
    frame.element.classList.toggle("bk-empty", !message);
    pane.scroller.dataset.none = "No message yet.";
    update(state, lit);
  };
  return pane;
}

function makeHostPane(trace, palette) {
  const bands = trace.regions.map(([gpa, pages, host]) => ({ start: host, count: pages,
    label: `region at GPA 0x${(gpa * 4096).toString(16)}: ${pages} pages` }));
  const frame = makeFrame("host", "Host memory",
    "The mapping behind the guest, 4 KiB a cell: released pages cost the host nothing.",
    [palette.host[1], palette.host[0]]);
  const ranges = document.createElement("p");
  ranges.className = "bk-fact";
  const grid = makeGrid({ bands, looks: palette.host, name: (i) => i });
  const pane = makeGridPane(frame, grid, {
    count: bands.reduce((sum, band) => sum + band.count, 0),
    values: (state) => state.host,
    litCells: ([base, pages]) => toHost(trace, base, pages),
    pieceOf: (i) => ({ base: toGuest(trace, i), pages: 1, label: `host page ${i}` }),
  });
  const update = pane.update;
  pane.update = (state, lit) => {
    const resident = state.host.reduce((sum, page) => sum + page, 0);
    const [first] = state.ranges;
    ranges.textContent = first
      ? `GPA 0x${(first[0] * 4096).toString(16)} + ${first[1]} pages \u2192 host page ${first[2]}`
      : `${resident} of ${state.host.length} pages resident`;
    update(state, lit);
  };
  frame.body.before(ranges);
  return pane;
}

/** Which pane a step happens in. */
const HOME = { split: "lists", take: "map", mark: "bits", run: "bits", chunk: "entries",
  pfn: "entries", send: "message", ack: "message", translate: "host", release: "host",
  reject: "host" };

const makePanes = (trace, palette) => [
  makeFreeListPane(trace, palette), makeMapPane(trace, palette), makeBitmapPane(trace, palette),
  makeBufferPane(trace), makeMessagePane(trace), makeHostPane(trace, palette),
];
