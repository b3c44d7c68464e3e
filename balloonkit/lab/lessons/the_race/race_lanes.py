"""The race, raced: two lanes on the reader's own clock, in one widget that needs no kernel."""

import html
from typing import Any

import traitlets

from balloonkit.lab.js.bundle import bundle, styles
from balloonkit.lab.lessons.the_race.lanes import lanes_2017, lanes_table
from balloonkit.lab.view.palette import HOST_LOOKS, PAGE_LOOKS, PATH_LOOKS, STAGE_LOOKS
from balloonkit.lab.view.widget import KitWidget

__all__ = ["RaceLanes"]

#: What the picture takes for granted, said under it.
_ASSUMED = (
    "One second here is one second of 2017 at speed 1. Assumed: sending is paid by the bell, "
    "whatever the message holds; each round takes its share of every stage; filling the bitmaps of "
    "chunks has no price of its own. With a bell at another price than 100 % all of it is "
    "model time."
)


class RaceLanes(KitWidget):
    """Race classic against chunks on one clock; what is shown at a moment is computed there.

    Attributes
    ----------
    kick_percent : int
        What a bell costs, 100 is its price of 2017; both lanes follow.

    Examples
    --------
    >>> race = RaceLanes()
    >>> race.kick_percent = 0
    >>> race.caption.partition(": ")[2]
    'classic, 7,168 rings, done at 1.308 s; chunks, 1 ring, done at 0.590 s'
    """

    title = "The race, raced"
    _esm = bundle("lanes")
    _css = styles("view", "lanes")

    lanes: traitlets.List[Any] = traitlets.List().tag(sync=True)
    looks = traitlets.Dict().tag(sync=True)
    assumed = traitlets.Unicode(_ASSUMED).tag(sync=True)
    kick_percent = traitlets.Int(100, min=0, max=200).tag(sync=True)

    def __init__(self) -> None:
        self._raced = lanes_2017()
        super().__init__(
            lanes=[lane.spec() | {"look": PATH_LOOKS[lane.path].spec()} for lane in self._raced],
            looks={
                "stages": [look.spec() for look in STAGE_LOOKS.values()],
                "free": PAGE_LOOKS[2].spec(),
                "balloon": PAGE_LOOKS[3].spec(),
                "released": HOST_LOOKS[0].spec(),
                "resident": HOST_LOOKS[1].spec(),
            },
        )

    @property
    def caption(self) -> str:
        """How the race ends at the present price of a bell."""
        return lanes_table(self._raced, self.kick_percent).caption

    def static(self) -> dict[str, Any]:
        """Return when each lane rings, and when its stages and all of it end."""
        table = lanes_table(self._raced, self.kick_percent)
        sources = [f"{lane.path}: {lane.source}." for lane in self._raced]
        text = "\n".join([table.as_text(), *sources, self.assumed])
        notes = "".join(f"<p>{html.escape(line)}</p>" for line in [*sources, self.assumed])
        return {"text/plain": text, "text/html": table.as_html() + notes}
