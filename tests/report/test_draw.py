from typing import Any

import numpy as np
import pandas as pd
import pytest

from of_studies import FIGURES
from permuted_tables import make_permuted
from plasticity.config.analysis_section import ContinualAnalysis
from plasticity.config.page_slices import ContinualDisplay, FigureStyles, WarmStartDisplay
from plasticity.config.study_section import FigureStyle
from plasticity.errors import PlasticityError
from plasticity.jobs.adapter import Files, Job
from plasticity.jobs.fingerprint import closure
from plasticity.report import draw as stage
from plasticity.storage.schemas import SCHEMAS
from plasticity.storage.tables import write_table
from plasticity.studies.continual.figure_tables import PermutedTables
from plasticity.studies.warm_start.figure_tables import FigureTables

FILL = {"str": "", "int": 1, "float": 0.5, "bool": False}
ANALYSIS = {"window": 16, "phase_boundary": 8, "confidence": 0.95}


def frame(schema, **columns):
    length = len(next(iter(columns.values())))
    filled = {entry.name: [FILL[entry.kind]] * length for entry in SCHEMAS[schema]}
    return pd.DataFrame({**filled, **columns})


@pytest.fixture
def inputs(tmp_path):
    seeds, epochs = [7, 7, 7, 8, 8, 8], [0, 8, 16] * 2
    arms = ["random_init", "warm_start", "warm_start"] * 2
    accuracy = 0.9 - 0.01 * np.arange(6)
    tables = {
        "metrics": frame("metrics", arm=arms, seed=seeds, warm_up_epoch=epochs, full_test_accuracy=accuracy),
        "histories": frame("history", stage=["warm_up"] * 2, run=["plain"] * 2, seed=[7, 8], warm_up_epoch=[0, 0]),
        "correlations": frame("correlations", metric=["nc1"], arm=["warm_start"], aggregate=["mean"]),
        "causes": frame("causes", metric=["log_nc1"], quantity=["correlation"], verdict=["undecided"]),
    }
    for name, table in tables.items():
        write_table(table, tmp_path / f"{name}.parquet", "history" if name == "histories" else name)
    return {name: tmp_path / f"{name}.parquet" for name in tables}


WARM_UPS = {"random_init": "plain", "warm_start": "plain"}
SETTINGS = WarmStartDisplay.of(
    {
        "arms": list(WARM_UPS),
        "labels": {},
        "warm_ups": WARM_UPS,
        "analysis": ANALYSIS,
        "causal_design": {"control": "warm_start", "treatments": [], "series": []},
    }
)


def draw(name, folder, *, tables_class: Any = FigureTables, settings: Any = SETTINGS, styles=None, **given):
    names = [name] if isinstance(name, str) else name
    modules = {name: FIGURES[name].module for name in names}
    stage.draw(modules, folder, tables_class=tables_class, settings=settings, styles=styles or {}, **given)


def svg(folder, name):
    return folder / f"{name}.svg"


def png(folder, name):
    return folder / f"{name}.png"


def pdf(folder, name):
    return folder / f"{name}.pdf"


@pytest.mark.slow
def test_a_job_draws_several_figures_each_in_its_style_and_labels_to_the_same_bytes_as_alone(inputs, tmp_path):
    styles = {"collapse_by_warm_up": FigureStyle(), "accuracy_by_warm_up": FigureStyle(width=4.0, height=3.0)}
    labelled = SETTINGS.overridden({"labels": {"warm_start": "half the data first"}})
    draw(list(styles), tmp_path / "all", tables=inputs, settings=labelled, styles=styles)
    for name, style in styles.items():
        draw(name, tmp_path / "alone", tables=inputs, settings=labelled, styles={name: style})
        for file in (svg, png, pdf):
            assert file(tmp_path / "alone", name).read_bytes() == file(tmp_path / "all", name).read_bytes()
    text = svg(tmp_path / "all", "accuracy_by_warm_up").read_text(encoding="utf-8")
    assert 'width="288pt" height="216pt"' in text
    assert "half the data first" in text
    assert png(tmp_path / "all", "accuracy_by_warm_up").read_bytes().startswith(b"\x89PNG")
    assert b"/MediaBox [ 0 0 288 216 ]" in pdf(tmp_path / "all", "accuracy_by_warm_up").read_bytes()


OWN = """
from matplotlib.figure import Figure

TABLES = ("metrics",)


def rows(tables, style):
    figure = Figure(figsize=(style.width or 2, 2))
    figure.subplots().plot(tables.metrics["nc1"], label="NC1")
    return figure


def nothing(tables, style): ...
"""


def test_a_figure_of_the_users_own_is_drawn_and_must_be_one(inputs, tmp_path, monkeypatch):
    (tmp_path / "figures_of_a_lab.py").write_text(OWN, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    for name in ("figures_of_a_lab:rows", "figures_of_a_lab:nothing"):
        given: dict[str, Any] = {"tables_class": FigureTables, "tables": inputs, "settings": SETTINGS}
        given["styles"] = {name: FigureStyle(width=4.0)}
        if name.endswith("rows"):
            stage.draw({name: name}, tmp_path, **given)
            assert 'width="288pt"' in svg(tmp_path, "rows").read_text(encoding="utf-8")
        else:
            with pytest.raises(
                PlasticityError, match=r"^figure \S+:nothing: expected a matplotlib figure, got NoneType$"
            ):
                stage.draw({name: name}, tmp_path, **given)


def test_a_figure_of_the_continual_study_is_drawn_from_its_own_tables(tmp_path):
    tables, name = make_permuted(tmp_path), "accuracy_and_collapse_by_task"
    paths = {name: tmp_path / f"{file}.parquet" for name, file in PermutedTables.SCHEMAS.items()}
    given = ContinualDisplay(
        arms=tuple(tables.arms),
        labels={"continual": "task after task"},
        analysis=ContinualAnalysis(confidence=0.95),
        experiments=dict(tables.experiments),
        causal_design=tables.causal_design,
    )
    styles = {name: FigureStyle(height=3.0)}
    draw(name, tmp_path, tables_class=PermutedTables, tables=paths, settings=given, styles=styles)
    assert "task after task" in svg(tmp_path, name).read_text(encoding="utf-8")
    assert png(tmp_path, name).read_bytes().startswith(b"\x89PNG")


def test_a_job_reads_settings_and_styles_as_its_rule_passes_them(inputs, tmp_path):
    name = "accuracy_by_warm_up"
    styles = FigureStyles(styles={name: FigureStyle(width=4.0)})
    params = {
        "tables_class": f"{FigureTables.__module__}:{FigureTables.__name__}",
        "figures": {name: FIGURES[name].module},
        "settings": SETTINGS.ordered(),
        "styles": styles.ordered(),
    }
    named = {table: (path,) for table, path in inputs.items()}
    output = Files(named={"figures": (tmp_path / "out",)})
    stage.run(Job(input=Files(named=named), output=output, params=params))
    assert 'width="288pt"' in svg(tmp_path / "out", name).read_text(encoding="utf-8")


def test_a_missing_table_is_named(inputs, tmp_path):
    del inputs["histories"]
    message = r"figure plasticity_gap: expected the tables .*'histories'.* none for \['histories'\]"
    with pytest.raises(PlasticityError, match=message):
        draw("plasticity_gap", tmp_path, tables=inputs)


def test_the_stages_code_covers_no_figure():
    code = closure("plasticity.report.draw")
    assert not code & {figure.module for figure in FIGURES.values()}
    assert "plasticity.report.figures.style" in code
