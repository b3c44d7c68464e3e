"""The step player: one cursor over everything a run did, from free list to host page.

The whole trace goes to the browser once, as compressed JSON; the clock, the replay and the drawing
are there (``js/``), so stepping sends nothing to the kernel and goes on without one. Every view
of a player has its own cursor; only a jump from Python moves them all.
"""

import json
import re
import zlib
from typing import Any

import traitlets

from balloonkit.lab.js.bundle import bundle, styles
from balloonkit.lab.player.text import TEXT_LIMITS, text_twin
from balloonkit.lab.view.palette import (
    BIT_LOOKS,
    HOST_LOOKS,
    PAGE_LOOKS,
    STAGE_LOOKS,
)
from balloonkit.lab.view.widget import KitWidget
from balloonkit.trace import START, PlainTrace, crop, window_of

__all__ = ["CSS", "ESM", "StepPlayer", "pack"]

#: One ES module without imports.
ESM = bundle("player")
#: Its style sheet.
CSS = styles("player", "panes")


def pack(trace: PlainTrace) -> bytes:
    """Return trace and palette as zlib bytes of JSON: what the browser gets, once."""
    looks = {"pages": PAGE_LOOKS, "bits": BIT_LOOKS, "host": HOST_LOOKS}
    palette: dict[str, Any] = {
        name: [look.spec() for look in group] for name, group in looks.items()
    }
    palette["stages"] = {stage: look.spec() for stage, look in STAGE_LOOKS.items()}
    palette["limits"] = TEXT_LIMITS
    text = json.dumps({"trace": trace, "palette": palette}, separators=(",", ":"))
    return zlib.compress(text.encode(), 9)


class StepPlayer(KitWidget):
    """A player for one trace; setting `trace` again shows another run in the same place.

    Parameters
    ----------
    trace : dict
        The steps of a run, as `balloonkit.trace.Trace.as_dict` gives them; a ``code`` beside them
        names the run in the codes of its states. A guest too large to be shown whole is shown
        through the window `balloonkit.trace.window_of` chooses; crop the trace to choose another.

    Attributes
    ----------
    step : int
        Where views open, and where they jump when Python sets it. A cursor moved in the browser
        does not come back here.

    Examples
    --------
    >>> from balloonkit.guest import Guest
    >>> from balloonkit import trace_inflate
    >>> trace = trace_inflate(Guest.idle("256KiB"), 4).as_dict() | {"code": "seed=7"}
    >>> player = StepPlayer(trace)
    >>> player.jump("seed=7 step=3")
    >>> player.step
    3
    """

    _esm = ESM
    _css = CSS
    _data = traitlets.Bytes().tag(sync=True)
    step = traitlets.Int(START).tag(sync=True)
    trace = traitlets.Dict()

    def __init__(self, trace: PlainTrace, step: int = START) -> None:
        super().__init__(trace=trace)
        self.step = step

    @traitlets.validate("trace")
    def _checked_trace(self, proposal: dict[str, Any]) -> PlainTrace:
        trace: PlainTrace = proposal["value"]
        if not trace.get("steps"):
            raise ValueError(f"a trace without steps (keys {sorted(trace)}): nothing to play")
        window = window_of(trace)
        return trace if "window" in trace or window[1] == trace["span"] else crop(trace, window)

    @traitlets.validate("step")
    def _checked_step(self, proposal: dict[str, Any]) -> int:
        step: int = proposal["value"]
        last = len(self.trace["steps"]) - 1
        if not START <= step <= last:
            raise ValueError(f"step {step}: this run has steps 0 to {last}, start is {START}")
        return step

    @traitlets.observe("trace")
    def _send_trace(self, change: dict[str, Any]) -> None:
        with self.hold_sync():
            self.step = START
            self._data = pack(change["new"])

    @property
    def title(self) -> str:
        """Which run this is."""
        return str(self.trace["title"])

    @property
    def caption(self) -> str:
        """Why the step happens where it opens."""
        return str(self.trace["steps"][self._opens_at]["why"])

    @property
    def code(self) -> str:
        """The state Python last asked for, in words the jump box and `jump` understand."""
        step = "start" if self.step == START else self.step
        return f"{self.trace.get('code', '')} step={step}".strip()

    def jump(self, to: int | str) -> None:
        """Move every view to a step, or to the state a code names.

        Raises
        ------
        ValueError
            If the code is of another run, or there is no such step.
        """
        if isinstance(to, str):
            match = re.fullmatch(r"(?:(.*?)\s*step=)?(-?\d+|start)", to.strip())
            if match is None:
                raise ValueError(f"{to!r}: give a step number, or a code that ends in step=31")
            if match[1] and match[1] != self.trace.get("code"):
                raise ValueError(f"{to!r} is of another run; this one is {self.code!r}")
            to = START if match[2] == "start" else int(match[2])
        self.step = to
        self.send({"jump": to})  # a view may have moved on while `step` stayed the same

    def text_twin(self, step: int | None = None) -> str:
        """Return all panes at a step as plain text; by default where it opens."""
        return text_twin(self.trace, self._opens_at if step is None else step)

    def figure(self, step: int | None = None) -> Any:
        """Return a static picture of a step, a matplotlib Figure; by default where it opens."""
        from balloonkit.lab.player.figure import step_figure

        return step_figure(self.trace, self._opens_at if step is None else step)

    @property
    def _opens_at(self) -> int:
        # the state before the first step says little: a picture of it would show no balloon
        return len(self.trace["steps"]) - 1 if self.step == START else self.step

    def static(self) -> dict[str, Any]:
        """Return text and picture of where it opens."""
        from balloonkit.lab.player.figure import png

        return {"text/plain": self.text_twin(), "image/png": png(self.figure())}
