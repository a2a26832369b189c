"""A figure of one's own from the tables of a run: python docs/examples/own_figure.py [folder] [figure.png]."""

import sys

import matplotlib.pyplot as plt
import seaborn as sns

import plasticity

folder = sys.argv[1] if len(sys.argv) > 1 else "docs/reproduction/warm_start_cifar10_small"
output = sys.argv[2] if len(sys.argv) > 2 else "own_figure.png"

run = plasticity.load(folder)
rows = run.metrics.query("arm != 'random_init'").assign(gap=lambda rows: 100 * rows["plasticity_gap"])
seeds, commit = rows["seed"].nunique(), run.provenance("metrics")["commit"]

figure, axes = plt.subplots(figsize=(8, 4.5), layout="constrained")
sns.lineplot(
    rows, x="warm_up_epoch", y="gap", hue="arm", style="arm", markers=True, dashes=False, errorbar="se", ax=axes
)
axes.axhline(0, color="0.4", linewidth=1)
axes.set(
    xlabel="warm-up (epochs)", ylabel="gap to random init (percentage points)", xticks=rows["warm_up_epoch"].unique()
)
axes.legend(title=None, loc="upper left", bbox_to_anchor=(1, 1), frameon=False)  # beside the data
axes.set_title(f"Mean and standard error of {seeds} seeds, commit {commit[:7]}")
figure.savefig(output, dpi=120)
