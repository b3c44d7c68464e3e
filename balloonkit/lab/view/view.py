"""A lab's view: controls, a picture and its text twin in one widget, with a static copy.

The browser draws native, labelled inputs and sends their values when one is released. While the
kernel computes, further moves are held back and only the last is sent, and the view says in words
that its picture is stale. Where no kernel runs (GitHub, nbviewer, exported HTML), the same output
carries the picture and the table as plain HTML.
"""

import base64
import html
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import traitlets
from matplotlib import rcParams
from matplotlib.figure import Figure

from balloonkit.lab.js.bundle import bundle, styles
from balloonkit.lab.view.page_map import PageMap
from balloonkit.lab.view.widget import KitWidget

__all__ = ["Choice", "Fold", "LabView", "Pane", "Range", "Switch", "Table"]


#: One picture of a view: a map, or a chart.
Pane = PageMap | Figure


@dataclass(frozen=True)
class Range:
    """A slider for a number.

    Attributes
    ----------
    name, label : str
        The model's trait, and what to call it.
    low, step : float
    high : float or str
        The end of the slider, or the attribute of the model that says it.
    help : str
        One sentence for a newcomer.
    unit : str
    """

    name: str
    label: str
    low: float
    high: float | str
    step: float
    help: str = ""
    unit: str = ""

    def spec(self) -> dict[str, Any]:
        """Return what the browser needs."""
        return {"kind": "range"} | vars(self)


@dataclass(frozen=True)
class Choice:
    """A menu of named values: (text, value) pairs."""

    name: str
    label: str
    options: Sequence[tuple[str, Any]]
    help: str = ""

    def spec(self) -> dict[str, Any]:
        """Return what the browser needs."""
        return {"kind": "choice"} | vars(self)


@dataclass(frozen=True)
class Switch:
    """A check box."""

    name: str
    label: str
    help: str = ""

    def spec(self) -> dict[str, Any]:
        """Return what the browser needs."""
        return {"kind": "switch"} | vars(self)


@dataclass(frozen=True)
class Table:
    """The text twin of a picture: a caption, column heads and rows of text."""

    caption: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]

    def as_html(self) -> str:
        """Return a table a screen reader can walk."""
        head = "".join(f'<th scope="col">{html.escape(text)}</th>' for text in self.head)
        body = "".join(
            f'<tr><th scope="row">{html.escape(row[0])}</th>'
            + "".join(f"<td>{html.escape(text)}</td>" for text in row[1:])
            + "</tr>"
            for row in self.rows
        )
        return (
            f"<table><caption>{html.escape(self.caption)}</caption>"
            f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        )

    def as_text(self) -> str:
        """Return the table with aligned columns."""
        lines = [list(self.head), *map(list, self.rows)]
        widths = [max(len(line[i]) for line in lines) for i in range(len(self.head))]
        text = [
            "  ".join(
                cell.ljust(width) if i == 0 else cell.rjust(width)
                for i, (cell, width) in enumerate(zip(line, widths, strict=True))
            ).rstrip()
            for line in lines
        ]
        return "\n".join([self.caption, *text])


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
    """Controls over a model, and what `draw` makes of it.

    Parameters
    ----------
    model : HasTraits
        Holds the inputs as traits; an assignment to one redraws the view.
    controls : sequence of Range, Choice or Switch
    draw : callable
        Returns a pane or several, and their text twin, for the model's present inputs.
    title : str
    patience_s : float
        How long a drawing may take before the view asks whether the kernel still runs.
    fold : Fold, optional
        What can be read beside it, whatever the inputs.

    Attributes
    ----------
    error : str
        What the last move or drawing raised, shown in the view; empty when all is well.

    Examples
    --------
    >>> class Model(traitlets.HasTraits):
    ...     pages = traitlets.Int(3)
    >>> model = Model()
    >>> table = lambda: Table("Pages", ["pages"], [[str(model.pages)]])
    >>> view = LabView(model, [Range("pages", "pages", 0, 9, 1)], lambda: ([], table()), "Pages")
    >>> model.pages = 5
    >>> view.values, "5</th>" in view.table
    ({'pages': 5}, True)
    """

    _esm = bundle("view")
    _css = styles("view")

    title = traitlets.Unicode().tag(sync=True)
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
        controls: Sequence[Range | Choice | Switch],
        draw: Callable[[], tuple[Pane | Sequence[Pane], Table]],
        title: str,
        patience_s: float = 4.0,
        fold: Fold | None = None,
    ) -> None:
        self._model, self._draw = model, draw
        self._names = [control.name for control in controls]
        self._from_browser = False
        self._controls = controls
        folded = "" if fold is None else fold.as_html()
        super().__init__(title=title, patience_s=patience_s, fold=folded)
        self._show(*draw())
        model.observe(self._model_changed, self._names)

    def answer(self, what: str, **details: Any) -> None:
        """Move the model as the browser asks; draw here first, then wherever else it shows."""
        moved = {name: details["values"][name] for name in self._names}
        self._from_browser = True
        try:
            with self._model.hold_trait_notifications():
                for name, value in moved.items():
                    setattr(self._model, name, value)
                self._redraw()
        except traitlets.TraitError as error:
            self.error = str(error)
        finally:
            self._from_browser = False

    def _model_changed(self, change: dict[str, Any]) -> None:
        if not self._from_browser:
            self._redraw()

    def _redraw(self) -> None:
        try:
            self._show(*self._draw())
        except (ValueError, MemoryError, OSError) as error:
            self.error = str(error)
        except Exception as error:
            # Raised on: Jupyter logs it, tests see it; and whoever looks at the view knows too.
            self.error = f"{type(error).__name__}: {error}"
            raise

    def _show(self, panes: Pane | Sequence[Pane], table: Table) -> None:
        spec = [control.spec() for control in self._controls]
        for control in spec:
            if isinstance(control.get("high"), str):
                control["high"] = getattr(self._model, control["high"])
        self._shown = [panes] if isinstance(panes, Pane) else list(panes), table
        with self.hold_sync():
            self.spec = spec
            self.values = {name: getattr(self._model, name) for name in self._names}
            self.panes = [_spec(pane) for pane in self._shown[0]]
            self.table = table.as_html()
            self.caption = table.caption
            self.error = ""
            self.mark_answered()

    def static(self) -> dict[str, Any]:
        """Return pictures and table."""
        panes, table = self._shown
        alt = html.escape(f"{self.title}: {table.caption}; the table below says it")
        images = "".join(f'<img alt="{alt}" src="{_png_uri(pane)}">' for pane in panes)
        return {"text/plain": table.as_text(), "text/html": images + table.as_html() + self.fold}


def _spec(pane: Pane) -> dict[str, Any]:
    return pane.spec() if isinstance(pane, PageMap) else {"kind": "chart", "svg": _svg(pane)}


def _svg(figure: Figure) -> str:
    """Draw a chart in the page's own text colour and font, so that it fits any theme."""
    # One parameter set and put back: a whole context would copy all of them, each time.
    outlines, rcParams["svg.fonttype"] = rcParams["svg.fonttype"], "none"
    try:
        with io.StringIO() as file:
            figure.savefig(file, format="svg", transparent=True, metadata={"Date": None})
            text = file.getvalue()
    finally:
        rcParams["svg.fonttype"] = outlines
    return text[text.index("<svg") :].replace("#000000", "currentColor")


def _png_uri(pane: Pane) -> str:
    figure = pane.figure() if isinstance(pane, PageMap) else pane
    with io.BytesIO() as file:
        figure.savefig(file, format="png", facecolor="white")
        return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()
