"""Traces by hand, for tests of whatever reads a trace: a small allocator that keeps its own truth.

Each comes with the truth after every step, copied from the generator's own books, so that a reader
is checked against something that never applied a change list.
"""

import random

from trace_recorder import CHUNKS, CLASSIC, COUNTERS, STAGES, Recorder

__all__ = ["CHUNKS", "CLASSIC", "sample_trace"]


def sample_trace(
    pages=64,
    inflate=20,
    path=CHUNKS,
    seed=7,
    scale=1,
    order=0,
    used=0.2,
    hole=None,
    there_and_back=False,
):
    """Return (trace, truth); truth[k + 1] is the state after step k, truth[0] the start.

    There and back: pages come from a stock, an entry is refused, the pages come back, a reset.
    """
    rng = random.Random(seed)
    taken = {0} | {p for p in range(pages) if rng.random() < used / (1 << order)}
    zones = [["DMA32", 0, pages // 2], ["Normal", pages // 2, pages]]
    r = Recorder(pages, zones, taken, hole or (pages, pages), scale)
    pfns = []
    while there_and_back and len(pfns) < inflate:
        pfns.append(r.take_from_stock())
    while len(pfns) < inflate and (pfn := r.take(order)) is not None:
        pfns += range(pfn, pfn + (1 << order))
    if path == CHUNKS:
        bits, most = 16 if pages <= 512 else 262144, 1 if pages == 64 else 32
        r.mark_and_pack(pfns, bits, most, refused=there_and_back)
    else:
        r.tell_classic(pfns)
    if there_and_back:
        r.deflate(pfns)
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
        "stages": STAGES,
        "steps": r.steps,
    }
    return trace, r.truth
