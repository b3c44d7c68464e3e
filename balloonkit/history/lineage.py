"""The lineage of chunks: every posting from July 2016 on, and what was merged instead.

Each figure is the posting's own text, measured by its authors on their machine; nothing here is
computed by balloonkit (`formats` does that). Sources name the mail on the public lists; the
archives at lore.kernel.org find it by the Message-Id.
"""

from dataclasses import dataclass

__all__ = ["CLASSIC_INFLATE", "POSTINGS", "Claim", "Posting"]


@dataclass(frozen=True)
class Claim:
    """A number a posting claims, with its unit."""

    what: str
    value: float
    unit: str


@dataclass(frozen=True)
class Posting:
    """One version of the patch series, or a feature that was merged.

    Attributes
    ----------
    version : str
        "v2" to "v15", or the merged feature's name.
    date : str
        ISO date, as precise as is known.
    title : str
        Feature or subject.
    what_is_sent : str
        How the host learns of the pages.
    figures : tuple of Claim
        The posting's own.
    source : str
        Where to find it.
    """

    version: str
    date: str
    title: str
    what_is_sent: str
    figures: tuple[Claim, ...]
    source: str

    @property
    def merged(self) -> bool:
        """Whether this became part of Linux."""
        return not self.version.startswith("v")


#: What every posting compares itself with: 7 GB out of an idle guest of 8 GB, page by page.
CLASSIC_INFLATE = Claim("inflate 7 GB, classic", 4126, "ms")
#: Word for word the same from July 2016 to June 2017, over four wire formats: measured once.
_CARRIED = (CLASSIC_INFLATE, Claim("inflate 7 GB", 590, "ms"), Claim("improvement", 85, "%"))
_LI, _WANG = "git-send-email-liang.z.li@intel.com", "git-send-email-wei.w.wang@intel.com"

#: The series, oldest first, then its merged successors.
POSTINGS: tuple[Posting, ...] = (
    Posting(
        "v2",
        "2016-07",
        "Page bitmap",
        "A bitmap of the whole range, part of the ABI.",
        _CARRIED,
        f"linux-mm, reposted 27 July 2016, 4/7, 1469582616-5729-5-{_LI}",
    ),
    Posting(
        "v3",
        "2016-10",
        "Page bitmap in pieces",
        "Up to 32 bitmaps of 8 pages each, gathered into one message.",
        _CARRIED,
        "linux-mm, resent 21 October 2016, 4/7",
    ),
    Posting(
        "v6",
        "2016-12-21",
        "{pfn|length}",
        "Ranges in one or two 64-bit words; the bitmap becomes the guest's private matter.",
        _CARRIED,
        f"linux-mm, 3/5, 1482303148-22059-4-{_LI}",
    ),
    Posting(
        "v7",
        "2017-03-03",
        "CHUNK_TRANSFER",
        "Chunks of (base, size), in two formats.",
        _CARRIED,
        f"linux-mm, 2/5 and 3/5, 1488519630-89058-3-{_WANG}",
    ),
    Posting(
        "v8",
        "2017-03-16",
        "CHUNK_TRANSFER",
        "Chunks of (base, size), in one format.",
        _CARRIED,
        f"linux-mm, 2/4, 1489648127-37282-3-{_WANG}",
    ),
    Posting(
        "v9",
        "2017-04-13",
        "BALLOON_CHUNKS",
        "Up to 4096 chunks a message.",
        _CARRIED,
        f"linux-mm, 2/5, 1492076108-117229-3-{_WANG}",
    ),
    Posting(
        "v10",
        "2017-05-04",
        "PAGE_CHUNKS",
        "A count and up to 2047 chunks of (base, size), in a buffer of 8 pages.",
        _CARRIED,
        f"linux-mm, 3/6, 1493887815-6070-4-{_WANG}",
    ),
    Posting(
        "v11",
        "2017-06-09",
        "PAGE_CHUNKS",
        "A table of virtqueue descriptors, one per chunk.",
        _CARRIED,
        f"linux-mm, 3/6, 1497004901-30593-4-{_WANG}",
    ),
    Posting(
        "v12",
        "2017-07-12",
        "F_SG and xbitmap",
        "Standard scatter-gather: chained descriptors; the bitmap grows where pages are.",
        (CLASSIC_INFLATE, Claim("inflate 7 GB", 491, "ms"), Claim("improvement", 88, "%")),
        f"linux-mm, 5/8, 1499863221-16206-6-{_WANG}",
    ),
    Posting(
        "v13",
        "2017-08-03",
        "F_SG and xbitmap",
        "One scatter-gather entry at a time.",
        (CLASSIC_INFLATE, Claim("inflate 7 GB", 541, "ms"), Claim("improvement", 87, "%")),
        f"linux-mm, 3/5, 1501742299-4369-4-{_WANG}",
    ),
    Posting(
        "v15",
        "2017-08-28",
        "F_SG and xbitmap",
        "Scatter-gather entries, batched until the queue is full.",
        (CLASSIC_INFLATE, Claim("inflate 7 GB", 597, "ms"), Claim("improvement", 86, "%")),
        f"linux-mm, 3/5, 1503914913-28893-4-{_WANG}",
    ),
    Posting(
        "FREE_PAGE_HINT",
        "2018",
        "Free page hinting",
        "Whole blocks of the highest order, taken and held, so that migration skips them.",
        (
            Claim("migrate an idle 8 GB guest, before", 1757, "ms"),
            Claim("migrate an idle 8 GB guest", 284, "ms"),
            Claim("improvement", 84, "%"),
        ),
        "Linux commit 86a559787e6f; figures: linux-mm, v34, 25 June 2018",
    ),
    Posting(
        "PAGE_POISON",
        "2018",
        "Page poison value",
        "What the guest writes into free pages, so that the host does not spoil it.",
        (),
        "Linux commit 2e991629bcf5",
    ),
    Posting(
        "REPORTING",
        "2020",
        "Free page reporting",
        "Free blocks of pageblock order or more, unasked; the guest keeps the right to use them.",
        (Claim("blocks a message", 32, "blocks"), Claim("delay", 2, "s")),
        "Linux 5.7, mm/page_reporting.c",
    ),
)
