"""Effect of a dose on NC1 and on plasticity.

One column per quantity in which otherwise identical arms differ: the weight of the NC1 penalty, negative as in the
released code (it rewards within-class spread) and positive as printed (it rewards collapse), and weight decay, a
control that the paper omits. Top: NC1 at the start of fine-tuning relative to the control's. Bottom: full
test accuracy minus the control's, percentage points. If collapse hurts plasticity, a dose that lowers NC1 lowers
accuracy: the rows rise and fall together in every column.

Thin lines are single seeds, {{ n }}, each averaged over its warm-up lengths as change from the control of the same seed
and length; the bold line is their mean, the band Student's t interval at {{ confidence }}. Above each panel: the
change from the smallest to the largest dose by the fitted slope, linear in the dose (in its logarithm, where positive
doses span a factor of ten), with its t interval, and the verdict after Holm's correction over the series: rises or
falls; supports or speaks against "collapse hurts plasticity", where this predicts a sign; undecided;
or the reason why there is none. A dose axis that spans a factor of ten is logarithmic, and linear around zero.

Assumptions: arms of a seed share data, order, initial weights and length, so only the dose differs
between them. An effect of a dose on accuracy need not be via NC1: weight decay also changes the
size of the weights. Direct effects are in the table of causes.

Not in Bonifazi et al. (2024, arXiv:2404.02719), whose released results hold one penalty weight and, for one seed,
three weight decays.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, NullLocator

from plasticity.analysis.transitions import of_warm_start, paired
from plasticity.config.analysis_section import DoseSeries
from plasticity.report.figures.axes import fit_y
from plasticity.report.figures.layout import empty, panel, top_legend, write_notes
from plasticity.report.figures.lines import BAND_ALPHA
from plasticity.report.figures.style import NEUTRAL, Style
from plasticity.report.figures.summaries import signed
from plasticity.studies.warm_start.figure_tables import FigureTables, cap_note

TABLES = ("metrics", "causes")

_ROWS = {
    "log_nc1": ("mediator_change", "Change in NC1 (factor)"),
    "accuracy": ("outcome_change", "Change in full test accuracy\n(percentage points)"),
}
_CLAIM = "\N{LEFT DOUBLE QUOTATION MARK}collapse\nhurts plasticity\N{RIGHT DOUBLE QUOTATION MARK}"
_WORDS = {
    "below zero": "falls",
    "above zero": "rises",
    "supports": f"supports {_CLAIM}",
    "contradicts": f"speaks against {_CLAIM}",
}
_WIDE = 10.0  # ratio of doses from which the axis is logarithmic
_FACTORS = (  # ticks of the axis of NC1, from fine to coarse
    (0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.25, 1.5, 1.75, 2.0),
    (0.25, 0.35, 0.5, 0.7, 1.0, 1.4, 2.0, 2.8, 4.0),
    (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0),
    (1e-4, 1e-3, 0.01, 0.1, 1.0, 10.0, 100.0, 1e3, 1e4),
)
_MOST_TICKS = 9


def draw(tables: FigureTables, style: Style) -> Figure:
    """Draw the paired change of NC1 and of accuracy against dose, a column per dose series, seeds as points."""
    found = [
        series for series in tables.causal_design.series if set(series.doses) & set(tables.causal_design.treatments)
    ]
    columns = max(1, len(found))
    figure, axes = style.figure(2, columns, height=4.6, sharey="row", sharex="col")
    pairs = _pairs(tables)
    for column in range(columns):
        for row, (outcome, (change, label)) in enumerate(_ROWS.items()):
            ax = axes[row, column]
            ax.set_ylabel(label if column == 0 else "")
            panel(ax, row * columns + column, _title(tables, found[column], outcome) if found else "")
            if found:
                _draw_panel(ax, tables, found[column], (outcome, change), pairs)
            else:
                empty(ax, "no arms that differ in a single number")
            ax.set_xlabel(
                f"{found[column].name[:1].upper()}{found[column].name[1:]} (dimensionless)"
                if found and row == 1
                else ""
            )
    for row, outcome in enumerate(_ROWS):
        _scale(axes[row], tables, found, pairs, outcome)
    if not found:
        axes[1, 0].set_xlabel("Dose (dimensionless)")
    top_legend(figure, _key(tables, pairs) if found else [])
    write_notes(figure, tables.exclusions() + cap_note(tables, tables.warmed))
    return figure


def _pairs(tables: FigureTables) -> pd.DataFrame:
    """Return each seed's mean change, arm minus control, over the lengths that both have."""
    longest = max(tables.metrics["warm_up_epoch"].tolist(), default=0)
    transitions = of_warm_start(tables.metrics, ("all", 0, longest))
    changes = paired(transitions, tables.causal_design.control, tables.causal_design.treatments, ("seed", "length"))
    in_series = [arm for series in tables.causal_design.series for arm in series.doses]
    changes = changes.loc[changes["arm"].isin(in_series)]
    means = {name: (name, "mean") for name in ("mediator_change", "outcome_change")}
    return changes.groupby(["arm", "seed"]).agg(**means).reset_index()


def _draw_panel(
    ax: Axes, tables: FigureTables, series: DoseSeries, shown: tuple[str, str], pairs: pd.DataFrame
) -> None:
    outcome, change = shown
    doses: dict[str, float] = series.doses
    control = tables.causal_design.control
    ax.axhline(0, color=NEUTRAL, linewidth=0.8, zorder=1)
    for seed, rows in pairs.groupby("seed"):
        values = dict(zip(rows["arm"], rows[change], strict=True)) | {control: 0.0}
        own = [(dose, values[arm]) for arm, dose in doses.items() if arm in values]
        ax.plot(*np.array(own).T, color=NEUTRAL, linewidth=0.6, alpha=0.6, label=f"seed {seed}", zorder=2)
        for dose, arm in ((dose, arm) for arm, dose in doses.items() if arm in values and arm != control):
            looks = tables.styles[arm]
            ax.plot([dose], [values[arm]], color=looks.color, marker=looks.marker, markersize=3, linestyle="none")
    estimates = _estimates(tables, doses, outcome)
    dose, mean, low, high = estimates.to_numpy(dtype=float).T
    ax.plot(dose, mean, color="black", linewidth=1.3, label="mean over seeds", zorder=3)
    if len(dose) > 1 and np.isfinite(low).sum() > 1:
        ax.fill_between(dose, low, high, color="black", alpha=BAND_ALPHA, linewidth=0, label="mean interval")
    _dose_axis(ax, sorted(doses.values()))


def _estimates(tables: FigureTables, doses: Mapping[str, float], outcome: str) -> pd.DataFrame:
    """Return dose, mean, low and high from the table of causes, and the control's zero."""
    causes = tables.causes
    chosen = causes.loc[causes["quantity"].eq("contrast") & causes["outcome"].eq(outcome)]
    rows = {row["treatment"]: row for row in chosen.to_dict("records")}
    found = [
        (dose, rows[arm]["estimate"], rows[arm]["ci_low"], rows[arm]["ci_high"])
        for arm, dose in doses.items()
        if arm in rows
    ]
    if tables.causal_design.control in doses and found:
        known = any(np.isfinite(low) for _, _, low, _ in found)
        found.append((doses[tables.causal_design.control], 0.0, *((0.0, 0.0) if known else (np.nan, np.nan))))
    return pd.DataFrame(sorted(found), columns=["dose", "mean", "low", "high"])


def _scale(
    axes: np.ndarray, tables: FigureTables, found: Sequence[DoseSeries], pairs: pd.DataFrame, outcome: str
) -> None:
    """Choose the limits that the panels of a row share: every seed's point is within."""
    change = _ROWS[outcome][0]
    points = pd.DataFrame({"mean": pairs[change], "low": np.nan, "high": np.nan}) if len(pairs) else None
    summaries = [_estimates(tables, series.doses, outcome) for series in found]
    fit_y(axes[0], [*summaries, *([points] if points is not None else [])], include=0)
    if outcome == "accuracy":
        axes[0].yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:g}".replace("-", "−")))
    elif found:
        low, high = np.exp(axes[0].get_ylim())
        within = [[tick for tick in ticks if low <= tick <= high] for ticks in _FACTORS]
        enough = (ticks for ticks, all_of in zip(within, _FACTORS, strict=True) if _fills(ticks, all_of, low, high))
        ticks = next(enough, within[-1])
        axes[0].set_yticks(np.log(ticks), [f"{factor:g}" for factor in ticks])


def _fills(ticks: list[float], all_of: tuple[float, ...], low: float, high: float) -> bool:
    """Return whether ticks are not too many, and are not of a set that ends within the axis."""
    return len(ticks) <= _MOST_TICKS and all_of[0] <= low and high <= all_of[-1]


def _dose_axis(ax: Axes, doses: list[float]) -> None:
    """Show every dose; far apart, they stand on a logarithmic axis, which around zero is linear."""
    sizes = [abs(dose) for dose in doses if dose]
    if max(sizes) >= _WIDE * min(sizes):
        ax.set_xscale("log") if min(doses) > 0 else ax.set_xscale("symlog", linthresh=min(sizes), linscale=0.5)
    ax.xaxis.set_minor_locator(NullLocator())
    ax.set_xticks(doses, [f"{dose:g}".replace("-", "−") for dose in doses])


def _title(tables: FigureTables, series: DoseSeries, outcome: str) -> str:
    """Return what the slope makes of the step from the smallest to the largest dose, its interval and the verdict."""
    causes = tables.causes
    of_series = causes["quantity"].eq("slope") & causes["treatment"].eq(series.name)
    rows = causes.loc[of_series & causes["outcome"].eq(outcome)].to_dict("records")
    if not rows or not np.isfinite(rows[0]["estimate"]):
        return "Smallest to largest dose: undefined"
    row, doses = rows[0], list(series.doses.values())
    step = np.log(max(doses) / min(doses)) if "per ln" in row["unit"] else max(doses) - min(doses)
    numbers = step * np.array([row["estimate"], row["ci_low"], row["ci_high"]], dtype=float)
    estimate, low, high = map(_factor, np.exp(numbers)) if outcome == "log_nc1" else map(signed, 100 * numbers)
    interval = f" [{low}, {high}]" if np.isfinite(row["ci_low"]) else ""
    factor, unit = ("× ", "") if outcome == "log_nc1" else ("", " pp")
    return f"Smallest to largest dose: {factor}{estimate}{interval}{unit}\n{_WORDS.get(row['verdict'], row['verdict'])}"


def _key(tables: FigureTables, pairs: pd.DataFrame) -> list[Line2D]:
    key = [
        Line2D([], [], color=NEUTRAL, linewidth=0.6, label="one seed"),
        Line2D([], [], color="black", linewidth=1.3, label="mean over seeds"),
    ]
    if len(set(pairs["seed"])) > 1:
        label = f"{100 * tables.analysis.confidence:g} % interval of the mean"
        key.append(Line2D([], [], color="black", linewidth=7, alpha=0.25, solid_capstyle="butt", label=label))
    return key


def _factor(value: float) -> str:
    """Return a factor with two decimals, or with one digit where they would be zeros."""
    return f"{value:.2f}" if value >= 0.05 or np.isnan(value) else f"{value:.1g}"
