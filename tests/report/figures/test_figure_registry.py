import subprocess
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest

from plasticity.config.catalogue import PERMUTED_FIGURES, TRAIN_TEST_FIGURES, WARM_START_FIGURES
from plasticity.errors import PlasticityError
from plasticity.jobs.fingerprint import closure
from plasticity.report.figures.figure_registry import FIGURES, figure_entry, figure_module, tables_class


def test_registry_and_catalogue_name_the_same_figures():
    described = {"warm_start": WARM_START_FIGURES, "permuted": PERMUTED_FIGURES}
    described["train_test_collapse"] = TRAIN_TEST_FIGURES
    for study, entries in described.items():
        assert [name for name, entry in FIGURES.items() if entry.study == study] == list(entries)
    assert {entry.study for entry in FIGURES.values()} == set(described)


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_has_a_module_and_a_caption(name):
    assert find_spec(figure_module(name)) is not None
    assert (Path(__file__).parents[3] / "workflow" / "report" / f"{name}.rst").is_file()


def test_an_unknown_figure_is_refused_with_the_nearest_name():
    with pytest.raises(PlasticityError, match=r"got 'plasticity_gaps'; did you mean plasticity_gap\?") as caught:
        figure_entry("plasticity_gaps")
    assert "\n" not in str(caught.value)
    with pytest.raises(PlasticityError, match=r"got 'zzz'$"):
        figure_module("zzz")


def test_names_of_figures_cost_no_import_of_what_draws_them():
    code = "import sys; from plasticity.report.figures.figure_registry import figure_module; "
    code += "figure_module('plasticity_gap'); "
    code += "print(sorted({name.split('.')[0] for name in sys.modules} & {'matplotlib', 'seaborn', 'pandas', 'torch'}))"
    ran = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert ran.stdout.strip() == "[]"


@pytest.mark.parametrize("name", FIGURES)
def test_a_figures_code_covers_its_own_tables_and_not_those_of_the_other_study(name):
    code = closure("plasticity.report.draw", figure_module(name))
    tables = {tables_class(figure)[0] for figure in FIGURES}
    assert code & tables == {tables_class(name)[0]}
    others = {figure_module(figure) for figure in FIGURES} - {figure_module(name)}
    assert not code & others
    assert hasattr(import_module(tables_class(name)[0]), tables_class(name)[1])
