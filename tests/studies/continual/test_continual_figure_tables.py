import numpy as np
import pandas as pd
import pytest

from permuted_tables import ARMS, LENGTHS, THRESHOLDS
from plasticity.studies.continual.figure_tables import PermutedTables, finite_runs


def changed(tables, **changes):
    names = (*PermutedTables.SCHEMAS, *PermutedTables.SETTINGS.model_fields)
    return PermutedTables(**{**{name: getattr(tables, name) for name in names}, **changes})


def test_experiments_have_their_arms_in_order_and_never_the_reference(permuted):
    families = permuted(arms=ARMS).families
    assert list(families) == ["continual", "first_task_length", "first_task_collapse", "shrink_perturb", "weight_decay"]
    assert families["first_task_length"] == tuple(LENGTHS)
    assert families["first_task_collapse"] == tuple(THRESHOLDS)


def test_the_main_arm_is_the_continual_one_or_else_the_first(permuted):
    assert permuted(arms=ARMS).main == "continual"
    assert permuted(arms=("random_init", "first_task_length_5", "mine")).main == "first_task_length_5"
    assert permuted(arms=("random_init",)).main == "continual"


@pytest.mark.parametrize(
    ("arm", "name"),
    [
        ("first_task_length_1", "1 epoch"),
        ("first_task_length_10", "10 epochs"),
        ("first_task_collapse_0.2", "NC1 < 0.2"),
        ("continual", "our own words"),
    ],
)
def test_names_under_an_experiment_are_short_unless_configured(permuted, arm, name):
    tables = changed(permuted(), labels={"continual": "our own words"})
    assert tables.value_label(arm) == name
    assert changed(tables, labels={arm: "given"}).value_label(arm) == "given"


def test_names_in_legends(permuted):
    tables = permuted(arms=ARMS)
    assert [tables.label(arm) for arm in ("shrink_perturb", "continual")] == ["shrink and perturb", "continual"]
    assert tables.family_label("first_task_length") == "First task of a fixed length"
    assert tables.family_label("shrink_perturb") == "shrink and perturb"


def test_means_along_the_tasks_are_those_of_the_seeds_that_did_not_diverge(permuted):
    def diverge(frames):
        metrics = frames["permuted"]
        metrics.loc[metrics["arm"].eq("continual") & metrics["seed"].eq(2) & metrics["task"].ge(4), "diverged"] = True
        return frames

    tables = permuted(edit=diverge)
    found = tables.along("continual", "nc1", since=3)
    assert found["x"].tolist() == [3, 4, 5, 6]
    assert found["n"].tolist() == [3, 2, 2, 2]
    rows = tables.metrics.query("arm == 'continual' and seed != 2 and task == 5")
    assert found["mean"].iloc[2] == pytest.approx(rows["nc1"].mean(), rel=1e-12)


def test_runs_have_the_first_task_and_what_was_learnt_on_later_ones(permuted):
    tables = permuted()
    runs = tables.runs("first_task_length", "plasticity_gap")
    assert len(runs) == 6
    for run in runs.to_dict("records"):
        rows = tables.metrics.query(f"arm == '{run['arm']}' and seed == {run['seed']}").set_index("task")
        assert run["nc1"] == rows["nc1"][1]
        assert run["first_task_epochs"] == rows["first_task_epochs"][1]
        assert run["second"] == rows["plasticity_gap"][2]
        assert run["later"] == pytest.approx(rows["plasticity_gap"][[2, 3, 4, 5, 6]].mean(), rel=1e-12)
    assert tables.runs("no_such_experiment", "plasticity_gap").empty


def test_a_run_that_diverged_has_no_mean_of_later_tasks(permuted):
    def diverge(frames):
        metrics = frames["permuted"]
        one = metrics["arm"].eq("first_task_length_1")
        metrics.loc[one & metrics["seed"].eq(1) & metrics["task"].eq(4), "diverged"] = True
        metrics.loc[one & metrics["seed"].eq(2) & metrics["task"].eq(1), "diverged"] = True
        metrics.loc[one & metrics["seed"].eq(3) & metrics["task"].eq(2), "online_accuracy"] = np.nan
        return frames

    runs = permuted(edit=diverge).runs("first_task_length", "online_accuracy").set_index(["arm", "seed"])
    assert np.isnan(runs.loc[("first_task_length_1", 1), "later"])
    assert np.isfinite(runs.loc[("first_task_length_1", 1), "second"])
    assert ("first_task_length_1", 2) not in runs.index
    assert np.isnan(runs.loc[("first_task_length_1", 3), ["second", "later"]].to_numpy(dtype=float)).all()
    assert len(finite_runs(runs, ["second"])) == 4


def test_coefficients_are_those_asked_for_in_order_of_the_tasks(permuted):
    def shuffle(frames):
        return {**frames, "correlations": frames["correlations"].sort_values("window_end", ascending=False)}

    keys = {"arm": "first_task_length", "metric": "nc1", "outcome": "plasticity_gap", "aggregate": "within"}
    found = permuted(edit=shuffle).coefficients(**keys, method="spearman")
    assert found["window_end"].tolist() == [2, 3, 4, 5, 6]
    assert set(found["aggregate"]) == {"within"}


def test_notes_count_what_is_left_out(permuted):
    def damage(frames):
        metrics = frames["permuted"]
        metrics.loc[metrics["arm"].eq("continual") & metrics["task"].eq(6), "diverged"] = True
        limited = metrics["arm"].eq("first_task_collapse_0.18") & metrics["seed"].ne(3)
        metrics.loc[limited, "threshold_reached"] = False
        lost = (limited & metrics["task"].gt(1)) | metrics["arm"].eq("first_task_length_1")
        return {**frames, "permuted": metrics[~lost]}

    tables = permuted(edit=damage)
    rows = tables.metrics["arm"].isin(tables.continued).sum()
    assert tables.exclusions(tables.continued) == [
        "No rows of first task length 1 in the metrics table.",
        f"Diverged and excluded: 3 of {rows} tasks (continual: 3).",
        "NC1 threshold not reached, so no later tasks: 2 of 9 runs (first task collapse 0.18: 2).",
    ]
    assert permuted(seeds=(1,)).exclusions(("continual",)) == ["One seed: no intervals."]
    assert permuted().exclusions(("continual", "first_task_collapse_0.2")) == []


def test_tables_come_from_the_schemas_they_name(permuted):
    tables = permuted()
    others = ("correlations", "causes", "explanations")
    assert {"metrics": "permuted", **{name: name for name in others}} == tables.SCHEMAS
    assert isinstance(tables.metrics, pd.DataFrame)
    assert set(tables.SETTINGS.model_fields) == {"arms", "labels", "experiments", "analysis", "causal_design"}
