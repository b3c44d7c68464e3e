# %% [markdown]
# # 2. Pack a bitmap by hand
#
# *15 minutes, with pencil and paper. Before it: lab 2.*
#
# The driver took six pages, in the order a driver of today sends them. You are the patch of 2017:
# mark them in a bitmap, find the runs of ones, and write the message.

# %%
from balloonkit.checks import tell
from balloonkit.checks.pack_a_bitmap_by_hand import BITS, CHUNKS, MESSAGE

print(BITS)

# %%
bits = ...  # like "1100 0000 0000 1111"
# BEGIN SOLUTION
bits = "1001 1100 0011 0000"
# END SOLUTION
tell(BITS.check(bits))

# %% [markdown]
# ## Runs become chunks
#
# Find the first one, then the first zero after it: that is a run. Each run becomes a chunk of
# (first page, number of pages).

# %%
chunks = ...  # like "(100, 4) (120, 1)"
# BEGIN SOLUTION
chunks = "(288, 1) (291, 3) (298, 2)"
# END SOLUTION
tell(CHUNKS.check(chunks))

# %% [markdown]
# ## Chunks become bytes

# %%
print(MESSAGE)

# %%
message = ...  # 24 bytes in hex
# BEGIN SOLUTION
message = "01 00 00 00 00 00 00 00  00 00 12 00 00 00 00 00  00 10 00 00 00 00 00 00"
# END SOLUTION
tell(MESSAGE.check(message))

# %% [markdown]
# ## Why?
#
# Three chunks and their count take 56 bytes; six plain page numbers take 24. So why send chunks?
# And why is the bitmap itself not sent? Write two sentences.
#
# *Your reason:*

# %% [markdown] tags=["solution"]
# Bytes are cheap: a message costs the same whatever its length, and a long run costs no more than
# a short one, so in a real guest there are far fewer messages, look-ups and releases. A bitmap of
# this range would be short, but its length grows with the range of addresses and not with the
# number of runs, and the first posting that sent it made its layout a promise for ever.

# %% [markdown]
# Next: [3. Write pack_chunks](3-write-pack-chunks.ipynb)
