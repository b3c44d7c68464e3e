// (2c) The six panes of the pipeline, from free list to host page.

function makeFreeListPane(trace, palette) {
  const frame = makeFrame("lists", "Free lists",
    "Free blocks of 2<sup>order</sup> pages, head of the list first.",
    [{ ...palette.pages[2], label: "free block, by its first PFN" }]);
  const seen = trace.initial.lists.map((zone) => zone.map((blocks) => blocks.length > 0));
  for (const step of trace.steps) // an order that never holds a block would be a row of nothing
    for (const [how, zone, order] of step.lists ?? []) if (how !== "-") seen[zone][order] = true;
  const digits = String(trace.span).length;
  let fit = 4, pieces = [];
  const mark = (on) => (on ? " bk-lit" : "");
  function orderHtml(zone, order, blocks, lit) {
    const pages = 2 ** order, label = `free block of order ${order} in ${zone}`;
    const all = blocks.map((base) => ({ base, pages, label }));
    const shown = all.slice(0, all.length > fit ? fit - 1 : fit), rest = all.slice(shown.length);
    let html = `<div class="bk-order"><span title="${pages} pages">order ${order}</span>`
      + `<b>${all.length}</b>`;
    for (const piece of shown) {
      const on = mark(lit.touches(piece));
      html += `<i class="bk-block${on}" data-i="${pieces.length}">${piece.base}</i>`;
      pieces.push(piece);
    }
    if (rest.length) {
      const on = mark(rest.some(lit.touches));
      const title = rest.slice(0, 60).map(({ base }) => base).join(" ");
      html += `<i class="bk-more${on}" title="${title}">+${rest.length}</i>`;
    }
    return html + "</div>";
  }
  return {
    ...frame,
    size(width) {
      fit = Math.max(2, Math.floor((width - 92) / (digits * 7 + 15)));
    },
    draw(state, lit, follow) {
      pieces = [];
      let html = "";
      trace.zones.forEach(([zone, first, end], z) => {
        const name = escapeText(zone);
        html += `<h5>${name} <span>PFN ${first}\u2013${end - 1}</span></h5>`;
        for (let order = seen[z].length - 1; order >= 0; order--)
          if (seen[z][order]) html += orderHtml(name, order, state.lists[z][order], lit);
      });
      frame.body.innerHTML = html;
      const first = follow && frame.body.querySelector(".bk-lit");
      if (first) this.reveal(0, first);
    },
    count: () => pieces.length,
    piece: (i) => pieces[i],
    reveal(i, block = frame.body.querySelector(`[data-i="${i}"]`)) {
      const row = block.parentElement;
      scrollTo(frame.body, row.offsetTop - ROW, row.offsetTop + ROW);
    },
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

function makeMapPane(trace, palette) {
  const bands = trace.zones
    .map(([zone, first, end]) =>
      ({ start: first, first, count: Math.min(end, trace.span) - first, label: zone }))
    .filter((band) => band.count > 0);
  const holes = trace.initial.pages.some(([code]) => code === 0);
  const frame = makeFrame("map", "Guest memory",
    `Every page the guest has: one cell is one page of ${trace.page_kib} KiB (a PFN).`,
    palette.pages.slice(holes ? 0 : 1));
  return makeGridPane(frame, palette.pages, {
    bandsOf: () => bands,
    values: (state) => state.pages,
    cells: (base, pages) => [[base, pages]],
    piece: (i) => ({ base: i, pages: 1, label: "page" }),
  });
}

function makeBitmapPane(trace, palette) {
  if (trace.format === "classic") {
    const frame = makeFrame("bits", "Page bitmaps",
      "One bit per page, set once the balloon has it.");
    frame.body.innerHTML =
      "<p class='bk-none'>The classic path has none: PFNs go straight into the message.</p>";
    return frame;
  }
  const frame = makeFrame("bits", "Page bitmaps",
    "One bit per page, set once the balloon has it. Kept by the guest, never sent.", palette.bits);
  let laid = null, bands = [];
  function bandsOf({ bitmap, bits }) {
    if (bitmap === laid) return bands;
    [laid, bands] = [bitmap, []];
    for (let start = 0; start < bits.length; start += bitmap.bits) {
      const label = `bitmap ${bands.length}: bit 0 is PFN ${bitmap.base + start}`;
      const count = Math.min(bitmap.bits, bits.length - start);
      bands.push({ start, first: 0, count, label, short: `#${bands.length}` });
    }
    return bands;
  }
  const pane = makeGridPane(frame, palette.bits, {
    bandsOf,
    values: (state) => state.bits,
    cells: (base, pages) => (laid ? [[base - laid.base, pages]] : []),
    piece: (i) => ({ base: laid.base + i, pages: 1,
      label: `bit ${i % laid.bits} of bitmap ${Math.floor(i / laid.bits)}` }),
  });
  return withFact(pane, ({ bitmap }) => {
    if (!bitmap) return ["not laid yet"];
    const size = bitmap.bits.toLocaleString("en");
    return [`${bitmap.count} of ${bitmap.max}, ${size} bits each`,
      `${bitmap.count} of at most ${bitmap.max} in hand`];
  });
}

function spellChunk(index, [base, size]) {
  const word = (name, value) => {
    const [high, low, reserved] = spellBits(value);
    return `<div><b>${name}</b><code>${high}\n${low} <u>${reserved}</u></code></div>`;
  };
  return `<p>chunk ${index}: 52 + <u>12 reserved</u> bits each</p>`
    + word("base", base) + word("size", size);
}

function makeBufferPane(trace) {
  const chunks = trace.format === "chunks";
  const what = chunks ? "Runs of ones as (base, size) in 4 KiB pages" : "Page numbers of 4 bytes each";
  const frame = makeFrame("entries", chunks ? "Chunks" : "PFN array",
    `${what}: what the message will say.`);
  const words = document.createElement("div");
  words.className = "bk-words";
  const hex = (value) => "0x" + value.toString(16);
  const pane = makeListPane(frame, {
    rowsOf: ({ entries, sent }) => (entries.length ? entries : sent),
    pieceOf(rows, i) {
      const [base, pages] = entryPages(trace, ...rows[i]);
      return { base, pages, label: (chunks ? "chunk " : "PFN ") + i };
    },
    rowHtml(rows, i) {
      const [base, size] = rows[i];
      return chunks
        ? `<span>${i}</span><b>(${base}, ${size})</b><span>${hex(base)} + ${hex(size)}</span>`
        : `<span>${i}</span><b>${base}</b><span>${hex(base)}</span>`;
    },
    drawn({ entries, sent }, rows, first) {
      frame.fact.textContent = entries.length
        ? `${entries.length} of ${trace.max_entries} in the buffer`
        : `buffer empty${sent.length ? `, ${sent.length} sent` : ""}`;
      frame.element.classList.toggle("bk-sent", !entries.length);
      const spelt = first < 0 ? rows.length - 1 : first;
      words.innerHTML = chunks && spelt >= 0 ? spellChunk(spelt, rows[spelt]) : "";
    },
  });
  if (chunks) frame.body.append(words);
  return pane;
}

function makeMessagePane(trace) {
  const frame = makeFrame("message", "Virtqueue",
    "The ring to the host. A buffer is made available, then used.");
  const ring = document.createElement("div");
  ring.className = "bk-ring";
  frame.body.append(ring);
  const tile = (name, value, title) => `<span title="${title}">${name}<b>${value}</b></span>`;
  let decoded = { hex: null, words: [] };
  return makeListPane(frame, {
    rowsOf({ message }) {
      if (message && message.hex !== decoded.hex)
        decoded = { hex: message.hex, words: messageWords(trace, message.hex) };
      return message ? decoded.words : [];
    },
    pieceOf(words, i) {
      const { offset, hex, base, pages } = words[i];
      return { base, pages, label: `bytes ${offset}\u2013${offset + (hex.length - 2) / 3}` };
    },
    rowHtml(words, i) {
      const { offset, hex, what, value } = words[i];
      return `<span>${offset.toString(16).padStart(4, "0")}</span><code>${hex}</code>`
        + `<b>${what} ${value}</b>`;
    },
    drawn({ message }) {
      const { desc = "\u2013", avail = 0, used = 0, bytes = 0 } = message ?? {};
      ring.innerHTML = tile("desc", desc, "head descriptor of the chain")
        + tile("avail idx", avail, "buffers the guest has offered so far")
        + tile("used idx", used, "buffers the host has given back so far")
        + tile("bytes", bytes, "length of the message");
      const shown = message ? message.hex.length / 2 : 0;
      const part = shown < bytes ? `first ${shown} bytes` : "bytes";
      ring.innerHTML += `<p>${message ? `Its ${part}, in hexadecimal` : "&nbsp;"}</p>`;
      frame.fact.textContent = !message ? "no message yet"
        : avail === used ? "acknowledged" : "kicked: the guest waits";
    },
  });
}

function makeHostPane(trace, palette) {
  const bands = trace.regions.map(([gpa, pages, host]) => ({ start: host, first: host, count: pages,
    label: `region at GPA 0x${(gpa * 4096).toString(16)}: ${pages} pages` }));
  const frame = makeFrame("host", "Host memory",
    "What backs the guest, 4 KiB a cell. Released pages cost the host nothing.",
    [palette.host[1], palette.host[0]]);
  const pane = makeGridPane(frame, palette.host, {
    bandsOf: () => bands,
    values: (state) => state.host,
    cells: (base, pages) => toHost(trace, base, pages),
    piece: (i) => ({ base: toGuest(trace, i), pages: 1, label: `host page ${i}` }),
  });
  return withFact(pane, ({ ranges, host }) => {
    if (!ranges.length) return [`${host.reduce((a, b) => a + b, 0)} of ${host.length} resident`];
    const [[gpa, pages, at]] = ranges;
    const more = ranges.length > 1 ? `, ${ranges.length - 1} more` : ` (${pages} long)`;
    const from = `0x${(gpa * 4096).toString(16)} \u2192`;
    return [`${from} page ${at}`, `GPA ${from} host page ${at}${more}`];
  });
}

/** The pane a kind of step happens in. */
const HOME = { split: "lists", take: "map", round: "bits", mark: "bits", run: "bits", chunk: "entries",
  pfn: "entries", send: "message", ack: "message", translate: "host", release: "host",
  reject: "host" };

const makePanes = (trace, palette) => [
  makeFreeListPane(trace, palette), makeMapPane(trace, palette), makeBitmapPane(trace, palette),
  makeBufferPane(trace), makeMessagePane(trace), makeHostPane(trace, palette),
];
