"""The house drawn from its own imports: ``python -m balloonkit.publish.house`` redraws it.

A room is a folder of the package, or a module beside the folders. It stands one floor above the
highest room it imports, so every arrow points down; a circle would have no picture.
"""

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

import balloonkit

__all__ = ["floors", "house_svg", "house_table", "module_imports", "room_imports"]

PACKAGE = Path(balloonkit.__file__).parent
#: Where the drawn house lies in a checkout.
PICTURE = PACKAGE.parent / "docs" / "pictures" / "house.svg"

#: The command and what only it needs: they import everything, and would hide the rest.
_DOORS = frozenset({"__main__", "cli", "race_table", "progress_bars", "terminal"})
_CELL_PX, _ROW_PX, _BOX_PX, _LABEL_PX = 128, 84, 116, 36


def module_imports(package: Path = PACKAGE) -> dict[str, set[str]]:
    """Return for every module the modules of the package it imports, at the top or in a function.

    Imports for types alone do not count: they are gone when the program runs.

    Examples
    --------
    >>> sorted(module_imports()["balloonkit.wire.ring"])
    []
    """
    paths = {_name(path, package): path for path in sorted(package.rglob("*.py"))}
    trees = {name: ast.parse(path.read_text()) for name, path in paths.items()}
    return {
        name: {known for found in _imported(tree) if (known := _known(found, paths))} - {name}
        for name, tree in trees.items()
    }


def _name(path: Path, package: Path) -> str:
    parts = path.relative_to(package.parent).with_suffix("").parts
    return ".".join(parts).removesuffix(".__init__")


def _imported(node: ast.AST) -> Iterator[str]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        if isinstance(child, ast.Import):
            yield from (alias.name for alias in child.names)
        elif isinstance(child, ast.ImportFrom) and child.module:
            yield from (f"{child.module}.{alias.name}" for alias in child.names)
        yield from _imported(child)


def _known(name: str, modules: Mapping[str, Path]) -> str | None:
    """Return the module `name` is or lies in."""
    if name in modules:
        return name
    module = name.rpartition(".")[0]
    return module if module in modules and module != "balloonkit" else None


def room_imports(package: Path = PACKAGE) -> dict[str, set[str]]:
    """Return for every room the rooms it imports.

    Examples
    --------
    >>> sorted(room_imports()["wire"])
    ['events']
    """
    rooms: dict[str, set[str]] = defaultdict(set)
    for module, imported in module_imports(package).items():
        if (room := _room(module)) not in _DOORS | {""}:
            rooms[room] |= {_room(name) for name in imported} - {room, ""} - _DOORS
    return dict(rooms)


def _room(module: str) -> str:
    return ".".join(module.split(".")[1:2])


def floors(imports: Mapping[str, set[str]]) -> list[list[str]]:
    """Put every room one floor above the highest it imports, lowest floor first.

    Raises
    ------
    ValueError
        If rooms import each other in a circle.

    Examples
    --------
    >>> floors({"roof": {"wall"}, "wall": {"ground"}, "door": {"ground"}, "ground": set()})
    [['ground'], ['door', 'wall'], ['roof']]
    """
    placed: dict[str, int] = {}
    while len(placed) < len(imports):
        ready = [
            room
            for room in sorted(imports)
            if room not in placed and imports[room] <= placed.keys()
        ]
        if not ready:
            raise ValueError(f"a circle among {sorted(imports.keys() - placed.keys())}")
        level = {room: max((placed[r] + 1 for r in imports[room]), default=0) for room in ready}
        placed |= level
    rows: list[list[str]] = [[] for _ in range(max(placed.values()) + 1)]
    for room in sorted(placed):
        rows[placed[room]].append(room)
    return rows


def _direct(imports: Mapping[str, set[str]]) -> dict[str, set[str]]:
    """Leave out what a room imports by way of another: the fewest arrows that say the same."""
    below: dict[str, set[str]] = {}
    for row in floors(imports):
        for room in row:
            below[room] = set(imports[room]).union(*(below[r] for r in imports[room]))
    return {
        room: {r for r in imported if not any(r in below[other] for other in imported)}
        for room, imported in imports.items()
    }


def _in_line(imports: Mapping[str, set[str]]) -> list[list[str]]:
    """Order each floor by where the rooms lie that it uses, so that fewer arrows cross."""
    direct, place = _direct(imports), dict[str, float]()
    rows = []
    for row in floors(imports):
        middle = {room: [place[below] for below in sorted(direct[room])] for room in row}
        row = sorted(row, key=lambda room: (sum(middle[room]) / len(middle[room] or [0]), room))
        place |= {room: k - len(row) / 2 for k, room in enumerate(row)}
        rows.append(row)
    return rows


def house_table(imports: Mapping[str, set[str]]) -> str:
    """Return the house as a Markdown table, top floor first: the text twin of `house_svg`.

    Examples
    --------
    >>> print(house_table({"roof": {"wall"}, "wall": set()}))
    | floor | room | imports |
    |---|---|---|
    | 1 | `roof` | `wall` |
    | 0 | `wall` | nothing |
    """
    lines = ["| floor | room | imports |", "|---|---|---|"]
    for floor, row in reversed(list(enumerate(floors(imports)))):
        for room in row:
            named = ", ".join(f"`{r}`" for r in sorted(imports[room])) or "nothing"
            lines.append(f"| {floor} | `{room}` | {named} |")
    return "\n".join(lines)


def house_svg(imports: Mapping[str, set[str]]) -> str:
    """Draw the house: floors of rooms, and an arrow to each room below that is used directly.

    Examples
    --------
    >>> house_svg({"roof": {"wall"}, "wall": set()}).count("<line")
    1
    """
    rows = _in_line(imports)
    width = max(map(len, rows)) * _CELL_PX
    top = {room: (len(rows) - 1 - k) * _ROW_PX + 8 for k, row in enumerate(rows) for room in row}
    left = {
        room: (width - len(row) * _CELL_PX) / 2 + k * _CELL_PX + (_CELL_PX - _BOX_PX) / 2
        for row in rows
        for k, room in enumerate(row)
    }
    arrows = [
        f'<line x1="{left[a] + _BOX_PX / 2:.0f}" y1="{top[a] + _LABEL_PX}" '
        f'x2="{left[b] + _BOX_PX / 2:.0f}" y2="{top[b] - 2}"/>'
        for a, direct in sorted(_direct(imports).items())
        for b in sorted(direct)
    ]
    boxes = [
        f'<rect x="{left[room]:.0f}" y="{top[room]}" width="{_BOX_PX}" height="{_LABEL_PX}" '
        f'rx="5"/>'
        f'<text x="{left[room] + _BOX_PX / 2:.0f}" y="{top[room] + 23}">{room}</text>'
        for room in sorted(imports)
    ]
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} '
            f'{len(rows) * _ROW_PX - _ROW_PX + _LABEL_PX + 16}" role="img">',
            "<title>The rooms of balloonkit and what each imports</title>",
            "<style>rect{fill:#fff;stroke:#0072b2;stroke-width:1.5}"
            "text{font:13px sans-serif;text-anchor:middle;fill:#111}"
            "line{stroke:#767676;marker-end:url(#tip)}</style>",
            '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" '
            'markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8z" fill="#767676"/></marker>'
            "</defs>",
            '<rect width="100%" height="100%" style="fill:#fff;stroke:none"/>',
            *arrows,
            *boxes,
            "</svg>\n",
        )
    )


def _redraw() -> None:
    imports = room_imports()
    PICTURE.write_text(house_svg(imports))
    page = PICTURE.parents[1] / "house.md"
    before, _, rest = page.read_text().partition("| floor |")
    after = rest.partition("\n\n")[2]
    page.write_text(f"{before}{house_table(imports)}\n\n{after}")


if __name__ == "__main__":
    _redraw()
