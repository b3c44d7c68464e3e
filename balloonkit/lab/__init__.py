"""Labs: widgets and figures over the package. The only place that imports matplotlib or widgets.

Every lab is here by its name, and is imported when it is asked for.

>>> from balloonkit.lab import RaceLab
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from balloonkit.lab.lab import Lab, QuestionsLab
    from balloonkit.lab.lessons.chunk_formation.lab import ChunkLab
    from balloonkit.lab.lessons.fragmentation.lab import FragmentationLab
    from balloonkit.lab.lessons.host_release.lab import ReleaseLab
    from balloonkit.lab.lessons.index.lab import Welcome
    from balloonkit.lab.lessons.lineage.lab import LineageLab
    from balloonkit.lab.lessons.live_guest.lab import LiveLab
    from balloonkit.lab.lessons.real_guests.lab import CaptureLab
    from balloonkit.lab.lessons.review_the_patch.lab import ReviewLab
    from balloonkit.lab.lessons.the_race.lab import RaceLab
    from balloonkit.lab.player.player import StepPlayer

__all__ = [
    "CaptureLab",
    "ChunkLab",
    "FragmentationLab",
    "Lab",
    "LineageLab",
    "LiveLab",
    "QuestionsLab",
    "RaceLab",
    "ReleaseLab",
    "ReviewLab",
    "StepPlayer",
    "Welcome",
]

_MODULE_OF = {
    "CaptureLab": "lessons.real_guests.lab",
    "ChunkLab": "lessons.chunk_formation.lab",
    "FragmentationLab": "lessons.fragmentation.lab",
    "Lab": "lab",
    "LineageLab": "lessons.lineage.lab",
    "LiveLab": "lessons.live_guest.lab",
    "QuestionsLab": "lab",
    "RaceLab": "lessons.the_race.lab",
    "ReleaseLab": "lessons.host_release.lab",
    "ReviewLab": "lessons.review_the_patch.lab",
    "StepPlayer": "player.player",
    "Welcome": "lessons.index.lab",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"balloonkit.lab has no {name!r}: choose from {', '.join(__all__)}")
    return getattr(import_module(f"balloonkit.lab.{_MODULE_OF[name]}"), name)


def __dir__() -> list[str]:
    return [*globals(), *__all__]
