"""Both devices of one set-up, given the same cases and kept in step."""

from balloonkit.duel.case import DuelCase, DuelOutcome, DuelSetup
from balloonkit.duel.compare import difference
from balloonkit.duel.script import FIRST_PFN
from balloonkit.duel.sides import KitSide, QemuSide
from balloonkit.units import BALLOON_PAGE_BYTES
from balloonkit.wire.queue import Queue

__all__ = ["Arena"]


class Arena:
    """Both sides of one set-up, in step: started together, and again when they part."""

    def __init__(self, setup: DuelSetup, qemu: str | None) -> None:
        self._sides = KitSide(setup), QemuSide(setup, qemu)
        # What a device remembers of a host page's parts must not reach the next case.
        self._always_start = setup.host_page_bytes > BALLOON_PAGE_BYTES
        self.start()

    def start(self) -> None:
        """Start both sides anew, with empty rings."""
        self.available: dict[int, int] = {}
        for side in self._sides:
            side.start()

    def run(self, case: DuelCase) -> tuple[DuelOutcome, DuelOutcome]:
        """Give a case to both."""
        kit, qemu = (side.run(case) for side in self._sides)
        wiped = bool(qemu.released) and qemu.released[0] < FIRST_PFN
        # A device keeps a statistics buffer: the next case may not begin with it.
        keeps = any(kick.queue == Queue.STATS for kick in case.kicks)
        if self._always_start or wiped or keeps or kit.needs_reset or difference(kit, qemu):
            self.start()
        return kit, qemu

    def close(self) -> None:
        """End both sides."""
        for side in self._sides:
            side.close()
