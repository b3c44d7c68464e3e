"""The chunks driver under pressure, for longer than a test may take: run it by hand.

    python tests/live/stress.py [CYCLES DEATHS WINDOWS]   # default: 200 50 1000, four minutes

Files come and go in the guest all the while. Balloons move to random targets; hosts die at random
messages, before or after they released, and are replaced before or after the driver gave them up;
garbage is written into the window, and a new host must find a driver that starts anew. At the end
no page may be missing and every file must be what it was.
"""

import random
import re
import sys
import time

import numpy as np

from balloonkit.live import DriverOptions, LiveGuest
from balloonkit.wire.channel import message_address, queue_layout
from balloonkit.wire.queue import Queue

MOST_PAGES = 36_000  # of 98,304: the files and the kernel need the rest
_FILES = range(1, 7)
_COME_AND_GO = """(n=0; while true; do n=$((n+1));
file=/keep/$((n % 6 + 1)); copy=/age/p$((n % 10));
cp $file $copy; cmp $file $copy || echo BAD >> /bad; done) > /dev/null 2>&1 &"""


class HostDiedError(Exception):
    """What a host dies of here."""


class Stress:
    """One guest, and all it goes through."""

    def __init__(self, seed: int = 7) -> None:
        self.dice = random.Random(seed)
        options = DriverOptions(ack_timeout_ms=2000, message_chunks=64)
        self.guest = LiveGuest("384MiB", driver="chunks", options=options, progress=False)
        self.guest.age(seed=1, size="150MiB")
        write = "dd if=/dev/urandom of=/keep/{} bs=1M count=2 2>/dev/null"
        self.guest.run("mkdir -p /keep; " + "; ".join(write.format(n) for n in _FILES))
        self.sums = self.guest.run("md5sum /keep/*")
        self.guest.run(" ".join(_COME_AND_GO.split()))

    def cycles(self, count: int) -> str:
        """Move the balloon to random targets."""
        guest, moved, page_bytes = self.guest, 0, 4096
        for _ in range(count):
            floor_bytes = min(guest.floor() + (24 << 20), guest.memory_bytes)
            pages = self.dice.randint(floor_bytes // page_bytes, guest.memory_bytes // page_bytes)
            moved += len(guest.balloon(pages * page_bytes).pfns)
        guest.balloon(guest.memory_bytes)
        return f"{count} cycles, {moved:,} pages moved"

    def deaths(self, count: int) -> str:
        """Let hosts die and be replaced."""
        for _ in range(count):
            self._die_at(self.dice.randrange(1, 12), before=self.dice.random() < 0.5)
            pages = self.dice.randrange(MOST_PAGES)
            host, deadline_s = self.guest.host, time.monotonic() + 1.5
            host.set_target(pages)
            while host.failure is None and time.monotonic() < deadline_s:
                host.wait(0.05)
            time.sleep(self.dice.choice((0, 0.1, 2.5)))  # the driver gives up after 2 s
            self._replace_host(pages)
        self.guest.balloon(self.guest.memory_bytes)
        log = self.guest.run("dmesg")
        return f"{count} hosts replaced, {log.count('was not answered')} messages unanswered"

    def windows(self, count: int) -> str:
        """Write garbage into rings and rooms; none of it makes a chunk that could be done."""
        dice, window = self.dice, self.guest.host.doorbell.memory
        for number in range(1, count + 1):
            for queue in (Queue.INFLATE, Queue.DEFLATE):
                layout, room = queue_layout(queue), message_address(queue)
                window[room : room + 64] = dice.randbytes(64)
                for _ in range(dice.randrange(1, 30)):
                    place = dice.randrange(layout.base, layout.end)
                    window[place] = dice.choice((0, 1, 2, 4, 255, dice.randrange(256)))
                self.guest.host.doorbell.kick(queue)
            if number % 20 == 0:
                self._replace_host(dice.randrange(MOST_PAGES))
        self._replace_host(0)
        return f"{count} hostile windows"

    def check(self) -> str:
        """Raise if anything was lost; say what holds."""
        held = np.count_nonzero(self.guest.memory().ballooned)
        bad = self.guest.run("cat /bad 2>/dev/null || true")
        log = self.guest.run("dmesg")
        assert held == self.guest.host.counters().ballooned_pages == 0, held
        assert self.guest.run("md5sum /keep/*") == self.sums
        assert bad == "", bad
        assert not re.search("Oops|BUG|WARNING|Call Trace|[Bb]ad page|stay out of use", log), log
        return "no page lost, every file intact, no oops"

    def _die_at(self, message: int, before: bool) -> None:
        device, seen = self.guest.host.device, [0]
        handle = device.handle

        def dies(queue, data):
            seen[0] += 1
            if seen[0] == message and before:
                raise HostDiedError
            handled = handle(queue, data)
            if seen[0] == message:
                raise HostDiedError
            return handled

        device.handle = dies

    def _replace_host(self, pages: int) -> None:
        host = self.guest.host
        host.stop()
        host.set_target(pages)
        host.start()
        for _ in range(1200):
            if host.ready and host.actual_pages == pages:
                return
            host.wait(0.05)
        raise AssertionError(f"{host.actual_pages} pages, not {pages}: {self.guest.run('dmesg')}")


def main(cycles: int = 200, deaths: int = 50, windows: int = 1000) -> None:
    """Run it all, with a check after each part."""
    stress = Stress()
    for part, count in (
        (stress.cycles, cycles),
        (stress.deaths, deaths),
        (stress.windows, windows),
    ):
        started_s = time.monotonic()
        print(f"{part(count)}: {stress.check()} ({time.monotonic() - started_s:.0f} s)", flush=True)
    stress.guest.close()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
