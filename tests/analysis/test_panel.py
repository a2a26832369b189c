import numpy as np
import pandas as pd
import pytest

from plasticity.analysis.panel import excluded, panel_of
from plasticity.analysis.windows import Window
from plasticity.errors import PlasticityError


def _rows() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "arm": "warm_start",
            "seed": [8, 7, 7, 7, 8],
            "warm_up_epoch": [16, 0, 16, 8, 8],
            "nc1": [5.0, 1.0, 3.0, 2.0, np.inf],
            "full_test_accuracy": [0.5, 0.1, 0.3, np.nan, 0.4],
            "diverged": [True, False, False, False, False],
        }
    )


def test_rows_in_any_order_become_seeds_by_epochs() -> None:
    panel = panel_of(_rows(), ["nc1"])
    assert panel.arm == "warm_start"
    assert panel.seeds.tolist() == [7, 8]
    assert panel.epochs.tolist() == [0, 8, 16]
    np.testing.assert_array_equal(panel.values["nc1"], [[1, 2, 3], [np.nan, np.inf, 5]])
    assert panel.present.tolist() == [[True, True, True], [False, True, True]]
    assert panel.diverged.tolist() == [[False, False, False], [False, False, True]]


def test_a_window_takes_its_checkpoints() -> None:
    part = panel_of(_rows(), ["nc1"]).within(Window("sliding", 8, 16))
    assert part.epochs.tolist() == [8, 16]
    np.testing.assert_array_equal(part.values["nc1"], [[2, 3], [np.inf, 5]])
    assert part.present.all()


def test_every_checkpoint_left_out_is_counted_once() -> None:
    panel = panel_of(_rows(), ["nc1", "full_test_accuracy"])
    x, y = panel.values["nc1"][None], panel.values["full_test_accuracy"]
    found = excluded(panel, x, y, needs_positive_epoch=True)
    assert found.total.tolist() == [[2, 2]]
    assert found.note(0, slice(None)) == "excluded: 1 diverged, 2 not finite, 1 at epoch 0"
    assert found.note(0, slice(0, 1)) == "excluded: 1 not finite, 1 at epoch 0"
    assert excluded(panel, x, y, needs_positive_epoch=False).total.tolist() == [[1, 2]]


def test_a_diverged_checkpoint_at_epoch_0_is_counted_as_diverged_alone() -> None:
    panel = panel_of(_rows().assign(diverged=True), ["nc1", "full_test_accuracy"])
    found = excluded(panel, panel.values["nc1"][None], panel.values["full_test_accuracy"], needs_positive_epoch=True)
    assert found.note(0, slice(None)) == "excluded: 5 diverged"


def test_two_rows_of_one_checkpoint_are_refused() -> None:
    rows = pd.concat([_rows(), _rows().iloc[[2]]])
    with pytest.raises(PlasticityError, match="got two of warm_start, seed 7, epoch 16"):
        panel_of(rows, ["nc1"])
