"""The protocol client against a QEMU of our own making: whatever it says is said on."""

import socket

import pytest

from balloonkit.host.qemu.qtest import QtestClient, QtestError, read_command


@pytest.fixture
def ends():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield QtestClient(ours), theirs


def test_answers_come_back_in_the_order_of_the_commands(ends):
    client, qemu = ends
    qemu.sendall(b"OK 0x1\nOK\nOK 0x3\n")
    assert client.ask_all(["readb 0x1", "writeb 0x2 0x3", "readb 0x3"]) == [1, 0, 3]
    assert qemu.recv(100) == b"readb 0x1\nwriteb 0x2 0x3\nreadb 0x3\n"


def test_interrupt_lines_between_answers_are_no_answers(ends):
    client, qemu = ends
    qemu.sendall(b"IRQ raise 1\nOK 0x7\n")
    assert client.ask(read_command(0x10, 8)) == 7
    assert qemu.recv(100) == b"readq 0x10\n"


def test_a_refused_command_is_shown_with_the_answer(ends):
    client, qemu = ends
    qemu.sendall(b"FAIL Unknown command 'clock_step'\n")
    with pytest.raises(QtestError, match=r"'clock_step'.*FAIL Unknown command"):
        client.ask("clock_step")


def test_a_qemu_that_goes_away_is_an_error(ends):
    client, qemu = ends
    qemu.close()
    with pytest.raises(QtestError, match="QEMU is gone"):
        client.ask("readb 0x0")


def test_a_thousand_commands_do_not_block(host):
    qtest = host.device.qtest
    qtest.ask_all([f"writeb {0x200000 + n:#x} {n & 255}" for n in range(1000)])
    read = qtest.ask_all([f"readb {0x200000 + n:#x}" for n in range(1000)])
    assert read == [n & 255 for n in range(1000)]
