// @ts-check
// The words of a message, and what each means.

import { entryPages } from "./pages.js";

/** @import { Trace } from "./types" */
/** @typedef {"" | "PFN" | "count" | "base" | "size"} What */
/**
 * @typedef {object} Word
 * @property {number} offset  in bytes
 * @property {string} hex  its bytes, as they lie in memory
 * @property {What} what
 * @property {number | ""} value
 * @property {number} base  the pages it is about
 * @property {number} pages
 */

/** What a format of its own means is not known here.
 * @type {Record<string, number>} */
const WORD_BYTES = { chunks: 8, classic: 4 };

/**
 * What word k of a message is, and its value.
 * @param {string} format
 * @param {number} k
 * @param {bigint} number
 * @returns {[What, number | ""]}
 */
function meaningOf(format, k, number) {
  if (format === "classic") return ["PFN", Number(number)];
  if (format !== "chunks") return ["", ""];
  if (k === 0) return ["count", Number(number)];
  return [k % 2 ? "base" : "size", Number(number >> 12n)];
}

/**
 * The words of a message given in hexadecimal.
 * @param {Trace} trace
 * @param {string} hex
 */
export function messageWords(trace, hex) {
  const length = WORD_BYTES[trace.format] ?? 8;
  /** @type {Word[]} */
  const words = [];
  for (let at = 0; at * 2 < hex.length; at += length) {
    const bytes = hex.slice(at * 2, (at + length) * 2).match(/../g) ?? [];
    const number = BigInt("0x" + bytes.slice().reverse().join(""));
    const [what, value] = meaningOf(trace.format, at / length, number);
    words.push({ offset: at, hex: bytes.join(" "), what, value, base: 0, pages: 0 });
  }
  words.forEach((word, k) => {
    if (word.what === "" || word.what === "count") return;
    const base = word.what === "size" ? words[k - 1] : word;
    const size = word.what === "PFN" ? 1 : word.what === "size" ? word.value : words[k + 1]?.value;
    [word.base, word.pages] = entryPages(trace, Number(base.value), Number(size ?? 1));
  });
  return words;
}

/**
 * The 64 bits of value << 12 in two lines of 32: [high, value part of low, 12 reserved bits].
 * @param {number} value
 */
export function spellBits(value) {
  const bits = (BigInt(value) << 12n).toString(2).padStart(64, "0").match(/.{4}/g) ?? [];
  return [bits.slice(0, 8).join(" "), bits.slice(8, 13).join(" "), bits.slice(13).join(" ")];
}
