"""Simulated studies: numbers and tables of the shape that the studies' own have, without an effect and with one.

Effects and spreads are of the size that published results, released ones and kept runs have. Within a seed, metrics and
accuracy drift with training and are autocorrelated; seeds have levels of their own. Each module says what is true of
its studies, so that a verdict can be called wrong.
"""

SEEDS = (3, 5, 6, 10)
"""Seeds per study."""
EFFECTS = {False: "no effect", True: "published effects"}
"""What a kind's name says of the simulated effect."""
SPREAD = 0.009
"""Standard deviation of a seed's accuracy."""
