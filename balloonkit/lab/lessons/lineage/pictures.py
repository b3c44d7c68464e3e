"""Pictures of the lineage lab: what each posting claims, and what each format sends."""

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.ticker import EngFormatter, LogLocator, NullFormatter

from balloonkit.history import FORMATS, Claim, PostedFormat, Posting, Traffic
from balloonkit.lab.lessons.lineage.model import Comparison
from balloonkit.lab.view.charts import new_chart
from balloonkit.lab.view.drawing import Drawing
from balloonkit.lab.view.palette import FORMAT_LOOKS
from balloonkit.lab.view.table import Table, TableCell

__all__ = ["show_formats", "show_timeline"]

_MEASURES = {
    "bytes": "bytes the host reads",
    "messages": "messages, a kick each",
    "entries": "entries in all messages",
    "pages": "pages the host learns of",
}
#: Short names for what was merged.
_MERGED = {
    "FREE_PAGE_HINT": "free page hinting",
    "PAGE_POISON": "page poison",
    "REPORTING": "free page reporting",
}


def show_timeline(postings: Sequence[Posting]) -> Drawing:
    """Draw the milliseconds each posting claims for the same balloon."""
    figure, axes = new_chart(height=4.4, left=0.36, right=0.96, bottom=0.12, top=0.92)
    for row, posting in enumerate(postings):
        claim = _inflate_ms(posting)
        if claim is None:
            axes.text(8, row, "merged", va="center", fontsize=9)
            continue
        look = FORMAT_LOOKS.get(posting.version, FORMAT_LOOKS["another"])
        axes.barh(
            row,
            claim,
            height=0.66,
            color=look.colour,
            hatch=look.hatch,
            edgecolor="#000001",
            linewidth=0.6,
        )
        axes.text(claim + 8, row, f"{claim:.0f}", va="center", fontsize=9)
    axes.set_ylim(len(postings) - 0.4, -0.6)
    axes.set_xlim(0, 700)
    axes.set_xlabel("ms to inflate 7 GB, as claimed")
    labels = [f"{_MERGED.get(p.version, p.version)}, {p.date[:7]}" for p in postings]
    axes.set_yticks(range(len(postings)), labels, fontsize=9)
    axes.set_title(
        "each posting's own figure; before it: always 4126 ms",
        fontsize=10,
        loc="right",
    )
    rows: list[list[TableCell]] = [
        [p.version, p.date, p.title, p.what_is_sent, _claims(p), p.source] for p in postings
    ]
    head = ["posting", "date", "title", "what is sent", "its own figures", "source"]
    caption = (
        f"{len(postings)} steps, July 2016 to 2020: 590 ms is claimed for "
        f"{sum(_inflate_ms(p) == 590 for p in postings)} postings, measured once"
    )
    return [figure], Table(caption, head, rows)


def show_formats(comparison: Comparison) -> Drawing:
    """Draw one measure of every format, and the table of all."""
    sent, measure = comparison.sent, comparison.measure
    figure, axes = new_chart(height=3.8, left=0.35, right=0.8, bottom=0.14, top=0.91)
    _draw_bars(axes, sent, measure)
    pages = sent["classic"].pages
    whole = [f for f in FORMATS if sent[f.version].pages == pages]
    caption = f"{comparison.guest}, {pages:,} pages"
    if measure != "pages":
        least = min(getattr(sent[f.version], measure) for f in whole)
        best = [f.name for f in whole if getattr(sent[f.version], measure) == least]
        who = best[0] if len(best) == 1 else f"{len(best)} formats"
        caption += f". Fewest {measure} to name them all: {who}, {least:,}"
    rows: list[list[TableCell]] = [
        [
            _label(f),
            sent[f.version].messages,
            f"{sent[f.version].entries:,} {f.entry}",
            sent[f.version].bytes,
            sent[f.version].pages,
            f.assumption,
        ]
        for f in FORMATS
    ]
    head = ["format", "messages", "entries", "bytes", "pages told", "counted how"]
    return [figure], Table(caption, head, rows)


def _draw_bars(axes: Axes, sent: Mapping[str, Traffic], measure: str) -> None:
    values = [getattr(sent[f.version], measure) for f in FORMATS]
    every = sent["classic"].pages
    for row, (f, value) in enumerate(zip(FORMATS, values, strict=True)):
        partial = sent[f.version].pages < every
        known = f.version if f.version in FORMAT_LOOKS else "another"
        look = FORMAT_LOOKS["partial" if partial else known]
        axes.barh(
            row,
            max(value, 0.5),
            color=look.colour,
            hatch=look.hatch,
            edgecolor="#000001",
            linewidth=0.6,
        )
        note = f"{value:,}" + (" (not all)" if partial and measure != "pages" else "")
        axes.annotate(note, (max(value, 0.5), row), (4, 0), textcoords="offset points", va="center")
    axes.set_xscale("log")
    axes.set_xlim(0.5, max(values) * 2)
    labels = [_label(f).replace(", ", ",\n") for f in FORMATS]
    axes.set_yticks(range(len(FORMATS)), labels, fontsize=9)
    # Every power of ten has a mark, every second one its number: more would touch each other.
    axes.xaxis.set_major_locator(LogLocator(100))
    axes.xaxis.set_minor_locator(LogLocator(10, numticks=12))
    axes.xaxis.set_major_formatter(EngFormatter(sep=""))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.tick_params(axis="x", which="minor", length=3.5)
    axes.invert_yaxis()
    axes.set_xlabel(f"{_MEASURES[measure]}; each mark: ten times more", loc="right")
    title = "computed here, by each posting's rules"
    axes.set_title(title, fontsize=10, loc="left")
    axes.grid(axis="x", which="both", alpha=0.3)
    axes.set_axisbelow(True)


def _label(f: PostedFormat) -> str:
    return f.name if f.version in _MERGED else f"{f.name} ({f.version})"


def _inflate_ms(posting: Posting) -> float | None:
    return next((c.value for c in posting.figures if c.what == "inflate 7 GB"), None)


def _claims(posting: Posting) -> str:
    return "; ".join(map(_claim, posting.figures)) or "none"


def _claim(claim: Claim) -> str:
    return f"{claim.what} {claim.value:g} {claim.unit}"
