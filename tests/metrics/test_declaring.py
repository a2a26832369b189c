"""A metric is one file: declared once, measured at every checkpoint, a column of every table of checkpoints."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import plasticity
from plasticity.errors import PlasticityError
from plasticity.jobs.fingerprint import fingerprint
from plasticity.metrics.declaring import GROUPS, declared_columns, declared_metrics, metric
from plasticity.metrics.evaluate import INPUTS, asked_by, declared_functions, evaluate
from plasticity.storage.schemas import SCHEMAS, Column

PACKAGE = Path(plasticity.__file__).parent
NEW = '''
"""One more metric."""

from plasticity.metrics.declaring import metric
from plasticity.metrics.statistics import ClassStatistics


@metric(unit="1", meaning="squared sum of eigenvalues over the sum of their squares")
def participation_ratio(statistics: ClassStatistics) -> float:
    """(Σλ)²/Σλ² of the features' second moment."""
    moment = statistics.second_moment
    return float(moment.trace().square() / moment.square().sum())
'''
LOOK_AND_USE = """
import json, sys
from plasticity.storage.schemas import SCHEMAS
from plasticity.jobs.fingerprint import fingerprint
from plasticity.studies.warm_start.correlate import METRICS
assert "torch" not in sys.modules
stages = json.loads(sys.argv[1])
print(json.dumps({
    "tables": sorted(name for name, columns in SCHEMAS.items() if "participation_ratio" in [c.name for c in columns]),
    "columns": [c.name for c in SCHEMAS["metrics"]],
    "correlated": "participation_ratio" in METRICS,
    "prints": {stage: fingerprint(f"plasticity.stages.{stage}") for stage in stages},
}))
import torch
from plasticity.metrics import measure, participation_ratio
features = torch.eye(4).repeat(2, 1)
assert participation_ratio(features, torch.arange(8) % 4) == 4
net = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Linear(4, 2))
assert 1 <= measure(net, [(torch.randn(9, 3), torch.arange(9) % 2)], head="1")["participation_ratio"] <= 4
"""


def test_what_is_read_is_what_is_declared() -> None:
    for each in declared_metrics():
        assert each.function.__name__ == each.name
        assert (each.function.column, each.function.group) == (each.column, each.group)  # pyright: ignore[reportFunctionMemberAccess]
        assert each.function.__doc__
    names = [each.name for each in declared_metrics()]
    assert len(set(names)) == len(names)
    assert names[:4] == ["nc1", "nc2", "nc3", "nc4"]
    assert declared_columns(*GROUPS) == tuple(each.column for each in declared_metrics())


def test_what_metrics_ask_for_is_known() -> None:
    functions = declared_functions()
    assert {asked for function in functions.values() for asked in asked_by(function)} <= {*INPUTS, *functions}


def test_a_function_of_ones_own_is_declared_in_the_same_way() -> None:
    @metric(unit="fraction", meaning="mine", kind="int", group="capacity")
    def mine(labels: list[int], scale: int = 2) -> int:
        return scale * len(labels)

    assert mine.column == Column("mine", "int", "fraction", "mine")  # pyright: ignore[reportFunctionMemberAccess]
    assert evaluate({"mine": mine, "more": lambda mine: mine + 1}, {"labels": [1, 2]}) == {"mine": 4, "more": 5}


def test_what_is_not_known_is_named() -> None:
    with pytest.raises(PlasticityError, match=r"metric odd: expected parameters among .*, got 'foo'"):
        evaluate({"odd": lambda foo: foo}, {})


@pytest.mark.slow
def test_a_new_metric_is_one_new_file(tmp_path: Path) -> None:
    stages = ("measure_collapse", "first_task", "following_tasks", "warm_up", "fine_tune", "measure_variances")
    before = {stage: fingerprint(f"plasticity.stages.{stage}") for stage in stages}
    shutil.copytree(PACKAGE, tmp_path / "plasticity")  # with what is compiled, which takes seconds
    (tmp_path / "plasticity/metrics/declared/participation_ratio.py").write_text(NEW, encoding="utf-8")
    command = [sys.executable, "-c", LOOK_AND_USE, json.dumps(stages)]
    environment = {"PYTHONPATH": str(tmp_path), "PATH": ""}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    after = json.loads(done.stdout)
    agents = ["agent_checkpoints", "agents"]
    assert after["tables"] == [*agents, "collapse", "first_task", "following_tasks", "metrics", "permuted"]
    columns = [column.name for column in SCHEMAS["metrics"]]
    assert [name for name in after["columns"] if name != "participation_ratio"] == columns
    assert after["correlated"]
    changed = {stage for stage in stages if before[stage] != after["prints"][stage]}
    assert changed == {"measure_collapse", "first_task", "following_tasks"}
