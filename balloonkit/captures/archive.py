"""Open an ``.npz`` file that anyone may have sent: every size is known before anything is unpacked.

A few megabytes can unpack to gigabytes, and a header can claim what the data does not hold. So the
headers inside the archive are read first, one field at a time, and a field is unpacked only after
its owner has agreed to its type and shape.
"""

import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import numpy as np
from numpy.typing import NDArray

__all__ = ["Archive", "ArchiveError", "Header"]

#: More fields than any capture has.
_MAX_FIELDS = 64
#: NumPy's own headers take 128 bytes; longer ones are no array's.
_MAX_HEADER_BYTES = 4096
#: Characters of a text field: a page of ``/proc`` for each of many zones.
_MAX_TEXT_CHARACTERS = 1 << 20
_STEP_BYTES = 1 << 20


class ArchiveError(ValueError):
    """A field of the archive is damaged, or not what it should be; the text names it."""


@dataclass(frozen=True)
class Header:
    """What a field says it holds.

    Attributes
    ----------
    dtype : numpy.dtype
    shape : tuple of int
    """

    dtype: np.dtype[Any]
    shape: tuple[int, ...]

    @property
    def items(self) -> int:
        """Count the elements."""
        items = 1
        for length in self.shape:
            items *= length
        return items

    @property
    def size_bytes(self) -> int:
        """Return the bytes of the data."""
        return self.items * self.dtype.itemsize


class Archive:
    """The fields of one ``.npz`` file.

    Parameters
    ----------
    path : Path

    Raises
    ------
    ArchiveError
        If it is no archive.
    OSError
        If it cannot be read.

    Examples
    --------
    >>> from balloonkit.captures import SHIPPED
    >>> with Archive(Path(__file__).with_name(f"{SHIPPED[2]}.npz")) as archive:
    ...     archive.header("kpageflags_before_codes").shape
    (262144,)
    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb")
        try:
            self._zip = zipfile.ZipFile(self._file)
            members = self._zip.infolist()
            if len(members) > _MAX_FIELDS:
                raise ArchiveError(f"{len(members)} fields: a capture has at most {_MAX_FIELDS}")
            self._members = {member.filename.removesuffix(".npy"): member for member in members}
            if len(self._members) < len(members):
                raise ArchiveError("a field is there twice")
        except BaseException as error:
            self._file.close()
            if isinstance(error, _DAMAGE):
                raise ArchiveError(f"it is no .npz archive ({error})") from error
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._zip.close()
        self._file.close()

    def __contains__(self, key: str) -> bool:
        return key in self._members

    def header(self, key: str) -> Header:
        """Return what a field says it holds; unpacks nothing else."""
        try:
            with self._zip.open(self._members[key]) as stream:
                return self._header(key, stream)
        except _DAMAGE as error:
            raise ArchiveError(f"{key}: damaged ({error})") from error

    def text(self, key: str) -> str:
        """Return a text field.

        Raises
        ------
        ArchiveError
            If it holds no text, or more than any text of ``/proc``.
        """
        header = self.header(key)
        if header.dtype.kind != "U" or header.shape != ():
            raise ArchiveError(f"{key}: {header.dtype} of shape {header.shape}, not one text")
        if header.size_bytes > 4 * _MAX_TEXT_CHARACTERS:
            raise ArchiveError(
                f"{key}: a text of {header.size_bytes // 4:,} characters, at most "
                f"{_MAX_TEXT_CHARACTERS:,} are read"
            )
        try:
            return str(self.array(key, header))
        except ValueError as error:  # a damaged character is above U+10FFFF
            raise ArchiveError(f"{key}: damaged ({error})") from error

    def array(self, key: str, header: Header) -> NDArray[Any]:
        """Unpack a field whose header was agreed to."""
        try:
            with self._zip.open(self._members[key]) as stream:
                if self._header(key, stream) != header:
                    raise ArchiveError(f"{key}: changed while it was read")
                data = np.empty(header.shape, header.dtype)
                self._fill(key, stream, data.reshape(-1).view(np.uint8) if header.items else None)
        except _DAMAGE as error:
            raise ArchiveError(f"{key}: damaged ({error})") from error
        return data

    def _fill(self, key: str, stream: IO[bytes], data: NDArray[np.uint8] | None) -> None:
        done, room = 0, memoryview(b"") if data is None else data.data
        while done < len(room):
            part = stream.read(min(_STEP_BYTES, len(room) - done))
            if not part:
                raise ArchiveError(f"{key}: ends after {done:,} of {len(room):,} bytes")
            room[done : done + len(part)] = part
            done += len(part)
        if stream.read(1):
            raise ArchiveError(f"{key}: holds more than the {len(room):,} bytes it says")

    def _header(self, key: str, stream: IO[bytes]) -> Header:
        version = np.lib.format.read_magic(stream)
        if version not in ((1, 0), (2, 0)):
            raise ArchiveError(f"{key}: array format {version}, this reads 1.0 and 2.0")
        read = (
            np.lib.format.read_array_header_1_0
            if version == (1, 0)
            else np.lib.format.read_array_header_2_0
        )
        shape, fortran_order, dtype = read(stream, max_header_size=_MAX_HEADER_BYTES)
        if dtype.hasobject or dtype.kind not in "uiU" or dtype.byteorder == ">":
            raise ArchiveError(f"{key}: elements of type {dtype}, not numbers or text")
        if fortran_order and len(shape) > 1:
            raise ArchiveError(f"{key}: stored column by column")
        return Header(dtype, shape)


_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,  # a compression or an encryption zipfile does not know
    RuntimeError,  # encrypted
    UnicodeDecodeError,
    OverflowError,
    SyntaxError,
    ValueError,
    TypeError,
    KeyError,
    MemoryError,
)
