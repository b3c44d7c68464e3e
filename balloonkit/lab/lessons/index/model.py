"""What the landing page tells: the figures of 2017, and which versions run."""

from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from platform import python_version

from balloonkit.costs import CHUNKS_TOTAL_2017_S, CLASSIC_2017_S, Stages

__all__ = ["Published", "published", "versions"]

_PACKAGES = ("balloonkit", "numpy", "matplotlib", "ipywidgets", "anywidget", "jupyterlab")


@dataclass(frozen=True)
class Published:
    """The proposal's figures: the classic path by stage, chunks in seconds and all at once."""

    classic: Stages
    chunks_s: float


def published() -> Published:
    """Return the figures of 2017."""
    return Published(CLASSIC_2017_S, CHUNKS_TOTAL_2017_S)


def versions() -> dict[str, str]:
    """Return the version of Python and of each package that matters here.

    Examples
    --------
    >>> list(versions())[:2]
    ['Python', 'balloonkit']
    """
    return {"Python": python_version()} | {package: _version(package) for package in _PACKAGES}


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
