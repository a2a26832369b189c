import numpy as np
import pandas as pd
import pytest

from plasticity.analysis.transitions import distinct, of_permuted, of_warm_start, paired

METRICS = {"nc2": 0.3, "nc3": 0.4, "nc4": 0.9, "weight_norm": 5.0, "effective_rank": 4.0, "dead_units": 0.1}


def _checkpoints() -> pd.DataFrame:
    rows = []
    for arm, shift in (("random_init", 0.0), ("control", 0.0), ("spread", 0.5)):
        for seed in (1, 2):
            for epoch in (0,) if arm == "random_init" else (2, 4, 6):
                row = {"arm": arm, "seed": seed, "warm_up_epoch": epoch, "nc1": float(np.exp(shift - epoch)), **METRICS}
                rows.append(row | {"full_test_accuracy": 0.5 + shift / 10 + epoch / 100, "diverged": False})
    return pd.DataFrame(rows)


def _tasks() -> pd.DataFrame:
    rows = []
    for arm, epochs in (("control", 1), ("length_1", 1), ("length_5", 5)):
        for seed in (1, 2):
            for task in (1, 2, 3):
                row = {
                    "arm": arm,
                    "seed": seed,
                    "task": task,
                    "first_task_epochs": epochs,
                    "diverged": False,
                    **METRICS,
                }
                nc1 = 0.2 / epochs + 0.01 * task + 0.001 * seed
                rows.append(row | {"nc1": nc1, "online_accuracy": 0.9 - 0.01 * epochs - 0.001 * task})
    return pd.DataFrame(rows)


def test_checkpoints_of_a_window_without_the_baseline() -> None:
    found = of_warm_start(_checkpoints(), ("first_phase", 2, 4))
    assert len(found.rows) == 2 * 2 * 2
    assert set(found.rows["arm"]) == {"control", "spread"}
    spread = found.rows.query("arm == 'spread' and seed == 1 and length == 4").iloc[0]
    assert spread["log_nc1"] == -3.5
    assert spread["outcome"] == pytest.approx(0.59)
    assert found.labels == {"window_kind": "first_phase", "window_start": 2, "window_end": 4}


def test_diverged_and_undefined_transitions_are_left_out_and_counted() -> None:
    metrics = _checkpoints()
    metrics.loc[metrics.query("arm == 'spread' and seed == 1").index[:1], "diverged"] = True
    metrics.loc[metrics.query("arm == 'control' and seed == 2").index[:1], "nc1"] = 0.0
    found = of_warm_start(metrics, ("all", 2, 6))
    assert (len(found.rows), found.excluded) == (10, 2)


def test_the_state_after_a_task_goes_with_the_accuracy_on_the_next() -> None:
    found = of_permuted(_tasks(), ["control"], tasks=True)
    row = found.rows.query("seed == 2 and length == 2").iloc[0]
    assert row["log_nc1"] == np.log(0.2 + 0.02 + 0.002)
    assert row["outcome"] == 0.9 - 0.01 - 0.003
    assert len(found.rows) == 2 * 2  # nothing follows the last task
    assert found.labels == {"window_kind": "all", "window_start": 2, "window_end": 3}


def test_a_run_that_two_arms_share_counts_once() -> None:
    found = of_permuted(_tasks(), ["control", "length_1", "length_5"], tasks=False)
    assert len(found.rows) == 6
    assert found.note == "counted once: 2 repeated"
    assert set(distinct(found)["arm"]) == {"control", "length_5"}
    assert set(found.rows["length"]) == {1, 5}


def test_a_task_that_the_network_diverges_on_is_no_outcome() -> None:
    tasks = _tasks()
    tasks.loc[tasks["arm"].eq("length_5") & tasks["seed"].eq(1) & tasks["task"].eq(2), "diverged"] = True
    found = of_permuted(tasks, ["control", "length_5"], tasks=False)
    assert (len(found.rows), found.excluded) == (3, 1)


def test_pairs_share_seed_and_length() -> None:
    found = paired(of_warm_start(_checkpoints(), ("all", 2, 6)), "control", ["control", "spread"], ("seed", "length"))
    assert len(found) == 6
    np.testing.assert_allclose(found["mediator_change"], 0.5)
    np.testing.assert_allclose(found["outcome_change"], 0.05)
    assert paired(of_warm_start(_checkpoints(), ("all", 2, 6)), "", ["spread"], ("seed", "length")).empty


def test_a_metric_that_is_undefined_excludes_no_transition() -> None:
    metrics = _checkpoints()
    metrics["dead_units"] = np.nan
    found = of_warm_start(metrics, ("all", 2, 6))
    assert (len(found.rows), found.excluded) == (12, 0)
