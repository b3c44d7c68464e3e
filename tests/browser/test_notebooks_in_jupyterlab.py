"""Each lesson as a reader meets it: JupyterLab, run all, every widget moved from the keyboard.

The tests of one notebook share a page and run in this order: the last ones end its kernel.
"""

import nbformat
import pytest
from lab_server import wait_until_quiet
from lessons import LESSONS, quick_lesson
from player_page import step_by_keyboard

#: Tall enough for a whole lesson: JupyterLab takes cells out of the page that are out of sight.
ALL_IN_SIGHT = {"width": 1280, "height": 14_000}

ERRORS = """() => [...document.querySelectorAll(
  '.jp-OutputArea-output[data-mime-type="application/vnd.jupyter.error"],'
  + '.jp-OutputArea-output[data-mime-type="application/vnd.jupyter.stderr"],'
  + '.balloonkit-view .status.error'
)].map(found => found.textContent)"""

#: Controls, a picture and its table.
VIEW = ".balloonkit-view:has(.panes)"
#: What a view shows: its charts as text, its maps as pixels.
PICTURE = """view => [...view.querySelectorAll('.panes > *')].map(pane => {
  const canvases = [...pane.querySelectorAll('canvas')];
  return canvases.length ? canvases.map(canvas => canvas.toDataURL()).join() : pane.innerHTML;
}).join()"""
#: Its picture, or its table: a guest's age changes how much is free in a pageblock, not its type.
SHOWN = f"""view => ({PICTURE})(view) + view.querySelector('.table').textContent"""
DRAWN_ANEW = f"""([view, before]) => !view.querySelector('.panes').classList.contains('stale')
  && ({SHOWN})(view) !== before"""
BLANK = """() => [...document.querySelectorAll('canvas')].filter(canvas => {
  const box = canvas.getBoundingClientRect();
  if (!box.width || box.bottom < 0 || box.top > innerHeight) return false;
  const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
  return pixels.every(value => value === pixels[0]);
}).length"""
#: What is drawn, and whether a screen reader gets words instead.
MUTE = """() => [...document.querySelectorAll(
  '.jp-OutputArea-output :is(canvas, svg, img, [role=img])'
)].filter(picture => {
  const covered = picture.closest('[role=img], [role=application], [aria-hidden=true]');
  const named = covered?.getAttribute('aria-label') || covered?.getAttribute('aria-hidden');
  return !picture.closest('.jp-mod-hidden') && !named && !picture.alt;
}).map(picture => picture.outerHTML.slice(0, 200))"""
#: Words and controls that stick out of their output without a scroll box of their own.
CUT = """() => [...document.querySelectorAll('.jp-OutputArea-output')].flatMap(output => {
  const edge = output.getBoundingClientRect();
  const boxed = found => {
    for (let at = found; at !== output; at = at.parentElement)
      if (['auto', 'scroll'].includes(getComputedStyle(at).overflowX)) return true;
    return false;
  };
  return [...output.querySelectorAll('*')].filter(found => {
    if (!found.checkVisibility() || found.closest('svg *, select') || boxed(found)) return false;
    const box = found.getBoundingClientRect();
    const hidden = ['hidden', 'clip'].includes(getComputedStyle(found).overflowX)
      && found.scrollWidth > found.clientWidth + 1;
    return box.width && (hidden || box.left < edge.left - 1 || box.right > edge.right + 1);
  }).map(found => `${found.tagName}.${found.className}: ${found.textContent.slice(0, 60)}`);
})"""
MOVING = """() => [...document.querySelectorAll('.jp-OutputArea-output *')].filter(at => {
  const style = getComputedStyle(at);
  return style.transitionDuration.split(', ').some(time => time !== '0s')
    || style.animationName !== 'none';
}).map(at => at.className)"""
NAMELESS = """field => !(field.labels?.length || field.getAttribute('aria-label')
  || field.getAttribute('aria-labelledby') || field.textContent.trim())"""


@pytest.fixture(scope="module", params=LESSONS, ids=lambda path: path.stem)
def lesson(request, tmp_path_factory, notebook_page, run_all):
    """A lesson's page on which every cell has run."""
    path = tmp_path_factory.mktemp("lesson") / request.param.name
    nbformat.write(quick_lesson(request.param), path)
    with notebook_page(path, viewport=ALL_IN_SIGHT) as page:
        run_all(page)
        yield page


def widgets(page, kind):
    return page.locator(f".jp-OutputArea-output {kind}").all()


def step_each_player(page):
    for player in widgets(page, ".bk-player"):
        step_by_keyboard(player)


def test_no_cell_no_widget_and_no_console_shows_an_error(lesson):
    assert lesson.evaluate(ERRORS) == []
    assert lesson.problems == []


def test_every_control_has_a_name_and_takes_the_focus(lesson):
    fields = lesson.locator(".jp-OutputArea-output :is(input, select, button)")
    for field in fields.filter(visible=True).all():
        assert not field.evaluate(NAMELESS), field.evaluate("field => field.outerHTML")
        field.focus()
        assert field.evaluate("field => field === document.activeElement || field.disabled")


def test_the_focus_shows_on_every_control(lesson):
    lesson.keyboard.press("Tab")  # from now on the browser takes the reader for a keyboard's user
    outline = """field => {
      field.focus();
      const { outlineStyle, outlineWidth } = getComputedStyle(field);
      return outlineStyle !== 'none' && parseFloat(outlineWidth) >= 1;
    }"""
    controls = ":is(input, select, button, summary, [tabindex='0']):not(:disabled)"
    found = lesson.locator(f".jp-OutputArea-output {controls}")
    for control in found.filter(visible=True).all():
        assert control.evaluate(outline), control.evaluate("field => field.outerHTML")


def test_every_picture_has_words_and_every_view_a_table(lesson):
    assert lesson.evaluate(MUTE) == []
    for view in widgets(lesson, VIEW):
        if not view.get_by_role("row").count():  # open from the start where there is no picture
            view.get_by_text("The same as a table").click()
        assert view.get_by_role("row").count() >= 2
        assert view.get_by_role("columnheader").count() >= 1
    for player in widgets(lesson, ".bk-player"):
        player.get_by_text("This step as text").click()
        player.get_by_role("region", name="This step as text").get_by_text("Counters").wait_for()


def test_at_200_percent_zoom_nothing_is_cut_or_pushed_out(lesson):
    lesson.set_viewport_size(ALL_IN_SIGHT | {"width": ALL_IN_SIGHT["width"] // 2})
    lesson.evaluate("jupyterapp.shell.collapseLeft()")
    try:
        for _ in range(20):  # until the observers of sizes have drawn
            lesson.wait_for_timeout(250)
            if not (cut := lesson.evaluate(CUT)):
                break
        assert cut == []
    finally:
        lesson.set_viewport_size(ALL_IN_SIGHT)


def test_with_reduced_motion_nothing_moves_by_itself(lesson):
    lesson.emulate_media(reduced_motion="reduce")
    assert lesson.evaluate(MOVING) == []
    lesson.emulate_media(reduced_motion="no-preference")


def test_the_arrow_keys_move_a_slider_of_each_view_to_a_new_picture(lesson):
    for view in widgets(lesson, VIEW):
        sliders = view.locator("input[type=range]")
        if not sliders.count():
            continue
        before = view.evaluate(SHOWN)
        slider = sliders.first
        at_end = slider.evaluate("field => field.value === field.max")
        slider.press("PageDown" if at_end else "PageUp")
        lesson.wait_for_function(DRAWN_ANEW, arg=[view.element_handle(), before])
    assert lesson.evaluate(ERRORS) == []


def test_nothing_is_blank_after_scrolling_away_and_back(lesson):
    lesson.set_viewport_size({"width": 1280, "height": 800})
    try:
        cells = lesson.evaluate("jupyterapp.shell.currentWidget.content.widgets.length")
        for cell in [cells - 1, *range(cells)]:
            lesson.evaluate(
                "at => jupyterapp.shell.currentWidget.content.scrollToItem(at, 'start')", cell
            )
            lesson.wait_for_function(f"({BLANK})() === 0")
    finally:
        lesson.set_viewport_size(ALL_IN_SIGHT)


@pytest.mark.parametrize("theme", ["JupyterLab Dark", "JupyterLab Light"])
def test_no_output_has_a_serious_accessibility_finding(lesson, axe, theme):
    lesson.evaluate("theme => jupyterapp.commands.execute('apputils:change-theme', {theme})", theme)
    lesson.wait_for_function(f"document.body.dataset.jpThemeName === '{theme}'")
    assert axe(lesson, ".jp-OutputArea-output") == []


def test_players_step_by_keyboard_and_tell_the_kernel_nothing(lesson):
    wait_until_quiet(lesson)
    step_each_player(lesson)
    assert lesson.sent == []


def test_pictures_stay_and_players_step_on_when_the_kernel_is_gone(lesson, jupyterlab):
    jupyterlab.end_kernels()
    step_each_player(lesson)
    for view in widgets(lesson, VIEW):
        assert view.evaluate(PICTURE) or view.locator("table").is_visible()
    lesson.problems.clear()  # JupyterLab itself complains about the kernel that is gone
