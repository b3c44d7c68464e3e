"""Finding a kernel's modules, however a distribution packs them."""

import gzip
import lzma
import shutil
import subprocess
from dataclasses import replace

import pytest

from balloonkit.live import LiveGuest, MissingPackageError, boot
from balloonkit.live.assets import _newest_kernel, read_module

MODULE = b"\x7fELF" + bytes(range(256)) * 64


def pack(path, suffix):
    if suffix == ".zst":
        if shutil.which("zstd") is None:
            pytest.skip("no zstd: apt-get install zstd")
        subprocess.run(["zstd", "-q", "-19", "-o", f"{path}.zst", path], check=True)
    else:
        packer = {".xz": lzma.compress, ".gz": gzip.compress, "": bytes}[suffix]
        path.with_name(path.name + suffix).write_bytes(packer(path.read_bytes()))
    return path.with_name(path.name + suffix)


@pytest.mark.parametrize("suffix", ["", ".gz", ".xz", ".zst"])
def test_a_module_is_unpacked_from_every_packing_a_distribution_uses(tmp_path, suffix):
    plain = tmp_path / "virtio.ko"
    plain.write_bytes(MODULE)

    assert read_module(pack(plain, suffix)) == MODULE


def test_a_module_that_cannot_be_unpacked_names_the_package(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(MissingPackageError, match="apt-get install zstd"):
        read_module(tmp_path / "virtio.ko.zst")


def test_a_kernel_with_packed_modules_is_found_whole(tmp_path):
    (tmp_path / "boot").mkdir()
    (tmp_path / "boot" / "vmlinuz-6.8.0-49-generic").touch()
    folder = tmp_path / "lib/modules/6.8.0-49-generic/kernel/drivers/virtio"
    folder.mkdir(parents=True)
    names = {"virtio", "virtio_ring", "virtio_pci", "virtio_console", "virtio_balloon"}
    for name in names:
        (folder / f"{name}.ko.zst").touch()

    kernel, modules = _newest_kernel(tmp_path)

    assert kernel.name == "vmlinuz-6.8.0-49-generic"
    assert modules.keys() == names


@pytest.mark.skipif(shutil.which("zstd") is None, reason="no zstd: apt-get install zstd")
def test_a_guest_boots_with_modules_packed_as_ubuntu_packs_them(assets, tmp_path, monkeypatch):
    packed = {}
    for name, path in assets.modules.items():
        plain = tmp_path / f"{name}.ko"
        plain.write_bytes(read_module(path))
        packed[name] = pack(plain, ".zst")
    monkeypatch.setattr(boot, "find_assets", lambda: replace(assets, modules=packed))

    with LiveGuest("128MiB") as booted:
        loaded = booted.run("lsmod")

    assert {line.split()[0] for line in loaded.splitlines()} >= set(packed)
