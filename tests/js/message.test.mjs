// The words of a message, spelt and understood.

import assert from "node:assert/strict";
import { test } from "node:test";

import { messageWords, spellBits } from "../../balloonkit/lab/js/message.js";

/** @import { Trace } from "../../balloonkit/lab/js/types" */

/** @param {string} format @param {number} scale @returns {any} */
const traceOf = (format, scale = 1) => /** @type {Partial<Trace>} */ ({ format, scale });
/** Little-endian bytes of a word. @param {bigint} value @param {number} bytes */
const word = (value, bytes) =>
  (
    value
      .toString(16)
      .padStart(2 * bytes, "0")
      .match(/../g) ?? []
  )
    .reverse()
    .join("");

test("a message of page numbers is words of four bytes, a page each", () => {
  const words = messageWords(traceOf("classic"), word(7n, 4) + word(0xfffff001n, 4));
  assert.deepEqual(
    words.map(({ offset, what, value, base, pages }) => [offset, what, value, base, pages]),
    [
      [0, "PFN", 7, 7, 1],
      [4, "PFN", 0xfffff001, 0xfffff001, 1],
    ],
  );
});

test("a message of chunks is a count, then base and size above 12 reserved bits", () => {
  const hex = [2n, 5n << 12n, 3n << 12n, (2n ** 51n) << 12n, 1n << 12n]
    .map((n) => word(n, 8))
    .join("");
  assert.deepEqual(
    messageWords(traceOf("chunks"), hex).map(({ what, value, base, pages }) => [
      what,
      value,
      base,
      pages,
    ]),
    [
      ["count", 2, 0, 0],
      ["base", 5, 5, 3],
      ["size", 3, 5, 3],
      ["base", 2 ** 51, 2 ** 51, 1],
      ["size", 1, 2 ** 51, 1],
    ],
  );
});

test("a word cut off by the end of what is kept still shows", () => {
  const words = messageWords(traceOf("chunks"), word(1n, 8) + word(9n << 12n, 8));
  assert.deepEqual([words[1].base, words[1].pages], [9, 1]);
});

test("entries are pages of the host's size; a guest page of 64 KiB has 16 of them", () => {
  const [{ base, pages }] = messageWords(traceOf("classic", 16), word(35n, 4));
  assert.deepEqual([base, pages], [2, 1]);
});

test("a format of one's own is bytes, and nothing is read into them", () => {
  const words = messageWords(traceOf("mine"), word(1n, 8));
  assert.deepEqual(words[0], {
    offset: 0,
    hex: "01 00 00 00 00 00 00 00",
    what: "",
    value: "",
    base: 0,
    pages: 0,
  });
});

test("bits are spelt in two lines of 32, the reserved ones apart", () => {
  const [high, low, reserved] = spellBits(2 ** 20 + 5);
  assert.equal(
    `${high}${low}${reserved}`.replaceAll(" ", ""),
    ((2n ** 20n + 5n) << 12n).toString(2).padStart(64, "0"),
  );
  assert.equal(reserved, "0000 0000 0000");
});
