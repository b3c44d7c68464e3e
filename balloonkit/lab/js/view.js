// @ts-check
// A lab's view: labelled native inputs, a status line, pictures, and their text twin.

import { element } from "./dom.js";
import { makeInput } from "./inputs.js";
import { makePageMap } from "./page_map.js";
import { keepKeys, makeAsker, makeWidget } from "./widget.js";

/** @import { ChartSpec, Control, MapSpec } from "./types" */

/** Words that flash at every move disturb: said only when an answer takes noticeable time. */
const NOTICEABLE_MS = 250;
const PIXELS_PER_POINT = 1.39; // text of 10 points is drawn no larger than the page's own

/** @param {string} title @param {string} svg */
function chartOf(title, svg) {
  const label = `${title}. The table below says the same.`;
  const figure = element("figure", "", { class: "chart", role: "img", "aria-label": label });
  figure.innerHTML = svg;
  const drawn = figure.querySelector("svg");
  if (drawn) figure.style.maxWidth = `${PIXELS_PER_POINT * drawn.viewBox.baseVal.width}px`;
  return figure;
}

export default makeWidget(["balloonkit-view"], (view) => {
  const { model, el, id, on, atEnd } = view;
  keepKeys(el);
  const title = model.get("title");
  /** @type {() => Control[]} */
  const spec = () => model.get("spec");

  const group = element("fieldset");
  group.append(element("legend", title));
  const inputs = spec().map((control) =>
    makeInput(control, model.get("values")[control.name], id(control.name), send),
  );
  group.append(...inputs.map(({ row }) => row));

  const status = element("p", "", { class: "status", role: "status" });
  const caption = element("p", "", { class: "caption" });
  const picture = element("div", "", { class: "panes" });
  const twin = element("details");
  // What scrolls must be reached by keyboard, and what is reached must have a name.
  const named = { tabindex: 0, role: "region", "aria-label": `${title}, as a table` };
  const table = element("div", "", { class: "table", ...named });
  twin.append(element("summary", "The same as a table"), table);
  twin.open = model.get("panes").length === 0; // then the table is all there is to see
  const aside = element("div");
  aside.innerHTML = model.get("fold");
  el.append(...(inputs.length ? [group] : []), status, caption, picture, twin, aside);

  let slow = 0;
  const { ask, busy } = makeAsker(view, say);
  function send() {
    ask("move", { values: Object.fromEntries(inputs.map(({ name, read }) => [name, read()])) });
  }
  function say() {
    clearTimeout(slow);
    const error = model.get("error");
    status.classList.toggle("error", Boolean(error));
    picture.classList.toggle("stale", busy() || Boolean(error));
    if (!busy()) {
      status.textContent = error ? `${error} (The picture shows the values before.)` : "";
      if (!error) showValues(); // the kernel may have taken another value than was sent
      return;
    }
    slow = window.setTimeout(() => {
      status.textContent = "Drawing anew: the picture still shows the values before.";
      slow = window.setTimeout(
        () => {
          status.textContent =
            "No answer yet: the picture shows the values before. Is the kernel still running?";
        },
        1000 * model.get("patience_s"),
      );
    }, NOTICEABLE_MS);
  }
  function showValues() {
    if (busy()) return;
    for (const { name, write } of inputs) write(model.get("values")[name]);
  }
  // A slider's end may follow another control: a guest with fewer messages has a shorter one.
  function showEnds() {
    spec().forEach((control, at) => {
      const { field } = inputs[at];
      if (control.kind === "range" && field instanceof HTMLInputElement)
        field.max = String(control.high);
    });
    showValues();
  }
  /** @param {string} name @param {number} value */
  function pick(name, value) {
    for (const input of inputs) {
      if (input.name !== name) continue;
      input.write(value);
      send();
    }
  }

  /** @type {(() => void)[]} */
  let gone = []; // called for each map that is replaced
  function letGo() {
    for (const end of gone.splice(0)) end();
  }
  function paint() {
    letGo();
    /** @type {(MapSpec | ChartSpec)[]} */
    const panes = model.get("panes");
    picture.replaceChildren(
      ...panes.map((pane) => {
        if (pane.kind === "chart") return chartOf(title, pane.svg);
        const map = makePageMap(pane, pick);
        gone.push(map.end);
        return map.element;
      }),
    );
  }
  function tabulate() {
    table.innerHTML = model.get("table");
    caption.textContent = model.get("caption");
  }

  on({
    "change:error": say,
    "change:spec": showEnds,
    "change:values": showValues,
    "change:panes": paint,
    "change:table": tabulate,
  });
  atEnd(() => {
    clearTimeout(slow);
    letGo();
  });
  paint();
  tabulate();
  say();
});
