import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from checkouts import TINY, checkout, snakemake
from damage import empty, flip, truncate
from plasticity.errors import PlasticityError
from plasticity.stages.export import export_checkpoints
from plasticity.stages.verify import verify
from plasticity.storage.files import write_json
from plasticity.storage.manifests import checkpoints_beside, write_manifest
from tiny_study import FOLDER, TinyStudy, checkpoints_of

CHECKPOINT = "warm_start/digits/warm_up/plain/seeds7-7/trajectory/seed7/epoch0002.safetensors"
TABLE = "warm_start/digits/fine_tune/warm_start/job.parquet"
SPLIT = "warm_start/digits/splits/seed7.parquet"
RECORD = "warm_start/digits/fine_tune/warm_start/records/seed7/epoch0001.json"
ARRAY = "data/digits/test_labels.npy"
DESCRIPTION = "data/digits/dataset.json"
FILES = (CHECKPOINT, TABLE, SPLIT, RECORD, ARRAY, DESCRIPTION)


@pytest.fixture(scope="session")
def study(tiny: TinyStudy, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Results of the tiny study where the workflow has them, and figures and pages that carry no checksum."""
    results = tmp_path_factory.mktemp("study") / "results"
    shutil.copytree(tiny.data.parent, results / "data/digits")
    folder = results / "warm_start/digits"
    (folder / "splits").mkdir(parents=True)
    shutil.copy(tiny.split, folder / "splits/seed7.parquet")
    files = tiny.warm_up(folder / "warm_up/plain/seeds7-7")
    tiny.fine_tune(folder / "fine_tune/warm_start", checkpoints_of(files.trajectory / FOLDER, 1, 2))
    (folder / "figures").mkdir()
    (folder / "figures/gap.svg").write_text("<svg/>")
    (folder / "summary.json").write_text("{}")
    (results / "config").mkdir()
    (results / "config/digits.html").write_text("a page")
    return results


@pytest.fixture
def results(study: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(study, tmp_path / "results"))


def damage(results: Path, capsys: pytest.CaptureFixture[str]) -> tuple[list[str], str]:
    """Return the lines about files, less their first word, and the last line."""
    with pytest.raises(PlasticityError) as error:
        verify(results, dataset="digits")
    lines = [line.removeprefix("plasticity: ") for line in capsys.readouterr().err.splitlines()]
    return lines, str(error.value)


def test_sound_results_are_counted(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = verify(results, dataset="digits")
    kinds = {"checkpoint": 4, "description": 1, "prepared array": 4, "record": 2, "table": 4, "list of checkpoint": 1}
    assert (dict(found.checked), found.damaged, found.unfinished) == (kinds, [], 0)
    summary = "4 checkpoints, 1 descriptions, 1 list of checkpoints, 4 prepared arrays, 2 records, 4 tables"
    assert capsys.readouterr().err == f"plasticity: 16 files checked, all sound ({summary})\n"


@pytest.mark.parametrize("fault", [truncate, empty, flip])
@pytest.mark.parametrize("name", FILES)
def test_a_damaged_file_is_named_in_one_line(
    results: Path, name: str, fault: Callable[[Path], None], capsys: pytest.CaptureFixture[str]
) -> None:
    fault(results / name)
    (line,), last = damage(results, capsys)
    assert line.startswith(f"{results / name}: ")
    assert "expected" in line
    assert ", got " in line
    assert "1 damaged" in last


def test_every_damaged_file_is_named(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    damaged = [*FILES[:-1], "data/digits/train_images.npy"]
    for name in damaged:
        flip(results / name)
    lines, last = damage(results, capsys)
    assert {line.split(": ")[0] for line in lines} == {str(results / name) for name in damaged}
    assert last.startswith(f"{results}: expected 16 sound files, got 6 damaged; delete them")


@pytest.mark.parametrize("name", [ARRAY, DESCRIPTION])
def test_a_prepared_data_set_is_complete_or_not_there(
    results: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (results / name).unlink()
    (line,), _ = damage(results, capsys)
    assert line.startswith(f"{results / name}: expected a ")
    shutil.rmtree(results / "data/digits")
    assert verify(results, dataset="digits").damaged == []


def test_a_checkpoint_that_is_lost_is_missed(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    trajectory = results / "warm_start/digits/warm_up/plain/seeds7-7/trajectory"
    (trajectory / "seed7/epoch0002.safetensors").unlink()
    (line,), _ = damage(results, capsys)
    assert line.startswith(f"{trajectory}/seed7/epoch0002.safetensors: expected this checkpoint, got no file; delete ")


@pytest.fixture
def manifest(results: Path) -> Path:
    """A manifest of exported checkpoints."""
    folder = results / "warm_start/digits"
    found = folder / "checkpoints/plain/seeds7-7.json"
    outputs = checkpoints_beside(found, [(7, 1), (7, 2)])
    export_checkpoints(folder / "warm_up/plain/seeds7-7/trajectory", outputs, study={})
    write_manifest(found, outputs.values())
    return found


def test_a_listed_checkpoint_that_is_gone_is_named_and_its_manifest_removed(
    results: Path, manifest: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert verify(results, dataset="digits").checked["manifest"] == 1
    capsys.readouterr()
    lost = manifest.parent / "seed7/epoch0002.safetensors"
    lost.unlink()
    (line,), _ = damage(results, capsys)
    assert line == f"{lost}: expected a checkpoint, got no file"
    assert not manifest.exists()
    assert verify(results, dataset="digits").damaged == []


@pytest.mark.parametrize("name", ["seed7/epoch0001.safetensors", "seeds7-7.json"])
def test_a_damaged_checkpoint_is_named_once_and_its_manifest_removed(
    results: Path, manifest: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    flip(manifest.parent / name)
    (line,), _ = damage(results, capsys)
    assert line.startswith(f"{manifest.parent / name}: ")
    assert not manifest.exists()


def test_another_sound_checkpoint_in_the_place_of_a_listed_one_is_named(
    results: Path, manifest: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(manifest.parent / "seed7/epoch0002.safetensors", manifest.parent / "seed7/epoch0001.safetensors")
    (line,), _ = damage(results, capsys)
    assert "epoch0001.safetensors: expected SHA-256" in line
    assert not manifest.exists()


@pytest.mark.parametrize("part", ["data", "warm_start/digits/warm_up", "warm_start/digits/fine_tune/warm_start", ""])
def test_a_part_of_the_results_is_no_damage(results: Path, part: str) -> None:
    shutil.rmtree(results / part)
    assert verify(results, dataset="digits").damaged == []


def test_every_study_of_the_data_set_and_no_other_data_set_is_read(
    results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(results / "warm_start/digits", results / "permuted/digits")
    shutil.copytree(results / "warm_start/digits", results / "warm_start/mnist")
    for folder in ("permuted/digits", "warm_start/mnist"):
        flip(results / folder / "splits/seed7.parquet")
    (line,), _ = damage(results, capsys)
    assert str(results / "permuted/digits/splits/seed7.parquet") in line


def test_unfinished_work_is_told_but_not_read(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = results / "warm_start/digits/fine_tune/warm_start/records/seed7"
    (folder / ".epoch0003.unfinished").mkdir()
    (folder / ".epoch0003.unfinished/state.safetensors").write_text("half")
    (folder / ".job.parquet.x7.part").write_text("half")
    (results / "data/digits/.test_images.npy.x7.part").write_text("half")
    assert verify(results, dataset="digits").unfinished == 3
    first, last = capsys.readouterr().err.splitlines()
    assert first.startswith("plasticity: 3 unfinished piece(s) of work, not checked")
    assert last.startswith("plasticity: 16 files checked")


def test_a_table_of_no_known_kind_is_damage(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import pandas as pd

    pd.DataFrame({"a": [1]}).to_parquet(results / TABLE)
    (line,), _ = damage(results, capsys)
    assert line == f"{results / TABLE}: expected the name of a table in its metadata, got 'none'"


@pytest.mark.parametrize("content", [[], {}, {"outcome": {}, "history": []}, {"digest": "", "checksum": ""}])
def test_json_that_is_no_record_is_damage(results: Path, content: object, capsys: pytest.CaptureFixture[str]) -> None:
    write_json(results / RECORD, content)
    (line,), _ = damage(results, capsys)
    assert line.startswith(f"{results / RECORD}: expected a fine-tuning's record")


def test_a_description_with_a_new_mean_does_not_match_its_digest(
    results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    described = json.loads((results / DESCRIPTION).read_text())
    write_json(results / DESCRIPTION, {**described, "mean": [0.5]})
    (line,), _ = damage(results, capsys)
    assert line.startswith(f"{results / DESCRIPTION}: expected the description of a prepared data set with its digest")


def test_a_file_that_cannot_be_read_is_told(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = results / RECORD
    path.unlink()
    path.symlink_to(path.name)  # a link to itself: the system refuses to open it, whoever asks
    (line,), _ = damage(results, capsys)
    assert line.startswith(f"{path}: expected a file that can be read, got: Too many levels of symbolic links")


@pytest.mark.slow
def test_snakemake_verifies_what_is_there_every_time_and_trains_nothing(study: Path, tmp_path: Path) -> None:
    folder = checkout(tmp_path)
    shutil.copytree(study, folder / "results")

    def run(*, sound: bool) -> subprocess.CompletedProcess[str]:
        done = snakemake(folder, "verify", "--configfile", TINY, check=sound)
        assert (done.returncode == 0) is sound
        assert re.search(r"^verify +1\n.*^total +1$", done.stdout, re.DOTALL | re.MULTILINE), done.stdout
        return done

    for _ in range(2):
        assert "16 files checked, all sound" in run(sound=True).stdout
    flip(folder / "results" / TABLE)
    assert f"plasticity: results/{TABLE}: expected" in run(sound=False).stdout
