# %% [markdown]
# # 5. Allocate by blocks
#
# *30 minutes. Before it: labs 1 and 4.*
#
# With chunks, sending shrinks to almost nothing. What is left of the guest's work is stage 1: the
# driver still asks its allocator for one page at a time, 1.8 million times for 7 GiB. The
# proposal left "allocate a chunk of pages at a time" as a TODO. Do it.
#
# * `buddy.take(n, order)` takes up to `n` blocks of 2<sup>order</sup> pages and returns their
#   first pages, an array that is shorter than `n` when there are no more. Orders go from 0 to 10.
# * Take exactly `pages` pages, or all there are if there are fewer.
# * Make as few blocks as possible.

# %%
from balloonkit.checks import tell
from balloonkit.checks.allocate_by_blocks import check_blocks


def take_blocks(buddy, pages):
    """Take `pages` pages from the allocator; return a list of (first page, order) pairs."""
    ...  # your turn
    # BEGIN SOLUTION
    blocks = []
    for order in range(10, -1, -1):
        for first_page in buddy.take(pages >> order, order).tolist():
            blocks.append((first_page, order))
            pages -= 1 << order
    return blocks
    # END SOLUTION


tell(check_blocks(take_blocks))

# %% [markdown]
# ## What it saves

# %%
from balloonkit.find import find_guest
from balloonkit.race import run_race

for name, size in (("idle-8g", "7GiB"), ("aged-8g", "4GiB")):
    race = run_race(find_guest(name), size)
    for path, report in race.reports.items():
        print(f"{name:8} {path:19} {report.model.allocate * 1000:7.1f} ms in stage 1")

# %% [markdown]
# ## Why?
#
# Large blocks are what a guest needs for huge pages. Taking them first is good for the balloon.
# Who pays? Write two sentences.
#
# *Your reason:*

# %% [markdown] tags=["solution"]
# The guest pays: its largest blocks are gone, and its next request for a huge page fails or waits
# for compaction, while page by page the balloon would have used up the small pieces first. The
# host gains twice, since whole blocks can be given back as huge pages.

# %% [markdown]
# Next: [6. A better message](6-a-better-message.ipynb)
