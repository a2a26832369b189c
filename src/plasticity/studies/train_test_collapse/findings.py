"""Findings of the train-test study, from its tables."""

from typing import Any

import numpy as np
import pandas as pd

from plasticity.report.summary.finding import (
    NotInThisRun,
    Statement,
    correlation,
    mean_over_seeds,
    rows_with,
    the_row,
    together,
)
from plasticity.report.summary.words import (
    POINTS,
    factor,
    go_together,
    inconclusive,
    moves,
    numbers,
    seeds_text,
    side,
    t_text,
)
from plasticity.studies.train_test_collapse.correlate import outcomes_of
from plasticity.studies.train_test_collapse.figure_tables import TrainTestTables


def ran(tables: TrainTestTables) -> dict[str, str]:
    """Return what was run, as far as only this study has it."""
    iterations = sorted(set(tables.metrics["iteration"].tolist()))
    span = f"{len(iterations)}, from iteration {iterations[0]} to {iterations[-1]}" if iterations else "none"
    return {
        "Checkpoints": f"{span}; variances of all measured layers at each",
        "Left out": tables.left_out,
    }


def train_and_test(tables: TrainTestTables) -> Statement:
    """Is the variance of test images' features larger than that of training images', at the end, in the last layer?"""
    arm, rows = _first_arm(tables)
    last = rows.loc[rows["last_layer"].eq(True)].set_index("seed").sort_index()
    ratio = mean_over_seeds(_log_ratio(last["strong_test_variance"], last["train_variance"]), _confidence(tables))
    words = {
        1: "Test images collapse less than training images",
        -1: "Test images collapse more than training images",
        0: inconclusive(ratio, of="one"),
    }
    sentence = (
        f"{words[side(ratio)]}: at the end of training, the within-class variance of test images is "
        f"{numbers(factor(ratio))} times that of training images ({tables.label(arm)}, last hidden layer, "
        f"geometric mean, {_t(tables)}, "
        f"{seeds_text(ratio.n_seeds)})."
    )
    shown = ["train_variance", "strong_test_variance", "weak_test_variance"]
    return Statement(sentence, last[shown].reset_index())


def layers(tables: TrainTestTables) -> Statement:
    """Does the last hidden layer collapse more than the first, and in how many seeds are all layers in order?

    Raises:
        NotInThisRun: If no network has several hidden layers.
    """
    arm, rows = _first_arm(tables)
    wide = rows.pivot_table(index="seed", columns="layer", values="train_variance").sort_index(axis=1)
    if wide.shape[1] < 2:
        raise NotInThisRun(f"only one hidden layer of {tables.label(arm)} is measured")
    first, last = wide.columns[0], wide.columns[-1]
    ratio = mean_over_seeds(_log_ratio(wide[last], wide[first]), _confidence(tables))
    ordered = int((wide.diff(axis=1).iloc[:, 1:] < 0).all(axis=1).sum())
    size = f"at the end of training, its train variance is {numbers(factor(ratio))} times that of the first"
    words = {
        1: f"The last hidden layer collapses less than the first: {size}",
        -1: f"The last hidden layer collapses more than the first: {size}",
        0: f"{inconclusive(ratio, of='one')}, first and last hidden layer: {size}",
    }
    sentence = (
        f"{words[side(ratio)]}; in {ordered} of {len(wide)} seeds, each layer collapses more than the one before it "
        f"({tables.label(arm)}, {wide.shape[1]} hidden layers, geometric mean, {_t(tables)}, "
        f"{seeds_text(ratio.n_seeds)})."
    )
    return Statement(sentence, wide.rename(columns=lambda layer: f"layer {layer}").reset_index())


def first_task_helps(tables: TrainTestTables) -> Statement:
    """What is accuracy on the next task from the last checkpoint, less that from the network before training?

    Raises:
        NotInThisRun: If no arm goes on, or it was not measured before and after training.
    """
    arm = _going_on(tables)
    before, after = _next_task(tables, arm)
    if before.empty or after.empty:
        raise NotInThisRun(f"no next task of {tables.label(arm)} from before and after training")
    gain = mean_over_seeds(after["test_accuracy"] - before["test_accuracy"], _confidence(tables))
    sentence = (
        f"Training on the first task {moves(gain, 'accuracy on the next', numbers(gain, POINTS))} "
        f"({tables.label(arm)}, from {_iterations(after)} compared with the untrained network, learning rate chosen on "
        f"held-out images, paired by seed, {_t(tables)}, {seeds_text(gain.n_seeds)})."
    )
    shown = {"accuracy from before training": before["test_accuracy"], "last iteration": after["iteration"]}
    shown |= {"accuracy from there": after["test_accuracy"]}
    return Statement(sentence, pd.DataFrame(shown).rename_axis("seed").reset_index())


def transfer(tables: TrainTestTables) -> Statement:
    """Do train variance of a checkpoint and accuracy on the next task go together, also given training length?"""
    arm = _going_on(tables)
    missing = f"no correlations of {tables.label(arm)} with the next task"
    chosen = rows_with(tables.correlations, arm=arm, metric="train_variance", outcome="test_accuracy", aggregate="mean")
    rows = [the_row(chosen, missing, method=how) for how in ("pearson", "partial_log")]
    plain, given = together([correlation(row) for row in rows], _confidence(tables))
    sentence = (
        f"Over the checkpoints of a seed, train variance and accuracy on the next task {go_together(plain)}; "
        f"controlling for log iteration, they {go_together(given)} ({tables.label(arm)}, mean over seeds, "
        f"{_t(tables)}, {seeds_text(plain.n_seeds)})."
    )
    shown = ["method", "window_start", "window_end", "estimate", "ci_low", "ci_high", "n_seeds", "note"]
    return Statement(sentence, chosen.filter(shown))


def _first_arm(tables: TrainTestTables) -> tuple[str, Any]:
    """Return the first arm that was measured, and the rows of each run's last checkpoint, diverged ones left out.

    Raises:
        NotInThisRun: If there is none.
    """
    arms = [arm for arm in tables.measured if arm in set(tables.ends["arm"])]
    if not arms:
        raise NotInThisRun("no measured network")
    return arms[0], rows_with(tables.ends, arm=arms[0])


def _next_task(tables: TrainTestTables, arm: str) -> tuple[Any, Any]:
    """Return what an arm's seeds reach from the network before training, and from the last checkpoint of each.

    What diverged at all learning rates is left out.
    """
    reached: Any = outcomes_of(rows_with(tables.transfer, arm=arm))
    ends = reached.groupby("seed")["iteration"].transform("max")
    kept = ~reached["diverged"]
    last = reached["iteration"].eq(ends) & reached["iteration"].gt(0)
    return tuple(reached.loc[kept & rows].set_index("seed") for rows in (reached["iteration"].eq(0), last))


def _iterations(rows: Any) -> str:
    """Return "iteration 1000", or from which to which where seeds stopped at different ones."""
    first, last = rows["iteration"].min(), rows["iteration"].max()
    return f"iteration {last}" if first == last else f"the last iteration of each seed, {first} to {last},"


def _going_on(tables: TrainTestTables) -> str:
    """Return the first arm that goes on to a next task.

    Raises:
        NotInThisRun: If there is none.
    """
    if not tables.transferred:
        raise NotInThisRun("no arm with super_classes, and so none with a next task")
    return tables.transferred[0]


def _log_ratio(above: Any, below: Any) -> Any:
    ratio = above.astype("float64") / below.astype("float64")
    return np.log(ratio.where(ratio > 0))


def _confidence(tables: TrainTestTables) -> float:
    return tables.analysis.confidence


def _t(tables: TrainTestTables) -> str:
    return t_text(_confidence(tables))
