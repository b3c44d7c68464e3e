"""Glue the browser's modules into one for each widget, so that nobody needs a build step.

A module keeps its names to itself: what it exports becomes one object, and an import takes its
names from there. So two modules may use the same name for different things.
"""

import re
from functools import cache
from pathlib import Path

__all__ = ["bundle", "styles"]

_FOLDER = Path(__file__).parent
_IMPORT = re.compile(r'^import \{([^}]*)\} from "\./(\w+)\.js";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function|const|class) (\w+))", re.MULTILINE)
_COMMENT = re.compile(r"^ *(?://.*|/\*\*(?s:.*?)\*/)\n", re.MULTILINE)
_OTHER = re.compile(r"^(?:import|export)\b.*", re.MULTILINE)


@cache
def bundle(entry: str, folder: Path = _FOLDER) -> str:
    """Return a module and all it imports as one ES module without imports.

    Raises
    ------
    ValueError
        If modules import each other in a circle, or one writes an import or an export in a way
        that is not understood here: the answer would be wrong in silence.

    Examples
    --------
    >>> "\\nimport " in bundle("meter"), "\\nexport default makeWidget(" in bundle("meter")
    (False, True)
    """
    glued: dict[str, str] = {}

    def read(name: str, importers: tuple[str, ...]) -> str:
        if name in importers:
            raise ValueError(f"a circle of imports: {' > '.join([*importers, name])}")
        source = _COMMENT.sub("", (folder / f"{name}.js").read_text())
        for _, other in _IMPORT.findall(source):
            if other not in glued:
                glued[other] = _scoped(other, read(other, (*importers, name)))
        source = _IMPORT.sub(lambda match: _taken(match[1], match[2]), source)
        known = "" if importers else "export default "
        if strange := _OTHER.search(_EXPORT.sub("", source).replace(known, "")):
            raise ValueError(f"{name}.js: {strange[0]!r} is not understood; see bundle.py")
        return source

    last = read(entry, ())
    return "".join([*glued.values(), last])


def _scoped(name: str, source: str) -> str:
    exported = ", ".join(_EXPORT.findall(source))
    return f"const ${name} = (() => {{\n{_EXPORT.sub('', source)}return {{ {exported} }};\n}})();\n"


def _taken(names: str, module: str) -> str:
    return f"const {{{names.replace(' as ', ': ')}}} = ${module};\n"


def styles(*names: str) -> str:
    """Return the named style sheets as one, after the colours and fonts they share.

    Examples
    --------
    >>> ".balloonkit-meter" in styles("meter")
    True
    """
    return "\n".join((_FOLDER / f"{name}.css").read_text() for name in ("tokens", *names))
