"""Causes.

What collapse explains beyond the length of the warm-up, what doses of the arms do, what of it passes through NC1,
and how many seeds it takes to see the published sizes ({{ seeds }} here).

Every estimate has its method, window, number of seeds and points, Student's t interval by leaving out seeds,
p-value before and after Holm's correction, and a verdict by a fixed rule;
docs/statistics.md says how each is computed. ``causes.parquet`` holds the same numbers in full.
"""

from plasticity.report.tabulate_causes import CAUSES_NOTE, causes

TABLES = ("causes",)
NOTE = CAUSES_NOTE
rows = causes
