"""Explanations across sections of simulated studies, from the tables to figure, page and finding."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from simulated.sequences import methods_table

from plasticity.analysis.verdict import holm
from plasticity.config.page_slices import AcrossDisplay
from plasticity.config.slices import ExplainAcrossSettings
from plasticity.errors import PlasticityError
from plasticity.report.summary.digest import Digest
from plasticity.storage.tables import read_table, write_table
from plasticity.studies.continual.across.explain_across import explain_across, explanations_across_of
from plasticity.studies.continual.across.explained_across import explained_across
from plasticity.studies.continual.across.show_across import page_rows, show_across

QUANTITIES = ("weight_norm", "nc1", "effective_rank", "dead_units")
SHOWN = AcrossDisplay(confidence=0.95, titles={"pixels": "Pixels", "labels": "Random labels"})


def sections(*, effect: bool, seed: int = 0, seeds: int = 5) -> dict[str, pd.DataFrame]:
    """Two sections; the second has losses ten times as large, and networks a hundred times as wide."""
    random = np.random.default_rng(seed)
    pixels, labels = (methods_table(random, seeds, effect=effect) for _ in range(2))
    lost, norm = 10 * labels["plasticity_gap"], 100 * labels["weight_norm"]
    return {"pixels": pixels, "labels": labels.assign(plasticity_gap=lost, weight_norm=norm)}


def explained(frames: Mapping[str, pd.DataFrame], **references: tuple[str, ...]) -> pd.DataFrame:
    without = {name: references.get(name, ()) for name in frames}
    settings = ExplainAcrossSettings(confidence=0.95, losses=("plasticity_gap", "test_gap"), references=without)
    return explanations_across_of(frames, QUANTITIES, settings)


def found(table: pd.DataFrame) -> set[str]:
    """Quantities that gain on average over the sections."""
    rows = table.loc[table["section"].eq("") & table["gain"].gt(0) & table["p_adjusted"].lt(0.05)]
    return set(rows["quantity"])


@pytest.fixture(scope="module")
def frames() -> dict[str, pd.DataFrame]:
    return sections(effect=True)


@pytest.fixture(scope="module")
def table(frames: dict[str, pd.DataFrame]) -> pd.DataFrame:
    return explained(frames)


def test_a_quantity_that_makes_losses_in_all_sections_is_found(table: pd.DataFrame) -> None:
    assert found(table) == {"weight_norm"}
    assert set(table["loss"]) == {"plasticity_gap"}  # no section has test images
    assert list(table["section"].unique()) == ["", "pixels", "labels"]
    assert list(table["quantity"].unique()) == ["task", *QUANTITIES]
    for _, rows in table.loc[table["p_value"].notna()].groupby("section"):
        np.testing.assert_allclose(rows["p_adjusted"], holm(rows["p_value"].to_numpy()))


def test_a_quantity_whose_sign_differs_between_sections_is_not(frames: dict[str, pd.DataFrame]) -> None:
    labels = frames["labels"]
    rows = explained({**frames, "labels": labels.assign(weight_norm=1 / labels["weight_norm"])})
    assert found(rows) == set()
    assert (rows.loc[rows["quantity"].eq("weight_norm"), "gain"] < 0).all()


def test_without_an_effect_nothing_is_found() -> None:
    """Of four studies at a rate of 5 %, more than one find something once in seventy times."""
    assert sum(bool(found(explained(sections(effect=False, seed=seed, seeds=3)))) for seed in range(4)) <= 1


def test_quantities_that_a_section_lacks_are_named_and_not_compared(frames: dict[str, pd.DataFrame]) -> None:
    rows = explained({**frames, "labels": frames["labels"].drop(columns="nc1").assign(dead_units=np.nan)})
    lacking = rows.loc[rows["note"].eq("fewer than 8 values in labels")]
    assert lacking["quantity"].tolist() == ["nc1", "dead_units"]
    assert lacking[["skill", "gain", "p_adjusted"]].isna().to_numpy().all()
    assert set(rows.loc[rows["n_points"] > 0, "quantity"]) == {"task", "weight_norm", "effective_rank"}
    said = explained_across(rows, SHOWN)
    assert said.endswith("Not compared, because at least one section lacks them: NC1, dead units.")
    assert "Holm’s correction for 2 quantities" in said


def test_fresh_networks_and_losses_of_one_section_have_no_part(frames: dict[str, pd.DataFrame], tmp_path: Path) -> None:
    frames = {**frames, "pixels": frames["pixels"].assign(test_gap=frames["pixels"]["plasticity_gap"])}
    for name, frame in frames.items():
        write_table(frame.assign(classes=""), tmp_path / f"{name}.parquet", "permuted")
    settings = ExplainAcrossSettings(
        confidence=0.95, losses=("plasticity_gap", "test_gap"), references={"pixels": ("none",), "labels": ()}
    )
    files = {name: tmp_path / f"{name}.parquet" for name in frames}
    explain_across(files, tmp_path / "explanations.parquet", settings=settings)
    rows = read_table(tmp_path / "explanations.parquet", "explanations_across")
    assert set(rows["loss"]) == {"plasticity_gap"}
    assert rows.loc[rows["quantity"].eq("task"), "n_arms"].tolist() == [9, 4, 5]
    with pytest.raises(PlasticityError, match="expected two sections or more, got 1"):
        explain_across({"pixels": files["pixels"]}, tmp_path / "x.parquet", settings=settings)
    assert not (tmp_path / "x.parquet").exists()


def test_the_finding_says_what_it_is_about(table: pd.DataFrame) -> None:
    said = explained_across(table, SHOWN)
    assert said.startswith("In held-out sections, 1 of 4 quantities predicts the loss on the next task better than ")
    assert "; the gain of weight norm is smallest in “" in said
    assert "n = 5 seeds, 10 arms). The comparison covers only 2 sections: “Pixels”; “Random labels”." in said
    few = explained_across(table.assign(n_seeds=2), SHOWN)
    assert few.startswith("Inconclusive (2 seeds are too few to decide): in held-out sections, none of 4 quantities")
    assert explained_across(table.head(0), SHOWN) == "No loss on later tasks was measured everywhere."


def test_figure_page_and_digest_show_the_table(table: pd.DataFrame, tmp_path: Path) -> None:
    write_table(table, tmp_path / "table.parquet", "explanations_across", {"versions": {}, "commit": "abc"})
    outputs = {name: tmp_path / f"shown.{name}" for name in ("svg", "png", "pdf", "page", "digest")}
    show_across(tmp_path / "table.parquet", outputs, settings=SHOWN)
    (finding,) = Digest.read(outputs["digest"]).findings
    assert (finding.sentence, finding.missing) == (explained_across(table, SHOWN), False)
    assert "Panel c, Random labels: " in finding.text
    assert "covers only 2 sections: “Pixels”; “Random labels”." in outputs["page"].read_text(encoding="utf-8")
    shown = page_rows(table, SHOWN)
    assert len(shown) == len(table)
    assert shown["predicted"].unique().tolist() == ["mean over sections", "Pixels", "Random labels"]
    assert shown["quantity"].tolist()[:2] == ["number of the task", "weight norm"]
