"""Finding a kernel's modules, however a distribution packs them."""

import gzip
import lzma
import shutil
import subprocess
from dataclasses import replace

import pytest

from balloonkit.live import LiveGuest, MissingPackageError, boot
from balloonkit.live.assets import Assets, _newest_kernel, kernel_of, read_module

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


def package(folder, name, files):
    """Build a package of empty files, as Debian's tools do."""
    root = folder / "root" / name
    (root / "DEBIAN").mkdir(parents=True)
    (root / "DEBIAN" / "control").write_text(
        f"Package: {name}\nVersion: 7.2.13-1\nArchitecture: amd64\n"
        "Maintainer: test <test@example.org>\nDescription: test\n"
    )
    for file in files:
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).write_text(f"{file} of {name}")
    built = folder / f"{name}_7.2.13-1_amd64.deb"
    subprocess.run(["dpkg-deb", "--build", "-Znone", root, built], check=True, capture_output=True)
    return built


MODULES = "usr/lib/modules/7.2.13-cloud"
NAMES = ("virtio", "virtio_ring", "virtio_pci", "virtio_console", "virtio_balloon")
FILES = [f"{MODULES}/kernel/drivers/virtio/{name}.ko.xz" for name in NAMES]


@pytest.mark.skipif(shutil.which("dpkg-deb") is None, reason="no dpkg-deb: not on Debian")
def test_a_kernel_in_pieces_is_put_together_from_the_packages_beside_the_one_named(tmp_path):
    binary = package(tmp_path, "linux-binary-7.2.13-cloud", [f"{MODULES}/vmlinuz"])
    package(tmp_path, "linux-modules-7.2.13-cloud", FILES)
    package(tmp_path, "linux-base-7.2.13-cloud", [f"{MODULES}/modules.builtin"])
    package(tmp_path, "linux-modules-7.2.13-other", [f"{MODULES}/kernel/drivers/virtio/no.ko"])

    kernel, modules = kernel_of(binary, tmp_path / "cache")

    assert kernel.read_text() == f"{MODULES}/vmlinuz of linux-binary-7.2.13-cloud"
    assert modules.keys() == set(NAMES)
    assert Assets(kernel, kernel, kernel, modules).release == "7.2.13-cloud"
    assert not list((tmp_path / "cache").rglob("no.ko"))
    assert kernel_of(kernel.parents[4], tmp_path) == (kernel, modules)  # the unpacked folder


@pytest.mark.skipif(shutil.which("dpkg-deb") is None, reason="no dpkg-deb: not on Debian")
@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda folder: folder / "missing.deb", "no such file or folder"),
        (lambda folder: folder, "no kernel with virtio modules in it"),
        (
            lambda folder: package(folder, "linux-binary-x", [f"{MODULES}/vmlinuz"]),
            "virtio_balloon",
        ),
        (lambda folder: _write(folder / "text.deb"), "no Debian package"),
        (lambda folder: _write(folder / "vmlinuz"), "no package; give a linux-image"),
    ],
)
def test_what_holds_no_whole_kernel_is_refused_with_what_was_looked_for(tmp_path, make, said):
    with pytest.raises(MissingPackageError, match=said):
        kernel_of(make(tmp_path), tmp_path / "cache")


def _write(path):
    path.write_bytes(b"not a package" * 1000)
    return path


@pytest.mark.skipif(shutil.which("zstd") is None, reason="no zstd: apt-get install zstd")
def test_a_guest_boots_with_modules_packed_as_ubuntu_packs_them(assets, tmp_path, monkeypatch):
    packed = {}
    for name, path in assets.modules.items():
        plain = tmp_path / f"{name}.ko"
        plain.write_bytes(read_module(path))
        packed[name] = pack(plain, ".zst")
    monkeypatch.setattr(boot, "find_assets", lambda kernel: replace(assets, modules=packed))

    with LiveGuest("128MiB") as booted:
        loaded = booted.run("lsmod")

    assert {line.split()[0] for line in loaded.splitlines()} >= set(packed)
