"""How well a quantity after a task predicts the loss on the next one in sequences of tasks that it was not fitted on.

A section is a sequence of tasks, a network and a data set. Its losses are on a scale of their own, and a quantity of a
wide network is not comparable with that of a narrow one. What is compared is therefore the shape of the relation: the
quantity and the task are ranks within their section, and the loss is in standard deviations of the section's, from its
mean. Whether a section loses more than another is not asked; few sections could not say.

Each section in each seed is predicted from the other sections in the other seeds: runs of one seed may share images and
first weights whatever their section. All sections count equally in a fit, however many points they have. The skill of a
section is that of `plasticity.analysis.prediction`; their mean is the skill across sections.

Shapes: P points, G sections, S seeds, R subsets of the seeds.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from plasticity.analysis.basis import natural_spline, orthonormal
from plasticity.analysis.held_out import GROUP, Errors, columns_of, errors_of, less, moments_of, ranks_of
from plasticity.analysis.inference import Inference, Level, infer
from plasticity.analysis.jackknife import subsets
from plasticity.analysis.next_losses import NextLosses
from plasticity.analysis.prediction import Prediction


def predictions_across(points: NextLosses, quantity: np.ndarray, level: Level) -> list[Prediction]:
    """Return how well a quantity predicts the loss: on average over the sections, each held out, then in each of them.

    Intervals leave out one seed at a time, in every section that has it. The number of seeds is that of the section
    with the fewest that are predicted.

    Args:
        points: The transitions of all sections; an experiment is a section, and equal seeds have equal numbers.
        quantity: Its value at the beginning of each (P,); where it is not finite, the point is left out.
        level: Level of the intervals.
    """
    kept = np.isfinite(quantity)
    points, quantity = points.where(kept), quantity[kept]
    moments = moments_of(_design(points, quantity), points.experiment, points.seed)
    errors = [_errors(moments, taken > 0) for taken in subsets(points.seeds)]
    skills, gains = (_by_section(errors, len(moments), *models) for models in (("quantity", "mean"), ("both", "rival")))
    fewest = int(np.bincount(errors[0][GROUP], minlength=len(moments)).min())
    arms = [points.arm, *(points.arm[points.experiment == section] for section in range(len(moments)))]
    return [
        Prediction(_inference(skill, fewest, level), _inference(gain, fewest, level), len(np.unique(arm)), len(arm))
        for skill, gain, arm in zip(skills.T, gains.T, arms, strict=True)
    ]


def _by_section(errors: Sequence[Errors], sections: int, model: str, rival: str) -> np.ndarray:
    """Return the skill of a model less that of its rival, in each subset: the mean and each section's, (R, 1 + G)."""
    parts = [
        [{name: values[each[GROUP] == section] for name, values in each.items()} for section in range(sections)]
        for each in errors
    ]
    found = np.array([[less(part, model, rival) for part in of_sections] for of_sections in parts])
    return np.column_stack([found.mean(axis=1), found])


def _inference(values: np.ndarray, fewest: int, level: Level) -> Inference:
    """Return the inference from an estimate over all seeds and without each, (S + 1,)."""
    found = infer(lambda counts: values[: len(counts)], len(values) - 1, level, corrected=False)
    return replace(found, n_seeds=fewest)


def _design(points: NextLosses, quantity: np.ndarray) -> np.ndarray:
    """Return the columns of all models and behind them the loss, (P, p), each within its section."""
    task, rank, loss = (np.empty(len(quantity)) for _ in range(3))
    for section in range(points.experiment.max() + 1):
        mine = points.experiment == section
        task[mine], rank[mine] = ranks_of(points.task[mine]), ranks_of(quantity[mine])
        lost = points.loss[mine] - points.loss[mine].mean()
        loss[mine] = lost / lost.std() if lost.any() else lost
    rival = orthonormal(natural_spline(task), np.ones(len(task), bool)) * np.sqrt(len(task))
    return np.column_stack([rival, rank, loss])


def _errors(moments: np.ndarray, taken: np.ndarray) -> Errors:
    """Return the errors of each section in each seed, fitted on the other sections in the other seeds."""
    chosen, columns = moments[:, taken], columns_of(moments[0, 0])
    sizes = moments[..., 0, 0].sum(axis=1)
    return errors_of(chosen, _others(chosen / sizes[:, None, None, None]), columns, _others(chosen[..., 0, 0]))


def _others(of: np.ndarray) -> np.ndarray:
    """Return sums over the other sections in the other seeds of values (G, S, ...)."""
    of_section, of_seed = of.sum(axis=1, keepdims=True), of.sum(axis=0, keepdims=True)
    return of.sum(axis=(0, 1), keepdims=True) - of_section - of_seed + of
