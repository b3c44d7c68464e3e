"""A balloon driver of our own for a running kernel, in C, and how it is built.

`balloon.h` and the files it names speak VIRTIO_BALLOON_F_PAGE_CHUNKS inside an unmodified Linux.
They are free under the GPL or the MIT licence, the rest of the kit is under the MIT licence alone.
"""

from balloonkit.live.driver.build import DRIVER_NAME, SOURCES, build_driver
from balloonkit.live.driver.options import DriverOptions

__all__ = ["DRIVER_NAME", "SOURCES", "DriverOptions", "build_driver"]
