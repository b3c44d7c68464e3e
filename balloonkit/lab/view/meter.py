"""A meter of the resident set, moving while the kernel works."""

from typing import Any

import anywidget
import traitlets

from balloonkit.lab.js.bundle import scripts, styles

__all__ = ["ResidentMeter"]


class ResidentMeter(anywidget.AnyWidget):
    """Show how much of a guest's memory is resident; assign to `resident_bytes` to move it.

    Examples
    --------
    >>> meter = ResidentMeter()
    >>> meter.show("classic", resident_bytes=64 << 20, total_bytes=512 << 20)
    >>> meter.text
    'classic: 64 MiB of 512 MiB resident'
    """

    _esm = scripts("meter")
    _css = styles("meter")
    share = traitlets.Float(1.0).tag(sync=True)
    text = traitlets.Unicode("Move a control, and watch the resident set here.").tag(sync=True)

    def show(self, what: str, resident_bytes: int, total_bytes: int) -> None:
        """Move the meter."""
        with self.hold_sync():
            self.share = resident_bytes / total_bytes
            mib, total_mib = resident_bytes >> 20, total_bytes >> 20
            self.text = f"{what}: {mib:,} MiB of {total_mib:,} MiB resident"

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]] | None:
        bundle = super()._repr_mimebundle_(**kwargs)
        if bundle is not None:
            bundle[0].update({"text/plain": self.text})
        return bundle
