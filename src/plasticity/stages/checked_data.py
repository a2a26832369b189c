"""What is new since the data set was last checked: refused while Snakemake reads the workflow, before any job.

Where the data set is prepared, its last check says what it has. Where it will be prepared first, or again, the rule
`check_data` comes next, and every first task waits for it.
"""

from collections.abc import Iterable
from pathlib import Path

from plasticity.config.data_requests import Counted, DataRequest, PreparedBy
from plasticity.jobs.adapter import imported
from plasticity.storage.files import read_json

_CHECK = "plasticity.stages.check_data:check_requests"  # imported for new questions alone: it takes a second


def refuse_unanswerable(requests: Iterable[DataRequest], *, checked: Path, prepared: PreparedBy) -> None:
    """Check that the prepared data set has what is asked for and was not asked for when it was last checked.

    Args:
        requests: What the sections ask for, as `Section.data_requests` says it.
        checked: What `check_data` has written; nothing is checked where there is no such file.
        prepared: What the data set is prepared by; nothing is checked where that is not what it was prepared by.

    Raises:
        ConfigError: If the data set does not have it; the message has one line per violation.
        PlasticityError: If `checked` is damaged.
    """
    if not checked.exists():
        return
    kept = read_json(checked)
    if kept["prepared"] != prepared.plain():
        return
    if new := [each for each in requests if each.plain() not in kept["requests"]]:
        imported(_CHECK)(new, Counted.of(kept["description"]))
