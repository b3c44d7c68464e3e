"""Traces by hand, for tests of whatever reads a trace: a small allocator that keeps its own truth.

Each comes with the truth after every step, copied from the generator's own books, so that a reader
is checked against something that never applied a change list.
"""

import copy
import random

CLASSIC, CHUNKS = "classic", "chunks"
COUNTERS = ["pages", "messages", "bytes", "translations", "releases"]


class Recorder:
    """A guest, a host and a wire in plain Python, and the steps told so far."""

    def __init__(self, pages, zones, used, hole, scale):
        self.zones, self.scale = zones, scale
        self.pages = [2] * pages
        for pfn in used:
            self.pages[pfn] = 1
        for pfn in range(*hole):
            self.pages[pfn] = 0
        self.lists = [[[] for _ in range(11)] for _ in zones]
        for z, (_, first, end) in enumerate(zones):
            pfn = first
            while pfn < end:
                order = 10
                while order and (
                    pfn % (1 << order)
                    or pfn + (1 << order) > end
                    or any(s != 2 for s in self.pages[pfn : pfn + (1 << order)])
                ):
                    order -= 1
                if self.pages[pfn] == 2:
                    self.lists[z][order].append(pfn)
                pfn += 1 << order
        below, above = hole[0] * scale, hole[1] * scale
        end = pages * scale
        self.regions = [[0, below, 0]] + ([[above, end - above, below]] if above < end else [])
        self.host = [1] * sum(length for _, length, _ in self.regions)
        self.bitmap, self.bits, self.entries, self.message = None, [], [], None
        self.counters = dict.fromkeys(COUNTERS, 0)
        self.initial_lists, self.initial_pages = copy.deepcopy(self.lists), list(self.pages)
        self.steps, self.truth = [], []
        self.snapshot()

    def snapshot(self):
        state = {key: list(getattr(self, key)) for key in ("pages", "bits", "entries", "host")}
        state |= {"message": self.message, "bitmap": self.bitmap}
        state |= {"counters": list(self.counters.values())}
        self.truth.append(state | {"lists": copy.deepcopy(self.lists)})

    def tell(self, kind, base, pages, why, **changes):
        counters = list(self.counters.values())
        head = {"kind": kind, "base": base, "pages": pages, "why": why}
        self.steps.append(head | changes | {"counters": counters})
        self.snapshot()

    def take(self, order):
        """Allocate one block of `order`, Normal first; return its PFN or None."""
        for z in reversed(range(len(self.zones))):
            for o in range(order, 11):
                if self.lists[z][o]:
                    break
            else:
                continue
            pfn = self.lists[z][o].pop(0)
            changes = [["-", z, o, pfn]]
            if o > order:
                upper = []
                for lower in range(o - 1, order - 1, -1):
                    half = pfn + (1 << lower)
                    self.lists[z][lower].insert(0, half)
                    upper.append(["+", z, lower, half])
                # the block we take stays listed for one step, so that the split can be seen
                self.lists[z][order].insert(0, pfn)
                upper.append(["+", z, order, pfn])
                why = (
                    f"The lowest order with a free block in zone {self.zones[z][0]} is {o}: split "
                    f"PFN {pfn} to order {order}, upper halves go to the heads of their lists."
                )
                self.tell("split", pfn, 1 << o, why, lists=changes + upper)
                self.lists[z][order].pop(0)
                changes = [["-", z, order, pfn]]
            self.pages[pfn : pfn + (1 << order)] = [3] * (1 << order)
            self.counters["pages"] += (1 << order) * self.scale
            why = f"Take the head of order {order} in zone {self.zones[z][0]}: PFN {pfn}."
            self.tell("take", pfn, 1 << order, why, lists=changes, state=[[pfn, 1 << order, 3]])
            return pfn
        return None

    def send(self, words, length):
        data = b"".join(word.to_bytes(length, "little") for word in words)
        self.counters["messages"] += 1
        self.counters["bytes"] += len(data)
        n = self.counters["messages"]
        message = {"hex": data.hex(), "bytes": len(data), "desc": 0, "avail": n, "used": n - 1}
        self.message = message
        self.tell("send", 0, 0, f"Send {len(data)} bytes and kick the host.", message=message)
        for base, size in self.entries:
            self.release(base, size)
        self.message, self.entries = message | {"used": n}, []
        self.tell("ack", 0, 0, "The host returns the buffer: the guest may go on.",
                  message=self.message, clear=True)  # fmt: skip

    def release(self, base, size):
        first = base // self.scale
        pages = -(-(base + size) // self.scale) - first
        for gpa, length, host in self.regions:
            low, high = max(base, gpa), min(base + size, gpa + length)
            if low >= high:
                continue
            at = host + low - gpa
            self.counters["translations"] += 1
            self.tell("translate", first, pages, f"Guest page {low} is host page {at}.",
                      ranges=[[low, high - low, at]])  # fmt: skip
            self.host[at : at + high - low] = [0] * (high - low)
            self.counters["releases"] += 1
            self.tell("release", first, pages, f"One madvise call for {high - low} pages.",
                      host=[[at, high - low, 0]])  # fmt: skip

    def mark_and_pack(self, pfns, bits, most):
        pfns = sorted(pfns)
        while pfns:
            base, count = pfns[0], min(most, -(-(pfns[-1] + 1 - pfns[0]) // bits))
            here = [pfn for pfn in pfns if pfn < base + bits * count]
            pfns = pfns[len(here) :]
            self.bitmap = {"base": base, "bits": bits, "count": count, "max": most}
            self.bits = [0] * min(bits * count, len(self.pages) - base)
            why = f"Lay {count} bitmaps from PFN {base}."
            self.tell("round", base, bits * count, why, bitmap=self.bitmap)
            self.pack_round(here, base)
        words = [len(self.entries)] + [v << 12 for entry in self.entries for v in entry]
        self.send(words, 8)

    def pack_round(self, pfns, base):
        run = []
        for pfn in [*pfns, None]:
            if run and pfn != run[-1] + 1:
                first, n = run[0], len(run)
                bit = first - base
                self.bits[bit : bit + n] = [1] * n
                self.tell("mark", first, n, f"Set the bits of PFN {first} to {first + n - 1}.",
                          bits=[[bit, n]])  # fmt: skip
                index, entry = len(self.entries), (first * self.scale, n * self.scale)
                self.entries.append(entry)
                self.tell("chunk", first, n, f"{n} ones in a row: chunk {index} is {entry}.",
                          entries=[[index, *entry]])  # fmt: skip
                run = []
            run.append(pfn)

    def tell_classic(self, pfns):
        for start in range(0, len(pfns), 256):
            for pfn in pfns[start : start + 256]:
                entries = []
                for k in range(self.scale):
                    entries.append([len(self.entries), pfn * self.scale + k, 1])
                    self.entries.append((pfn * self.scale + k, 1))
                self.tell("pfn", pfn, 1, f"Write PFN {pfn} into the array.", entries=entries)
            self.send([base for base, _ in self.entries], 4)


def sample_trace(pages=64, inflate=20, path=CHUNKS, seed=7, scale=1, order=0, used=0.2, hole=None):
    """Return (trace, truth); truth[k + 1] is the state after step k, truth[0] the start."""
    rng = random.Random(seed)
    taken = {0} | {p for p in range(pages) if rng.random() < used / (1 << order)}
    zones = [["DMA32", 0, pages // 2], ["Normal", pages // 2, pages]]
    r = Recorder(pages, zones, taken, hole or (pages, pages), scale)
    pfns = []
    while len(pfns) < inflate and (pfn := r.take(order)) is not None:
        pfns += range(pfn, pfn + (1 << order))
    if path == CHUNKS:
        r.mark_and_pack(pfns, 16 if pages <= 512 else 262144, 1 if pages == 64 else 32)
    else:
        r.tell_classic(pfns)
    runs = []
    for code in r.initial_pages:
        if runs and runs[-1][0] == code:
            runs[-1][1] += 1
        else:
            runs.append([code, 1])
    trace = {
        "title": f"Inflate {inflate} of {pages} pages, {path} path",
        "code": f"seed={seed} pages={pages}",
        "page_kib": 4 * scale,
        "span": pages,
        "zones": zones,
        "initial": {
            "pages": runs,
            "lists": r.initial_lists,
            "stock": [[] for _ in zones],
            "host": [[1, len(r.host)]],
        },
        "format": path,
        "entry": "chunk" if path == CHUNKS else "PFN",
        "max_entries": 2047 if path == CHUNKS else 256,
        "regions": r.regions,
        "scale": scale,
        "counters": COUNTERS,
        "steps": r.steps,
    }
    return trace, r.truth
