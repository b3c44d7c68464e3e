// @ts-check
// The panes of the wire: the buffer being filled, and the virtqueue.

import { element, escapeText } from "./dom.js";
import { messageWords, spellBits } from "./message.js";
import { entryPages, refusedEntries } from "./pages.js";
import { makeFrame, makeListPane } from "./pane_kinds.js";

/** @import { Range, Refusal, Trace } from "./types" */
/** @import { Word } from "./message.js" */

/** @param {number} index @param {Range} chunk */
function spellChunk(index, [base, size]) {
  /** @param {string} name @param {number} value */
  const word = (name, value) => {
    const [high, low, reserved] = spellBits(value);
    return `<div><b>${name}</b><code>${high}\n${low} <u>${reserved}</u></code></div>`;
  };
  return (
    `<p>chunk ${index}: 52 + <u>12 reserved</u> bits each</p>` +
    word("base", base) +
    word("size", size)
  );
}

/** @type {Record<string, string>} */
const TITLES = { chunks: "Chunks", classic: "PFN array" };

/** @param {Trace} trace */
export function makeBufferPane(trace) {
  const chunks = trace.format === "chunks";
  const classic = trace.format === "classic";
  const entry = escapeText(trace.entry);
  const what = classic
    ? "Page numbers of 4 bytes each"
    : "Runs of ones as (base, size) in 4 KiB pages";
  const frame = makeFrame(
    "entries",
    TITLES[trace.format] ?? "Message buffer",
    `${what}: what the message will say.`,
  );
  const words = element("div", "", { class: "bk-words" });
  /** @param {number} value */
  const hex = (value) => "0x" + value.toString(16);
  /** @type {number[]} place in the message of each row */
  let places = [];
  /** @type {ReturnType<typeof refusedEntries>} */
  let refused = new Map();
  const pane = makeListPane(frame, {
    rowsOf(state) {
      refused = refusedEntries(state);
      const filling = state.entries.length > 0;
      places = filling ? state.indices : state.sentIndices;
      return filling ? state.entries : state.sent;
    },
    pieceOf(rows, i) {
      const [base, pages] = entryPages(trace, ...rows[i]);
      const why = refused.get(places[i]);
      const no = why ? `, refused: ${why.reason}` : "";
      return { base, pages, label: `${classic ? "PFN" : trace.entry} ${places[i]}${no}` };
    },
    rowHtml(rows, i) {
      const [base, size] = rows[i];
      const why = refused.get(places[i]);
      const spelt = classic ? hex(base) : `${hex(base)} + ${hex(size)}`;
      const last = why
        ? `<em title="${escapeText(why.reason)}">refused</em>`
        : `<span>${spelt}</span>`;
      return `<span>${places[i]}</span><b>${classic ? base : `(${base}, ${size})`}</b>${last}`;
    },
    drawn({ entries, sent, outside }, rows, first) {
      const out = outside?.entries ?? 0;
      const held = entries.length + out;
      const no = refused.size ? `, ${refused.size} refused` : "";
      const here = trace.window ? " in this window" : "";
      const seen = out ? `, ${out.toLocaleString("en")} outside this window` : "";
      frame.fact.textContent =
        (held
          ? `${held.toLocaleString("en")} of ${trace.max_entries.toLocaleString("en")} in the buffer${seen}`
          : `buffer empty${sent.length ? `, ${sent.length} sent${here}` : ""}`) + no;
      frame.element.classList.toggle("bk-sent", !entries.length);
      const spelt = first < 0 ? rows.length - 1 : first;
      words.innerHTML = chunks && spelt >= 0 ? spellChunk(places[spelt], rows[spelt]) : "";
    },
  });
  frame.body.setAttribute("aria-description", `Each row is one ${entry}.`);
  if (chunks) frame.body.append(words);
  return pane;
}

const QUEUES = ["inflate", "deflate"]; // as the specification numbers them
const MOST_REASONS = 2; // refused entries spelt out in the pane; the text has them all

/** @param {Refusal[]} reject */
function refusedHtml(reject) {
  const said = reject
    .slice(0, MOST_REASONS)
    .map(
      ([entry, reason, detail]) =>
        `${entry === null ? "message" : `entry ${entry}`}, ${escapeText(detail)}: ${escapeText(reason)}`,
    );
  const more = reject.length > MOST_REASONS ? `; and ${reject.length - MOST_REASONS} more` : "";
  const all = reject
    .slice(0, 60)
    .map(([, reason, detail]) => `${detail}: ${reason}`)
    .join("; ");
  return `<p class="bk-refused" title="${escapeText(all)}">\u2717 refused: ${said.join("; ")}${more}</p>`;
}

/** @param {Trace} trace */
export function makeMessagePane(trace) {
  const frame = makeFrame(
    "message",
    "Virtqueue",
    "The ring to the host. A buffer is made available, then used.",
  );
  const ring = element("div", "", { class: "bk-ring" });
  frame.body.append(ring);
  /** @type {(name: string, value: string | number, title: string) => string} */
  const tile = (name, value, title) => `<span title="${title}">${name}<b>${value}</b></span>`;
  /** @type {{ hex: string | null, words: Word[] }} */
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
      return (
        `<span>${offset.toString(16).padStart(4, "0")}</span><code>${hex}</code>` +
        `<b>${what} ${value}</b>`
      );
    },
    drawn({ message, reject }) {
      const { desc = "\u2013", avail = 0, used = 0, bytes = 0 } = message ?? {};
      ring.innerHTML =
        tile("desc", desc, "head descriptor of the chain") +
        tile("avail idx", avail, "buffers the guest has offered so far") +
        tile("used idx", used, "buffers the host has given back so far") +
        tile("bytes", bytes, "length of the message");
      const shown = message ? message.hex.length / 2 : 0;
      const part = shown < bytes ? `first ${shown} bytes` : "bytes";
      ring.innerHTML += reject.length
        ? refusedHtml(reject)
        : `<p>${message ? `Its ${part}, in hexadecimal` : "&nbsp;"}</p>`;
      const queue = message ? `${QUEUES[message.queue] ?? ""} queue, ` : "";
      frame.fact.textContent = !message
        ? "no message yet"
        : queue + (avail === used ? "acknowledged" : "kicked: the guest waits");
    },
  });
}
