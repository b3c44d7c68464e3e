"""A page with the step player that needs neither kernel nor network: everything is inside."""

import base64
from html import escape

from balloonkit.lab.player import CSS, ESM, pack
from balloonkit.lab.replay import START, Trace
from balloonkit.lab.twin import text_twin

__all__ = ["player_fragment", "static_html"]

# Stands in for the widget model: the data, and nothing that ever changes it.
_START_SCRIPT = """
const bytes = Uint8Array.from(atob("%(data)s"), (c) => c.charCodeAt(0));
const model = { get: (name) => ({ _data: new DataView(bytes.buffer), step: %(step)d })[name],
  on() {}, off() {} };
render({ model, el: document.getElementById("%(place)s") });
"""

_PAGE_CSS = """
:root { color-scheme: light dark; }
body { max-width: 1240px; margin: 0 auto; padding: 16px; font: 14px/1.5 system-ui, sans-serif; }
h1 { margin: 0 0 12px; font-size: 20px; }
details { margin-top: 16px; }
pre { overflow-x: auto; font-size: 12px; }
"""


def player_fragment(trace: Trace, place: str = "player", step: int = START) -> str:
    """Return HTML of one player, to put into a page of one's own; `place` is unique on it."""
    data = base64.b64encode(pack(trace)).decode()
    script = ESM + _START_SCRIPT % {"data": data, "step": step, "place": place}
    return (
        f'<style>{CSS}</style><div id="{escape(place)}"></div>'
        f'<script type="module">{script}</script>'
    )


def static_html(trace: Trace, title: str) -> str:
    """Return a whole page: the player, and the last step as text.

    Parameters
    ----------
    trace : dict
        The steps of a run.
    title : str
        Heading and window title.
    """
    twin = escape(text_twin(trace, len(trace["steps"]) - 1))
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><link rel="icon" href="data:,">'
        f"<title>{escape(title)}</title><style>{_PAGE_CSS}</style></head><body>"
        f"<h1>{escape(title)}</h1>{player_fragment(trace)}"
        f"<details><summary>The last step as text</summary><pre>{twin}</pre></details>"
        f"</body></html>\n"
    )
