// @ts-check
// A view's native, labelled inputs.

import { element } from "./dom.js";
import { makePaste } from "./paste.js";

/** @import { Control } from "./types" */

/**
 * An input with its label, its value in words and its help.
 * @typedef {object} Input
 * @property {string} name
 * @property {HTMLElement} row
 * @property {HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement} field
 * @property {() => unknown} read
 * @property {(value: unknown) => void} write
 */

/** @param {Control} control */
function fieldOf(control) {
  if (control.kind === "choice") {
    const field = element("select");
    for (const [text, value] of control.options)
      field.append(new Option(text, JSON.stringify(value)));
    return field;
  }
  if (control.kind === "paste") return element("textarea");
  if (control.kind === "switch") return element("input", "", { type: "checkbox" });
  const { low: min, high: max, step } = control;
  return element("input", "", { type: "range", min, max, step });
}

/**
 * @param {Control} control
 * @param {unknown} value
 * @param {string} id
 * @param {() => void} changed  called when a value is released
 * @returns {Input}
 */
export function makeInput(control, value, id, changed) {
  const row = element("div", "", { class: `control ${control.kind}` });
  const field = fieldOf(control);
  field.id = id;
  const shown = element("output", "", { for: id });
  row.append(element("label", control.label, { for: id }), field, shown);
  const paste =
    control.kind === "paste" && field instanceof HTMLTextAreaElement
      ? makePaste(control, field)
      : null;
  if (paste) row.append(paste.chooser);
  if (control.help) {
    row.append(element("small", control.help, { id: `${id}-help` }));
    field.setAttribute("aria-describedby", `${id}-help`);
  }
  const show = () => {
    shown.textContent = control.kind === "range" ? `${field.value}${control.unit}` : "";
  };
  const read = () => {
    if (paste) return paste.read();
    if (control.kind === "choice") return JSON.parse(field.value);
    if (control.kind === "range") return Number(field.value);
    return field instanceof HTMLInputElement && field.checked;
  };
  /** @param {unknown} value */
  const write = (value) => {
    if (paste) paste.write(String(value));
    else if (control.kind === "choice") field.value = JSON.stringify(value);
    else if (control.kind === "range") field.value = String(value);
    else if (field instanceof HTMLInputElement) field.checked = Boolean(value);
    show();
  };
  write(value);
  field.addEventListener("input", show);
  field.addEventListener("change", changed);
  return { name: control.name, row, field, read, write };
}
