"""The player on its page: names, focus, motion, width, themes, and no server."""

import re

import pytest
from shown_player import KINDS, TRACED, jump, press


def test_speech_is_not_flooded_while_playing(show):
    page, _, _ = show()
    why = page.locator(".bk-why")
    assert why.get_attribute("aria-live") == "polite"
    page.get_by_role("button", name="Play").click()
    assert why.get_attribute("aria-live") == "off"
    page.get_by_role("button", name="Pause").click()
    assert why.get_attribute("aria-live") == "polite"


def test_every_control_has_a_name(show):
    page, _, _ = show()
    unnamed = page.evaluate(
        """() => [...document.querySelectorAll(
        ".bk-player :is(button, input, select, [tabindex='0'])")]
        .filter((e) => !(e.getAttribute("aria-label") || e.innerText || e.labels?.length))
        .map((e) => e.outerHTML)"""
    )
    assert unnamed == []


def test_focus_is_visible(show):
    page, _, _ = show()
    page.keyboard.press("Tab")
    style = "getComputedStyle(document.activeElement).outlineStyle"
    assert page.evaluate(style) == "solid"


def test_with_reduced_motion_nothing_moves_by_itself_and_play_still_plays(show):
    page, _, _ = show(reduced_motion="reduce")
    moving = page.evaluate(
        """() => [...document.querySelectorAll(".bk-player, .bk-player *")].filter((e) => {
        const style = getComputedStyle(e);
        return style.transitionDuration !== "0s" || style.animationName !== "none";
    }).length"""
    )
    assert moving == 0
    page.get_by_role("button", name="Play").click()
    page.wait_for_function("document.querySelector('.bk-at').textContent.startsWith('step 1')")


@pytest.mark.parametrize("kind", [*KINDS, *TRACED])
@pytest.mark.parametrize("width", [1280, 800, 400])
def test_nothing_is_wider_than_the_page_and_no_label_is_cut(show, kind, width):
    page, trace, _ = show(kind, viewport={"width": width, "height": 900})
    for step in (-1, len(trace["steps"]) * 3 // 4, len(trace["steps"]) - 1):
        jump(page, "start" if step < 0 else step)
        cut = page.evaluate(
            """() => {
            const wide = (e) => e.scrollWidth > e.clientWidth + 1;
            const all = [...document.querySelectorAll(".bk-player, .bk-player *")];
            const inner = all.filter((e) => e.clientWidth && !e.closest("svg, select") && wide(e)
                && !e.matches("input"));
            if (wide(document.documentElement)) inner.push(document.documentElement);
            return inner.map((e) => e.className + ": " + e.scrollWidth + " > " + e.clientWidth);
        }"""
        )
        assert cut == []


def test_stepping_does_not_move_the_panes(show):
    page, trace, _ = show(viewport={"width": 800, "height": 900})
    top = lambda: page.locator(".bk-panes").bounding_box()["y"]  # noqa: E731
    tops = set()
    for step in range(len(trace["steps"])):
        jump(page, step)
        tops.add(top())
    assert len(tops) == 1


def test_dark_theme_has_light_ink_on_dark_paper(show):
    page, _, _ = show(color_scheme="dark")
    style = "getComputedStyle(document.querySelector('.bk-player'))"
    paper = page.evaluate(f"{style}.backgroundColor")
    ink = page.evaluate(f"{style}.color")
    assert max(map(int, re.findall(r"\d+", paper))) < 64
    assert min(map(int, re.findall(r"\d+", ink))) > 192


def test_page_asks_no_server_for_anything(show):
    page, _, _ = show()
    press(page, "End")
    assert [url for url in page.requests if not url.startswith(("file:", "data:", "blob:"))] == []


def test_canvas_is_drawn_again_after_the_cell_was_taken_away_and_brought_back(show):
    page, _, _ = show()
    painted = """() => { const canvas = document.querySelector("[data-pane=map] canvas");
        return canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data
            .some((v) => v) }"""
    assert page.evaluate(painted)
    page.evaluate(
        """async () => {
        const place = document.querySelector(".widget"), next = place.nextSibling;
        const canvas = document.querySelector("[data-pane=map] canvas");
        place.remove();
        canvas.width = canvas.width; // what a browser may do to a canvas nobody sees
        await new Promise((done) => setTimeout(done, 100));
        document.body.insertBefore(place, next);
    }"""
    )
    page.wait_for_function(painted)
