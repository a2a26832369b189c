"""The stage that correlates every metric of a study with the outcome, per arm, seed, method and window."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from plasticity.analysis.bootstrap import mean_interval, pooled_interval
from plasticity.analysis.correlation import METHODS, Coefficients, coefficients, points_of
from plasticity.analysis.panel import Excluded, Panel, excluded, panel_of
from plasticity.analysis.windows import SLIDING, Window, phases, sliding_windows
from plasticity.errors import PlasticityError
from plasticity.provenance import provenance
from plasticity.schemas import SCHEMAS
from plasticity.tables import read_table, write_table

_NUMERIC = ("int", "float")
_KEYS = ("arm", "seed", "warm_up_epoch")
METRICS = [c.name for c in SCHEMAS["collapse"] if c.kind in _NUMERIC and c.name not in _KEYS]
OUTCOMES = [c.name for c in SCHEMAS["metrics"] if c.kind in _NUMERIC and c.name not in (*_KEYS, *METRICS)]
CONTROL = "warm_up_epoch"  # what any monotone function of training time would give
_CONTROL_METHODS = METHODS[:2]
_SLIDING_METHODS = METHODS[:4]

_Block = dict[str, np.ndarray]
_Pair = tuple[str, str]


@dataclass(frozen=True)
class AnalysisSettings:
    """The section `analysis` of a study: epochs, level and number of resamples, and columns to correlate with."""

    window: int
    phase_boundary: int
    confidence: float
    bootstrap_samples: int
    outcomes: tuple[str, ...] = ("full_test_accuracy",)


def correlate(metrics_path: str | Path, output: str | Path, *, settings: dict[str, Any]) -> None:
    """Write the correlations table of a study.

    An arm with a single checkpoint per seed has nothing to correlate and gets no rows. Every other arm gets a row per
    metric, outcome, method, window and aggregate, with the reason in `note` where a coefficient is undefined.

    Args:
        metrics_path: The study's metrics table.
        output: Where the correlations table goes.
        settings: The section `analysis` of the study.

    Raises:
        PlasticityError: If a setting is missing or out of its range, or the metrics table is damaged.
    """
    checked = _checked(settings)
    frame = read_table(metrics_path, "metrics")
    arms = [rows for _, rows in frame.groupby("arm", sort=False) if len(set(rows["warm_up_epoch"])) > 1]
    panels = [panel_of(rows, [*METRICS, *checked.outcomes]) for rows in arms]
    blocks = [block for panel in panels for block in _arm_blocks(panel, checked)]
    write_table(_joined(blocks), output, "correlations", provenance(settings))


def _checked(settings: dict[str, Any]) -> AnalysisSettings:
    try:
        found = AnalysisSettings(**{**settings, "outcomes": tuple(settings.get("outcomes", ("full_test_accuracy",)))})
    except TypeError as error:
        raise PlasticityError(f"analysis: expected its own keys, got {error}") from None
    ranges = {
        "window": (found.window >= 1, "at least 1 epoch"),
        "phase_boundary": (found.phase_boundary >= 0, "at least epoch 0"),
        "confidence": (0 < found.confidence < 1, "a level between 0 and 1"),
        "bootstrap_samples": (found.bootstrap_samples >= 1, "at least 1 sample"),
        "outcomes": (set(found.outcomes) <= set(OUTCOMES), f"some of {OUTCOMES}"),
    }
    for key, (valid, expected) in ranges.items():
        if not valid:
            raise PlasticityError(f"analysis.{key}: expected {expected}, got {getattr(found, key)!r}")
    return found


def _arm_blocks(panel: Panel, settings: AnalysisSettings) -> Iterator[_Block]:
    windows = [*sliding_windows(panel.epochs, settings.window), *phases(panel.epochs, settings.phase_boundary)]
    for outcome in settings.outcomes:
        for window in windows:
            part = panel.within(window)
            for method in _SLIDING_METHODS if window.kind == SLIDING else METHODS:
                yield _block(part, window, outcome=outcome, method=method, settings=settings)


def _block(panel: Panel, window: Window, *, outcome: str, method: str, settings: AnalysisSettings) -> _Block:
    """Return the rows of all metrics and aggregates; their order is metric, then seeds, mean, pooled."""
    values = {**panel.values, CONTROL: np.broadcast_to(panel.epochs.astype(np.float64), panel.present.shape)}
    metrics = [*METRICS, CONTROL] if method in _CONTROL_METHODS else METRICS
    x, y = np.stack([values[metric] for metric in metrics]), values[outcome]
    points = points_of(method, panel.epochs, x, y, panel.present & ~panel.diverged)
    left_out = excluded(panel, x, y, needs_positive_epoch=method == "partial_log")
    per_seed, pooled = coefficients(points), coefficients(points.pooled())
    columns = _numbers(per_seed, pooled, left_out)
    resampling = {"samples": settings.bootstrap_samples, "confidence": settings.confidence}
    ends = mean_interval(per_seed.value, **resampling), pooled_interval(points, **resampling)
    columns |= _ends(*ends, pooled, len(panel.seeds))
    pairs = [(metric, outcome) for metric in metrics]
    columns["note"] = _notes(columns, (per_seed, pooled), left_out, seeds=panel.seeds.tolist(), pairs=pairs)
    labels = {"outcome": outcome, "arm": panel.arm, "method": method, "window_kind": window.kind}
    labels |= {"window_start": window.start, "window_end": window.end}
    return _labels(metrics, panel.seeds, labels) | {name: array.ravel() for name, array in columns.items()}


def _ends(mean: np.ndarray, pooled: np.ndarray, estimates: Coefficients, n_seeds: int) -> _Block:
    """Return interval ends of shape (metrics, S + 2); a single seed has none, nor has an undefined estimate."""
    none = np.full((*mean.shape, n_seeds), np.nan)
    pooled = np.where(np.isfinite(estimates.value), pooled, np.nan)
    low, high = np.concatenate([none, mean[..., None], pooled[..., None]], axis=2)
    return {"ci_low": low, "ci_high": high}


def _numbers(per_seed: Coefficients, pooled: Coefficients, left_out: Excluded) -> _Block:
    """Return estimates and counts of shape (metrics, S + 2)."""
    defined = np.isfinite(per_seed.value)
    n_defined = defined.sum(axis=1)
    total = np.where(defined, per_seed.value, 0.0).sum(axis=1)
    mean = np.divide(total, n_defined, out=np.full(total.shape, np.nan), where=n_defined > 0)
    points, missing = per_seed.n_points, left_out.total
    return {
        "estimate": np.column_stack([per_seed.value, mean, pooled.value]),
        "n_seeds": np.column_stack([points > 0, n_defined, (points > 0).sum(axis=1)]),
        "n_points": np.column_stack([points, np.where(defined, points, 0).sum(axis=1), pooled.n_points]),
        "n_excluded": np.column_stack([missing, missing.sum(axis=1), missing.sum(axis=1)]),
    }


def _notes(
    columns: _Block,
    found: tuple[Coefficients, Coefficients],
    left_out: Excluded,
    *,
    seeds: list[int],
    pairs: list[_Pair],
) -> np.ndarray:
    """Return in words what is undefined and what was left out, shape (metrics, S + 2); mostly empty."""
    per_seed, pooled = found
    n = len(seeds)
    single = (columns["n_seeds"] == 1) & (np.arange(n + 2) >= n)
    speaks = np.isnan(columns["estimate"]) | (columns["n_excluded"] > 0) | single
    speaks[:, n] |= np.isnan(per_seed.value).sum(axis=1) > 0
    notes = np.full(speaks.shape, "", dtype=object)
    for metric, column in np.argwhere(speaks).tolist():
        parts = ["1 seed, no interval"] if single[metric, column] else []
        if column < n:
            parts += [per_seed.reason((metric, column), pairs[metric])]
        elif column == n:
            parts += _reasons_of_seeds(per_seed, metric, seeds, pairs[metric])
        else:
            parts += [pooled.reason((metric,), pairs[metric])]
        if columns["n_excluded"][metric, column]:
            parts += [left_out.note(metric, slice(column, column + 1) if column < n else slice(None))]
        notes[metric, column] = "; ".join(part for part in parts if part)
    return notes


def _reasons_of_seeds(per_seed: Coefficients, metric: int, seeds: list[int], names: _Pair) -> list[str]:
    """Return a phrase per reason, with the seeds whose coefficient is undefined for it."""
    by_reason: dict[str, list[str]] = {}
    for index, seed in enumerate(seeds):
        by_reason.setdefault(per_seed.reason((metric, index), names), []).append(str(seed))
    return [f"undefined for seed {', '.join(those)}: {reason}" for reason, those in by_reason.items() if reason]


def _labels(metrics: list[str], seeds: np.ndarray, same: dict[str, str | int]) -> _Block:
    """Return the columns that name a row; `same` holds those that are alike in the whole block."""
    aggregates = np.array(["seed"] * len(seeds) + ["mean", "pooled"], dtype=object)
    found = {
        "metric": np.repeat(np.array(metrics, dtype=object), aggregates.size),
        "aggregate": np.tile(aggregates, len(metrics)),
        "seed": np.tile(np.array([*seeds.tolist(), pd.NA, pd.NA], dtype=object), len(metrics)),
    }
    return found | {name: np.full(found["metric"].size, value, dtype=object) for name, value in same.items()}


def _joined(blocks: list[_Block]) -> pd.DataFrame:
    names = [column.name for column in SCHEMAS["correlations"]]
    frame = pd.DataFrame({name: np.concatenate([b[name] for b in blocks]) if blocks else [] for name in names})
    kinds = {"str": "object", "int": "Int64", "float": "float64"}
    return frame.astype({column.name: kinds[column.kind] for column in SCHEMAS["correlations"]})
