"""What each cell of a notebook shows: widgets of a cell that ran again, or is gone, are let go.

A widget lives until it is closed: the kernel and the browser both keep a model of it, and a view
follows its lab's model. Without this, a lesson that is run ten times redraws ten views at each
move, nine of which nobody sees. What is shown in another cell too stays, and a widget that was let
go comes back when it is shown again.

JupyterLab and VS Code say which cell runs. Where a front end does not, nothing is let go.
"""

from dataclasses import dataclass, field
from typing import Any

from IPython.core.getipython import get_ipython

__all__ = ["note_shown"]


@dataclass
class _Cell:
    run: str
    shown: list[Any] = field(default_factory=list)
    before: list[Any] = field(default_factory=list)

    def at(self, run: str) -> "_Cell":
        """Turn to a run; what the one before showed is then from before."""
        if self.run != run:
            self.run, self.shown, self.before = run, [], [*self.before, *self.shown]
        return self


_cells: dict[str, _Cell] = {}
_shells: list[Any] = []


def note_shown(widget: Any) -> None:
    """Note that the cell which runs shows a widget."""
    shell: Any = get_ipython()
    parent = _parent(shell)
    cell_id = parent.get("metadata", {}).get("cellId")
    if not cell_id:
        return
    if shell not in _shells:
        _shells.append(shell)
        shell.events.register("post_run_cell", lambda result: _after_run(shell))
    run = parent["header"]["msg_id"]
    _cells.setdefault(cell_id, _Cell(run)).at(run).shown.append(widget)


def _parent(shell: Any) -> dict[str, Any]:
    """Return the message that made the cell run; without a kernel there is none."""
    get_parent = getattr(shell, "get_parent", None)
    return (get_parent() if get_parent else None) or {}


def _after_run(shell: Any) -> None:
    """Let go of what the cell, or one that was deleted, showed before."""
    parent = _parent(shell)
    metadata = parent.get("metadata", {})
    gone: list[Any] = []
    for deleted in metadata.get("deletedCells", ()):
        if deleted in _cells:
            gone += _cells.pop(deleted).shown
    cell = _cells.get(metadata.get("cellId", ""))
    if cell is not None:
        gone += cell.at(parent["header"]["msg_id"]).before
        cell.before = []
    kept = {part for cell in _cells.values() for each in cell.shown for part in each.family()}
    for part in {part: None for widget in gone for part in widget.family()}:
        if part not in kept and part.comm is not None:
            part.let_go()
