"""Pointing at a piece of one pane lights what it is in the others."""

import re

from shown_player import jump, position, press


def lit_rows(page, pane):
    return page.locator(f"[data-pane={pane}] .bk-lit")


def lit_pixels(page, pane):
    """Pixels of a canvas in the outline's colour."""
    return page.evaluate(
        """(pane) => {
        const canvas = document.querySelector(`[data-pane=${pane}] canvas`);
        const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
        const ink = getComputedStyle(canvas).getPropertyValue("--bk-ink").trim();
        const pen = document.createElement("canvas").getContext("2d");
        pen.fillStyle = ink; pen.fillRect(0, 0, 1, 1);
        const want = pen.getImageData(0, 0, 1, 1).data;
        let count = 0;
        for (let i = 0; i < data.length; i += 4)
            count += data[i] === want[0] && data[i + 1] === want[1] && data[i + 2] === want[2]
                && data[i + 3] === 255;
        return count;
    }""",
        pane,
    )


def test_pointing_at_a_chunk_lights_its_pages_in_every_other_pane(show):
    page, trace, _ = show()
    step = next(k for k, s in enumerate(trace["steps"]) if s["kind"] == "ack")
    jump(page, step)
    all_sent = {pane: lit_pixels(page, pane) for pane in ("map", "bits", "host")}
    words = lit_rows(page, "message").count()
    row = page.locator("[data-pane=entries] .bk-row").last
    base, size = map(int, re.search(r"\((\d+), (\d+)\)", row.inner_text()).groups())
    row.hover()
    assert lit_rows(page, "message").count() == 2
    assert f"base {base}" in lit_rows(page, "message").first.inner_text()
    for pane, before in all_sent.items():
        assert 50 < lit_pixels(page, pane) < before
    readout = page.locator(".bk-readout")
    assert f"PFN {base}\u2013{base + size - 1}" in readout.inner_text()
    page.locator(".bk-why").hover()
    assert lit_rows(page, "message").count() == words > 2
    assert {pane: lit_pixels(page, pane) for pane in all_sent} == all_sent


def test_pointing_at_a_cell_lights_the_free_block_and_the_bit(show):
    page, _, _ = show()
    canvas = page.locator("[data-pane=map] canvas")
    box = canvas.bounding_box()
    canvas.hover(position={"x": 126, "y": 105})  # in the third row of the map, 16 pages a row
    assert re.search(r"PFN \d+ ", page.locator(".bk-readout").inner_text())
    pfn = int(re.search(r"PFN (\d+)", page.locator(".bk-readout").inner_text())[1])
    assert 32 <= pfn < 48
    assert box["width"] > 100
    assert lit_rows(page, "lists").count() == 1
    first = int(lit_rows(page, "lists").inner_text())
    assert first <= pfn < first + 8


def test_keyboard_walks_the_pieces_of_a_pane_and_says_each(show):
    page, _, _ = show()
    page.locator("[data-pane=lists] .bk-body").focus()
    press(page, "ArrowDown")
    readout = page.locator(".bk-readout")
    assert "free block of order" in readout.inner_text()
    assert readout.get_attribute("aria-live") == "polite"
    first = readout.inner_text()
    press(page, "ArrowDown")
    assert readout.inner_text() != first
    page.locator("[data-pane=map] .bk-body").focus()
    press(page, "ArrowDown", "ArrowDown", "Shift+ArrowRight")
    assert "PFN 17 " in readout.inner_text()
    assert position(page) == -1
