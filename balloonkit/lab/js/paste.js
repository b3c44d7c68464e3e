// @ts-check
// A box for someone's text or file. A file that is no text is held beside the box, which names it;
// an edit of the box lets it go.

import { element } from "./dom.js";

/** @import { Control } from "./types" */

/** Bytes given to String.fromCharCode at once: its arguments lie on the stack. */
const AT_ONCE = 4096;

/** @param {Uint8Array} bytes */
function base64(bytes) {
  let binary = "";
  for (let at = 0; at < bytes.length; at += AT_ONCE)
    binary += String.fromCharCode(...bytes.subarray(at, at + AT_ONCE));
  return btoa(binary);
}

/** @param {Uint8Array} bytes */
const isArchive = (bytes) => bytes[0] === 0x50 && bytes[1] === 0x4b; // "PK", as every .npz begins

/**
 * @param {Extract<Control, { kind: "paste" }>} control
 * @param {HTMLTextAreaElement} field
 */
export function makePaste(control, field) {
  field.rows = 3;
  field.spellcheck = false;
  let held = { shown: "", value: "" };
  const name = `${control.label}: a file`;
  const chooser = element("input", "", { type: "file", "aria-label": name });
  /** @param {string} shown @param {string} value */
  function hold(shown, value) {
    held = { shown, value };
    field.value = shown;
  }
  chooser.addEventListener("change", async () => {
    const file = chooser.files?.[0];
    if (!file) return;
    const bytes = new Uint8Array(await file.arrayBuffer());
    const shown = `file ${file.name}, ${bytes.length.toLocaleString("en")} bytes`;
    if (isArchive(bytes)) hold(shown, control.mark + base64(bytes));
    else field.value = new TextDecoder().decode(bytes);
    field.dispatchEvent(new Event("change"));
  });
  return {
    chooser,
    read: () => (held.value && held.shown === field.value ? held.value : field.value),
    /** @param {string} value */
    write(value) {
      if (!value.startsWith(control.mark)) field.value = value;
      else if (held.value !== value) hold("a file that was chosen before", value);
    },
  };
}
