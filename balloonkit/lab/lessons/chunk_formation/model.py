"""Inputs of the chunk-formation lab, the traces they describe, and a short code that names them."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from zlib import crc32

import traitlets

from balloonkit.find import guest_of_paste
from balloonkit.guest import Guest
from balloonkit.trace import COUNTERS, trace_inflate
from balloonkit.wire import Format, PageBitmaps, PageChunks, PfnArray

__all__ = ["ChunkModel", "PathCounts"]

#: Words of a code, in this sequence; the first two are always said.
_INPUTS = (
    *("seed", "pages", "inflate", "fragmentation", "page_kib"),
    *("path", "bits", "buffer", "join", "blocks", "back"),
)
_TRUE_FALSE = {"yes": True, "no": False}


@dataclass(frozen=True)
class PathCounts:
    """What both paths counted for one guest.

    Attributes
    ----------
    code : str
        Names the guest.
    totals : dict of path to the counters of `balloonkit.trace`
    asked_bytes : int
        How much the guest was asked for.
    """

    code: str
    totals: dict[str, dict[str, int]]
    asked_bytes: int


class ChunkModel(traitlets.HasTraits):
    """A guest small enough to watch, and how its balloon is told.

    Examples
    --------
    >>> model = ChunkModel(seed=7, pages=64)
    >>> model.code
    'seed=7 pages=64'
    >>> model.restore("seed=3 pages=256 join=no step=12")
    12
    >>> model.code, model.join
    ('seed=3 pages=256 join=no', False)
    """

    seed = traitlets.Int(1, min=0, max=99)
    pages = traitlets.Enum((64, 256, 1024, 4096), 256)
    inflate = traitlets.Int(25, min=1, max=100)
    fragmentation = traitlets.Float(0.2, min=0, max=1)
    page_kib = traitlets.Enum((4, 16, 64), 4)
    path = traitlets.Enum(("chunks", "classic"), "chunks")
    bits = traitlets.Enum((64, 128, 256, 1024), 64)
    buffer = traitlets.Enum((16, 64, 256), 256)
    join = traitlets.Bool(True)
    blocks = traitlets.Bool(False)
    back = traitlets.Bool(False)
    machine = traitlets.Unicode()

    #: Names of the inputs.
    inputs = (*_INPUTS, "machine")

    @property
    def guest_pages(self) -> int:
        """All pages of the guest."""
        if not self.machine.strip():
            return int(self.pages)
        guest = _own_guest(self.machine, self.seed)
        return guest.size_bytes // guest.page_bytes

    @property
    def inflate_pages(self) -> int:
        """Guest pages asked for."""
        return max(self.guest_pages * self.inflate // 100, 1)

    @property
    def asked_bytes(self) -> int:
        """Bytes asked for."""
        own = self.machine.strip()
        page_bytes = _own_guest(self.machine, self.seed).page_bytes if own else self.page_kib << 10
        return self.inflate_pages * page_bytes

    @property
    def named(self) -> str:
        """What to call a machine of the learner's own, apart from every other one."""
        return f"your machine ({crc32(self.machine.encode()):08x})"

    def format(self, path: str) -> Format:
        """Return what the driver speaks on a path, with the inputs' bitmaps and buffer.

        A machine of the learner's own is told in messages and by bitmaps of the real size.
        """
        if self.machine.strip():
            return PfnArray() if path == "classic" else PageChunks(join=self.join)
        if path == "classic":
            return PfnArray(self.buffer)
        return PageChunks(self.buffer, self.join, PageBitmaps(bits=self.bits))

    @property
    def code(self) -> str:
        """Every input that is not at its default, as ``name=value``; seed and pages always."""
        defaults = _defaults()
        named = {
            name: getattr(self, name)
            for name in _INPUTS
            if name in _INPUTS[:2] or getattr(self, name) != defaults[name]
        }
        words = {True: "yes", False: "no"}
        return " ".join(
            f"{name}={words[value] if isinstance(value, bool) else value}"
            for name, value in named.items()
        )

    def restore(self, code: str) -> int | None:
        """Set the inputs a code names, the others to their defaults; return its step, if any.

        Raises
        ------
        ValueError
            If a word of the code is no input or its value is not allowed; nothing changes then.
        """
        values = _defaults()
        step = None
        for word in code.split():
            name, _, text = word.partition("=")
            if name == "step":
                step = None if text == "start" else _number(word, text, int)
            elif name in _INPUTS:
                values[name] = _read(word, text, _defaults()[name])
            else:
                raise ValueError(f"{word!r}: the inputs are {', '.join(_INPUTS)}, and step")
        try:
            ChunkModel(**values)
        except traitlets.TraitError as error:
            raise ValueError(str(error)) from error
        with self.hold_trait_notifications():
            for name in _INPUTS:
                setattr(self, name, values[name])
        return step

    def trace(self, path: str | None = None, back: bool | None = None) -> dict[str, Any]:
        """Return the trace of one path as plain data; what is not given is as chosen.

        Parameters
        ----------
        path : str, optional
            "chunks" or "classic".
        back : bool, optional
            Whether every page comes back afterwards.
        """
        back = self.back if back is None else back
        values = {name: getattr(self, name) for name in self.inputs if name != "path"}
        values["back"] = back
        code = f"{self.code} back=yes" if back and not self.back else self.code
        if self.machine.strip():
            code += f", {self.named}"
        return _trace(path or self.path, tuple(values.values())) | {"code": code}

    def totals(self, path: str) -> dict[str, int]:
        """Return the counters of one path's inflate, without the way back."""
        steps = self.trace(path, back=False)["steps"]
        return dict(zip(COUNTERS, steps[-1]["counters"], strict=True))

    def both(self) -> PathCounts:
        """Run both paths, and return what they count."""
        totals = {path: self.totals(path) for path in ("classic", "chunks")}
        named = self.named if self.machine.strip() else self.code
        return PathCounts(named, totals, self.asked_bytes)


def _defaults() -> dict[str, Any]:
    return {name: trait.default() for name, trait in ChunkModel.class_traits().items()}


@lru_cache(maxsize=1)
def _own_guest(machine: str, seed: int) -> Guest:
    return guest_of_paste(machine, seed)


@lru_cache(maxsize=8)
def _trace(path: str, values: tuple[Any, ...]) -> dict[str, Any]:
    names = (name for name in ChunkModel.inputs if name != "path")
    model = ChunkModel(path=path, **dict(zip(names, values, strict=True)))
    if model.machine.strip():
        guest = _own_guest(model.machine, model.seed).copy()
    else:
        guest = Guest.aged(
            model.pages * model.page_kib << 10,
            model.fragmentation,
            model.seed,
            page_bytes=model.page_kib << 10,
        )
    trace = trace_inflate(
        guest,
        model.inflate_pages,
        model.format(path),
        block_alloc=model.blocks,
        deflate=model.back,
    )
    return trace.as_dict()


def _read(word: str, text: str, default: Any) -> Any:
    if isinstance(default, bool):
        if text not in _TRUE_FALSE:
            raise ValueError(f"{word!r}: say yes or no")
        return _TRUE_FALSE[text]
    return text if isinstance(default, str) else _number(word, text, type(default))


def _number(word: str, text: str, kind: type[Any]) -> Any:
    try:
        return kind(text)
    except ValueError:
        raise ValueError(f"{word!r}: {text!r} is not a number") from None
