"""The text twin: word for word what the player shows."""

from sample_traces import sample_trace
from text_sections import section

from balloonkit.lab.player.text import text_twin
from balloonkit.lab.view.palette import PAGE_LOOKS
from balloonkit.trace import START


def test_text_twin_says_what_the_generator_kept_in_its_own_books():
    trace, truth = sample_trace(64, 12, hole=(24, 32), used=0.1)
    names = [look.label for look in PAGE_LOOKS]
    for step in range(START, len(trace["steps"])):
        text, expected = text_twin(trace, step), truth[step + 1]
        pages = []
        for line in section(text, "Guest memory"):
            _, first, _, last, length, _, name = line.split(maxsplit=6)
            assert int(last) - int(first) + 1 == int(length)
            pages += [names.index(name)] * int(length)
        assert pages == expected["pages"]
        lists = [[[] for _ in range(11)] for _ in trace["zones"]]
        zones = [zone for zone, _, _ in trace["zones"]]
        for line in section(text, "Free lists"):
            if "stock" in line:
                continue
            head, bases = line.split(" free: ")
            zone, _, order, count = head.split()
            lists[zones.index(zone)][int(order)] = [int(base) for base in bases.split()]
            assert len(bases.split()) == int(count)
        assert lists == expected["lists"]
        counters = [int(line.split()[1].replace(",", "")) for line in section(text, "Counters")]
        assert counters == expected["counters"]
        entries = section(text, "Message buffer")
        assert len([line for line in entries if "chunk" in line]) == len(expected["entries"])


def test_text_twin_spells_a_chunk_as_two_shifted_words():
    trace, _ = sample_trace()
    step = next(k for k, s in enumerate(trace["steps"]) if s["kind"] == "chunk")
    [[index, base, size]] = trace["steps"][step]["entries"]
    [line] = section(text_twin(trace, step), "Message buffer")
    words = f"base 0x{base * 4096:016x}  size 0x{size * 4096:016x}"
    assert line == f"  chunk    {index}  ({base}, {size})  {words}"


def test_text_twin_lists_the_stock_and_says_what_was_refused_and_why():
    trace, truth = sample_trace(64, 12, there_and_back=True)
    kinds = [step["kind"] for step in trace["steps"]]
    seen = 0
    for step in range(len(kinds)):
        text, expected = text_twin(trace, step), truth[step + 1]
        stock = {zone: [] for zone, _, _ in trace["zones"]}
        for line in section(text, "Free lists"):
            zone, what, *_ = line.split()
            if what == "stock":
                stock[zone] = [int(pfn) for pfn in line.split(" pages: ")[1].split()]
        assert list(stock.values()) == expected["stock"]
        seen += any(map(bool, expected["stock"]))
        refused = [line for line in section(text, "Virtqueue") if "refused" in line]
        assert len(refused) == len(expected["reject"])
    assert seen > 10
    first = kinds.index("refuse")
    last_entry = len(truth[first + 1]["entries"]) - 1
    assert section(text_twin(trace, first + 1), "Virtqueue")[:2] == [
        f"  refused: entry {last_entry}, an entry nobody <asked> for: outside registered RAM",
        "  refused: the whole message, an entry nobody <asked> for: outside registered RAM",
    ]


def test_text_twin_names_the_entries_of_a_format_of_ones_own():
    trace, _ = sample_trace()
    step = next(k for k, s in enumerate(trace["steps"]) if s["kind"] == "chunk")
    [[index, base, size]] = trace["steps"][step]["entries"]
    text = text_twin(trace | {"format": "own", "entry": "run"}, step)
    assert section(text, "Message buffer") == [f"  run    {index}  ({base}, {size})"]


def test_text_twin_counts_what_it_does_not_list():
    trace, _ = sample_trace(4096, 800, order=2)
    lines = section(text_twin(trace, len(trace["steps"]) - 1), "Guest memory")
    assert len(lines) == 24
    assert int(lines[-1].split()[1]) > 100
