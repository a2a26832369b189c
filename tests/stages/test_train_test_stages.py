"""Stages of the train-test study on digits: what they write, and that a killed one goes on to the same bits."""

import shutil
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from of_studies import write_pages
from plasticity.config.analysis_section import TransferAnalysis
from plasticity.config.slices import AssembleVariancesSettings, PartsSettings
from plasticity.config.whole_run import DataSetSettings
from plasticity.data.image_tensors import test_tensors as held_out_tensors
from plasticity.data.image_tensors import train_tensors
from plasticity.data.store import open_store
from plasticity.errors import PlasticityError
from plasticity.jobs import unfinished
from plasticity.models.model_registry import build_model
from plasticity.seeding import torch_generator
from plasticity.stages import transfer as transfer_module
from plasticity.stages.landscape.checkpoint_measures import Measures
from plasticity.stages.landscape.subject import Ground
from plasticity.stages.next_network import next_network
from plasticity.stages.prepare import prepare
from plasticity.stages.task_stores import first_task, next_task, supply_of
from plasticity.storage.checkpoints import iteration_name, iterations_in, read_checkpoint
from plasticity.storage.tables import read_table
from plasticity.storage.weights import load_weights, weights_of
from plasticity.studies.train_test_collapse.assemble import assemble_transfer, assemble_variances, best_of_rates
from plasticity.studies.train_test_collapse.correlate import correlate_transfer, outcomes_of
from plasticity.tasks.super_classes import draw_parts
from plasticity.training.epoch import accuracy
from plasticity.training.iterations import IterationRun
from plasticity.training.trajectory_writer import TrajectoryWriter
from tiny_study import contents_of
from tiny_train_test import (
    CHECKPOINTS,
    EVEN_ODD,
    MODEL,
    NEXT,
    PARTS,
    SEEDS,
    go_on,
    measure,
    measure_settings,
    pre_train_settings,
    train,
    transfer_settings,
)
from typed import chosen

ASSEMBLED = AssembleVariancesSettings(arms=("transfer",))
ANALYSIS = TransferAnalysis.of(
    {"confidence": 0.9, "families": [{"name": "transfer", "weight_decays": {"transfer": 0.0}}]}
)


class Killed(BaseException):
    """What a signal does to a stage: it passes every `except Exception`."""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return prepare(DataSetSettings(name="digits", reader="digits"), tmp_path_factory.mktemp("digits"))


@pytest.fixture(scope="module")
def trained(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a finished first task."""
    folder = tmp_path_factory.mktemp("trained")
    train(data, folder)
    return folder


@pytest.fixture(scope="module")
def transferred(data: Path, trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The "next_task" table at one learning rate."""
    return go_on(data, trained / "trajectory", tmp_path_factory.mktemp("transferred")).output


@pytest.fixture(scope="module")
def variances(data: Path, trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return measure(data, trained / "trajectory", tmp_path_factory.mktemp("measured") / "variances.parquet")


@pytest.fixture
def always(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unfinished, "SECONDS_BETWEEN_SAVES", 0.0)


# The first task


def test_a_trajectory_holds_the_checkpoints_of_every_seed(trained: Path) -> None:
    for seed in SEEDS:
        found = iterations_in(trained / "trajectory" / f"seed{seed}")
        assert tuple(found) == CHECKPOINTS
        header = read_checkpoint(found[10]).settings
        assert (header["stage"], header["seed"], header["iteration"]) == ("pre_train", seed, 10)
        assert (header["study"], header["dataset"], header["diverged"]) == ("train_test_collapse", "digits", False)
    history = read_table(trained / "history.parquet", "history")
    # 200 images are 7 batches: 40 iterations end in the sixth epoch
    assert history.groupby("seed")["epoch"].agg("max").to_dict() == dict.fromkeys(SEEDS, 6)
    assert sorted(path.name for path in trained.iterdir()) == ["history.parquet", "trajectory"]


def test_iteration_0_is_the_initial_network_with_a_head_for_super_classes(data: Path, trained: Path) -> None:
    store = open_store(data)
    network = build_model(chosen(MODEL), store.image_shape, 2, torch_generator(SEEDS[0], "init"))
    found = read_checkpoint(trained / "trajectory" / f"seed{SEEDS[0]}" / iteration_name(0)).weights
    assert set(found) == set(weights_of(network))
    for name, value in weights_of(network).items():
        np.testing.assert_array_equal(found[name], value)


def test_seeds_of_a_job_do_not_depend_on_each_other(data: Path, trained: Path, tmp_path: Path) -> None:
    alone = train(data, tmp_path, seeds=(4,))
    assert contents_of(alone.trajectory / "seed4") == contents_of(trained / "trajectory" / "seed4")


@pytest.mark.parametrize(("seed", "iteration"), [(3, 10), (3, 40), (4, 1), (4, 40)])
@pytest.mark.usefixtures("always")
def test_a_killed_job_goes_on_to_the_same_checkpoints(
    data: Path, trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int, iteration: int
) -> None:
    keep = TrajectoryWriter.keep

    def fatal(self: TrajectoryWriter, number: int) -> None:
        if (self.run.seed, number) == (seed, iteration):
            raise Killed
        keep(self, number)

    with monkeypatch.context() as patch:
        patch.setattr(TrajectoryWriter, "keep", fatal)
        with pytest.raises(Killed):
            train(data, tmp_path)
    assert not (tmp_path / "trajectory").exists()
    steps: list[int] = []
    after = IterationRun._after_step
    monkeypatch.setattr(IterationRun, "_after_step", lambda self, *rest: (steps.append(self.seed), after(self, *rest)))
    files = train(data, tmp_path)
    assert (SEEDS[0] in steps) == (seed == SEEDS[0])  # a finished seed is not trained again
    for each in SEEDS:
        assert contents_of(files.trajectory / f"seed{each}") == contents_of(trained / "trajectory" / f"seed{each}")
    assert files.history.read_bytes() == (trained / "history.parquet").read_bytes()
    assert not files.unfinished.exists()


@pytest.mark.usefixtures("always")
def test_unfinished_work_of_other_settings_leaves_no_checkpoints(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fatal(*_: Any) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(IterationRun, "save", fatal)
        with pytest.raises(Killed):
            train(data, tmp_path)
    files = train(data, tmp_path, pre_train_settings().overridden({"checkpoints": [0, 5]}), seeds=(3,))
    assert sorted(path.name for path in files.trajectory.iterdir()) == [".checkpoints", "seed3"]
    assert tuple(iterations_in(files.trajectory / "seed3")) == (0, 5, 40)


def test_a_loss_ends_the_training_with_a_checkpoint(data: Path, tmp_path: Path) -> None:
    files = train(data, tmp_path, pre_train_settings(iterations=2000, stop_loss=0.2), seeds=(3,))
    history = read_table(files.history, "history")
    assert (history["loss"].to_numpy() <= 0.2).nonzero()[0].tolist() == [len(history) - 1]
    assert list(iterations_in(files.trajectory / "seed3"))[-1] == 7 * len(history) < 2000


def test_a_trajectory_that_has_lost_a_checkpoint_is_refused(trained: Path, tmp_path: Path) -> None:
    """Its means would otherwise be those of an earlier checkpoint, taken for the last one."""
    folder = tmp_path / "trajectory"
    shutil.copytree(trained / "trajectory", folder)
    assert tuple(iterations_in(folder / "seed3")) == CHECKPOINTS
    (folder / "seed3" / iteration_name(40)).unlink()
    with pytest.raises(PlasticityError, match=r"iteration0000040.safetensors: expected this checkpoint, got no file"):
        iterations_in(folder / "seed3")
    (folder / ".checkpoints").write_text("{}", "utf-8")
    with pytest.raises(PlasticityError, match="expected a list of checkpoints, got dict"):
        iterations_in(folder / "seed3")


def test_a_trajectory_without_checkpoints_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PlasticityError, match="expected checkpoints, got none"):
        iterations_in(tmp_path)


# Variances


def test_variances_have_a_row_per_seed_checkpoint_and_layer(variances: Path) -> None:
    rows = read_table(variances, "variances")
    assert len(rows) == len(SEEDS) * len(CHECKPOINTS) * 2
    assert set(rows.loc[rows["last_layer"], "layer"]) == {2}
    assert set(zip(rows["train_size"], rows["test_size"], strict=True)) == {(200, 60)}
    assert np.isfinite(rows[[c for c in rows if "variance" in c]].to_numpy()).all()
    last = rows[rows["iteration"] == 40]
    for name in ("train_variance", "strong_test_variance", "weak_test_variance"):
        np.testing.assert_array_equal(last[name], last[f"own_{name}"])
    final = rows[rows["last_layer"]].groupby("iteration")["train_variance"].agg("mean").to_dict()
    assert final[40] < final[0]


def test_variances_are_those_of_the_first_task_against_the_last_means(
    data: Path, trained: Path, variances: Path
) -> None:
    store = open_store(data)
    task = first_task(store, draw_parts(supply_of(store), PartsSettings.of(PARTS), seed=3), EVEN_ODD)
    features = {}
    for iteration in (10, 40):
        network = build_model(chosen(MODEL), task.image_shape, 2, torch_generator(0, "any"))
        load_weights(network, read_checkpoint(trained / "trajectory/seed3" / iteration_name(iteration)).weights)
        images = train_tensors(task, torch.device("cpu"))
        with torch.no_grad():
            features[iteration] = network.features(images.batch(torch.arange(200))[0]).double().numpy()
    y = task.train_labels
    means = np.array([features[40][y == c].mean(0) for c in (0, 1)])
    expected = ((features[10] - means[y]) ** 2).sum(1).mean() / ((means - means.mean(0)) ** 2).sum(1).mean()
    rows = read_table(variances, "variances")
    (found,) = rows.loc[(rows["seed"] == 3) & (rows["iteration"] == 10) & rows["last_layer"], "train_variance"]
    assert found == pytest.approx(expected, rel=1e-6)


def test_a_diverged_training_has_rows_without_numbers(data: Path, tmp_path: Path) -> None:
    files = train(data, tmp_path, pre_train_settings(learning_rate=1e30))
    rows = read_table(measure(data, files.trajectory, tmp_path / "variances.parquet"), "variances")
    assert set(rows["diverged"]) == {True}
    assert np.isnan(rows["train_variance"].to_numpy()).all()
    assert set(rows["layer"]) == {1, 2}
    reached = read_table(go_on(data, files.trajectory, tmp_path / "next").output, "next_task")
    ends = reached.groupby("seed")["iteration"].transform("max") == reached["iteration"]
    assert set(reached.loc[ends, "diverged"]) == {True}
    assert set(reached.loc[reached["iteration"] == 0, "diverged"]) == {False}


# The next task


def test_every_checkpoint_goes_on_with_one_fresh_head(data: Path, trained: Path, transferred: Path) -> None:
    """The numbers of one row, from the pieces: body, fresh head, order, accuracies."""
    store = open_store(data)
    parts = draw_parts(supply_of(store), PartsSettings.of({**PARTS, "next_task": NEXT}), seed=4)
    task, held_out = (next_task(store, parts, EVEN_ODD, validation=v) for v in (False, True))
    network = build_model(chosen(MODEL), task.image_shape, 10, torch_generator(4, "next_task/init"))
    body = read_checkpoint(trained / "trajectory/seed4" / iteration_name(10)).weights
    mixed = {**weights_of(network), **{name: v for name, v in body.items() if not name.startswith("head.")}}
    load_weights(network, mixed)
    images = train_tensors(task, torch.device("cpu"))
    run = IterationRun(
        network, images, torch.arange(60), transfer_settings().training, seed=4, purpose="next_task/order"
    )
    from plasticity.training.resume import ResumeFile

    run.run(resume=ResumeFile(trained / "unused" / "state", "digest"), title="test")
    rows = read_table(transferred, "next_task")
    (row,) = (row for row in rows.to_dict("records") if (row["seed"], row["iteration"]) == (4, 10))
    assert row["learning_rate"] == 0.1
    assert row["train_loss"] == run.history[-1].loss
    assert row["test_accuracy"] == accuracy(network, held_out_tensors(task, torch.device("cpu"), None))
    assert row["validation_accuracy"] == accuracy(network, held_out_tensors(held_out, torch.device("cpu"), None))
    assert not (trained / "unused").exists()


def test_finished_trainings_are_not_repeated(
    data: Path, trained: Path, transferred: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    finished: list[Path] = []
    write = transfer_module.write_record

    def fatal(path: Path, *rest: Any) -> None:
        if len(finished) == 5:
            raise Killed
        write(path, *rest)
        finished.append(path)

    with monkeypatch.context() as patch:
        patch.setattr(transfer_module, "write_record", fatal)
        with pytest.raises(Killed):
            go_on(data, trained / "trajectory", tmp_path)
    seen = dict.fromkeys(path.read_bytes() for path in finished)
    files = go_on(data, trained / "trajectory", tmp_path)
    assert dict.fromkeys(path.read_bytes() for path in finished) == seen
    assert files.output.read_bytes() == transferred.read_bytes()
    assert len(list(files.records.glob("*.json"))) == len(SEEDS) * len(CHECKPOINTS)
    assert not list(files.records.glob(".*"))


# Tables


def test_the_best_rate_has_the_best_accuracy_then_the_next_then_the_smaller_rate() -> None:
    rows = pd.DataFrame(
        {
            "arm": "a",
            "seed": [1] * 4 + [2] * 2,
            "iteration": 5,
            "learning_rate": [0.1, 0.2, 0.3, 0.4, 0.1, 0.2],
            "validation_accuracy": [0.8, 0.9, 0.9, np.nan, np.nan, np.nan],
            "test_accuracy": [0.7, 0.7, 0.7, np.nan, np.nan, np.nan],
        }
    )
    assert best_of_rates(rows, "validation_accuracy").tolist() == [False, True, False, False, False, False]
    on_test = best_of_rates(rows, "test_accuracy", "validation_accuracy")
    assert on_test.tolist() == [False, True, False, False, False, False]
    assert best_of_rates(rows, "test_accuracy").tolist() == [True, False, False, False, False, False]


@pytest.fixture(scope="module")
def study(
    data: Path, trained: Path, transferred: Path, variances: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    """The study's tables, with two learning rates."""
    folder = tmp_path_factory.mktemp("study")
    other = go_on(data, trained / "trajectory", folder / "other", transfer_settings(learning_rate=0.001)).output
    tables = {name: folder / f"{name}.parquet" for name in ("metrics", "transfer", "correlations")}
    assemble_variances([variances], tables["metrics"], settings=ASSEMBLED)
    assemble_transfer([transferred, other], tables["metrics"], tables["transfer"], settings=ASSEMBLED)
    correlate_transfer(tables["transfer"], tables["correlations"], settings=ANALYSIS)
    return tables


def test_the_landscape_goes_from_variances_to_correlations(
    data: Path, trained: Path, transferred: Path, variances: Path, tmp_path: Path
) -> None:
    hessian = {"images": 8, "probes": 2, "steps": 2, "exact_up_to": 0}
    curvature = {"images": 6, "above": [0.1], "above_of_largest": [0.1], "hessian": hessian}
    asked = {"gradients": {"images": 20}, "curvature": curvature}
    measured = measure(data, trained / "trajectory", tmp_path / "measured.parquet", **asked)
    rows, plain = read_table(measured, "variances"), read_table(variances, "variances")
    names = [name for name in rows.columns if name not in plain.columns]
    pd.testing.assert_frame_equal(rows.drop(columns=names), plain)
    store = open_store(data)
    task = next_task(
        store, draw_parts(supply_of(store), PartsSettings.of({**PARTS, "next_task": NEXT}), seed=4), EVEN_ODD
    )
    weights = read_checkpoint(trained / "trajectory/seed4" / iteration_name(10)).weights
    draw = partial(build_model, chosen(MODEL), task.image_shape, task.num_classes)
    ground = Ground(train_tensors(task, torch.device("cpu")), torch.arange(60), 4, draw)
    begun = next_network(chosen(MODEL), task, 4, weights)
    measures = Measures(measure_settings(**asked).measure)
    (row, *_) = rows.loc[rows["seed"].eq(4) & rows["iteration"].eq(10)].to_dict("records")
    start = measures.row(begun, ground, 2, start=True)
    np.testing.assert_allclose([row[name] for name in start], np.array(list(start.values()), float), rtol=1e-6)
    tables = {name: tmp_path / f"{name}.parquet" for name in ("metrics", "transfer", "correlations")}
    assemble_variances([measured], tables["metrics"], settings=ASSEMBLED)
    assemble_transfer([transferred], tables["metrics"], tables["transfer"], settings=ASSEMBLED)
    correlate_transfer(tables["transfer"], tables["correlations"], settings=ANALYSIS)
    assert {"hessian_trace_error", "start_gradient_rank"} <= set(names)
    known = [name for name in names if "hessian_rank" not in name]  # few Lanczos steps do not resolve ranks
    assert read_table(tables["transfer"], "transfer")[known].notna().to_numpy().all()
    found = set(read_table(tables["correlations"], "correlations")["metric"])
    assert found & set(names) == {name for name in names if not name.endswith("_error")}


def test_transfer_joins_variances_and_marks_one_rate_per_checkpoint(study: dict[str, Path]) -> None:
    rows = read_table(study["transfer"], "transfer")
    assert len(rows) == len(SEEDS) * len(CHECKPOINTS) * 2
    for choice in ("chosen", "chosen_on_test"):
        assert set(rows.groupby(["seed", "iteration"])[choice].agg("sum")) == {1}
    best = rows.groupby(["seed", "iteration"])["test_accuracy"].max()
    assert rows[rows["chosen_on_test"]].set_index(["seed", "iteration"])["test_accuracy"].equals(best)
    measured = read_table(study["metrics"], "variances")
    last = measured[measured["last_layer"]].set_index(["seed", "iteration"])["train_variance"].to_dict()
    pairs = zip(rows["seed"], rows["iteration"], rows["train_variance"], strict=True)
    assert all(last[seed, iteration] == value for seed, iteration, value in pairs)


def test_correlations_are_those_of_scipy(study: dict[str, Path]) -> None:
    from scipy.stats import pearsonr

    reached = outcomes_of(read_table(study["transfer"], "transfer")).query("iteration > 0")
    rows = read_table(study["correlations"], "correlations")
    rows = rows[(rows["metric"] == "train_variance") & (rows["method"] == "pearson") & (rows["aggregate"] == "seed")]
    for outcome in ("test_accuracy", "test_accuracy_chosen_on_test"):
        for seed in SEEDS:
            of_seed = reached[reached["seed"] == seed]
            (found,) = rows.loc[(rows["outcome"] == outcome) & (rows["seed"] == seed), "estimate"]
            assert found == pytest.approx(pearsonr(of_seed["train_variance"], of_seed[outcome])[0])


def test_a_study_without_next_tasks_has_empty_tables(study: dict[str, Path], tmp_path: Path) -> None:
    assemble_transfer([], study["metrics"], tmp_path / "transfer.parquet", settings=ASSEMBLED)
    assert len(read_table(tmp_path / "transfer.parquet", "transfer")) == 0
    correlate_transfer(tmp_path / "transfer.parquet", tmp_path / "correlations.parquet", settings=ANALYSIS)
    assert len(read_table(tmp_path / "correlations.parquet", "correlations")) == 0


def test_a_checkpoint_that_was_not_measured_is_named(
    study: dict[str, Path], transferred: Path, variances: Path, tmp_path: Path
) -> None:
    from plasticity.storage.tables import write_table

    rows = read_table(variances, "variances")
    write_table(rows.query("iteration != 10"), tmp_path / "part.parquet", "variances")
    with pytest.raises(PlasticityError, match="got none for arm transfer, seed 3, iteration 10"):
        assemble_transfer(
            [transferred],
            tmp_path / "part.parquet",
            tmp_path / "t.parquet",
            settings=AssembleVariancesSettings(arms=()),
        )


def test_the_reports_tables_show_layers_and_coefficients(study: dict[str, Path], tmp_path: Path) -> None:
    outputs = write_pages("train_test_collapse", study, tmp_path, {"transfer": "odd or even"})
    page = outputs["outcomes"].read_text(encoding="utf-8")
    assert page.count("odd or even") == 2  # a row per hidden layer
    assert "next task from before training" in page
    assert "own_<wbr>train_<wbr>variance" in outputs["correlations"].read_text(encoding="utf-8")
