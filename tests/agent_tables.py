"""A study of agents with plausible values: its three tables, written and read as the workflow does."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from plasticity.config.analysis_section import Analysis
from plasticity.seeding import numpy_generator
from plasticity.storage.schemas import SCHEMAS, columns, find_table
from plasticity.storage.tables import read_table, write_table
from plasticity.studies.agents.correlate import correlations_of
from plasticity.studies.agents.falsify import falsification_of
from plasticity.studies.agents.figure_tables import AgentTables
from plasticity.studies.agents.quantities import measured_in

ANALYSIS = Analysis(confidence=0.95)
ENVIRONMENTS = ("true_label", "random_label", "sparse")
EXPERIMENTS = ("adam", "sgd", "wide")
SEEDS = (1, 2, 3)
STEPS = (0, 5000, 10000, 15000, 20000)
FRAMES = ("agents", "falsification", "correlations")
LANDSCAPE = columns(
    ("gradient_rank", "float", "1", "effective rank of gradients"),
    ("probe_loss", "float", "1", "probe loss"),
    ("fresh_probe_loss", "float", "1", "probe loss of a fresh network"),
)
Frames = dict[str, pd.DataFrame]


def make_agents(
    folder: Path,
    *,
    experiments: Sequence[str] = EXPERIMENTS,
    environments: Sequence[str] = ENVIRONMENTS,
    seeds: Sequence[int] = SEEDS,
    steps: Sequence[int] = STEPS,
    probed: bool = True,
    edit: Callable[[Frames], Frames] | None = None,
) -> AgentTables:
    """Build the tables, let `edit` change the frames by schema, and pass them through Parquet files in `folder`."""
    arms = [f"{experiment}_{environment}" for experiment in experiments for environment in environments]
    more = LANDSCAPE if probed else LANDSCAPE[:1]
    metrics = _metrics(experiments, environments, seeds, steps)
    metrics = metrics.drop(columns=[] if probed else [each.name for each in LANDSCAPE[1:]])
    frames = {"agents": metrics, "falsification": falsification_of(metrics, ANALYSIS.confidence)}
    frames["correlations"] = correlations_of(metrics, ANALYSIS, measured_in(each.name for each in more))
    frames = edit({name: frame.copy() for name, frame in frames.items()}) if edit else frames
    for schema in FRAMES:
        table = find_table(schema).with_columns(more if schema == "agents" else ())
        write_table(frames[schema], folder / f"{schema}.parquet", table)
    metrics, falsification, correlations = (read_table(folder / f"{schema}.parquet", schema) for schema in FRAMES)
    return AgentTables(
        metrics=metrics,
        falsification=falsification,
        correlations=correlations,
        arms=tuple(arms),
        labels={},
        analysis=ANALYSIS,
    )


def _metrics(
    experiments: Sequence[str], environments: Sequence[str], seeds: Sequence[int], steps: Sequence[int]
) -> pd.DataFrame:
    rows = []
    for experiment in experiments:
        for environment in environments:
            for seed in seeds:
                noise = numpy_generator(seed, f"tests/agents/{experiment}/{environment}")
                sign = -1 if environment == "random_label" else 1
                for step in steps:
                    norm = 10 + step / 2000 + noise.normal(0, 2)
                    row = {"experiment": experiment, "arm": f"{experiment}_{environment}", "environment": environment}
                    row |= {"seed": seed, "step": step, "network": "mlp_hidden8" if experiment == "wide" else "mlp"}
                    row |= {"optimizer": "sgd" if experiment == "sgd" else "adam", "weight_norm": norm}
                    row |= {"parameters": 500 if experiment == "wide" else 100, "target_period": 1000}
                    row |= {"probe_loss": 0.3 + sign * 0.02 * (norm - 15) + noise.normal(0, 0.01)}
                    row |= {"right_actions": min(0.9, 0.1 + step / 20000), "nc1": np.exp(noise.normal(1, 0.5))}
                    row |= {"reward": None if step == 0 else 0.5, "loss": None if step == 0 else 0.01}
                    row |= {"effective_rank": noise.uniform(5, 20), "dead_units": noise.uniform(0, 0.3)}
                    row |= {"weight_rank": noise.uniform(100, 200), "gradient_rank": noise.uniform(2, 9)}
                    rows.append(row | {"fresh_probe_loss": 0.2})
    return _filled(rows)


def _filled(rows: list[dict]) -> pd.DataFrame:
    defaults = {"str": "", "int": 0, "float": 0.5, "bool": False}
    types = {"str": "object", "int": "int64", "float": "float64", "bool": "bool"}
    return pd.DataFrame(
        {
            c.name: pd.Series([row.get(c.name, defaults[c.kind]) for row in rows], dtype=types[c.kind])
            for c in (*SCHEMAS["agents"], *LANDSCAPE)
        }
    )


def some_agents_diverge(frames: Frames) -> Frames:
    """Make the later checkpoints of one arm those of agents that diverged; an `edit` of the factory."""
    rows = frames["agents"]["arm"].eq("sgd_sparse") & frames["agents"]["step"].gt(5000)
    numbers = [name for name in frames["agents"] if frames["agents"][name].dtype == "float64"]
    frames["agents"].loc[rows, numbers] = np.nan
    frames["agents"].loc[rows, "diverged"] = True
    return frames
