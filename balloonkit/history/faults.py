"""The faults a review of the posted v10 code finds, each with its smallest example.

Numbers follow the review list; the gaps (B12 to B14, B16) are remarks without a behaviour to
replay. The example's outcome is what v10 did with B1 repaired, since with B1 in nothing is sent.
"""

from dataclasses import dataclass
from enum import Enum

from balloonkit.history.steps import AddChunks, FailSends, FaultStep, Inflate, Migrate, SendToToday
from balloonkit.wire.page_bitmap import BITMAP_BITS, MAX_BITMAPS

__all__ = ["AS_POSTED", "B1_REPAIRED", "STORIES", "Fault", "Story"]


class Fault(Enum):
    """One fault of the posted code; `story` tells it."""

    B1 = "B1"
    B2 = "B2"
    B3 = "B3"
    B4 = "B4"
    B5 = "B5"
    B6 = "B6"
    B7 = "B7"
    B8 = "B8"
    B9 = "B9"
    B10 = "B10"
    B11 = "B11"
    B15 = "B15"
    B17 = "B17"

    @property
    def story(self) -> "Story":
        """Title, smallest example, outcome, hint and fix of this fault.

        Examples
        --------
        >>> Fault.B4.story.title
        'The search position is added to, not set'
        """
        return STORIES[self]


@dataclass(frozen=True)
class Story:
    """A fault as the lesson tells it.

    Attributes
    ----------
    title : str
    steps : tuple of FaultStep
        The smallest input that shows it.
    told : str
        What the host is told, or what happens to the guest.
    hint : str
        A question that leads to it.
    fix : str
        What to change.
    max_bitmaps : int
        Bitmaps the guest finds memory for in this example.
    page_bytes : int
        The guest's page size in this example.
    """

    title: str
    steps: tuple[FaultStep, ...]
    told: str
    hint: str
    fix: str
    max_bitmaps: int = MAX_BITMAPS
    page_bytes: int = 4096


#: What each fault is, and the smallest input that shows it.
STORIES: dict[Fault, Story] = {
    Fault.B1: Story(
        "Minimum and maximum change places",
        (Inflate((100, 101, 102)),),
        "Nothing, ever: the range starts at the largest number there is and ends at 0.",
        "Two pointers of the same type, two functions: in which order do caller and callee "
        "name them?",
        "Pass the minimum where the minimum is expected; or return the range instead of "
        "filling two pointers.",
    ),
    Fault.B2: Story(
        "A range of one page is no range",
        (Inflate((100,)),),
        "Nothing: the loop runs while start < max, and here they are equal.",
        "When only one page is ballooned, what are min and max?",
        "Make the end exclusive (max + 1) before the loop; then start < end is right.",
    ),
    Fault.B3: Story(
        "The last bitmap is searched one bit short",
        (Inflate((100, 101)),),
        "(100, 1): page 101 is ballooned but never told.",
        "How many pages are there from 100 to 101, and what is 101 - 100?",
        "With both ends included the count is end - start + 1.",
    ),
    Fault.B4: Story(
        "The search position is added to, not set",
        (Inflate((0, 2, 4, 64)),),
        "(0, 1) and (2, 1): page 4 is jumped over (64 falls to B3).",
        "next_zero is already a place in the bitmap. Follow pos for three runs.",
        "pos = next_zero + 1.",
    ),
    Fault.B5: Story(
        "An exact multiple leaves nothing to search",
        (Inflate((0, BITMAP_BITS)),),
        "(0, 1): the second bitmap is searched for 0 bits, page 262144 is lost.",
        "What is n % n, and how many bits did you want?",
        "Compute the last bitmap's size by subtraction: pages in the range minus those before it.",
    ),
    Fault.B6: Story(
        "A full round never searches its last bitmap",
        (Inflate((0, 1, 300_000, 300_001)),),
        "(300000, 1): the first round's only bitmap, pages 0 and 1 in it, is not searched "
        "(300001 falls to B3).",
        "In a round that is not the last, how far is end from start? Take that modulo one bitmap.",
        "Only the very last round has a shorter bitmap; search the whole one in the others.",
        max_bitmaps=1,
    ),
    Fault.B7: Story(
        "The end of the round counts as inside",
        (Inflate((0, BITMAP_BITS, 300_000)),),
        "Nothing: page 262144 passes the range test and belongs to a second bitmap, which is not "
        "there; the guest follows a null pointer.",
        "The test skips this_pfn > end. Which bitmap does a page at end itself go into?",
        "Skip this_pfn >= end, with end exclusive in every round.",
        max_bitmaps=1,
    ),
    Fault.B8: Story(
        "The whole balloon is walked again",
        (Inflate((100, 102)), Inflate((101, 103, 164))),
        "(101, 3) in the second fill: page 102 is sent again.",
        "Which list does a second fill walk, and what is on it already?",
        "Keep the new pages on a list of their own and walk only that; it is also far shorter.",
    ),
    Fault.B9: Story(
        "Migration adds chunks but never sends",
        (Migrate(100, 200), Inflate((300, 301, 364))),
        "(200, 1)(100, 1)(300, 2), all to inflate: the host discards page 100, which the guest "
        "has taken back and may be using.",
        "Two queues, one buffer. Who sends what migration left in it, and to which queue?",
        "A buffer per queue, and send after each of the two halves of a migration.",
    ),
    Fault.B10: Story(
        "The loop that frees runs towards its own end",
        (Inflate((0, 2 * BITMAP_BITS)),),
        "Nothing to the host; of 3, 5, 10, 32 bitmaps the guest leaks 1, 2, 4, 15.",
        "The index goes up, the bound comes down. Where do they meet?",
        "Do not change the bound inside the loop.",
    ),
    Fault.B11: Story(
        "A failed send is forgotten, a full buffer is not",
        (FailSends(1), AddChunks(2049)),
        "Nothing: entries 2047 and 2048 are written past the buffer.",
        "After a failed send the count stays 2047. What does the test == 2047 see next?",
        "Test for room before writing, and try again to send before going on.",
    ),
    Fault.B15: Story(
        "The base keeps the guest's page size",
        (Inflate((0x10, 0x11, 0x50)),),
        "(0x10, 32): the host discards 128 KiB at GPA 0x10000; the pages are at 0x100000.",
        "Size is converted to 4 KiB pages. Is base?",
        "Multiply both by the 4 KiB pages in a guest page.",
        page_bytes=65_536,
    ),
    Fault.B17: Story(
        "Bit 3 means something else today",
        (SendToToday(0x100, 3),),
        "A host that speaks the classic format reads the chunk as pages "
        "1, 0, 0x100000, 0, 0x3000, 0.",
        "The proposal was not merged. Who owns feature bit 3 now, and what would it agree to?",
        "Take a bit nobody owns; without agreement both sides speak the classic format.",
    ),
}

#: Every fault, as posted.
AS_POSTED = frozenset(Fault)
#: The posting with its first fault repaired, so that it tells the host anything at all.
B1_REPAIRED = AS_POSTED - {Fault.B1}
