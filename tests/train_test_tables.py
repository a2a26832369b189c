"""A train-test study with plausible values: its three tables, written and read as the workflow does."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from plasticity.config.analysis_section import TrainTestAnalysis, TransferAnalysis
from plasticity.seeding import numpy_generator
from plasticity.storage.schemas import SCHEMAS
from plasticity.storage.tables import read_table, write_table
from plasticity.studies.train_test_collapse.assemble import best_of_rates
from plasticity.studies.train_test_collapse.correlate import correlate_transfer
from plasticity.studies.train_test_collapse.figure_tables import TrainTestTables

ANALYSIS = {"confidence": 0.95}
SECTION = {
    "seeds": [1, 2, 3],
    "analysis": ANALYSIS,
    "measure": {"k_means_restarts": 10},
    "next_task": {
        "train_size": 500,
        "validation_size": 500,
        "test_size": 100,
        "iterations": 100,
        "learning_rates": [0.001, 0.02],
    },
}
"""What captions read of the configuration."""
ARMS = ("cascade", "transfer", "training_size_100", "training_size_400", "training_size_1600")
WITH_DECAYS = ("cascade", "transfer", "weight_decay_0.0005", "weight_decay_0.01")
DECAYS = {"transfer": 0.0, "weight_decay_0.0005": 0.0005, "weight_decay_0.01": 0.01}
"""Weight decay of the arms that go on to a next task."""
ITERATIONS = (0, 1, 3, 10, 30, 100, 300, 1000)
FRAMES = ("variances", "transfer", "correlations")
Frames = dict[str, pd.DataFrame]


def experiment_of(arm: str) -> str:
    return arm.rpartition("_")[0] if arm.startswith(("training_size_", "weight_decay_")) else arm


def families_of(arms: Sequence[str]) -> dict[str, dict[str, float]]:
    family = {arm: decay for arm, decay in DECAYS.items() if arm in arms}
    return {next(iter(family)): family} if family else {}


def make_train_test(
    folder: Path,
    *,
    arms: Sequence[str] = ARMS,
    seeds: Sequence[int] = (1, 2, 3),
    iterations: Sequence[int] = ITERATIONS,
    edit: Callable[[Frames], Frames] | None = None,
) -> TrainTestTables:
    """Build the tables, let `edit` change the frames by schema, and pass them through Parquet files in `folder`."""
    variances = _variances(arms, seeds, iterations)
    transfer = _transfer(variances) if set(arms) & set(DECAYS) else _filled("transfer", [])
    write_table(transfer, folder / "transfer.parquet", "transfer")
    families = [{"name": name, "weight_decays": decays} for name, decays in families_of(arms).items()]
    settings = TransferAnalysis.of({**ANALYSIS, "families": families})
    correlate_transfer(folder / "transfer.parquet", folder / "correlations.parquet", settings=settings)
    correlations = read_table(folder / "correlations.parquet", "correlations")
    frames = {"variances": variances, "transfer": transfer, "correlations": correlations}
    frames = edit({name: frame.copy() for name, frame in frames.items()}) if edit else frames
    for schema in FRAMES:
        write_table(frames[schema], folder / f"{schema}.parquet", schema)
    metrics, transfer, correlations = (read_table(folder / f"{schema}.parquet", schema) for schema in FRAMES)
    return TrainTestTables(
        metrics=metrics,
        transfer=transfer,
        correlations=correlations,
        arms=tuple(arms),
        labels={},
        experiments={arm: experiment_of(arm) for arm in arms},
        analysis=TrainTestAnalysis.of(ANALYSIS),
        weight_decays=families_of(arms),
    )


def _filled(schema: str, rows: list[dict]) -> pd.DataFrame:
    defaults = {"str": "", "int": 0, "float": 0.5, "bool": False}
    types = {"str": "object", "int": "int64", "float": "float64", "bool": "bool"}
    return pd.DataFrame(
        {
            c.name: pd.Series([row.get(c.name, defaults[c.kind]) for row in rows], dtype=types[c.kind])
            for c in SCHEMAS[schema]
        }
    )


def _variances(arms: Sequence[str], seeds: Sequence[int], iterations: Sequence[int]) -> pd.DataFrame:
    rows = []
    for arm in arms:
        size = int(arm.rpartition("_")[2]) if arm.startswith("training_size_") else 1000
        for seed in seeds:
            noise = numpy_generator(seed, f"tests/variances/{arm}")
            for iteration in iterations:
                for layer in (1, 2, 3):
                    fall = (1 + iteration / 10) ** (-0.3 * layer)
                    train = 3 * fall * noise.uniform(0.9, 1.1) * (size / 1000) ** 0.1
                    test = train + 0.5 * (1000 / size) ** 0.3
                    row = {"experiment": experiment_of(arm), "arm": arm, "seed": seed, "iteration": iteration}
                    row |= {"train_size": size, "test_size": 200, "layer": layer, "last_layer": layer == 3}
                    row |= {"train_variance": train, "strong_test_variance": test, "weak_test_variance": 0.8 * test}
                    row |= {f"own_{name}": 0.7 * row[name] for name in list(row) if name.endswith("_variance")}
                    nc1 = 20 * train * np.exp(-200 * DECAYS.get(arm, 0.0) * iteration / 1000)
                    rows.append(row | {"nc1": nc1, "train_accuracy": 1.0, "test_accuracy": 0.9})
    return _filled("variances", rows)


def _transfer(variances: pd.DataFrame) -> pd.DataFrame:
    last = variances.loc[variances["arm"].isin(list(DECAYS)) & variances["last_layer"]]
    rows = []
    for row in last.to_dict("records"):
        noise = numpy_generator(row["seed"], "tests/transfer", row["iteration"])
        for rate in (0.001, 0.02):
            decay = DECAYS[row["arm"]]
            accuracy = 0.8 + 0.04 * np.log10(row["train_variance"]) - 0.1 * (rate < 0.01) + noise.normal(0, 0.01)
            accuracy += 8 * decay  # within an arm collapse costs accuracy, across weight decays it comes with more
            reached = {"test_accuracy": accuracy, "validation_accuracy": accuracy + noise.normal(0, 0.01)}
            rows.append({**row, "learning_rate": rate, "train_loss": 0.01, "train_accuracy": 1.0, **reached})
    frame = _filled("transfer", rows)
    chosen = {"chosen": best_of_rates(frame, "validation_accuracy")}
    return frame.assign(**chosen, chosen_on_test=best_of_rates(frame, "test_accuracy", "validation_accuracy"))
