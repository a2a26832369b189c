"""What figure, page and finding say of the table of explanations."""

from dataclasses import replace

import pandas as pd
import pytest

from of_studies import finding
from permuted_tables import make_permuted
from plasticity.studies.continual.pages import explanations as page


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    return make_permuted(tmp_path_factory.mktemp("permuted"), tasks=8)


def sentence(tables, **gains):
    """The finding where quantities have these gains: estimate, half of the interval, corrected p-value."""
    rows = tables.explanations.assign(gain=0.0, gain_low=-0.1, gain_high=0.1, p_adjusted=0.9)
    for name, (gain, half, p_value) in gains.items():
        chosen = rows["quantity"].eq(name)
        rows.loc[chosen, ["gain", "gain_low", "gain_high", "p_adjusted"]] = [gain, gain - half, gain + half, p_value]
    return finding("permuted", "quantities_that_gain", replace(tables, explanations=rows)).sentence


def test_quantities_that_gain_are_named_with_the_largest_first(tables):
    found = sentence(tables, nc2=(0.1, 0.05, 0.01), nc3=(0.2, 0.05, 0.01), nc4=(0.3, 0.05, 0.2))
    assert found.startswith(
        "In other arms, 2 of 4 quantities predict the loss on the next task better than the task number alone: "
        "NC3 (gain in skill 0.20 [0.15, 0.25]) and NC2 (gain in skill 0.10 [0.05, 0.15]); NC1 shows no clear gain ("
    )
    assert "Holm’s correction for 4 quantities, n = 3 seeds, 6 arms)." in found


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ((0.4, 0.1, 0.2), "not significant after Holm’s correction"),
        ((0.4, 0.5, 0.2), "Inconclusive: in other arms, none of 4"),
    ],
)
def test_no_gain_is_a_result(tables, given, words):
    found = sentence(tables, nc2=given)
    assert found.startswith("Inconclusive")
    assert words in found
    assert "NC2 comes closest (gain in skill 0.40 [" in found


def test_nc1_is_told_apart(tables):
    assert "; NC1 makes predictions worse (−0.30 [−0.35, −0.25]) (" in sentence(
        tables, nc1=(-0.3, 0.05, 0.01), nc2=(0.2, 0.05, 0.01)
    )
    assert "; NC1" not in sentence(tables, nc1=(0.3, 0.05, 0.01))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            (0.3, 0.05, 0.01),
            "; NC3 adds most to the task number, dead units and NC1 together (gain in skill 0.30",
        ),
        ((0.3, 0.05, 0.04), " and NC1 together; NC3 comes closest (0.30 [0.25, 0.35])"),  # twice 0.04
        ((-0.3, 0.05, 0.01), "; no quantity clearly adds to the task number, dead units and NC1 together; NC2 comes"),
    ],
)
def test_what_adds_to_declared_quantities_is_told_with_what_was_declared(tables, given, said):
    rows, (gain, half, p_value) = tables.explanations, given
    columns = ["gain_beyond", "gain_beyond_low", "gain_beyond_high", "p_value_beyond"]
    rows = rows.assign(**dict.fromkeys(columns, float("nan")))
    rows.loc[rows["quantity"].eq("nc2"), columns] = [0.0, -0.1, 0.1, 0.9]
    rows.loc[rows["quantity"].eq("nc3"), columns] = [gain, gain - half, gain + half, p_value]
    declared = tables.analysis.overridden({"beyond": ["dead_units", "nc1"]})
    asked = replace(tables, explanations=rows, analysis=declared)
    found = finding("permuted", "quantities_that_gain", asked)
    assert said in found.sentence
    assert "gain_beyond" in found.rows
    assert "together" not in sentence(tables)


def test_without_other_arms_another_seed_is_what_is_predicted(tables):
    rows = tables.explanations
    lost = rows.assign(gain=rows["gain"].where(rows["scope"].ne("across_arms")))
    found = finding("permuted", "quantities_that_gain", replace(tables, explanations=lost)).sentence
    assert "n another seed, " in found


def test_the_page_has_a_row_for_every_row_of_the_table(tables):
    table = tables.explanations
    shown = page.rows(table, {})
    assert len(shown) == len(table)
    assert shown["predicted"].iloc[0] == "other arms"
    assert shown["quantity"].iloc[0] == "number of the task"
    row = table.loc[table["quantity"].eq("nc2") & table["scope"].eq("across_seeds")].iloc[0]
    cells = shown.loc[shown["quantity"].eq("NC2") & shown["predicted"].eq("another seed")].iloc[0]
    assert cells["skill"] == f"{row['skill']:+.2f} [{row['skill_low']:+.2f}, {row['skill_high']:+.2f}]"
    assert cells["pairs"] == row["n_points"]
    assert page.rows(pd.DataFrame(columns=table.columns), {}).empty
