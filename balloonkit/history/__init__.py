"""The posting of May 2017 reviewed, and where it came from and went."""

from balloonkit.history.faults import AS_POSTED, B1_REPAIRED, Fault, Story
from balloonkit.history.formats import FORMATS, Format, Sent, compare_formats
from balloonkit.history.lineage import POSTINGS, Figure, Posting
from balloonkit.history.loss import PageLoss, pages_lost
from balloonkit.history.replay import Outcome, replay
from balloonkit.history.v10 import Message, V10Driver

__all__ = [
    "AS_POSTED",
    "B1_REPAIRED",
    "FORMATS",
    "POSTINGS",
    "Fault",
    "Figure",
    "Format",
    "Message",
    "Outcome",
    "PageLoss",
    "Posting",
    "Sent",
    "Story",
    "V10Driver",
    "compare_formats",
    "pages_lost",
    "replay",
]
