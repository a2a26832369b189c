"""Causes.

What collapse explains beyond the length of the warm-up, the effects of the arms' doses, their part via NC1,
and the number of seeds needed to detect the published sizes ({{ seeds }} here).

Every estimate has its method, window, number of seeds and points, Student's t interval (jackknife over seeds),
p-value before and after Holm's correction, and a verdict by a fixed rule;
docs/statistics.md says how each is computed. ``causes.parquet`` holds the same numbers in full.
"""

from plasticity.report.tabulate_causes import CAUSES_NOTE, causes

TABLES = ("causes",)
NOTE = CAUSES_NOTE
WIDE = ("estimate of", "note")
rows = causes
