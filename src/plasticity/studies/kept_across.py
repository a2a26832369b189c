"""Explanations across kept runs: `python -m plasticity.studies.kept_across <output folder> <folder> <folder> ...`.

A kept run of a sequence of tasks (docs/reproduction/<run>) is to this what a section is to a configuration, so that
runs of different data sets are compared as well.
"""

import sys
from pathlib import Path

from plasticity.errors import PlasticityError
from plasticity.report.kept_runs.kept_run import Run
from plasticity.studies.continual.across.across_plan import across_display, explain_across_settings
from plasticity.studies.continual.across.explain_across import explain_across
from plasticity.studies.continual.across.show_across import FIGURE, show_across
from plasticity.studies.continual.plan import PermutedPlan
from plasticity.studies.kept_runs import read_run

_COMMAND = "python -m plasticity.studies.kept_across"


def compare_kept(output: Path, folders: list[Path]) -> list[Path]:
    """Write the table of explanations across kept runs, its figure and its page; return their files.

    Args:
        output: Folder that they go into.
        folders: Folders of the kept runs, each by a name of its own.

    Raises:
        PlasticityError: If there is only one run, two have one name, or one is of another study or damaged.
    """
    runs = {folder.name: read_run(folder) for folder in folders}
    if len(runs) < len(folders):
        raise PlasticityError(f"expected kept runs in folders of different names, got {', '.join(map(str, folders))}")
    plans = {name: _plan(run) for name, run in runs.items()}
    table = output / "explanations.parquet"
    settings, shown = explain_across_settings(plans), across_display(plans, {name: name for name in runs})
    explain_across({name: run.table("metrics") for name, run in runs.items()}, table, settings=settings)
    outputs = {ending: output / f"{FIGURE}.{ending}" for ending in ("svg", "png", "pdf")}
    outputs |= {"page": output / "explanations.html", "digest": output / "summary.json"}
    show_across(table, outputs, settings=shown)
    return [table, *outputs.values()]


def _plan(run: Run) -> PermutedPlan:
    if not isinstance(run.plan, PermutedPlan):
        raise PlasticityError(f"{run.folder}: expected a kept run of a sequence of tasks, got one of {run.study}")
    return run.plan


def main(arguments: list[str]) -> int:
    """Compare the kept runs in the folders behind the output folder; return the exit status."""
    if len(arguments) < 3:
        print(f"usage: {_COMMAND} <output folder> <folder> <folder> ...", file=sys.stderr)
        return 2
    output, *folders = map(Path, arguments)
    try:
        for path in compare_kept(output, folders):
            print(path)
    except PlasticityError as error:
        print(f"plasticity: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
