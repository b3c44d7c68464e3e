"""A meter of the resident set, moving while the kernel works."""

from typing import Any

import traitlets

from balloonkit.lab.js.bundle import bundle, styles
from balloonkit.lab.view.widget import KitWidget

__all__ = ["ResidentMeter"]


class ResidentMeter(KitWidget):
    """Show how much of a guest's memory is resident; assign to `resident_bytes` to move it.

    Examples
    --------
    >>> meter = ResidentMeter()
    >>> meter.show("classic", resident_bytes=64 << 20, total_bytes=512 << 20)
    >>> meter.text
    'classic: 64 MiB of 512 MiB resident'
    """

    _esm = bundle("meter")
    _css = styles("meter")
    share = traitlets.Float(1.0).tag(sync=True)
    text = traitlets.Unicode("Move a control, and watch the resident set here.").tag(sync=True)

    def show(self, what: str, resident_bytes: int, total_bytes: int) -> None:
        """Move the meter."""
        with self.hold_sync():
            self.share = resident_bytes / total_bytes
            mib, total_mib = resident_bytes >> 20, total_bytes >> 20
            self.text = f"{what}: {mib:,} MiB of {total_mib:,} MiB resident"

    def static(self) -> dict[str, Any]:
        """Return the last words."""
        return {"text/plain": self.text}
