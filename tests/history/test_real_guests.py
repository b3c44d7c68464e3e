"""The posted code on the pages real guests ballooned."""

from importlib.resources import files

import numpy as np
import pytest
from numpy.typing import NDArray

from balloonkit.history import B1_REPAIRED, Fault, compare_formats, pages_lost
from balloonkit.history.formats import Traffic


def ballooned(name: str) -> NDArray[np.int64]:
    with (files("balloonkit") / "captures" / f"{name}.npz").open("rb") as file:
        pfns: NDArray[np.int64] = np.cumsum(np.load(file)["inflate_pfns_delta"])
    return pfns


GUESTS = {"idle-8g": (1_835_008, 23), "aged-8g": (1_048_576, 46_936), "aged-1g": (131_072, 3_985)}


@pytest.mark.parametrize("name", GUESTS)
def test_posted_code_loses_pages_of_a_real_guest_and_the_repaired_none(name: str) -> None:
    pfns = ballooned(name)
    pages, chunks = GUESTS[name]
    repaired = pages_lost(pfns, ())
    assert (repaired.ballooned, repaired.chunks) == (pages, chunks)
    assert len(repaired.lost_pfns) == len(repaired.foreign_pfns) == 0
    b4_repaired = pages_lost(pfns, B1_REPAIRED - {Fault.B4})
    assert b4_repaired.lost_pfns.tolist() == [pfns.max()]  # B3, and only B3
    posted = pages_lost(pfns)
    assert (
        len(posted.lost_pfns)
        == {
            "idle-8g": 70_846,
            "aged-8g": 1_047_193,
            "aged-1g": 130_745,
        }[name]
    )
    assert len(posted.foreign_pfns) == 0


def test_formats_carry_the_same_idle_guest() -> None:
    sent = compare_formats(ballooned("idle-8g"))
    pages = 1_835_008
    assert sent == {
        "classic": Traffic(7_168, pages, 7_340_032, pages),
        "v2": Traffic(1, 2_564_928, 320_648, pages),
        "v6": Traffic(1, 23, 264, pages),
        "v10": Traffic(1, 23, 376, pages),
        "v11": Traffic(1, 23, 368, pages),
        "v12": Traffic(1, 18, 288, pages),  # 17 runs, one of them longer than 4 GiB
        "v13": Traffic(18, 18, 288, pages),
        "FREE_PAGE_HINT": Traffic(1_788, 1_786, 28_584, 1_786 * 1024),
        "REPORTING": Traffic(56, 1_790, 28_640, 1_786 * 1024 + 4 * 512),
    }


def test_an_aged_guest_costs_chunks_messages_and_gives_reporting_nothing() -> None:
    sent = compare_formats(ballooned("aged-8g"))
    assert sent["classic"].messages == 4_096
    assert (sent["v10"].messages, sent["v10"].entries) == (23, 46_936)
    assert (sent["v12"].messages, sent["v12"].entries) == (367, 46_933)
    assert sent["REPORTING"] == Traffic(0, 0, 0, 0)
