"""Messages of a running guest, timed inside it: what its driver waits for.

Targets a few pages apart make messages of as many page numbers. The guest's own function tracer
(Linux ``Documentation/trace/ftrace.rst``) times ``tell_host`` of its virtio_balloon driver, from
the kick to the ack. QEMU's log is off meanwhile, as it writes a line for every page number.
"""

import re
import time
from collections.abc import Sequence

from balloonkit.live.balloon import Balloon
from balloonkit.live.errors import GuestTimeoutError, LiveError, RefusedError
from balloonkit.live.guest import LiveGuest
from balloonkit.live.trace import EVENTS
from balloonkit.progress import Progress
from balloonkit.units import BALLOON_PAGE_BYTES

__all__ = ["time_guest"]

_TRACING = "/sys/kernel/tracing"
_START = (
    "mkdir -p /sys; [ -d /sys/kernel ] || mount -t sysfs sysfs /sys; "
    f"[ -e {_TRACING}/trace ] || mount -t tracefs tracefs {_TRACING}; "
    f"echo tell_host > {_TRACING}/set_ftrace_filter && "
    f"echo function_graph > {_TRACING}/current_tracer"
)
_STOP = f"echo nop > {_TRACING}/current_tracer; echo > {_TRACING}/set_ftrace_filter"
_READ = f"cat {_TRACING}/trace; echo > {_TRACING}/trace"
#: A line such as " 0) ! 685.695 us  |  tell_host [virtio_balloon]();".
_CALL = re.compile(r"([\d.]+) us\s*\|\s*tell_host\b")
_POLL_S, _PATIENCE_S = 0.002, 5.0


def time_guest(
    guest: LiveGuest, sizes: Sequence[int], rounds: int = 12, progress: Progress | None = None
) -> dict[int, list[float]]:
    """Inflate by each of `sizes` pages in turn, round after round, and give all back.

    Parameters
    ----------
    guest : LiveGuest
        With the kernel's own driver.
    sizes : sequence of int
        PFNs in a message, 1 to 256 each.

    Returns
    -------
    times_s : dict of int to list of float
        Seconds by length. They hold all the host does before its ack: reading page numbers, looking
        up addresses, one madvise for each.

    Raises
    ------
    RefusedError
        If the guest has another driver, or its kernel no function tracer.
    GuestTimeoutError
        If the balloon stops moving.
    """
    balloon = guest._balloon
    if not isinstance(balloon, Balloon):
        raise RefusedError("only the kernel's own driver is timed: make a guest without driver=")
    try:
        guest.run(_START)
    except LiveError as error:
        raise RefusedError(f"this guest's kernel times no functions: {error}") from error
    say = progress or (lambda what, done, total: None)
    times_s: dict[int, list[float]] = {pfns: [] for pfns in sizes}
    start_bytes = balloon.actual_bytes()
    try:
        _log(guest, enable=False)
        for done in range(rounds):
            say("messages of a running guest", done, rounds)
            for pfns in sizes:
                guest.run(_READ)
                _to(balloon, balloon.actual_bytes() - pfns * BALLOON_PAGE_BYTES)
                calls = _CALL.findall(guest.run(_READ))
                if len(calls) == 1:  # else the kernel moved a page, and told that too
                    times_s[pfns].append(float(calls[0]) / 1e6)
            _to(balloon, start_bytes)
        say("messages of a running guest", rounds, rounds)
    finally:
        balloon.set_target(start_bytes)
        _log(guest, enable=True)
        guest.run(_STOP)
    return times_s


def _to(balloon: Balloon, target_bytes: int) -> None:
    balloon.set_target(target_bytes)
    deadline_s = time.monotonic() + _PATIENCE_S
    while not balloon.at_rest(target_bytes):
        if time.monotonic() > deadline_s:
            raise GuestTimeoutError(f"the balloon does not come to {target_bytes} bytes")
        time.sleep(_POLL_S)


def _log(guest: LiveGuest, enable: bool) -> None:
    for event in EVENTS:
        guest._link.execute("trace-event-set-state", name=event, enable=enable)
