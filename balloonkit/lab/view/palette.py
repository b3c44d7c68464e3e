"""Colours that colour-blind eyes tell apart, each with a letter and a hatch of its own.

The colours are Okabe and Ito's (2008). A picture never relies on them alone: small pages carry the
letter, bars the hatch, and every picture has a text twin.
"""

from typing import Any, NamedTuple

__all__ = [
    "BIT_LOOKS",
    "BLACK",
    "BLOCK_LOOKS",
    "BLUE",
    "EMPTY",
    "FORMAT_LOOKS",
    "GREEN",
    "HOST_LOOKS",
    "MIGRATE_LOOKS",
    "ORANGE",
    "PAGE_LOOKS",
    "PATH_LOOKS",
    "SKY",
    "STAGE_LOOKS",
    "VERMILLION",
    "Look",
    "contrast",
    "ink_on",
    "luminance",
    "path_label",
    "rgb",
]

#: Okabe and Ito's colours, to be told apart with any kind of colour vision.
BLACK, ORANGE, SKY, GREEN = "#000000", "#E69F00", "#56B4E9", "#009E73"
#: The other four of them.
YELLOW, BLUE, VERMILLION, PURPLE = "#F0E442", "#0072B2", "#D55E00", "#CC79A7"

#: Nothing there: drawn as paper, whatever colour the page around it has.
EMPTY = "#FFFFFF"


class Look(NamedTuple):
    """How one kind of thing is drawn."""

    label: str
    colour: str
    letter: str
    hatch: str

    @property
    def mark(self) -> str:
        """The hatch as one sign, for cells too small for a letter."""
        return {"..": "•", "//": "/", "++": "+", "xx": "x", "\\\\": "\\"}.get(self.hatch, "")

    @property
    def ink(self) -> str:
        """Black or white: whichever can be read on the colour."""
        return ink_on(self.colour)

    def spec(self) -> dict[str, Any]:
        """Return what the browser needs: it decides no colour and no ink."""
        return {
            "label": self.label,
            "colour": self.colour,
            "ink": self.ink,
            "letter": self.letter,
            "mark": self.mark,
            "dotted": self.hatch == "//",  # keeps a dot where no letter fits
            "empty": self.colour == EMPTY,  # has no colour of its own: the page shows through
        }


#: A guest page by its state's number (`balloonkit.trace.PAGE_STATES`).
PAGE_LOOKS = (
    Look("no RAM", EMPTY, "·", "xx"),
    Look("in use", "#595959", "U", ""),
    Look("free", SKY, "F", ".."),
    Look("in the balloon", ORANGE, "B", "//"),
)

#: A page of the small guest in the blocks lesson, by the same numbers.
BLOCK_LOOKS = (*PAGE_LOOKS[:3], Look("taken", ORANGE, "T", "//"))

#: A bit of a page bitmap, by its value; a set bit is a page in the balloon, and looks like one.
BIT_LOOKS = (Look("bit clear", EMPTY, "0", ""), Look("bit set", ORANGE, "1", "//"))

#: A page of the host, by whether it is resident.
HOST_LOOKS = (Look("released", EMPTY, "-", "xx"), Look("resident", GREEN, "R", ""))

#: A page while the messages of an inflate are followed.
SENT_LOOKS = (*PAGE_LOOKS, Look("in this message", PURPLE, "M", "++"))

#: A pageblock's migrate type, by its number (`balloonkit.guest.migrate_types`).
MIGRATE_LOOKS = (
    PAGE_LOOKS[0],
    Look("Movable", SKY, "M", ".."),
    Look("Unmovable", "#595959", "U", ""),
    Look("Reclaimable", GREEN, "R", "\\\\"),
    Look("HighAtomic", VERMILLION, "H", "//"),
    Look("CMA", YELLOW, "C", "++"),
    Look("Isolate", PURPLE, "I", "xx"),
    Look("the kernel's own: Unmovable or Reclaimable", "#595959", "K", ""),
)

#: What a real guest did with a page, against what the model foretold.
FATE_LOOKS = (
    PAGE_LOOKS[0],
    Look("kept", "#767676", "K", ""),
    Look("given, as foretold", SKY, "G", ".."),
    Look("given, not foretold", VERMILLION, "M", "//"),
    Look("foretold, not given", YELLOW, "W", "++"),
)

#: The four stages of an inflate.
STAGE_LOOKS = {
    "allocate": Look("1 allocate", SKY, "A", ".."),
    "send": Look("2 send", VERMILLION, "S", "//"),
    "translate": Look("3 translate", YELLOW, "T", "xx"),
    "release": Look("4 release", GREEN, "R", "\\\\"),
}

#: The competitors of a race.
PATH_LOOKS = {
    "classic": Look("classic, PFN by PFN", VERMILLION, "P", "//"),
    "classic_joined": Look("classic, joined by the host", ORANGE, "J", "xx"),
    "chunks": Look("chunks", BLUE, "C", ".."),
    "chunks_block_alloc": Look("chunks, allocated by blocks", GREEN, "K", "\\\\"),
}

#: Message formats of the lineage: two are paths of a race, and look like them.
FORMAT_LOOKS = {
    "classic": PATH_LOOKS["classic"],
    "v10": PATH_LOOKS["chunks"],
    "another": Look("another format", "#999999", "O", ""),
    "partial": Look("tells of a part of the pages", EMPTY, "H", "xx"),
}


def path_label(path: str) -> str:
    """Return what pictures call a competitor; one of your own is called by its name.

    Examples
    --------
    >>> path_label("classic"), path_label("short runs")
    ('classic, PFN by PFN', 'short runs')
    """
    return PATH_LOOKS[path].label if path in PATH_LOOKS else path


def rgb(colour: str) -> tuple[int, int, int]:
    """Return the three bytes of ``#RRGGBB``."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def luminance(colour: str) -> float:
    """Return the relative luminance of ``#RRGGBB`` by WCAG 2.2: 0 is black, 1 white."""
    parts = [byte / 255 for byte in rgb(colour)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours by WCAG 2.2, from 1 to 21.

    Examples
    --------
    >>> contrast(BLACK, EMPTY)
    21.0
    """
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def ink_on(colour: str) -> str:
    """Return black or white: whichever a letter can be read in on `colour`.

    Examples
    --------
    >>> ink_on(SKY), ink_on(BLUE)
    ('#000000', '#FFFFFF')
    """
    return max(BLACK, EMPTY, key=lambda ink: contrast(ink, colour))
