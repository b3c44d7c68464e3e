"""The box a learner's own machine goes into: one control, the same in every lesson that has it."""

from balloonkit.lab.view.view import Paste

__all__ = ["CAPTURE_BOX", "MACHINE_BOX"]

#: The control, for any machine; the lesson's model has a text trait of this name.
MACHINE_BOX = Paste(
    "machine",
    "your machine",
    "Paste its buddyinfo, pagetypeinfo, zoneinfo or Mem-Info, or choose a file: such a text, or a "
    "capture (.npz). It goes to this notebook's kernel and nowhere else. Empty: the guest above.",
)

#: The same where a lesson needs pages, and not only counts.
CAPTURE_BOX = Paste(
    "machine",
    "your machine",
    "Choose a capture (.npz); balloonkit capture here mine.npz makes one of your own machine. It "
    "goes to this notebook's kernel and nowhere else. Empty: the guest above.",
)
