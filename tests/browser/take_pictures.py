"""Take the README's pictures from the real widgets: python tests/browser/take_pictures.py.

Each lesson is run in JupyterLab, and one of its widgets becomes docs/pictures/LESSON.png.
"""

import io
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright
from rich.progress import track

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))

import lab_server  # noqa: E402

#: What is taken of each lesson: a widget, and which of its kind.
SUBJECTS = {
    "1-fragmentation": (".balloonkit-view .panes", 0),
    "2-chunk-formation": (".bk-player", 0),
    "3-host-release": (".balloonkit-view .panes", 1),
    "4-the-race": (".balloonkit-view .panes", 0),
    "5-real-guests": (".balloonkit-view .panes", 1),
    "6-live-guest": (".balloonkit-view .panes", 2),
    "7-review-the-patch": (".balloonkit-review", 0),
    "8-lineage": (".balloonkit-view .panes", 1),
}
#: Pictures of few colours: a palette makes them a third of the size.
COLOURS = 64
#: Room for the widgets beside JupyterLab's file browser, and for a whole lesson below it.
VIEWPORT = {"width": 1480, "height": 14_000}


def main() -> None:
    pictures = ROOT / "docs" / "pictures"
    with sync_playwright() as driver, tempfile.TemporaryDirectory() as home:
        browser = lab_server.launch(driver)
        lab = lab_server.Lab(Path(home))
        lab.wait()
        for name, (kind, nth) in track(SUBJECTS.items(), "Taking pictures"):
            path = ROOT / "notebooks" / f"{name}.ipynb"
            with lab_server.notebook_page(browser, lab, path, viewport=VIEWPORT) as page:
                lab_server.run_all_cells(page)
                subject = page.locator(f".jp-OutputArea-output {kind}").nth(nth)
                if kind == ".bk-player":
                    # Shortly before the end, every pane has something to show.
                    for key in ["End", *["ArrowLeft"] * 6]:
                        subject.get_by_role("slider", name="Step").press(key)
                shot = Image.open(io.BytesIO(subject.screenshot()))
                shot.quantize(COLOURS).save(pictures / f"{name}.png", optimize=True)
        lab.stop()
        browser.close()


if __name__ == "__main__":
    main()
