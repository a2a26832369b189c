"""Resources of the workflow's jobs: time by stage, memory per job, and the breakdown of the run's time."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from plasticity.report.benchmark_summaries import main_run, shares
from plasticity.report.figures.layout import empty, panel, write_notes
from plasticity.report.figures.style import NEUTRAL, Style

_COLORS = {"work": "#0072B2", "start_up": "#D55E00", "rest": "#BBBBBB"}
_LEAST = 0.01  # share of the time of all jobs from which a stage is drawn
_LABELS = {"work": "work", "start_up": "job start-up", "rest": "Snakemake and idle slots"}


def draw(jobs: pd.DataFrame, style: Style) -> Figure:
    """Draw the table "benchmarks": a bar of summed wall time and a dot per job's memory for every stage, and a run."""
    sums: Any = jobs.groupby(["study", "stage"])[["wall_seconds", "start_up_seconds"]].sum()
    large = sums["wall_seconds"] >= _LEAST * sums["wall_seconds"].sum()
    stages = sums[large].sort_values("wall_seconds")
    figure, axes = style.figure(1, 3, height=1.3 + 0.17 * len(stages), width_ratios=[2, 1.5, 0.8])
    _draw_times(axes[0, 0], stages)
    _draw_memory(axes[0, 1], jobs, list(stages.index))
    _draw_run(axes[0, 2], jobs)
    key = [Patch(color=_COLORS[share], label=label) for share, label in _LABELS.items()]
    figure.legend(handles=key, loc="outside upper center", ncols=3)
    without = int(np.isnan(jobs["start_up_seconds"].to_numpy()).sum())
    notes = [f"Start-up not recorded for {without} of {len(jobs)} jobs."] if without else []
    if not large.all():
        rest = sums.loc[~large, "wall_seconds"]
        counted = f"{len(rest)} smaller stage{'s' if len(rest) > 1 else ''}"
        notes.append(f"{counted} took {rest.sum():.0f} s together; the table has them.")
    write_notes(figure, notes)
    return figure


def _draw_times(ax: Axes, stages: pd.DataFrame) -> None:
    panel(ax, 0, "Total time per stage")
    wall, start_up = stages["wall_seconds"].to_numpy(), stages["start_up_seconds"].to_numpy()
    places = np.arange(len(stages))
    ax.barh(places, start_up, color=_COLORS["start_up"])
    ax.barh(places, wall - start_up, left=start_up, color=_COLORS["work"])
    names = [f"{stage.replace('_', ' ')} ({study.replace('_', ' ')})" for study, stage in list(stages.index)]
    ax.set_yticks(places, names)
    ax.set_xlabel("Wall time (s)")
    ax.set_ylim(*_around(len(stages)))
    ax.grid(visible=False, axis="y")


def _draw_memory(ax: Axes, jobs: pd.DataFrame, stages: Sequence[tuple[str, str]]) -> None:
    panel(ax, 1, "Memory per job")
    known = list(zip(zip(jobs["study"], jobs["stage"], strict=True), jobs["peak_memory_mib"], strict=True))
    shown = [(memory, stages.index(job)) for job, memory in known if job in stages]
    ax.scatter(*np.array(shown, dtype=float).reshape(-1, 2).T, s=9, color=NEUTRAL, alpha=0.5, linewidth=0)
    ax.set_yticks(range(len(stages)), [""] * len(stages))
    ax.set_ylim(*_around(len(stages)))
    ax.set_xlim(left=0)
    ax.set_xlabel("Peak memory (MiB)")


def _draw_run(ax: Axes, jobs: pd.DataFrame) -> None:
    panel(ax, 2, "Largest run")
    run = main_run(jobs)
    if run.empty:
        empty(ax, "no run\nrecorded")
        return
    found, bottom = shares(run), 0.0
    for share, color in _COLORS.items():
        ax.bar(0, 100 * found[share], bottom=bottom, color=color, width=0.6)
        ax.text(
            0, bottom + 50 * found[share], f"{100 * found[share]:.0f} %", ha="center", va="center", fontsize="small"
        )
        bottom += 100 * found[share]
    ax.set_xticks([0], [f"{found['seconds']:.0f} s,\n{found['slots']} jobs at once"])
    ax.set_ylabel("Share of slots × duration (%)")
    ax.set_ylim(0, 100)
    ax.set_xlim(-0.6, 0.6)


def _around(count: int) -> tuple[float, float]:
    """Return limits of an axis with `count` rows."""
    return -0.6, count - 0.4
