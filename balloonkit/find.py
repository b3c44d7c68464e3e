"""What a person means who names a guest or a format: on the command line, in a cell, in a lab."""

import base64
import sys
import tempfile
from importlib import import_module
from pathlib import Path

from balloonkit.captures import NEWER, SHIPPED, Capture, CaptureError, load_capture
from balloonkit.captures.texts import MAX_TEXT_BYTES, read_texts
from balloonkit.guest import Guest
from balloonkit.guest.replayed import ReplayedGuest
from balloonkit.look.model import guest_of_reading
from balloonkit.predict import guest_of
from balloonkit.ram_layout import parse_ram
from balloonkit.units import format_size, parse_size
from balloonkit.wire import Format

__all__ = ["BINARY_MARK", "capture_of_paste", "find_format", "find_guest", "guest_of_paste"]

#: Begins what stands for a file's bytes where only text can go; base64 follows.
BINARY_MARK = "data:application/octet-stream;base64,"
_LEAST_GUEST_BYTES = 1 << 20


def find_guest(source: str, ram: str | None = None, replay: bool = False) -> Guest:
    """Return the guest a person means: a capture, a text about a machine, or a size.

    Parameters
    ----------
    source : str
        A shipped capture's name, a file (``.npz``, or a text as `balloonkit look` reads it), or a
        size.
    ram : str, optional
        Where a modelled guest has its RAM, see `balloonkit.ram_layout.parse_ram`; by default as on
        q35.
    replay : bool
        Of a capture: give the very pages its driver sent, in its order.

    Raises
    ------
    ValueError
        If it is none of these; the text says what there is to choose from.

    Examples
    --------
    >>> find_guest("8GiB").name
    '8 GiB idle'
    """
    if ram is not None and (source in SHIPPED + NEWER or Path(source).is_file()):
        raise ValueError(f"RAM layout {ram}: {source} says itself where its RAM lies")
    if replay:
        return _replayed(source)
    if source in SHIPPED + NEWER or source.endswith(".npz"):
        return guest_of(load_capture(source))
    if Path(source).is_file():
        with Path(source).open("rb") as file:
            if file.read(2) == b"PK":
                return guest_of(load_capture(source))
            file.seek(0)
            reading = read_texts(file.read(MAX_TEXT_BYTES + 1))
        return guest_of_reading(reading, f"{Path(source).name}, places drawn")
    try:
        size_bytes = parse_size(source)
    except ValueError as error:
        raise ValueError(
            f"guest {source[:40]!r}: give a capture ({', '.join(SHIPPED + NEWER)}), a .npz file, a "
            f"text about a machine, or a size ({error})"
        ) from error
    if 0 < size_bytes < _LEAST_GUEST_BYTES:
        unit = "; a number without a unit is bytes" if source.strip().isdigit() else ""
        raise ValueError(f"guest {source!r}: {format_size(size_bytes)} is no guest's RAM{unit}")
    ranges = parse_ram(ram or "q35", size_bytes)
    return Guest.idle(sum(part_bytes for _, part_bytes in ranges), ram=ranges)


def guest_of_paste(paste: str, seed: int = 0) -> Guest:
    """Return the guest of a text about a machine, or of a capture given as bytes.

    Parameters
    ----------
    paste : str
        A text as `balloonkit look` reads it, or `BINARY_MARK` and a capture in base64.
    seed : int
        Draws where the blocks of a text lie.

    Raises
    ------
    ValueError
        If it tells of no guest.

    Examples
    --------
    >>> guest_of_paste("Node 0, zone Normal 9 0 1 0 0 0 0 0 0 0 4", seed=3).name
    'pasted text, places drawn by seed 3'
    """
    if paste.startswith(BINARY_MARK):
        return guest_of(capture_of_paste(paste))
    return guest_of_reading(read_texts(paste), f"pasted text, places drawn by seed {seed}", seed)


def capture_of_paste(paste: str) -> Capture:
    """Return the capture whose bytes were given; see `guest_of_paste`.

    Raises
    ------
    ValueError
        If it is none, such as a text: that tells how many blocks there are, and not which pages.

    Examples
    --------
    >>> capture_of_paste("Node 0, zone Normal 9 0 1")
    Traceback (most recent call last):
    balloonkit.captures.capture.CaptureError: a text names no pages: give a capture, a .npz file
    """
    if not paste.startswith(BINARY_MARK):
        raise CaptureError("a text names no pages: give a capture, a .npz file")
    try:
        data = base64.b64decode(paste.removeprefix(BINARY_MARK), validate=True)
    except ValueError as error:
        raise CaptureError(f"the file arrived damaged ({error}): choose it again") from error
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "your capture.npz")
        path.write_bytes(data)
        return load_capture(path)


def _replayed(source: str) -> ReplayedGuest:
    if source not in SHIPPED + NEWER and not Path(source).is_file():
        raise ValueError(
            f"guest {source[:40]!r}: only a capture can be replayed, one of "
            f"{', '.join(SHIPPED + NEWER)} or a .npz file"
        )
    capture = load_capture(source)
    return ReplayedGuest(guest_of(capture), capture.inflate_pfns)


def find_format(source: str) -> Format:
    """Return the format a person means by ``FILE.py:CLASS``, for a class without parameters.

    Raises
    ------
    ValueError
        If there is none.

    Examples
    --------
    >>> find_format("mine.py:Mine")
    Traceback (most recent call last):
    ValueError: format 'mine.py:Mine': no file mine.py
    """
    file, _, name = source.rpartition(":")
    path = Path(file).resolve()
    if path.suffix != ".py" or not name:
        raise ValueError(f"format {source!r}: give FILE.py:CLASS")
    if not path.is_file():
        raise ValueError(f"format {source!r}: no file {file}")
    sys.path.append(str(path.parent))  # where a device in its own process finds it too
    module = import_module(path.stem)
    if Path(module.__file__ or "").resolve() != path:
        raise ValueError(f"format {source!r}: {path.stem} is {module.__file__}; rename your file")
    kind = getattr(module, name, None)
    if not (isinstance(kind, type) and issubclass(kind, Format)):
        raise ValueError(f"format {source!r}: {name} is {kind!r}; give a class derived from Format")
    return kind()
