"""The step player: one cursor over everything a run did, from free list to host page.

The whole trace goes to the browser once, as compressed JSON; the clock, the replay and the drawing
are there (``web/``), so stepping sends nothing to the kernel and goes on without one. Every view
of a player has its own cursor; only a jump from Python moves them all.
"""

import json
import re
import zlib
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from balloonkit.lab import palette
from balloonkit.lab.replay import START, Trace
from balloonkit.lab.twin import text_twin

__all__ = ["CSS", "ESM", "StepPlayer", "pack"]

_WEB = Path(__file__).parent / "web"
#: One ES module without imports: replay, panes, controls, in this order.
ESM = "\n".join(
    (_WEB / f"{name}.js").read_text() for name in ("replay", "grid", "panes", "pipeline", "player")
)
CSS = (_WEB / "player.css").read_text()


def pack(trace: Trace) -> bytes:
    """Return trace and palette as zlib bytes of JSON: what the browser gets, once."""
    text = json.dumps({"trace": trace, "palette": palette.as_json()}, separators=(",", ":"))
    return zlib.compress(text.encode(), 9)


class StepPlayer(anywidget.AnyWidget):
    """A player for one trace; setting `trace` again shows another run in the same place.

    Parameters
    ----------
    trace : dict
        The steps of a run.

    Attributes
    ----------
    step : int
        Where views open, and where they jump when Python sets it. A cursor moved in the browser
        does not come back here.

    Examples
    --------
    >>> trace = {"title": "", "code": "seed=7", "span": 1, "initial": {"pages": [[2, 1]],
    ...          "lists": []}, "bitmap": None, "regions": [], "counters": [], "steps": [{}, {}]}
    >>> StepPlayer(trace).jump("seed=7 step=1")
    >>> StepPlayer(trace, step=1).code
    'seed=7 step=1'
    """

    _esm = ESM
    _css = CSS
    _data = traitlets.Bytes().tag(sync=True)
    step = traitlets.Int(START).tag(sync=True)
    trace = traitlets.Dict()

    def __init__(self, trace: Trace, step: int = START) -> None:
        super().__init__(trace=trace)
        self.step = step

    @traitlets.validate("trace")
    def _checked_trace(self, proposal: dict[str, Any]) -> Trace:
        trace: Trace = proposal["value"]
        if not trace.get("steps"):
            raise ValueError(f"a trace without steps (keys {sorted(trace)}): nothing to play")
        return trace

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
    def code(self) -> str:
        """The state Python last asked for, in words the jump box and `jump` understand."""
        return f"{self.trace['code']} step={'start' if self.step == START else self.step}".strip()

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
            if match[1] and match[1] != self.trace["code"]:
                raise ValueError(f"{to!r} is of another run; this one is {self.trace['code']!r}")
            to = START if match[2] == "start" else int(match[2])
        self.step = to
        self.send({"jump": to})  # a view may have moved on while `step` stayed the same

    def text_twin(self, step: int | None = None) -> str:
        """Return all panes at a step as plain text; by default at the last one."""
        return text_twin(self.trace, self._last if step is None else step)

    def figure(self, step: int | None = None) -> Any:
        """Return a static picture of a step, a matplotlib Figure; by default of the last one."""
        from balloonkit.lab.figures import step_figure

        return step_figure(self.trace, self._last if step is None else step)

    @property
    def _last(self) -> int:
        return len(self.trace["steps"]) - 1

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]] | None:
        """Add text and picture, for where no widget runs: GitHub, nbviewer, a screen reader."""
        from balloonkit.lab.figures import png

        bundle = super()._repr_mimebundle_(**kwargs)
        if bundle is not None:
            bundle[0].update({"text/plain": self.text_twin(), "image/png": png(self.figure())})
        return bundle
