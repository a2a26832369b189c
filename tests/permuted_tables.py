"""A permuted study with plausible values: its two tables, written and read as the workflow does."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from causes_tables import made_when_read, make_causes
from plasticity.analysis.transitions import of_permuted
from plasticity.config.analysis_section import CausalDesignSettings, ContinualAnalysis
from plasticity.config.slices import ExplainSettings
from plasticity.seeding import numpy_generator
from plasticity.storage.schemas import SCHEMAS
from plasticity.storage.tables import read_table, write_table
from plasticity.studies.continual.explain import explanations_of
from plasticity.studies.continual.figure_tables import PermutedTables

ANALYSIS = {"confidence": 0.95}
SECTION = {"seeds": [1, 2, 3], "model": {"name": "mlp"}, "first_task": {"max_epochs": 60}, "analysis": ANALYSIS}
"""What captions read of the configuration."""
LENGTHS = {f"first_task_length_{epochs}": float(epochs) for epochs in (1, 2, 5, 10, 50, 100)}
THRESHOLDS = {f"first_task_collapse_{nc1:g}": nc1 for nc1 in (0.22, 0.2, 0.18)}
SINGLE = {"continual": 1.0, "shrink_perturb": 0.3, "weight_decay": 0.55}  # share of the trend that is left
SMALL = ("random_init", "continual", "first_task_length_1", "first_task_length_10", *THRESHOLDS)
METHODS = ("pearson", "spearman", "partial_linear", "partial_log", "partial_spline", "first_difference")
OUTCOMES = ("online_accuracy", "plasticity_gap", "published_plasticity_loss")
METRICS = ("nc1", "nc2", "nc3", "nc4")
FRAMES = ("permuted", "correlations")
Frames = dict[str, pd.DataFrame]


def experiment_of(arm: str) -> str:
    return arm.rpartition("_")[0] if arm in LENGTHS or arm in THRESHOLDS else arm


ARMS = ("random_init", "continual", *LENGTHS, *THRESHOLDS, "shrink_perturb", "weight_decay")


def make_permuted(
    folder: Path,
    *,
    arms: Sequence[str] = SMALL,
    seeds: Sequence[int] = (1, 2, 3),
    tasks: int = 6,
    edit: Callable[[Frames], Frames] | None = None,
    lazy: bool = False,
) -> PermutedTables:
    """Build the tables, let `edit` change the frames by schema, and pass them through Parquet files in `folder`.

    With `lazy` causes and explanations are computed when they are read.
    """
    frames = {"permuted": _metrics(arms, seeds, tasks), "correlations": _correlations(arms, seeds, tasks)}
    if edit:
        frames = edit(frames)
    for schema in FRAMES:
        write_table(frames[schema], folder / f"{schema}.parquet", schema)
    metrics, correlations = (read_table(folder / f"{schema}.parquet", schema) for schema in FRAMES)
    control = "continual" if "continual" in arms else ""
    treatments = [arm for arm in arms if arm in LENGTHS or arm in THRESHOLDS]
    design = CausalDesignSettings(control=control, treatments=tuple(treatments), series=())
    window = of_permuted(metrics, [control, *treatments], tasks=False)
    causes = partial(make_causes, folder, window, design, ("seed",))
    explanations = partial(_explanations, folder, metrics)
    tables = PermutedTables(
        metrics=with_landscape(metrics),
        correlations=correlations,
        causes=pd.DataFrame() if lazy else causes(),
        explanations=pd.DataFrame() if lazy else explanations(),
        arms=tuple(arms),
        labels={},
        experiments={arm: experiment_of(arm) for arm in arms},
        analysis=ContinualAnalysis.of(ANALYSIS),
        causal_design=design,
    )
    return made_when_read(tables, causes=causes, explanations=explanations) if lazy else tables


def _explanations(folder: Path, metrics: pd.DataFrame) -> pd.DataFrame:
    asked = ExplainSettings(confidence=ANALYSIS["confidence"], losses=("plasticity_gap",), references=())
    given = metrics.loc[~metrics["arm"].str.startswith("random_init")]
    write_table(explanations_of(given, METRICS, asked), folder / "explanations.parquet", "explanations")
    return read_table(folder / "explanations.parquet", "explanations")


STORED = {
    "hessian_nodes": [-1.0, 0.0, 10.0, 0.0],
    "hessian_weights": [0.25, 0.75, 0.5, 0.5],
    "gradient_cosines": [1.0, -0.5, -0.5, 1.0],
    "probe_curves": [1.0, 0.5, 3.0, 1.5],
    "fresh_probe_curves": [1.0, 0.1, 1.0, 0.3],
    "probe_steps": [0.0, 100.0],
}
"""What is stored of the landscape at each of its checkpoints."""


def with_landscape(metrics: pd.DataFrame) -> pd.DataFrame:
    """Return a table of tasks with what is stored of the landscape: before task 1, after it and after the last."""
    ends = (1, metrics["task"].max())
    parts = {
        prefix + name: [value if task in ends else None for task in metrics["task"]]
        for name, value in STORED.items()
        for prefix in ("", "start_")
    }
    rank = {"start_gauss_newton_rank_above_0.01": 500.0 - 10 * metrics["task"] + metrics["arm"].str.len()}
    return metrics.assign(**parts, **rank)


def _filled(schema: str, rows: list[dict]) -> pd.DataFrame:
    defaults = {"str": "", "int": 0, "float": 0.5, "bool": False}
    return pd.DataFrame(
        {c.name: pd.Series([row.get(c.name, defaults[c.kind]) for row in rows]) for c in SCHEMAS[schema]}
    )


def _epochs_until(threshold: float, seed: int) -> int | None:
    """Return the first epoch whose NC1 is below the threshold; the least collapsing seeds never get below 0.18."""
    reached = [epoch for epoch in range(1, 61) if _first_nc1(epoch, seed) < threshold]
    return reached[0] if reached else None


def _first_nc1(epochs: int, seed: int) -> float:
    floor = 0.166 + 0.0023 * (seed % 7)
    return floor + 0.05 * epochs**-0.55 * numpy_generator(seed, f"tests/nc1/{epochs}").uniform(0.9, 1.1)


def _metrics(arms: Sequence[str], seeds: Sequence[int], tasks: int) -> pd.DataFrame:
    rows: list[dict] = []
    for arm in arms:
        for seed in seeds:
            rows += _random_init(seed, tasks) if arm == "random_init" else _continued(arm, seed, tasks)
    return _filled("permuted", rows).assign(
        threshold_reached=pd.array([r["threshold_reached"] for r in rows], "boolean")
    )


def _fresh(seed: int, task: int) -> float:
    return 0.924 + numpy_generator(seed, f"tests/fresh/{task}").normal(0, 0.0012)


def _random_init(seed: int, tasks: int) -> list[dict]:
    same = {"experiment": "random_init", "arm": "random_init", "seed": seed, "first_task_epochs": 1}
    same |= {"nc1_threshold": np.nan, "threshold_reached": None, "plasticity_gap": 0.0}
    noise = numpy_generator(seed, "tests/random_init")
    rows = []
    for task in range(1, tasks + 1):
        accuracy = _fresh(seed, task)
        nc = {"nc1": 0.222 + noise.normal(0, 0.006), "nc2": 0.3, "nc3": 0.5, "nc4": 0.97}
        loss = _fresh(seed, 1) - accuracy
        rows.append(
            {**same, **nc, "task": task, "online_accuracy": accuracy, "fresh_accuracy": accuracy}
            | {"published_plasticity_loss": loss}
        )
    return rows


def _continued(arm: str, seed: int, tasks: int) -> list[dict]:
    threshold = THRESHOLDS.get(arm, np.nan)
    epochs = int(LENGTHS.get(arm, 1)) if arm not in THRESHOLDS else _epochs_until(threshold, seed)
    reached = None if arm not in THRESHOLDS else epochs is not None
    same = {"experiment": experiment_of(arm), "arm": arm, "seed": seed, "first_task_epochs": epochs or 60}
    same |= {"nc1_threshold": threshold, "threshold_reached": reached}
    noise, length = numpy_generator(seed, f"tests/{arm}"), np.log(epochs or 60)
    first = 0.924 + 0.06 * (1 - (epochs or 60) ** -0.6)
    trend, rows = SINGLE.get(arm, 1.0), []
    for task in range(1, tasks + 1 if reached is not False else 2):
        share = (task - 1) / 139
        lost = trend * 0.11 * share**0.7 + 0.009 * length * (task > 1) * np.exp(-share)
        accuracy = first if task == 1 else 0.924 - lost + noise.normal(0, 0.002)
        spread = 0.11 * trend * share**0.7 + noise.normal(0, 0.008 + 0.05 * share)
        nc1 = _first_nc1(epochs or 60, seed) if task == 1 else 0.225 + spread + 0.003 * length
        budget = task > 1 or (epochs or 60) == 1
        nc = {"nc1": nc1, "nc2": 0.3 + 0.2 * share, "nc3": 0.5 + 0.1 * share, "nc4": 0.97 - 0.1 * share}
        gap = _fresh(seed, task) - accuracy if budget else np.nan
        row = {**same, **nc, "task": task, "online_accuracy": accuracy, "fresh_accuracy": _fresh(seed, task)}
        rows.append(row | {"plasticity_gap": gap, "published_plasticity_loss": first - accuracy})
    return rows


def _correlations(arms: Sequence[str], seeds: Sequence[int], tasks: int) -> pd.DataFrame:
    noise = numpy_generator(0, "tests/permuted/correlations")
    rows: list[dict] = []
    for arm in arms:
        if arm != "random_init":
            rows += _over_tasks(arm, len(seeds), tasks, noise)
    experiments = [name for name in ("first_task_length", "first_task_collapse") if name in map(experiment_of, arms)]
    for experiment in experiments:
        runs = len(seeds) * sum(experiment_of(arm) == experiment for arm in arms)
        words = {"arm": experiment, "window_kind": "task", "window_start": 1, "window_end": 1, "n_points": runs}
        words |= {"metric": "nc1", "outcome": "first_task_epochs", "method": "pearson", "aggregate": "pooled"}
        rows.append(_row(-0.54, 0.2, len(seeds), **words))
        for task in range(2, tasks + 1):
            rows += _across_runs(experiment, task, (len(seeds), runs), noise)
    frame = _filled("correlations", rows)
    return frame.assign(seed=pd.array([None] * len(frame), dtype="Int64"))


def _row(estimate: float, half: float, n_seeds: int, **words) -> dict:
    ends = np.clip([estimate - half, estimate + half], -1, 1) if n_seeds > 1 else (np.nan, np.nan)
    return {"estimate": estimate, "ci_low": ends[0], "ci_high": ends[1], "n_seeds": n_seeds, **words}


def _over_tasks(arm: str, n_seeds: int, tasks: int, noise: np.random.Generator) -> list[dict]:
    words = {"arm": arm, "window_kind": "all", "window_start": 1, "window_end": tasks}
    size = {"pearson": 0.9, "spearman": 0.85}
    rows = []
    for metric in (*METRICS, "task"):
        for outcome in OUTCOMES:
            sign = (1 if metric in {"nc4"} else -1) * (1 if outcome == "online_accuracy" else -1)
            for aggregate in ("mean", "averaged"):
                for method in METHODS:
                    estimate = sign * size.get(method, 0.25) * noise.uniform(0.8, 1) + 0.04 * (aggregate == "averaged")
                    keys = {**words, "metric": metric, "outcome": outcome, "aggregate": aggregate, "method": method}
                    rows.append(_row(estimate, noise.uniform(0.03, 0.2), n_seeds, **keys, n_points=tasks * n_seeds))
    return rows


def _across_runs(experiment: str, task: int, counts: tuple[int, int], noise: np.random.Generator) -> list[dict]:
    n_seeds, runs = counts
    words = {"arm": experiment, "window_kind": "task", "window_start": task, "window_end": task, "n_points": runs}
    fade = np.exp(-(task - 2) / 60)
    rows = []
    for metric in (*METRICS, "first_task_epochs"):
        for outcome in OUTCOMES:
            sign = (1 if metric.startswith("nc") else -1) * (1 if outcome == "online_accuracy" else -1)
            for aggregate in ("pooled", "within"):
                for method in ("pearson", "spearman", "partial_linear", "partial_log"):
                    size = {"partial_log": -0.4, "partial_linear": 0.5}.get(method, 0.95 if metric[0] == "f" else 0.6)
                    if metric == "first_task_epochs" and method.startswith("partial"):
                        continue
                    estimate = sign * size * fade + noise.normal(0, 0.03)
                    keys = {**words, "metric": metric, "outcome": outcome, "aggregate": aggregate, "method": method}
                    rows.append(_row(np.clip(estimate, -1, 1), noise.uniform(0.1, 0.25), n_seeds, **keys))
    return rows
