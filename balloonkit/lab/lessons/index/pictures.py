"""Picture of the landing page: the figures of 2017."""

from matplotlib.axes import Axes

from balloonkit.lab.lessons.index.model import Published
from balloonkit.lab.view.charts import new_chart
from balloonkit.lab.view.drawing import Drawing
from balloonkit.lab.view.palette import PATH_LOOKS, STAGE_LOOKS
from balloonkit.lab.view.table import Table, TableCell, ms, share

__all__ = ["show_story", "show_versions"]


def show_versions(versions: dict[str, str]) -> Drawing:
    """Return no picture, and a table of what runs."""
    rows = list(versions.items())
    return [], Table("Versions in this kernel", ["package", "version"], rows)


def show_story(story: Published) -> Drawing:
    """Draw the classic path by stage, and the total of chunks."""
    classic = story.classic.as_dict()
    figure, axes = new_chart(height=2.8, left=0.21, bottom=0.18, top=0.8)
    _draw_totals(axes, story)
    rows: list[list[TableCell]] = [
        [stage, ms(seconds), share(seconds / classic["total"], 1)]
        for stage, seconds in classic.items()
    ]
    rows.append(["chunks, all four stages", ms(story.chunks_s), ""])
    saved = 1 - story.chunks_s / classic["total"]
    caption = (
        f"{ms(classic['total'])} ms by single page numbers, about "
        f"{ms(story.chunks_s)} ms by chunks: {share(saved, 1)} less. Published with the "
        "patch VIRTIO_BALLOON_F_PAGE_CHUNKS, v10, May 2017; the chunk path only as a total."
    )
    return [figure], Table(caption, ["classic path", "ms", "share"], rows)


def _draw_totals(axes: Axes, story: Published) -> None:
    left = 0.0
    for stage, look in STAGE_LOOKS.items():
        ms = getattr(story.classic, stage) * 1000
        bar = axes.barh(0, ms, left=left, color=look.colour, hatch=look.hatch, label=look.label)
        bar.patches[0].set(edgecolor="black", linewidth=0.6)
        left += ms
    chunks_ms = story.chunks_s * 1000
    colour = PATH_LOOKS["chunks"].colour
    axes.barh(1, chunks_ms, color=colour, edgecolor="black", linewidth=0.6, label="all four")
    for row, ms in enumerate((left, chunks_ms)):
        axes.text(ms, row, f"  {ms:,.0f} ms", va="center")
    labels = [PATH_LOOKS[path].label.replace(", ", ",\n") for path in ("classic", "chunks")]
    axes.set_yticks([0, 1], labels)
    axes.invert_yaxis()
    axes.set_xlim(0, left * 1.3)
    axes.set_xlabel("ms, as published in 2017")
    axes.legend(loc="upper center", bbox_to_anchor=(0.35, 1.32), ncols=3, frameon=False, fontsize=9)
