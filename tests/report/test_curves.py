import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from of_studies import BY_SECTION
from plan_slices import plan_of
from plasticity.config.page_slices import Curves, CurvesSettings
from plasticity.report.curves import chart, draw_curves, values
from plasticity.report.figures.arm_styles import arm_styles

KEPT = Path(__file__).parents[2] / "docs/reproduction"
ARMS = ["random_init", "warm_start"]


def curves_of(study: str, *arms: str) -> Curves:
    """The curves of the demonstration's section, of other arms."""
    found = BY_SECTION[study].curves_of(plan_of(study))
    return found.model_copy(update={"arms": arms, "labels": {arm: arm.upper() for arm in arms}, "confidence": 0.95})


CURVES = curves_of("warm_start", *ARMS)


def table() -> pd.DataFrame:
    """Two seeds: a level at epoch 0 and an arm with two checkpoints, of which the last has diverged at one seed."""
    rows = [("random_init", 0, 0.5, 0.7), ("warm_start", 2, 0.25, 0.75), ("warm_start", 4, 0.125, np.nan)]
    frame = pd.DataFrame(
        [
            {"arm": arm, "seed": seed, "warm_up_epoch": epoch, "full_test_accuracy": accuracy, "nc1": accuracy}
            for arm, epoch, *accuracies in rows
            for seed, accuracy in enumerate(accuracies)
        ]
    )
    return frame.assign(diverged=frame["full_test_accuracy"].isna())


def points(column: str = "full_test_accuracy", frame: pd.DataFrame | None = None) -> pd.DataFrame:
    return values(table() if frame is None else frame, CURVES, column).set_index("arm")


def test_a_curve_is_the_mean_over_seeds_in_per_cent() -> None:
    curve = points().loc["WARM_START"]
    assert curve["x"].to_list() == [2, 4]
    assert curve["y"].to_list() == [50.0, 12.5]
    assert points("nc1").loc["WARM_START", "y"].to_list() == [0.5, 0.125]


def test_pointing_shows_value_interval_and_seeds() -> None:
    first, second = points().loc["WARM_START", "shown"]
    assert first == "50 (25, 75), 2 seeds"
    assert second == "12.5, 1 seed"


def test_an_arm_without_warm_up_is_a_level() -> None:
    level = points().loc["RANDOM_INIT"]
    assert level["x"].to_list() == [0, 4]
    assert level["y"].to_list() == [pytest.approx(60.0)] * 2


def test_an_arm_without_values_is_left_out() -> None:
    rows = table().assign(diverged=lambda frame: frame["arm"] == "random_init")
    assert set(points("nc1", rows).index) == {"WARM_START"}


def test_a_chart_has_the_colours_and_dashes_of_all_figures() -> None:
    drawn = chart(points().reset_index(), CURVES, "nc1").to_dict()
    encoding = drawn["encoding"]
    styles = arm_styles(ARMS)
    assert encoding["color"]["scale"] == {
        "domain": ["RANDOM_INIT", "WARM_START"],
        "range": [styles[arm].color for arm in ARMS],
    }
    assert encoding["strokeDash"]["scale"]["range"] == [[6, 4], [1, 0]]
    assert encoding["y"]["scale"]["type"] == "log"


@pytest.mark.slow
def test_the_page_needs_nothing_else_and_is_the_same_each_time(tmp_path: Path) -> None:
    arms = {"permuted": ["random_init", "continual"], "warm_start": ["random_init", "warm_start", "shrink_perturb"]}
    settings = CurvesSettings(sections={study: curves_of(study, *of) for study, of in arms.items()})
    tables = {
        "warm_start": KEPT / "warm_start_cifar10_small/metrics.parquet",
        "permuted": KEPT / "permuted_mnist/metrics.parquet",
    }
    pages = [tmp_path / name for name in ("first.html", "second.html")]
    for page in pages:
        draw_curves(tables, settings=settings, output=page)
    text = pages[0].read_text(encoding="utf-8")
    assert pages[1].read_text(encoding="utf-8") == text
    assert re.findall(r'<div id="(\w+)"></div>', text) == [
        f"{study}_{column}" for study in tables for column in settings.sections[study].columns
    ]
    assert not re.search(r"<(?:script|link)[^>]+(?:src|href)=", text)
    assert len(text) < 1.5e6  # a browser opens no larger page inside the report, where it is a third longer
