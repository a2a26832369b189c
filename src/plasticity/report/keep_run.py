"""Stage: keep a finished run's tables and figures under docs/reproduction, with the page that shows them."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from plasticity.report.kept_runs.kept_page import write_page
from plasticity.report.kept_runs.kept_run import keep


def keep_run(page: Path, files: Iterable[Path], *, study: str, command: str, config: Mapping[str, Any]) -> None:
    """Copy the files into the folder beside the page that has its name, and write the page.

    Args:
        page: The page to write, such as docs/reproduction/permuted_mnist.md.
        files: Tables and figures of the run.
        study: The study that they are of.
        command: What made them.
        config: The checked configuration.

    Raises:
        PlasticityError: If a table is damaged, or the folder's notes.md links to what is not there.
    """
    folder = page.with_suffix("")
    keep(folder, files, study=study, command=command, config=config)
    write_page(folder)
