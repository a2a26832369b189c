import numpy as np
import pandas as pd

from plasticity.studies.warm_start.figure_tables import cap_note


def test_means_along_the_warm_up_leave_out_diverged_rows(study):
    def diverge(frames):
        metrics = frames["metrics"]
        metrics.loc[(metrics["arm"] == "warm_start") & (metrics["seed"] == 7), "diverged"] = True
        return frames

    tables = study(edit=diverge)
    rows = tables.metrics[(tables.metrics["arm"] == "warm_start") & (tables.metrics["seed"] != 7)]
    found = tables.along("warm_start", "nc1")
    np.testing.assert_allclose(found["mean"], rows.groupby("warm_up_epoch")["nc1"].mean(), rtol=1e-12)
    assert set(found["n"]) == {2}
    assert tables.exclusions(tables.arms) == ["Diverged and excluded: 6 of 111 checkpoints (warm start: 6)."]


def test_by_seed_gives_each_seeds_finite_values_in_order_of_the_epochs(study):
    def damage(frames):
        metrics = frames["metrics"].sort_values("warm_up_epoch", ascending=False, ignore_index=True)
        metrics.loc[(metrics["seed"] == 7) & (metrics["warm_up_epoch"] == 16), "nc1"] = np.nan
        metrics.loc[(metrics["seed"] == 8) & (metrics["warm_up_epoch"] > 8), "diverged"] = True
        return {**frames, "metrics": metrics}

    tables = study(edit=damage)
    found = tables.by_seed("warm_start", "nc1")
    assert {seed: values["x"].tolist() for seed, values in found.items()} == {
        7: [8, 24, 32, 40, 48],
        8: [8],
        9: [8, 16, 24, 32, 40, 48],
    }
    rows = tables.metrics[(tables.metrics["arm"] == "warm_start") & (tables.metrics["seed"] == 9)]
    np.testing.assert_array_equal(found[9]["value"], rows.sort_values("warm_up_epoch")["nc1"])


def test_arms_without_a_warm_up_are_baselines(study):
    tables = study()
    assert tables.baselines == ("random_init",)
    assert "random_init" not in tables.warmed
    assert len(tables.warmed) == len(tables.arms) - 1


def test_labels_of_the_configuration_win_over_the_usual_ones(study):
    tables = study()
    tables = type(tables)(**{**vars_of(tables), "labels": {"warm_start": "our baseline"}})
    names = [tables.label(arm) for arm in ("warm_start", "nc1_spread", "weight_decay_0.01")]
    assert names == ["our baseline", "NC1 spread", "weight decay 0.01"]


def test_coefficients_are_the_mean_rows_in_order_of_the_windows(study):
    def shuffle(frames):
        pooled = frames["correlations"].assign(aggregate="pooled", estimate=0.123)
        both = pd.concat([frames["correlations"], pooled])
        return {**frames, "correlations": both.sort_values("window_end", ascending=False)}

    found = study(edit=shuffle).coefficients("warm_start", "nc1", "sliding")
    assert found["window_end"].tolist() == [32, 40, 48]
    assert not (found["estimate"] == 0.123).any()


def test_notes_say_what_is_missing(study):
    tables = study(
        seeds=(7,), edit=lambda frames: {**frames, "metrics": frames["metrics"].query("arm != 'warm_start'")}
    )
    assert tables.exclusions(("warm_start", "nc1_spread")) == [
        "No rows of warm start in the metrics table.",
        "One seed: no intervals.",
    ]
    assert cap_note(tables, tables.arms) == []
    capped = type(tables)(**{**vars_of(tables), "metrics": tables.metrics.assign(converged=False)})
    assert cap_note(capped, ("nc1_spread",)) == ["6 of 6 fine-tunings stopped at the maximum number of epochs."]


def vars_of(tables):
    return {name: getattr(tables, name) for name in (*tables.SCHEMAS, *tables.SETTINGS.model_fields)}
