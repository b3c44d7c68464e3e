# %% [markdown]
# # 6. A better message
#
# *60 minutes, best in pairs. Before it: labs 2 and 4.*
#
# In a fragmented guest a chunk of 16 bytes often stands for two pages. Surely that can be done
# better. Design your own message, and race it against the formats that were really posted.
#
# * `encode(chunks)` gets an array of (base, size), ascending, and returns a list of messages,
#   each at most 32,768 bytes.
# * `decode(message)` gets one message and returns its (base, size) pairs. It knows nothing but
#   these bytes.
# * Nothing may be lost or added. Pages have up to 52 bits, and a run may have millions of pages.
# * The host cannot trust the guest: a message that is cut short must raise `ValueError`.
#
# Ideas: most gaps and most runs are short. How many bytes does a small number need?

# %%
from balloonkit.exercises import tell
from balloonkit.exercises.better_message import check, race


def encode(chunks):
    """Return messages, each `bytes`, for chunks (base, size), ascending."""
    ...  # your turn
    # BEGIN SOLUTION
    # Gap to the run before, then length, seven bits to a byte; the top bit says that more follow.
    messages, body, count, end = [], bytearray(), 0, 0
    for base, size in chunks.tolist():
        entry = number(base - end) + number(size)
        if 4 + len(body) + len(entry) > 32_768:
            messages.append(count.to_bytes(4, "little") + body)
            body, count = bytearray(), 0
            entry = number(base) + number(size)
        body += entry
        count += 1
        end = base + size
    if count:
        messages.append(count.to_bytes(4, "little") + body)
    return [bytes(message) for message in messages]
    # END SOLUTION


# BEGIN SOLUTION
def number(value):
    """Write a whole number, low seven bits first."""
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
def decode(message):
    """Return the (base, size) pairs of one message; raise ValueError if it is cut short."""
    ...  # your turn
    # BEGIN SOLUTION
    count, found = int.from_bytes(message[:4], "little"), list(numbers(message[4:]))
    if len(message) < 4 or len(found) != 2 * count:
        raise ValueError(f"{len(found)} numbers where {2 * count} were announced")
    chunks, end = [], 0
    for gap, size in zip(found[::2], found[1::2], strict=True):
        chunks.append((end + gap, size))
        end += gap + size
    return chunks
    # END SOLUTION


advice = check(encode, decode)
tell(advice)

# %% [markdown]
# ## The race

# %%
if advice is None:
    print(race(encode))

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
