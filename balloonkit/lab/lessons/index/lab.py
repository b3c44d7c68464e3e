"""The landing page: are widgets alive, what the story is, and which versions run.

>>> welcome = Welcome()
>>> view = welcome.story()  # 4126 ms against 590 ms, stage by stage
"""

from importlib.metadata import PackageNotFoundError, version
from platform import python_version
from typing import Any

import traitlets
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from balloonkit.costs import CHUNKS_TOTAL_2017_S, CLASSIC_2017_S
from balloonkit.lab.js.bundle import bundle, styles
from balloonkit.lab.view.palette import PATH_LOOKS, STAGE_LOOKS
from balloonkit.lab.view.view import LabView, Table
from balloonkit.lab.view.widget import KitWidget

__all__ = ["Alive", "Versions", "Welcome"]

_PACKAGES = ("balloonkit", "numpy", "matplotlib", "ipywidgets", "anywidget", "jupyterlab")
_NOT_ALIVE = (
    "Widgets: not alive. This is a copy without a kernel; in JupyterLab, choose Run, Run All Cells."
)
_SAVED = 1 - CHUNKS_TOTAL_2017_S / CLASSIC_2017_S.total


class Alive(KitWidget):
    """Two crosses that turn into ticks: one by the browser, one when the kernel answers it."""

    _esm = bundle("alive")
    _css = styles("alive")

    def static(self) -> dict[str, Any]:
        """Return a sentence that says it is not alive."""
        return {"text/plain": _NOT_ALIVE, "text/html": f"<p>✗ {_NOT_ALIVE}</p>"}


class Versions:
    """A table of what runs here."""

    def __init__(self) -> None:
        rows = [["Python", python_version()]]
        rows += [[package, _version(package)] for package in _PACKAGES]
        self._table = Table("Versions in this kernel", ["package", "version"], rows)

    def _repr_html_(self) -> str:
        return self._table.as_html()

    def __repr__(self) -> str:
        return self._table.as_text()


class Welcome:
    """What the index shows."""

    def alive(self) -> Alive:
        """Show whether browser and kernel talk to each other."""
        return Alive()

    def story(self) -> LabView:
        """Show the proposal's figures: the classic path by stage, and the total of chunks."""
        return LabView(traitlets.HasTraits(), (), _draw_story, "7 GiB out of an 8 GiB guest, 2017")

    def versions(self) -> Versions:
        """Show the versions of what runs."""
        return Versions()


def _draw_story() -> tuple[Figure, Table]:
    classic = CLASSIC_2017_S.as_dict()
    figure = Figure(figsize=(5.2, 2.8), dpi=90)
    axes = figure.subplots()
    _draw_totals(axes, classic)
    rows = [
        [stage, f"{seconds * 1000:,.0f}", f"{seconds / classic['total']:.1%}"]
        for stage, seconds in classic.items()
    ]
    rows.append(["chunks, all four stages", f"{CHUNKS_TOTAL_2017_S * 1000:,.0f}", ""])
    caption = (
        f"{classic['total'] * 1000:,.0f} ms by single page numbers, about "
        f"{CHUNKS_TOTAL_2017_S * 1000:.0f} ms by chunks: {_SAVED:.1%} less. Published with the "
        "patch VIRTIO_BALLOON_F_PAGE_CHUNKS, v10, May 2017; the chunk path only as a total."
    )
    return figure, Table(caption, ["classic path", "ms", "share"], rows)


def _draw_totals(axes: Axes, classic: dict[str, float]) -> None:
    left = 0.0
    for stage, look in STAGE_LOOKS.items():
        ms = classic[stage] * 1000
        bar = axes.barh(0, ms, left=left, color=look.colour, hatch=look.hatch, label=look.label)
        bar.patches[0].set(edgecolor="black", linewidth=0.6)
        left += ms
    chunks_ms = CHUNKS_TOTAL_2017_S * 1000
    colour = PATH_LOOKS["chunks"].colour
    axes.barh(1, chunks_ms, color=colour, edgecolor="black", linewidth=0.6, label="all four")
    for row, ms in enumerate((left, chunks_ms)):
        axes.text(ms, row, f"  {ms:,.0f} ms", va="center")
    labels = [PATH_LOOKS[path].label.replace(", ", ",\n") for path in ("classic", "chunks")]
    axes.set_yticks([0, 1], labels)
    axes.invert_yaxis()
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_xlim(0, left * 1.3)
    axes.set_xlabel("ms, as published in 2017")
    axes.figure.subplots_adjust(left=0.21, right=0.98, bottom=0.18, top=0.8)
    axes.legend(loc="upper center", bbox_to_anchor=(0.35, 1.32), ncols=3, frameon=False, fontsize=9)


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
