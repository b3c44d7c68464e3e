"""The kernel-free pages in Chromium, opened from a folder, with no network."""

import base64
from pathlib import Path

import nbformat
import pytest
from player_page import step_by_keyboard

from balloonkit.publish.notebooks import WIDGET_STATE, WIDGET_VIEW
from balloonkit.publish.page import render_page
from balloonkit.publish.site import run_sphinx

FOLDER = Path(__file__).parents[2] / "notebooks"
NAMES = sorted(path.stem for path in FOLDER.glob("*.ipynb"))

TINY_MODULE = """
export default {
  render({ model, el }) {
    const button = document.createElement("button");
    const show = () => {
      const byte = model.get("data").getUint8(1);
      button.textContent = `${model.get("title")} ${model.get("count")} ${byte}`;
    };
    button.onclick = () => {
      model.set("count", model.get("count") + 1);
      model.save_changes();
      if (model.get("count") === 3) model.off("change:count", show);
    };
    model.on("change:count", show);
    show();
    el.append(button);
  },
};
"""


def tiny_notebook():
    """A notebook that has run: one widget shown by itself and again inside a box."""
    state = {
        "_anywidget_id": "balloonkit.lab.player.player.StepPlayer",
        "_esm": TINY_MODULE,
        "_css": "button { font-weight: 700; }",
        "title": "</script><b>&",
        "count": 0,
        "data": None,
    }
    data = base64.b64encode(b"\x01\x2a").decode()
    buffers = [{"path": ["data"], "encoding": "base64", "data": data}]
    models = {
        "tiny": {"state": state, "buffers": buffers},
        "box": {"state": {"children": ["IPY_MODEL_slider", "IPY_MODEL_tiny"]}},
        "slider": {"state": {"_model_name": "IntSliderModel"}},
    }
    cells = [nbformat.v4.new_markdown_cell("# Tiny\n\n[next](index.ipynb#goals)")]
    for name in ("tiny", "box"):
        bundle = {
            WIDGET_VIEW: {"model_id": name},
            "text/plain": f"{name} as <text>",
            "text/html": f"<table><caption>{name} as a table</caption></table>",
        }
        output = nbformat.v4.new_output("display_data", bundle)
        cells.append(nbformat.v4.new_code_cell("show()", outputs=[output]))
    return nbformat.v4.new_notebook(
        cells=cells, metadata={"widgets": {WIDGET_STATE: {"state": models}}}
    )


NOT_IN_VIEW = """() => [...document.querySelectorAll('[role=main] *')].filter(found => {
  if (!found.checkVisibility()) return false;
  for (let at = found; at !== document.body; at = at.parentElement)
    if (['auto', 'scroll'].includes(getComputedStyle(at).overflowX)) return false;
  const box = found.getBoundingClientRect();
  return box.width && (box.right > innerWidth + 1 || box.left < -1);
}).map(found => `${found.tagName}.${found.className}: ${found.textContent.slice(0, 60)}`)"""
WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture
def open_page(new_page):
    """Return a function (path, context options) -> page opened from its folder, offline."""

    def open_one(path, **options):
        page = new_page(offline=True, **options)
        page.on(
            "request",
            lambda request: (
                request.url.split(":")[0] in ("file", "data", "blob")
                or page.problems.append(f"asked for {request.url}")
            ),
        )
        page.goto(path.as_uri(), wait_until="networkidle")
        return page

    return open_one


@pytest.fixture(scope="module")
def tiny_site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tiny")
    source, out = folder / "source", folder / "out"
    source.mkdir()
    (source / "conf.py").write_text('extensions = ["myst_parser"]\nmyst_heading_anchors = 2\n')
    (source / "index.md").write_text("# Index\n\n## Goals\n\n```{toctree}\ntiny\n```\n")
    (source / "tiny.md").write_text(render_page(tiny_notebook(), "No kernel."))
    run_sphinx(source, out, lambda what, done, total: None)
    return out


@pytest.fixture
def tiny_page(tiny_site, open_page):
    return open_page(tiny_site / "tiny.html")


def test_a_widget_shown_twice_moves_in_both_places_without_a_kernel(tiny_page):
    buttons = tiny_page.locator("button")
    buttons.nth(1).wait_for()
    assert buttons.all_inner_texts() == ["</script><b>& 0 42"] * 2
    buttons.first.click()
    assert buttons.all_inner_texts() == ["</script><b>& 1 42"] * 2
    assert buttons.first.evaluate("b => getComputedStyle(b).fontWeight") == "700"


def test_a_view_that_stops_listening_hears_no_more(tiny_page):
    first, second = (tiny_page.locator("button").nth(nth) for nth in range(2))
    for _ in range(4):
        first.click()
    assert first.inner_text().split()[1] == "3"
    assert second.inner_text().split()[1] == "4"


def test_the_static_twin_stays_beside_a_widget_that_steps_and_one_that_does_not(tiny_page):
    assert tiny_page.locator("details caption").text_content() == "tiny as a table"
    assert tiny_page.get_by_text("box as a table").is_visible()


def test_links_between_notebooks_become_links_between_pages(tiny_page):
    assert tiny_page.locator(".body a.internal").get_attribute("href") == "index.html#goals"


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_lesson_opens_offline_with_pictures_tables_and_no_axe_finding(
    site, open_page, axe, name, scheme
):
    page = open_page(site / "notebooks" / f"{name}.html", color_scheme=scheme)
    assert page.locator("h1").count() == 1
    broken = "all => all.filter(img => !img.naturalWidth || !img.alt).map(img => img.outerHTML)"
    assert page.locator("[role=main] img").evaluate_all(broken) == []
    assert page.locator("[role=main] :is(table, pre)").count() >= 1
    wide = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(wide) <= 0
    assert axe(page) == []


@pytest.mark.parametrize(
    ("name", "scheme"),
    [
        ("index", "light"),
        ("search", "dark"),
        ("genindex", "light"),
        ("exercises/4-break-even", "dark"),
        ("howto/race-your-guest", "dark"),
        ("reference/balloonkit.wire", "light"),
        ("speed", "dark"),
    ],
)
def test_no_page_of_the_other_kinds_has_an_axe_finding(site, open_page, axe, name, scheme):
    assert axe(open_page(site / f"{name}.html", color_scheme=scheme)) == []


@pytest.mark.parametrize("name", NAMES)
def test_every_player_steps_by_keyboard(site, open_page, name):
    page = open_page(site / "notebooks" / f"{name}.html")
    players = page.locator(".widget:has(.bk-at)").all()
    assert players or name != "2-chunk-formation"
    for player in players:
        step_by_keyboard(player)


@pytest.mark.parametrize("name", ["index", "4-the-race"])
def test_the_race_runs_without_a_kernel(site, open_page, name):
    page = open_page(site / "notebooks" / f"{name}.html")
    race = page.locator(".widget").first
    race.get_by_role("button", name="Start").click()
    race.locator(".lane[data-path=chunks]").get_by_text("done at 0.590 s").wait_for()
    race.locator(".lane[data-path=classic]").get_by_text("done at 4.126 s").wait_for()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_player_takes_the_theme_the_reader_chose(site, open_page, theme):
    page = open_page(site / "notebooks" / "2-chunk-formation.html")
    page.evaluate(f"document.body.dataset.theme = '{theme}'")
    colours = [page.locator(what).first for what in ("body", ".bk-player")]
    paper, player = (c.evaluate("e => getComputedStyle(e).backgroundColor") for c in colours)
    assert paper == player


def test_search_finds_a_lesson_and_a_function_in_a_folder(site, open_page):
    page = open_page(site / "index.html")
    page.get_by_placeholder("Search").first.fill("pack_chunks")
    page.keyboard.press("Enter")
    results = page.locator("#search-results")
    results.get_by_text("3. Write pack_chunks").wait_for()
    results.get_by_text("balloonkit.wire.page_chunk.pack_chunks").click()
    page.locator("[id='balloonkit.wire.page_chunk.pack_chunks']").wait_for()


@pytest.mark.parametrize("name", ["index", "notebooks/index", "exercises/4-break-even"])
def test_every_lesson_exercise_and_how_to_is_one_click_away(site, open_page, name):
    page = open_page(site / f"{name}.html")
    links = page.locator(".sidebar-tree a").evaluate_all("all => all.map(a => a.href)")
    pages = [*site.glob("*/*.html"), site / "instructor.html", site / "why-chunks.html"]
    missing = {path.as_uri() for path in pages} - set(links)
    assert missing == {(site / f"{name}.html").as_uri()} & missing


def test_no_page_scrolls_sideways_or_loses_anything_at_its_edge_at_200_percent(site, new_page):
    # A window of 1280 pixels is 640 wide for its page.
    page = new_page(offline=True, viewport={"width": 640, "height": 450}, device_scale_factor=2)
    paths, wrong = sorted(site.rglob("*.html")), {}
    assert len(paths) > 20
    for path in paths:
        page.goto(path.as_uri())
        if lost := page.evaluate(NOT_IN_VIEW) or page.evaluate(WIDER) > 0:
            wrong[path.relative_to(site).as_posix()] = lost
    assert wrong == {}
