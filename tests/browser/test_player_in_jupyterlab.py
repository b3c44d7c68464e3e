"""The step player in real JupyterLab: keys, a dead kernel, silence, two views, re-runs."""

import json
import os
import signal

import pytest
from lab_server import wait_until_quiet
from sample_traces import sample_trace

PLAYERS = ".bk-player"


@pytest.fixture
def notebook(tmp_path):
    """Return a function (code of each cell) -> path of a notebook; `trace` is at hand in it."""
    (tmp_path / "trace.json").write_text(json.dumps(sample_trace()[0]))
    setup = (
        "import json, os\n"
        "from balloonkit.lab.player import StepPlayer\n"
        f"trace = json.load(open({str(tmp_path / 'trace.json')!r}))"
    )

    def write(*cells):
        nbformat = pytest.importorskip("nbformat")
        book = nbformat.v4.new_notebook()
        book.cells = [nbformat.v4.new_code_cell(code) for code in (setup, *cells)]
        book.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
        path = tmp_path / "player.ipynb"
        nbformat.write(book, path)
        return path

    return write


@pytest.fixture
def opened(notebook, open_notebook, run_all):
    """Return a function (cells) -> page on which all of them ran and a player is drawn."""

    def show(*cells, **options):
        page = open_notebook(notebook(*cells), **options)
        run_all(page)
        page.wait_for_selector(PLAYERS)
        return page

    return show


def position(page, nth=0):
    return page.locator(f"{PLAYERS} .bk-at").nth(nth).inner_text().split(" of ")[0]


def press(page, *keys):
    for key in keys:
        page.keyboard.press(key)


def test_keys_step_the_player_and_the_kernel_hears_nothing(opened):
    page = opened("player = StepPlayer(trace)\nplayer")
    page.locator(".bk-why").click()
    wait_until_quiet(page)
    press(page, "ArrowRight", "ArrowRight", "ArrowRight", "ArrowLeft")
    assert position(page) == "step 1"
    press(page, "End")
    assert position(page) == "step 55"
    press(page, "Home")
    assert position(page) == "start"
    page.get_by_label("Step", exact=True).focus()
    press(page, *["ArrowRight"] * 50)
    assert position(page) == "step 49"
    page.locator("[data-pane=map] canvas").hover()
    press(page, " ", " ")
    page.wait_for_timeout(300)
    assert page.sent == []
    assert page.evaluate("jupyterapp.shell.currentWidget.content.activeCellIndex") == 1


def test_player_steps_on_when_the_kernel_is_dead(opened):
    page = opened("player = StepPlayer(trace)\nplayer", "print('pid', os.getpid())")
    pid = int(page.get_by_text("pid ").last.inner_text().split()[-1])
    page.locator(".bk-why").click()
    press(page, "ArrowRight")
    os.kill(pid, signal.SIGKILL)
    page.wait_for_function(
        """() => ["dead", "autorestarting", "restarting", "unknown"].includes(
        window.jupyterapp.shell.currentWidget.sessionContext.session?.kernel?.status ?? "dead")"""
    )
    dismiss = page.locator(".jp-Dialog button.jp-mod-accept")
    dismiss.click()
    page.locator(".bk-why").click()
    press(page, "ArrowRight", "ArrowRight")
    assert position(page) == "step 2"
    page.problems[:] = [text for text in page.problems if "PLAYER" in text]


def test_two_views_keep_their_own_cursor_and_python_moves_both(opened, run_all):
    page = opened("player = StepPlayer(trace)\nplayer", "player", "if 0: player.jump(31)")
    page.locator(PLAYERS).nth(1).wait_for()
    page.locator(".bk-why").first.click()
    press(page, "ArrowRight", "ArrowRight")
    assert (position(page, 0), position(page, 1)) == ("step 1", "start")
    execute = """(code) => {
        const kernel = jupyterapp.shell.currentWidget.sessionContext.session.kernel;
        return kernel.requestExecute({code}).done.then(() => null);
    }"""
    page.evaluate(execute, "player.jump(31)")
    page.wait_for_function(
        """[...document.querySelectorAll(".bk-at")]
        .every((e) => e.textContent.startsWith("step 31"))"""
    )
    page.locator(".bk-why").first.click()
    press(page, "Home")
    page.evaluate(execute, "player.jump('seed=7 pages=64 step=31')")
    page.wait_for_function(
        """[...document.querySelectorAll(".bk-at")]
        .every((e) => e.textContent.startsWith("step 31"))"""
    )


def test_a_new_trace_replaces_the_run_in_the_same_view(opened):
    page = opened("player = StepPlayer(trace)\nplayer")
    page.locator(".bk-why").click()
    press(page, "End")
    code = "player.trace = trace | {'title': 'Another run', 'steps': trace['steps'][:9]}"
    page.evaluate(
        """(code) => jupyterapp.shell.currentWidget.sessionContext.session.kernel
        .requestExecute({code}).done.then(() => null)""",
        code,
    )
    page.get_by_text("Another run").wait_for()
    assert page.locator(".bk-at").inner_text() == "start of 0\u20138"
    assert page.locator(PLAYERS).count() == 1


def test_player_scrolled_away_and_back_is_drawn_and_keeps_its_place(opened):
    page = opened("player = StepPlayer(trace)\nplayer", *["print('line\\n' * 60)"] * 12)
    page.locator(".bk-why").click()
    press(page, "ArrowRight", "ArrowRight", "ArrowRight")
    scroll = "jupyterapp.shell.currentWidget.content.scrollToItem"
    page.evaluate(f"{scroll}(12)")
    page.wait_for_timeout(800)
    assert not page.locator(PLAYERS).is_visible() or not page.evaluate(
        """() => { const box = document.querySelector(".bk-player").getBoundingClientRect();
        return box.bottom > 0 && box.top < innerHeight }"""
    )
    page.evaluate(f"{scroll}(1)")
    page.locator(PLAYERS).wait_for()
    page.wait_for_function(
        """() => { const canvas = document.querySelector("[data-pane=map] canvas");
        return canvas?.width && canvas.getContext("2d")
            .getImageData(0, 0, canvas.width, canvas.height).data.some((v) => v) }"""
    )
    assert position(page) == "step 2"
    page.locator(".bk-why").click()
    press(page, "ArrowRight")
    assert position(page) == "step 3"


def test_running_the_cell_again_leaves_one_working_player(opened, run_all):
    page = opened("player = StepPlayer(trace)\nplayer")
    for _ in range(2):
        page.locator(".bk-why").click()
        page.get_by_role("button", name="Play (space)").click()
        run_all(page)
        page.wait_for_function(
            f"""document.querySelectorAll("{PLAYERS}").length === 1
            && document.querySelector(".bk-at").textContent.startsWith("start")"""
        )
    page.locator(".bk-why").click()
    press(page, "ArrowRight")
    assert position(page) == "step 0"


def test_player_fits_a_laptop_screen_without_scrolling(opened):
    page = opened("player = StepPlayer(trace)\nplayer", viewport={"width": 1280, "height": 800})
    player, screen = page.locator(PLAYERS), page.locator(".jp-WindowedPanel-outer")
    assert player.bounding_box()["height"] <= screen.evaluate("panel => panel.clientHeight")


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
@pytest.mark.parametrize("width", [1280, 800])
def test_player_follows_the_theme_and_fits_its_cell(opened, theme, width):
    page = opened(
        "player = StepPlayer(trace, step=40)\nplayer", viewport={"width": width, "height": 900}
    )
    page.evaluate("(theme) => jupyterapp.commands.execute('apputils:change-theme', {theme})", theme)
    is_light = str(theme.endswith("Light")).lower()
    page.wait_for_function(f"document.body.dataset.jpThemeLight === '{is_light}'")
    page.wait_for_timeout(500)
    paper = page.evaluate("getComputedStyle(document.querySelector('.bk-player')).backgroundColor")
    assert (paper == "rgb(255, 255, 255)") == theme.endswith("Light")
    cut = page.evaluate(
        """() => [...document.querySelectorAll(".bk-player, .bk-player *")]
        .filter((e) => e.clientWidth && !e.closest("svg, select") && !e.matches("input")
            && e.scrollWidth > e.clientWidth + 1)
        .map((e) => e.className + ": " + e.textContent)"""
    )
    if shots := os.environ.get("PLAYER_SHOTS"):
        page.screenshot(path=f"{shots}/lab-{width}-{theme[-5:].strip()}.png")
    assert cut == []
