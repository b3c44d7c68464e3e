"""Lab 6, a live guest: boot Linux, age it, move its balloon, and replay what it gave away.

>>> lab = LiveLab("256MiB")  # doctest: +SKIP
>>> view = lab.boot()  # doctest: +SKIP
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from IPython import get_ipython
from IPython.display import clear_output, display

from balloonkit.lab.lab import Lab
from balloonkit.lab.lessons.live_guest.drivers import BITMAPS, DriversModel
from balloonkit.lab.lessons.live_guest.model import KEPT_PERCENT, LiveModel, SeenGuest
from balloonkit.lab.lessons.live_guest.pictures import (
    show_balloon,
    show_booted,
    show_drivers,
    show_fragmented,
    show_replay,
)
from balloonkit.lab.player.player import StepPlayer
from balloonkit.lab.view.column import Column
from balloonkit.lab.view.controls import (
    Choice,
    Control,
    Range,
    Switch,
    magnify_at,
    message_buffer,
    seed,
)
from balloonkit.lab.view.drawing import Drawing
from balloonkit.lab.view.meter import ResidentMeter
from balloonkit.lab.view.view import Fold, LabView
from balloonkit.units import BALLOON_PAGE_BYTES, format_size, parse_size

__all__ = ["LiveLab"]

#: A boot or an ageing on a small machine may take so long without the kernel being dead.
_PATIENCE_S = 60.0
_LEAST_MIB, _STEP_MIB = 64, 16
#: RAM of each guest of the last step: two boots, and two ageings, in a lesson's patience.
_EACH_BYTES = 256 << 20

_BOOT = (
    Switch(
        name="init_on_alloc",
        label="zero every page",
        help="When it is taken: init_on_alloc=1, the distributions' default. A move boots anew.",
    ),
)
_AGE = (
    seed(help="Another seed, other files. A move ages anew.", low=1, high=9),
    Choice(
        name="kept_percent",
        label="files kept",
        options=[(f"{n} %", n) for n in KEPT_PERCENT],
    ),
)
#: What the proposal's driver can be loaded with.
_DRIVER = (
    message_buffer(),
    Choice(
        name="bitmap_bits",
        label="one bitmap covers",
        options=[(format_size(bits * BALLOON_PAGE_BYTES), bits) for bits in BITMAPS],
        help="A run of pages ends where its bitmap ends. The proposal has 1 GiB.",
    ),
    Switch(
        name="join",
        label="join runs",
        help="Across the edges of bitmaps, which the proposal does not.",
    ),
    Switch(
        name="by_blocks",
        label="by blocks",
        help="Allocate whole blocks of pages: the proposal's TODO.",
    ),
)


class LiveLab(Lab):
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
        Inputs of every step but the last two; assign to it to move the controls.
    drivers_model : DriversModel
        Those of the last two.
    meter : ResidentMeter
        The resident set while something goes on.

    Examples
    --------
    >>> lab = LiveLab("1GiB")  # doctest: +SKIP
    >>> lab.model.left_mib = 256  # doctest: +SKIP
    >>> lab.replay()  # doctest: +SKIP
    """

    steps = ("boot", "age", "balloon", "replay", "drivers", "step")
    kinds = ("release", "messages")

    def __init__(self, memory: str | int = "1GiB") -> None:
        super().__init__()
        self.meter = ResidentMeter()
        self.model = LiveModel(parse_size(memory), self.meter.show)
        self.drivers_model = DriversModel(_EACH_BYTES)
        self._last_words = ""

    def boot(self) -> Column:
        """Boot a guest and look at its memory."""
        with self._working():
            self._boot()
            return self._metered(_BOOT, self._boot_anew, show_booted, "Boot Linux")

    def age(self) -> Column:
        """Fragment the guest's memory with small files."""
        with self._working():
            self.model.age()
            return self._metered(_AGE, self.model.age_anew, show_fragmented, "Age it")

    def balloon(self) -> Column:
        """Move the balloon of the running kernel; it begins with half of the guest's RAM."""
        model = self.model
        with self._working():
            if model.guest.memory_bytes == model.look.left_bytes:
                model.left_mib = model.memory_mib // 2
            controls = (self._left(), magnify_at(step=0.1))
            return self._metered(controls, model.move_and_replay, show_balloon, "Move its balloon")

    def replay(self) -> LabView:
        """Send the very pages it gave away once more, as chunks."""
        model = self.model
        model.guest  # noqa: B018  boots one, if there is none: it says where the slider ends
        controls = (self._left(), message_buffer())
        title = "Replay it as chunks"
        return self._view(controls, model.move_and_replay, show_replay, title)

    def drivers(self) -> LabView:
        """Boot the same guest twice, with the kernel's own driver and with the proposal's."""
        self.drivers_model.close()
        model = self.drivers_model = DriversModel(_EACH_BYTES, self._say)
        title, fold = "The same guest, two drivers", _driver_source()
        with self._working():
            return LabView(
                model, _DRIVER, model.both, show_drivers, title, patience_s=_PATIENCE_S, fold=fold
            )

    def step(self) -> StepPlayer:
        """Step through what the proposal's driver sent, as it was loaded last."""
        model = self.drivers_model
        with self._working():
            model.runs()
        assert model.trace is not None
        return StepPlayer(model.trace.as_dict())

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

    def _boot_anew(self) -> SeenGuest:
        """Boot another guest, if this one was booted otherwise."""
        if self.model.booted != self.model.init_on_alloc:
            self._boot()
        return self.model.seen()

    def _left(self) -> Range:
        return Range(
            name="left_mib",
            label="leave the guest",
            low=_LEAST_MIB,
            high=self.model.memory_mib,
            step=_STEP_MIB,
            help="The balloon takes the rest. Less than the guest can live with is refused.",
            unit=" MiB",
        )

    def _ends(self) -> dict[str, float]:
        """Say where sliders end: another guest may have less RAM."""
        return {"left_mib": self.model.memory_mib}

    def _metered(
        self,
        controls: Sequence[Control],
        run: Callable[[], SeenGuest],
        show: Callable[[SeenGuest], Drawing],
        title: str,
    ) -> Column:
        return Column(self.meter, self._view(controls, run, show, title))

    def _view(
        self,
        controls: Sequence[Control],
        run: Callable[[], SeenGuest],
        show: Callable[[SeenGuest], Drawing],
        title: str,
    ) -> LabView:
        return LabView(
            self.model, controls, run, show, title, ends=self._ends, patience_s=_PATIENCE_S
        )

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


def _driver_source() -> Fold:
    """Return the driver's source, file after file in reading order."""
    from balloonkit.live.driver import SOURCES

    parts = [f"==== {path.name} ====\n\n{path.read_text().expandtabs(4)}" for path in SOURCES]
    return Fold("The driver's source, in C", "\n".join(parts))
