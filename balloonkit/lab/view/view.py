"""A lab's view: controls, a picture and its text twin in one widget, with a static copy.

The browser draws native, labelled inputs and sends their values when one is released. While the
kernel computes, further moves are held back and only the last is sent, and the view says in words
that its picture is stale. Where no kernel runs (GitHub, nbviewer, exported HTML), the same output
carries the picture and the table as plain HTML.
"""

import html
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import traitlets

from balloonkit.lab.js.bundle import bundle, styles
from balloonkit.lab.view.controls import Control
from balloonkit.lab.view.drawing import Drawing, pane_spec, png_uri
from balloonkit.lab.view.widget import KitWidget

__all__ = ["Fold", "LabView"]

Result = TypeVar("Result")


@dataclass(frozen=True)
class Fold:
    """Text as it stands, such as source code, that opens under the picture when asked for.

    Attributes
    ----------
    summary : str
        Says what is inside.
    text : str

    Examples
    --------
    >>> Fold("Two lines", "a < b").as_html().partition("<pre")[0]
    '<details><summary>Two lines</summary>'
    """

    summary: str
    text: str

    def as_html(self) -> str:
        """Return a fold; what scrolls in it can be reached by keyboard and has a name."""
        name = html.escape(self.summary)
        return (
            f"<details><summary>{name}</summary>"
            f'<pre tabindex="0" role="region" aria-label="{name}"><code>{html.escape(self.text)}'
            "</code></pre></details>"
        )


class LabView(KitWidget):
    """Controls over a model, what the model then does, and a picture of it.

    Parameters
    ----------
    model : HasTraits
        Holds the inputs as traits; an assignment to one runs and shows anew.
    controls : sequence of Range, Choice, Switch or Paste
    run : callable
        Acts on the model's present inputs (computes, boots, measures) and returns a result.
    show : callable
        Draws a result. It acts on nothing and reads nothing else, so that a result can be drawn
        again at any time.
    title : str
    ends : callable, optional
        Ends of sliders that follow from what was run, by name of the control.
    patience_s : float
        How long a run may take before the view asks whether the kernel still runs.
    fold : Fold, optional
        What can be read beside it, whatever the inputs.

    Attributes
    ----------
    result
        What the last `run` returned.
    error : str
        What the last move, run or drawing raised, shown in the view; empty when all is well.

    Examples
    --------
    >>> class Model(traitlets.HasTraits):
    ...     pages = traitlets.Int(3)
    ...     def kib(self):
    ...         return 4 * self.pages
    >>> from balloonkit.lab.view.controls import Range
    >>> from balloonkit.lab.view.table import Table
    >>> model = Model()
    >>> pages = Range(name="pages", label="pages", low=0, high=9)
    >>> show = lambda kib: ([], Table("Memory", ["KiB"], [[kib]]))
    >>> view = LabView(model, [pages], model.kib, show, title="Pages")
    >>> model.pages = 5
    >>> view.values, view.result, "20</th>" in view.table
    ({'pages': 5}, 20, True)
    """

    _esm = bundle("view")
    _css = styles("view")

    title = traitlets.Unicode().tag(sync=True)
    #: What each control is; sent once, and again only when an end of `ends` moves.
    spec: traitlets.List[Any] = traitlets.List().tag(sync=True)
    values = traitlets.Dict().tag(sync=True)
    panes: traitlets.List[Any] = traitlets.List().tag(sync=True)
    table = traitlets.Unicode().tag(sync=True)
    caption = traitlets.Unicode().tag(sync=True)
    error = traitlets.Unicode().tag(sync=True)
    patience_s = traitlets.Float().tag(sync=True)
    fold = traitlets.Unicode().tag(sync=True)

    def __init__(
        self,
        model: traitlets.HasTraits,
        controls: Sequence[Control],
        run: Callable[[], Result],
        show: Callable[[Result], Drawing],
        title: str,
        ends: Callable[[], Mapping[str, float]] = dict,
        patience_s: float = 4.0,
        fold: Fold | None = None,
    ) -> None:
        self._model, self._ends = model, ends
        self._run: Callable[[], Any] = run
        self._show: Callable[[Any], Drawing] = show
        self._names = [control.name for control in controls]
        self._from_browser = False
        spec = [control.spec() for control in controls]
        folded = "" if fold is None else fold.as_html()
        super().__init__(title=title, spec=spec, patience_s=patience_s, fold=folded)
        self._run_and_show()
        model.observe(self._model_changed, self._names)

    def answer(self, what: str, **details: Any) -> None:
        """Move the model as the browser asks; draw here first, then wherever else it shows."""
        moved = {name: details["values"][name] for name in self._names}
        self._from_browser = True
        try:
            with self._model.hold_trait_notifications():
                for name, value in moved.items():
                    setattr(self._model, name, value)
                self._run_or_say_why_not()
        except traitlets.TraitError as error:
            self.error = str(error)
        finally:
            self._from_browser = False

    def _model_changed(self, change: dict[str, Any]) -> None:
        if not self._from_browser:
            self._run_or_say_why_not()

    def let_go(self) -> None:
        """Follow the model no longer, until shown again."""
        self._model.unobserve(self._model_changed, self._names)
        super().let_go()

    def come_back(self) -> None:
        """Follow the model again, from where it is by now."""
        self._model.observe(self._model_changed, self._names)
        self._run_or_say_why_not()
        super().come_back()

    def _run_or_say_why_not(self) -> None:
        """Run and show; what goes wrong is said in the view."""
        try:
            self._run_and_show()
        except (ValueError, MemoryError, OSError) as error:
            self.error = str(error)
        except Exception as error:
            # Raised on: Jupyter logs it, tests see it; and whoever looks at the view knows too.
            self.error = f"{type(error).__name__}: {error}"
            raise

    def _run_and_show(self) -> None:
        self.result: Any = self._run()
        panes, table = self._show(self.result)
        self._shown = list(panes), table
        with self.hold_sync():
            self._move_ends()
            self.values = {name: getattr(self._model, name) for name in self._names}
            self.panes = [pane_spec(pane) for pane in panes]
            self.table = table.as_html()
            self.caption = table.caption
            self.error = ""
            self.mark_answered()

    def _move_ends(self) -> None:
        ends = self._ends()
        self.spec = [  # what equals the last is not sent again
            control | {"high": ends[control["name"]]} if control["name"] in ends else control
            for control in self.spec
        ]

    def static(self) -> dict[str, Any]:
        """Return pictures and table."""
        panes, table = self._shown
        alt = html.escape(f"{self.title}: {table.caption}; the table below says it")
        images = "".join(f'<img alt="{alt}" src="{png_uri(pane)}">' for pane in panes)
        return {"text/plain": table.as_text(), "text/html": images + table.as_html() + self.fold}
