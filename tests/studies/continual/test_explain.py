from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from permuted_tables import make_permuted
from plasticity.analysis.verdict import holm
from plasticity.config.slices import ExplainSettings
from plasticity.errors import PlasticityError
from plasticity.storage.tables import read_table
from plasticity.studies.continual.columns import MEASURED, UPDATE_NORM
from plasticity.studies.continual.explain import explain, explanations_of

SETTINGS = ExplainSettings(confidence=0.95, losses=("plasticity_gap",), references=("random_init",))


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    folder = tmp_path_factory.mktemp("explain")
    make_permuted(folder, tasks=9, lazy=True)
    explain(folder / "permuted.parquet", folder / "explained.parquet", settings=SETTINGS)
    return read_table(folder / "explained.parquet", "explanations")


def test_every_measured_number_is_asked_about_beside_the_number_of_the_task(table: pd.DataFrame) -> None:
    numbers = {column.name for column in MEASURED if column.kind in ("int", "float")} | {UPDATE_NORM}
    for _, rows in table.groupby("scope"):
        assert set(rows["quantity"]) == {"task", *numbers}
        assert rows["quantity"].is_unique
        assert rows["quantity"].iloc[0] == "task"
    assert table["scope"].unique().tolist() == ["within_run", "across_seeds", "across_arms"]
    assert set(table["loss"]) == {"plasticity_gap"}


def test_the_number_of_the_task_has_no_gain_and_gains_are_tested_together(table: pd.DataFrame) -> None:
    task = table["quantity"].eq("task")
    assert table.loc[task, ["gain", "gain_low", "p_value", "p_adjusted"]].isna().to_numpy().all()
    assert set(table.loc[task, "note"]) == {"the baseline of the gains"}
    for _, rows in table.loc[table["p_value"].notna()].groupby("scope"):
        np.testing.assert_allclose(rows["p_adjusted"], holm(rows["p_value"].to_numpy()))


def test_gains_beyond_declared_quantities_stand_beside_the_others(table: pd.DataFrame, tmp_path: Path) -> None:
    metrics = make_permuted(tmp_path, tasks=9, lazy=True).metrics.query("arm != 'random_init'")
    asked = SETTINGS.overridden({"beyond": ["nc2"]})
    found = explanations_of(metrics, ["nc1", "nc2"], asked).set_index(["quantity", "scope"])
    assert not table["gain_beyond"].notna().to_numpy().any()
    assert found["gain_beyond"].notna().groupby("quantity").all().to_dict() == {
        "task": False,
        "nc1": True,
        "nc2": False,
    }
    plain = explanations_of(metrics, ["nc1", "nc2"], SETTINGS).set_index(["quantity", "scope"])
    pd.testing.assert_frame_equal(found.filter(regex="^(?!.*beyond)"), plain.filter(regex="^(?!.*beyond)"))
    with pytest.raises(PlasticityError, match=r"analysis\.beyond: expected measured quantities .*, got mine"):
        explain(tmp_path / "permuted.parquet", tmp_path / "x", settings=SETTINGS.overridden({"beyond": ["mine"]}))


def test_fresh_networks_have_no_part(table: pd.DataFrame, tmp_path: Path) -> None:
    tables = make_permuted(tmp_path, tasks=9, lazy=True)
    rows = tables.metrics.loc[tables.metrics["arm"].ne("random_init")]
    assert table["n_arms"].max() == rows.loc[rows["task"] > 1, "arm"].nunique()


def test_a_loss_that_no_task_has_is_not_asked_about(tmp_path: Path) -> None:
    metrics = make_permuted(tmp_path, tasks=4, lazy=True).metrics.assign(test_gap=np.nan)  # tasks without test images
    asked = ExplainSettings(confidence=0.95, losses=("plasticity_gap", "test_gap"), references=())
    assert set(explanations_of(metrics, ["nc1"], asked)["loss"]) == {"plasticity_gap"}


def test_a_damaged_table_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "damaged.parquet").write_bytes(b"PAR1")
    with pytest.raises(PlasticityError, match=r"damaged\.parquet"):
        explain(tmp_path / "damaged.parquet", tmp_path / "x", settings=SETTINGS)
