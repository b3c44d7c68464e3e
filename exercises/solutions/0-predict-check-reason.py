# %% [markdown]
# # Warm-up: predict, check, reason
#
# *10 minutes, by yourself or in pairs.*
#
# Seven kinds of small problems, from "which page comes next?" to "who pays for it?". For each
# one:
#
# 1. **Predict.** Write your answer before you look anything up, and press Enter.
# 2. **Check.** A wrong answer is told the first page that is wrong, and why. Mend it.
# 3. **Reason.** Show the answer, and compare its reason with yours. A right answer for a wrong
#    reason counts as wrong.
#
# "Another one" goes on to the next kind. There is no end: every seed is another problem.

# %%
from balloonkit.lab import QuestionsLab

lab = QuestionsLab()
lab.ask(seed=0)

# %% [markdown]
# Stuck on one kind? Ask for that kind alone: `next-page`, `bitmap`, `chunks`, `count`,
# `messages`, `release` or `payer`.

# %%
lab.ask("count", seed=1)

# %% [markdown]
# "Save my answers" makes a short text to hand in or keep. From Python it is
# `lab.save("my-answers.txt")`.

# %% [markdown]
# Next: [1. Fragmentation by hand](1-fragmentation-by-hand.ipynb)
