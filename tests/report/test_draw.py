from typing import Any

import numpy as np
import pandas as pd
import pytest

from of_studies import FIGURES
from permuted_tables import make_permuted
from plasticity.errors import PlasticityError
from plasticity.jobs.fingerprint import closure
from plasticity.report import draw as stage
from plasticity.storage.schemas import SCHEMAS
from plasticity.storage.tables import write_table
from plasticity.studies.continual.figure_tables import PermutedTables
from plasticity.studies.warm_start.figure_tables import FigureTables

FILL = {"str": "", "int": 1, "float": 0.5, "bool": False}
ANALYSIS = {"window": 16, "phase_boundary": 8, "confidence": 0.95, "bootstrap_samples": 10}


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


def settings(**changes):
    warm_ups = {"random_init": "plain", "warm_start": "plain"}
    given = {"arms": list(warm_ups), "labels": {}, "warm_ups": warm_ups, "analysis": ANALYSIS}
    given["trial"] = {"control": "warm_start", "treatments": [], "series": []}
    return {"styles": {name: {} for name in FIGURES}, **given, **changes}


def draw(name, folder, *, of_study: Any = FigureTables, **given):
    names = [name] if isinstance(name, str) else name
    stage.draw({name: FIGURES[name].module for name in names}, folder, of_study=of_study, **given)


def svg(folder, name):
    return folder / f"{name}.svg"


def png(folder, name):
    return folder / f"{name}.png"


def test_stage_writes_svg_and_png_with_the_configured_style_and_labels(inputs, tmp_path):
    folder, name = tmp_path / "out", "accuracy_by_warm_up"
    chosen = settings(styles={name: {"width": 4, "height": 3}}, labels={"warm_start": "half the data first"})
    draw(name, folder, tables=inputs, settings=chosen)
    text = svg(folder, name).read_text(encoding="utf-8")
    assert 'width="288pt" height="216pt"' in text
    assert "half the data first" in text
    assert png(folder, name).read_bytes().startswith(b"\x89PNG")


def test_same_tables_give_the_same_bytes(inputs, tmp_path):
    name = "collapse_by_warm_up"
    folders = [tmp_path / "once", tmp_path / "again"]
    for folder in folders:
        draw(name, folder, tables=inputs, settings=settings())
    for file in (svg, png):
        first, second = (file(folder, name).read_bytes() for folder in folders)
        assert first == second


def test_a_wrong_style_is_told_in_one_line_and_leaves_no_file(inputs, tmp_path):
    wrong = settings(styles={"plasticity_gap": {"colour": "red"}})
    with pytest.raises(PlasticityError, match="got 'colour'") as caught:
        draw("plasticity_gap", tmp_path / "out", tables=inputs, settings=wrong)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_a_job_draws_several_figures_each_in_its_style_as_alone(inputs, tmp_path):
    styles = {"collapse_by_warm_up": {}, "accuracy_by_warm_up": {"width": 4, "height": 3}}
    draw(list(styles), tmp_path / "all", tables=inputs, settings=settings(styles=styles))
    for name, style in styles.items():
        draw(name, tmp_path / "alone", tables=inputs, settings=settings(styles={name: style}))
        for file in (svg, png):
            assert file(tmp_path / "alone", name).read_bytes() == file(tmp_path / "all", name).read_bytes()
    assert 'width="288pt"' in svg(tmp_path / "all", "accuracy_by_warm_up").read_text(encoding="utf-8")


def test_a_wrong_style_of_one_figure_leaves_none(inputs, tmp_path):
    styles = {"collapse_by_warm_up": {}, "plasticity_gap": {"colour": "red"}}
    with pytest.raises(PlasticityError, match="got 'colour'"):
        draw(list(styles), tmp_path, tables=inputs, settings=settings(styles=styles))
    assert not list(tmp_path.glob("*.svg"))


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
        given = {"of_study": FigureTables, "tables": inputs, "settings": settings(styles={name: {"width": 4}})}
        if name.endswith("rows"):
            stage.draw({name: name}, tmp_path, **given)
            assert 'width="288pt"' in svg(tmp_path, "rows").read_text(encoding="utf-8")
        else:
            with pytest.raises(
                PlasticityError, match=r"^figure \S+:nothing: expected a matplotlib figure, got NoneType$"
            ):
                stage.draw({name: name}, tmp_path, **given)


def test_a_missing_setting_is_named(inputs, tmp_path):
    given = settings()
    del given["warm_ups"]
    with pytest.raises(
        PlasticityError, match=r"figure plasticity_gap: expected the settings .* none for \['warm_ups'\]"
    ):
        draw("plasticity_gap", tmp_path, tables=inputs, settings=given)


def test_a_missing_style_is_named(inputs, tmp_path):
    with pytest.raises(PlasticityError, match=r"expected the styles of \['plasticity_gap'\], got none for"):
        draw("plasticity_gap", tmp_path, tables=inputs, settings=settings(styles={}))


def test_a_figure_of_the_continual_study_is_drawn_from_its_own_tables(tmp_path):
    tables, name = make_permuted(tmp_path), "accuracy_and_collapse_by_task"
    paths = {name: tmp_path / f"{file}.parquet" for name, file in PermutedTables.SCHEMAS.items()}
    given = {"styles": {name: {"height": 3}}, "arms": list(tables.arms), "labels": {"continual": "task after task"}}
    given |= {"experiments": dict(tables.experiments), "analysis": ANALYSIS, "trial": tables.trial}
    draw(name, tmp_path, of_study=PermutedTables, tables=paths, settings=given)
    assert "task after task" in svg(tmp_path, name).read_text(encoding="utf-8")
    assert png(tmp_path, name).read_bytes().startswith(b"\x89PNG")


def test_a_missing_table_is_named(inputs, tmp_path):
    del inputs["histories"]
    message = r"figure plasticity_gap: expected the tables .*'histories'.* none for \['histories'\]"
    with pytest.raises(PlasticityError, match=message):
        draw("plasticity_gap", tmp_path, tables=inputs, settings=settings())


def test_the_stages_code_covers_no_figure():
    code = closure("plasticity.report.draw")
    assert not code & {figure.module for figure in FIGURES.values()}
    assert "plasticity.report.figures.style" in code
