"""The race of 2026: every published way to take a guest's memory, on any guest.

Each competitor is an object of one protocol (`Contender`): it is given a copy of the guest and says
what it took, in which ranges, by how many messages and calls. What that costs is another module's
question (`balloonkit.field.prices`): fitted on guests that never touched their memory, foretold for
those that did, with the error beside it.
"""

from balloonkit.field.contender import Contender, Taken
from balloonkit.field.prices import PUBLISHED_2025, Foretold, foretell_published
from balloonkit.field.run import CONTENDERS, Field, FieldRow, run_field

__all__ = [
    "CONTENDERS",
    "PUBLISHED_2025",
    "Contender",
    "Field",
    "FieldRow",
    "Foretold",
    "Taken",
    "foretell_published",
    "run_field",
]
