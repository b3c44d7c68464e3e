"""Age a guest: fill memory with small files, then remove most of them in random order.

The workload is one ``awk`` program, because a guest that holds busybox and nothing else has that,
and no compiler is needed where the notebook runs. Files of 1 to 8 pages on tmpfs take their pages
one by one as a program touching its memory does; each also costs a kernel object of about 1 KiB,
which is how real guests come by kernel memory between their free pages.
"""

from dataclasses import dataclass

from balloonkit.live.errors import RefusedError
from balloonkit.units import BALLOON_PAGE_BYTES, format_size, parse_size

__all__ = ["Ageing", "plan_ageing"]

_MAX_FILE_PAGES = 8
_MAX_SHARE = 0.9

# A plain print is several times faster under emulation than a formatted one.
_FILL = """
BEGIN {
    srand(%(seed)d);
    ORS = "";
    for (pages = 1; pages <= %(max_pages)d; pages++)
        text[pages] = sprintf("%%" pages * %(page_bytes)d "s", "aged");
    while (written < %(pages)d) {
        pages = 1 + int(rand() * %(max_pages)d);
        name = "/age/" ++files;
        print text[pages] > name;
        close(name);
        written += pages;
        if (rand() >= %(kept)s) print sprintf("%%010d %%s", int(rand() * 1e9), name) "\\n";
    }
}
"""


@dataclass(frozen=True)
class Ageing:
    """How a guest is aged; the same seed gives the same files in the same order.

    Attributes
    ----------
    size_bytes : int
        Memory written, all files together.
    kept : float
        Share of the files that stay.
    seed : int
        Of the sizes, the choice, and the order of removal.
    """

    size_bytes: int
    kept: float
    seed: int

    def command(self) -> str:
        """Return the line for the guest's shell."""
        program = _FILL % {
            "seed": self.seed,
            "pages": self.size_bytes // BALLOON_PAGE_BYTES,
            "max_pages": _MAX_FILE_PAGES,
            "page_bytes": BALLOON_PAGE_BYTES,
            "kept": self.kept,
        }
        one_line = " ".join(program.split())  # the guest's shell reads a line
        # Through a file: a pipe would switch processes for each name.
        return f"awk '{one_line}' > /list; sort /list | cut -d ' ' -f 2 | xargs rm; rm /list"

    def __str__(self) -> str:
        """Describe the workload for a capture's meta data."""
        return (
            f"{format_size(self.size_bytes)} of tmpfs files of 1..{_MAX_FILE_PAGES} pages written, "
            f"removed in random order, {self.kept:.0%} of files kept, seed {self.seed}"
        )


def plan_ageing(
    available_bytes: int, size: str | int | None = None, kept: float = 0.1, seed: int = 0
) -> Ageing:
    """Plan how to age a guest that can give `available_bytes`; by default 70 % of that.

    Raises
    ------
    RefusedError
        If `size` is more than 90 % of it.

    Examples
    --------
    >>> plan_ageing(100 << 20).size_bytes >> 20
    70
    """
    size_bytes = int(available_bytes * 0.7) if size is None else parse_size(size)
    limit_bytes = int(available_bytes * _MAX_SHARE)
    if size_bytes > limit_bytes:
        raise RefusedError(
            f"ageing with {format_size(size_bytes)}: the guest can take "
            f"{format_size(limit_bytes)} of files"
        )
    return Ageing(size_bytes, kept, seed)
