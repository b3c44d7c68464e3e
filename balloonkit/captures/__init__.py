"""Captures of real guests: what a Linux kernel's memory was before and after a real balloon.

Some ship with the package (`SHIPPED`, `NEWER`); `balloonkit.live` makes more, and a running machine
makes its own (``balloonkit capture here``). A capture is one ``.npz`` file:

==========================  ==================================================================
``meta``                    JSON text: kernel, vmm, guest_mib, balloon_target_mib, ...
``kpageflags_MOMENT_...``   ``/proc/kpageflags``: ``_values[_codes]`` is u64 by PFN
``buddyinfo_MOMENT``        text of ``/proc/buddyinfo``; likewise ``pagetypeinfo``
``iomem_boot``              text of ``/proc/iomem``; likewise ``zoneinfo_boot``
``inflate_pfns_delta``      differences of the PFNs in the order the driver sent them
``deflate_pfns_delta``      the same for the deflate queue
``free_blocks_before``      optional: movable free lists, (first PFN, order), head first
``percpu_pfns_before``      optional: movable per-CPU lists, head first
==========================  ==================================================================

MOMENT is ``before``, ``inflated`` or ``deflated``. A snapshot of a machine without a balloon
(``"snapshot": true`` in ``meta``) has ``before`` only, and no PFNs.
"""

from pathlib import Path

from balloonkit.captures.capture import Capture, CaptureError, Moment
from balloonkit.captures.texts import parse_buddyinfo

__all__ = [
    "NEWER",
    "SHIPPED",
    "Capture",
    "CaptureError",
    "Moment",
    "load_capture",
    "parse_buddyinfo",
]

#: Captures that come with the package and that the lessons use: Linux 6.1.192.
SHIPPED = ("idle-8g", "aged-8g", "aged-1g")
#: Guests of newer kernels, 6.12.95 and 7.2.13, that come as well; their free lists are recorded.
NEWER = ("k612-idle-1g", "k612-aged-1g", "k72-idle-1g", "k72-aged-1g")


def load_capture(source: str | Path) -> Capture:
    """Load a shipped capture by name, or any other from its ``.npz`` file.

    Raises
    ------
    CaptureError
        If there is no such file, or it is not a whole capture, or one that cannot be.

    Examples
    --------
    >>> load_capture("aged-1g").guest_bytes >> 20
    1024
    """
    # Imported here, where a capture is read: `import balloonkit` stays quick.
    from balloonkit.captures.read import read_capture

    name = str(source)
    if name in SHIPPED + NEWER:
        return read_capture(Path(__file__).with_name(f"{name}.npz"), name)
    if not Path(source).is_file():
        raise CaptureError(f"{name}: no such file, and the shipped captures are {_names()}")
    return read_capture(Path(source), Path(source).stem)


def _names() -> str:
    return ", ".join(SHIPPED + NEWER)
