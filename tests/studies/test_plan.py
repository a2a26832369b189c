"""What plans of all studies share: jobs that carry seeds, and jobs that draw figures."""

from math import ceil
from pathlib import Path
from typing import Any

import pytest
import yaml

from plasticity.config import load_config
from plasticity.studies.warm_start.plan import WarmStartPlan

ROOT = Path(__file__).resolve().parents[2]


def plan(**jobs: Any) -> WarmStartPlan:
    config = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
    config["jobs"] |= jobs
    config["warm_start"]["seeds"] = [4, 2, 7, 9, 8]
    return WarmStartPlan(load_config(config, root=ROOT))


@pytest.mark.parametrize("size", [1, 2, 3, 5, 6])
def test_every_seed_has_one_job(size: int) -> None:
    found = plan(seeds_per_job=size)
    assert [seed for seeds in found.groups.values() for seed in seeds] == [4, 2, 7, 9, 8]
    assert max(map(len, found.groups.values())) == min(size, 5)


@pytest.mark.parametrize("size", [1, 3, 4, 100])
def test_every_figure_has_one_job_that_is_named_after_its_first(size: int) -> None:
    found = plan(figures_per_job=size)
    figures = list(found.study["figures"])
    assert [figure for drawn in found.drawings.values() for figure in drawn] == figures
    sizes = [len(drawn) for drawn in found.drawings.values()]
    assert len(sizes) == ceil(len(figures) / size)
    assert max(sizes) - min(sizes) <= 1
    for name, drawn in found.drawings.items():
        assert name == (drawn[0] if len(drawn) == 1 else f"{drawn[0]}_and_{len(drawn) - 1}_more")
        assert found.drawing_settings(name)["styles"].keys() == set(drawn)
    assert list(found.drawn_by) == figures
    assert all(figure in found.drawings[drawing] for figure, drawing in found.drawn_by.items())


def test_a_figure_that_is_drawn_alone_gives_its_job_its_name() -> None:
    found = plan(figures_per_job=1)
    assert found.drawings == {figure: (figure,) for figure in found.study["figures"]}
