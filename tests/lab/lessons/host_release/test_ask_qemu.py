"""Lesson 3 asks the real QEMU; what was recorded for where there is none is what QEMU says."""

import pytest
from child_processes import children

from balloonkit.host.qemu import NoEmulatorError, find_qemu, qemu_version
from balloonkit.lab import ReleaseLab
from balloonkit.lab.lessons.host_release import ask_qemu as release_qemu
from balloonkit.lab.lessons.host_release.ask_qemu import (
    CHAINS,
    HOST_KIB,
    PAGES,
    QemuModel,
    ask_qemu,
)

EVERY = [
    {"chain": chain, "pages": pages, "host_kib": host_kib}
    for chain in CHAINS
    for pages in PAGES
    for host_kib in HOST_KIB
]


@pytest.fixture
def no_qemu(monkeypatch):
    def missing(setup):
        raise NoEmulatorError("no program qemu-system-x86_64: apt-get install qemu-system-x86")

    monkeypatch.setattr(release_qemu, "QemuSide", missing)


@pytest.fixture(scope="module")
def qemu_7_2():
    try:
        version = qemu_version(find_qemu())
    except NoEmulatorError as error:
        pytest.skip(str(error))
    if not version.startswith("7.2."):
        pytest.skip(f"recorded with 7.2, here is {version}")


def test_every_recorded_answer_is_what_qemu_says(qemu_7_2):
    asked = [ask_qemu(QemuModel(**message)) for message in EVERY]
    small = [m["host_kib"] == 4 for m in EVERY]
    assert all(not answer.recorded for answer, here in zip(asked, small, strict=True) if here)
    for message, answer in zip(EVERY, asked, strict=True):
        recorded = release_qemu._recorded_answer(QemuModel(**message), answer.kit, "a test")
        assert (recorded.qemu, recorded.differs()) == (answer.qemu, answer.differs())


@pytest.mark.parametrize("message", EVERY, ids=lambda m: "-".join(map(str, m.values())))
def test_every_message_has_a_recorded_answer_and_each_difference_a_reason(no_qemu, message):
    model = QemuModel(**message)
    answer = ask_qemu(model)
    assert answer.recorded.startswith("no program qemu-system-x86_64")
    assert answer.version == "7.2.22"
    assert bool(answer.why) == bool(answer.differs())


def test_plain_messages_agree(no_qemu):
    for message in EVERY:
        if message["chain"] in ("one", "direct", "indirect"):
            answer = ask_qemu(QemuModel(**message))
            assert answer.differs() == ""
            whole = message["host_kib"] == 4 or message["pages"] == 512
            assert len(answer.qemu.released) == (message["pages"] if whole else 0)


def test_a_2_mib_page_goes_in_one_message_and_never_in_two(no_qemu):
    one, two = (ask_qemu(QemuModel(pages=512, host_kib=2048, chain=c)) for c in ("one", "halves"))
    assert len(one.qemu.released) == len(one.kit.released) == len(two.kit.released) == 512
    assert two.qemu.released == ()


def test_the_view_shows_both_answers_and_where_they_come_from(no_qemu, cells):
    lab = ReleaseLab()
    view = lab.ask_qemu()
    assert view.caption.startswith("Both do the same: 8 pages released. QEMU's answer is RECORDED")
    assert [pane["title"] for pane in view.panes] == ["This kit's device", "QEMU 7.2.22, RECORDED"]
    lab.qemu_model.chain = "mixed"
    assert cells(view)["pages released"] == ["8: 0x200+8", "6: 0x0, 0x10, 0x200+4"]
    assert cells(view)["released unasked"] == ["0", "2: 0x0, 0x10"]
    lab.qemu_model.chain = "own"
    assert cells(view)["named, kept"] == ["0", "9"]
    assert "They differ: this kit's device releases 9 pages, QEMU 1." in view.caption
    assert not view.error


def test_an_answer_just_asked_says_so_and_leaves_no_process(qemu_7_2):
    before = children()
    view = ReleaseLab().ask_qemu()
    assert "RECORDED" not in view.caption
    assert children() == before


def test_without_huge_pages_that_is_the_reason(monkeypatch):
    def none(setup):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(release_qemu, "QemuSide", none)
    answer = ask_qemu(QemuModel(pages=512, host_kib=2048))
    assert answer.recorded == "no host pages of 2 MiB here (No space left on device)"
