"""The paths that race: what the driver speaks, how it allocates, what the host joins. One list."""

from typing import NamedTuple

from balloonkit.host.rules import JOINED, DeviceRule
from balloonkit.wire.format import Format
from balloonkit.wire.formats import PAGE_CHUNKS, PFN_ARRAY

__all__ = ["PATHS", "Path", "label_of"]


class Path(NamedTuple):
    """One way to give memory back.

    Attributes
    ----------
    label : str
        What tables and pictures call it.
    format : Format
    block_alloc : bool
        Allocate a block at a time.
    rule : DeviceRule or None
        How the device turns a message into releases; None leaves that to whoever races.
    """

    label: str
    format: Format
    block_alloc: bool = False
    rule: DeviceRule | None = None


#: Every path, by the name the command's JSON has for it.
PATHS: dict[str, Path] = {
    "classic": Path("classic", PFN_ARRAY),
    "classic_joined": Path("classic, joined", PFN_ARRAY, rule=JOINED),
    "chunks": Path("chunks", PAGE_CHUNKS),
    "chunks_block_alloc": Path("chunks, blocks", PAGE_CHUNKS, block_alloc=True),
}


def label_of(name: str) -> str:
    """Return what tables and pictures call a path; one of your own is called by its name.

    Examples
    --------
    >>> label_of("chunks_block_alloc"), label_of("short runs")
    ('chunks, blocks', 'short runs')
    """
    return PATHS[name].label if name in PATHS else name
