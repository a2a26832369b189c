"""More seeds for a kept run: `python -m plasticity.studies.add_seeds docs/reproduction/<run> path/to/other ...`.

Seeds of one configuration may run in several sittings or on several machines. Each is kept in a folder of its own
(`snakemake reproduction_page`); this adds the seeds of the others to the first. Measured tables are put together;
correlations, causes, explanations, comparison, figures and page are made anew from them.
"""

import shutil
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from plasticity.config.messages import shown
from plasticity.errors import PlasticityError
from plasticity.report.kept_runs.kept_page import write_page
from plasticity.report.kept_runs.kept_run import read_record, write_record
from plasticity.storage.files import move_folder
from plasticity.storage.schemas import find_table
from plasticity.storage.tables import read_provenance, read_tables, table_name, unknown_columns, write_table
from plasticity.studies.configuration import recorded_config
from plasticity.studies.kept_runs import analyse_anew, draw_anew, read_run

_MADE_ANEW = {"correlations", "causes", "explanations", "published"}
_COMMAND = "python -m plasticity.studies.add_seeds"


def add_seeds(folder: Path, other: Path) -> Path:
    """Add the seeds of another kept run to a kept run; return its page.

    Args:
        folder: The kept run; it changes as a whole or not at all.
        other: A kept run of the same study and configuration, with other seeds.

    Raises:
        PlasticityError: If the runs differ in more than their seeds and their jobs, share a seed, or hold other tables.
            The data set is compared by its name and normalisation, because its files lie elsewhere on another machine.
    """
    record = _joined_record(folder, other)
    made = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}.", suffix=".unfinished"))
    try:
        shutil.copytree(folder, made, dirs_exist_ok=True)
        for table in _measured_tables(folder, other):
            _join(folder / table, other / table, made / table)
        write_record(made, record)
        kept = read_run(made)
        analyse_anew(kept)
        draw_anew(kept)
        move_folder(made, folder)
    finally:
        shutil.rmtree(made, ignore_errors=True)
    return write_page(read_run(folder))


def _joined_record(folder: Path, other: Path) -> dict[str, Any]:
    record, added = read_record(folder), read_record(other)
    expected, got = (_comparable(each) for each in (record, added))
    differing = sorted(key for key in expected.keys() | got.keys() if expected.get(key) != got.get(key))
    if differing:
        key = differing[0]
        raise PlasticityError(
            f"{other}: expected {key} as in {folder}, {shown(expected.get(key))}, got {shown(got.get(key))}"
        )
    seeds, more = (each["config"][each["study"]]["seeds"] for each in (record, added))
    if shared := sorted({*seeds} & {*more}):
        raise PlasticityError(f"{other}: expected seeds that {folder} does not have, got {shown(shared)}")
    record["config"][record["study"]]["seeds"] = sorted([*seeds, *more])
    command = f"{_COMMAND} docs/reproduction/{folder.name} path/to/seeds_{'_'.join(map(str, more))}"
    return record | {"command": "\n".join([record["command"], added["command"], command])}


def _comparable(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return what has to be equal, by the name that a message gives it."""
    study, config = record["study"], recorded_config(record["config"])
    data = {f"dataset.{key}": config.dataset.plain().get(key) for key in ("name", "normalise")}
    section = config.sections[study].plain().items()
    return {"study": study, **data} | {f"{study}.{key}": value for key, value in section if key != "seeds"}


def _measured_tables(folder: Path, other: Path) -> list[str]:
    found, others = (
        sorted(path.name for path in each.glob("*.parquet") if path.stem not in _MADE_ANEW) for each in (folder, other)
    )
    if found != others:
        raise PlasticityError(f"{other}: expected the tables {', '.join(found)}, got {', '.join(others)}")
    return found


def _join(first: Path, second: Path, output: Path) -> None:
    """Write the rows of both tables: labels in the order of the first, their seeds ascending, the rest as it was.

    Raises:
        PlasticityError: If a file is missing or damaged, or the tables were made with different settings.
    """
    name, made, more = table_name(first), read_provenance(first), read_provenance(second)
    if made["settings"] != more["settings"]:
        raise PlasticityError(f"{second}: expected a table made with the settings of {first}, got others")
    rows = read_tables([first, second], name)
    labels = list(rows.columns[: rows.columns.get_loc("seed")])
    position = rows.groupby(labels, sort=False).ngroup()
    order = pd.DataFrame({"label": position, "seed": rows["seed"]}).sort_values(["label", "seed"], kind="stable").index
    parts = [*made.get("parts", [made]), *more.get("parts", [more])]
    provenance = {**made, "parts": [{key: part[key] for key in ("commit", "device")} for part in parts]}
    schema = find_table(name).with_columns(unknown_columns(first, name))
    write_table(rows.loc[order], output, schema, provenance)


def main(arguments: list[str]) -> int:
    """Add seeds and print the page; return the exit status."""
    if len(arguments) < 2:
        print(f"usage: {_COMMAND} <kept run> <other run> ...", file=sys.stderr)
        return 2
    try:
        pages = [add_seeds(Path(arguments[0]), Path(other)) for other in arguments[1:]]
        print(pages[-1])
    except PlasticityError as error:
        print(f"plasticity: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
