"""Labs: widgets and figures over the package. The only place that imports matplotlib or widgets.

Every lab is here by its name, and is imported when it is asked for.

>>> from balloonkit.lab import RaceLab
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from balloonkit.lab.ask import QuestionsLab
    from balloonkit.lab.captures import CaptureLab
    from balloonkit.lab.chunks import ChunkLab
    from balloonkit.lab.fragmentation import FragmentationLab
    from balloonkit.lab.lineage import LineageLab
    from balloonkit.lab.live import LiveLab
    from balloonkit.lab.player import StepPlayer
    from balloonkit.lab.race import RaceLab
    from balloonkit.lab.release import ReleaseLab
    from balloonkit.lab.review import ReviewLab
    from balloonkit.lab.welcome import Welcome

__all__ = [
    "CaptureLab",
    "ChunkLab",
    "FragmentationLab",
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
    "CaptureLab": "captures",
    "ChunkLab": "chunks",
    "FragmentationLab": "fragmentation",
    "LineageLab": "lineage",
    "LiveLab": "live",
    "QuestionsLab": "ask",
    "RaceLab": "race",
    "ReleaseLab": "release",
    "ReviewLab": "review",
    "StepPlayer": "player",
    "Welcome": "welcome",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"balloonkit.lab has no {name!r}: choose from {', '.join(__all__)}")
    return getattr(import_module(f"balloonkit.lab.{_MODULE_OF[name]}"), name)


def __dir__() -> list[str]:
    return [*globals(), *__all__]
