"""Tables in a notebook: whole, typed, with units and provenance; and the example that draws from them."""

import copy
import runpy
import sys
from collections.abc import Iterator
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

import plasticity
from plasticity.errors import PlasticityError
from plasticity.storage.schemas import SCHEMAS
from plasticity.storage.tables import read_provenance, read_table, write_table

ROOT = Path(__file__).resolve().parents[2]
KEPT = ROOT / "docs/reproduction/warm_start_cifar10_small"
EXAMPLE = ROOT / "docs/examples/own_figure.py"


@pytest.fixture
def closed() -> Iterator[None]:
    """Leave no figure open."""
    yield
    plt.close("all")


def test_a_folder_s_tables_are_those_of_its_files() -> None:
    run = plasticity.load(KEPT)
    assert set(run) == {path.stem for path in KEPT.glob("*.parquet")}
    assert set(run) == {"metrics", "histories", "correlations", "causes", "published"}
    stored = read_table(KEPT / "metrics.parquet", "metrics")
    assert run.metrics is run["metrics"]
    pd.testing.assert_frame_equal(run.metrics, stored, check_dtype=False)
    kinds = {"int": "Int64", "float": "float64", "bool": "boolean", "str": "str"}
    for name, schema in {"metrics": "metrics", "histories": "history", "published": "published"}.items():
        assert run[name].dtypes.astype(str).to_dict() == {c.name: kinds[c.kind] for c in SCHEMAS[schema]}


def test_units_meaning_and_provenance_come_with_them() -> None:
    run = plasticity.load(str(KEPT))
    columns = run.columns("metrics")
    assert list(columns.index) == list(run.metrics.columns)
    assert columns.loc["plasticity_gap"].to_dict() == {
        "type": "float",
        "unit": "fraction",
        "meaning": "full_test_accuracy of random_init at this seed, minus that of the row",
    }
    assert run.provenance("metrics") == read_provenance(KEPT / "metrics.parquet")
    assert repr(run) == f"Results({str(KEPT)!r}: causes, correlations, histories, metrics, published)"
    assert "metrics" in dir(run)
    pd.testing.assert_frame_equal(copy.deepcopy(run).metrics, run.metrics)


def test_what_is_missing_is_missing(tmp_path: Path) -> None:
    rows = read_table(KEPT / "metrics.parquet", "metrics").astype({"approximate_rank": "Int64"})
    rows.loc[0, "approximate_rank"] = pd.NA
    write_table(rows, tmp_path / "metrics.parquet", "metrics")
    found = plasticity.load(tmp_path).metrics["approximate_rank"]
    assert found.isna().tolist() == [True] + [False] * (len(rows) - 1)
    assert found.dtype == "Int64"


def test_tables_of_other_versions_are_loaded(tmp_path: Path) -> None:
    table = pq.read_table(KEPT / "metrics.parquet").drop_columns(["cdnv", "approximate_rank", "converged"])
    field = pa.field("sharpness", pa.float64(), metadata={"unit": "1", "description": "largest eigenvalue"})
    table = table.add_column(0, field, pa.array([0.5] * len(table)))
    metadata = {key: value for key, value in table.schema.metadata.items() if key != b"digest"}
    pq.write_table(table.replace_schema_metadata(metadata), tmp_path / "metrics.parquet")
    run = plasticity.load(tmp_path)
    assert list(run.metrics.columns) == [*(column.name for column in SCHEMAS["metrics"]), "sharpness"]
    lost = ["cdnv", "approximate_rank", "converged"]
    assert run.metrics[lost].isna().to_numpy().all()
    kinds = run.metrics.dtypes.astype(str).to_dict()
    assert [kinds[name] for name in lost] == ["float64", "Int64", "boolean"]
    assert list(run.columns("metrics").index) == list(run.metrics.columns)
    assert run.columns("metrics").loc["sharpness"].tolist() == ["float", "1", "largest eigenvalue"]


@pytest.mark.parametrize("kept", sorted((ROOT / "docs/reproduction").glob("*/")), ids=lambda path: path.name)
def test_every_kept_run_is_loaded(kept: Path) -> None:
    run = plasticity.load(kept)
    assert set(run) == {path.stem for path in kept.glob("*.parquet")}
    assert all(len(table.columns) for table in run.values())


def test_files_of_others_are_left_out_and_damaged_ones_told(tmp_path: Path) -> None:
    pd.DataFrame({"a": [1]}).to_parquet(tmp_path / "other.parquet")
    with pytest.raises(PlasticityError, match=r"expected a folder with tables such as metrics.parquet, got none"):
        plasticity.load(tmp_path)
    with pytest.raises(PlasticityError, match="got no folder"):
        plasticity.load(tmp_path / "nowhere")
    (tmp_path / "metrics.parquet").write_bytes(b"PAR1 damaged")
    with pytest.raises(PlasticityError, match=r"metrics.parquet: expected a table, got a damaged file"):
        plasticity.load(tmp_path)


def test_an_unknown_table_or_name_is_told() -> None:
    run = plasticity.load(KEPT)
    with pytest.raises(PlasticityError, match=r"expected one of its tables causes, correlations, .*, got 'metric'"):
        run.columns("metric")
    with pytest.raises(AttributeError, match="has no table 'metric'"):
        _ = run.metric
    with pytest.raises(AttributeError, match="module 'plasticity' has no attribute 'lost'"):
        _ = plasticity.lost  # pyright: ignore[reportAttributeAccessIssue]


@pytest.mark.usefixtures("closed")
def test_the_example_draws_the_gaps_of_the_study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    output = tmp_path / "figure.png"
    monkeypatch.setattr(sys, "argv", [str(EXAMPLE), str(KEPT), str(output)])
    plt.switch_backend("agg")
    names = runpy.run_path(str(EXAMPLE))
    metrics = read_table(KEPT / "metrics.parquet", "metrics")
    lines = [line for line in names["axes"].lines if len(line.get_xdata()) == 8]
    arms = [arm for arm in metrics["arm"].unique() if arm != "random_init"]
    assert len(lines) == len(arms) == 6
    for arm, line in zip(arms, lines, strict=True):
        means = metrics.loc[metrics["arm"] == arm].groupby("warm_up_epoch")["plasticity_gap"].mean()
        np.testing.assert_allclose(line.get_ydata(), 100 * means.to_numpy())
    with Image.open(output) as drawn, Image.open(EXAMPLE.with_suffix(".png")) as committed:
        assert drawn.size == committed.size
