"""What the figures of the train-test study show are the tables' numbers."""

import numpy as np
import pytest
from matplotlib.collections import PathCollection
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from of_studies import render
from train_test_tables import WITH_DECAYS


def test_lines_are_geometric_means_over_seeds_without_the_network_before_training(train_test):
    tables = train_test()
    found = tables.by_iteration("cascade", "train_variance", layer=2).set_index("x")
    assert 0 not in found.index
    rows = tables.metrics.query("arm == 'cascade' and iteration == 100 and layer == 2")
    logs = np.log(rows["train_variance"].to_numpy())
    assert found.loc[100, "mean"] == pytest.approx(np.exp(logs.mean()))
    half = 4.302652729911275 * logs.std(ddof=1) / np.sqrt(3)  # Student's t with 2 degrees of freedom at 97.5 %
    assert found.loc[100, "low"] == pytest.approx(np.exp(logs.mean() - half))
    assert found.loc[100, "high"] == pytest.approx(np.exp(logs.mean() + half))
    last = tables.by_iteration("cascade", "train_variance")
    np.testing.assert_allclose(last["mean"], tables.by_iteration("cascade", "train_variance", layer=3)["mean"])


def test_the_cascade_draws_every_layer_in_every_panel(train_test, style):
    figure = render("variances_by_layer", train_test(arms=("cascade",)), style)
    for ax in figure.axes:
        lines = [line for line in ax.lines if str(line.get_label()).startswith("layer")]
        assert [line.get_label() for line in lines] == ["layer 1", "layer 2", "layer 3"]
        ends = [float(np.asarray(line.get_ydata())[-1]) for line in lines]
        assert ends == sorted(ends, reverse=True)  # as the tables were made: the last layer collapses most
    assert figure.axes[0].get_xscale() == figure.axes[0].get_yscale() == "log"


def test_an_arm_that_was_measured_at_the_end_alone_has_no_panel(train_test, style):
    def at_the_end(frames):
        rows = frames["variances"]
        ends = 1000 + rows["seed"]  # where a loss stops the training, seeds end at iterations of their own
        sized = rows["arm"].str.startswith("training_size")
        rows.loc[sized & rows["iteration"].eq(1000), "iteration"] = ends
        return {**frames, "variances": rows[~sized | rows["iteration"].isin((0, *ends))]}

    tables = train_test(edit=at_the_end)
    assert tables.watched == ("cascade", "transfer")
    titles = [ax.get_title(loc="left") for ax in render("variances_by_iteration", tables, style).axes]
    assert [title.strip() for title in titles if title] == ["cascade", "transfer"]


def test_nothing_watched_is_said(train_test, style):
    end = {"edit": lambda frames: {**frames, "variances": frames["variances"].query("iteration in (0, 1000)")}}
    (ax,) = render("variances_by_iteration", train_test(arms=("training_size_100",), **end), style).axes
    assert "no training measured" in [text.get_text() for text in ax.texts]


def test_transfer_draws_a_point_per_seed_and_checkpoint_at_the_chosen_rate(train_test, style):
    tables = train_test()
    figure = render("transfer_by_variance", tables, style)
    for ax, choice in zip(figure.axes[:2], ("chosen", "chosen_on_test"), strict=True):
        drawn = np.concatenate([np.asarray(dots.get_offsets()) for dots in ax.collections])
        rows = tables.transfer[tables.transfer[choice] & tables.transfer["iteration"].gt(0)]
        expected = rows[["train_variance", "test_accuracy"]].to_numpy(dtype=float)
        np.testing.assert_allclose(np.sort(drawn, axis=0), np.sort(expected, axis=0))
        (level,) = [line for line in ax.lines if line.get_label() == "untrained"]
        fresh = tables.transfer[tables.transfer[choice] & tables.transfer["iteration"].eq(0)]
        assert np.asarray(level.get_ydata())[0] == pytest.approx(fresh["test_accuracy"].mean())
    (r,) = tables.coefficients(
        arm="transfer", metric="train_variance", outcome="test_accuracy", method="pearson", aggregate="mean"
    )["estimate"]
    assert f"r = {r:.2f}" in figure.axes[0].get_title(loc="left")


def test_numbers_of_images_are_compared_within_their_experiment(train_test, style):
    tables = train_test()
    figure = render("variances_by_train_size", tables, style)
    (ax,) = figure.axes
    line = next(line for line in ax.lines if line.get_label() == "strong_test_variance")
    assert np.asarray(line.get_xdata()).tolist() == [100, 400, 1600]
    rows = tables.metrics.query("arm == 'training_size_400' and iteration == 1000 and last_layer")
    expected = np.exp(np.log(rows["strong_test_variance"].to_numpy()).mean())
    assert np.asarray(line.get_ydata())[1] == pytest.approx(expected)


def test_notes_count_what_diverged(train_test):
    def diverge(frames):
        rows = frames["variances"]["arm"].eq("cascade") & frames["variances"]["iteration"].eq(1000)
        frames["variances"].loc[rows, "diverged"] = True
        return frames

    notes = train_test(edit=diverge).exclusions(("cascade", "transfer"))
    assert notes == ["Diverged and excluded: 3 of 48 checkpoints (cascade: 3)."]
    assert train_test(seeds=(1,)).exclusions(("cascade",)) == ["One seed: no intervals."]


def test_collapse_and_transfer_draws_both_metrics_of_the_same_checkpoints(train_test, style):
    tables = train_test(arms=WITH_DECAYS)
    figure = render("collapse_and_transfer", tables, style)
    chosen = tables.transfer[tables.transfer["chosen"] & tables.transfer["iteration"].gt(0)]
    pairs = (("nc1", "test_accuracy"), ("train_variance", "test_accuracy"), ("nc1", "train_variance"))
    for row, rows in enumerate((chosen, chosen[chosen["iteration"].eq(1000)])):
        for ax, pair in zip(figure.axes[3 * row : 3 * row + 3], pairs, strict=True):
            dots = [found for found in ax.collections if isinstance(found, PathCollection)]
            drawn = np.concatenate([np.asarray(found.get_offsets()) for found in dots])
            np.testing.assert_allclose(np.sort(drawn, axis=0), np.sort(rows[list(pair)].to_numpy(dtype=float), axis=0))
    colors = [line.get_color() for line in figure.axes[0].lines if line.get_label() == "mean over seeds"]
    assert len(set(colors)) == 3  # a colour per weight decay, lighter for less
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert [colors[place] for place in range(3)] == [
        figure.legends[0].get_lines()[place].get_color() for place in range(3)
    ]
    assert names[:3] == ["weight decay 0", "weight decay 0.0005", "weight decay 0.01"]


def test_means_of_collapse_are_geometric_and_those_of_accuracy_are_not_and_no_titles_overlap(train_test, style):
    tables = train_test(arms=WITH_DECAYS)
    figure = render("collapse_and_transfer", tables, style)
    ax = figure.axes[3]
    line = [line for line in ax.lines if line.get_label() == "mean over seeds"][-1]
    rows = tables.transfer[
        tables.transfer["chosen"] & tables.transfer["iteration"].eq(1000) & tables.transfer["arm"].eq(WITH_DECAYS[-1])
    ]
    (x,), (y,) = np.asarray(line.get_xdata()), np.asarray(line.get_ydata())
    assert x == pytest.approx(np.exp(np.log(rows["nc1"]).mean()))
    assert y == pytest.approx(rows["test_accuracy"].mean())
    (r,) = tables.coefficients(
        arm="transfer",
        metric="nc1",
        outcome="test_accuracy",
        method="pearson",
        aggregate="mean",
        window_kind="weight_decays",
    )["estimate"]
    assert f"r = {r:.2f}".replace("-", "−") in ax.get_title(loc="left")
    assert_titles_lie_apart(figure)


def test_one_weight_decay_is_followed_over_its_checkpoints(train_test, style):
    figure = render("collapse_and_transfer", train_test(), style)
    assert "r = undefined" in figure.axes[3].get_title(loc="left")
    assert "weight decay 0:" in " ".join(figure.get_supxlabel().split())


def test_titles_of_neighbouring_panels_do_not_overlap(train_test, style):
    assert_titles_lie_apart(render("transfer_by_variance", train_test(arms=WITH_DECAYS), style))


def assert_titles_lie_apart(figure):
    figure.draw_without_rendering()
    titles = {ax.get_title(loc="left") for ax in figure.axes} - {""}
    boxes = [text.get_window_extent() for text in figure.findobj(Text) if text.get_text() in titles]
    assert len(boxes) == 6
    for place, box in enumerate(boxes):
        assert not any(Bbox.intersection(box, other) for other in boxes[place + 1 :])
