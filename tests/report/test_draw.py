import numpy as np
import pandas as pd
import pytest

from permuted_tables import make_permuted
from plasticity.errors import PlasticityError
from plasticity.jobs.fingerprint import closure
from plasticity.report.draw import FigureFiles, draw
from plasticity.report.figures.figure_registry import FIGURES
from plasticity.storage.schemas import SCHEMAS
from plasticity.storage.tables import write_table

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


def files(folder, name="figure"):
    return FigureFiles(svg=folder / f"{name}.svg", png=folder / f"{name}.png")


def test_stage_writes_svg_and_png_with_the_configured_style_and_labels(inputs, tmp_path):
    found = files(tmp_path / "out")
    styles = {"accuracy_by_warm_up": {"width": 4, "height": 3}}
    chosen = settings(styles=styles, labels={"warm_start": "half the data first"})
    draw({"accuracy_by_warm_up": found}, tables=inputs, settings=chosen)
    text = found.svg.read_text(encoding="utf-8")
    assert 'width="288pt" height="216pt"' in text
    assert "half the data first" in text
    assert found.png.read_bytes().startswith(b"\x89PNG")


def test_same_tables_give_the_same_bytes(inputs, tmp_path):
    for name in ("once", "again"):
        draw({"collapse_by_warm_up": files(tmp_path, name)}, tables=inputs, settings=settings())
    assert (tmp_path / "once.svg").read_bytes() == (tmp_path / "again.svg").read_bytes()
    assert (tmp_path / "once.png").read_bytes() == (tmp_path / "again.png").read_bytes()


@pytest.mark.parametrize(
    ("name", "changes", "message"),
    [
        ("accuracy_by_warmup", {}, r"did you mean accuracy_by_warm_up\?"),
        ("plasticity_gap", {"styles": {"plasticity_gap": {"colour": "red"}}}, "got 'colour'"),
    ],
)
def test_mistakes_are_told_in_one_line_and_leave_no_file(inputs, tmp_path, name, changes, message):
    with pytest.raises(PlasticityError, match=message) as caught:
        draw({name: files(tmp_path)}, tables=inputs, settings=settings(**changes))
    assert "\n" not in str(caught.value)
    assert not any(path.exists() for path in files(tmp_path))


def test_a_job_draws_several_figures_each_in_its_style_as_alone(inputs, tmp_path):
    styles = {"collapse_by_warm_up": {}, "accuracy_by_warm_up": {"width": 4, "height": 3}}
    draw({name: files(tmp_path, name) for name in styles}, tables=inputs, settings=settings(styles=styles))
    for name, style in styles.items():
        alone = files(tmp_path / "alone", name)
        draw({name: alone}, tables=inputs, settings=settings(styles={name: style}))
        assert alone.svg.read_bytes() == files(tmp_path, name).svg.read_bytes()
        assert alone.png.read_bytes() == files(tmp_path, name).png.read_bytes()
    assert 'width="288pt"' in files(tmp_path, "accuracy_by_warm_up").svg.read_text(encoding="utf-8")


def test_a_wrong_style_of_one_figure_leaves_none(inputs, tmp_path):
    styles = {"collapse_by_warm_up": {}, "plasticity_gap": {"colour": "red"}}
    with pytest.raises(PlasticityError, match="got 'colour'"):
        draw({name: files(tmp_path, name) for name in styles}, tables=inputs, settings=settings(styles=styles))
    assert not list(tmp_path.glob("*.svg"))


def test_a_missing_setting_is_named(inputs, tmp_path):
    given = settings()
    del given["warm_ups"]
    with pytest.raises(
        PlasticityError, match=r"figure plasticity_gap: expected the settings .* none for \['warm_ups'\]"
    ):
        draw({"plasticity_gap": files(tmp_path)}, tables=inputs, settings=given)


def test_a_missing_style_is_named(inputs, tmp_path):
    with pytest.raises(PlasticityError, match=r"expected the styles of \['plasticity_gap'\], got none for"):
        draw({"plasticity_gap": files(tmp_path)}, tables=inputs, settings=settings(styles={}))


def test_a_figure_of_the_permuted_study_is_drawn_from_its_own_tables(tmp_path):
    tables = make_permuted(tmp_path)
    names = {"metrics": "permuted", "correlations": "correlations", "causes": "causes"}
    paths = {name: tmp_path / f"{file}.parquet" for name, file in names.items()}
    styles = {"accuracy_and_collapse_by_task": {"height": 3}}
    given = {"styles": styles, "arms": list(tables.arms), "labels": {"continual": "task after task"}}
    given |= {"experiments": dict(tables.experiments), "analysis": ANALYSIS, "trial": tables.trial}
    draw({"accuracy_and_collapse_by_task": files(tmp_path)}, tables=paths, settings=given)
    assert "task after task" in files(tmp_path).svg.read_text(encoding="utf-8")
    assert files(tmp_path).png.read_bytes().startswith(b"\x89PNG")


def test_a_missing_table_is_named(inputs, tmp_path):
    del inputs["histories"]
    message = r"figure plasticity_gap: expected the tables .*'histories'.* none for \['histories'\]"
    with pytest.raises(PlasticityError, match=message):
        draw({"plasticity_gap": files(tmp_path)}, tables=inputs, settings=settings())


def test_the_stages_code_covers_no_single_figure():
    drawn = {name.removeprefix("plasticity.report.figures.") for name in closure("plasticity.report.draw")}
    assert not drawn & {"inputs", "permuted_inputs", "first_task_length"}
    assert not drawn & {"correlation_windows", "accuracy_by_warm_up", "plasticity_gap", "training_curves"}
    assert "style" in drawn
