"""The step player's text in Chromium: the same words as in Python, one summary key away."""

import base64

import pytest
from sample_traces import CLASSIC, sample_trace

from balloonkit import trace_inflate
from balloonkit.guest import Guest
from balloonkit.lab.player.player import CSS, ESM, StepPlayer, pack
from balloonkit.lab.player.text import text_twin

TRACES = {
    "chunks, with a hole": lambda: sample_trace(pages=64, inflate=20, hole=(24, 32))[0],
    "classic": lambda: sample_trace(pages=256, inflate=40, path=CLASSIC)[0],
    "64 KiB pages": lambda: sample_trace(pages=128, inflate=30, scale=16)[0],
    "there and back": lambda: sample_trace(pages=64, inflate=20, there_and_back=True)[0],
    "a format of one's own": lambda: sample_trace()[0] | {"format": "own", "entry": "run"},
    "a window": lambda: (
        StepPlayer(trace_inflate(Guest.aged("1GiB", 0.3), 900, deflate=True).as_dict()).trace
    ),
    "more than fits": lambda: trace_inflate(Guest.aged("16MiB", 0.5), 2600).as_dict(),
}
SHOW = """async ([esm, css, data]) => {
    const url = URL.createObjectURL(new Blob([esm], {type: "text/javascript"}));
    window.player = await import(url);
    const style = document.createElement("style");
    style.textContent = css;
    const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
    const model = { get: (name) => ({ _data: new DataView(bytes.buffer), step: -1 })[name],
        on() {}, off() {} };
    document.body.replaceChildren(style, document.createElement("main"));
    await window.player.default.render({ model, el: document.querySelector("main") });
}"""


@pytest.fixture
def show(new_page):
    """Return a function (trace) -> page with nothing but its player."""

    def open_player(trace, **options):
        page = new_page(**options)
        page.set_content("<!doctype html><html lang='en'><title>A run</title>")
        page.evaluate(SHOW, [ESM, CSS, base64.b64encode(pack(trace)).decode()])
        return page

    return open_player


@pytest.mark.parametrize("name", TRACES)
def test_the_text_at_each_step_is_pythons_word_for_word(show, name):
    trace = TRACES[name]()
    page = show(trace)
    page.get_by_text("This step as text").click()
    text = page.get_by_role("region", name="This step as text")
    last = len(trace["steps"]) - 1
    for step in [-1, *range(0, last, max(1, last // 12)), last]:
        page.get_by_label("Jump to").fill("start" if step < 0 else str(step))
        page.keyboard.press("Enter")
        assert text.inner_text() == text_twin(trace, step)


def test_the_text_opens_by_keyboard_and_follows_the_steps(show):
    trace = TRACES["chunks, with a hole"]()
    page = show(trace)
    page.get_by_role("button", name="Copy code").focus()
    text = page.get_by_role("region", name="This step as text")
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.tagName") == "SUMMARY":
            break
    page.keyboard.press(" ")
    text.get_by_text("Free lists").wait_for()
    assert text.inner_text() == text_twin(trace, -1)
    page.keyboard.press("ArrowRight")
    assert text.inner_text() == text_twin(trace, 0)
    page.keyboard.press(" ")
    text.wait_for(state="hidden")
    assert page.locator(".bk-at").inner_text().startswith("step 0"), "space did not play"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_player_has_no_serious_accessibility_finding(show, axe, scheme):
    page = show(TRACES["chunks, with a hole"](), color_scheme=scheme)
    page.get_by_text("This step as text").click()
    for step in ("start", "31"):
        page.get_by_label("Jump to").fill(step)
        page.keyboard.press("Enter")
        assert axe(page, ".bk-player") == []
