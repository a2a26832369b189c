from pathlib import Path

import numpy as np
import pytest

from causes_tables import make_causes
from plasticity.config.analysis_section import CausalDesignSettings, DoseSeries
from plasticity.report.tabulate_causes import causes
from simulated_transitions import simulated


def test_every_row_is_there_in_words_with_its_numbers(tmp_path: Path) -> None:
    doses = {"spread": -0.05, "control": 0.0, "collapse": 0.05}
    series = (DoseSeries(name="NC1 penalty weight", doses=doses),)
    design = CausalDesignSettings(control="control", treatments=("collapse", "spread"), series=series)
    window = simulated(np.random.default_rng(1), through=0.03)
    table = make_causes(tmp_path, window, design, ("seed", "length"))
    page = causes(table, {"spread": "my_spread"})
    assert len(page) == len(table)
    place = table.query("quantity == 'contrast' and treatment == 'spread'").index[1]
    row, cells = table.loc[place], page.loc[place]
    assert cells["estimate of"] == "contrast of my_spread, accuracy"
    assert cells["estimate"] == f"{row['estimate']:+.3g} [{row['ci_low']:+.3g}, {row['ci_high']:+.3g}]"
    assert cells["n"] == "4 / 16"
    assert cells["window"] == "all: 4–32"
    assert cells["p"] == f"{row['p_adjusted']:.2g} (of 3)"  # two contrasts and a slope
    assert cells["verdict"] == "supports"
    assert cells["published"] == "–"
    assert "correlation, ln NC1, accuracy" in set(page["estimate of"])
    assert not any("nan" in str(cell).lower() for cell in page.to_numpy().ravel())


@pytest.mark.parametrize("seeds", [1, 2])
def test_what_is_missing_is_a_dash(tmp_path: Path, seeds: int) -> None:
    window = simulated(np.random.default_rng(2), seeds=seeds)
    design = CausalDesignSettings(control="control", treatments=("spread",), series=())
    table = make_causes(tmp_path, window, design, ("seed", "length"))
    page = causes(table, {})
    assert set(page["verdict"]) == {"too few seeds"}
    assert "–" in set(page["estimate"] if seeds == 1 else page["published"])
