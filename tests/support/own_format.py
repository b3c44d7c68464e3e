"""A message format as a learner would write it, for tests in several folders."""

from balloonkit.wire import Format


class Pairs(Format):
    """Runs of up to 255 pages, five bytes each."""

    name = "runs of up to 255 pages"
    entry = "run"
    max_entries = 40

    def entries(self, pfns):
        runs = super().entries(pfns).tolist()
        return [(b + k, min(255, n - k)) for b, n in runs for k in range(0, n, 255)]

    def encode(self, entries):
        return b"".join(b.to_bytes(4, "little") + bytes([n]) for b, n in entries.tolist())

    def decode(self, data):
        if len(data) % 5:
            raise ValueError(f"{len(data)} bytes are no whole entries")
        parts = (data[at : at + 5] for at in range(0, len(data), 5))
        return [(int.from_bytes(part[:4], "little"), part[4]) for part in parts]
