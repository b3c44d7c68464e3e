"""What memory a guest's RAM can be made of, and which call gives it back.

`try_backing` takes some, asks for it back with a call that does not free it, then with the one that
does, and reads four meters and the content after each. ``balloonkit backings`` prints all of it.
"""

from balloonkit.backings.kinds import BACKINGS, Backing
from balloonkit.backings.memory import BackingMemory
from balloonkit.backings.trial import Attempt, BackingTrial, try_backing

__all__ = ["BACKINGS", "Attempt", "Backing", "BackingMemory", "BackingTrial", "try_backing"]
