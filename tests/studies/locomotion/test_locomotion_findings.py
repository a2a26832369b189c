"""Findings and pages of locomotion from tables whose changes of return are known."""

import pytest

from of_studies import finding
from plasticity.studies.locomotion import kept
from plasticity.studies.locomotion.figure_tables import slopes
from plasticity.studies.locomotion.pages import outcomes


def test_the_return_of_the_first_arm_falls_from_task_to_task_and_at_changes(table_makers) -> None:
    tables = table_makers["locomotion"]()
    found = finding("locomotion", "return_lost", tables)
    assert found.sentence.startswith("The return falls by 40 [")
    assert "; when the friction changes, it changes by −69" in found.sentence
    assert "n = 3 seeds" in found.sentence
    rows = tables.metrics.loc[tables.metrics["arm"].eq("l2") & tables.metrics["task"].gt(0)]
    assert slopes(rows).mean() == pytest.approx(0, abs=1.5)


def test_methods_are_compared_with_the_first_arm_of_the_same_seed(table_makers) -> None:
    found = finding("locomotion", "methods_help", table_makers["locomotion"]())
    assert found.sentence.startswith("L2 raises the return in the last task (2")
    assert "continual backprop raises the return" in found.sentence


def test_what_is_not_in_a_run_is_said(table_makers) -> None:
    tables = table_makers["locomotion"](tasks=1, arms=("none",))
    assert finding("locomotion", "return_lost", tables).missing
    assert finding("locomotion", "methods_help", tables).missing


def test_outcomes_have_a_row_per_arm(table_makers) -> None:
    tables = table_makers["locomotion"]()
    labels = {arm: tables.label(arm) for arm in tables.arms}
    assert outcomes.rows(tables.metrics, labels)["arm"].tolist() == list(labels.values())
    rows = kept.outcomes(tables.metrics, labels, 0.95)
    assert str(rows["slope per task"][0]).startswith(("-40", "-39"))
    assert len(kept.correlations(tables.correlations, labels))
