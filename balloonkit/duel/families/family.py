"""What a family of exchanges is, and how its members are made."""

from collections.abc import Callable
from dataclasses import dataclass

from balloonkit.duel.case import DuelSetup
from balloonkit.duel.script import HIGH_BYTES, LOW_BYTES, Script

__all__ = ["SMALL", "Families", "Family"]

#: A small guest with RAM below and above 4 GiB.
SMALL = DuelSetup("small", LOW_BYTES, HIGH_BYTES)


@dataclass(frozen=True)
class Family:
    """Exchanges that ask one question.

    Attributes
    ----------
    name : str
    section : str
        Of VIRTIO 1.2; what decides.
    rule : str
        What it says there, in short or by quotation.
    write : callable
        Puts one member into a `Script`.
    setup : DuelSetup
    share : int
        How often it is drawn; 0 for once a run.
    """

    name: str
    section: str
    rule: str
    write: Callable[[Script], None]
    setup: DuelSetup = SMALL
    share: int = 10


class Families:
    """A topic's families, collected by decorating what writes them.

    Examples
    --------
    >>> topic = Families("plain traffic")
    >>> @topic.add("one page", "5.5.6.1", "the device may discard it")
    ... def one_page(script):
    ...     script.inflate([5])
    >>> [family.name for family in topic.members]
    ['one page']
    """

    def __init__(self, topic: str) -> None:
        self.topic = topic
        self.members: list[Family] = []

    def add(
        self, name: str, section: str, rule: str, *, setup: DuelSetup = SMALL, share: int = 10
    ) -> Callable[[Callable[[Script], None]], Callable[[Script], None]]:
        """Return a decorator that adds a family."""

        def added(write: Callable[[Script], None]) -> Callable[[Script], None]:
            self.members.append(Family(name, section, rule, write, setup, share))
            return write

        return added
