# %% [markdown]
# # 3. Write pack_chunks
#
# *30 minutes. You need Python; NumPy helps with speed but is not needed.*
#
# Write the heart of the proposal: a function that takes page numbers and returns chunks, as
# (first page, number of pages) pairs.
#
# * Pages come in any order, as the allocator gave them out. Some may come twice.
# * Chunks ascend, do not overlap, and are as few as possible.
# * No pages make no chunks.
#
# The check tries small cases first, then what three real Linux guests gave away: up to 1.8
# million pages. It tells the first chunk that is wrong.

# %%
from balloonkit.checks import tell
from balloonkit.checks.write_pack_chunks import check_packing


def pack_chunks(pfns):
    """Return the pages `pfns` (an array of whole numbers) as a list of (base, size) pairs."""
    ...  # your turn
    # BEGIN SOLUTION
    chunks = []
    for page in sorted(set(pfns.tolist())):
        if chunks and page == chunks[-1][0] + chunks[-1][1]:
            chunks[-1][1] += 1
        else:
            chunks.append([page, 1])
    return chunks
    # END SOLUTION


advice = check_packing(pack_chunks)
tell(advice)

# %% [markdown]
# ## How many chunks do real guests make?

# %%
from balloonkit import load_capture

for name in ("idle-8g", "aged-8g", "aged-1g"):
    if advice is None:
        pages = load_capture(name).inflate_pfns
        print(f"{name}: {len(pages):,} pages, {len(pack_chunks(pages)):,} chunks")

# %% [markdown]
# ## Why?
#
# Sorting is the obvious way. The patch marks bits instead and then searches them. What does it
# gain, and what does it have to pay for it? Write two sentences.
#
# *Your reason:*

# %% [markdown] tags=["solution"]
# Marking is one write for each page, in any order, and needs no memory for a copy of the list: a
# kernel that is asked for memory because memory is short should not need more of it. It pays with
# bitmaps for the whole range of addresses, which it may have to go over in rounds, and with runs
# cut at a bitmap's edge.

# %% [markdown]
# Next: [4. Where chunks stop paying](4-break-even.ipynb)
