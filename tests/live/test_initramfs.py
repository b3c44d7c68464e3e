"""The archive the kernel unpacks."""

import subprocess

from balloonkit.live.initramfs import Entry, build_initramfs, newc_archive


def test_an_entry_is_the_header_the_kernel_documents_then_name_and_data_padded_to_four():
    archive = newc_archive([Entry("abc", 0o100644, b"hello")])
    fields = "070701" + "00000001" + "000081a4" + "00000000" * 2 + "00000001" + "00000000"
    fields += "00000005" + "00000000" * 4 + "00000004" + "00000000"
    assert archive.startswith(fields.encode() + b"abc\0" + b"\0\0" + b"hello\0\0\0" + b"070701")
    assert archive.rstrip(b"\0").endswith(b"TRAILER!!!")
    assert len(archive) % 4 == 0


def test_modules_load_in_the_order_given(assets):
    disk = build_initramfs(b"#!", {"zeta": b"1", "alpha": b"22"})
    listing = (
        subprocess.run([assets.busybox, "cpio", "-t"], input=disk, capture_output=True, check=True)
        .stdout.decode()
        .split()
    )
    assert listing[-2:] == ["modules/00-zeta.ko", "modules/01-alpha.ko"]
    assert "init" in listing
