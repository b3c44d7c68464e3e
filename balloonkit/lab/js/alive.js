// Two lines that begin as crosses: drawing them proves the browser, an answer proves the kernel.

function render({ model, el }) {
  const status = document.createElement("div");
  status.setAttribute("role", "status");
  const list = document.createElement("ul");
  list.style.cssText = "list-style: none; margin: 0; padding: 0; font-size: 16px; line-height: 1.8";
  const browser = document.createElement("li");
  const kernel = document.createElement("li");
  list.append(browser, kernel);
  status.append(list);
  el.append(status);

  const question = model.get("asked") + 1;
  const say = () => {
    const alive = model.get("answered") >= question;
    kernel.textContent = alive
      ? "✓ The kernel answered: sliders will redraw."
      : "✗ No answer from the kernel yet.";
  };
  browser.textContent = "✓ The widget runs in your browser.";
  say();
  model.on("change:answered", say);
  model.set("asked", question);
  model.save_changes();
  return () => model.off("change:answered", say);
}

export default { render };
