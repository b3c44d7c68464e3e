"""What every lab shows can be told apart without colour, and read without seeing it."""

from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from balloonkit.lab import CaptureLab, ChunkLab, FragmentationLab, LineageLab, RaceLab, ReleaseLab
from balloonkit.lab.view import palette
from balloonkit.lab.view.page_map import PageMap
from balloonkit.lab.view.palette import PATH_LOOKS

STORED = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))
VIEWS = {
    "guest": lambda: FragmentationLab().guest(),
    "runs": lambda: FragmentationLab().runs(),
    "blocks": lambda: FragmentationLab().blocks(),
    "chunks": lambda: ChunkLab().compare(),
    "translation": lambda: ReleaseLab().translate(),
    "host pages": lambda: ReleaseLab().host_pages(),
    "backings": lambda: ReleaseLab().backings(),
    "QEMU's answer": lambda: ReleaseLab().ask_qemu(),
    "race": lambda: RaceLab().stages(),
    "break-even": lambda: RaceLab().sweep(),
    "memory": lambda: CaptureLab().memory(),
    "order": lambda: CaptureLab().order(),
    "capture's chunks": lambda: CaptureLab().chunks(),
    "prediction": lambda: CaptureLab().prediction(),
    "timeline": lambda: LineageLab().timeline(),
    "formats": lambda: LineageLab().compare(),
}


@pytest.fixture(scope="module", params=VIEWS)
def view(request):
    return VIEWS[request.param]()


class Reading(HTMLParser):
    """What a screen reader finds in a static output."""

    def __init__(self, html):
        super().__init__()
        self.alts, self.heads, self.captions = [], [], []
        self._into = None
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        if tag == "img":
            self.alts.append(dict(attributes).get("alt") or "")
        self._into = {"th": self.heads, "caption": self.captions}.get(tag)
        if self._into is not None:
            self._into.append("")

    def handle_data(self, data):
        if self._into is not None:
            self._into[-1] += data

    def handle_endtag(self, tag):
        self._into = None


def marks(handle, label, axes):
    """Return what a legend's entry is known by apart from its colour."""
    if isinstance(handle, Line2D):
        return handle.get_marker(), handle.get_linestyle()
    # a number or a letter that stands in the bars themselves is as good as a hatch
    written = label[0] if label[0] in {text.get_text() for text in axes.texts} else ""
    return handle.get_hatch() or "", written


def test_entries_of_a_legend_differ_in_more_than_colour(view):
    for pane in view._shown[0]:
        if isinstance(pane, PageMap) and not (pane.letters or pane.marked):
            continue  # cells of many pages mix colours: a close-up stands beside them
        figure = pane if isinstance(pane, Figure) else pane.figure()
        for axes in figure.axes:
            if legend := axes.get_legend():
                labels = [text.get_text() for text in legend.get_texts()]
                entries = zip(legend.legend_handles, labels, strict=True)
                known_by = [marks(handle, label, axes) for handle, label in entries]
                assert len(set(known_by)) == len(known_by), (view.title, labels, known_by)


#: How charts call a path beside its bar or line.
CALLED = {
    "classic": "classic",
    "classic, PFN by PFN": "classic",
    "PFN array (classic)": "classic",
    "chunks": "chunks",
    "page chunks (v10)": "chunks",
    "v10, 2017-05": "chunks",
    "chunks, allocated by blocks": "chunks_block_alloc",
}


def called(words):
    """Return the path a text names, if it names one."""
    return CALLED.get(words.replace(",\n", ", ").partition(":")[0])


def paths_drawn(axes):
    """Yield (path, colour) of each bar and line that is named by its path alone."""
    ticks = zip(axes.get_yticks(), axes.get_yticklabels(), strict=True)
    beside = {round(at): called(tick.get_text()) for at, tick in ticks}
    for text in axes.texts:
        if called(text.get_text()):
            beside[round(text.get_position()[1])] = called(text.get_text())
    bars = [(bar, round(bar.get_y() + bar.get_height() / 2)) for c in axes.containers for bar in c]
    rows = Counter(row for _, row in bars)
    for bar, row in bars:
        if beside.get(row) and rows[row] == 1:  # else it is stacked, and shows stages
            yield beside[row], to_hex(bar.get_facecolor()).upper()
    for line in axes.lines:
        if path := called(line.get_label()):
            yield path, to_hex(line.get_color()).upper()


def test_a_path_has_one_colour_in_every_lab(view):
    figures = [pane for pane in view._shown[0] if isinstance(pane, Figure)]
    drawn = {pair for figure in figures for axes in figure.axes for pair in paths_drawn(axes)}
    assert drawn <= {(path, look.colour) for path, look in PATH_LOOKS.items()}
    assert drawn or view.title not in (
        "Form chunks",
        "Race",
        "What chunks make of it",
        "The lineage",
        "What would each format send?",
    )


def test_a_lab_names_the_colours_of_the_palette_and_spells_none_out():
    named = [value for name, value in vars(palette).items() if name.isupper()]
    colours = {value for value in named if str(value).startswith("#")}
    colours -= {palette.BLACK, palette.EMPTY}  # ink and paper are everybody's
    assert len(colours) == 7
    labs = {
        path.name: path.read_text().upper() for path in Path(palette.__file__).parent.glob("*.py")
    }
    spelt = {
        name for name, text in labs.items() if any(f'"{colour}"' in text for colour in colours)
    }
    assert spelt == {"palette.py"}


def test_a_picture_has_an_alternative_text_and_a_table_that_says_the_same(view):
    data, _ = view._repr_mimebundle_()
    read = Reading(data["text/html"])
    assert len(read.alts) == len(view._shown[0])
    assert all(view.title in alt and view.caption in alt for alt in read.alts)
    assert read.captions == [view.caption]
    assert len(read.heads) >= 4, "columns and rows have names"
    assert "" not in read.heads[1:], "only the corner may be blank"


def test_a_player_beside_a_table_has_its_own_words():
    bench = ChunkLab().bench()
    data, _ = bench._repr_mimebundle_()
    title, *_ = bench.parts[-1].text_twin().splitlines()
    assert f"{title}; the text below says it" in Reading(data["text/html"]).alts
    assert "Guest memory\n" in data["text/html"]


@pytest.mark.parametrize("path", STORED, ids=lambda path: path.stem)
def test_every_stored_picture_has_an_alternative_text(path):
    for cell in nbformat.read(path, as_version=4).cells:
        for output in cell.get("outputs", []):
            if "image/png" in output.get("data", {}):
                assert output.metadata["image/png"]["alt"]
            assert "" not in Reading(output.get("data", {}).get("text/html", "")).alts


def test_beside_a_map_that_mixes_colours_stands_a_close_up_with_marks(view):
    maps = [pane for pane in view._shown[0] if isinstance(pane, PageMap)]
    if any(not (pane.letters or pane.marked) for pane in maps):
        assert any(pane.letters or pane.marked for pane in maps)
