"""Lab 6, a live guest: boot Linux, age it, move its balloon, and replay what it gave away.

>>> lab = LiveLab("256MiB")  # doctest: +SKIP
>>> view = lab.boot()  # doctest: +SKIP
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from IPython import get_ipython
from IPython.display import clear_output, display
from matplotlib.figure import Figure

from balloonkit.lab.lessons.live_guest.drivers import DriversModel
from balloonkit.lab.lessons.live_guest.drivers_view import CONTROLS, draw_drivers, driver_source
from balloonkit.lab.lessons.live_guest.model import KEPT_PERCENT, LiveModel
from balloonkit.lab.lessons.live_guest.pictures import draw_madvise_calls, draw_resident_over_time
from balloonkit.lab.lessons.predict_check_reason.lab import QuestionsLab
from balloonkit.lab.lessons.the_race.model import BUFFERS
from balloonkit.lab.view.charts import draw_order_bars, draw_runs, new_chart
from balloonkit.lab.view.column import Column
from balloonkit.lab.view.meter import ResidentMeter
from balloonkit.lab.view.page_map import magnified_pfn, whole_and_close_up
from balloonkit.lab.view.view import Choice, LabView, Pane, Range, Switch, Table
from balloonkit.lab.view.zone_table import in_words, zone_table
from balloonkit.units import format_size, parse_size
from balloonkit.wire.pfn_array import PFN_BYTES

__all__ = ["LiveLab"]

Controls = Sequence[Choice | Range | Switch]
Draw = Callable[[], tuple[list[Pane], Table]]

#: A boot or an ageing on a small machine may take so long without the kernel being dead.
_PATIENCE_S = 60.0
_LEAST_MIB, _STEP_MIB = 64, 16
#: RAM of each guest of the last step: two boots, and two ageings, in a lesson's patience.
_EACH_BYTES = 256 << 20


class LiveLab(QuestionsLab):
    """Balloon a running Linux kernel.

    Without QEMU, a recorded guest takes its place, and the views say so. The guest ends with
    `close`, with the kernel, or when another one boots.

    Parameters
    ----------
    memory : str or int
        RAM of the guest; halved until the machine can give it.

    Attributes
    ----------
    model : LiveModel
        Inputs of every step but the last; assign to it to move the controls.
    drivers_model : DriversModel
        Those of the last.
    meter : ResidentMeter
        The resident set while something goes on.

    Examples
    --------
    >>> lab = LiveLab("1GiB")  # doctest: +SKIP
    >>> lab.model.left_mib = 256  # doctest: +SKIP
    >>> lab.replay()  # doctest: +SKIP
    """

    kinds = ("release", "messages")

    def __init__(self, memory: str | int = "1GiB") -> None:
        super().__init__()
        self.meter = ResidentMeter()
        self.model = LiveModel(parse_size(memory), self.meter.show)
        self.drivers_model = DriversModel(_EACH_BYTES)
        self._last_words = ""

    def boot(self) -> Column:
        """Boot a guest and look at its memory."""
        switch = Switch(
            "init_on_alloc",
            "zero every page",
            "When it is taken: init_on_alloc=1, the distributions' default. A move boots anew.",
        )
        with self._working():
            self._boot()
            return self._bench((switch,), self._draw_boot, "Boot Linux")

    def age(self) -> Column:
        """Fragment the guest's memory with small files."""
        controls = (
            Range("seed", "seed", 1, 9, 1, "Another seed, other files. A move ages anew."),
            Choice("kept_percent", "files kept", [(f"{n} %", n) for n in KEPT_PERCENT]),
        )
        with self._working():
            self.model.age()
            return self._bench(controls, self._draw_age, "Age it")

    def balloon(self) -> Column:
        """Move the balloon of the running kernel; it begins with half of the guest's RAM."""
        with self._working():
            model = self.model
            if model.guest.memory_bytes == model.look.left_bytes:
                model.left_mib = model.memory_mib // 2
            return self._bench((_LEFT, _LOOK_AT), self._draw_balloon, "Move its balloon")

    def replay(self) -> LabView:
        """Send the very pages it gave away once more, as chunks."""
        buffers = [(f"{4 * pages} KiB: {n:,}", n) for pages, n in BUFFERS.items()]
        help_text = "Room for one message, and how many chunks fit. The proposal has 32 KiB."
        controls = (_LEFT, Choice("max_chunks", "message buffer", buffers, help_text))
        return self._view(controls, self._draw_replay, "Replay it as chunks")

    def drivers(self) -> Column:
        """Boot the same guest twice, with the kernel's own driver and with the proposal's."""
        self.drivers_model.close()
        model = DriversModel(_EACH_BYTES, self._say)
        self.drivers_model = model
        with self._working():
            view = LabView(
                model,
                CONTROLS,
                lambda: draw_drivers(model),
                "The same guest, two drivers",
                patience_s=_PATIENCE_S,
                fold=driver_source(),
            )
        return Column(view)

    def all(self) -> list[Column | LabView]:
        """Return every step's view, in the order of the lesson."""
        return [self.boot(), self.age(), self.balloon(), self.replay(), self.drivers()]

    def close(self) -> None:
        """End the guests; the pictures stay."""
        self.model.close()
        self.drivers_model.close()

    def _say(self, what: str) -> None:
        """Say what goes on while the resident set shown is not that of the guest at work."""
        last = self._last_words or self.meter.text
        self.meter.text = f"{what}: some seconds." if what else last
        self._last_words = last if what else ""

    def _boot(self) -> None:
        self.meter.text = "Booting Linux in QEMU: some seconds."
        self.model.boot()
        if self.model.why_recorded:
            self.meter.text = "A recorded guest: there is no QEMU to watch."

    def _draw_boot(self) -> tuple[list[Pane], Table]:
        model = self.model
        if model.booted != model.init_on_alloc:
            self._boot()
        guest = model.guest
        if model.why_recorded:
            caption = f"RECORDED, no live guest here: {model.why_recorded}. Instead: {guest.name}"
        else:
            caption = f"{guest.name}, booted in {model.seconds:.1f} s"
            if guest.memory_bytes < model.asked_bytes:
                caption += f" ({format_size(model.asked_bytes)} do not fit into this machine)"
        pages = in_words(guest.zones, model.look.states)
        return self._memory(f"{caption}, {format_size(guest.memory_bytes)}: {pages}")

    def _draw_age(self) -> tuple[list[Pane], Table]:
        model = self.model
        if model.aged != (model.seed, model.kept_percent):
            model.age()
        seed, kept = model.aged or (model.seed, model.kept_percent)
        caption = f"aged with seed {seed} in {model.seconds:.1f} s, {kept} % of the files kept"
        if model.why_recorded:
            caption = "RECORDED: it was aged before, so seed and share change nothing"
        pages = in_words(model.guest.zones, model.look.states)
        panes, table = self._memory(f"{caption}: {pages}")
        return [*panes, self._resident()], table

    def _draw_balloon(self) -> tuple[list[Pane], Table]:
        model = self.model
        model.move()
        given = model.replay()
        caption = f"{model.memory_mib - (model.look.left_bytes >> 20):,} MiB in the balloon"
        if given.pages:
            caption += (
                f"; since it was empty {given.pages:,} pages in {given.messages:,} messages, "
                f"{given.madvise_calls:,} madvise calls"
            )
        if given.pages and model.samples and not model.problem:
            first, last = (model.samples[at][1] >> 20 for at in (0, -1))
            caption += f"; resident from {first:,} to {last:,} MiB in {model.seconds:.1f} s"
        panes, table = self._memory(caption, picks=_LOOK_AT.name)
        return [*panes, self._resident()], table

    def _draw_replay(self) -> tuple[list[Pane], Table]:
        model = self.model
        model.move()
        given = model.replay()
        chunks = given.chunks
        caption = (
            f"{given.pages:,} pages given: {given.madvise_calls:,} madvise calls of QEMU, "
            f"{chunks.releases:,} with chunks; {given.messages:,} messages, {chunks.messages:,} "
            "with chunks"
        )
        if not given.pages:
            caption = "Nothing is given away: leave the guest less"
        caption = self._in_context(caption)
        figure, axes = new_chart("Pages given, by length of chunk")
        draw_runs(axes, given.chunk_pages, "chunk")
        calls = {"classic": given.madvise_calls, "chunks": chunks.releases}
        notes = {
            "classic": f"page by page: {given.messages:,} messages",
            "chunks": f"chunks: {chunks.messages:,} messages",
        }
        rows = [
            ["page by page, counted in QEMU", given.pages, given.messages,
             given.pages * PFN_BYTES, given.madvise_calls],
            ["chunks, replayed", chunks.entries, chunks.messages, chunks.bytes, chunks.releases],
        ]  # fmt: skip
        head = ["path", "entries", "messages", "bytes", "madvise calls"]
        text = [[str(name), *(f"{n:,}" for n in numbers)] for name, *numbers in rows]
        return [draw_madvise_calls("madvise calls", calls, notes), figure], Table(
            caption, head, text
        )

    def _memory(self, caption: str, picks: str = "") -> tuple[list[Pane], Table]:
        """Draw the map and the free lists as the guest's kernel last told them."""
        model = self.model
        zones, look = model.guest.zones, model.look
        figure, axes = new_chart("Free memory by block size")
        draw_order_bars(axes, zones, look.blocks)
        at_pfn = magnified_pfn(model.look_at, len(look.states))
        maps = whole_and_close_up(look.states, at_pfn, zones, picks=picks)
        caption = self._in_context(caption)
        return [*maps, figure], zone_table(caption, zones, look.states, look.blocks)

    def _resident(self) -> Figure:
        model = self.model
        memory_bytes = model.guest.memory_bytes
        if model.why_recorded:
            samples = [(0.0, memory_bytes), (1.0, model.look.left_bytes)]
            return draw_resident_over_time("RAM less balloon, as recorded", samples, memory_bytes)
        return draw_resident_over_time(
            "Resident set of QEMU, MEASURED", model.samples, memory_bytes
        )

    def _in_context(self, caption: str) -> str:
        """Put what went wrong, and that a guest is recorded, before a caption."""
        model = self.model
        if model.problem:
            caption = f"NOT DONE: {' '.join(model.problem.split())}. The guest now: {caption}"
        if model.why_recorded and not caption.startswith("RECORDED"):
            caption = f"RECORDED: {caption}"
        return caption

    def _bench(self, controls: Controls, draw: Draw, title: str) -> Column:
        return Column(self.meter, self._view(controls, draw, title))

    def _view(self, controls: Controls, draw: Draw, title: str) -> LabView:
        return LabView(self.model, controls, draw, title, patience_s=_PATIENCE_S)

    @contextmanager
    def _working(self) -> Iterator[None]:
        """Show the meter until the step's own view takes its place."""
        if get_ipython() is None:
            yield
            return
        display(self.meter)
        try:
            yield
        finally:
            clear_output(wait=True)


_LOOK_AT = Range(
    "look_at",
    "magnify at",
    0,
    100,
    0.1,
    "Share of the addresses to skip. A click on the map moves it too.",
    " %",
)
_LEFT = Range(
    "left_mib",
    "leave the guest",
    _LEAST_MIB,
    "memory_mib",
    _STEP_MIB,
    "The balloon takes the rest. Less than the guest can live with is refused.",
    " MiB",
)
