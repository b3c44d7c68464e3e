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
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anywidget
import traitlets

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Choice", "LabView", "Range", "Switch", "Table"]

_HERE = Path(__file__).parent


@dataclass(frozen=True)
class Range:
    """A slider for a number.

    Attributes
    ----------
    name, label : str
        The model's trait, and what to call it.
    low, high, step : float
    help : str
        One sentence for a newcomer.
    unit : str
    """

    name: str
    label: str
    low: float
    high: float
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


class LabView(anywidget.AnyWidget):
    """Controls over a model, and what `draw` makes of it.

    Parameters
    ----------
    model : HasTraits
        Holds the inputs as traits; an assignment to one redraws the view.
    controls : sequence of Range, Choice or Switch
    draw : callable
        Returns the figure and its text twin for the model's present inputs.
    title : str

    Attributes
    ----------
    error : str
        What the last drawing raised, shown in the view; empty when all is well.
    """

    _esm = _HERE / "view.js"
    _css = _HERE / "view.css"

    title = traitlets.Unicode().tag(sync=True)
    spec: traitlets.List[Any] = traitlets.List().tag(sync=True)
    values = traitlets.Dict().tag(sync=True)
    #: The browser counts what it sends, the kernel repeats the number when it has drawn it.
    sent = traitlets.Int().tag(sync=True)
    drawn = traitlets.Int().tag(sync=True)
    picture = traitlets.Bytes().tag(sync=True)
    table = traitlets.Unicode().tag(sync=True)
    error = traitlets.Unicode().tag(sync=True)

    def __init__(
        self,
        model: traitlets.HasTraits,
        controls: Sequence[Range | Choice | Switch],
        draw: Callable[[], "tuple[Figure, Table]"],
        title: str,
    ) -> None:
        names = [control.name for control in controls]
        super().__init__(
            title=title,
            spec=[control.spec() for control in controls],
            values={name: getattr(model, name) for name in names},
        )
        self._model, self._names, self._draw = model, names, draw
        self._redraw()
        model.observe(self._model_changed, names)
        self.observe(self._browser_sent, "sent")

    def _browser_sent(self, change: dict[str, Any]) -> None:
        try:
            with self._model.hold_trait_notifications():
                for name in self._names:
                    setattr(self._model, name, self.values[name])
        except traitlets.TraitError as error:
            self.error = str(error)
        self.drawn = change["new"]

    def _model_changed(self, change: dict[str, Any]) -> None:
        self._redraw()

    def _redraw(self) -> None:
        try:
            figure, table = self._draw()
        except (ValueError, MemoryError, OSError) as error:
            self.error = str(error)
            return
        self._static_table = table
        with self.hold_sync():
            self.values = {name: getattr(self._model, name) for name in self._names}
            self.picture = _png(figure)
            self.table = table.as_html()
            self.error = ""

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        """Return the live widget and, for where no kernel runs, picture and table."""
        live = super()._repr_mimebundle_(**kwargs)
        bundle, metadata = live if isinstance(live, tuple) else (live, {})
        image = base64.b64encode(self.picture).decode()
        alt = html.escape(f"{self.title}: {self._static_table.caption}; the table below says it")
        static = {
            "text/plain": self._static_table.as_text(),
            "text/html": f'<img alt="{alt}" src="data:image/png;base64,{image}">{self.table}',
        }
        return (bundle or {}) | static, metadata


def _png(figure: "Figure") -> bytes:
    with io.BytesIO() as file:
        figure.savefig(file, format="png", pil_kwargs={"compress_level": 1})
        return file.getvalue()
