// @ts-check
// Two lines that begin as crosses: drawing them proves the browser, an answer proves the kernel.

import { element } from "./dom.js";
import { makeAsker, makeWidget } from "./widget.js";

export default makeWidget(["balloonkit-alive"], (view) => {
  const status = element("div", "", { role: "status" });
  const list = element("ul");
  const browser = element("li", "✓ The widget runs in your browser.");
  const kernel = element("li");
  list.append(browser, kernel);
  status.append(list);
  view.el.append(status);
  const { ask, busy } = makeAsker(view, () => {
    kernel.textContent = busy()
      ? "✗ No answer from the kernel yet."
      : "✓ The kernel answered: sliders will redraw.";
  });
  ask("are you there");
});
