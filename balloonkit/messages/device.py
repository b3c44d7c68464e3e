"""Messages to this kit's device, in a process of its own: kick, wait, ack, all in Python."""

import time

from balloonkit.host.process import ProcessHost
from balloonkit.messages.fit import SIZES_PFNS
from balloonkit.progress import Progress
from balloonkit.units import BALLOON_PAGE_BYTES
from balloonkit.wire import CLASSIC, encode_pfns
from balloonkit.wire.channel import Channel
from balloonkit.wire.queue import Queue

__all__ = ["time_device"]

_GUEST_BYTES = 16 << 20
#: Rounds before the first that counts.
_WARM_UP = 3


def time_device(rounds: int = 40, progress: Progress | None = None) -> dict[int, list[float]]:
    """Send each length in turn, round after round; return the seconds until its ack, by PFNs.

    Every time is for other pages, so each is released for the first time.

    Raises
    ------
    MemoryLimitError
        If there is no room for the 16 MiB of each round's guest.

    Examples
    --------
    >>> times_s = time_device(rounds=1)
    >>> {pfns: len(times) for pfns, times in times_s.items()}
    {1: 1, 4: 1, 16: 1, 64: 1, 256: 1}
    """
    say = progress or (lambda what, done, total: None)
    times_s: dict[int, list[float]] = {pfns: [] for pfns in SIZES_PFNS}
    a_round = sum(SIZES_PFNS)
    fitting = _GUEST_BYTES // BALLOON_PAGE_BYTES // a_round
    done = -_WARM_UP
    while done < rounds:
        with ProcessHost(_GUEST_BYTES) as host:
            host.negotiate(CLASSIC)
            channel = Channel(host.memory, Queue.INFLATE, host.kick, host.wait)
            next_pfn = 0
            for _ in range(min(fitting, rounds - done)):
                for pfns in SIZES_PFNS:
                    message = encode_pfns(range(next_pfn, next_pfn + pfns))
                    next_pfn += pfns
                    start_s = time.perf_counter()
                    channel.send(message)
                    if done >= 0:
                        times_s[pfns].append(time.perf_counter() - start_s)
                done += 1
                say("messages to this kit's device", max(done, 0), rounds)
    return times_s
