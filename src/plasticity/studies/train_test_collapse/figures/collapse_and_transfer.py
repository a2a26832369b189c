"""Collapse and transfer: NC1 and train variance of the same networks.

The first task classifies super-classes, the next one the classes within them, on {{ study.next_task.train_size }}
other images, as in *transfer_by_variance*. Colours are weight decays on the first task, from light (small) to dark
(large), in otherwise identical arms. NC1 is Tr(Σ_W Σ_B†)/C of the last hidden layer on the training images of
the first task with the checkpoint's class means; train variance is the ratio of traces with those of the last
checkpoint. (a-c) Over the checkpoints of the first task, joined in the order of training; dashed: the untrained
network, shared by all weight decays. (d-f) At the last checkpoint; thin lines join the weight decays of a
seed. (a, d) Test accuracy on the next task against NC1, (b, e) against train variance, at the learning rate chosen
on {{ study.next_task.validation_size }} held-out images; (c, f) NC1 against train variance.

Small points are single seeds, {{ n }}; large points are their means, geometric for NC1 and variance; bars are
{{ intervals }}. r is Pearson's, mean over seeds with t interval: above (d) and (e) over the
weight decays of a seed, below the panels over the checkpoints of a seed.

Bonifazi et al. (2024, arXiv:2404.02719) claim that a low NC1 hurts later learning, Hui, Belkin & Nakkiran
(2022, arXiv:2202.08384) that a low train variance does: both predict a positive r. Weight decay lowers NC1; in
the released code of Bonifazi et al. it helps.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator

from plasticity.report.figures.arm_styles import SEQUENCE, ArmStyle
from plasticity.report.figures.axes import fit_y, format_log_amounts, format_y, round_ticks
from plasticity.report.figures.layout import empty, panel, sample, say, top_legend, write_notes
from plasticity.report.figures.style import NEUTRAL, Style
from plasticity.report.figures.summaries import coefficient_text, over_seeds, rows_where
from plasticity.studies.train_test_collapse.correlate import ACROSS, OUTCOMES, outcomes_of
from plasticity.studies.train_test_collapse.figure_tables import TrainTestTables

TABLES = ("transfer", "correlations")

_OUTCOME = next(iter(OUTCOMES))  # at the learning rate chosen on held-out images
_NC1, _VARIANCE = "nc1", "train_variance"
_LABELS = {_NC1: "NC1 (dimensionless)", _VARIANCE: "Train variance (dimensionless)"}
_PANELS = ((_NC1, _OUTCOME), (_VARIANCE, _OUTCOME), (_NC1, _VARIANCE))
_ROWS = ("Over the checkpoints", "At the last checkpoint")
_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "h")


@dataclass(frozen=True)
class _Family:
    """Arms that differ in weight decay alone: name, weight decay by arm, and what their checkpoints reached."""

    name: str
    decays: Mapping[str, float]
    reached: pd.DataFrame

    @property
    def trained(self) -> pd.DataFrame:
        """Checkpoints behind the network before training, diverged ones left out."""
        return rows_where(self.reached, self.reached["iteration"].gt(0) & ~self.reached["diverged"].eq(True))

    @property
    def last(self) -> pd.DataFrame:
        """Each run's last checkpoint."""
        ends = self.reached.groupby(["arm", "seed"])["iteration"].transform("max").to_numpy()
        return rows_where(self.trained, self.trained["iteration"].eq(pd.Series(ends, self.reached.index)))

    def style(self, arm: str) -> ArmStyle:
        """Return the look of an arm: light for little weight decay, dark for much."""
        place = list(self.decays).index(arm)
        shade = SEQUENCE(0.1 + 0.9 * place / max(len(self.decays) - 1, 1))
        return ArmStyle("#" + "".join(f"{round(255 * part):02X}" for part in shade[:3]), _MARKERS[place % 8])


def draw(tables: TrainTestTables, style: Style) -> Figure:
    """Draw seeds as points, means over seeds with Student's t intervals, of the family with the most weight decays.

    The upper row follows the checkpoints, the lower one compares weight decays at the last one; the third column sets
    the two metrics against each other.
    """
    figure, axes = style.figure(2, 3, height=5.2)
    family = _largest(tables)
    if family is None:
        for ax in axes.flat:
            empty(ax, "no arm with\na next task")
        return figure
    for row, (words, rows) in enumerate(zip(_ROWS, (family.trained, family.last), strict=True)):
        for column, (x, y) in enumerate(_PANELS):
            ax = axes[row, column]
            panel(ax, 3 * row + column, _title(tables, family, x, y) if row and column < 2 else words)
            summaries = _draw_panel(ax, tables, family, rows, (x, y), across=bool(row))
            _format(ax, rows, summaries, (x, y))
    _draw_level(axes[0, :2], family)
    top_legend(figure, _key(family))
    write_notes(figure, _notes(tables, family))
    return figure


def _largest(tables: TrainTestTables) -> _Family | None:
    """Return the family with the most arms that have rows."""
    present = set(tables.transferred)
    found = [{arm: value for arm, value in arms.items() if arm in present} for arms in tables.weight_decays.values()]
    names = list(tables.weight_decays)
    largest = max(range(len(found)), key=lambda place: len(found[place]), default=None)
    if largest is None or not found[largest]:
        return None
    rows = rows_where(tables.transfer, tables.transfer["arm"].isin(list(found[largest])))
    return _Family(names[largest], found[largest], outcomes_of(rows))


def _draw_panel(
    ax: Axes, tables: TrainTestTables, family: _Family, rows: pd.DataFrame, pair: tuple[str, str], *, across: bool
) -> list[pd.DataFrame]:
    """Draw one panel; return what was drawn, as `fit_y` takes it."""
    x, y = pair
    rows = _finite(rows, pair)
    if across:
        for seed, part in rows.sort_values("arm", key=lambda arms: arms.map(family.decays)).groupby("seed"):
            ax.plot(part[x], part[y], color=NEUTRAL, alpha=0.5, linewidth=0.7, zorder=1, label=f"seed {seed}")
    drawn = []
    for arm in family.decays:
        part, looks = rows_where(rows, rows["arm"].eq(arm)), family.style(arm)
        if part.empty:
            continue
        dots: dict[str, Any] = {"color": looks.color, "marker": looks.marker, "s": 12, "alpha": 0.45, "linewidths": 0}
        ax.scatter(part[x], part[y], zorder=2, **dots)
        drawn += [_points(part, y), _draw_means(ax, tables, part, pair, looks)]
    if not drawn:
        say(ax, "no finite value")
    return drawn


def _draw_means(
    ax: Axes, tables: TrainTestTables, rows: pd.DataFrame, pair: tuple[str, str], looks: ArmStyle
) -> pd.DataFrame:
    """Draw the means over seeds of each checkpoint, joined in the order of training, with intervals; return those."""
    x, y = (_summary(tables, rows, column) for column in pair)
    across, up = x["mean"].to_numpy(), y["mean"].to_numpy()
    line: dict[str, Any] = {"color": looks.color, "marker": looks.marker, "linewidth": 1.0, "markersize": 4.5}
    ax.plot(across, up, zorder=4, markeredgecolor="white", markeredgewidth=0.5, label="mean over seeds", **line)
    bars: dict[str, Any] = {"color": looks.color, "linewidth": 0.8, "alpha": 0.7, "zorder": 3}
    if np.isfinite(y["low"]).any():
        ax.vlines(across, y["low"], y["high"], label="mean interval", **bars)
    if np.isfinite(x["low"]).any():
        ax.hlines(up, x["low"], x["high"], label="mean interval", **bars)
    return y


def _summary(tables: TrainTestTables, rows: pd.DataFrame, column: str) -> pd.DataFrame:
    """Return means over seeds by checkpoint, geometric ones of collapse; runs may end at different iterations."""
    rows = rows.assign(place=rows.groupby("seed")["iteration"].rank())
    if column == _OUTCOME:
        return over_seeds(rows, "place", column, tables.analysis.confidence)
    return tables.geometric(rows, "place", column)


def _format(ax: Axes, rows: pd.DataFrame, summaries: Sequence[pd.DataFrame], pair: tuple[str, str]) -> None:
    x, y = pair
    ax.set_xlabel(_LABELS[x])
    values = _finite(rows, pair)[x].to_numpy(dtype=float)
    if len(values):
        format_log_amounts(ax, values, _LABELS[x])
    if len(values) and len(round_ticks(values)) < 2:
        ax.xaxis.set_major_locator(MaxNLocator(4))  # less than a step of 1, 2, 5
        ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    fit_y(ax, summaries, log=y != _OUTCOME)
    if y == _OUTCOME:
        format_y(ax, "test_accuracy", "transfer")
        ax.set_ylabel("Accuracy, next task (%)")
    else:
        ax.set_ylabel(_LABELS[y])


def _draw_level(axes: Sequence[Axes], family: _Family) -> None:
    """Draw the mean accuracy from the network before training, which is the same for every weight decay."""
    before = _finite(rows_where(family.reached, family.reached["iteration"].eq(0)), (_OUTCOME,))
    if len(before):
        level = float(np.mean([part[_OUTCOME].mean() for _, part in before.groupby("seed")]))
        for ax in axes:
            ax.axhline(level, color="black", linestyle="--", linewidth=0.9, label="untrained")


def _title(tables: TrainTestTables, family: _Family, x: str, y: str) -> str:
    keys = {"arm": family.name, "metric": x, "outcome": y, "method": "pearson", "aggregate": "mean"}
    return f"{_ROWS[1]}\nr = {coefficient_text(tables.coefficients(**keys, window_kind=ACROSS))}"


def _key(family: _Family) -> list[Line2D]:
    arms = [sample(family.style(arm), f"weight decay {decay:g}") for arm, decay in family.decays.items()]
    looks: dict[str, Any] = {"color": NEUTRAL, "linestyle": "none", "marker": "o", "alpha": 0.45}
    size = mpl.rcParams["lines.markersize"] * 0.9
    before = Line2D([], [], color="black", linestyle="--", linewidth=0.9, label="untrained")
    return [*arms, Line2D([], [], markersize=size, label="one seed", **looks), before]


def _notes(tables: TrainTestTables, family: _Family) -> list[str]:
    same = {"outcome": _OUTCOME, "method": "pearson", "aggregate": "mean", "window_kind": "all"}
    parts = []
    for arm, decay in family.decays.items():
        found = {x: coefficient_text(tables.coefficients(arm=arm, metric=x, **same)) for x in (_NC1, _VARIANCE)}
        parts.append(f"weight decay {decay:g}: {found[_NC1]} and {found[_VARIANCE]}")
    notes = [f"r of accuracy over the checkpoints with NC1 and with train variance, {'; '.join(parts)}."]
    others = [name for name in tables.weight_decays if name != family.name]
    if others:
        notes.append(f"Not shown: {', '.join(tables.label(name) for name in others)}.")
    return [*notes, *tables.exclusions(list(family.decays))]


def _points(rows: pd.DataFrame, y: str) -> pd.DataFrame:
    return pd.DataFrame({"mean": rows[y]}).assign(low=float("nan"), high=float("nan"))


def _finite(rows: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """Return rows whose columns are finite, and positive where their axis is logarithmic."""
    values = rows[list(columns)].to_numpy(dtype=float)
    logs = np.array([column != _OUTCOME for column in columns])
    return rows_where(rows, (np.isfinite(values) & ((values > 0) | ~logs)).all(axis=1))
