"""The committed tables of causes are what the analysis makes of the committed metrics."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from plasticity.storage.tables import read_provenance, read_table
from plasticity.studies.continual.causes import find_causes_permuted
from plasticity.studies.kept_runs import read_run
from plasticity.studies.warm_start.causes import find_causes

FOLDER = Path(__file__).parents[2] / "docs" / "reproduction"


@pytest.mark.parametrize(
    ("study", "stage"), [("warm_start_cifar10_small", find_causes), ("permuted_mnist", find_causes_permuted)]
)
def test_committed_causes_can_be_made_again(study: str, stage: Callable[..., None], tmp_path: Path) -> None:
    committed = FOLDER / study / "causes.parquet"
    settings = read_run(FOLDER / study).plan.causes_settings()
    assert read_provenance(committed)["settings"] == settings.plain()
    stage(FOLDER / study / "metrics.parquet", tmp_path / "causes.parquet", settings=settings)
    again = read_table(tmp_path / "causes.parquet", "causes")
    pd.testing.assert_frame_equal(again, read_table(committed, "causes"), rtol=1e-6)
