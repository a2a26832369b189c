"""What Snakemake gives to a script reaches the stage as paths and parameters, and errors go into the log."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from plasticity.errors import PlasticityError
from plasticity.jobs.adapter import Files, Job, imported, run_stage

seen: list[Job] = []


class Named(list):
    """Files as Snakemake has them: a list, of which some have names, alone or several together."""

    def __init__(self, **named: str | list[str]) -> None:
        super().__init__(file for value in named.values() for file in ([value] if isinstance(value, str) else value))
        self.named = named

    def items(self):
        return self.named.items()


def keep(job: Job) -> None:
    """A stage that keeps what it gets."""
    seen.append(job)


def fail(job: Job) -> None:
    """A stage that tells what is wrong."""
    raise PlasticityError("expected a thing, got another")


def given(stage: str, folder: Path) -> SimpleNamespace:
    class Params(dict):
        __getattr__ = dict.__getitem__

    return SimpleNamespace(
        input=Named(data="data.json", splits=["seed1", "seed2"]),
        output=Named(table="out.parquet"),
        params=Params(stage=f"{__name__}:{stage}", settings='{"a": 1}', seeds=(1, 2), code="c"),
        threads=3,
        log=[str(folder / "logs/job.log")],
    )


def test_a_stage_gets_the_files_and_parameters_of_its_rule(tmp_path: Path) -> None:
    run_stage(given("keep", tmp_path))
    job = seen.pop()
    assert job.input["data"] == Path("data.json")
    assert job.by_seed("splits") == {1: Path("seed1"), 2: Path("seed2")}
    assert job.input.paths == (Path("data.json"), Path("seed1"), Path("seed2"))
    assert job.input.all("none") == ()
    assert job.output.each() == {"table": Path("out.parquet")}
    assert (job.params["settings"], job.seeds, job.code, job.threads) == ('{"a": 1}', (1, 2), "c", 3)
    assert job.log == tmp_path / "logs/job.log"


def test_a_rule_may_name_a_stage_that_comes_before(tmp_path: Path) -> None:
    both = given("fail", tmp_path)
    both.params["before"] = f"{__name__}:keep"
    with pytest.raises(SystemExit):
        run_stage(both)
    assert seen.pop().params["stage"].endswith(":fail")


def test_an_error_is_one_line_in_the_log_and_a_status(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        run_stage(given("fail", tmp_path))
    assert "expected a thing, got another" in (tmp_path / "logs/job.log").read_text(encoding="utf-8")
    assert capsys.readouterr().err == "plasticity: expected a thing, got another\n"


def test_a_name_is_of_one_file() -> None:
    with pytest.raises(ValueError, match="too many values"):
        Files(named={"splits": (Path("a"), Path("b"))})["splits"]


def test_what_a_name_says_is_imported() -> None:
    assert imported("pathlib:Path") is Path
