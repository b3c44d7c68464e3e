// @ts-check
// The step player: unpacks a run, and plays it.

import { makePlayer } from "./cursor.js";
import { makeWidget } from "./widget.js";

/** The JSON behind zlib bytes.
 * @param {DataView<ArrayBuffer>} view */
async function unpack(view) {
  const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  const plain = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(plain).json();
}

/** Each view of a model has its own cursor; only an explicit jump from Python moves them all. */
export default makeWidget([], async ({ model, el, on, atEnd }) => {
  /** @type {ReturnType<typeof makePlayer> | null} */
  let player = null;
  let turn = 0;
  const build = async () => {
    const mine = ++turn;
    const data = await unpack(model.get("_data"));
    if (mine !== turn) return; // a newer trace came meanwhile, or the view is gone
    player?.end();
    player = makePlayer(el, data, model.get("step"));
  };
  const jumped = () => player?.go(model.get("step"));
  on({ "change:_data": build, "change:step": jumped, "msg:custom": jumped });
  atEnd(() => {
    turn++;
    player?.end();
  });
  await build();
});
