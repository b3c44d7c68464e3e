"""The reference: a page for each package, made of its docstrings by Sphinx's autodoc.

An object is described once, where it is defined; a package's page says what else it offers.
"""

from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from types import ModuleType

import balloonkit

__all__ = ["public_objects", "write_reference"]


def public_objects() -> dict[str, list[str]]:
    """Return what each module of the package defines for others to use, by module.

    Examples
    --------
    >>> public_objects()["balloonkit.ram_layout"]
    ['HIGH_RAM_GPA', 'PRESETS', 'RamRange', 'parse_ram', 'pfn_span', 'ram_layout', 'with_dimms']
    >>> public_objects()["balloonkit"]  # all of it comes from below
    []
    """
    modules = _modules()
    return {name: _own(name, modules) for name in modules}


def write_reference(folder: Path) -> None:
    """Write a page for each package into `folder`, for Sphinx to read."""
    folder.mkdir(parents=True, exist_ok=True)
    modules = _modules()
    for package in modules:
        if not hasattr(modules[package], "__path__"):
            continue
        sections = [_section(package, "=", modules)]
        for name, module in modules.items():
            if name.rpartition(".")[0] == package and not hasattr(module, "__path__"):
                sections.append(_section(name, "-", modules))
        (folder / f"{package}.rst").write_text("\n".join(sections), encoding="utf-8")


def _modules() -> dict[str, ModuleType]:
    found = walk_packages(balloonkit.__path__, "balloonkit.")
    names = ["balloonkit", *(module.name for module in found)]
    return {name: import_module(name) for name in sorted(names)}


def _section(name: str, underline: str, modules: dict[str, ModuleType]) -> str:
    lines = [name, underline * len(name), "", f".. automodule:: {name}"]
    if own := _own(name, modules):
        lines.append(f"   :members: {', '.join(own)}")
    if offered := _from_below(name, modules):
        links = (f":py:obj:`{short} <{owner}.{short}>`" for short, owner in offered.items())
        lines += ["", f"To be imported from here: {', '.join(links)}."]
    return "\n".join(lines) + "\n"


def _own(name: str, modules: dict[str, ModuleType]) -> list[str]:
    offered = _from_below(name, modules)
    public = (short for short in getattr(modules[name], "__all__", []) if short[:2] != "__")
    return [short for short in public if short not in offered]


def _from_below(name: str, modules: dict[str, ModuleType]) -> dict[str, str]:
    """Return what a package offers from its own modules, and which of them defines it."""
    package = modules[name]
    owners: dict[str, str] = {}
    for below, module in modules.items():
        if below.startswith(f"{name}."):
            shared = set(getattr(package, "__all__", [])) & set(getattr(module, "__all__", []))
            same = (short for short in shared if getattr(module, short) is getattr(package, short))
            owners |= dict.fromkeys(sorted(same), below)  # the last is the deepest
    return owners
