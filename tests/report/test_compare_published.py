"""The stage on the committed tables of a finished run, and on a study that was not run."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from snakemake.utils import update_config

from of_studies import claims_of
from page_rows import rows_of_page
from plasticity.report.compare_published import compare_published
from plasticity.report.published.published_verdict import VERDICTS
from plasticity.storage.tables import read_provenance, read_table
from plasticity.studies.configuration import typed_config
from plasticity.studies.continual.plan import PermutedPlan
from plasticity.studies.train_test_collapse.plan import TrainTestPlan
from train_test_tables import make_train_test

ROOT = Path(__file__).resolve().parents[2]
RUN = ROOT / "docs/reproduction/permuted_mnist"
FILES = {name: RUN / f"{name}.parquet" for name in ("metrics", "correlations")}


def settings(**changed: Any) -> dict[str, Any]:
    """What the committed run was, from its preset; `changed` overlays it."""
    config = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
    update_config(config, yaml.safe_load((ROOT / "config/permuted_mnist.yaml").read_text(encoding="utf-8")))
    update_config(config, changed)
    return PermutedPlan(typed_config(config, root=ROOT)).published_settings()


def _compared(folder: Path, files: dict[str, Path] | None, given: dict[str, Any] | None) -> Any:
    table, page = folder / "published.parquet", folder / "published.html"
    compare_published(claims_of("permuted"), "permuted", files, table=table, page=page, settings=given)
    rows = read_table(table, "published")
    assert len(rows_of_page(page)) == len(rows)
    assert read_provenance(table)["settings"] == (given or {})
    return rows.set_index("claim", drop=False)


def test_a_run_at_the_published_settings_is_judged(tmp_path: Path) -> None:
    rows = _compared(tmp_path, FILES, settings())
    metrics = read_table(FILES["metrics"], "permuted")
    last = metrics.query("arm == 'continual' and task == 140")["online_accuracy"]
    row = rows.loc["last_task_accuracy"]
    assert row["value"] == pytest.approx(last.mean())
    assert row["ci_low"] < row["published"] < row["ci_high"]
    assert (row["verdict"], row["n_seeds"], row["place"]) == ("agrees", 6, "task 140")
    assert set(rows["verdict"]) <= set(VERDICTS)
    assert (rows["verdict"] == "not comparable").sum() < (rows["verdict"] != "not comparable").sum()
    assert (rows.loc[rows["kind"] == "shape", "published"].isna()).all()


def test_another_setting_is_not_compared_but_shown(tmp_path: Path) -> None:
    rows = _compared(tmp_path, FILES, settings(permuted={"following": {"learning_rate": 0.02}}))
    row = rows.loc["last_task_accuracy"]
    assert (row["verdict"], row["reason"]) == ("not comparable", "following.learning_rate 0.02, published 0.01")
    assert row["value"] > 0
    assert "following.learning_rate 0.02" in row["settings"]
    shape = rows.loc["accuracy_falls"]
    assert shape["verdict"] == "agrees"
    assert "following.learning_rate 0.02, published 0.01" in shape["reason"]


def test_another_data_set_compares_no_shape_either(tmp_path: Path) -> None:
    rows = _compared(tmp_path, FILES, settings(dataset={"reader": "digits"}))
    assert set(rows["verdict"]) == {"not comparable"}
    assert rows.loc["accuracy_falls", "value"] < 0


def test_a_study_that_was_not_run_keeps_its_published_rows(tmp_path: Path) -> None:
    rows = _compared(tmp_path, None, None)
    assert list(rows["claim"]) == [claim.name for claim in claims_of("permuted").claims]
    assert set(zip(rows["verdict"], rows["reason"], strict=True)) == {("not comparable", "not run")}
    assert rows.loc["first_task_accuracy", "published"] == 0.923
    assert rows["value"].isna().all()


def test_the_page_says_what_was_published_and_found(tmp_path: Path) -> None:
    _compared(tmp_path, FILES, settings())
    found = {row["quantity"]: row for row in rows_of_page(tmp_path / "published.html")}
    assert found["NC1 after task 140"]["published"] == "0.33 to 0.38 (n = 6)"
    assert found["online accuracy over the tasks"]["published"] == "falls (n = 6)"
    assert "[" in found["online accuracy on task 140"]["this run"]


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
    assert (transfer["verdict"], transfer["n_seeds"]) == ("agrees", 3)
    assert transfer["ci_low"] > 0
    assert "dataset.name mnist, published cifar10" in rows.loc["fig5_resnet_transfer", "reason"]
