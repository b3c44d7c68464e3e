"""Fuzzing a real kernel's driver: the kit's is sound, and a fault put into its source is found."""

import pytest

from balloonkit.fuzz import fuzz
from balloonkit.live import LiveGuest, RefusedError
from balloonkit.live.driver.build import SOURCES
from balloonkit.live.fuzz import KernelDriven


def test_the_kits_driver_in_a_kernel_is_sound(with_driver):
    with_driver.run("rm -rf /age/* /kept")
    rounds = list(fuzz(KernelDriven(with_driver), rounds=6, seed=2))
    assert [one.damage for one in rounds] == [""] * 6
    assert all(one.sound for one in rounds)
    assert sum(len(one.taken_pfns) for one in rounds) > 1000


def test_the_stock_driver_cannot_be_fuzzed(booted):
    with pytest.raises(RefusedError, match="driver='chunks'"):
        KernelDriven(booted)


@pytest.mark.slow
def test_a_fault_put_into_the_drivers_source_is_found(driver_built, tmp_path):
    """Each run is told a page short, as the posted code did with the last one (B3)."""
    sources = []
    for path in SOURCES:
        text = path.read_text()
        if path.name == "chunks.c":
            sound = "add_run(t, base + start, end - start)"
            assert text.count(sound) == 1
            text = text.replace(sound, "add_run(t, base + start, end - start - 1)")
        sources.append(tmp_path / path.name)
        sources[-1].write_text(text)
    with LiveGuest("128MiB", driver="chunks", sources=tuple(sources), progress=False) as guest:
        rounds = list(fuzz(KernelDriven(guest), rounds=2, seed=2))
    assert not any(one.sound for one in rounds)
    assert sum(len(one.lost_pfns) for one in rounds) > 0
    assert not any(len(one.corrupted_pfns) for one in rounds)
    assert "stays at" in rounds[0].damage  # a page whose run became empty is never told
