"""How two outcomes of one case differ, in words that name a kind."""

from balloonkit.duel.case import DuelOutcome

__all__ = ["difference"]


def difference(kit: DuelOutcome, qemu: DuelOutcome) -> str:
    """Name what differs; nothing if both did the same.

    Examples
    --------
    >>> done = DuelOutcome(((0, 0, 0),), 1, (0x400,), 1, 1, False)
    >>> broken = DuelOutcome((), 0, (), 0, 1, True)
    >>> difference(done, done), difference(done, broken)
    ('', 'only QEMU breaks; only the kit returns it; only the kit releases')
    """
    if kit == qemu and not kit.raised:
        return ""
    if kit.raised:
        return f"the kit raises {kit.raised}"
    parts: list[str] = []
    if kit.needs_reset != qemu.needs_reset:
        parts.append(f"only {'the kit' if kit.needs_reset else 'QEMU'} breaks")
    if (kit.returned, kit.returned_count) != (qemu.returned, qemu.returned_count):
        parts.append(_more(kit.returned_count, qemu.returned_count, "returns", "it"))
    ours, theirs = set(kit.released), set(qemu.released)
    if ours != theirs:
        if ours < theirs or ours > theirs:
            parts.append(_more(len(ours), len(theirs), "releases", ""))
        else:
            parts.append("each releases other pages")
    elif kit.releases != qemu.releases:
        more = "the kit" if kit.releases > qemu.releases else "QEMU"
        parts.append(f"{more} makes more release calls")
    if kit.interrupts != qemu.interrupts:
        parts.append(_more(kit.interrupts, qemu.interrupts, "interrupts", ""))
    return "; ".join(parts)


def _more(kit: int, qemu: int, what: str, it: str) -> str:
    if kit == qemu:
        return f"each {what} otherwise"
    who, fewer = ("the kit", qemu) if kit > qemu else ("QEMU", kit)
    return f"{who} {what} more" if fewer else f"only {who} {what} {it}".rstrip()
