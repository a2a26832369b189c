"""The finding on the released ε-rank, from tables in which it follows the range or the rank."""

from dataclasses import replace

import numpy as np
import pytest

from plasticity.report.summary.finding import NotInThisRun
from plasticity.studies.continual.released_rank import released_rank


@pytest.mark.parametrize("follows", ["range", "rank"])
def test_it_is_told_what_the_released_share_follows(permuted, follows):
    tables = permuted(arms=("random_init", "continual", "weight_decay"), tasks=6, seeds=(1, 2, 3, 4))
    rows = tables.metrics
    noise = np.random.default_rng(0).permuted(np.tile(np.arange(6.0), (len(rows) // 6, 1)), axis=1).ravel()
    spread = 10 + rows["task"] + 0.1 * rows["seed"]
    rank = 30 + noise + 0.01 * rows["seed"]
    share = {"range": spread, "rank": rank}[follows] / 100
    values = {
        "start_hessian_smoothed_share_above_0.01": share,
        "start_hessian_rank_above_0.01": rank,
        "start_hessian_rank_above_0.01_error": 1.0,
        "start_hessian_largest": spread - 1,
        "start_hessian_smallest": -1.0,
    }
    found = released_rank(replace(tables, metrics=rows.assign(**values)))
    assert found.sentence.startswith(f"The released ε-rank follows the {follows} of the Hessian")
    assert "above 0.01 " in found.sentence
    assert "n = 4 seeds" in found.sentence
    assert list(found.rows["arm"]) == ["continual", "weight decay"]


def test_without_a_hessian_it_is_not_in_the_run(permuted):
    with pytest.raises(NotInThisRun, match=r"measure\.curvature\.hessian"):
        released_rank(permuted())
