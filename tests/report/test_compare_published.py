"""The stage on the committed tables of a finished run, and on a study that was not run."""

import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from snakemake.utils import update_config

from of_studies import claims_of
from page_rows import rows_of_page
from plasticity.config.page_slices import PublishedSettings
from plasticity.report.compare_published import _published_text, compare_published
from plasticity.report.published.published_verdict import VERDICTS
from plasticity.storage.tables import read_provenance, read_table
from plasticity.studies.configuration import typed_config
from plasticity.studies.continual.plan import PermutedPlan
from plasticity.studies.train_test_collapse.plan import TrainTestPlan
from train_test_tables import make_train_test

ROOT = Path(__file__).resolve().parents[2]
RUN = ROOT / "docs/reproduction/permuted_mnist"
FILES = {name: RUN / f"{name}.parquet" for name in ("metrics", "correlations")}


def settings(**changed: Any) -> PublishedSettings:
    """What the committed run was, from its preset; `changed` overlays it."""
    config = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
    update_config(config, yaml.safe_load((ROOT / "config/permuted_mnist.yaml").read_text(encoding="utf-8")))
    update_config(config, changed)
    return PermutedPlan(typed_config(config, root=ROOT)).published_settings()


def _compared(folder: Path, files: dict[str, Path] | None, given: PublishedSettings | None) -> Any:
    table, page = folder / "published.parquet", folder / "published.html"
    compare_published(claims_of("permuted"), "permuted", files, table=table, page=page, settings=given)
    rows = read_table(table, "published")
    assert len(rows_of_page(page)) == rows["verdict"].ne("not comparable").sum()
    assert read_provenance(table)["settings"] == (given.tree if given else {})
    return rows.set_index("claim", drop=False)


def test_a_run_at_the_published_settings_is_judged(tmp_path: Path) -> None:
    rows = _compared(tmp_path, FILES, settings())
    metrics = read_table(FILES["metrics"], "permuted")
    last = metrics.query("arm == 'continual' and task == 140")["online_accuracy"]
    row = rows.loc["continual_accuracy_140"]
    assert row["value"] == pytest.approx(last.mean())
    assert row["ci_low"] < row["published"] < row["ci_high"]
    assert (row["verdict"], row["n_seeds"], row["place"]) == ("undecided", 6, "task 140")  # 1.5 points of spread
    assert rows.loc["continual_accuracy_1", "verdict"] == "agrees"
    assert (row["margin"], row["needs"]) == ("within 1 percentage point", "")
    assert set(rows["verdict"]) <= set(VERDICTS)
    own = rows.loc[rows["source"].str.startswith("Bonifazi")]
    assert (own["verdict"] == "not comparable").sum() < (own["verdict"] != "not comparable").sum()
    assert (rows.loc[rows["kind"] == "shape", "published"].isna()).all()


def test_of_another_setting_nothing_of_this_run_is_shown(tmp_path: Path) -> None:
    rows = _compared(tmp_path, FILES, settings(permuted={"following": {"learning_rate": 0.02}}))
    row = rows.loc["continual_accuracy_140"]
    assert (row["verdict"], row["reason"]) == ("not comparable", "following.learning_rate 0.02, published 0.01")
    assert np.isnan([row["value"], row["ci_low"]]).all()
    assert row["needs"] == "needs config/permuted_mnist.yaml"
    assert "following.learning_rate 0.02" in row["settings"]
    shape = rows.loc["accuracy_falls"]
    assert shape["verdict"] == "agrees"
    assert "following.learning_rate 0.02, published 0.01" in shape["reason"]


def test_another_data_set_compares_no_shape_either(tmp_path: Path) -> None:
    rows = _compared(tmp_path, FILES, settings(dataset={"reader": "digits"}))
    assert set(rows["verdict"]) == {"not comparable"}
    assert rows["value"].isna().all()
    text = (tmp_path / "published.html").read_text(encoding="utf-8")
    assert text.index("None of") < text.index("<details>") < text.index("needs config/permuted_mnist.yaml")


def test_the_page_lists_what_is_published_about_its_own_sequence_of_tasks(tmp_path: Path) -> None:
    for name, listed, missing in (
        ("permuted_pixels", "online accuracy, task 140", "final loss of the probe"),
        ("random_labels", "final loss of the probe", "online accuracy, task 140"),
    ):
        rows = _compared(tmp_path, FILES, settings(dataset={"reader": "digits"}, permuted={"tasks": {"name": name}}))
        assert len(rows) == len(claims_of("permuted").claims)
        text = (tmp_path / "published.html").read_text(encoding="utf-8")
        assert "about another sequence of tasks" in text
        assert listed in text.partition("<details>")[2]
        assert missing not in text


def test_a_study_that_was_not_run_keeps_its_published_rows(tmp_path: Path) -> None:
    rows = _compared(tmp_path, None, None)
    assert list(rows["claim"]) == [claim.name for claim in claims_of("permuted").claims]
    assert set(zip(rows["verdict"], rows["reason"], strict=True)) == {("not comparable", "not run")}
    assert rows.loc["continual_accuracy_1", "published"] == 0.92339
    assert rows["value"].isna().all()


def test_the_page_says_what_was_published_and_found(tmp_path: Path) -> None:
    _compared(tmp_path, FILES, settings())
    found = {row["quantity"]: row for row in rows_of_page(tmp_path / "published.html")}
    assert (
        found["NC1 after the task, task 140"]["published"] == "0.37845 ± 0.0772 (n = 6)"
    )  # as read off a vector figure
    text = (tmp_path / "published.html").read_text(encoding="utf-8")
    assert re.search(r"<p>\d+ of \d+ published numbers and shapes were compared: agrees", text)
    assert found["online accuracy over the tasks"]["published"] == "falls (n = 6)"
    assert "[" in found["online accuracy, task 140"]["this run"]


READ = {"kind": "number", "published_sd": math.nan, "published_n": 5, "basis": "released data"}


@pytest.mark.parametrize(
    ("row", "text"),
    [
        ({"value": 0.53745, "precision": 5e-6, "half": 5e-6}, "0.53745 (n = 5)"),
        ({"value": 0.87, "precision": 5e-4, "half": 5e-4}, "0.870 (n = 5)"),
        ({"value": 15.5, "precision": 0.05, "half": math.nan, "published_sd": 0.8}, "15.5 ± 0.8 (n = 5)"),
        ({"value": 0.74, "precision": 0.005, "half": 0.2, "published_n": math.nan}, "0.74 [0.54, 0.94]"),
        ({"value": 0.946, "precision": 0.003, "half": 0.003, "basis": "figure"}, "0.946 ± 0.003 by eye (n = 5)"),
        ({"value": 0.1, "precision": math.nan, "half": 0.25}, "0.1 [-0.15, 0.35] (n = 5)"),
    ],
)
def test_published_numbers_have_the_digits_in_which_they_were_read(row: dict[str, Any], text: str) -> None:
    """Their last digit's rounding is no interval."""
    value, precision, half = (row.pop(key) for key in ("value", "precision", "half"))
    ends = {"published_low": value - half, "published_high": value + half}
    assert _published_text({**READ, "published": value, "published_precision": precision, **ends, **row}) == text


def test_a_missing_arm_or_row_of_the_train_test_study_is_told(tmp_path: Path) -> None:
    """The configuration asks for arms that the tables have not, and the other way round."""
    make_train_test(tmp_path, arms=("transfer", "training_size_100", "training_size_400", "training_size_1600"))
    config = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
    update_config(config, yaml.safe_load((ROOT / "config/train_test_collapse.yaml").read_text(encoding="utf-8")))
    given = TrainTestPlan(typed_config(config, root=ROOT)).published_settings()
    files = {"metrics": tmp_path / "variances.parquet", "correlations": tmp_path / "correlations.parquet"}
    table, page = tmp_path / "published.parquet", tmp_path / "published.html"
    compare_published(
        claims_of("train_test_collapse"), "train_test_collapse", files, table=table, page=page, settings=given
    )
    rows = read_table(table, "published").set_index("claim")
    assert set(rows.index) == {claim.name for claim in claims_of("train_test_collapse").claims}
    cascade = rows.loc["fig6_layer_3_below_2"]
    assert (cascade["verdict"], cascade["reason"]) == ("not comparable", "no row of cascade in metrics.parquet")
    assert rows.loc["fig1_train_falls", "reason"] == "not run: resnet18"
    transfer = rows.loc["fig5_mlp_transfer"]  # as the tables were made: accuracy rises with train variance
    assert transfer["n_seeds"] == 3
    assert transfer["value"] > 0
    assert "dataset.name mnist, published cifar10" in rows.loc["fig5_resnet_transfer", "reason"]
