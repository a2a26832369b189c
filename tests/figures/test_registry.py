import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from plasticity.catalogue import FIGURES as DESCRIBED
from plasticity.errors import PlasticityError
from plasticity.figures.registry import FIGURES, figure_entry, figure_module


def test_registry_and_catalogue_name_the_same_figures():
    assert set(FIGURES) == set(DESCRIBED)


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_has_a_module_and_a_caption(name):
    assert find_spec(figure_module(name)) is not None
    assert (Path(__file__).parents[2] / "workflow" / "report" / f"{name}.rst").is_file()


def test_an_unknown_figure_is_refused_with_the_nearest_name():
    with pytest.raises(PlasticityError, match=r"got 'plasticity_gaps'; did you mean plasticity_gap\?") as caught:
        figure_entry("plasticity_gaps")
    assert "\n" not in str(caught.value)
    with pytest.raises(PlasticityError, match=r"got 'zzz'$"):
        figure_module("zzz")


def test_names_of_figures_cost_no_import_of_what_draws_them():
    code = "import sys; from plasticity.figures.registry import figure_module; figure_module('plasticity_gap'); "
    code += "print(sorted({name.split('.')[0] for name in sys.modules} & {'matplotlib', 'seaborn', 'pandas', 'torch'}))"
    ran = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert ran.stdout.strip() == "[]"
