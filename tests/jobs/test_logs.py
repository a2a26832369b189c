import logging
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from plasticity.errors import PlasticityError
from plasticity.jobs.logs import log_to, logger


@pytest.fixture(autouse=True)
def handlers_are_as_before():
    before = list(logger.handlers)
    yield
    assert logger.handlers == before


def test_messages_of_every_module_go_to_the_file(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "stage.log"
    with log_to(path):
        logging.getLogger("plasticity.training.run").info("resumed after epoch %d", 3)
        logging.getLogger("plasticity").warning("careful")
        logging.getLogger("elsewhere").warning("not ours")
    lines = path.read_text().splitlines()
    assert [line.split(" ", 2)[2] for line in lines] == ["INFO resumed after epoch 3", "WARNING careful"]
    logger.warning("after the stage")
    assert path.read_text().splitlines() == lines


def test_a_second_attempt_is_added_to_the_first(tmp_path: Path) -> None:
    for attempt in ("first", "second"):
        with log_to(tmp_path / "log"):
            logger.info(attempt)
    assert [line.split()[-1] for line in (tmp_path / "log").read_text().splitlines()] == ["first", "second"]


def test_a_users_mistake_is_one_line_and_status_1(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped, log_to(tmp_path / "log"):
        raise PlasticityError("split.parquet: expected a split table, got no file")
    assert stopped.value.code == 1
    assert capfd.readouterr().err == "plasticity: split.parquet: expected a split table, got no file\n"
    (line,) = (tmp_path / "log").read_text().splitlines()
    assert line.endswith("ERROR split.parquet: expected a split table, got no file")


def test_a_defect_keeps_its_traceback(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), log_to(tmp_path / "log"):
        print(1 / 0)
    text = (tmp_path / "log").read_text()
    assert "this is a bug in plasticity" in text
    assert "Traceback (most recent call last)" in text
    assert text.splitlines()[-1] == "ZeroDivisionError: division by zero"


def test_a_mistake_in_the_users_own_code_is_one_line_with_its_place(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    def of_the_user() -> None:
        raise ValueError("an odd width\nand more")

    with pytest.raises(SystemExit), log_to(tmp_path / "log"):
        of_the_user()
    line = of_the_user.__code__.co_firstlineno + 1
    told = f"{__file__}, line {line}, in {of_the_user.__qualname__}: ValueError: an odd width"
    assert capfd.readouterr().err == f"plasticity: {told}\n"
    text = (tmp_path / "log").read_text()
    assert "bug in plasticity" not in text
    assert "Traceback (most recent call last)" in text


def test_an_interrupt_passes(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), log_to(tmp_path / "log"):
        raise KeyboardInterrupt
    assert (tmp_path / "log").read_text() == ""


def _too_much_of_torch() -> None:
    torch.empty(2**59, dtype=torch.float64)


def _too_much_of_python() -> None:
    bytearray(2**62)


def _too_much_of_a_gpu() -> None:
    raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB\nmore lines")


@pytest.mark.parametrize("allocate", [_too_much_of_torch, _too_much_of_python, _too_much_of_a_gpu])
def test_a_lack_of_memory_is_one_line(tmp_path: Path, capfd: pytest.CaptureFixture[str], allocate) -> None:
    with pytest.raises(SystemExit) as stopped, log_to(tmp_path / "log"):
        allocate()
    assert stopped.value.code == 1
    (line,) = capfd.readouterr().err.splitlines()
    assert line.startswith("plasticity: out of memory: give the job more memory")
    assert len((tmp_path / "log").read_text().splitlines()) == 1


@pytest.mark.slow
def test_a_job_ends_silently(tmp_path: Path) -> None:
    script = tmp_path / "stage.py"
    script.write_text(
        "import torch, torchvision\nfrom plasticity.jobs.logs import log_to\n"
        "snakemake = 'a job has it'\nwith log_to('log'): pass\n"
    )
    done = subprocess.run([sys.executable, script], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout + done.stderr == ""
