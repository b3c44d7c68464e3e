"""What a message costs and what an entry costs, measured: the question 2017's figures leave open.

Messages of 1, 4, 16, 64 and 256 page numbers are timed, and a straight line through them has the
message as its intercept and the entry as its slope.
"""

from balloonkit.messages.device import time_device
from balloonkit.messages.fit import SIZES_PFNS, MessageFit, fit_messages

__all__ = ["SIZES_PFNS", "MessageFit", "fit_messages", "time_device"]
