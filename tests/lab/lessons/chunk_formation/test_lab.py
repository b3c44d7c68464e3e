"""The chunk lab: one model, its code, both traces, and the players that follow."""

import pytest

from balloonkit.guest import Guest
from balloonkit.guest.driver import BalloonDriver
from balloonkit.lab import ChunkLab
from balloonkit.lab.lessons.chunk_formation.model import ChunkModel
from balloonkit.trace import state_at


@pytest.mark.parametrize(
    "inputs",
    [
        {"pages": 64},
        {"pages": 256, "fragmentation": 1.0, "buffer": 16, "seed": 3},
        {"pages": 1024, "inflate": 50, "join": False, "bits": 128},
        {"pages": 256, "page_kib": 64, "blocks": True},
        {"pages": 4096, "fragmentation": 0.5, "page_kib": 16},
    ],
)
def test_counts_are_those_of_the_driver(inputs):
    model = ChunkModel(**inputs)
    for path in ("chunks", "classic"):
        guest = Guest.aged(
            model.pages * model.page_kib << 10,
            model.fragmentation,
            model.seed,
            page_bytes=model.page_kib << 10,
        )
        sent = BalloonDriver(
            guest,
            model.format(path),
            lambda queue, message: None,
            block_alloc=model.blocks,
        ).fill(model.inflate_pages * guest.page_bytes // 4096)
        totals = model.totals(path)
        assert totals["pages"] == sent.pages
        assert totals["messages"] == sent.messages
        assert totals["bytes"] == sent.bytes
        assert totals["translations"] == totals["releases"] == sent.entries


def test_the_code_names_what_is_not_default_and_brings_it_back():
    model = ChunkModel(seed=7, pages=64, fragmentation=0.45, join=False, path="classic")
    code = model.code
    assert code == "seed=7 pages=64 fragmentation=0.45 path=classic join=no"
    other = ChunkModel(bits=128)
    assert other.restore(f"{code} step=31") == 31
    assert other.code == code
    assert other.bits == 64


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("seed=x", "'x' is not a number"),
        ("colour=red", "the inputs are seed, pages"),
        ("join=maybe", "say yes or no"),
        ("pages=65", "65"),
    ],
)
def test_a_code_that_cannot_be_read_says_why_and_changes_nothing(code, words):
    model = ChunkModel(seed=7)
    with pytest.raises(ValueError, match=words):
        model.restore(f"bits=128 {code}")
    assert model.code == "seed=7 pages=256"


def test_a_state_is_restored_at_its_step():
    bench = ChunkLab("seed=7 pages=64 step=31").bench()
    player = bench.parts[1]
    assert player.step == 31
    assert player.code == "seed=7 pages=64 step=31"


def test_restore_moves_controls_and_player():
    lab = ChunkLab()
    view, player = lab.bench().parts
    lab.restore("seed=3 pages=64 path=classic step=5")
    assert view.values["seed"] == 3
    assert player.trace["format"] == "classic"
    assert player.code == "seed=3 pages=64 path=classic step=5"


def test_each_verb_starts_at_its_stage():
    lab = ChunkLab("pages=64")
    steps = lab.model.trace()["steps"]
    assert steps[lab.guest().step]["kind"] in ("split", "take")
    assert steps[lab.pack().step]["kind"] == "round"
    assert steps[lab.release().step]["kind"] == "send"


@pytest.mark.parametrize("code", ["", "path=classic", "path=classic buffer=16 inflate=60"])
def test_deflate_begins_after_the_inflate_and_brings_back_the_same_pages_last_told_first(code):
    lab = ChunkLab(f"seed=7 pages=64 {code}")
    player = lab.deflate()
    steps = player.trace["steps"]
    before = len(lab.model.trace()["steps"])
    assert player.step == before
    assert steps[:before] == lab.model.trace()["steps"]
    kinds = [step["kind"] for step in steps]
    taken = [step["base"] for step in steps[:before] if step["kind"] == "take"]
    back = [step["base"] for step in steps if step["kind"] == "back"]
    assert sorted(back) == sorted(taken)
    told = [step["base"] for step in steps[:before] if step["kind"] == "pfn"]
    assert back == (told or taken[::-1])[::-1]
    last_ack = len(kinds) - 1 - kinds[::-1].index("ack")
    acks = [k for k, kind in enumerate(kinds) if kind == "ack" and k >= before]
    assert before < acks[0] < kinds.index("back")
    first_touch = kinds.index("touch")
    assert last_ack < first_touch
    released = (state_at(player.trace, before - 1).host == 0).sum()
    assert (state_at(player.trace, first_touch - 1).host == 0).sum() == released > 0
    assert (state_at(player.trace, len(steps) - 1).host == 0).sum() == 0


def test_the_players_code_of_a_deflate_brings_that_state_back():
    lab = ChunkLab("seed=7 pages=64")
    player = lab.deflate()
    assert player.code == f"seed=7 pages=64 back=yes step={player.step}"
    _, other = lab.bench().parts
    lab.restore(player.code)
    assert other.code == player.code
    assert other.trace["steps"] == player.trace["steps"]


def test_the_way_back_is_not_counted_where_both_paths_are_compared():
    there, back = ChunkModel(pages=64), ChunkModel(pages=64, back=True)
    for path in ("chunks", "classic"):
        assert there.totals(path) == back.totals(path)


def test_restore_leaves_the_players_of_single_stages_where_they_are():
    lab = ChunkLab("seed=7 pages=64")
    player = lab.pack()
    before = player.step
    lab.bench()
    lab.restore("seed=7 pages=64 step=31")
    assert player.step == before


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("pages", 1024),
        ("inflate", 60),
        ("fragmentation", 0.8),
        ("seed", 9),
        ("path", "classic"),
        ("bits", 256),
        ("join", False),
        ("buffer", 16),
        ("page_kib", 16),
        ("blocks", True),
        ("back", True),
    ],
)
def test_every_control_makes_the_trace_anew_and_sends_it_once(name, value):
    lab = ChunkLab()
    view, player = lab.bench().parts
    sent = []
    player.observe(sent.append, "_data")
    before = player.trace
    setattr(lab.model, name, value)
    assert not view.error
    assert view.values[name] == value
    assert player.trace is not before
    assert player.trace["code"] == lab.model.code
    assert len(sent) == 1


def test_paths_stand_beside_each_other_and_differ_only_where_they_should(cells):
    view = ChunkLab("pages=64 fragmentation=0 inflate=50").compare()
    table = cells(view)
    assert table["4 KiB pages"][0] == table["4 KiB pages"][1] == "32"
    assert table["madvise calls"][0] == "32"
    assert int(table["madvise calls"][1]) < 4


def test_a_checkerboard_makes_a_chunk_of_every_page(cells):
    table = cells(ChunkLab("fragmentation=1.0").compare())
    assert table["translations"][0] == table["translations"][1] == table["4 KiB pages"][1]


def test_a_guest_that_runs_dry_says_so():
    assert "no more to give" in ChunkLab("inflate=100").compare().caption


def test_a_trace_of_4096_pages_stays_under_100_kb():
    from balloonkit.lab.player.player import pack

    trace = ChunkModel(pages=4096, inflate=100, fragmentation=0.5).trace()
    assert len(trace["steps"]) > 200
    assert len(pack(trace)) < 100_000


def test_live_and_static_halves_are_in_one_output():
    bundle, _ = ChunkLab("pages=64").bench()._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in bundle
    assert bundle["text/html"].count("data:image/png;base64,") == 2
    assert "Guest memory" in bundle["text/plain"]


@pytest.mark.parametrize(
    ("task", "classic", "chunks"),
    [
        ("inflate=25", {"pages": 16}, {"releases": 7}),
        ("fragmentation=0.0 inflate=50", {"pages": 32}, {"releases": 3}),
        ("fragmentation=1.0 inflate=50", {"bytes": 116}, {"releases": 29, "bytes": 472}),
        ("pages=256 fragmentation=0.0 inflate=100 join=no", {}, {"releases": 5}),
        ("pages=256 fragmentation=0.0 inflate=100 join=no bits=256", {}, {"releases": 3}),
        ("pages=256 inflate=50 buffer=16", {"messages": 8}, {"messages": 2}),
        ("page_kib=64 inflate=50", {"translations": 512}, {"translations": 5}),
        ("blocks=yes", {"pages": 16}, {"releases": 1}),
    ],
)
def test_the_tasks_of_the_notebook_come_out_as_it_says(task, classic, chunks):
    model = ChunkModel()
    model.restore(f"seed=7 pages=64 {task}")
    for path, stated in (("classic", classic), ("chunks", chunks)):
        assert stated.items() <= model.totals(path).items()


def test_the_bench_takes_a_machine_of_ones_own():
    lab = ChunkLab()
    view, player = lab.bench().children
    lab.model.machine = "Node 0, zone   Normal      9      0      1" + 7 * "      0" + "      4"
    assert view.error == ""
    assert "your machine" in view.caption
    assert player.trace["title"].startswith("Inflate") or "pasted text" in player.trace["title"]
    shown = player.trace["code"]
    lab.model.machine = "Node 0, zone   Normal      9      0      2" + 7 * "      0" + "      4"
    assert player.trace["code"] != shown
    lab.model.machine = "slow"
    assert "give buddyinfo" in view.error
    lab.model.machine = ""
    assert view.error == ""
    assert player.trace["code"] == lab.model.code
