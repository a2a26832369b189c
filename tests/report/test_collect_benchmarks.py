from pathlib import Path

import numpy as np
import pytest

from plasticity.errors import PlasticityError
from plasticity.report.collect_benchmarks import collect_benchmarks, read_jobs
from plasticity.storage.files import write_json
from plasticity.storage.tables import read_table

HEADER = "s\th:m:s\tmax_rss\tmax_vms\tmax_uss\tmax_pss\tio_in\tio_out\tmean_load\tcpu_time\n"
SAMPLED = HEADER + "28.90\t0:00:28\t801.14\t4751.56\t424.59\t603.52\t0.00\t0.04\t45.64\t13.57\n"
TOO_SHORT = HEADER + "0.2411\t0:00:00\tNA\tNA\tNA\tNA\tNA\tNA\tNA\tNA\n"
USAGE = {
    "run": 1000.0,
    "started": 1010.0,
    "ready": 1012.5,
    "ended": 1030.0,
    "cpu_seconds": 14.25,
    "peak_memory_mib": 801.5,
    "gpu_memory_mib": 2048.0,
    "gpu_utilisation": 0.75,
}


@pytest.fixture
def folders(tmp_path: Path) -> dict[str, dict[str, str]]:
    """One job with its own record, and one that left none."""
    files = {"fine_tune/arm/seed1/epochs1-2": SAMPLED, "correlate": TOO_SHORT}
    for name, text in files.items():
        path = tmp_path / "benchmarks" / f"{name}.tsv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    write_json(tmp_path / "logs/fine_tune/arm/seed1/epochs1-2.usage.json", USAGE)
    return {"warm_start": {"benchmarks": str(tmp_path / "benchmarks"), "logs": str(tmp_path / "logs")}}


def test_a_job_with_its_own_record(folders: dict[str, dict[str, str]]) -> None:
    row = read_jobs(folders).set_index("stage").loc["fine_tune"].to_dict()
    assert (row["study"], row["job"], row["wall_seconds"]) == ("warm_start", "arm/seed1/epochs1-2", 28.9)
    assert row["start_up_seconds"] == 2.5
    for key in ("run", "started", "ended", "cpu_seconds", "peak_memory_mib", "gpu_memory_mib", "gpu_utilisation"):
        assert row[key] == USAGE[key]


def test_without_a_record_what_snakemake_sampled_counts(folders: dict[str, dict[str, str]]) -> None:
    Path(folders["warm_start"]["logs"], "fine_tune/arm/seed1/epochs1-2.usage.json").unlink()
    rows = read_jobs(folders).set_index("stage")
    assert rows.loc["fine_tune", ["cpu_seconds", "peak_memory_mib"]].to_list() == [13.57, 801.14]
    assert rows.loc["correlate", "wall_seconds"] == 0.2411
    assert np.isnan(rows.loc["correlate", ["cpu_seconds", "run", "start_up_seconds"]].to_numpy(dtype=float)).all()


def test_table_pages_and_figure_are_written(folders: dict[str, dict[str, str]], tmp_path: Path) -> None:
    names = {"jobs": "jobs.parquet", "stages": "s.html", "runs": "r.html", "svg": "f.svg", "png": "f.png"}
    names["pdf"] = "f.pdf"
    outputs = {key: tmp_path / "out" / name for key, name in names.items()}
    collect_benchmarks(folders, outputs)
    assert len(read_table(outputs["jobs"], "benchmarks")) == 2
    assert "fine_<wbr>tune" in outputs["stages"].read_text(encoding="utf-8")
    assert "1970-01-01 00:16:40" in outputs["runs"].read_text(encoding="utf-8")
    assert "fine tune (warm start)" in outputs["svg"].read_text(encoding="utf-8")
    assert outputs["pdf"].read_bytes().startswith(b"%PDF")
    assert "Start-up not recorded for 1 of 2 jobs" in outputs["svg"].read_text(encoding="utf-8")


def test_damaged_and_missing_files_are_named(folders: dict[str, dict[str, str]], tmp_path: Path) -> None:
    path = Path(folders["warm_start"]["benchmarks"], "correlate.tsv")
    path.write_text("nonsense\n")
    with pytest.raises(PlasticityError, match=r"correlate\.tsv: expected a benchmark file of Snakemake"):
        read_jobs(folders)
    with pytest.raises(PlasticityError, match="expected benchmark files of finished jobs, got none"):
        read_jobs({"data": {"benchmarks": str(tmp_path / "nowhere"), "logs": str(tmp_path)}})
