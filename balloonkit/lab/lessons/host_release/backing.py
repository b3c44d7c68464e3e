"""What did the host really gain? Memory of a kind asked back twice, and meters that disagree."""

import traitlets
from matplotlib.figure import Figure

from balloonkit.backings import BACKINGS, Attempt, BackingTrial, try_backing
from balloonkit.lab.view.charts import new_chart
from balloonkit.lab.view.drawing import Drawing
from balloonkit.lab.view.palette import BLUE, ORANGE, SKY, VERMILLION, Look
from balloonkit.lab.view.table import Table, TableCell, size
from balloonkit.limits import MemoryLimitError
from balloonkit.units import BALLOON_PAGE_BYTES, format_size

__all__ = ["BackingModel", "show_backing"]

#: Enough for MemFree to move, little enough for a small machine.
_SIZE_BYTES = 64 << 20

#: The meters, in the sequence of the bars.
_METERS = {
    "resident": Look("Rss: mapped", BLUE, "R", ".."),
    "file": Look("blocks of the file", ORANGE, "F", "//"),
    "old": Look("old content, read back", VERMILLION, "O", "xx"),
    "free": Look("MemFree of the machine, rise", SKY, "M", ""),
}
_BAR_HEIGHT = 0.19


class BackingModel(traitlets.HasTraits):
    """What guest RAM is made of."""

    kind = traitlets.Enum(tuple(BACKINGS), "memfd")

    def run(self) -> BackingTrial:
        """Take 64 MiB of it and ask it back by both calls."""
        try:
            return try_backing(self.kind, _SIZE_BYTES)
        except (OSError, MemoryLimitError, AttributeError) as error:  # a browser has no madvise
            return BackingTrial(self.kind, _SIZE_BYTES, (), f"no real memory here: {error}")


def show_backing(trial: BackingTrial) -> Drawing:
    """Draw what each meter says after each call."""
    rows: list[list[TableCell]] = [
        [
            _said(attempt),
            attempt.call.part if attempt.call else "",
            attempt.answer,
            *(("no file" if value is None else size(value)) for value in _values(attempt).values()),
        ]
        for attempt in trial.attempts
    ]
    head = ["call", "part of each 2 MiB", "answers", *(look.label for look in _METERS.values())]
    whys = [f"{a.call.name}: {a.call.why}" for a in trial.attempts if a.call]
    verdict = f"{format_size(trial.size_bytes)}, {trial.backing.title}. MEASURED. " + "; ".join(
        whys
    )
    if trial.remark:
        verdict += f". {trial.remark}"
    panes = [_draw(trial)] if trial.attempts else []
    return panes, Table(verdict, head, rows)


def _said(attempt: Attempt) -> str:
    return attempt.call.name if attempt.call else "as written"


def _values(attempt: Attempt) -> dict[str, int | None]:
    return {
        "resident": attempt.resident_bytes,
        "file": attempt.block_bytes,
        "old": attempt.old_pages * BALLOON_PAGE_BYTES,
        "free": attempt.freed_bytes,
    }


def _draw(trial: BackingTrial) -> Figure:
    figure, axes = new_chart("MEASURED: what each meter says", height=3.4)
    for row, attempt in enumerate(trial.attempts):
        for place, (meter, look) in enumerate(_METERS.items()):
            value = _values(attempt)[meter]
            at = row + (place - 1.5) * _BAR_HEIGHT
            mib = max(value or 0, 0) / (1 << 20)
            axes.barh(at, mib, _BAR_HEIGHT, color=look.colour, hatch=look.hatch,
                      edgecolor="#000001", linewidth=0.5,
                      label=look.label if row == 0 else None)  # fmt: skip
            text = "no file" if value is None else f"{look.letter} {value / (1 << 20):,.0f}"
            axes.annotate(text, (mib, at), (4, 0), textcoords="offset points", va="center",
                          fontsize=7)  # fmt: skip
    names = [_said(attempt).replace("_", "_\n", 1) for attempt in trial.attempts]
    axes.set_yticks(range(len(names)), names, fontsize=8)
    axes.set_ylim(len(trial.attempts) - 0.5, -0.5)
    axes.set_xlim(0, trial.size_bytes / (1 << 20) * 1.18)
    axes.set_xlabel("MiB")
    axes.legend(
        loc="upper center", bbox_to_anchor=(0.42, -0.16), ncols=2, fontsize=8, frameon=False
    )
    figure.set_size_inches(5.2, 4.3)
    axes.set_position((0.2, 0.3, 0.76, 0.6))
    return figure
