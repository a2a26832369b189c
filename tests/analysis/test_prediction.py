"""Skills beside predictions that are fitted one by one."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import rankdata

from plasticity.analysis.basis import natural_spline
from plasticity.analysis.inference import Level
from plasticity.analysis.next_losses import NextLosses, next_losses_of
from plasticity.analysis.prediction import SCOPES, predictions

LEVEL = Level(confidence=0.95)
ARMS, SEEDS, TASKS = 4, 4, 12
EXPERIMENT = np.array([0, 1, 1, 2])


def _points(seed: int = 0, *, arms: int = ARMS, seeds: int = SEEDS) -> tuple[NextLosses, np.ndarray]:
    """A quantity that drifts, and a loss that follows it and the task's number."""
    random = np.random.default_rng(seed)
    arm, of_seed, task = (index.ravel() for index in np.indices((arms, seeds, TASKS)))
    quantity = np.exp(0.1 * task + 0.3 * arm + 0.3 * random.normal(size=task.size))
    loss = 0.02 * task + 0.1 * np.log(quantity) + 0.05 * random.normal(size=task.size)
    return NextLosses(arm, EXPERIMENT[arm], of_seed, task + 1.0, loss), quantity


def _predicted(columns: np.ndarray, loss: np.ndarray, fitted: np.ndarray) -> np.ndarray:
    return columns @ np.linalg.lstsq(columns[fitted], loss[fitted], rcond=None)[0]


def _errors(points: NextLosses, quantity: np.ndarray, scope: str, beside: np.ndarray | None = None) -> dict[str, float]:
    """Sum of squared errors of each model, every held-out part predicted by a fit of its own."""
    everything = np.arange(len(quantity))
    run = points.arm * SEEDS + points.seed
    if scope == "within_run":
        parts = [(everything == place, (run == run[place]) & (everything != place)) for place in everything]
    elif scope == "across_seeds":
        parts = [(run == each, (points.arm == each // SEEDS) & (run != each)) for each in np.unique(run)]
    else:
        pairs = [(each, seed) for each in np.unique(points.experiment) for seed in np.unique(points.seed)]
        parts = [
            (
                (points.experiment == each) & (points.seed == seed),
                (points.experiment != each) & (points.seed != seed),
            )
            for each, seed in pairs
        ]
    one, ranks = np.ones(len(quantity)), rankdata(quantity)
    rival = np.column_stack([natural_spline(points.task), *([] if beside is None else [rankdata(beside)])])
    models = {
        "mean": one[:, None],
        "rival": rival,
        "quantity": np.column_stack([one, ranks]),
        "both": np.column_stack([rival, ranks]),
    }
    return {
        name: sum(
            float(np.square(points.loss - _predicted(columns, points.loss, fitted))[held].sum())
            for held, fitted in parts
        )
        for name, columns in models.items()
    }


@pytest.mark.parametrize("scope", SCOPES)
def test_skill_and_gain_are_those_of_fits_one_by_one(scope: str) -> None:
    points, quantity = _points()
    found, errors = predictions(points, quantity, LEVEL)[scope], _errors(points, quantity, scope)
    assert found.skill.estimate == pytest.approx(1 - errors["quantity"] / errors["mean"], abs=1e-9)
    assert found.gain.estimate == pytest.approx((errors["rival"] - errors["both"]) / errors["mean"], abs=1e-9)
    assert (found.n_arms, found.n_points, found.skill.n_seeds) == (ARMS, len(quantity), SEEDS)
    assert found.skill.low < found.skill.estimate < found.skill.high


@pytest.mark.parametrize("scope", SCOPES)
def test_a_rival_may_have_other_quantities_beside_the_number_of_the_task(scope: str) -> None:
    points, quantity = _points()
    other = np.random.default_rng(3).normal(size=len(quantity)) + np.log(quantity)
    found, errors = predictions(points, quantity, LEVEL, beside=[other])[scope], _errors(points, quantity, scope, other)
    assert found.gain.estimate == pytest.approx((errors["rival"] - errors["both"]) / errors["mean"], abs=1e-9)
    itself = predictions(points, quantity, LEVEL, beside=[quantity])[scope]
    assert itself.gain.estimate == pytest.approx(0, abs=1e-6)


def test_only_the_order_of_a_quantity_counts() -> None:
    points, quantity = _points()
    for changed in (np.log(quantity), 1e6 * quantity**3):
        for scope, found in predictions(points, changed, LEVEL).items():
            assert found.skill == pytest.approx(predictions(points, quantity, LEVEL)[scope].skill)


def test_a_loss_that_a_quantity_makes_is_predicted_and_noise_is_not() -> None:
    points, quantity = _points(1)
    made = NextLosses(points.arm, points.experiment, points.seed, points.task, rankdata(quantity))
    for found in predictions(made, quantity, LEVEL).values():
        assert found.skill.estimate == pytest.approx(1, abs=1e-9)
    noise = np.random.default_rng(2).normal(size=len(quantity))
    for found in predictions(points, noise, LEVEL).values():
        assert found.skill.estimate < 0.05
        assert found.gain.estimate < 0.02


@pytest.mark.parametrize(
    ("arms", "seeds", "notes"),
    [
        (1, 3, {"within_run": "", "across_seeds": "", "across_arms": "undefined"}),
        (4, 1, {"within_run": "1 seed, no interval", "across_seeds": "undefined", "across_arms": "undefined"}),
    ],
)
def test_what_cannot_be_held_out_is_undefined(arms: int, seeds: int, notes: dict[str, str]) -> None:
    points, quantity = _points(arms=arms, seeds=seeds)
    found = predictions(points, quantity, LEVEL)
    assert {scope: each.skill.note for scope, each in found.items()} == notes
    assert all(np.isfinite(each.skill.estimate) == (each.skill.note != "undefined") for each in found.values())


def test_points_without_the_quantity_are_left_out() -> None:
    points, quantity = _points()
    missing = quantity.copy()
    missing[(points.arm == 1) | (points.task == 3)] = np.nan
    found, alone = predictions(points, missing, LEVEL), predictions(points, np.full_like(quantity, np.nan), LEVEL)
    assert {(each.n_arms, each.n_points) for each in found.values()} == {(3, 3 * SEEDS * (TASKS - 1))}
    assert {(each.n_points, each.skill.note) for each in alone.values()} == {(0, "no points")}


def test_a_seed_in_which_nothing_is_predicted_is_no_degree_of_freedom() -> None:
    """Three tasks are too few to fit a run's loss on; in other scopes they are predicted."""
    points, quantity = _points(seeds=SEEDS + 1)
    kept = (points.seed < SEEDS) | (points.task <= 3)
    found = predictions(points.where(kept), quantity[kept], LEVEL)
    numbers = {scope: (each.skill.n_seeds, each.gain.n_seeds) for scope, each in found.items()}
    assert numbers == {"within_run": (4, 4), "across_seeds": (5, 5), "across_arms": (5, 5)}
    assert found["within_run"].skill.low < found["within_run"].skill.estimate < found["within_run"].skill.high


def test_a_loss_belongs_to_the_state_after_the_task_before() -> None:
    rows = pd.DataFrame(
        {
            "experiment": "plain",
            "arm": ["a"] * 4 + ["b"] * 2,
            "seed": [1, 1, 1, 2, 1, 1],
            "task": [1, 2, 4, 1, 1, 2],
            "nc1": [0.1, 0.2, 0.4, 0.5, 0.6, 0.7],
            "start_nc1": [1.1, 1.2, 1.4, 1.5, 1.6, 1.7],
            "gap": [0.0, 0.02, 0.04, 0.0, 0.0, np.nan],
        }
    )
    points, begun = next_losses_of(rows.iloc[::-1], "gap")
    assert begun["nc1"].tolist() == [0.1]  # task 3 is missing, seed 2 has one task, and the loss of b is not known
    assert begun["start_nc1"].tolist() == [1.2]  # what the next task begins with
    assert points.loss.tolist() == [0.02]


def test_an_arm_that_repeats_a_longer_ones_runs_is_left_out() -> None:
    random = np.random.default_rng(0)
    frames = [
        pd.DataFrame({"experiment": name, "arm": name, "seed": seed, "task": np.arange(1, tasks + 1)})
        for name, tasks in (("short", 4), ("long", 6), ("other", 6))
        for seed in (1, 2)
    ]
    rows = pd.concat(frames, ignore_index=True)
    numbers = {key: random.normal() for key in rows[["seed", "task"]].itertuples(index=False, name=None)}
    rows["gap"] = [numbers[key] for key in rows[["seed", "task"]].itertuples(index=False, name=None)]
    rows.loc[rows["arm"] == "other", "gap"] += (rows["task"] > 2) * 0.5
    rows.loc[(rows["arm"] == "short") & (rows["task"] == 1), "gap"] = 9.0  # first tasks of other lengths
    assert set(next_losses_of(rows, "gap")[1]["arm"]) == {"long", "other"}


@pytest.mark.parametrize("constant", [0.0, 0.1, 3e7])
def test_a_constant_quantity_has_no_gain_and_no_test_of_its_rounding(constant: float) -> None:
    points, quantity = _points()
    for beside in ([], [quantity]):
        for found in predictions(points, np.full_like(quantity, constant), LEVEL, beside=beside).values():
            assert (found.skill.estimate, found.gain.estimate) == (0.0, 0.0)
            assert not np.signbit([found.skill.estimate, found.gain.estimate]).any()
            assert np.isnan([found.gain.p_value, found.gain.low, found.gain.high]).all()
