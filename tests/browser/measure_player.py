"""Print what a step of the player costs in Chromium.

    PYTHONPATH=tests/support python tests/browser/measure_player.py

Milliseconds of script and layout for one key press, forwards and backwards, and the gaps between
frames while a step is taken in each.
"""

import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from player_page import player_page
from playwright.sync_api import sync_playwright

from balloonkit import load_capture, trace_inflate
from balloonkit.guest import Guest
from balloonkit.lab.player.player import StepPlayer, pack
from balloonkit.predict import guest_of
from balloonkit.trace import Trace
from balloonkit.wire import PFN_ARRAY, PageBitmaps, PageChunks


def small(pages: int, size: str = "16MiB", **options: Any) -> Callable[[], Trace]:
    return lambda: trace_inflate(Guest.aged(size, 0.5), pages, **options)


def aged_8g(**options: Any) -> Callable[[], Trace]:
    return lambda: trace_inflate(guest_of(load_capture("aged-8g")), "4GiB", **options)


#: What a run is called, and how to make it.
RUNS = {
    "64 pages": small(20, "256KiB"),
    "4096 pages, small bitmaps": small(1500, steps_per_stage=100),
    "4096 pages, one bitmap": small(1500, format=PageChunks(bitmaps=PageBitmaps())),
    "4096 pages, a step each": small(1500, steps_per_stage=5000),
    "4096 pages, classic": small(1500, format=PFN_ARRAY),
    "8 GiB idle, a window": lambda: trace_inflate(Guest.idle("8GiB"), "4GiB"),
    "aged-8g, a window": aged_8g(),
    "aged-8g, a window, over 1000 steps": aged_8g(steps_per_stage=450),
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
        browser = driver.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
        )
        for name, run in RUNS.items():
            began = time.perf_counter()
            trace = StepPlayer(run().as_dict()).trace
            made_s = time.perf_counter() - began
            path = Path(folder) / "page.html"
            path.write_text(player_page(trace))
            page = browser.new_page(viewport={"width": 1280, "height": 1200})
            page.goto(f"file://{path}")
            page.wait_for_selector(".bk-player")
            size = (
                f"{len(trace['steps'])} steps, {len(pack(trace)):,} bytes, made in {made_s:.1f} s"
            )
            print(f"{name}: {size}")
            for way, figures in page.evaluate(MEASURE).items():
                print(f"  {way:10} {json.dumps(figures)}")
        browser.close()


if __name__ == "__main__":
    main()
