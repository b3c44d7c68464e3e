"""Where an 8 GiB guest may have its RAM: what lesson 3 offers."""

from balloonkit.ram_layout import RamRange, ram_layout, with_dimms

__all__ = ["LAYOUTS", "LAYOUT_NAMES"]

#: Machines that leave 2 or 3 GiB below the hole, one with memory plugged in later, above the rest,
#: and two banks that touch.
LAYOUTS = {
    "q35": ram_layout(8 << 30),
    "pc": ram_layout(8 << 30, "pc"),
    "plugged": with_dimms(ram_layout(7 << 30), [1 << 30]),
    "touching": (RamRange(0, 4 << 30), RamRange(4 << 30, 4 << 30)),
}
#: What a menu calls them.
LAYOUT_NAMES = (
    ("2 GiB below the hole (QEMU q35)", "q35"),
    ("3 GiB below it (QEMU pc, Firecracker, Cloud Hypervisor)", "pc"),
    ("q35 with 7 GiB, and 1 GiB plugged in", "plugged"),
    ("touching regions", "touching"),
)
