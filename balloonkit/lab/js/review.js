// @ts-check
// The posted patch under review: choose a fault, see what the host is told, page by page.

import { element } from "./dom.js";
import { keepKeys, makeWidget } from "./widget.js";

/** @import { Look } from "./types" */
/** @typedef {[label: string, state: string, touches: boolean]} Cell */
/** @typedef {{ name: string, told: string, cells: Cell[], verdict: string }} Side */
/**
 * @typedef {object} FaultCase
 * @property {string} name
 * @property {string} title
 * @property {string} steps  the input, in words
 * @property {Side} alone
 * @property {Side} posted
 * @property {Side} correct
 * @property {string} hint
 * @property {string} fix
 */

/** @param {Cell} cell @param {Record<string, Look>} looks */
function boxOf([label, state, touches], looks) {
  const { label: name, colour, letter, ink } = looks[state];
  const item = element("li", "", { class: `cell ${state}`, title: `${label}: ${name}` });
  item.classList.toggle("apart", !touches);
  const box = element("span", letter, { class: "box", role: "img", "aria-label": name });
  box.style.backgroundColor = colour;
  box.style.color = ink;
  item.append(box, element("span", label, { class: "label" }));
  return item;
}

/**
 * @param {string} heading
 * @param {Side} side
 * @param {Record<string, Look>} looks
 * @param {Record<string, string>} live  attributes of the verdict
 */
function sideOf(heading, side, looks, live) {
  const part = element("section");
  const strip = element("ol", "", { class: "strip", "aria-label": heading });
  strip.append(...side.cells.map((cell) => boxOf(cell, looks)));
  const told = element("p", "The host is told: ", { class: "told" });
  told.append(element("code", side.told));
  const verdict = element("p", side.verdict, { class: "verdict", ...live });
  part.append(element("h4", heading), strip, told, verdict);
  return part;
}

/** @param {string} title @param {string} text */
function drawerOf(title, text) {
  const drawer = element("details");
  drawer.append(element("summary", title), element("p", text));
  return drawer;
}

export default makeWidget(["balloonkit-view", "balloonkit-review"], ({ model, el, id, on }) => {
  keepKeys(el);
  /** @type {FaultCase[]} */
  const cases = model.get("cases");
  /** @type {Record<string, Look>} */
  const looks = model.get("looks");

  const group = element("fieldset");
  group.append(element("legend", "Review the patch"));
  const chooser = element("div", "", { class: "chooser" });
  const label = element("label", "Fault", { for: id("fault") });
  const choice = element("select", "", { id: id("fault") });
  for (const [index, { name, title }] of cases.entries()) {
    choice.append(new Option(`${name}. ${title}`, String(index)));
  }
  /** @param {string} text @param {number} by */
  const step = (text, by) => {
    const button = element("button", text, { type: "button" });
    button.addEventListener("click", () => choose(model.get("chosen") + by));
    return button;
  };
  const [back, forth] = [step("Previous", -1), step("Next", 1)];
  chooser.append(label, choice, back, forth);

  const radios = element("div", "", { class: "radios", role: "radiogroup" });
  radios.setAttribute("aria-label", "The posted code has");
  radios.append(element("span", "The posted code has"));
  /** @type {"alone" | "posted"} */
  let faults = "alone";
  /** @param {"alone" | "posted"} value @param {string} text */
  const radio = (value, text) => {
    const field = element("input", "", { type: "radio", id: id(value), name: id("faults"), value });
    field.checked = value === faults;
    field.addEventListener("change", () => {
      faults = value;
      show();
    });
    radios.append(field, element("label", text, { for: id(value) }));
  };
  radio("alone", "this fault alone");
  radio("posted", "all its faults, B1 repaired");
  const body = element("div");
  group.append(chooser, radios, body);
  el.append(group);

  choice.addEventListener("change", () => choose(Number(choice.value)));
  /** @param {number} index */
  function choose(index) {
    model.set("chosen", Math.min(Math.max(index, 0), cases.length - 1));
    model.save_changes();
  }
  function show() {
    const index = model.get("chosen");
    const shown = cases[index];
    choice.value = String(index);
    back.disabled = index === 0;
    forth.disabled = index === cases.length - 1;
    const side = shown[faults];
    const input = element("p", "", { class: "input" });
    input.append(element("strong", "Input. "), shown.steps);
    const used = new Set([...side.cells, ...shown.correct.cells].map((cell) => cell[1]));
    const legend = element("ul", "", { class: "key" });
    for (const state of Object.keys(looks)) {
      if (used.has(state)) legend.append(boxOf([looks[state].label, state, true], looks));
    }
    body.replaceChildren(
      input,
      sideOf(`The posted code: ${side.name}`, side, looks, { role: "status" }),
      sideOf("The correct driver, on the same pages", shown.correct, looks, {}),
      legend,
      drawerOf("A hint", shown.hint),
      drawerOf("The fix", shown.fix),
    );
  }
  on({ "change:chosen": show });
  show();
});
