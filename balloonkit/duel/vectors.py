"""The same exchanges for other devices and drivers: plain JSON, from set-up to outcome.

Each vector begins with a device that was just set up, its rings empty; it holds what is written
and kicked, and what this kit's device and QEMU's made of it. `docs/conformance.md` says how to use
them.
"""

import json
from collections.abc import Callable
from contextlib import ExitStack
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from balloonkit.duel.arena import Arena
from balloonkit.duel.case import DriverKick, DuelCase, DuelSetup, Write, shortened
from balloonkit.duel.compare import difference
from balloonkit.duel.expected import expected_differences
from balloonkit.duel.families import FAMILIES
from balloonkit.duel.families.setups import GRAPHICS_BYTES, GRAPHICS_GPA
from balloonkit.duel.script import Script
from balloonkit.host.qemu import find_qemu, qemu_version
from balloonkit.wire.channel import queue_layout
from balloonkit.wire.queue import Queue

__all__ = ["FORMAT", "case_of", "make_vectors", "write_vectors"]

#: What a file of vectors calls itself; the number goes up when its meaning changes.
FORMAT = "balloonkit duel vectors 1"
#: Feature bits a driver accepts: STATS_VQ, INDIRECT_DESC, VERSION_1 (VIRTIO 1.2 sections 5.5.3, 6).
_FEATURE_BITS = (1, 28, 32)
#: Members of each family; one of those that are drawn seldom, as they are long.
_EACH, _SELDOM_SHARE = 2, 3
_LONGEST_SAID = 500


def make_vectors(
    seed: int = 1,
    qemu: str | None = None,
    progress: Callable[[str, int, int], None] = lambda what, done, total: None,
) -> dict[str, Any]:
    """Ask both devices one or two members of every family; return it all as plain data.

    Raises
    ------
    NoEmulatorError
        If there is no QEMU.
    """
    asked = qemu_version(find_qemu(qemu))
    expected = expected_differences(asked)[1]
    vectors: list[dict[str, Any]] = []
    not_asked: dict[str, str] = {}
    setups: dict[str, DuelSetup] = {}
    with ExitStack() as stack:
        arenas: dict[str, Arena] = {}
        for number, family in enumerate(FAMILIES.values()):
            progress("vectors", number, len(FAMILIES))
            setups[family.setup.name] = family.setup
            try:
                if family.setup.name not in arenas:
                    arena = arenas[family.setup.name] = Arena(family.setup, qemu)
                    stack.callback(arena.close)
            except OSError as error:
                not_asked[family.name] = f"set-up {family.setup.name!r}: {error.strerror or error}"
                continue
            arena = arenas[family.setup.name]
            for member in range(_EACH if family.share > _SELDOM_SHARE else 1):
                arena.start()
                rng = np.random.default_rng([seed, number, member])
                script = Script(family.name, arena.available, rng)
                family.write(script)
                case = script.case()
                kit, theirs = arena.run(case)
                known = expected.get(family.name)
                vectors.append(
                    {
                        "name": f"{family.name}, {member + 1}",
                        "family": family.name,
                        "setup": family.setup.name,
                        "section": family.section,
                        "rule": family.rule,
                        "said": shortened(case.said, _LONGEST_SAID),
                        "kicks": [_kick(kick) for kick in case.kicks],
                        "outcomes": {"balloonkit": kit.as_dict(), "qemu": theirs.as_dict()},
                        "difference": difference(kit, theirs),
                        "keeps_to_the_rule": known.follows if known else "both",
                        "why": known.why if known else "",
                    }
                )
    return {
        "format": FORMAT,
        "made_with": {"balloonkit": version("balloonkit"), "qemu": asked, "seed": seed},
        "setups": {name: _setup(setup) for name, setup in setups.items()},
        "vectors": vectors,
        "not_asked": not_asked,
    }


def write_vectors(path: Path, vectors: dict[str, Any]) -> None:
    """Write vectors to a file, one a line, so that two files can be compared."""
    head = {key: value for key, value in vectors.items() if key != "vectors"}
    lines = ",\n".join(json.dumps(vector, ensure_ascii=False) for vector in vectors["vectors"])
    text = json.dumps(head, ensure_ascii=False, indent=1)
    path.write_text(f'{text[:-2]},\n "vectors": [\n{lines}\n]}}\n', "utf-8")


def case_of(vector: dict[str, Any]) -> DuelCase:
    """Read a vector back as a case.

    Examples
    --------
    >>> kick = {"queue": 0, "writes": [["0x40000", "0002"]]}
    >>> case_of({"family": "any", "kicks": [kick]}).kicks
    (DriverKick(queue=0, writes=(Write(gpa=262144, data=b'\\x00\\x02'),)),)
    """
    kicks = tuple(
        DriverKick(
            kick["queue"],
            tuple(Write(int(gpa, 16), bytes.fromhex(data)) for gpa, data in kick["writes"]),
        )
        for kick in vector["kicks"]
    )
    return DuelCase(vector["family"], kicks, len(kicks), "")


def _kick(kick: DriverKick) -> dict[str, Any]:
    """Join writes that touch, in their order; an idx written last stays last."""
    joined: list[Write] = []
    for write in kick.writes:
        if joined and joined[-1].gpa + len(joined[-1].data) == write.gpa:
            joined[-1] = Write(joined[-1].gpa, joined[-1].data + write.data)
        else:
            joined.append(write)
    return {
        "queue": kick.queue,
        "writes": [[hex(write.gpa), write.data.hex()] for write in joined],
    }


def _setup(setup: DuelSetup) -> dict[str, Any]:
    layouts = {int(queue): queue_layout(queue) for queue in Queue}
    return {
        "ram": [[hex(region.gpa), region.size_bytes] for region in setup.regions],
        "host_page_bytes": setup.host_page_bytes,
        "ram_from_0xc0000_to_0xfffff": setup.shadow_ram,
        "graphics_memory": [hex(GRAPHICS_GPA), GRAPHICS_BYTES] if setup.graphics else None,
        "feature_bits": list(_FEATURE_BITS),
        "queues": [
            {
                "number": number,
                "size": layout.size,
                "descriptor_table": hex(layout.base),
                "available_ring": hex(layout.avail),
                "used_ring": hex(layout.used),
            }
            for number, layout in layouts.items()
        ],
    }
