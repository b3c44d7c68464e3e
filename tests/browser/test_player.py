"""The step player in Chromium, on a page of its own: no kernel, no network, nothing sent."""

import re

import pytest
from player_page import player_page
from sample_traces import CLASSIC, sample_trace

from balloonkit import trace_inflate
from balloonkit.guest import Guest
from balloonkit.lab.js.bundle import bundle
from balloonkit.wire import PFN_ARRAY

KINDS = {
    "64": {"pages": 64, "inflate": 20, "hole": (24, 32)},
    "classic": {"pages": 256, "inflate": 40, "path": CLASSIC},
    "64 KiB pages": {"pages": 128, "inflate": 30, "scale": 16},
    "4096": {"pages": 4096, "inflate": 800, "order": 2},
    "there and back": {"pages": 64, "inflate": 20, "hole": (24, 32), "there_and_back": True},
}


def _only_the_start(trace):
    plain = trace.as_dict()
    return plain | {"steps": plain["steps"][:3]}


#: Runs of the real allocator, driver and host map.
TRACED = {
    "traced": lambda: trace_inflate(Guest.aged("256KiB", 0.5), 20).as_dict(),
    "traced 4096": lambda: trace_inflate(Guest.aged("16MiB", 0.5), 2600).as_dict(),
    "traced, 1 GiB in a window": lambda: trace_inflate(
        Guest.aged("1GiB", 0.3), 900, deflate=True
    ).as_dict(),
    "traced, nothing sent": lambda: _only_the_start(trace_inflate(Guest.idle("256KiB"), 4)),
    "traced classic": lambda: trace_inflate(Guest.idle("1MiB"), 99, PFN_ARRAY).as_dict(),
}


@pytest.fixture
def show(new_page, tmp_path):
    """Return a function (kind, context options) -> page with a player, and its trace and truth."""

    def open_player(kind="64", **options):
        traced = kind in TRACED
        trace, truth = (TRACED[kind](), None) if traced else sample_trace(**KINDS[kind])
        (tmp_path / "page.html").write_text(player_page(trace))
        page = new_page(**options)
        page.requests = []
        page.on("request", lambda request: page.requests.append(request.url))
        page.goto(f"file://{tmp_path}/page.html")
        page.wait_for_selector(".bk-player")
        return page, trace, truth

    return open_player


def position(page):
    text = page.locator(".bk-at").inner_text()
    return -1 if text.startswith("start") else int(re.match(r"step (\d+) of", text)[1])


def press(page, *keys):
    for key in keys:
        page.keyboard.press(key)
    return position(page)


def jump(page, text):
    page.get_by_label("Jump to").fill(str(text))
    page.keyboard.press("Enter")
    return position(page)


def test_keys_step_go_to_the_ends_and_play(show):
    page, trace, _ = show()
    last = len(trace["steps"]) - 1
    page.locator(".bk-why").click()
    assert position(page) == -1
    assert press(page, "ArrowRight", "ArrowRight", "ArrowRight") == 2
    assert press(page, "ArrowLeft") == 1
    assert press(page, "End") == last
    assert press(page, "ArrowRight") == last
    assert press(page, "Home") == -1
    assert press(page, "ArrowLeft") == -1
    press(page, " ")
    page.wait_for_function("document.querySelector('.bk-at').textContent.startsWith('step 1')")
    stopped = press(page, " ")
    page.wait_for_timeout(600)
    assert position(page) == stopped


def test_keys_work_on_the_scrubber_and_from_a_pane(show):
    page, trace, _ = show()
    page.get_by_label("Step", exact=True).focus()
    assert press(page, "ArrowRight", "ArrowRight") == 1
    page.locator("[data-pane=map] .bk-body").focus()
    assert press(page, "ArrowRight") == 2
    page.locator("[data-pane=map] .bk-body").focus()
    assert press(page, "End") == len(trace["steps"]) - 1


def test_buttons_step_and_play_starts_again_after_the_end(show):
    page, trace, _ = show()
    button = lambda name: page.get_by_role("button", name=name)  # noqa: E731
    button("Last step").click()
    assert position(page) == len(trace["steps"]) - 1
    button("Previous step").click()
    assert position(page) == len(trace["steps"]) - 2
    button("Back to the start").click()
    button("Next step").click()
    assert position(page) == 0
    button("Last step").click()
    page.get_by_label("Speed").select_option("32")
    button("Play").click()
    assert position(page) < 5
    last = len(trace["steps"]) - 1
    page.wait_for_function(f"document.querySelector('.bk-at').textContent.includes('step {last}')")
    assert button("Play").is_visible()


def test_jump_box_takes_a_step_or_a_state_code_and_refuses_another_runs_code(show):
    page, _, _ = show()
    assert jump(page, 31) == 31
    assert jump(page, "seed=7 pages=64 step=12") == 12
    assert jump(page, "start") == -1
    assert jump(page, "seed=8 pages=64 step=3") == -1
    note = page.get_by_role("status")
    assert "another run (seed=8 pages=64); this one is seed=7 pages=64" in note.inner_text()
    assert jump(page, "99") == -1
    assert note.inner_text() == "Step 99: this run has steps 0 to 55"
    assert jump(page, "2") == 2
    assert note.inner_text() == ""


def test_letters_typed_in_the_jump_box_and_shortcuts_elsewhere_do_not_leave_the_player(show):
    page, _, _ = show()
    page.evaluate("window.heard = []; addEventListener('keydown', (e) => heard.push(e.key))")
    page.get_by_label("Jump to").focus()
    press(page, "d", "d", "ArrowLeft", "Home", " ")
    page.get_by_role("button", name="Next step").focus()
    press(page, "d", "d", "ArrowLeft", "Home", "End")
    page.keyboard.press("Escape")
    assert page.evaluate("heard") == ["Escape"]


def test_copied_code_leads_back_to_the_same_state(show):
    page, _, _ = show()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    jump(page, 31)
    page.get_by_role("button", name="Copy code").click()
    page.get_by_text("Copied: seed=7 pages=64 step=31").wait_for()
    code = page.evaluate("navigator.clipboard.readText()")
    jump(page, "start")
    assert jump(page, code) == 31


@pytest.mark.parametrize("kind", KINDS)
def test_browser_replay_equals_what_the_generator_kept_in_its_own_books(show, kind):
    page, trace, truth = show(kind)
    steps = list(range(-1, len(trace["steps"]), max(1, len(trace["steps"]) // 12)))
    page.evaluate(
        """async ([esm, trace]) => {
        const url = URL.createObjectURL(new Blob([esm], {type: "text/javascript"}));
        const { makeReplay } = await import(url);
        window.stateAt = makeReplay(trace);
    }""",
        [bundle("replay"), trace],
    )
    for step in reversed(steps):
        state = page.evaluate(
            """(step) => {
            const { pages, bits, host, ...rest } = window.stateAt(step);
            return { ...rest, pages: [...pages], bits: [...bits], host: [...host] };
        }""",
            step,
        )
        expected = truth[step + 1]
        assert state["entries"] == [list(entry) for entry in expected.pop("entries")]
        assert {key: state[key] for key in expected} == expected


def test_the_page_keys_go_from_stage_to_stage_and_back(show):
    page, trace, _ = show("there and back")
    stages = [trace["stages"][step["kind"]] for step in trace["steps"]]
    firsts = [k for k, stage in enumerate(stages) if k == 0 or stages[k - 1] != stage]
    page.locator(".bk-at").click()
    seen = [press(page, "PageDown") for _ in firsts]
    assert seen == firsts
    assert press(page, "PageDown") == firsts[-1]
    assert [press(page, "PageUp") for _ in firsts] == [*firsts[-2::-1], -1]
    jump(page, firsts[2] - 1)
    page.get_by_role("button", name="Previous stage (page up)").click()
    assert position(page) == firsts[1]
    page.get_by_role("button", name="Next stage (page down)").click()
    assert position(page) == firsts[2]


def test_a_stages_mark_goes_to_its_next_steps_and_says_where_one_is(show):
    page, trace, _ = show("there and back")
    stages = [trace["stages"][step["kind"]] for step in trace["steps"]]
    group = page.get_by_role("group", name="Stages")
    mark = group.get_by_role("button", name="Stage 3 translate")
    starts = [
        k for k, stage in enumerate(stages) if stage == "translate" and stages[k - 1] != stage
    ]
    for expected in [*starts, starts[0]]:  # after the last, the first again
        mark.click()
        assert position(page) == expected
        assert mark.get_attribute("aria-current") == "true"
        assert group.locator("[aria-current=true]").count() == 1
    slider = page.get_by_role("slider", name="Step")
    assert slider.get_attribute("aria-valuetext") == f"step {starts[0]}, 3 translate"


def test_a_stage_the_run_never_reaches_cannot_be_gone_to(show):
    page, _, _ = show("traced, nothing sent")
    group = page.get_by_role("group", name="Stages")
    assert group.get_by_role("button", name="Stage 1 allocate").is_enabled()
    assert group.get_by_role("button", name="Stage 4 release").is_disabled()


def test_a_refused_entry_shows_its_reason_beside_the_ring_and_in_its_row(show):
    page, trace, _ = show("there and back")
    step = next(k for k, s in enumerate(trace["steps"]) if s["kind"] == "refuse")
    jump(page, step)
    ring = page.locator("[data-pane=message] .bk-refused")
    assert "outside registered RAM" in ring.inner_text()
    assert "<asked>" in ring.inner_text()
    assert page.locator("[data-pane=message].bk-active").count() == 1
    marked = page.locator("[data-pane=entries] .bk-row", has_text="refused")
    assert marked.count() == 1
    assert marked.locator("em").get_attribute("title") == "outside registered RAM"
    jump(page, next(k for k, s in enumerate(trace["steps"]) if s["kind"] == "ack"))
    assert marked.count() == 1, "the sent message is still shown, with what was refused of it"
    jump(page, len(trace["steps"]) - 1)
    assert marked.count() == 0
    assert ring.count() == 0


def test_the_stock_is_a_row_of_the_free_lists_head_first(show):
    page, trace, truth = show("there and back")
    rows = page.locator("[data-pane=lists] .bk-order", has_text="stock")
    used = [z for z in range(2) if any(state["stock"][z] for state in truth)]
    seen = 0
    for step in range(0, len(trace["steps"]), 5):
        jump(page, step)
        for row, z in zip(rows.all(), used, strict=True):
            pages = truth[step + 1]["stock"][z]
            shown = [int(pfn) for pfn in row.locator(".bk-block").all_inner_texts()]
            assert shown == pages[: len(shown)]
            assert bool(shown) == bool(pages)
            assert row.locator("b").inner_text() == str(len(pages))
            seen += len(shown)
    assert seen > 5


def test_a_window_says_what_it_leaves_out_in_its_panes(show):
    page, _, _ = show("traced, 1 GiB in a window")
    assert re.search(r"PFN [\d,]+ to [\d,]+ shown of 262,144", page.locator("h3").inner_text())
    more = page.locator("[data-pane=lists] .bk-more")
    assert any("outside this window" in more.nth(k).get_attribute("title")
               for k in range(more.count()))  # fmt: skip
    press(page, "End")
    assert "outside:" in page.locator("[data-pane=map] .bk-fact").inner_text()
    assert page.locator("[data-pane=host] .bk-fact").inner_text() == "262,144 of 262,144 resident"
    canvas = page.locator("[data-pane=map] canvas")
    canvas.hover(position={"x": 100, "y": 40})
    pfn = int(re.search(r"PFN (\d+)", page.locator(".bk-readout").inner_text())[1])
    first = int(re.search(r"PFN ([\d,]+)", page.locator("h3").inner_text())[1].replace(",", ""))
    assert first <= pfn < first + 4096


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
