"""A machine's pages as characters: one for each equal stretch of its RAM."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["LEGEND", "draw_pages"]

#: From all free to all in use.
_SHADES = "·░▒▓█"
#: What the characters mean.
LEGEND = "· all free   ░▒▓ partly in use   █ all in use   (blank) no RAM"


def draw_pages(flags: "NDArray[np.uint64]", width: int, rows: int) -> list[str]:
    """Draw page flags in at most `rows` lines of `width` characters, lowest address first.

    Stretches without any RAM at the start of a line stay blank.

    Examples
    --------
    >>> import numpy as np
    >>> from balloonkit.guest.page_states import KPF_BUDDY, KPF_NOPAGE
    >>> flags = np.zeros(64, np.uint64)
    >>> flags[:16], flags[32:40], flags[48:] = 1 << KPF_BUDDY, 1 << KPF_BUDDY, 1 << KPF_NOPAGE
    >>> draw_pages(flags, width=4, rows=1)
    ['·█▒ ']
    """
    import numpy as np

    from balloonkit.guest.page_states import KPF_BUDDY, KPF_NOPAGE, flag_mask

    cells = width * rows
    edges = np.linspace(0, len(flags), min(cells, len(flags)) + 1).astype(np.int64)
    hole = np.cumsum(np.append(0, flags & flag_mask(KPF_NOPAGE) != 0))
    free = np.cumsum(np.append(0, flags & flag_mask(KPF_BUDDY) != 0))
    ram = np.diff(edges) - np.diff(hole[edges])
    used = ram - np.diff(free[edges])
    shades = np.ceil(used * (len(_SHADES) - 1) / np.maximum(ram, 1)).astype(int)
    # Only a stretch without a single free page is drawn as full.
    shades[(used < ram) & (shades == len(_SHADES) - 1)] -= 1
    text = "".join(
        _SHADES[shade] if pages else " " for shade, pages in zip(shades, ram, strict=True)
    )
    return [text[at : at + width] for at in range(0, len(text), width)]
