"""Lab 3, host release: from a guest's address to host memory that is really gone.

>>> lab = ReleaseLab()
>>> view = lab.translate()  # regions, the hole, and an entry that is refused
"""

import numpy as np
import traitlets
from numpy.typing import NDArray

from balloonkit.host import BalloonDevice, GuestRam, ModelRelease
from balloonkit.host.counters import Handled
from balloonkit.lab.lessons.host_release.ask_qemu import QemuModel
from balloonkit.lab.lessons.host_release.model import SIZES, Run, best_size, inflate_for_real
from balloonkit.lab.lessons.host_release.pictures import (
    draw_release_calls,
    draw_resident_fall,
    draw_translation,
)
from balloonkit.lab.lessons.host_release.qemu_answer import QEMU_CONTROLS, draw_answer
from balloonkit.lab.lessons.predict_check_reason.lab import QuestionsLab
from balloonkit.lab.view.column import Column
from balloonkit.lab.view.meter import ResidentMeter
from balloonkit.lab.view.page_map import PageMap
from balloonkit.lab.view.palette import ORANGE, PAGE_LOOKS, Look
from balloonkit.lab.view.view import Choice, LabView, Pane, Range, Table
from balloonkit.limits import fitting_sizes
from balloonkit.ram_layout import RamRange, ram_layout
from balloonkit.units import BALLOON_PAGE_BYTES, PFN_SHIFT, counted, format_size, parse_size
from balloonkit.wire import PROPOSED, encode_chunks, encode_pfns
from balloonkit.wire.queue import Queue

__all__ = ["HostPageModel", "RealModel", "ReleaseLab", "TranslateModel"]

#: RAM of an 8 GiB guest: QEMU's q35, and two banks that touch.
LAYOUTS = {
    "q35": ram_layout(8 << 30),
    "touching": (RamRange(0, 4 << 30), RamRange(4 << 30, 4 << 30)),
}
CHUNK_SIZES = ("4KiB", "2MiB", "64MiB", "256MiB", "1GiB", "2GiB")
ORDERS = ("ascending", "scattered")
_PAGES = 64
#: A guest page on a host with larger pages.
IN_USE, WAITS, RELEASED = 1, 2, 3
HOST_PAGE_LOOKS = (
    PAGE_LOOKS[0],
    PAGE_LOOKS[1],
    Look("in the balloon, waits for its neighbours", ORANGE, "W", "//"),
    Look("released", "#DDDDDD", "-", ""),
)


class TranslateModel(traitlets.HasTraits):
    """A chunk of an 8 GiB guest."""

    layout = traitlets.Enum(tuple(LAYOUTS), "q35")
    first_mib = traitlets.Int(5120, min=0, max=10240)
    size = traitlets.Enum(CHUNK_SIZES, "256MiB")

    def chunk(self) -> tuple[int, int]:
        """Return the chunk: first PFN and number of 4 KiB pages."""
        return self.first_mib << 20 >> PFN_SHIFT, parse_size(self.size) >> PFN_SHIFT

    def handle(self) -> tuple[Handled, list[tuple[int, int, int]]]:
        """Let a device handle it; return its report and each piece (PFN, host page, pages)."""
        ram = GuestRam(LAYOUTS[self.layout])
        device = BalloonDevice(ram, ModelRelease(ram.pages))
        device.negotiate(PROPOSED)
        handled = device.handle(Queue.INFLATE, encode_chunks([self.chunk()]))
        pieces = []
        if handled.entries:
            pfn, pages = self.chunk()
            starts, counts = ram.translate(np.array([pfn]), np.array([pages]))
            for start, count in zip(starts.tolist(), counts.tolist(), strict=True):
                pieces.append((pfn, start, count))
                pfn += count
        return handled, pieces


class HostPageModel(traitlets.HasTraits):
    """A guest of 64 small pages on a host with larger ones."""

    host_kib = traitlets.Enum((4, 16, 64), 64)
    told = traitlets.Int(20, min=0, max=_PAGES)
    order = traitlets.Enum(ORDERS, "ascending")
    seed = traitlets.Int(1, min=0, max=20)

    def run(self) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Tell the device of `told` pages; return which are ballooned, and which resident."""
        pfns = np.arange(_PAGES)
        if self.order == "scattered":
            pfns = np.random.default_rng(self.seed).permutation(pfns)
        backend = ModelRelease(_PAGES, self.host_kib << 10)
        device = BalloonDevice(GuestRam([RamRange(0, _PAGES * BALLOON_PAGE_BYTES)]), backend)
        device.handle(Queue.INFLATE, encode_pfns(pfns[: self.told]))
        ballooned = np.isin(np.arange(_PAGES), pfns[: self.told])
        return ballooned, backend.resident


class RealModel(traitlets.HasTraits):
    """Real memory, and how it is used."""

    size = traitlets.Enum(SIZES)
    huge_pages = traitlets.Bool(False)
    fragmentation = traitlets.Float(0.1, min=0, max=1)
    seed = traitlets.Int(1, min=0, max=20)

    def __init__(self, **inputs: object) -> None:
        super().__init__(**({"size": best_size()} | inputs))


class ReleaseLab(QuestionsLab):
    """Translate addresses, release host pages, and watch real memory go.

    Attributes
    ----------
    translate_model : TranslateModel
    host_page_model : HostPageModel
    real_model : RealModel
    qemu_model : QemuModel
        Inputs of the four views; assign to them to move their controls.
    meter : ResidentMeter
        The resident set while a run of `real` goes on.
    """

    kinds = ("release",)

    def __init__(self) -> None:
        super().__init__()
        self.translate_model = TranslateModel()
        self.host_page_model = HostPageModel()
        self.real_model = RealModel()
        self.qemu_model = QemuModel()
        self.meter = ResidentMeter()

    def translate(self) -> LabView:
        """Find the host memory behind a chunk, or refuse it."""
        controls = (
            Range(
                "first_mib",
                "chunk begins at",
                0,
                10240,
                64,
                "Guest physical address.",
                " MiB",
            ),
            Choice("size", "its size", [(format_size(parse_size(s)), s) for s in CHUNK_SIZES]),
            Choice(
                "layout",
                "guest RAM",
                [
                    ("with a hole (q35)", "q35"),
                    ("touching regions", "touching"),
                ],
            ),
        )
        title = "Translate a chunk of an 8 GiB guest"
        return LabView(self.translate_model, controls, self._draw_translation, title)

    def host_pages(self) -> LabView:
        """Balloon 4 KiB pages on a host whose pages are larger."""
        controls = (
            Choice("host_kib", "host page", [(f"{n} KiB", n) for n in (4, 16, 64)]),
            Range("told", "pages ballooned", 0, _PAGES, 1, "Guest pages of 4 KiB, 64 in all."),
            Choice("order", "told", [(o, o) for o in ORDERS], "The sequence the guest names them."),
            Range("seed", "seed", 0, 20, 1, "Another seed, another scattering."),
        )
        title = "Release larger host pages"
        return LabView(self.host_page_model, controls, self._draw_host_pages, title)

    def real(self) -> Column:
        """Release real memory, page by page and chunk by chunk, and watch the resident set."""
        fitting = fitting_sizes(SIZES) or SIZES[:1]
        controls = (
            Choice(
                "size",
                "guest RAM",
                [(format_size(parse_size(s)), s) for s in fitting],
                "Real memory; only sizes that fit this machine are listed.",
            ),
            Choice(
                "huge_pages",
                "backed by",
                [("4 KiB pages", False), ("huge pages, 2 MiB", True)],
            ),
            Range(
                "fragmentation",
                "fragmentation",
                0,
                1,
                0.05,
                "Share of odd pages in use: the more, the more chunks.",
            ),
            Range("seed", "seed", 0, 20, 1, "Move it to measure again, on another guest."),
        )
        title = "Release real memory"
        return Column(self.meter, LabView(self.real_model, controls, self._draw_real, title))

    def ask_qemu(self) -> LabView:
        """Give one message to this kit's device and to QEMU's own."""
        model = self.qemu_model
        return LabView(model, QEMU_CONTROLS, lambda: draw_answer(model), "Ask the real QEMU")

    def all(self) -> list[LabView | Column]:
        """Return every step's view, in the order of the lesson."""
        return [self.translate(), self.host_pages(), self.real(), self.ask_qemu()]

    def _draw_translation(self) -> tuple[Pane | list[Pane], Table]:
        model = self.translate_model
        handled, pieces = model.handle()
        pfn, pages = model.chunk()
        if pieces:
            calls = counted(handled.releases, "madvise call")
            verdict = f"{counted(pages, 'page')} released by {calls}"
            if len(pieces) > 1:
                verdict += ": the chunk crosses from one region into the next and is split"
        else:
            verdict = f"Refused, nothing is touched: {handled.rejections[0].reason.value}"
        in_bytes = [(p << PFN_SHIFT, h << PFN_SHIFT, n << PFN_SHIFT) for p, h, n in pieces]
        chunk = (pfn << PFN_SHIFT, pages << PFN_SHIFT)
        figure = draw_translation(LAYOUTS[model.layout], chunk, in_bytes)
        rows = [
            [f"{pfn:#x}", f"{pfn << PFN_SHIFT:#x}", f"{pages:,}", f"{host:#x}", f"{host << 12:#x}"]
            for pfn, host, pages in pieces
        ] or [[f"{pfn:#x}", f"{pfn << PFN_SHIFT:#x}", f"{pages:,}", "refused", "refused"]]
        head = ["PFN", "guest physical address", "pages", "host page", "offset in the mapping"]
        return figure, Table(verdict, head, rows)

    def _draw_host_pages(self) -> tuple[Pane | list[Pane], Table]:
        model = self.host_page_model
        ballooned, resident = model.run()
        parts = model.host_kib // 4
        whole = ballooned.reshape(-1, parts)
        released = np.array([not part.any() for part in resident.reshape(-1, parts)])
        waiting = int((ballooned & resident).sum())
        verdict = (
            f"{model.told} of 64 pages ballooned: {int(released.sum())} of {len(released)} host "
            f"pages released, {waiting} ballooned pages wait"
        )
        rows = [
            [
                f"{index}",
                f"{index * parts}",
                f"{int(part.sum())} of {parts}",
                "released" if gone else "resident",
            ]
            for index, (part, gone) in enumerate(zip(whole, released, strict=True))
        ]
        head = ["host page", "first PFN", "parts in the balloon", "host memory"]
        states = np.where(ballooned, np.where(resident, WAITS, RELEASED), IN_USE).astype(np.uint8)
        page_map = PageMap.of(
            "Guest pages of 4 KiB; a frame is one host page",
            states,
            HOST_PAGE_LOOKS,
            columns=16,
            frames=tuple((first, parts) for first in range(0, _PAGES, parts)),
            letters=True,
        )
        return page_map, Table(verdict, head, rows)

    def _draw_real(self) -> tuple[Pane | list[Pane], Table]:
        model = self.real_model
        total_bytes = parse_size(model.size)

        def watch(path: str, at_s: float, resident_bytes: int) -> None:
            self.meter.show(path, resident_bytes, total_bytes)

        runs = [
            inflate_for_real(
                model.size, path, model.fragmentation, model.seed, model.huge_pages, watch
            )
            for path in ("classic", "chunks")
        ]
        verdict = _verdict(runs)
        head = ["", *(r.path for r in runs)]
        rows = [
            ["4 KiB pages told", *(f"{r.pages:,}" for r in runs)],
            ["messages", *(f"{r.messages:,}" for r in runs)],
            ["madvise calls", *(f"{r.releases:,}" for r in runs)],
            ["resident before", *(format_size(r.samples[0][1]) for r in runs)],
            ["resident after", *(format_size(r.samples[-1][1]) for r in runs)],
        ]
        if runs[0].measured:
            rows.append(["ms in madvise, measured", *(f"{r.release_s * 1000:,.1f}" for r in runs)])
        return [draw_resident_fall(runs, total_bytes), draw_release_calls(runs)], Table(
            verdict, head, rows
        )


def _verdict(runs: list[Run]) -> str:
    classic, chunks = runs
    if not classic.measured:
        return "Modelled: no process with real memory can be started here"
    before, after = (format_size(chunks.samples[at][1]) for at in (0, -1))
    times = classic.release_s / chunks.release_s
    return (
        f"Resident set from {before} to {after}. {classic.releases:,} calls for pages, "
        f"{chunks.releases:,} for chunks: {times:.1f} times as fast"
    )
