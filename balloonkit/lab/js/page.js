// Widgets without a kernel: each gets a stand-in for its model, filled with the stored state.

const { modules, models } = JSON.parse(document.getElementById("widgets").textContent);

function dataView(base64) {
  return new DataView(Uint8Array.from(atob(base64), (c) => c.charCodeAt(0)).buffer);
}

function standIn({ state, buffers }) {
  for (const { path, data } of buffers) {
    const holder = path.slice(0, -1).reduce((value, key) => value[key], state);
    holder[path.at(-1)] = dataView(data);
  }
  const reactions = [];
  return {
    get: (name) => state[name],
    set(name, value) {
      if (state[name] === value) return;
      state[name] = value;
      for (const { event, react } of [...reactions]) if (event === `change:${name}`) react();
    },
    on(event, react) {
      reactions.push({ event, react });
    },
    off(event, react) {
      const kept = reactions.filter((r) => r.event !== event || (react && r.react !== react));
      reactions.splice(0, reactions.length, ...kept);
    },
    save_changes() {},
    send() {},
  };
}

const loaded = {};
for (const [kind, { esm, css }] of Object.entries(modules)) {
  const style = document.createElement("style");
  style.textContent = css;
  document.head.append(style);
  const url = URL.createObjectURL(new Blob([esm], { type: "text/javascript" }));
  const { default: widget } = await import(url);
  loaded[kind] = typeof widget === "function" ? await widget() : widget;
}

const live = {};
for (const [id, stored] of Object.entries(models)) {
  live[id] = { model: standIn(stored), widget: loaded[stored.kind] };
  await live[id].widget.initialize?.({ model: live[id].model });
}

for (const el of document.querySelectorAll("[data-model]")) {
  const { model, widget } = live[el.dataset.model];
  await widget.render({ model, el });
}
