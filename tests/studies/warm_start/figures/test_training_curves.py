import numpy as np
import pandas as pd

from plasticity.studies.warm_start.figures.training_curves import draw


def rows_of(stage, run, seed, losses, warm_up_epoch=0):
    rows = {"stage": stage, "run": run, "seed": seed, "warm_up_epoch": warm_up_epoch, "penalty": np.nan}
    accuracies = [1 - loss / 10 for loss in losses]
    return pd.DataFrame({**rows, "epoch": range(1, len(losses) + 1), "loss": losses, "accuracy": accuracies})


def with_histories(*parts):
    return lambda frames: {**frames, "history": pd.concat(parts)}


def curve(ax, arm):
    (line,) = (line for line in ax.lines if line.get_label() == arm)
    return line.get_xdata().tolist(), line.get_ydata().tolist()


def test_a_fine_tuning_that_has_stopped_keeps_its_last_value(study, style):
    parts = [rows_of("fine_tune", "warm_start", 7, [3.0, 1.0], 48), rows_of("fine_tune", "warm_start", 8, [2.0], 48)]
    axes = draw(study(arms=("warm_start",), edit=with_histories(*parts)), style).axes
    assert curve(axes[2], "warm_start") == ([1, 2], [2.5, 1.5])
    np.testing.assert_allclose(curve(axes[5], "warm_start")[1], [0.75, 0.85])


def test_a_diverged_training_counts_until_then(study, style):
    parts = [rows_of("warm_up", "warm_start", 7, [3.0, 2.0, 1.0]), rows_of("warm_up", "warm_start", 8, [1.0, np.inf])]
    figure = draw(study(arms=("warm_start",), edit=with_histories(*parts)), style)
    assert curve(figure.axes[0], "warm_start") == ([1, 2, 3], [2.0, 2.0, 1.0])
    assert "Diverged and shown until then: 1 trainings." in figure.get_supxlabel()


def test_fine_tunings_start_from_the_first_and_the_last_checkpoint(study, style):
    parts = [rows_of("fine_tune", "warm_start", 7, [float(start)], start) for start in (8, 16, 24)]
    axes = draw(study(arms=("warm_start",), edit=with_histories(*parts)), style).axes
    assert curve(axes[1], "warm_start") == ([1], [8.0])
    assert curve(axes[2], "warm_start") == ([1], [24.0])


def test_a_shared_warm_up_is_drawn_once_in_the_colour_of_an_arm_that_warms_up(study, style):
    figure = draw(study(arms=("random_init", "warm_start", "shrink_perturb")), style)
    assert [line.get_label() for line in figure.axes[0].lines] == ["warm_start"]
    assert "Shares another arm's warm-up: shrink and perturb." in figure.get_supxlabel()
