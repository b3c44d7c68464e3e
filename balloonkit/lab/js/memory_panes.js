// (2c) The panes of memory: free lists, guest pages, page bitmaps, host pages.

function makeFreeListPane(trace, palette) {
  const frame = makeFrame("lists", "Free lists",
    "Free blocks of 2<sup>order</sup> pages, and single pages in the CPU's own stock; next out first.",
    [{ ...palette.pages[2], label: "free block, by its first PFN" }]);
  const { initial } = trace, outside = initial.outside;
  // a row for what never holds anything would be a row of nothing
  const seen = initial.lists.map((zone, z) =>
    zone.map((blocks, order) => blocks.length > 0 || outside?.lists[z][order] > 0));
  const stocked = initial.stock.map((pages, z) => pages.length > 0 || outside?.stock[z] > 0);
  for (const step of trace.steps) {
    for (const [how, zone, order] of step.lists ?? []) if (how !== "-") seen[zone][order] = true;
    for (const [zone, order] of step.outside?.lists ?? []) seen[zone][order] = true;
    for (const [how, zone] of step.stock ?? []) if (how !== "-") stocked[zone] = true;
    for (const [zone] of step.outside?.stock ?? []) stocked[zone] = true;
  }
  const digits = String(trace.span).length, countWidth = Math.max(24, 7 * digits + 11); // px
  frame.body.style.setProperty("--bk-count", `${countWidth}px`);
  let fit = 4, pieces = [];
  const mark = (on) => (on ? " bk-lit" : "");
  function rowHtml(name, title, all, elsewhere, lit) {
    const shown = all.slice(0, all.length > fit ? fit - 1 : fit), rest = all.slice(shown.length);
    const count = (all.length + elsewhere).toLocaleString("en");
    let html = `<div class="bk-order"><span title="${title}">${name}</span><b>${count}</b>`;
    for (const piece of shown) {
      const on = mark(lit.touches(piece));
      html += `<i class="bk-block${on}" data-i="${pieces.length}">${piece.base}</i>`;
      pieces.push(piece);
    }
    if (rest.length || elsewhere) {
      const on = mark(rest.some(lit.touches));
      const more = rest.length ? `${rest.slice(0, 60).map(({ base }) => base).join(" ")}` : "";
      const out = elsewhere ? `and ${elsewhere.toLocaleString("en")} outside this window` : "";
      const text = rest.length ? `+${rest.length + elsewhere}` : out;
      html += `<i class="bk-more${on}" title="${[more, out].filter(Boolean).join(" ")}">${text}</i>`;
    }
    return html + "</div>";
  }
  return {
    ...frame,
    size(width) {
      fit = Math.max(2, Math.floor((width - 68 - countWidth) / (digits * 7 + 15)));
    },
    draw({ lists, stock, outside }, lit, follow) {
      pieces = [];
      let html = "";
      trace.zones.forEach(([zone, first, end], z) => {
        const name = escapeText(zone);
        html += `<h5>${name} <span>PFN ${first}\u2013${end - 1}</span></h5>`;
        if (stocked[z]) {
          const label = `page in the CPU's own stock of ${name}`;
          const all = stock[z].map((base) => ({ base, pages: 1, label }));
          html += rowHtml("stock", "single pages, without a lock", all, outside?.stock[z] ?? 0, lit);
        }
        for (let order = seen[z].length - 1; order >= 0; order--) {
          if (!seen[z][order]) continue;
          const pages = 2 ** order, label = `free block of order ${order} in ${name}`;
          const all = lists[z][order].map((base) => ({ base, pages, label }));
          const elsewhere = outside?.lists[z][order] ?? 0;
          html += rowHtml(`order ${order}`, `${pages} pages`, all, elsewhere, lit);
        }
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

function makeMapPane(trace, palette) {
  const [from, length] = shownPages(trace);
  const bands = trace.zones
    .map(([zone, first, end]) => [zone, Math.max(first, from), Math.min(end, from + length)])
    .filter(([, first, end]) => first < end)
    .map(([zone, first, end]) =>
      ({ start: first - from, first, count: end - first, label: zone, short: zone }));
  const holes = trace.initial.pages.some(([code]) => code === 0);
  const frame = makeFrame("map", "Guest memory",
    `Every page the guest has: one cell is one page of ${trace.page_kib} KiB (a PFN).`,
    palette.pages.slice(holes ? 0 : 1));
  const pane = makeGridPane(frame, palette.pages, {
    bandsOf: () => bands,
    values: (state) => state.pages,
    cells: (base, pages) => [[base - from, pages]],
    piece: (i) => ({ base: i + from, pages: 1, label: "page" }),
  });
  if (!trace.window) return pane;
  return withFact(pane, ({ outside }) => {
    const names = outside.pages.map((n, value) => `${n.toLocaleString("en")} ${palette.pages[value].label}`);
    const balloon = outside.pages[3].toLocaleString("en");
    return [`outside: ${balloon} in the balloon`, `Outside this window: ${names.join(", ")}`];
  });
}

function makeBitmapPane(trace, palette) {
  if (trace.format !== "chunks" && !trace.steps.some((step) => step.bitmap)) {
    const frame = makeFrame("bits", "Page bitmaps",
      "One bit per page, set once the balloon has it.");
    const why = trace.format === "classic" ? "The classic path has none: PFNs go straight"
      : "This format lays none: its entries go straight";
    frame.body.innerHTML = `<p class='bk-none'>${why} into the message.</p>`;
    return frame;
  }
  const frame = makeFrame("bits", "Page bitmaps",
    "One bit per page, set once the balloon has it. Kept by the guest, never sent.", palette.bits);
  let laid = null, bands = [], firstBit = 0;
  function bandsOf(state) {
    const { bitmap, bits } = state;
    if (bitmap === laid) return bands;
    [laid, bands, firstBit] = [bitmap, [], state.firstBit];
    const each = bitmap?.bits, end = firstBit + bits.length;
    for (let k = bitmap ? Math.floor(firstBit / each) : 0; bitmap && k * each < end; k++) {
      const low = Math.max(k * each, firstBit), high = Math.min((k + 1) * each, end);
      const first = low - k * each, label = `bitmap ${k}: bit ${first} is PFN ${bitmap.base + low}`;
      bands.push({ start: low - firstBit, first, count: high - low, label, short: `#${k}` });
    }
    return bands;
  }
  const pane = makeGridPane(frame, palette.bits, {
    bandsOf,
    values: (state) => state.bits,
    cells: (base, pages) => (laid ? [[base - laid.base - firstBit, pages]] : []),
    piece(i) {
      const bit = i + firstBit;
      return { base: laid.base + bit, pages: 1,
        label: `bit ${bit % laid.bits} of bitmap ${Math.floor(bit / laid.bits)}` };
    },
  });
  return withFact(pane, ({ bitmap, outside }) => {
    if (!bitmap) return ["not laid yet"];
    const size = bitmap.bits.toLocaleString("en");
    const out = outside ? `; ${outside.bits.toLocaleString("en")} bits set outside this window` : "";
    return [`${bitmap.count} of ${bitmap.max}, ${size} bits each`,
      `${bitmap.count} of at most ${bitmap.max} in hand${out}`];
  });
}

function makeHostPane(trace, palette) {
  const from = trace.regions[0]?.[2] ?? 0;
  const bands = trace.regions.map(([gpa, pages, host]) => ({ start: host - from, first: host,
    count: pages, label: `region at GPA 0x${(gpa * 4096).toString(16)}: ${pages} pages`, short: host }));
  const frame = makeFrame("host", "Host memory",
    "What backs the guest, 4 KiB a cell. Released pages cost the host nothing.",
    [palette.host[1], palette.host[0]]);
  const pane = makeGridPane(frame, palette.host, {
    bandsOf: () => bands,
    values: (state) => state.host,
    cells: (base, pages) => toHost(trace, base, pages).map(([at, n]) => [at - from, n]),
    piece: (i) => ({ base: toGuest(trace, i + from), pages: 1, label: `host page ${i + from}` }),
  });
  return withFact(pane, ({ ranges, host, outside }) => {
    if (!ranges.length) {
      const [released, more] = outside?.host ?? [0, 0];
      const resident = host.reduce((a, b) => a + b, 0) + more, all = host.length + released + more;
      return [`${resident.toLocaleString("en")} of ${all.toLocaleString("en")} resident`];
    }
    const [[gpa, pages, at]] = ranges;
    const more = ranges.length > 1 ? `, ${ranges.length - 1} more` : ` (${pages} long)`;
    const from = `0x${(gpa * 4096).toString(16)} \u2192`;
    return [`${from} page ${at}`, `GPA ${from} host page ${at}${more}`];
  });
}
