// A lab's view: labelled native inputs, a status line, pictures, and their text twin.

function input(control, value) {
  let field;
  if (control.kind === "choice") {
    field = document.createElement("select");
    for (const [text, option] of control.options) {
      field.append(new Option(text, JSON.stringify(option)));
    }
    field.value = JSON.stringify(value);
  } else if (control.kind === "paste") {
    field = document.createElement("textarea");
    field.rows = 3;
    field.spellcheck = false;
    write(control, field, value);
  } else {
    field = document.createElement("input");
    field.type = control.kind === "range" ? "range" : "checkbox";
    if (control.kind === "range") {
      [field.min, field.max, field.step] = [control.low, control.high, control.step];
      field.value = value;
    } else {
      field.checked = value;
    }
  }
  return field;
}

// A file that is no text is held beside the box, which names it; an edit of the box lets it go.
function hold(field, name, bytes, mark) {
  let binary = "";
  for (let at = 0; at < bytes.length; at += 4096) {
    binary += String.fromCharCode(...bytes.subarray(at, at + 4096));
  }
  field.held = { shown: `file ${name}, ${bytes.length.toLocaleString("en")} bytes`,
    value: mark + btoa(binary) };
  field.value = field.held.shown;
}

async function take(control, field, file) {
  const bytes = new Uint8Array(await file.arrayBuffer());
  if (bytes[0] === 0x50 && bytes[1] === 0x4b) {
    hold(field, file.name, bytes, control.mark);
  } else {
    field.value = new TextDecoder().decode(bytes);
  }
  field.dispatchEvent(new Event("change"));
}

function read(control, field) {
  if (control.kind === "paste") {
    return field.held?.shown === field.value ? field.held.value : field.value;
  }
  if (control.kind === "choice") return JSON.parse(field.value);
  return control.kind === "range" ? Number(field.value) : field.checked;
}

function write(control, field, value) {
  if (control.kind === "paste") {
    if (!value.startsWith(control.mark)) field.value = value;
    else if (field.held?.value !== value) {
      field.held = { shown: "a file that was chosen before", value };
      field.value = field.held.shown;
    }
    return;
  }
  if (control.kind === "choice") field.value = JSON.stringify(value);
  else if (control.kind === "range") field.value = value;
  else field.checked = value;
}

function render({ model, el }) {
  // Ids are the page's, and each widget loads this module anew: a counter would not do.
  const prefix = `balloonkit-view-${Math.random().toString(36).slice(2)}`;
  el.classList.add("balloonkit-view");
  // JupyterLab would take arrow keys for its own shortcuts.
  el.addEventListener("keydown", (event) => event.stopPropagation());

  const group = document.createElement("fieldset");
  const legend = document.createElement("legend");
  legend.textContent = model.get("title");
  group.append(legend);
  const fields = new Map();
  for (const control of model.get("spec")) {
    const row = document.createElement("div");
    row.className = `control ${control.kind}`;
    const field = input(control, model.get("values")[control.name]);
    field.id = `${prefix}-${control.name}`;
    const label = document.createElement("label");
    label.htmlFor = field.id;
    label.textContent = control.label;
    const shown = document.createElement("output");
    shown.htmlFor = field.id;
    row.append(label, field, shown);
    if (control.kind === "paste") {
      const file = document.createElement("input");
      file.type = "file";
      file.setAttribute("aria-label", `${control.label}: a file`);
      file.addEventListener("change", () => file.files[0] && take(control, field, file.files[0]));
      row.append(file);
    }
    if (control.help) {
      const help = document.createElement("small");
      help.id = `${field.id}-help`;
      help.textContent = control.help;
      field.setAttribute("aria-describedby", help.id);
      row.append(help);
    }
    const show = () => {
      shown.textContent = control.kind === "range" ? `${field.value}${control.unit}` : "";
    };
    show();
    field.addEventListener("input", show);
    field.addEventListener("change", send);
    fields.set(control, { field, show });
    group.append(row);
  }

  const status = document.createElement("p");
  status.className = "status";
  status.setAttribute("role", "status");
  const caption = document.createElement("p");
  caption.className = "caption";
  const picture = document.createElement("div");
  picture.className = "panes";
  const twin = document.createElement("details");
  const summary = document.createElement("summary");
  summary.textContent = "The same as a table";
  const table = document.createElement("div");
  table.className = "table";
  // What scrolls must be reached by keyboard, and what is reached must have a name.
  table.tabIndex = 0;
  table.setAttribute("role", "region");
  table.setAttribute("aria-label", `${model.get("title")}, as a table`);
  twin.append(summary, table);
  const aside = document.createElement("div");
  aside.innerHTML = model.get("fold");
  el.append(...(fields.size ? [group] : []), status, caption, picture, twin, aside);

  // Only one drawing is under way: moves made meanwhile wait, and only the last of them is sent.
  let waiting = false;
  let slow;
  function busy() {
    return model.get("sent") !== model.get("drawn");
  }
  function send() {
    if (busy()) {
      waiting = true;
    } else {
      const values = {};
      for (const [control, { field }] of fields) values[control.name] = read(control, field);
      model.set("values", values);
      model.set("sent", model.get("sent") + 1);
      model.save_changes();
    }
    say();
  }
  function say() {
    clearTimeout(slow);
    const error = model.get("error");
    status.classList.toggle("error", Boolean(error));
    picture.classList.toggle("stale", busy() || Boolean(error));
    if (busy()) {
      // Said only when it takes noticeable time: words that flash at every move disturb.
      slow = setTimeout(() => {
        status.textContent = "Drawing anew: the picture still shows the values before.";
        slow = setTimeout(() => {
          status.textContent =
            "No answer yet: the picture shows the values before. Is the kernel still running?";
        }, 1000 * model.get("patience_s"));
      }, 250);
    } else {
      status.textContent = error ? `${error} (The picture shows the values before.)` : "";
    }
  }
  function answered() {
    if (!busy() && waiting) {
      waiting = false;
      send();
    }
    say();
  }
  function values() {
    if (busy() || waiting) return;
    for (const [control, { field, show }] of fields) {
      write(control, field, model.get("values")[control.name]);
      show();
    }
  }
  // A slider's end may follow another control: a guest with fewer messages has a shorter one.
  function ends() {
    [...fields.values()].forEach(({ field }, at) => {
      if (field.type === "range") field.max = model.get("spec")[at].high;
    });
    values();
  }
  function pick(name, value) {
    for (const [control, { field }] of fields) {
      if (control.name !== name) continue;
      field.value = value;
      field.dispatchEvent(new Event("input"));
      field.dispatchEvent(new Event("change"));
    }
  }
  function chart(svg) {
    const figure = document.createElement("figure");
    figure.className = "chart";
    figure.setAttribute("role", "img");
    figure.setAttribute("aria-label", `${model.get("title")}. The table below says the same.`);
    figure.innerHTML = svg;
    // Text of 10 points is drawn no larger than the page's own.
    figure.style.maxWidth = `${1.39 * figure.firstElementChild.viewBox.baseVal.width}px`;
    return figure;
  }
  function paint() {
    const panes = model.get("panes");
    picture.replaceChildren(
      ...panes.map((pane) => (pane.kind === "map" ? pageMap(pane, pick) : chart(pane.svg))),
    );
  }
  function tabulate() {
    table.innerHTML = model.get("table");
    caption.textContent = model.get("caption");
  }

  const on = { drawn: answered, error: say, spec: ends, values, panes: paint, table: tabulate };
  for (const [name, react] of Object.entries(on)) model.on(`change:${name}`, react);
  paint();
  tabulate();
  say();
  return () => {
    clearTimeout(slow);
    for (const [name, react] of Object.entries(on)) model.off(`change:${name}`, react);
  };
}

export default { render };
