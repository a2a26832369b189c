"""What plans of all studies share: jobs that carry seeds."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from plasticity.studies.configuration import typed_config
from plasticity.studies.warm_start.plan import WarmStartPlan

ROOT = Path(__file__).resolve().parents[2]


def plan(**jobs: Any) -> WarmStartPlan:
    config = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
    config["jobs"] |= jobs
    config["warm_start"]["seeds"] = [4, 2, 7, 9, 8]
    return WarmStartPlan(typed_config(config, root=ROOT))


@pytest.mark.parametrize("size", [1, 2, 3, 5, 6])
def test_every_seed_has_one_job(size: int) -> None:
    found = plan(seeds_per_job=size)
    assert [seed for seeds in found.groups.values() for seed in seeds] == [4, 2, 7, 9, 8]
    assert max(map(len, found.groups.values())) == min(size, 5)
