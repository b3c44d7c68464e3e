"""The lab's question to the real QEMU: one message, and what two devices make of it.

QEMU is started for each question, which takes a twentieth of a second, and ends with its answer.
Where there is none, or none with pages of 2 MiB, its answer was recorded, and the view says so.
``python -m balloonkit.lab.lessons.host_release.ask_qemu`` records all of them anew.
"""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import traitlets
from numpy.typing import NDArray

from balloonkit.duel.case import DuelCase, DuelOutcome, ReturnedBuffer
from balloonkit.duel.compare import difference
from balloonkit.duel.expected import expected_differences
from balloonkit.duel.families import SMALL
from balloonkit.duel.families.setups import HUGE
from balloonkit.duel.script import BUFFERS, TABLES, Script
from balloonkit.duel.sides import KitSide, QemuSide
from balloonkit.host.qemu import EmulatorLostError, NoEmulatorError
from balloonkit.units import BALLOON_PAGE_BYTES, PFN_SHIFT
from balloonkit.wire.queue import Queue
from balloonkit.wire.ring import INDIRECT, NEXT

__all__ = ["CHAINS", "QemuAnswer", "QemuModel", "ask_qemu"]

#: How the message is sent: in the menu's words, and the family that explains a difference.
CHAINS = {
    "one": ("one buffer", ""),
    "halves": ("two messages, half the pages each", "host page of 2 MiB, two messages"),
    "direct": ("two direct descriptors", ""),
    "indirect": ("an indirect table", ""),
    "mixed": ("a direct descriptor, then a table", "direct descriptors, then one INDIRECT"),
    "hole": ("one buffer, in the hole", "buffer in no memory"),
    "own": ("one buffer, naming its own page first", "message that names its own page"),
}
PAGES = (2, 8, 256, 512)
HOST_KIB = (4, 2048)
#: The pages ballooned begin here: a host page of 2 MiB, if all 512 are named.
FIRST_PFN = 0x200
_HOLE_GPA = 0x80000000
_RECORDED = Path(__file__).with_name("qemu_answers.json")


class QemuModel(traitlets.HasTraits):
    """A message for two devices."""

    pages = traitlets.Enum(PAGES, 8)
    chain = traitlets.Enum(tuple(CHAINS), "one")
    host_kib = traitlets.Enum(HOST_KIB, 4)

    def named(self) -> NDArray[np.int64]:
        """List the PFNs the message names, in its order."""
        pages = np.arange(FIRST_PFN, FIRST_PFN + self.pages)
        if self.chain == "hole":
            return pages[:0]
        return np.append(BUFFERS >> PFN_SHIFT, pages) if self.chain == "own" else pages

    def case(self) -> DuelCase:
        """Write the message as a driver would, into empty rings."""
        s = Script(self.chain, {}, np.random.default_rng(0))
        pages = self.named()
        halves = pages[: len(pages) // 2], pages[len(pages) // 2 :]
        places = BUFFERS, BUFFERS + 0x8000
        if self.chain in ("one", "own"):
            s.send(Queue.INFLATE, pages)
        elif self.chain == "halves":
            for half in halves:
                s.send(Queue.INFLATE, half)
        elif self.chain == "hole":
            s.descriptor(0, _HOLE_GPA, 4 * self.pages)
        elif self.chain == "mixed":
            s.descriptor(0, places[0], s.put(places[0], halves[0]), NEXT, 1)
            s.chain([(places[1], s.put(places[1], halves[1]), 0)], table=TABLES)
            s.descriptor(1, TABLES, 16, INDIRECT)
        else:
            pieces = [(at, s.put(at, half), 0) for at, half in zip(places, halves, strict=True)]
            s.chain(pieces, table=TABLES if self.chain == "indirect" else None)
            if self.chain == "indirect":
                s.descriptor(0, TABLES, 32, INDIRECT)
        if self.chain not in ("one", "own", "halves"):
            s.offer(Queue.INFLATE, [0])
            s.kick(Queue.INFLATE)
        return s.case()

    @property
    def key(self) -> str:
        """Name this message among the recorded answers."""
        return f"{self.chain}, {self.pages} pages, host pages of {self.host_kib} KiB"


@dataclass(frozen=True)
class QemuAnswer:
    """What both devices made of a message.

    Attributes
    ----------
    named : int64, shape (pages,)
        PFNs the message names.
    family : str
        The family of messages that explains a difference, if one is expected.
    kit, qemu : DuelOutcome
    version : str
        QEMU's.
    recorded : str
        Why QEMU's answer is a recorded one; empty if it was asked just now.
    """

    named: NDArray[np.int64]
    family: str
    kit: DuelOutcome
    qemu: DuelOutcome
    version: str
    recorded: str

    def differs(self) -> str:
        """Name the difference; nothing if there is none."""
        return difference(self.kit, self.qemu)

    @property
    def why(self) -> str:
        """Explain the difference, if there is one."""
        known = expected_differences(self.version)[1].get(self.family)
        return known.why if known is not None and self.differs() else ""


def ask_qemu(model: QemuModel) -> QemuAnswer:
    """Give the message to this kit's device and to QEMU's.

    Examples
    --------
    >>> answer = ask_qemu(QemuModel(pages=2, chain="hole"))
    >>> answer.kit.released, answer.qemu.released
    ((), (0,))
    """
    setup = SMALL if model.host_kib * 1024 == BALLOON_PAGE_BYTES else HUGE
    case = model.case()
    ours = KitSide(setup)
    ours.start()
    kit = ours.run(case)
    try:
        theirs = QemuSide(setup)
    except (NoEmulatorError, EmulatorLostError) as error:
        return _recorded_answer(model, kit, str(error))
    except OSError as error:  # of huge pages there are as many as the administrator allows
        return _recorded_answer(model, kit, f"no host pages of 2 MiB here ({error.strerror})")
    try:
        theirs.start()
        theirs_did = theirs.run(case)
        return QemuAnswer(
            model.named(), CHAINS[model.chain][1], kit, theirs_did, theirs.device.version, ""
        )
    finally:
        theirs.close()


def _recorded_answer(model: QemuModel, kit: DuelOutcome, reason: str) -> QemuAnswer:
    data = _recorded()
    said: dict[str, Any] = data["answers"][model.key]
    returned = tuple(ReturnedBuffer(*element) for element in said["returned"])
    released = tuple(pfn for first, n in said["released"] for pfn in range(first, first + n))
    qemu = DuelOutcome(
        returned,
        said["returned_count"],
        released,
        said["releases"],
        said["interrupts"],
        said["needs_reset"],
    )
    return QemuAnswer(model.named(), CHAINS[model.chain][1], kit, qemu, data["qemu"], reason)


@cache
def _recorded() -> dict[str, Any]:
    data: dict[str, Any] = json.loads(_RECORDED.read_text("utf-8"))
    return data


def main() -> None:
    """Ask QEMU every question of the lab, and write its answers down."""
    answers = {}
    version = ""
    for chain in CHAINS:
        for pages in PAGES:
            for host_kib in HOST_KIB:
                model = QemuModel(chain=chain, pages=pages, host_kib=host_kib)
                answer = ask_qemu(model)
                if answer.recorded:
                    raise RuntimeError(f"{model.key}: {answer.recorded}")
                answers[model.key] = answer.qemu.as_dict()
                version = answer.version
    lines = ",\n".join(f"{json.dumps(key)}: {json.dumps(one)}" for key, one in answers.items())
    _RECORDED.write_text(f'{{"qemu": "{version}", "answers": {{\n{lines}\n}}}}\n', "utf-8")


if __name__ == "__main__":
    main()
