# %% [markdown]
# # 4. Where chunks stop paying
#
# *30 minutes. Before it: lab 4.*
#
# 4126 ms against 590 ms is an *idle* guest, where a chunk holds a hundred thousand pages. An aged
# guest is another matter: a chunk may hold two pages, or one. Find out when chunks stop paying.
# The clock is the model's, with the unit costs of 2017, and sending is *assumed* to be paid by the
# message: the mail fits as well if the entry pays. The last step asks what is left of it then.

# %%
from balloonkit import Guest, run_race
from balloonkit.checks import tell
from balloonkit.checks.break_even import BYTES, FAIR, WORST

print(BYTES)

# %%
pages_per_chunk = ...  # your number
# BEGIN SOLUTION
pages_per_chunk = 16 / 4
# END SOLUTION
tell(BYTES.check(pages_per_chunk))

# %% [markdown]
# ## In time, against the classic way
#
# `fragmentation` goes from 0, freshly booted, to 1, a checkerboard where no two free pages touch.

# %%
print(WORST)
idle = run_race(Guest.aged("1GiB", fragmentation=0), "256MiB")
print(f"idle: {idle.improvement('chunks'):.1%} saved")

# %%
percent_saved = ...  # race the worst guest in the same way
# BEGIN SOLUTION
worst = run_race(Guest.aged("1GiB", fragmentation=1), "256MiB")
percent_saved = 100 * worst.improvement("chunks")
# END SOLUTION
tell(WORST.check(percent_saved))

# %% [markdown]
# ## In time, against a fair rival
#
# Was it the chunks that paid, or only the larger buffer that came with them? Give the classic
# page numbers the same buffer, and ask again. `COSTS_2017` holds what one message, one look-up
# and one release call cost, in seconds; below they are shown in microseconds.

# %%
from dataclasses import asdict

from balloonkit.costs import COSTS_2017

print(FAIR)
for name, seconds in asdict(COSTS_2017).items():
    print(f"{name:15} {seconds * 1e6:8.3f} µs")

# %%
pages_per_chunk = ...  # your number
# BEGIN SOLUTION
in_the_host = COSTS_2017.translation_s + COSTS_2017.release_call_s
each_page_number = COSTS_2017.message_s / 8192 + in_the_host
each_chunk = COSTS_2017.message_s / 2047 + in_the_host
pages_per_chunk = each_chunk / each_page_number
# END SOLUTION
tell(FAIR.check(pages_per_chunk))

# %% [markdown]
# ## Was that a finding?
#
# Every message of 2017 was full, so nobody can tell whether its 2818 ms of sending were paid by the
# message or by the entry. Race the idle guest and the worst one again, with `price="entry"`.

# %%
for price in ("message", "entry"):
    for fragmentation in (0, 1):
        race = run_race(Guest.aged("1GiB", fragmentation), "256MiB", price=price)
        print(f"{price:8} fragmentation {fragmentation}: {race.improvement('chunks'):.0%} saved")

# %% [markdown]
# ## Why?
#
# A colleague says: "Chunks cut the time by 85 %." Write the two sentences you would add.
#
# *Your reason:*

# %% [markdown] tags=["solution"]
# In an idle guest, whose free memory is a few long runs. In an aged one the saving falls: towards
# 60 % if sending is paid by the message, and there it comes from the larger buffer rather than from
# chunks; towards nothing if it is paid by the entry. Which of the two, 2017 does not say.

# %% [markdown]
# Next: [5. Allocate by blocks](5-allocate-by-blocks.ipynb)
