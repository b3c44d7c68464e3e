// @ts-check
// The panes of memory: guest pages, page bitmaps, host pages.

import { BALLOON_PAGE_BYTES, shownPages, toGuest, toHost } from "./pages.js";
import { makeFrame, makeGridPane, withFact } from "./pane_kinds.js";

/** @import { Band, Bitmap, Palette, Range, State, Trace } from "./types" */

/** @param {number} gpa  in 4 KiB pages */
const addressOf = (gpa) => `0x${(gpa * BALLOON_PAGE_BYTES).toString(16)}`;

/** @param {Trace} trace @param {Palette} palette */
export function makeMapPane(trace, palette) {
  const [from, length] = shownPages(trace);
  const bands = trace.zones
    .map(([zone, first, end]) => {
      const low = Math.max(first, from);
      const count = Math.min(end, from + length) - low;
      return { start: low - from, first: low, count, label: zone, short: zone };
    })
    .filter(({ count }) => count > 0);
  const holes = trace.initial.pages.some(([code]) => code === 0);
  const frame = makeFrame(
    "map",
    "Guest memory",
    `Every page the guest has: one cell is one page of ${trace.page_kib} KiB (a PFN).`,
    palette.pages.slice(holes ? 0 : 1),
  );
  const pane = makeGridPane(frame, palette.pages, {
    bandsOf: () => bands,
    values: (state) => state.pages,
    cells: (base, pages) => [[base - from, pages]],
    piece: (i) => ({ base: i + from, pages: 1, label: "page" }),
  });
  if (!trace.window) return pane;
  return withFact(pane, ({ outside }) => {
    if (!outside) return [""];
    const names = outside.pages.map(
      (n, value) => `${n.toLocaleString("en")} ${palette.pages[value].label}`,
    );
    const balloon = outside.pages[3].toLocaleString("en");
    return [`outside: ${balloon} in the balloon`, `Outside this window: ${names.join(", ")}`];
  });
}

/** @param {Bitmap} bitmap @param {number} from @param {number} to @returns {Band[]} */
function bandsOfBitmap({ base, bits }, from, to) {
  const bands = [];
  for (let k = Math.floor(from / bits); k * bits < to; k++) {
    const low = Math.max(k * bits, from);
    const count = Math.min((k + 1) * bits, to) - low;
    const first = low - k * bits;
    const label = `bitmap ${k}: bit ${first} is PFN ${base + low}`;
    bands.push({ start: low - from, first, count, label, short: `#${k}` });
  }
  return bands;
}

/** @param {Trace} trace @param {Palette} palette */
export function makeBitmapPane(trace, palette) {
  if (trace.format !== "chunks" && !trace.steps.some((step) => step.bitmap)) {
    const frame = makeFrame(
      "bits",
      "Page bitmaps",
      "One bit per page, set once the balloon has it.",
    );
    const why =
      trace.format === "classic"
        ? "The classic path has none: PFNs go straight"
        : "This format lays none: its entries go straight";
    frame.body.innerHTML = `<p class="bk-none">${why} into the message.</p>`;
    return frame;
  }
  const frame = makeFrame(
    "bits",
    "Page bitmaps",
    "One bit per page, set once the balloon has it. Kept by the guest, never sent.",
    palette.bits,
  );
  /** @type {Bitmap | null} */
  let laid = null;
  /** @type {Band[]} */
  let bands = [];
  let firstBit = 0;
  /** @param {State} state */
  function bandsOf({ bitmap, bits, firstBit: first }) {
    if (bitmap === laid) return bands;
    [laid, firstBit] = [bitmap, first];
    bands = bitmap ? bandsOfBitmap(bitmap, first, first + bits.length) : [];
    return bands;
  }
  const pane = makeGridPane(frame, palette.bits, {
    bandsOf,
    values: (state) => state.bits,
    cells: (base, pages) => (laid ? [[base - laid.base - firstBit, pages]] : []),
    piece(i) {
      if (!laid) return { base: 0, pages: 0, label: "" };
      const bit = i + firstBit;
      const label = `bit ${bit % laid.bits} of bitmap ${Math.floor(bit / laid.bits)}`;
      return { base: laid.base + bit, pages: 1, label };
    },
  });
  return withFact(pane, ({ bitmap, outside }) => {
    if (!bitmap) return ["not laid yet"];
    const size = bitmap.bits.toLocaleString("en");
    const out = outside
      ? `; ${outside.bits.toLocaleString("en")} bits set outside this window`
      : "";
    return [
      `${bitmap.count} of ${bitmap.max}, ${size} bits each`,
      `${bitmap.count} of at most ${bitmap.max} in hand${out}`,
    ];
  });
}

/** @param {Trace} trace @param {Palette} palette */
export function makeHostPane(trace, palette) {
  const from = trace.regions[0]?.[2] ?? 0;
  const bands = trace.regions.map(([gpa, pages, host]) => {
    const label = `region at GPA ${addressOf(gpa)}: ${pages} pages`;
    return { start: host - from, first: host, count: pages, label, short: host };
  });
  const frame = makeFrame(
    "host",
    "Host memory",
    "What backs the guest, 4 KiB a cell. Released pages cost the host nothing.",
    [palette.host[1], palette.host[0]],
  );
  const pane = makeGridPane(frame, palette.host, {
    bandsOf: () => bands,
    values: (state) => state.host,
    cells: (base, pages) =>
      toHost(trace, base, pages).map(([at, n]) => /** @type {Range} */ ([at - from, n])),
    piece: (i) => {
      const guest = toGuest(trace, i + from);
      const pages = guest === null ? 0 : 1;
      return { base: guest ?? 0, pages, label: `host page ${i + from}` };
    },
  });
  return withFact(pane, ({ ranges, host, outside }) => {
    if (!ranges.length) {
      const [released, more] = outside?.host ?? [0, 0];
      const resident = host.reduce((a, b) => a + b, 0) + more,
        all = host.length + released + more;
      return [`${resident.toLocaleString("en")} of ${all.toLocaleString("en")} resident`];
    }
    const [[gpa, pages, at]] = ranges;
    const more = ranges.length > 1 ? `, ${ranges.length - 1} more` : ` (${pages} long)`;
    const from = `${addressOf(gpa)} \u2192`;
    return [`${from} page ${at}`, `GPA ${from} host page ${at}${more}`];
  });
}
