"""What every lab shows can be told apart without colour, and read without seeing it."""

from html.parser import HTMLParser
from pathlib import Path

import nbformat
import pytest
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from balloonkit.lab.captures import CaptureLab
from balloonkit.lab.chunks import ChunkLab
from balloonkit.lab.fragmentation import FragmentationLab
from balloonkit.lab.lineage import LineageLab
from balloonkit.lab.page_map import PageMap
from balloonkit.lab.race import RaceLab
from balloonkit.lab.release import ReleaseLab

STORED = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))
VIEWS = {
    "guest": lambda: FragmentationLab().guest(),
    "runs": lambda: FragmentationLab().runs(),
    "blocks": lambda: FragmentationLab().blocks(),
    "chunks": lambda: ChunkLab().compare(),
    "translation": lambda: ReleaseLab().translate(),
    "host pages": lambda: ReleaseLab().host_pages(),
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


def test_a_picture_has_an_alternative_text_and_a_table_that_says_the_same(view):
    data, _ = view._repr_mimebundle_()
    read = Reading(data["text/html"])
    assert len(read.alts) == len(view._shown[0])
    assert all(view.title in alt and view.caption in alt for alt in read.alts)
    assert read.captions == [view.caption]
    assert len(read.heads) >= 4, "columns and rows have names"
    assert "" not in read.heads[1:], "only the corner may be blank"


def test_a_player_beside_a_table_has_its_own_words():
    bench = ChunkLab().all()
    data, _ = bench._repr_mimebundle_()
    title, *_ = bench.children[-1].text_twin().splitlines()
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
