// A bar of the resident set: it falls while the kernel releases memory.

function render({ model, el }) {
  el.classList.add("balloonkit-meter");
  const bar = document.createElement("div");
  bar.className = "bar";
  bar.setAttribute("role", "meter");
  bar.setAttribute("aria-label", "resident set");
  bar.setAttribute("aria-valuemin", "0");
  bar.setAttribute("aria-valuemax", "100");
  const fill = document.createElement("div");
  bar.append(fill);
  const text = document.createElement("p");
  el.append(text, bar);
  function show() {
    const percent = Math.round(model.get("share") * 100);
    fill.style.width = `${percent}%`;
    bar.setAttribute("aria-valuenow", percent);
    bar.setAttribute("aria-valuetext", model.get("text"));
    text.textContent = model.get("text");
  }
  const names = ["change:share", "change:text"];
  for (const name of names) model.on(name, show);
  show();
  return () => {
    for (const name of names) model.off(name, show);
  };
}

export default { render };
