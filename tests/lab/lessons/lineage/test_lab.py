"""The lineage lesson: the postings' own figures, and formats compared on one guest."""

import pytest

from balloonkit.history import FORMATS, POSTINGS
from balloonkit.lab import LineageLab
from balloonkit.lab.lessons.lineage.model import MODELLED


def test_the_timeline_carries_every_posting_with_its_own_figures_and_source():
    table = LineageLab().timeline().table
    for posting in POSTINGS:
        assert f'<th scope="row">{posting.version}</th>' in table
        assert posting.source in table
    assert table.count("inflate 7 GB 590 ms") == 8
    assert "inflate 7 GB 491 ms" in table
    assert "migrate an idle 8 GB guest 284 ms" in table


#: Literal, from the rules of each posting on the shipped captures: messages, bytes.
SENT = {
    "idle-8g": {"classic": (7168, 7_340_032), "v2": (1, 320_648), "v6": (1, 264), "v10": (1, 376)},
    "aged-8g": {
        "classic": (4096, 4_194_304),
        "v2": (1, 189_144),
        "v6": (12, 375_584),
        "v10": (23, 751_160),
    },
}


@pytest.mark.parametrize("guest", SENT)
def test_a_real_guest_is_sent_as_each_posting_would(guest):
    lab = LineageLab()
    lab.model.guest = guest
    sent = lab.model.sent()
    for version, (messages, size_bytes) in SENT[guest].items():
        assert (sent[version].messages, sent[version].bytes) == (messages, size_bytes)


def test_the_caption_names_the_best_format_that_tells_every_page():
    lab = LineageLab()
    view = lab.compare()
    assert view.caption.endswith("Fewest bytes to name them all: page bitmap, 189,144")

    lab.model.guest = "idle-8g"
    lab.model.measure = "messages"
    assert view.caption.endswith("Fewest messages to name them all: 5 formats, 1")
    lab.model.measure = "pages"
    assert view.caption == "idle-8g, 1,835,008 pages"


def test_every_format_has_its_row_with_what_it_counts():
    table = LineageLab().compare().table
    for entry in FORMATS:
        assert entry.assumption in table


def test_the_modelled_guest_needs_more_chunks_the_more_it_is_fragmented():
    lab = LineageLab()
    lab.model.guest = MODELLED
    chunks = []
    for fragmentation in (0, 0.2, 0.6, 1):
        lab.model.fragmentation = fragmentation
        chunks.append(lab.model.sent()["v10"].entries)
    assert chunks == sorted(chunks)
    assert chunks[0] < 10
    assert chunks[-1] == lab.model.sent()["classic"].pages
