"""Which rules of page allocation hold for which kernel.

The model's rules are those of Linux 6.1. Newer kernels differ in few that show in a balloon; each
is named here with the release it came with. Changes that were measured and do not show are left
out: since 6.7 a per-CPU list's refill doubles each time, which leaves the sequence of pages as it
was.
"""

import re
from dataclasses import dataclass
from typing import Self

__all__ = ["LINUX_6_1", "KernelRules"]

#: Since then ``folios_put_refs`` walks a batch of pages in the sequence they were added; before, a
#: list was pushed and walked from its head. Commit 99fbb6bfc16f ("mm: make folios_put() the basis
#: of release_pages()"), in Linus' tree by 15 March 2024, the merge window of 6.9.
_FREES_ASCEND_SINCE = (6, 9)
_RELEASE = re.compile(r"(\d+)\.(\d+)")


@dataclass(frozen=True)
class KernelRules:
    """The rules for one kernel.

    Attributes
    ----------
    frees_ascend : bool
        Whether a process that lets go of memory frees it from its first page to its last.
    name : str
        What to call them.

    Examples
    --------
    >>> KernelRules.of("6.12.95+deb12-cloud-amd64").name
    'Linux 6.1, frees ascending as since 6.9'
    """

    frees_ascend: bool = False
    name: str = "Linux 6.1"

    @classmethod
    def of(cls, release: object) -> Self:
        """Return the rules for a release such as "6.1.0-56-cloud-amd64"; 6.1's if it is none."""
        found = _RELEASE.match(release) if isinstance(release, str) else None
        if found is None:
            return cls(name="Linux 6.1, as its kernel is not told")
        version = int(found[1][:4]), int(found[2][:4])
        if version < _FREES_ASCEND_SINCE:
            return cls()
        since = ".".join(map(str, _FREES_ASCEND_SINCE))
        return cls(True, f"Linux 6.1, frees ascending as since {since}")


#: The rules everything here is first described by.
LINUX_6_1 = KernelRules()
