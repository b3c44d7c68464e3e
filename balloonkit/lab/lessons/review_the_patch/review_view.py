"""Every fault beside a correct driver, in one widget that needs no kernel once shown."""

import html
from dataclasses import asdict
from typing import Any

import traitlets

from balloonkit.history import Fault
from balloonkit.lab.js.bundle import bundle, styles
from balloonkit.lab.lessons.review_the_patch.cases import all_cases
from balloonkit.lab.lessons.review_the_patch.pictures import CELL_LOOKS
from balloonkit.lab.view.widget import KitWidget

__all__ = ["ReviewView"]


class ReviewView(KitWidget):
    """Every fault with its smallest input, all sent at once: choosing one needs no kernel."""

    _esm = bundle("review")
    _css = styles("view", "review")

    cases: traitlets.List[Any] = traitlets.List().tag(sync=True)
    looks = traitlets.Dict().tag(sync=True)
    chosen = traitlets.Int().tag(sync=True)

    def __init__(self, name: str) -> None:
        names = [fault.name for fault in Fault]
        if name not in names:
            raise ValueError(f"fault {name!r}: choose one of {', '.join(names)}")
        super().__init__(
            cases=[asdict(case) for case in all_cases()],
            looks={state: look.spec() for state, look in CELL_LOOKS.items()},
            chosen=names.index(name),
        )

    @property
    def title(self) -> str:
        """What it is."""
        return "Faults of the posted code"

    @property
    def caption(self) -> str:
        """Which fault is chosen."""
        case = self.cases[self.chosen]
        return f"{case['name']}. {case['title']}"

    def static(self) -> dict[str, Any]:
        """Return all faults as text."""
        texts, sections = [], []
        for case in all_cases():
            lines = [
                f"Input: {case.steps}",
                f"Told with {case.alone.name}: {case.alone.told}. {case.alone.verdict}",
                f"Told by {case.correct.name}: {case.correct.told}. {case.correct.verdict}",
                f"Hint: {case.hint}",
                f"Fix: {case.fix}",
            ]
            title = f"{case.name}. {case.title}"
            texts.append("\n  ".join([title, *lines]))
            items = "".join(f"<li>{html.escape(line)}</li>" for line in lines)
            sections.append(f"<p><b>{html.escape(title)}</b></p><ul>{items}</ul>")
        return {"text/plain": "\n".join(texts), "text/html": "".join(sections)}
