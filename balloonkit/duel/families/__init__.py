"""Every family of exchanges, by topic."""

from balloonkit.duel.families.chains import CHAINS
from balloonkit.duel.families.family import SMALL, Families, Family
from balloonkit.duel.families.lengths import LENGTHS
from balloonkit.duel.families.memory import MEMORY
from balloonkit.duel.families.pages import PAGES
from balloonkit.duel.families.plain import PLAIN
from balloonkit.duel.families.setups import SETUPS
from balloonkit.duel.families.stats import STATS

__all__ = ["FAMILIES", "SMALL", "TOPICS", "Families", "Family"]

#: In the order they are shown.
TOPICS = (PLAIN, PAGES, LENGTHS, CHAINS, MEMORY, STATS, SETUPS)
#: All of them by name.
FAMILIES = {family.name: family for topic in TOPICS for family in topic.members}
