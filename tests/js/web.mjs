// The player's scripts as modules: they are glued together in a page, so glue them here too.

import { readFileSync } from "node:fs";

const web = new URL("../../balloonkit/lab/js/", import.meta.url);

/** What the named scripts export, each seeing those before it. */
export function load(...names) {
  const source = names.map((name) => readFileSync(new URL(`${name}.js`, web), "utf8")).join("\n");
  return import(`data:text/javascript;charset=utf-8,${encodeURIComponent(source)}`);
}
