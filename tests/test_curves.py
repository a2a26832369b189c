import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from plasticity.curves import STUDIES, curve_figure, draw_curves

KEPT = Path(__file__).parents[1] / "docs/reproduction"
ARMS = ["random_init", "warm_start"]
SETTINGS: dict[str, Any] = {"arms": ARMS, "labels": {arm: arm.upper() for arm in ARMS}, "confidence": 0.95}


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


def traces(column: str = "full_test_accuracy") -> dict[str, Any]:
    figure = curve_figure(table(), STUDIES["warm_start"], column, SETTINGS)
    return {str(trace["name"]): trace for trace in figure.data}


def test_a_curve_is_the_mean_over_seeds_in_per_cent() -> None:
    curve = traces()["WARM_START"]
    assert list(curve["x"]) == [2, 4]
    assert list(curve["y"]) == [50.0, 12.5]
    assert list(traces("nc1")["WARM_START"]["y"]) == [0.5, 0.125]


def test_pointing_shows_value_interval_and_seeds() -> None:
    """Student's t with one degree of freedom: 12.706 standard errors, each 25 points."""
    first, second = traces()["WARM_START"]["text"]
    assert first == "50 [-267.7, 367.7], 2 seeds"
    assert second == "12.5, 1 seed"


def test_an_arm_without_warm_up_is_a_level() -> None:
    level = traces()["RANDOM_INIT"]
    assert list(level["x"]) == [0, 4]
    assert list(level["y"]) == [pytest.approx(60.0)] * 2
    assert level["line"]["dash"] == "dash"


def test_an_arm_without_values_is_left_out() -> None:
    rows = table().assign(diverged=lambda frame: frame["arm"] == "random_init")
    figure = curve_figure(rows, STUDIES["warm_start"], "nc1", SETTINGS)
    assert [trace["name"] for trace in figure.data] == ["WARM_START"]


def test_the_page_needs_nothing_else_and_is_the_same_each_time(tmp_path: Path) -> None:
    arms = {"permuted": ["random_init", "continual"], "warm_start": ["random_init", "warm_start", "shrink_perturb"]}
    settings = {study: SETTINGS | {"arms": of, "labels": {arm: arm for arm in of}} for study, of in arms.items()}
    tables = {
        "warm_start": KEPT / "warm_start_cifar10_small/metrics.parquet",
        "permuted": KEPT / "permuted_mnist/metrics.parquet",
    }
    pages = [tmp_path / name for name in ("first.html", "second.html")]
    for page in pages:
        draw_curves(tables, settings=settings, output=page)
    text = pages[0].read_text(encoding="utf-8")
    assert pages[1].read_text(encoding="utf-8") == text
    assert re.findall(r'<div id="(\w+)" class="plotly-graph-div"', text) == [
        f"{study}_{column}" for study in tables for column in STUDIES[study].columns
    ]
    assert not re.search(r"<(?:script|link|img)[^>]+(?:src|href)=", text)
    assert text.count("plotly.js v") == 1
