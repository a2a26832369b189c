"""Stage: measure what actor and critic have left at every change of friction, and the landscape around the actor."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from plasticity.config.locomotion_slices import MeasurePoliciesSettings
from plasticity.jobs.adapter import Job
from plasticity.jobs.device import describe_device, prepare_cpu
from plasticity.jobs.logs import logger
from plasticity.metrics.declared.capacity import effective_rank, singular_values, weight_norm
from plasticity.metrics.layers import outputs_of
from plasticity.metrics.network_state import in_eval_mode
from plasticity.models.classifier import Classifier
from plasticity.models.model_registry import build_model
from plasticity.seeding import torch_generator
from plasticity.stages.landscape.checkpoint_measures import Measures, landscape_columns
from plasticity.stages.landscape.subject import Ground
from plasticity.stages.measure_agents import mean_weight_rank
from plasticity.stages.train_policy import OBSERVATIONS
from plasticity.storage.checkpoints import iterations_in, read_checkpoint, seed_folder
from plasticity.storage.provenance import provenance
from plasticity.storage.schemas import find_table
from plasticity.storage.tables import write_table
from plasticity.storage.weights import load_weights
from plasticity.tasks.slippery_ground import SlipperyGround

Weights = Mapping[str, NDArray]
_NETWORKS = ("actor", "critic")
_TIMED_OBSERVATIONS = 256  # observations on which the cost is measured


@dataclass(frozen=True)
class Observations:
    """Observations (N, D) as images (N, 1, 1, D) of one class, for measures that take batches."""

    seen: Tensor

    @property
    def device(self) -> torch.device:
        """Where batches are."""
        return self.seen.device

    def batch(self, indices: Tensor) -> tuple[Tensor, Tensor]:
        """Return observations (B, 1, 1, D) and their class, 0 (B,)."""
        return self.seen[indices][:, None, None], torch.zeros(len(indices), dtype=torch.int64)


def run(job: Job) -> None:
    """Measure the checkpoints of the job's agents."""
    paths = job.input["trajectory"], job.output["checkpoints"]
    measure_policies(*paths, settings=job.slice(MeasurePoliciesSettings), seeds=job.seeds, threads=job.threads)


def tell_costs(job: Job) -> None:
    """Log what measuring a checkpoint will cost, and refuse networks that cannot be measured, before a training."""
    settings = job.slice(MeasurePoliciesSettings, "measured")
    measures = Measures(settings.measure, settings.training)
    if not measures:
        return
    prepare_cpu(job.threads)
    walked = SlipperyGround(settings.ground, job.seeds[0])
    draw = partial(build_model, settings.model, (1, 1, walked.observation_size), walked.action_size)
    seen = torch.from_numpy(np.tile(walked.observation, (_TIMED_OBSERVATIONS, 1)).astype(np.float32))
    ground = Ground(Observations(seen), torch.arange(_TIMED_OBSERVATIONS), job.seeds[0], draw, regression=True)
    measures.begin(draw(torch_generator(0, "init")), ground)


def measure_policies(
    trajectory: Path, output: Path, *, settings: MeasurePoliciesSettings, seeds: Sequence[int], threads: int
) -> None:
    """Write one row per agent and checkpoint, measured on the observations that the agent made last.

    The landscape is that around the actor, and that of a squared error, as its outputs are actions and no logits.

    Args:
        trajectory: Checkpoints of the agents.
        output: The "policy_checkpoints" table to write.
        settings: Network, and what is measured.
        seeds: Of the agents.
        threads: CPU threads.
    """
    device = describe_device(prepare_cpu(threads))
    measures, rows = Measures(settings.measure, settings.training), []
    found = [(s, n, p) for s in seeds for n, p in enumerate(iterations_in(trajectory / seed_folder(s)).values())]
    for seed, number, path in found:
        checkpoint = read_checkpoint(path)
        said, row = checkpoint.settings, dict[str, Any]()
        if not said["diverged"]:
            row = _measured(checkpoint.weights, settings, measures, seed, number)
        keys = {"experiment": settings.experiment, "arm": settings.arm, "seed": seed}
        rows.append({**keys, "task": said["task"], "step": said["iteration"], **row, "diverged": said["diverged"]})
        logger.info("measured %s, seed %d, task %d", settings.arm, seed, said["task"])
    table = find_table("policy_checkpoints").with_columns(landscape_columns(settings.measure))
    frame = pd.DataFrame(rows, columns=table.names)
    write_table(frame, output, table, provenance(settings.plain(), device))


def _measured(
    weights: Weights, settings: MeasurePoliciesSettings, measures: Measures, seed: int, number: int
) -> dict[str, Any]:
    seen, log_std = (torch.from_numpy(weights[name]) for name in (OBSERVATIONS, "log_std"))
    row: dict[str, Any] = {"action_std": math.exp(float(log_std.double().mean()))}
    for name in _NETWORKS:
        mine = {key.removeprefix(f"{name}."): value for key, value in weights.items() if key.startswith(f"{name}.")}
        draw = partial(build_model, settings.model, (1, 1, seen.shape[1]), len(mine["head.bias"]))
        model = draw(torch_generator(0, "init"))
        load_weights(model, mine)
        found = quantities_of(model, seen[:, None, None])
        if name == "actor":
            ground = Ground(Observations(seen), torch.arange(len(seen)), seed, draw, regression=True)
            if not number:
                measures.begin(model, ground)
            row |= found | measures.row(model, ground, number)
        else:
            row |= {f"{name}_{quantity}": value for quantity, value in found.items()}
    return row


def quantities_of(model: Classifier, seen: Tensor) -> dict[str, float]:
    """Return what a network has left: ranks of features and weights, dead units, and the norm of its weights.

    Args:
        model: The network.
        seen: Observations (N, 1, 1, D).
    """
    with in_eval_mode(model), torch.inference_mode(), outputs_of(model.hidden_layers()) as layers:
        model(seen)
    last = layers[-1].double()
    dead = torch.cat([(layer == 0).all(0) for layer in layers])
    return {
        "effective_rank": float(effective_rank(singular_values(last.T @ last))),
        "dead_units": float(dead.double().mean()),
        "weight_norm": weight_norm(model),
        "weight_rank": mean_weight_rank(model),
    }
