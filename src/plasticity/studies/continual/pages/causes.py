"""Causes.

What collapse after a task explains of accuracy on the next one beyond training, the effect of the length of the first
task, its part via NC1, and the number of seeds needed to detect the published sizes ({{ seeds }} here).

Arms with different training on the following tasks, and arms with an intervention between tasks, are left out.
Every estimate has its method, window, number of seeds and points, Student's t interval (jackknife over seeds),
p-value before and after Holm's correction, and a verdict by a fixed rule;
docs/statistics.md says how each is computed.
"""

from plasticity.report.tabulate_causes import CAUSES_NOTE, causes

TABLES = ("causes",)
NOTE = CAUSES_NOTE
WIDE = ("estimate of", "note")
rows = causes
