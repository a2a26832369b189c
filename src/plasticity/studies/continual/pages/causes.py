"""Causes.

What collapse after a task explains of the accuracy on the next one beyond training, what the length of the first
task does, what of it passes through NC1, and how many seeds it takes to see the published sizes ({{ seeds }} here).

Arms that learn the following tasks in another way, and those whose network is changed between tasks, are left out.
Every estimate has its method, window, number of seeds and points, Student's t interval by leaving out seeds,
p-value before and after Holm's correction, and a verdict by a fixed rule;
docs/statistics.md says how each is computed.
"""

from plasticity.report.tabulate_causes import CAUSES_NOTE, causes

TABLES = ("causes",)
NOTE = CAUSES_NOTE
rows = causes
