// @ts-check
// A bar of the resident set: it falls while the kernel releases memory.

import { element } from "./dom.js";
import { makeWidget } from "./widget.js";

export default makeWidget(["balloonkit-meter"], ({ model, el, on }) => {
  const text = element("p");
  const bar = element("div", "", {
    class: "bar",
    role: "meter",
    "aria-label": "resident set",
    "aria-valuemin": 0,
    "aria-valuemax": 100,
  });
  const fill = element("div");
  bar.append(fill);
  el.append(text, bar);
  function show() {
    const percent = Math.round(model.get("share") * 100);
    fill.style.width = `${percent}%`;
    bar.setAttribute("aria-valuenow", String(percent));
    bar.setAttribute("aria-valuetext", model.get("text"));
    text.textContent = model.get("text");
  }
  on({ "change:share": show, "change:text": show });
  show();
});
