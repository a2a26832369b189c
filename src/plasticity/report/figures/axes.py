"""Axes of figures: labels with units from the tables, ticks, and limits that follow the data."""

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import AutoLocator, Formatter, FuncFormatter, LogLocator, MaxNLocator, NullFormatter, NullLocator

from plasticity.storage.schemas import SCHEMAS

WARM_UP_AXIS = "Warm-up training (epochs)"
TASK_AXIS = "Task (number)"
ITERATION_AXIS = "First task (iterations)"
FIRST_TASK_AXIS = "First task (epochs)"
_LONG = 20_000  # counts beyond are shown in thousands
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")

_NAMES = {
    "nc1": "NC1",
    "nc2": "NC2",
    "nc3": "NC3",
    "nc4": "NC4",
    "full_test_accuracy": "Full test accuracy",
    "warm_up_test_accuracy": "Warm-up test accuracy",
    "warm_up_epoch": "Warm-up epoch",
    "plasticity_gap": "Plasticity gap",
    "published_plasticity_loss": "Published plasticity loss",
    "online_accuracy": "Online accuracy",
    "accuracy": "Training accuracy",
    "train_variance": "Train variance",
    "test_accuracy": "Test accuracy",
    "loss": "Loss",
}
_PEOPLE = re.compile("^(gauss newton|hessian|kronecker)")
_START = "start_"  # what columns begin with that are measured at the start of the next task
_DIFFERENCES = ("plasticity_gap", "published_plasticity_loss")
_UNITS = {"1": "dimensionless", "fraction": "%", "epoch": "epochs", "nat": "nats"}


def metric_name(column: str) -> str:
    """Return what a figure calls a column, without its unit: that of `start_x` is x, at the start."""
    if column.startswith(_START):
        return f"{metric_name(column.removeprefix(_START))}, at the start"
    words = re.sub(r"^(nc\d|cdnv)", lambda found: found[0].upper(), column.replace("_", " "))
    return _NAMES.get(column, _PEOPLE.sub(lambda found: found[0].title().replace(" ", "-"), words))


def metric_label(column: str, schema: str = "metrics") -> str:
    """Return a column's axis label, its unit taken from the table's schema; fractions are shown in per cent."""
    unit = _unit(column, schema)
    unit = "percentage points" if column in _DIFFERENCES else _UNITS.get(unit, unit)
    return f"{metric_name(column)} ({unit})"


def format_y(ax: Axes, column: str, schema: str = "metrics") -> None:
    """Label the y axis for a column; a fraction's ticks are in per cent while the data stay as in the table."""
    ax.set_ylabel(metric_label(column, schema))
    if _unit(column, schema) == "fraction":
        as_percent(ax)


def as_percent(ax: Axes) -> None:
    """Write the ticks of the y axis, whose data are fractions, in per cent."""
    ax.yaxis.set_major_formatter(_Percent())


def format_epochs(ax: Axes, drawn: Sequence[pd.DataFrame] = (), label: str = WARM_UP_AXIS) -> None:
    """Label the x axis; ticks are the checkpoints in `drawn` (column x) where these are few, else round epochs.

    Long counts are shown in thousands; the label says so.
    """
    ax.set_xlabel(label)
    epochs = np.unique(np.concatenate([np.array([]), *(summary["x"].to_numpy(dtype=float) for summary in drawn)]))
    if 0 < len(epochs) <= 8:
        ax.set_xticks(epochs, [_number(epoch) for epoch in epochs])
    else:
        ax.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True, min_n_ticks=1))
        if ax.get_xlim()[1] >= _LONG:
            ax.xaxis.set_major_formatter(FuncFormatter(lambda count, _place: f"{count / 1000:g}"))
            ax.set_xlabel(re.sub(r"\((\w+)\)$", r"(thousand \1)", label))


def format_log_epochs(ax: Axes, epochs: np.ndarray, label: str) -> None:
    """Make the x axis logarithmic, with the ticks of `log_ticks`, and label it."""
    ticks = log_ticks(epochs)
    ax.set_xscale("log")
    ax.set_xlim(0.8 * float(epochs.min()), 1.25 * float(epochs.max()))
    ax.set_xticks(ticks, [_number(tick) for tick in ticks])
    ax.xaxis.set_minor_locator(NullLocator())
    ax.set_xlabel(label)


def format_log_amounts(ax: Axes, values: np.ndarray, label: str) -> None:
    """Make the x axis logarithmic with a few round ticks and label it; `values` are positive and may be many."""
    ticks = round_ticks(values)
    format_log_epochs(ax, values, label)
    ax.set_xticks(ticks, [_number(tick) for tick in ticks])


def round_ticks(values: np.ndarray) -> np.ndarray:
    """Return a few round ticks over positive values: 1, 2 and 5 of each decade, or its 1 alone where those are many."""
    if values.min() == values.max():
        return np.unique(values)
    ticks = log_ticks(np.geomspace(values.min(), values.max(), 50))
    return ticks if len(ticks) <= 7 else ticks[np.isclose(np.log10(ticks) % 1, 0)]


def log_ticks(values: np.ndarray) -> np.ndarray:
    """Return ticks of a logarithmic axis: the different positive values where they stand apart, else 1, 2, 5, 10 ..."""
    distinct = np.unique(values).astype(float)
    logs = np.log10(distinct)
    if len(distinct) == 1 or (len(distinct) <= 8 and np.diff(logs).min() > 0.07 * np.ptp(logs)):
        return distinct
    decades = 10.0 ** np.arange(np.floor(logs[0]), np.ceil(logs[-1]) + 1)
    series = np.outer(decades, [1, 2, 5]).ravel()
    return series[(series >= distinct[0]) & (series <= distinct[-1])]


def fit_y(
    ax: Axes, summaries: Sequence[pd.DataFrame], *, log: bool | None = False, include: float | None = None
) -> None:
    """Choose scale and limits of the y axis from means and intervals.

    Intervals of few seeds can be many times as wide as all differences; at each end they may widen the axis by 0.6 of
    the means' own span, those of a single line by three spans, and are cut off beyond.

    Args:
        ax: The axes, drawn already.
        summaries: What was drawn in them, as `over_seeds` returns it.
        log: Logarithmic axis; None chooses it where positive means span more than a factor of 20.
        include: A value that a linear axis shows in any case, such as 0 for a difference.
    """
    means, ends = _finite(summaries, ["mean"]), _finite(summaries, ["mean", "low", "high"])
    if log is None:
        log = bool(means.size and means.min() > 0 and means.max() > 20 * means.min())
    log = log and bool((means > 0).any())
    if log:
        means, ends = np.log10(means[means > 0]), np.log10(ends[ends > 0])
    if not means.size:
        return
    span = float(np.ptp(means)) or float(np.ptp(ends)) or (0.3 if log else max(abs(float(means[0])) * 0.1, 1e-3))
    reach = span * (3.0 if len(summaries) == 1 else 0.6)
    low = max(float(ends.min()), float(means.min()) - reach)
    high = min(float(ends.max()), float(means.max()) + reach)
    if include is not None:
        low, high = min(low, include), max(high, include)
    limits = (low - 0.06 * span, high + 0.06 * span)
    if log:
        log_y(ax, *limits)
    else:
        ax.set_ylim(*limits)


def _unit(column: str, schema: str) -> str:
    return next(entry.unit for entry in SCHEMAS[schema] if entry.name == column)


def _finite(summaries: Sequence[pd.DataFrame], columns: list[str]) -> np.ndarray:
    values = np.concatenate([np.array([]), *(summary[columns].to_numpy(dtype=float).ravel() for summary in summaries)])
    return values[np.isfinite(values)]


def log_y(ax: Axes, low: float, high: float) -> None:
    """Make the y axis logarithmic, from 10^low to 10^high, with a few round ticks."""
    ax.set_yscale("log")
    ax.set_ylim(10**low, 10**high)
    decades = high - low
    steps = LogLocator(subs=(1, 2, 5) if decades < 1.6 else (1, 3) if decades < 3.3 else (1,), numticks=8)
    ax.yaxis.set_major_locator(AutoLocator() if decades < 0.7 else steps)
    ax.yaxis.set_minor_locator(NullLocator())
    ax.yaxis.set_minor_formatter(NullFormatter())
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: _number(value)))


def _number(value: float) -> str:
    text = f"{value:.5g}" if np.isclose(value, 1e5) else f"{value:g}"  # the longer one touches its neighbour
    mantissa, _, exponent = text.partition("e")
    if exponent and mantissa == "1":
        return "10" + str(int(exponent)).translate(_SUPERSCRIPTS)
    return text.replace("-", "\N{MINUS SIGN}")


class _Percent(Formatter):
    """Fractions in per cent, all ticks of an axis with the same number of decimals."""

    def __call__(self, x: float, pos: int | None = None) -> str:
        """Return the text of a single tick at `x`."""
        return self.format_ticks([x])[0]

    def format_ticks(self, values: Sequence[float]) -> list[str]:
        """Return the texts of all ticks of an axis."""
        shown = [100 * value for value in values]
        exact = (digits for digits in range(4) if all(abs(round(value, digits) - value) < 1e-9 for value in shown))
        digits = next(exact, 4)
        return [f"{value:.{digits}f}".replace("-", "\N{MINUS SIGN}") for value in shown]
