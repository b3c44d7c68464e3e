"""Keeps a run's books by hand, apart from everything that is tested."""

import copy

CLASSIC, CHUNKS = "classic", "chunks"
COUNTERS = ["pages", "messages", "bytes", "translations", "releases", "refused"]
STAGES = {
    **{"split": "allocate", "refill": "allocate", "take": "allocate", "back": "allocate"},
    **{"round": "send", "mark": "send", "chunk": "send", "pfn": "send", "send": "send"},
    **{"ack": "send", "translate": "translate", "refuse": "translate", "release": "release"},
    **{"drain": "allocate", "touch": "release", "reset": "send"},
}
BATCH = 3  # pages that fill the stock at once


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
        self.stock, self.reject = [[] for _ in zones], []
        self.counters = dict.fromkeys(COUNTERS, 0)
        self.initial_lists, self.initial_pages = copy.deepcopy(self.lists), list(self.pages)
        self.steps, self.truth = [], []
        self.snapshot()

    def snapshot(self):
        state = {
            key: list(getattr(self, key)) for key in ("pages", "bits", "entries", "host", "reject")
        }
        state |= {"message": self.message, "bitmap": self.bitmap}
        state |= {"counters": list(self.counters.values())}
        state |= {"stock": copy.deepcopy(self.stock)}
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

    def refill(self):
        """Fill the stock of the first zone, from below, that has pages; return the zone."""
        z = next(z for z in reversed(range(len(self.zones))) if any(self.lists[z]))
        changes, drawn = [], []
        while len(drawn) < BATCH and any(self.lists[z]):
            order = next(o for o in range(11) if self.lists[z][o])
            pfn = self.lists[z][order].pop(0)
            if ["+", z, order, pfn] in changes:
                changes.remove(["+", z, order, pfn])
            else:
                changes.append(["-", z, order, pfn])
            for lower in range(order - 1, -1, -1):
                self.lists[z][lower].insert(0, pfn + (1 << lower))
                changes.append(["+", z, lower, pfn + (1 << lower)])
            drawn.append(pfn)
        self.stock[z] += drawn
        self.tell("refill", min(drawn), max(drawn) + 1 - min(drawn), "The stock is empty.",
                  lists=changes, stock=[["t", z, drawn]])  # fmt: skip
        return z

    def take_from_stock(self):
        z = next((z for z, pages in enumerate(self.stock) if pages), None)
        z = self.refill() if z is None else z
        pfn = self.stock[z].pop(0)
        self.pages[pfn] = 3
        self.counters["pages"] += self.scale
        self.tell("take", pfn, 1, f"Take the stock's head: PFN {pfn}.",
                  stock=[["-", z, [pfn]]], state=[[pfn, 1, 3]])  # fmt: skip
        return pfn

    def deflate(self, pfns):
        """Give pages back, newest first: a message, the stock, its oldest to the lists' tails."""
        back = pfns[::-1]
        for pfn in back:
            for k in range(self.scale):
                self.entries.append((pfn * self.scale + k, 1))
        n = self.counters["messages"] = self.counters["messages"] + 1
        data = b"".join(base.to_bytes(4, "little") for base, _ in self.entries)
        self.counters["bytes"] += len(data)
        message = {"queue": 1, "hex": data.hex(), "bytes": len(data), "desc": 1, "avail": n}
        self.message, self.reject = message | {"used": n - 1}, []
        self.tell("send", 0, 0, "Send what comes back.", message=self.message,
                  entries=[[k, *entry] for k, entry in enumerate(self.entries)])  # fmt: skip
        self.message, self.entries = message | {"used": n}, []
        self.tell("ack", 0, 0, "Now they may be used.", message=self.message, clear=True)
        zone_of = [z for z, (_, first, end) in enumerate(self.zones) for _ in range(first, end)]
        for z in range(len(self.zones)):
            here = [pfn for pfn in back if zone_of[pfn] == z]
            if not here:
                continue
            for pfn in here:
                self.stock[z].insert(0, pfn)
                self.pages[pfn] = 2
            self.tell("back", min(here), max(here) + 1 - min(here), "The newest is on top.",
                      stock=[["+", z, here]], state=[[pfn, 1, 2] for pfn in here])  # fmt: skip
            oldest = self.stock[z][-2:]
            del self.stock[z][-2:]
            self.lists[z][0] += oldest
            self.tell("drain", min(oldest), max(oldest) + 1 - min(oldest), "Too many in stock.",
                      stock=[["-", z, oldest]],
                      lists=[["t", z, 0, pfn] for pfn in oldest])  # fmt: skip
        touched = []
        for gpa, length, host in self.regions:
            for pfn in back:
                low = pfn * self.scale
                if gpa <= low < gpa + length:
                    at = host + low - gpa
                    self.host[at : at + self.scale] = [1] * self.scale
                    touched.append([at, self.scale, 1])
        self.tell("touch", min(back), max(back) + 1 - min(back), "Memory again.", host=touched)
        self.message, self.reject = None, []
        self.tell("reset", 0, 0, "The device forgets.", message=None, clear=True)

    def refuse(self):
        """Refuse the message's last entry, and then the whole of it."""
        for entry in (len(self.entries) - 1, None):
            new = [[entry, "outside registered RAM", "an entry nobody <asked> for"]]
            self.reject = self.reject + new
            self.counters["refused"] += 1
            self.tell("refuse", 0, 0, "Refused.", reject=new)

    def send(self, words, length, refused=False):
        data = b"".join(word.to_bytes(length, "little") for word in words)
        self.counters["messages"] += 1
        self.counters["bytes"] += len(data)
        n = self.counters["messages"]
        message = {"queue": 0, "hex": data.hex(), "bytes": len(data), "desc": 0, "avail": n}
        message |= {"used": n - 1}
        self.message, self.reject = message, []
        self.tell("send", 0, 0, f"Send {len(data)} bytes and kick the host.", message=message)
        for base, size in self.entries[: -1 if refused else None]:
            self.release(base, size)
        if refused:
            self.refuse()
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

    def mark_and_pack(self, pfns, bits, most, refused=False):
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
        self.send(words, 8, refused)

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
