"""Take away what people, mail programs and loggers leave around a kernel's text.

Quote marks, time stamps, ``kernel:``, escaped line ends, tags and colours go; nothing that could be
a figure is touched. Which lines were of use is kept, so that a reader can say what it ignored.
"""

import quopri
import re
from bisect import bisect_right

__all__ = ["MAX_TEXT_BYTES", "CleanText", "TextError"]

#: Longest text that is read: some hundred thousand lines of a kernel log.
MAX_TEXT_BYTES = 32 << 20

_BREAKS = re.compile(r"\r\n|\r|\\r\\n|\\n|\\x0[aA]|#012|<br\s*/?>|[\v\f\x85\u2028\u2029]")
_SPACES = re.compile(r"\\t|#011|&nbsp;|[\t\x22\u00a0\u2007\u202f\u3000]")
_NOTHING = re.compile(
    r"\x1b\[[0-9;?]*[A-Za-z]|</?(?:pre|code|em|i|b|p|tt|div|span|li)\b[^>\n]*>"
    r"|[\u200b-\u200d\ufeff\x00-\x08\x0e-\x1f`]"
)
# Quoted-printable, as mail arrives raw: each "=" is a soft line end or begins a code.
_MAIL_CODES = re.compile(r"=(?:[0-9A-F]{2}|\r?\n)")
# A row folded right before its sum ends like that as well, and is none of mail's codes.
_FOLDED_SUM = re.compile(r"kB(?: \([A-Z]+\))? =\r?\n")
# Two rows on one line: mail programs join lines as well as fold them.
_JOINED = re.compile(r"(?<=\S) +(?=Node\s+\d+\s*,\s*zone\b)")

_PREFIXES = re.compile(
    r"""\s*(?:
      >(?=[\s>\[A-Za-z]|$)\s?                                  # a quote, never the ">" of ">100000"
    | [|\u00bb+](?=\s|$)                                       # other quotes, table edges, diffs
    | <\d{1,3}>                                                # a log level
    | \[[^\]\n]{1,40}\]                                        # time since boot, date, CPU, thread
    | \w+\s*:\s*\w+\s*:(?=\s*\[)                               # dmesg -x
    | \d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d\S*                     # a date
    | [A-Z][a-z]{2}\s+(?:[A-Z][a-z]{2}\s+)?\d{1,2}\s+\d\d:\d\d:\d\d(?:\.\d+)?(?:\s+\d{4})?
    | \d\d:\d\d:\d\d(?:\.\d+)?(?=\s)
    | (?:[\w.-]+\s+)?kernel(?:\[\d+\])?:                       # a host's name and the facility
    )""",
    re.VERBOSE,
)


class TextError(ValueError):
    """A text that tells nothing about a machine's free memory, or contradicts itself."""


class CleanText:
    """A text without its noise, which remembers the lines that were of use.

    Attributes
    ----------
    text : str
        Lines joined by line feeds.
    lines : list of str
    notes : list of str
        What had to be replaced to read it at all.

    Examples
    --------
    >>> CleanText(b"> [  12.5] Node 0 DMA: 1*4kB\\x0a> next").lines
    ['Node 0 DMA: 1*4kB', 'next']
    """

    def __init__(self, data: bytes | str) -> None:
        self.notes: list[str] = []
        if len(data) > MAX_TEXT_BYTES:
            raise TextError(
                f"text of {len(data):,} bytes: at most {MAX_TEXT_BYTES:,} are read; cut out the "
                "part about memory"
            )
        text = data if isinstance(data, str) else self._decode(data)
        raw_mail = _MAIL_CODES.search(text) and "=" not in _MAIL_CODES.sub("", text)
        if raw_mail and not _FOLDED_SUM.search(text):
            plain = quopri.decodestring(text.encode("utf-8", "replace"))
            text = plain.decode("utf-8", "replace")
        text = _BREAKS.sub("\n", text)
        for pattern, instead in ((_SPACES, " "), (_NOTHING, ""), (_JOINED, "\n")):
            text = pattern.sub(instead, text)
        text = text.replace("&gt;", ">").replace("&lt;", "<").replace("&amp;", "&")
        self.lines = [_without_prefixes(line) for line in text.split("\n")]
        self.text = "\n".join(self.lines)
        self._starts = [0]
        for line in self.lines:
            self._starts.append(self._starts[-1] + len(line) + 1)
        self._used: set[int] = set()

    def _decode(self, data: bytes) -> str:
        if data.startswith((b"\xff\xfe", b"\xfe\xff")):
            return data.decode("utf-16", "replace")
        text = data.decode("utf-8", "replace")
        broken = text.count("\ufffd")
        if broken:
            self.notes.append(f"{broken:,} byte(s) that are no text were skipped")
        return text

    def use_line(self, number: int) -> None:
        """Remember that a line, counted from 0, was of use."""
        self._used.add(number)

    def use_span(self, start: int, end: int) -> None:
        """Remember that the lines of a piece of `text` were of use."""
        first = bisect_right(self._starts, start) - 1
        last = bisect_right(self._starts, max(end - 1, start)) - 1
        self._used.update(range(first, last + 1))

    def ignored(self) -> list[str]:
        """Return the lines that hold something and were of no use."""
        return [
            line
            for number, line in enumerate(self.lines)
            if line.strip() and number not in self._used
        ]


def _without_prefixes(line: str) -> str:
    end = 0
    while found := _PREFIXES.match(line, end):
        end = found.end()
    return line[end:].rstrip().removesuffix("\\").strip()
