"""The step player's keys, buttons and stages."""

import re

import pytest
from shown_player import KINDS, jump, position, press

from balloonkit.lab.js.bundle import bundle


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
