# %% [markdown]
# # 1. Fragmentation by hand
#
# *10 minutes, with pencil and paper. Before it: lab 1.*
#
# A guest's kernel keeps free memory in **blocks** of 1, 2, 4, 8, ... pages. A block of
# 2<sup>k</sup> pages is said to be of **order** k. Two rules make all the difference:
#
# * a block of 2<sup>k</sup> pages begins at a multiple of 2<sup>k</sup>;
# * two free blocks that are **buddies** are merged at once. The buddy of a block is the one whose
#   number differs in one bit: 4 and 5, or 4-5 and 6-7. Pages 5 and 6 are neighbours and not
#   buddies.

# %%
from balloonkit.checks import tell
from balloonkit.checks.fragmentation_by_hand import BLOCKS, MERGE, UNUSABLE

print(BLOCKS)

# %%
blocks = ...  # your four numbers, like "5, 2, 0, 1"
# BEGIN SOLUTION
blocks = "3, 4, 1, 1"
# END SOLUTION
tell(BLOCKS.check(blocks))

# %% [markdown]
# ## How bad is it?

# %%
print(UNUSABLE)

# %%
unusable = ...  # one number
# BEGIN SOLUTION
unusable = (23 - 12) * 1000 // 23
# END SOLUTION
tell(UNUSABLE.check(unusable))

# %% [markdown]
# ## A page comes back

# %%
print(MERGE)

# %%
block = ...  # first page and order, like "8, 3"
# BEGIN SOLUTION
block = "0, 2"
# END SOLUTION
tell(MERGE.check(block))

# %% [markdown]
# ## Why?
#
# Nearly half of the memory is of no use to a request for four pages. A balloon driver asks for
# one page at a time, so it can have all of it. Why does fragmentation matter to it nevertheless?
# Write two sentences.
#
# *Your reason:*

# %% [markdown] tags=["solution"]
# The driver gets every page, but pages that do not touch cannot share a chunk. The more pieces
# free memory is in, the more chunks there are to send, to look up and to release.

# %% [markdown]
# Next: [2. Pack a bitmap by hand](2-pack-a-bitmap-by-hand.ipynb)
