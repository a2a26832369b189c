"""A warm-start study with known values: its tables, written and read as the workflow does."""

from collections.abc import Sequence
from functools import partial

import numpy as np
import pandas as pd

from causes_tables import design_of_arms, made_when_read, make_causes
from plasticity.analysis.transitions import of_warm_start
from plasticity.config.analysis_section import WarmStartAnalysis
from plasticity.seeding import numpy_generator
from plasticity.storage.schemas import SCHEMAS
from plasticity.storage.tables import read_table, write_table
from plasticity.studies.warm_start.figure_tables import FigureTables

ARMS = (
    "random_init",
    "warm_start",
    "shrink_perturb",
    "nc1_spread",
    "nc1_collapse",
    "weight_decay_0.01",
    "weight_decay_0.1",
)
ANALYSIS = {"window": 32, "phase_boundary": 24, "confidence": 0.95}
METHODS = ("pearson", "spearman", "partial_linear", "partial_log", "partial_spline", "first_difference")
GAIN = {"random_init": 0.05, "shrink_perturb": 0.03, "weight_decay_0.1": 0.02, "nc1_spread": 0.01}
NC1_FACTOR = {"nc1_spread": 6.0, "nc1_collapse": 0.5, "weight_decay_0.01": 0.9, "weight_decay_0.1": 0.05}


def _fill(schema: str, rows: list[dict]) -> pd.DataFrame:
    """Give every column of the schema a value, so that the table can be written."""
    defaults = {"str": "", "int": 0, "float": 0.5, "bool": False}
    return pd.DataFrame(
        {c.name: pd.Series([row.get(c.name, defaults[c.kind]) for row in rows]) for c in SCHEMAS[schema]}
    )


def _metrics(arms: Sequence[str], seeds: Sequence[int], epochs: Sequence[int]) -> pd.DataFrame:
    rows = []
    for arm in arms:
        for seed in seeds:
            noise = numpy_generator(seed, f"tests/{arm}")
            for epoch in (0,) if arm == "random_init" else epochs:
                time = (epoch + 1) / (max(epochs) + 1)
                nc1 = 20 * NC1_FACTOR.get(arm, 1) * np.exp(-3.5 * np.sqrt(time)) * noise.uniform(0.9, 1.1)
                accuracy = 0.58 + GAIN.get(arm, 0) + 0.03 * np.exp(-5 * time) + noise.normal(0, 0.003)
                row = {"arm": arm, "seed": seed, "warm_up_epoch": epoch, "nc1": nc1, "full_test_accuracy": accuracy}
                pace = 1 + arms.index(arm) / 4
                row |= {"nc2": 0.2 + 0.15 * np.exp(-3 * time / pace), "nc3": 0.45 + 0.5 * np.exp(-2 * time / pace)}
                row |= {"nc4": 1 - 0.4 * np.exp(-4 * time) * noise.uniform(0.9, 1.1), "converged": True}
                row |= {"warm_up_test_accuracy": 0.55 - 0.2 * np.exp(-6 * time) + noise.normal(0, 0.004)}
                rows.append(row | {"plasticity_gap": 0.63 - accuracy, "fine_tune_epochs": 20})
    return _fill("metrics", rows)


def _histories(arms: Sequence[str], seeds: Sequence[int], epochs: Sequence[int]) -> pd.DataFrame:
    runs = [("warm_up", arm, 0, max(epochs), 8.0) for arm in arms if arm not in {"random_init", "shrink_perturb"}]
    for position, arm in enumerate(arms):
        starts = (0,) if arm == "random_init" else epochs
        runs += [("fine_tune", arm, start, 26 - position - start // 8, 5.0) for start in starts]
    rows = []
    for stage, run, start, length, pace in runs:
        for seed in seeds:
            for epoch in range(1, length + 1 + seed % 3):
                loss = 2.3 * np.exp(-epoch / (pace + 0.3 * arms.index(run))) * (1 + 0.02 * (seed % 5))
                row = {"stage": stage, "run": run, "seed": seed, "warm_up_epoch": start, "epoch": epoch}
                rows.append(row | {"loss": loss, "accuracy": 1 - 0.39 * loss, "penalty": np.nan})
    return _fill("history", rows)


def _windows(epochs: Sequence[int]) -> list[tuple[str, int, int]]:
    span, boundary = ANALYSIS["window"], ANALYSIS["phase_boundary"]
    step = epochs[1] - epochs[0] if len(epochs) > 1 else 1
    sliding = [("sliding", end - span + step, end) for end in epochs if end - span + step >= epochs[0]]
    phases = [("all", epochs[0], epochs[-1]), ("first_phase", epochs[0], boundary)]
    return [*sliding, *phases, ("second_phase", boundary + 1, epochs[-1])]


def _correlations(arms: Sequence[str], seeds: Sequence[int], epochs: Sequence[int]) -> pd.DataFrame:
    noise = numpy_generator(0, "tests/correlations")
    rows = []
    for arm in arms:
        for metric in ("nc1", "nc2", "nc3", "nc4", "warm_up_epoch"):
            sign = -1 if metric in {"nc4", "warm_up_epoch"} else 1
            for position, (kind, start, end) in enumerate(_windows(epochs)):
                for method in METHODS if kind != "sliding" else ("pearson",):
                    size = (
                        0.9 / (1 + (0.1 + 0.08 * arms.index(arm)) * position)
                        if method == "pearson"
                        else noise.uniform(-0.5, 0.5)
                    )
                    half = np.nan if len(seeds) == 1 else noise.uniform(0.02, 0.2)
                    low, high = (np.clip(sign * size + side * half, -1, 1) for side in (-1, 1))
                    row = {"metric": metric, "outcome": "full_test_accuracy", "arm": arm, "method": method}
                    row |= {"window_start": start, "window_end": end, "window_kind": kind, "aggregate": "mean"}
                    row |= {"estimate": sign * size, "ci_low": low, "ci_high": high, "n_seeds": len(seeds)}
                    rows.append(row | {"n_points": len(seeds) * len(epochs)})
    frame = _fill("correlations", rows)
    return frame.assign(seed=pd.array([None] * len(frame), dtype="Int64"))


def make_study(
    folder, *, arms=ARMS, seeds=(7, 8, 9), epochs=tuple(range(8, 49, 8)), edit=None, lazy=False
) -> FigureTables:
    """Build the tables, let `edit` change the frames by name, and pass them through Parquet files in `folder`.

    With `lazy` the causes are computed when they are read.
    """
    warmed = [arm for arm in arms if arm != "random_init"]
    frames = {
        "metrics": _metrics(arms, seeds, epochs),
        "history": _histories(arms, seeds, epochs),
        "correlations": _correlations(warmed, seeds, epochs),
    }
    if edit:
        frames = edit(frames)
    for schema, frame in frames.items():
        write_table(frame, folder / f"{schema}.parquet", schema)
    metrics, histories, correlations = (read_table(folder / f"{schema}.parquet", schema) for schema in frames)
    design = design_of_arms(arms)
    window = of_warm_start(metrics, ("all", 8, max(epochs)))
    causes = partial(make_causes, folder, window, design, ("seed", "length"))
    warm_ups = {arm: "warm_start" if arm in {"random_init", "shrink_perturb"} else arm for arm in arms}
    tables = FigureTables(
        metrics=metrics,
        histories=histories,
        correlations=correlations,
        causes=pd.DataFrame() if lazy else causes(),
        arms=tuple(arms),
        labels={},
        warm_ups=warm_ups,
        analysis=WarmStartAnalysis.of(ANALYSIS),
        causal_design=design,
    )
    return made_when_read(tables, causes=causes) if lazy else tables
