"""The workflow as a user runs it: end to end on a small configuration, and what a change makes stale."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from checkouts import TINY, checkout, planned, snakemake
from plasticity.config.component import FOLDERS
from plasticity.jobs.run_progress import progress_of
from plasticity.storage.checkpoints import read_checkpoint
from plasticity.storage.tables import read_table
from plasticity.studies import all_studies

STUDY = Path("results/warm_start/digits")
PERMUTED = Path("results/permuted/digits")
AFTER_FINE_TUNING = {
    "assemble_metrics",
    "correlate",
    "find_causes",
    "tabulate",
    "draw_figures",
    "summarise",
    "compare_published",
}
UNTIL = ("assemble_metrics", "assemble_tasks")
AFTER_TASKS = {*AFTER_FINE_TUNING, "assemble_tasks", "explain"} - {"assemble_metrics"}
LEFT_OUT = {"show_config": 1, "list_published": 1}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout in which the tiny study has run to its end."""
    folder = checkout(tmp_path_factory.mktemp("finished"))
    snakemake(folder, "--configfile", TINY)
    return folder


@pytest.fixture
def edited(finished: Path) -> Iterator[Callable[[str, str, str], None]]:
    """Replace text in a file of the finished checkout for one test."""
    originals: dict[Path, tuple[str, os.stat_result]] = {}

    def edit(name: str, old: str, new: str) -> None:
        path = finished / name
        text = path.read_text(encoding="utf-8")
        originals.setdefault(path, (text, path.stat()))
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    yield edit
    for path, (text, stat) in originals.items():
        path.write_text(text, encoding="utf-8")
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def metrics(folder: Path) -> pd.DataFrame:
    return read_table(folder / STUDY / "metrics.parquet", "metrics")


def permuted(folder: Path) -> pd.DataFrame:
    return read_table(folder / PERMUTED / "metrics.parquet", "permuted")


def test_study_has_every_row_and_the_baseline(finished: Path) -> None:
    rows = metrics(finished)
    grid = [2, 4, 6]
    expected = {"random_init": [0], "warm_start": grid, "shrink_perturb": grid, "nc1_spread": grid}
    found = rows.groupby(["arm", "seed"], sort=False)["warm_up_epoch"].agg(list).to_dict()
    assert found == {(arm, seed): epochs for arm, epochs in expected.items() for seed in (1, 2)}
    records = rows.to_dict("records")
    accuracy = {row["seed"]: row["full_test_accuracy"] for row in records if row["arm"] == "random_init"}
    assert all(row["plasticity_gap"] == accuracy[row["seed"]] - row["full_test_accuracy"] for row in records)
    assert np.isfinite(rows[["nc1", "nc2", "nc3", "nc4", "full_test_accuracy"]].to_numpy(dtype="float64")).all()


def test_arms_that_warm_up_alike_share_one_warm_up(finished: Path) -> None:
    assert sorted(path.name for path in (finished / STUDY / "warm_up").iterdir()) == [
        "nc1_cap200_weight-0.05",
        "plain",
    ]


def test_checkpoint_header_holds_the_settings(finished: Path) -> None:
    found = read_checkpoint(finished / STUDY / "checkpoints/shrink_perturb/seed2/epoch0004.safetensors").settings
    assert (found["study"], found["dataset"], found["seed"], found["warm_up_epoch"]) == ("warm_start", "digits", 2, 4)
    assert found["training"]["learning_rate"] == 0.1
    assert found["intervention"]["shrink"] == 0.6


def test_the_run_has_said_how_far_it_was(finished: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    logs = (path.read_text(encoding="utf-8") for path in (finished / ".snakemake/log").iterdir())
    (text,) = (text for text in logs if "Finished jobid" in text)
    lines = re.findall(r"^(\d+) of (\d+) jobs \(\d+%\) done(.*)$", text, flags=re.MULTILINE)
    assert [int(done) for done, _, _ in lines] == list(range(1, int(lines[0][1]) + 1))
    assert all(re.match(r", \d+ left: about \d+ (s|min), until [\w: ]+( \(|$)", rest) for *_, rest in lines[:-1])
    monkeypatch.chdir(finished)
    assert progress_of() == "{1} of {1} jobs (100%) done".format(*lines[-1])


def test_no_pickle_in_the_results(finished: Path) -> None:
    files = [path for path in (finished / "results").rglob("*") if path.is_file() and not path.name.startswith(".")]
    endings = {path.suffix for path in files}
    assert endings <= {".npy", ".json", ".parquet", ".safetensors", ".svg", ".png", ".pdf", ".html", ".tsv"}


def test_fine_tuning_setting_reruns_fine_tuning_and_what_follows(finished: Path) -> None:
    jobs = planned(finished, "--config", "warm_start={fine_tune: {max_epochs: 4}}")
    assert jobs.keys() == {"fine_tune", "assemble_histories", "show_config"} | AFTER_FINE_TUNING
    assert jobs["fine_tune"] == 2 * 4
    assert (jobs["draw_figures"], jobs["tabulate"], jobs["correlate"]) == (1, 3, 1)


def test_warm_up_setting_reruns_everything_behind_it(finished: Path) -> None:
    jobs = planned(finished, "--config", "warm_start={warm_up: {learning_rate: 0.05}}")
    assert {"warm_up", "export", "intervene", "measure_collapse", "fine_tune"} <= jobs.keys()
    assert not jobs.keys() & {"prepare_data", "draw_split"}


def test_setting_of_one_arm_reruns_that_arm(finished: Path) -> None:
    jobs = planned(finished, "--config", "warm_start={arms: {shrink_perturb: {intervention: {shrink: 0.5}}}}")
    assert (jobs["intervene"], jobs["measure_collapse"], jobs["fine_tune"]) == (2, 2, 2)
    assert not jobs.keys() & {"warm_up", "export"}


def test_style_of_a_figure_redraws_the_figures_of_its_study(finished: Path) -> None:
    jobs = planned(finished, "--config", "warm_start={figures: {training_curves: {height: 3}}}")
    assert jobs == {"draw_figures": 1, "summarise": 1, "show_config": 1}


def test_analysis_setting_reruns_the_analysis(finished: Path) -> None:
    jobs = planned(finished, "--config", "warm_start={analysis: {confidence: 0.9}}")
    assert jobs.keys() == {"show_config", *AFTER_FINE_TUNING} - {"assemble_metrics"}
    assert jobs["tabulate"] == 2  # for the tables of correlations and causes, not the page of outcomes


def test_new_seed_runs_that_seed_alone(finished: Path) -> None:
    jobs = planned(finished, "--config", "warm_start={seeds: [1, 2, 3]}")
    assert (jobs["warm_up"], jobs["measure_collapse"], jobs["fine_tune"]) == (2, 3, 4)
    assert jobs["draw_split"] == 1
    assert "prepare_data" not in jobs


def test_edited_line_of_a_metric_measures_anew(finished: Path, edited: Callable[[str, str, str], None]) -> None:
    edited(
        "src/plasticity/metrics/declared/collapse.py", "int(agree) / len(features)", "int(agree) / (len(features) + 0)"
    )
    jobs = planned(finished)
    assert jobs["measure_collapse"] == 6
    measuring = {"measure_collapse", "first_task", "following_tasks"}  # online learning measures as it goes
    assert jobs.keys() == measuring | AFTER_FINE_TUNING | AFTER_TASKS


def test_edited_line_of_the_training_loop_trains_anew(finished: Path, edited: Callable[[str, str, str], None]) -> None:
    edited("src/plasticity/training/epoch.py", "correct / len(order)", "correct / (len(order) + 0)")
    assert {"warm_up", "fine_tune"} <= planned(finished).keys()


def test_edited_figure_is_drawn_anew(finished: Path, edited: Callable[[str, str, str], None]) -> None:
    edited("src/plasticity/studies/warm_start/figures/training_curves.py", "import ", "import math\nimport ")
    assert planned(finished) == {"draw_figures": 1, "summarise": 1}


def test_comments_new_components_and_what_hands_a_job_to_its_stage_make_nothing_stale(
    finished: Path, edited: Callable[[str, str, str], None]
) -> None:
    edited("src/plasticity/training/epoch.py", "\n\n\n", "\n\n\n# A comment, and a line of white space.\n\n")
    edited("src/plasticity/stages/warm_up.py", '"""Stage:', '"""The stage:')
    edited("workflow/scripts/stage.py", "run_stage(snakemake)", "run_stage((snakemake))")
    edited("src/plasticity/jobs/adapter.py", "log = Path(snakemake.log[0])", "log = Path(str(snakemake.log[0]))")
    folders = [finished / "src/plasticity" / folder for kind in FOLDERS.values() for folder in kind]
    files = [folder / "mine.py" for folder in folders if folder.is_dir()]
    assert files
    for path in files:
        path.write_text("class Mine(Base, name='mine'): ...\n", encoding="utf-8")
    jobs = planned(finished)
    for path in files:
        path.unlink()
    assert not jobs


def test_edited_line_of_an_export_trains_nothing(finished: Path, edited: Callable[[str, str, str], None]) -> None:
    edited(
        "src/plasticity/stages/export.py", 'manifest = job.output["manifest"]', 'manifest = (job.output)["manifest"]'
    )
    assert "warm_up" not in planned(finished)


def test_deleted_checkpoint_is_made_again_by_the_next_run_without_training(finished: Path, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(finished, folder, symlinks=True)
    path = folder / STUDY / "checkpoints/plain/seed1/epoch0004.safetensors"
    before, rows = path.read_bytes(), metrics(folder)
    path.unlink()
    manifest = folder / STUDY / "checkpoints/plain/seeds1-1.json"
    listed = manifest.read_bytes()
    assert planned(folder)["export"] == 1
    assert manifest.read_bytes() == listed
    done = snakemake(folder, "--configfile", TINY, "--until", "assemble_metrics")
    assert f"{manifest.relative_to(folder)}: checkpoints are gone" in done.stdout
    assert not re.search(r"rule (warm_up|draw_split):", done.stdout)
    assert (path.read_bytes(), manifest.read_bytes()) == (before, listed)
    pd.testing.assert_frame_equal(metrics(folder), rows)
    path.unlink()
    done = snakemake(folder, "verify", "--configfile", TINY, check=False)
    assert done.returncode
    assert f"{path.relative_to(folder)}: expected a checkpoint, got no file" in done.stdout
    assert not manifest.exists()


def test_another_cut_into_jobs_changes_no_number_and_repeats_no_fine_tuning(finished: Path, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(finished, folder, symlinks=True)
    before = metrics(folder)
    cut = "jobs={fine_tunings_per_job: 4, seeds_per_job: 2}"
    snakemake(folder, "--configfile", TINY, "--config", cut, "--until", "assemble_metrics")
    pd.testing.assert_frame_equal(metrics(folder), before)
    log = folder / "logs/warm_start/digits/fine_tune/warm_start/seeds1-2/epochs2-4.log"
    assert log.read_text(encoding="utf-8").count("already finished") == 4
    assert planned(folder, "--config", cut, "--until", "assemble_metrics").keys() <= {"show_config"}


def test_damaged_checkpoint_stops_with_one_clear_line(finished: Path, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(finished, folder, symlinks=True)
    path = folder / STUDY / "checkpoints/plain/seed1/epoch0004.safetensors"
    path.write_bytes(path.read_bytes()[:-10])
    before = metrics(folder)
    done = snakemake(folder, "--configfile", TINY, "--forcerun", "measure_collapse", check=False)
    assert done.returncode != 0
    (line,) = {line for line in done.stdout.splitlines() if line.startswith("plasticity: ")}
    assert "epoch0004.safetensors: expected a checkpoint, got a damaged file" in line
    pd.testing.assert_frame_equal(metrics(folder), before)


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("warm_start={model: {name: resnet81}}", "did you mean 'resnet18'"),
        ("dataset={reader: parquet, train: no.parquet, test: no.parquet}", "no.parquet"),
        ("permuted={train_size: 9999}", "permuted.train_size: expected at most 1347 images, got 9999"),
    ],
    ids=["model", "missing_file", "more_images_than_there_are"],
)
def test_bad_configuration_is_refused_before_work(finished: Path, override: str, message: str) -> None:
    before = {path: path.stat().st_mtime_ns for path in (finished / "results").rglob("*")}
    done = snakemake(finished, "--configfile", TINY, "--config", override, check=False)
    assert done.returncode != 0
    assert message in done.stdout
    assert "Job stats" not in done.stdout
    assert {path: path.stat().st_mtime_ns for path in (finished / "results").rglob("*")} == before


def test_what_the_data_set_has_not_got_is_refused_before_any_training(tmp_path: Path) -> None:
    folder = checkout(tmp_path)
    done = snakemake(
        folder, "warm_start", "--configfile", TINY, "--config", "warm_start={train_size: 9999}", check=False
    )
    assert done.returncode != 0
    assert "warm_start.train_size: expected null or 1 to 1347 images, got 9999" in done.stdout
    assert (folder / "results/data/digits/dataset.json").exists()
    assert not list((folder / "logs").rglob("draw_split")) + list((folder / "logs").rglob("warm_up"))


def test_report_holds_figures_tables_and_configuration(finished: Path) -> None:
    snakemake(finished, "--configfile", TINY, "--report", "results/report.html")
    page = (finished / "results/report.html").read_text(encoding="utf-8")
    for name in (
        "plasticity gap",
        "correlation windows",
        "collapse and outcomes",
        "configuration as run",
        "published and found",
        "rulegraph",
    ):
        assert name in page
    assert "Bonifazi" in page


def test_killed_run_continues_to_the_same_tables(finished: Path, tmp_path: Path) -> None:
    folder = checkout(tmp_path)
    command = [sys.executable, "-m", "snakemake", "--cores", "1", "--configfile", TINY, "--until", *UNTIL]
    for seconds in (8.0, 14.0):
        process = subprocess.Popen(
            command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        time.sleep(seconds)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        snakemake(folder, "--configfile", TINY, "--unlock")
    snakemake(folder, "--configfile", TINY, "--rerun-incomplete", "--until", *UNTIL)
    pd.testing.assert_frame_equal(metrics(folder), metrics(finished))
    pd.testing.assert_frame_equal(permuted(folder), permuted(finished))


def test_permuted_study_has_every_task_and_the_baseline(finished: Path) -> None:
    rows = permuted(finished)
    tasks = rows.groupby(["arm", "seed"], sort=False)["task"].agg(list).to_dict()
    full, short = [1, 2, 3, 4, 5], [1, 2, 3, 4]
    arms = {"random_init": full, "continual": full, "first_task_length_1": short, "first_task_length_3": short}
    arms |= {"first_task_collapse_20": short, "first_task_collapse_0.01": [1]}
    assert tasks == {(arm, seed): found for arm, found in arms.items() for seed in (1, 2)}
    unreached = rows[rows["arm"] == "first_task_collapse_0.01"]
    assert unreached["threshold_reached"].tolist() == [False, False]
    assert (rows.loc[rows["arm"] == "random_init", "plasticity_gap"] == 0).all()
    assert not (finished / "results/across_sections").exists()  # there is one sequence of tasks


def test_setting_of_a_permuted_arm_reruns_its_experiment(finished: Path) -> None:
    intervention = "{name: shrink_perturb, shrink: 0.5, perturb: 0.1}"
    jobs = planned(finished, "--config", f"permuted={{arms: {{continual: {{intervention: {intervention}}}}}}}")
    assert jobs.keys() == {"following_tasks", "show_config"} | AFTER_TASKS
    assert (jobs["following_tasks"], jobs["correlate"]) == (2, 1)


def test_new_permuted_seed_runs_that_seed_alone(finished: Path) -> None:
    jobs = planned(finished, "--config", "permuted={seeds: [1, 2, 3]}")
    assert (jobs["first_task"], jobs["following_tasks"]) == (1, 4)
    assert "prepare_data" not in jobs


def test_a_study_can_be_left_out(finished: Path) -> None:
    assert planned(finished, "--config", "warm_start=null") == LEFT_OUT
    assert planned(finished, "--config", "studies=[permuted]") == LEFT_OUT


def test_published_numbers_stand_beside_the_run_and_beside_nothing(finished: Path, tmp_path: Path) -> None:
    rows = read_table(finished / STUDY / "published.parquet", "published").set_index("claim")
    assert set(rows["verdict"]) == {"not comparable"}
    assert np.isnan(rows["value"].to_numpy()).all()  # what cannot be compared is not shown
    assert "dataset.reader digits, published cifar10" in str(rows.loc["warm_start_full_accuracy_350", "reason"])
    folder = tmp_path / "copy"
    shutil.copytree(finished, folder, symlinks=True)
    snakemake(folder, "--configfile", TINY, "--config", "warm_start=null")
    assert set(read_table(folder / STUDY / "not_run.parquet", "published")["reason"]) == {"not run"}
    assert (folder / STUDY / "tables/not_run.html").is_file()


def test_a_finished_run_is_kept_with_its_page(finished: Path, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(finished, folder, symlinks=True)
    page = "docs/reproduction/warm_start_mine.md"
    (folder / "docs/reproduction/warm_start_mine").mkdir(parents=True)
    (folder / "docs/reproduction/warm_start_mine/notes.md").write_text("# My run\n\nTiny.\n", encoding="utf-8")
    snakemake(folder, page, "--configfile", TINY)
    text = (folder / page).read_text(encoding="utf-8")
    assert "# My run\n\nTiny.\n\n## Published beside this run" in text
    assert f"snakemake --cores all --configfile {TINY}" in text
    kept = folder / "docs/reproduction/warm_start_mine"
    assert (kept / "metrics.parquet").read_bytes() == (folder / STUDY / "metrics.parquet").read_bytes()
    assert planned(folder, "reproduction_page") == {"keep_run": 2, "reproduction_page": 1}


def test_permuted_preset_is_planned_in_full(tmp_path: Path) -> None:
    changes = ("--config", "dataset={download: true}")
    jobs = planned(checkout(tmp_path), *changes, configfile="config/permuted_mnist.yaml")
    assert (jobs["first_task"], jobs["following_tasks"]) == (6, 6 * 4)
    assert not jobs.keys() & {"warm_up", "fine_tune"}


def test_paper_preset_is_planned_in_full(tmp_path: Path) -> None:
    jobs = planned(checkout(tmp_path), configfile="config/paper.yaml")
    # plain, both signs of the penalty, three weight decays; five seeds; 70 checkpoints, of the shorter ones 30
    assert jobs["warm_up"] == 5 * 6
    assert (jobs["export"], jobs["intervene"], jobs["draw_split"]) == (5 * 6, 5, 5)
    assert jobs["fine_tune"] == 5 * (1 + 14 + 14 + 5 * 6)


def test_lint_is_clean_and_rules_are_listed_and_named_on_the_command_line(tmp_path: Path) -> None:
    folder = checkout(tmp_path)
    assert "Congratulations" in snakemake(folder, "--lint").stdout
    assert "Draw a study's figures from its tables" in snakemake(folder, "--list").stdout
    assert planned(folder, "--set-resources", "export:mem_mb=1", "--forcerun", "draw_figures")["draw_figures"] == 2


def test_a_second_section_of_a_study_runs_beside_the_first(tmp_path: Path) -> None:
    folder = checkout(tmp_path)
    section = yaml.safe_load((folder / "config.yaml").read_text(encoding="utf-8"))["permuted"]
    given = {"again": {**section, "study": "continual", "seeds": [7]}, "studies": ["permuted", "again"]}
    (folder / "mine.yaml").write_text(yaml.safe_dump(given), encoding="utf-8")
    jobs = planned(folder, configfile="mine.yaml")
    assert (jobs["assemble_tasks"], jobs["correlate"], jobs["draw_figures"]) == (2, 2, 2)
    assert (jobs["explain_across"], jobs["show_across"]) == (1, 1)
    assert jobs["list_published"] == len(all_studies()) - 1  # of those that are not run
