"""Print how long a slider takes from its release to the new picture: measure_labs.py.

In JupyterLab and Chromium, each view of an 8 GiB guest; then what the kernel keeps resident.
"""

import statistics
import sys
import tempfile
from pathlib import Path

import nbformat
import psutil
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))

import lab_server  # noqa: E402

#: The cell that shows a view.
VIEWS = {
    "fragmentation: guest": "from balloonkit.lab import FragmentationLab as Lab\nLab().guest()",
    "race: stages": "from balloonkit.lab import RaceLab as Lab\nLab().stages()",
    "captures: order": "from balloonkit.lab import CaptureLab as Lab\nLab('aged-8g').order()",
}
MOVES = 15
#: Move a view's sliders in turn; milliseconds until the new picture is in the page.
MEASURE = """async (moves) => {
  const view = document.querySelector('.jp-OutputArea-output .balloonkit-view');
  const panes = view.querySelector('.panes'), times = {};
  for (const slider of view.querySelectorAll('input[type=range]')) {
    const took = [];
    for (let i = 0; i < moves; i++) {
      slider.stepUp(i % 2 ? -1 : 1);
      const began = performance.now();
      const drawn = new Promise((done) => new MutationObserver((_, seen) => {
        seen.disconnect();
        requestAnimationFrame(done);
      }).observe(panes, {childList: true}));
      slider.dispatchEvent(new Event('change'));
      await drawn;
      took.push(performance.now() - began);
      await new Promise((done) => setTimeout(done, 50));
    }
    times[slider.labels[0].textContent] = took;
  }
  return times;
}"""


def main() -> None:
    with sync_playwright() as driver, tempfile.TemporaryDirectory() as home:
        browser = lab_server.launch(driver)
        lab = lab_server.Lab(Path(home))
        lab.wait()
        for name, code in VIEWS.items():
            path = Path(home) / "view.ipynb"
            metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
            cells = [nbformat.v4.new_code_cell(code)]
            nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=metadata), path)
            with lab_server.notebook_page(browser, lab, path) as page:
                lab_server.run_all_cells(page)
                for slider, took in page.evaluate(MEASURE, MOVES).items():
                    median, worst = statistics.median(took), max(took)
                    print(f"{name}, {slider}: median {median:.0f} ms, worst {worst:.0f} ms")
                server = psutil.Process(lab.process.pid)
                kernels = [child.memory_info().rss >> 20 for child in server.children()]
                print(f"  kernel: {max(kernels)} MiB resident")
        lab.stop()
        browser.close()


if __name__ == "__main__":
    main()
