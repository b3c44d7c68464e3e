"""The step player in real JupyterLab: keys, a dead kernel, silence, two views, re-runs."""

import json
import os
import signal

import pytest
from lab_server import wait_until_quiet, write_notebook
from sample_traces import sample_trace

PLAYERS = ".bk-player"


@pytest.fixture(scope="module")
def setup(tmp_path_factory):
    """Code of a first cell; `trace` is at hand after it."""
    path = tmp_path_factory.mktemp("trace") / "trace.json"
    path.write_text(json.dumps(sample_trace()[0]))
    return (
        "import json, os\n"
        "from balloonkit.lab import StepPlayer\n"
        f"trace = json.load(open({str(path)!r}))"
    )


@pytest.fixture(scope="module")
def shared_page(tmp_path_factory, setup, notebook_page):
    folder = tmp_path_factory.mktemp("player")
    with notebook_page(write_notebook(folder, setup, "player = StepPlayer(trace)\nplayer")) as page:
        yield page


@pytest.fixture
def page(shared_page, run_all):
    """A page with a new player on it, the kernel alive; theme and size are whatever they were."""
    run_all(shared_page)
    shared_page.wait_for_selector(PLAYERS)
    return shared_page


@pytest.fixture
def opened(tmp_path, setup, open_notebook, run_all):
    """Return a function (cells) -> page of its own on which all of them ran."""

    def show(*cells):
        page = open_notebook(write_notebook(tmp_path, setup, *cells))
        run_all(page)
        page.wait_for_selector(PLAYERS)
        return page

    return show


def execute(page, code):
    """Run code in the page's kernel, in no cell."""
    page.evaluate(
        """code => jupyterapp.shell.currentWidget.sessionContext.session.kernel
        .requestExecute({code}).done.then(() => null)""",
        code,
    )


def position(page, nth=0):
    return page.locator(f"{PLAYERS} .bk-at").nth(nth).inner_text().split(" of ")[0]


def press(page, *keys):
    for key in keys:
        page.keyboard.press(key)


def test_keys_step_the_player_and_the_kernel_hears_nothing(page):
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
    execute(page, "player.jump(31)")
    page.wait_for_function(
        """[...document.querySelectorAll(".bk-at")]
        .every((e) => e.textContent.startsWith("step 31"))"""
    )
    page.locator(".bk-why").first.click()
    press(page, "Home")
    execute(page, "player.jump('seed=7 pages=64 step=31')")
    page.wait_for_function(
        """[...document.querySelectorAll(".bk-at")]
        .every((e) => e.textContent.startsWith("step 31"))"""
    )


def test_a_new_trace_replaces_the_run_in_the_same_view(page):
    page.locator(".bk-why").click()
    press(page, "End")
    code = "player.trace = trace | {'title': 'Another run', 'steps': trace['steps'][:9]}"
    execute(page, code)
    page.get_by_text("Another run").wait_for()
    assert page.locator(".bk-at").inner_text() == "start of 0\u20138"
    assert page.locator(PLAYERS).count() == 1


def test_player_scrolled_away_and_back_is_drawn_and_keeps_its_place(opened):
    page = opened("player = StepPlayer(trace)\nplayer", *["print('line\\n' * 60)"] * 12)
    page.locator(".bk-why").click()
    press(page, "ArrowRight", "ArrowRight", "ArrowRight")
    scroll = "jupyterapp.shell.currentWidget.content.scrollToItem"
    page.evaluate(f"{scroll}(12)")
    page.wait_for_function(
        """() => { const box = document.querySelector(".bk-player")?.getBoundingClientRect();
        return !box?.width || box.bottom <= 0 || box.top >= innerHeight }"""
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


def test_running_the_cell_again_leaves_one_working_player(page, run_all):
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


def test_player_fits_a_laptop_screen_without_scrolling(page):
    page.set_viewport_size({"width": 1280, "height": 800})
    player, screen = page.locator(PLAYERS), page.locator(".jp-WindowedPanel-outer")
    assert player.bounding_box()["height"] <= screen.evaluate("panel => panel.clientHeight")


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
@pytest.mark.parametrize("width", [1280, 800])
def test_player_follows_the_theme_and_fits_its_cell(page, theme, width):
    page.set_viewport_size({"width": width, "height": 900})
    execute(page, "player.jump(40)")
    page.wait_for_function("document.querySelector('.bk-at').textContent.startsWith('step 40')")
    page.evaluate("(theme) => jupyterapp.commands.execute('apputils:change-theme', {theme})", theme)
    is_light = str(theme.endswith("Light")).lower()
    page.wait_for_function(f"document.body.dataset.jpThemeLight === '{is_light}'")
    page.wait_for_function(
        """light => light === ("rgb(255, 255, 255)"
        === getComputedStyle(document.querySelector(".bk-player")).backgroundColor)""",
        arg=theme.endswith("Light"),
    )
    cut = page.evaluate(
        """() => [...document.querySelectorAll(".bk-player, .bk-player *")]
        .filter((e) => e.clientWidth && !e.closest("svg, select") && !e.matches("input")
            && e.scrollWidth > e.clientWidth + 1)
        .map((e) => e.className + ": " + e.textContent)"""
    )
    if shots := os.environ.get("PLAYER_SHOTS"):
        page.screenshot(path=f"{shots}/lab-{width}-{theme[-5:].strip()}.png")
    assert cut == []
