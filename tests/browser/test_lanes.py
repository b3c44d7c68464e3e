"""The raced race in Chromium, on a page of its own and on a clock the test turns: no kernel."""

import re

import pytest
from player_page import widget_page

from balloonkit.lab.lessons.the_race.race_lanes import RaceLanes

FRAME_MS = 16
#: Sounds are counted where they start.
COUNT_SOUNDS = """
window.sounds = 0;
const start = AudioBufferSourceNode.prototype.start;
AudioBufferSourceNode.prototype.start = function (...at) {
  window.sounds += 1;
  return start.apply(this, at);
};
"""
LOOKS = """() => [...document.querySelectorAll('.balloonkit-lanes, .balloonkit-lanes *')]
  .map(e => e.getAttribute('style') + e.textContent).join()"""


@pytest.fixture(scope="module")
def html():
    return widget_page(RaceLanes().get_state())


@pytest.fixture
def show(new_page, tmp_path, html):
    """Return a function (context options) -> page with the race, its clock in the test's hand."""

    def open_race(**options):
        (tmp_path / "page.html").write_text(html)
        page = new_page(**options)
        page.add_init_script(COUNT_SOUNDS)
        page.clock.install(time=0)
        page.clock.pause_at(1000)
        page.goto(f"file://{tmp_path}/page.html")
        page.wait_for_selector(".balloonkit-lanes")
        return page

    return open_race


def lane(page, path):
    return page.locator(f".lane[data-path={path}]")


def clock_s(page):
    return float(page.locator("output[for$=clock]").inner_text().split()[0])


def rings(page, path):
    return int(re.match(r"[\d,]+", lane(page, path).locator(".number").nth(1).inner_text())[0]
               .replace(",", ""))  # fmt: skip


def is_done(page, path):
    return lane(page, path).locator(".now").inner_text().startswith("done")


def start(page):
    """Start, and draw the first frame: the clock runs from there."""
    page.get_by_role("button", name="Start").click()
    page.clock.run_for(FRAME_MS)


@pytest.mark.parametrize(("speed", "slower"), [("1", 1), ("1/10", 10), ("1/100", 100)])
def test_both_lanes_end_at_their_times_of_2017_within_a_frame(show, speed, slower):
    page = show()
    page.get_by_label("Speed").select_option(speed)
    start(page)
    page.clock.fast_forward(590 * slower - 3 * FRAME_MS)
    assert not is_done(page, "chunks")
    page.clock.run_for(4 * FRAME_MS)
    assert is_done(page, "chunks")
    assert abs(clock_s(page) - 0.590) <= 3 * FRAME_MS / 1000 / slower + 0.001
    assert not is_done(page, "classic")
    page.clock.fast_forward((4126 - 590) * slower - 4 * FRAME_MS)
    assert not is_done(page, "classic")
    page.clock.run_for(4 * FRAME_MS)
    assert lane(page, "classic").locator(".now").inner_text() == "done at 4.126 s"
    assert lane(page, "chunks").locator(".now").inner_text() == "done at 0.590 s"
    assert clock_s(page) == 4.126
    assert (rings(page, "classic"), rings(page, "chunks")) == (7168, 1)
    said = "All are done: classic 4.126 s, chunks 0.590 s."
    assert page.locator(".status").inner_text() == said


def test_the_first_lane_to_end_waits_for_the_other_and_says_how_long(show):
    page = show()
    start(page)
    page.clock.run_for(1600)
    waited = re.search(r"has waited ([\d.]+) s", lane(page, "chunks").inner_text())[1]
    assert float(waited) == pytest.approx(clock_s(page) - 0.590, abs=0.0011)
    assert "chunks: done, and waits" in page.locator(".status").inner_text()


def test_speech_is_not_flooded_while_it_runs(show):
    page = show()
    live = page.locator("output, [aria-live], [role=status], [role=alert]")
    assert live.evaluate_all("all => all.map(e => e.getAttribute('aria-live') ?? e.role)") == [
        "off",
        "off",
        "status",
    ]
    start(page)
    said = set()
    for _ in range(10):
        page.clock.run_for(100)
        said.add(page.locator(".status").inner_text())
    assert said == {"", "chunks: done, and waits."}


def test_pause_holds_and_the_race_goes_on_from_there(show):
    page = show()
    start(page)
    page.clock.run_for(400)
    page.get_by_role("button", name="Pause").click()
    held, at = page.evaluate(LOOKS), clock_s(page)
    assert 0.3 < at < 0.5
    page.clock.run_for(3000)
    assert page.evaluate(LOOKS) == held
    page.get_by_role("button", name="Go on").click()
    page.clock.run_for(10 * FRAME_MS)
    assert at < clock_s(page) <= at + 0.16
    page.get_by_role("button", name="Again").click()
    page.clock.run_for(2 * FRAME_MS)
    assert clock_s(page) < at


def test_keys_start_pause_and_start_again(show):
    page = show()
    clock = page.get_by_role("slider", name="clock")
    clock.focus()
    page.keyboard.press("Space")
    page.clock.run_for(400)
    page.keyboard.press("Space")
    assert page.get_by_role("button", name="Go on").is_visible()
    at = clock_s(page)
    assert at > 0.3
    page.keyboard.press("r")
    page.clock.run_for(2 * FRAME_MS)
    assert clock_s(page) < at
    page.keyboard.press("Space")
    page.keyboard.press("End")
    assert clock_s(page) == 4.126
    assert is_done(page, "classic")
    page.keyboard.press("Home")
    assert clock_s(page) == 0
    assert (rings(page, "classic"), rings(page, "chunks")) == (0, 0)


def test_space_on_a_button_presses_it_once(show):
    page = show()
    page.get_by_role("button", name="Start").focus()
    page.keyboard.press("Space")
    page.clock.run_for(10 * FRAME_MS)
    assert page.get_by_role("button", name="Pause").is_visible()
    assert clock_s(page) > 0


def test_every_control_can_be_reached_by_tab_and_has_a_name(show):
    page = show()
    names = []
    for _ in range(7):
        page.keyboard.press("Tab")
        focused = "() => (document.activeElement.labels?.[0] ?? document.activeElement).textContent"
        names.append(page.evaluate(focused))
    assert names == [
        "Start",
        "Again",
        "Speed",
        "Sound: one click a ring",
        "price of a bell",
        "clock",
        "The race as a table",
    ]


def test_the_price_of_a_bell_moves_both_lanes_at_once(show):
    page = show()
    price = page.get_by_role("slider", name="price of a bell")
    goals = page.locator(".bar > i")
    before = goals.evaluate_all("all => all.map(goal => goal.style.left)")
    assert price.get_attribute("aria-valuetext") == "100 %, 393 µs"
    price.press("Home")
    after = goals.evaluate_all("all => all.map(goal => goal.style.left)")
    assert all(float(a[:-1]) < float(b[:-1]) for a, b in zip(after, before, strict=True))
    for path in ("classic", "chunks"):
        assert "model: a bell at 0 % of its price of 2017" in lane(page, path).inner_text()
    page.get_by_role("slider", name="clock").press("End")
    assert clock_s(page) == 1.308
    price.press("End")
    assert clock_s(page) == 6.944, "what had ended has ended"
    page.get_by_text("The race as a table").click()
    total = page.locator("table tr:last-child td")
    assert total.all_inner_texts() == ["6.944", "0.590"]


def test_a_moment_has_the_figures_of_the_stages_in_the_bar(show):
    page = show()
    page.get_by_role("slider", name="clock").press("End")
    widths = (
        lane(page, "classic")
        .locator(".bar > div")
        .evaluate_all("all => all.map(part => parseFloat(part.style.width))")
    )
    shares = [width / sum(widths) for width in widths]
    assert shares == pytest.approx([0.065, 0.683, 0.061, 0.191], abs=1e-3)


def test_sound_is_off_until_asked_for_and_then_one_click_a_ring(show):
    page = show()
    start(page)
    page.clock.run_for(300)
    assert page.evaluate("sounds") == 0
    page.get_by_role("button", name="Pause").click()
    page.get_by_label("Sound").check()
    page.get_by_role("button", name="Again").click()
    page.clock.run_for(4200)
    assert is_done(page, "classic")
    assert page.evaluate("sounds") == 7168 + 1


def test_with_reduced_motion_nothing_moves_and_the_end_is_shown(show):
    page = show(reduced_motion="reduce")
    assert (clock_s(page), rings(page, "classic"), rings(page, "chunks")) == (4.126, 7168, 1)
    assert "Your system asks for less motion" in page.locator(".status").inner_text()
    assert page.get_by_role("button").count() == 0
    shown = page.evaluate(LOOKS)
    clock = page.get_by_role("slider", name="clock")
    clock.press("Space")
    page.clock.run_for(2000)
    assert page.evaluate(LOOKS) == shown
    assert page.evaluate("document.getAnimations().length") == 0
    clock.press("Home")
    assert rings(page, "classic") == 0, "the reader moves the clock"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_it_fits_the_page_and_axe_finds_nothing(show, axe, scheme, width):
    page = show(color_scheme=scheme, viewport={"width": width, "height": 800})
    page.clock.resume()  # axe waits for real
    for moment in ("Home", "End"):
        page.get_by_role("slider", name="clock").press(moment)
        wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert page.evaluate(wide) <= 0
        assert axe(page) == []
