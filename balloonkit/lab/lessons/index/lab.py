"""The landing page: a race, are widgets alive, what the story is, and which versions run.

>>> welcome = Welcome()
>>> view = welcome.story()  # 4126 ms against 590 ms, stage by stage
"""

import traitlets

from balloonkit.lab.lab import Lab
from balloonkit.lab.lessons.index.model import published, versions
from balloonkit.lab.lessons.index.pictures import show_story, show_versions
from balloonkit.lab.lessons.the_race.race_lanes import RaceLanes
from balloonkit.lab.view.alive import Alive
from balloonkit.lab.view.view import LabView

__all__ = ["Welcome"]


class Welcome(Lab):
    """What the index shows.

    Examples
    --------
    >>> Welcome().lanes().title
    'The race, raced'
    """

    steps = ("lanes", "alive", "story", "versions")

    def lanes(self) -> RaceLanes:
        """Race classic against chunks as in 2017, on the reader's own clock; needs no kernel."""
        return RaceLanes()

    def alive(self) -> Alive:
        """Show whether browser and kernel talk to each other."""
        return Alive()

    def story(self) -> LabView:
        """Show the proposal's figures: the classic path by stage, and the total of chunks."""
        title = "7 GiB out of an 8 GiB guest, 2017"
        return LabView(traitlets.HasTraits(), (), published, show_story, title)

    def versions(self) -> LabView:
        """Show the versions of what runs."""
        return LabView(traitlets.HasTraits(), (), versions, show_versions, "Versions")
