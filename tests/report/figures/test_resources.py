import numpy as np
import pandas as pd
import pytest

from benchmark_tables import jobs
from plasticity.report.benchmark_summaries import shares
from plasticity.report.figures.resources import draw
from plasticity.report.figures.style import Style

TABLE = jobs(
    {"started": 102.0, "ended": 112.0},
    {"study": "warm_start", "stage": "fine_tune", "started": 112.0, "ended": 152.0, "wall_seconds": 40.0},
    {"study": "warm_start", "stage": "fine_tune", "started": 120.0, "ended": 130.0, "peak_memory_mib": 90.0},
)


@pytest.fixture
def axes():
    style = Style()
    with style.context():
        return draw(TABLE, style).axes


def test_bars_are_the_stages_sums_with_the_start_up_first(axes) -> None:
    bars = [(bar.get_x(), bar.get_width()) for bar in axes[0].patches]
    assert bars == [(0, 4.0), (0, 8.0), (4.0, 6.0), (8.0, 42.0)]
    assert [label.get_text() for label in axes[0].get_yticklabels()] == [
        "prepare data (data)",
        "fine tune (warm start)",
    ]


def test_every_job_is_a_dot_in_its_stages_row(axes) -> None:
    points = np.asarray(axes[1].collections[0].get_offsets())
    assert sorted(map(tuple, points.tolist())) == [(50.0, 0.0), (50.0, 1.0), (90.0, 1.0)]


def test_a_stage_below_a_hundredth_of_the_time_is_left_to_the_table() -> None:
    short = {"study": "warm_start", "stage": "tabulate", "started": 152.0, "ended": 152.5, "wall_seconds": 0.5}
    style = Style()
    with style.context():
        figure = draw(pd.concat([TABLE, jobs(short)]), style)
    assert len(figure.axes[0].get_yticklabels()) == 2
    assert len(np.asarray(figure.axes[1].collections[0].get_offsets())) == len(TABLE)
    assert "1 smaller stage took 0 s together" in " ".join(figure.get_supxlabel().split())


def test_the_run_is_shared_without_a_rest(axes) -> None:
    found = shares(TABLE)
    heights = [bar.get_height() for bar in axes[2].patches]
    assert heights == pytest.approx([100 * found[share] for share in ("work", "start_up", "rest")])
    assert sum(heights) == pytest.approx(100)


def test_without_a_known_run_the_panel_says_so() -> None:
    style = Style()
    with style.context():
        panel = draw(TABLE.assign(run=np.nan), style).axes[2]
    assert [text.get_text() for text in panel.texts] == ["no run\nrecorded"]
