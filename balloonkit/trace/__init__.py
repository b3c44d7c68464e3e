"""A run, step by step: the machine tells what it does, a `Stepper` words it, a player shows it.

Whatever a `balloonkit.Machine` can do can be stepped::

    stepper = Stepper(machine)
    machine.inflate("1MiB")
    machine.deflate("1MiB")
    trace = stepper.trace()
"""

from balloonkit.trace.inflate import trace_inflate
from balloonkit.trace.replay import START, State, state_at, states
from balloonkit.trace.step import COUNTERS, STAGE_OF, Step, Trace
from balloonkit.trace.stepper import Stepper
from balloonkit.trace.window import PlainTrace, crop, window_of

__all__ = [
    "COUNTERS",
    "STAGE_OF",
    "START",
    "PlainTrace",
    "State",
    "Step",
    "Stepper",
    "Trace",
    "crop",
    "state_at",
    "states",
    "trace_inflate",
    "window_of",
]
