"""Lab 3, host release: from a guest's address to host memory that is really gone.

>>> lab = ReleaseLab()
>>> view = lab.translate()  # regions, the hole, and an entry that is refused
"""

from balloonkit.backings import BACKINGS
from balloonkit.lab.lab import Lab
from balloonkit.lab.lessons.host_release.ask_qemu import (
    CHAINS,
    HOST_KIB,
    PAGES,
    QemuModel,
    ask_qemu,
)
from balloonkit.lab.lessons.host_release.backing import BackingModel, show_backing
from balloonkit.lab.lessons.host_release.model import (
    CHUNK_SIZES,
    ORDERS,
    SIZES,
    SMALL_GUEST_PAGES,
    HostPageModel,
    RealModel,
    RealRuns,
    TranslateModel,
)
from balloonkit.lab.lessons.host_release.pictures import (
    show_host_pages,
    show_real,
    show_translation,
)
from balloonkit.lab.lessons.host_release.qemu_answer import show_answer
from balloonkit.lab.view.column import Column
from balloonkit.lab.view.controls import Choice, Range, fragmentation, guest_size, seed
from balloonkit.lab.view.meter import ResidentMeter
from balloonkit.lab.view.view import LabView
from balloonkit.limits import fitting_sizes
from balloonkit.units import format_size, parse_size

__all__ = ["ReleaseLab"]

_CHUNK = (
    Range(
        name="first_mib",
        label="chunk begins at",
        low=0,
        high=10240,
        step=64,
        help="Guest physical address.",
        unit=" MiB",
    ),
    Choice(
        name="size",
        label="its size",
        options=[(format_size(parse_size(size)), size) for size in CHUNK_SIZES],
    ),
    Choice(
        name="layout",
        label="guest RAM",
        options=[
            ("2 GiB below the hole (QEMU q35)", "q35"),
            ("3 GiB below it (QEMU pc, Firecracker, Cloud Hypervisor)", "pc"),
            ("q35 with 7 GiB, and 1 GiB plugged in", "plugged"),
            ("touching regions", "touching"),
        ],
    ),
)
_HOST_PAGES = (
    Choice(name="host_kib", label="host page", options=[(f"{n} KiB", n) for n in (4, 16, 64)]),
    Range(
        name="told",
        label="pages ballooned",
        low=0,
        high=SMALL_GUEST_PAGES,
        help="Guest pages of 4 KiB, 64 in all.",
    ),
    Choice.of(name="order", label="told", values=ORDERS, help="The sequence the guest names them."),
    seed(help="Another seed, another scattering."),
)
_REAL = (
    Choice(
        name="huge_pages",
        label="backed by",
        options=[("4 KiB pages", False), ("huge pages, 2 MiB", True)],
    ),
    fragmentation(help="Share of odd pages in use: the more, the more chunks."),
    seed(help="Move it to measure again, on another guest."),
)
_BACKING = (
    Choice(
        name="kind",
        label="guest RAM is",
        options=[(backing.title, name) for name, backing in BACKINGS.items()],
        help="64 MiB of it are taken, written, and asked back by two calls.",
    ),
)
_MESSAGE = (
    Choice(
        name="pages",
        label="pages named",
        options=[(f"{n}", n) for n in PAGES],
        help="Of 4 KiB, in a row.",
    ),
    Choice(
        name="chain",
        label="sent as",
        options=[(words, name) for name, (words, _) in CHAINS.items()],
    ),
    Choice(
        name="host_kib",
        label="host page",
        options=[("4 KiB" if n == 4 else f"{n // 1024} MiB", n) for n in HOST_KIB],
        help="What the host can release at once.",
    ),
)


class ReleaseLab(Lab):
    """Translate addresses, release host pages, and watch real memory go.

    Attributes
    ----------
    translate_model : TranslateModel
    host_page_model : HostPageModel
    real_model : RealModel
    backing_model : BackingModel
    qemu_model : QemuModel
        Inputs of the views; assign to them to move their controls.
    meter : ResidentMeter
        The resident set while a run of `real` goes on.

    Examples
    --------
    >>> lab = ReleaseLab()
    >>> lab.translate().caption
    '65,536 pages released by 1 madvise call'
    """

    steps = ("translate", "host_pages", "real", "backings", "ask_qemu")
    kinds = ("release",)

    def __init__(self) -> None:
        super().__init__()
        self.translate_model = TranslateModel()
        self.host_page_model = HostPageModel()
        self.real_model = RealModel()
        self.backing_model = BackingModel()
        self.qemu_model = QemuModel()
        self.meter = ResidentMeter()

    def translate(self) -> LabView:
        """Find the host memory behind a chunk, or refuse it."""
        title = "Translate a chunk of an 8 GiB guest"
        model = self.translate_model
        return LabView(model, _CHUNK, model.handle, show_translation, title)

    def host_pages(self) -> LabView:
        """Balloon 4 KiB pages on a host whose pages are larger."""
        model = self.host_page_model
        return LabView(model, _HOST_PAGES, model.run, show_host_pages, "Release larger host pages")

    def real(self) -> Column:
        """Release real memory, page by page and chunk by chunk, and watch the resident set."""
        controls = (guest_size(fitting_sizes(SIZES) or SIZES[:1]), *_REAL)
        title = "Release real memory"
        view = LabView(self.real_model, controls, self._release_for_real, show_real, title)
        return Column(self.meter, view)

    def backings(self) -> LabView:
        """Ask real memory of a kind back twice: what did the host really gain?"""
        model = self.backing_model
        return LabView(model, _BACKING, model.run, show_backing, "What did the host really gain?")

    def ask_qemu(self) -> LabView:
        """Give one message to this kit's device and to QEMU's own."""
        model = self.qemu_model
        return LabView(model, _MESSAGE, lambda: ask_qemu(model), show_answer, "Ask the real QEMU")

    def _release_for_real(self) -> RealRuns:
        total_bytes = parse_size(self.real_model.size)
        return self.real_model.runs(
            lambda path, at_s, resident_bytes: self.meter.show(path, resident_bytes, total_bytes)
        )
