"""Tables of `docs/conformance.md`, made from a file of vectors.

``python -m balloonkit.duel.page docs/_static/duel-vectors.json docs/conformance.md`` writes them
anew between their marks.
"""

import json
import re
import sys
from pathlib import Path
from typing import Any

from balloonkit.duel.case import shortened
from balloonkit.duel.families import TOPICS

__all__ = ["agreements_markdown", "differences_markdown", "fill"]


def differences_markdown(vectors: list[dict[str, Any]]) -> str:
    """Write a table row for each kind of difference: family, rule, smallest example, outcomes."""
    smallest: dict[str, dict[str, Any]] = {}
    for vector in vectors:
        known = smallest.get(vector["family"])
        if vector["difference"] and (known is None or _size(vector) < _size(known)):
            smallest[vector["family"]] = vector
    rows = ["| asked | VIRTIO 1.2 | smallest example | balloonkit | QEMU | keeps to it | why |"]
    rows.append("|---" * 7 + "|")
    for family, vector in smallest.items():
        kit, qemu = (_outcome(vector["outcomes"][side]) for side in ("balloonkit", "qemu"))
        rule = f"{vector['section']}: {vector['rule']}"
        rows.append(
            f"| {family} | {rule} | `{shortened(vector['said'])}` | {kit} | {qemu} | "
            f"{vector['keeps_to_the_rule']} | {vector['why']} |"
        )
    return "\n".join(rows)


def agreements_markdown(vectors: list[dict[str, Any]]) -> str:
    """List by topic the families in which both devices do the same."""
    agreed = {vector["family"]: vector for vector in vectors if not vector["difference"]}
    rows = ["| topic | both do the same (section of VIRTIO 1.2) |", "|---|---|"]
    for topic in TOPICS:
        names = [
            f"{family.name} ({family.section})" for family in topic.members if family.name in agreed
        ]
        if names:
            rows.append(f"| {topic.topic} | {' · '.join(names)} |")
    return "\n".join(rows)


def fill(page: str, vectors: list[dict[str, Any]]) -> str:
    """Put both tables between their marks in the text of a page."""
    for mark, table in (
        ("differences", differences_markdown(vectors)),
        ("agreements", agreements_markdown(vectors)),
    ):
        begin = re.search(rf"<!-- {mark}: .*?-->\n", page)
        end = f"<!-- end of {mark} -->"
        if begin is None or page.count(end) != 1:
            raise ValueError(f"no marks for the table of {mark} in the page")
        page = page[: begin.end()] + table + "\n" + page[page.index(end) :]
    return page


def _size(vector: dict[str, Any]) -> int:
    return sum(len(data) for kick in vector["kicks"] for _, data in kick["writes"])


def _outcome(outcome: dict[str, Any]) -> str:
    count = outcome["returned_count"]
    parts = [f"{count:,} returned" if count else "nothing returned"]
    if outcome["released"]:
        ranges = [f"{first:#x}" + (f"+{n}" if n > 1 else "") for first, n in outcome["released"]]
        shown = ", ".join(ranges[:4]) + (" ..." if len(ranges) > 4 else "")
        parts.append(f"releases {shown}")
        if outcome["releases"] > sum(n for _, n in outcome["released"]):
            parts[-1] += f" in {outcome['releases']} calls"
    parts.append("needs a reset" if outcome["needs_reset"] else "")
    return "; ".join(part for part in parts if part)


def main(vectors: str, page: str) -> None:
    """Write a page's tables anew."""
    path = Path(page)
    data = json.loads(Path(vectors).read_text("utf-8"))
    path.write_text(fill(path.read_text("utf-8"), data["vectors"]), "utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
