"""The posting of May 2017 reviewed, and where it came from and went."""

from balloonkit.history.faults import AS_POSTED, B1_REPAIRED, Fault, Story
from balloonkit.history.formats import FORMATS, PostedFormat, Traffic, compare_formats
from balloonkit.history.lineage import POSTINGS, Claim, Posting
from balloonkit.history.loss import PageLoss, pages_lost
from balloonkit.history.replay import FaultOutcome, replay
from balloonkit.history.v10 import V10Driver, V10Message

__all__ = [
    "AS_POSTED",
    "B1_REPAIRED",
    "FORMATS",
    "POSTINGS",
    "Claim",
    "Fault",
    "FaultOutcome",
    "PageLoss",
    "PostedFormat",
    "Posting",
    "Story",
    "Traffic",
    "V10Driver",
    "V10Message",
    "compare_formats",
    "pages_lost",
    "replay",
]
