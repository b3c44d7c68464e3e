"""Print what a step of the player costs in Chromium: python tests/browser/measure_player.py.

Milliseconds of script and layout for one key press, forwards and backwards, and the gaps between
frames while a step is taken in each.
"""

import json
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from balloonkit.lab.player import pack
from balloonkit.lab.static_page import static_html
from tests.browser.conftest import ARGUMENTS, CHROMIUM
from tests.sample_traces import CLASSIC, sample_trace

RUNS = {
    "64 pages": {"pages": 64, "inflate": 20},
    "4096 pages, blocks": {"pages": 4096, "inflate": 1500, "order": 2},
    "4096 pages, one by one": {"pages": 4096, "inflate": 300},
    "4096 pages, classic": {"pages": 4096, "inflate": 300, "path": CLASSIC},
}

MEASURE = """async () => {
  const root = document.querySelector(".bk-player");
  const press = (key) => {
    const began = performance.now();
    root.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
    root.getBoundingClientRect();
    return performance.now() - began;
  };
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  const sorted = (list) => list.sort((a, b) => a - b);
  const show = (list) => {
    const s = sorted(list), at = (share) => +s[Math.floor(share * (s.length - 1))].toFixed(1);
    return { median: at(0.5), p95: at(0.95), worst: at(1) };
  };
  press("Home");
  const answer = {};
  for (const [name, key] of [["forwards", "ArrowRight"], ["backwards", "ArrowLeft"]]) {
    const cost = [], gaps = [];
    let last = await frame();
    for (let i = 0; i < 200; i++) {
      cost.push(press(key));
      const now = await frame();
      gaps.push(now - last);
      last = now;
    }
    if (key === "ArrowRight") press("End");
    answer[name] = { step: show(cost), frame: show(gaps) };
  }
  return answer;
}"""


def main() -> None:
    with sync_playwright() as driver, tempfile.TemporaryDirectory() as folder:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        for name, options in RUNS.items():
            trace, _ = sample_trace(**options)
            path = Path(folder) / "page.html"
            path.write_text(static_html(trace, name))
            page = browser.new_page(viewport={"width": 1280, "height": 1200})
            page.goto(f"file://{path}")
            page.wait_for_selector(".bk-player")
            print(f"{name}: {len(trace['steps'])} steps, {len(pack(trace)):,} bytes")
            for way, figures in page.evaluate(MEASURE).items():
                print(f"  {way:10} {json.dumps(figures)}")
        browser.close()


if __name__ == "__main__":
    main()
