"""What a race found: counts and times of each path, what was gained, what a reader must know."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from balloonkit.costs import Price, Stages
from balloonkit.machine import Report
from balloonkit.residency import Gain, TouchedMemory
from balloonkit.units import BALLOON_PAGE_BYTES, counted, format_size

if TYPE_CHECKING:
    from balloonkit.host.mapping import Verified

__all__ = ["HostKind", "Race"]

#: A balloon that gains less than this share of what it releases gains hardly anything.
_HARDLY = 0.01

#: A host that only counts, or real memory in a process of its own.
HostKind = Literal["model", "madvise"]


@dataclass(frozen=True)
class Race:
    """How the paths compare on one guest.

    Attributes
    ----------
    guest : str
    inflate_pages : int
        4 KiB pages asked for.
    host : {"model", "madvise"}
        With the model host seconds are model time (costs of 2017); with madvise, measured here.
    reports : dict of Report, by path
    checks : dict of Verified, by path
        With madvise, what reading every page of the memory afterwards found; a path some of whose
        pages were refused is not checked.
    price : {"message", "entry", "half"}
        What model time takes sending to be paid by: an assumption, see `balloonkit.costs`.
    device : str
        Whose rule turns messages into releases, a name of `balloonkit.host.rules.DEVICE_RULES`.
    host_page_bytes : int
        The host's page.
    replayed : bool
        True if the guest gave the pages of a record.
    touched : {"all", "blocks", "in-use"}
        What of the guest's RAM had memory behind it; see `balloonkit.residency`.
    gains : dict of Gain, by path
        What the modelled host was left with; empty with real memory, whose resident set is read.
    notes : tuple of str
        What is true of this race and no other.
    """

    guest: str
    inflate_pages: int
    host: HostKind
    reports: dict[str, Report]
    checks: "dict[str, Verified]"
    price: Price = "message"
    device: str = "kit"
    host_page_bytes: int = BALLOON_PAGE_BYTES
    replayed: bool = False
    touched: TouchedMemory = "all"
    gains: dict[str, Gain] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def seconds(self, path: str) -> Stages:
        """Return the stages of one path, on the clock of this race."""
        report = self.reports[path]
        return report.model if self.host == "model" else report.measured

    def improvement(self, path: str) -> float | None:
        """Return the share of the classic path's time that `path` saves.

        None where the two did not release equally many pages, as their times are of different
        work, or none at all.
        """
        released = {self.reports[p].counts.released_pages for p in ("classic", path)}
        if len(released) > 1 or 0 in released:
            return None
        classic = self.seconds("classic").total
        return 1 - self.seconds(path).total / classic if classic else 0.0

    def gained_bytes(self, path: str) -> int:
        """Return the memory a path gave the host: none for pages that nobody had touched."""
        if path in self.gains:
            return self.gains[path].gained_pages * BALLOON_PAGE_BYTES
        before, after = self.reports[path].resident_bytes
        return before - after

    def _huge_pages(self, path: str) -> dict[str, int] | None:
        if path not in self.gains:
            return None
        gain = self.gains[path]
        return {"broken": gain.huge_broken, "released": gain.huge_gone, "whole": gain.huge_whole}

    @property
    def remarks(self) -> tuple[str, ...]:
        """What a reader of the figures must know, a sentence each; none if all went as asked."""
        counts = {path: report.counts for path, report in self.reports.items()}
        said = list(self.notes)
        if any(c.pages < self.inflate_pages for c in counts.values()):
            said.append(
                f"{counted(self.inflate_pages, 'page')} were asked for; this guest has fewer to "
                "give, and each path took what it could get"
            )
        if any(c.refused_pages for c in counts.values()):
            reasons = sorted({why for report in self.reports.values() for why in report.rejected})
            told = ", ".join(f"{path} {c.refused_pages:,}" for path, c in counts.items())
            said.append(f"the host refused pages ({'; '.join(reasons)}): {told}")
        gained_mib = max(map(self.gained_bytes, self.reports)) / (1 << 20)
        told_mib = max(c.released_pages for c in counts.values()) / 256
        if gained_mib < told_mib * _HARDLY:
            said.append(
                f"hardly anything is gained: {gained_mib:,.1f} MiB of {told_mib:,.1f} released had "
                "memory behind them"
            )
        kept = {path: c.pages - c.refused_pages - c.released_pages for path, c in counts.items()}
        if any(kept.values()):
            told = ", ".join(f"{path} {pages:,}" for path, pages in kept.items())
            said.append(
                f"pages told but not released, as their host page of "
                f"{format_size(self.host_page_bytes)} is not all the balloon's, or its parts were "
                f"forgotten: {told}"
            )
        return tuple(said)

    def as_dict(self) -> dict[str, Any]:
        """Return the race as plain data, ready for JSON."""
        paths = {}
        for path, report in self.reports.items():
            counts = vars(report.counts)
            paths[path] = counts | {
                "told_bytes": report.counts.pages * BALLOON_PAGE_BYTES,
                "released_bytes": report.counts.released_pages * BALLOON_PAGE_BYTES,
                "refused_bytes": report.counts.refused_pages * BALLOON_PAGE_BYTES,
                "gained_bytes": self.gained_bytes(path),
                "host_huge_pages": self._huge_pages(path),
                "rejected": sum(report.rejected.values()),
                "out_of_puff": report.out_of_puff,
                "seconds": self.seconds(path).as_dict(),
            }
        resident = None
        if self.host == "madvise":
            before, after = self.reports["chunks"].resident_bytes
            resident = {"before": before, "after": after}
        return {
            "guest": self.guest,
            "inflate_pages": self.inflate_pages,
            "host": self.host,
            "clock": "model, costs of 2017" if self.host == "model" else "measured here",
            "paths": paths,
            "improvement": {p: self.improvement(p) for p in self.reports if p != "classic"},
            "price": self.price if self.host == "model" else None,
            "device": self.device,
            "host_page_bytes": self.host_page_bytes,
            "replayed": self.replayed,
            "touched": self.touched,
            "remarks": list(self.remarks),
            "rss_bytes": resident,
            "checks": {path: check._asdict() for path, check in self.checks.items()} or None,
        }
