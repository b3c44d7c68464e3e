# %% [markdown]
# # 6. A better message
#
# *60 minutes, best in pairs. Before it: labs 2 and 4.*
#
# In a fragmented guest a chunk of 16 bytes often stands for two pages. Surely that can be done
# better. Design your own message, and race it against the formats that were really posted.
#
# A format is one object: how entries become bytes, and how bytes become entries again.
#
# * `encode(entries)` gets an array of (base, size), ascending, and returns one message, `bytes`.
#   Of a long list it is called with as many entries as 32,760 bytes hold, the longest message.
# * `decode(data)` gets one message and returns its (base, size) pairs. It knows nothing but these
#   bytes.
# * Nothing may be lost or added. Pages have up to 52 bits, and a run may have millions of pages.
# * The host cannot trust the guest: a message that is cut short must raise `ValueError`.
#
# Ideas: most gaps and most runs are short. How many bytes does a small number need?

# %%
from balloonkit.checks import tell
from balloonkit.checks.a_better_message import check_format, race
from balloonkit.wire import Format


# BEGIN SOLUTION
def number(value):
    """Write a whole number, low seven bits first; the top bit says that more follow."""
    coded = bytearray()
    while value > 127:
        coded.append(value & 127 | 128)
        value >>= 7
    return coded + bytes([value])


def numbers(data):
    """Read whole numbers back."""
    value = shift = 0
    for byte in data:
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            yield value
            value = shift = 0
    if shift:
        raise ValueError("the message ends inside a number")


# END SOLUTION
class Mine(Format):
    """A message of my own design."""

    name = "mine"
    max_entries = 16_000  # in one message, if they fit

    def encode(self, entries):
        """Return one message for entries (base, size), ascending."""
        ...  # your turn
        # BEGIN SOLUTION
        # Gap to the run before, then length; in front, how many there are.
        body, end = bytearray(len(entries).to_bytes(4, "little")), 0
        for base, size in entries.tolist():
            body += number(base - end) + number(size)
            end = base + size
        return bytes(body)
        # END SOLUTION

    def decode(self, data):
        """Return the (base, size) pairs of one message; raise ValueError if it is cut short."""
        ...  # your turn
        # BEGIN SOLUTION
        count, found = int.from_bytes(data[:4], "little"), list(numbers(data[4:]))
        if len(data) < 4 or len(found) != 2 * count:
            raise ValueError(f"{len(found)} numbers where {2 * count} were announced")
        entries, end = [], 0
        for gap, size in zip(found[::2], found[1::2], strict=True):
            entries.append((end + gap, size))
            end += gap + size
        return entries
        # END SOLUTION


advice = check_format(Mine())
tell(advice)

# %% [markdown]
# ## The race
#
# Against the formats that were posted, for the pages of real guests:

# %%
if advice is None:
    print(race(Mine()))

# %% [markdown]
# And in the machine, from the free lists to the host's memory, beside the paths of lesson 4:

# %%
from IPython.display import display

from balloonkit.lab import RaceLab

if advice is None:
    display(RaceLab(formats=[Mine()]).stages())

# %% [markdown]
# ## Why?
#
# Your message is shorter than the proposal's. Does that make the balloon faster? Which of the
# four stages does it touch, and which would you attack instead? Write three sentences.
#
# *Your reason:*

# %% [markdown] tags=["solution"]
# Hardly: a message costs the same whatever its length, and 23 messages against 3 is a matter of
# milliseconds where releasing takes hundreds. Shorter messages save kicks only when they save
# whole messages. After chunks, the time is in stage 4, one release for each run, and in stage 1,
# one call for each page: allocate by blocks.

# %% [markdown]
# That was the last one. [Back to the lessons](../notebooks/index.ipynb)
