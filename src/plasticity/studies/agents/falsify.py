"""Stage: does probe loss go with a quantity alike in every environment, and for every network?"""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from plasticity.analysis.sign_test import falsification
from plasticity.config.agent_slices import FalsifySettings
from plasticity.jobs.adapter import Job
from plasticity.storage.provenance import provenance
from plasticity.storage.tables import read_table, write_table
from plasticity.studies.agents.columns import FALSIFICATION
from plasticity.studies.agents.quantities import PROBE_LOSS, TESTED

_KINDS = ("environment", "network")


def run(job: Job) -> None:
    """Write the table of the falsification test."""
    falsify(job.input["metrics"], job.output["falsification"], settings=job.slice(FalsifySettings))


def falsify(metrics: Path, output: Path, *, settings: FalsifySettings) -> None:
    """Test every quantity at the last checkpoints of all agents; no rows where no probe was measured.

    Args:
        metrics: The study's table "agents".
        output: The table "falsification".
        settings: Level of the intervals.
    """
    found = falsification_of(read_table(metrics, "agents"), settings.confidence)
    write_table(found, output, "falsification", provenance(settings.plain()))


def falsification_of(frame: pd.DataFrame, confidence: float) -> pd.DataFrame:
    """Return the rows of the falsification test of a table "agents"."""
    rows = []
    if PROBE_LOSS in frame:
        agents = last_of(frame)
        tested = {name: log for name, log in TESTED.items() if name in agents}
        for kind in _kinds(agents):
            rows += falsification(agents, tested, outcome=PROBE_LOSS, kind=kind, confidence=confidence)
    return pd.DataFrame(rows, columns=FALSIFICATION.names)


def last_of(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the row of each agent's last checkpoint."""
    ends = frame.groupby(["arm", "seed"])["step"].transform("max")
    return frame.loc[frame["step"] == ends]


def _kinds(agents: pd.DataFrame) -> Sequence[str]:
    """Return what agents are grouped by: the environment and, where there are several, the network."""
    return [kind for kind in _KINDS if kind == "environment" or len(set(agents[kind])) > 1]
