"""The files of published numbers have their form, and a broken one is told in one line."""

from copy import deepcopy
from typing import Any

import pytest
import yaml

from of_studies import BY_SECTION, claims_of
from plasticity.config.landscape_section import MeasureLandscape
from plasticity.errors import PlasticityError
from plasticity.report.published.claims import FOLDER, SIGNS, parse
from plasticity.stages.landscape.checkpoint_measures import landscape_columns
from plasticity.storage.schemas import SCHEMAS

STUDIES = tuple(BY_SECTION)
EVERYTHING = {"gradients": {}, "curvature": {"hessian": {}}, "probe": {}}
LANDSCAPE = {column.name for column in landscape_columns(MeasureLandscape.of(EVERYTHING), starts=True)}
"""Columns that a table has where a section asks for the landscape."""
JOINED = {"test_accuracy_chosen_on_test"}  # outcomes of the correlations that are no column of the table
MEASURED = {"probe_loss"}  # columns that a table has if its section asks for them
SYSTEM = {"source": "A 2020", "settings": {"a.b": 1}, "shape_settings": {"c": 2}, "arms": {"x_0.1": {"d.e": 3}}}
LEVEL = {"of": "level", "column": "nc1", "arm": "x_0.1", "at": [5, 10]}
NUMBER = {"name": "n", "system": "s", "basis": "table", "quantity": "NC1", "unit": "1", "measure": LEVEL}
NUMBER |= {"value": [1.5, 2.5], "sd": [0.1, None], "precision": 0.05}
SHAPE = {"name": "falling", "system": "s", "basis": "figure", "quantity": "NC1", "unit": "1", "shape": "falls"}
SHAPE |= {"measure": {**LEVEL, "at": "last"}, "settings": {"arms.x_0.1.length": 7, "f": 4}}
MARGINS = {
    name: {"size": size, "why": "so"} for name, size in (("accuracy", 0.01), ("correlation", 0.3), ("ratio", 0.1))
}
CONTENT = {"study": "t", "table": "metrics", "axis": "warm_up_epoch", "systems": {"s": SYSTEM}}
CONTENT |= {"claims": [NUMBER, SHAPE], "margins": MARGINS}


def _broken(**changed: Any) -> dict[str, Any]:
    content = deepcopy(CONTENT)
    content["claims"][0].update(changed)
    return content


@pytest.mark.parametrize("study", STUDIES)
def test_claims_of_a_study_read_columns_that_there_are(study: str) -> None:
    published = claims_of(study)
    columns = {column.name for column in SCHEMAS[published.table]} | LANDSCAPE
    assert published.study == study
    assert published.axis in columns
    for claim in published.claims:
        measure = claim.measure
        named = [measure[key] for key in ("column", "minus_column", "x", "y", "outcome") if key in measure]
        assert set(named) <= columns | JOINED | MEASURED, claim.name
        assert measure.get("metric", published.axis) in columns
        assert (claim.value is None) == bool(claim.shape or claim.range)
        assert claim.sd is None or claim.not_comparable or (claim.n is not None and claim.n > 1)
        assert claim.requires, claim.name


@pytest.mark.parametrize("study", STUDIES)
def test_accuracies_are_fractions_and_ranges_ascend(study: str) -> None:
    for claim in claims_of(study).claims:
        assert claim.unit != "fraction" or claim.value is None or 0 <= claim.value <= 1
        assert claim.range is None or claim.range[0] < claim.range[1]


def test_a_series_is_a_claim_per_point_and_a_shape_needs_less() -> None:
    first, second, shape = parse(CONTENT, "file").claims
    assert [claim.name for claim in (first, second, shape)] == ["n_5", "n_10", "falling"]
    assert (first.value, first.sd, first.precision, second.value, second.sd) == (1.5, 0.1, 0.05, 2.5, None)
    assert (first.quantity, second.measure["at"]) == ("NC1, warm up epoch 5", 10)
    assert first.requires == {("a", "b"): 1, ("arms", "x_0.1", "d", "e"): 3}
    assert shape.requires == {("c",): 2, ("arms", "x_0.1", "d", "e"): 3, ("arms", "x_0.1", "length"): 7, ("f",): 4}
    assert shape.other == {("a", "b"): 1}


def test_a_series_may_run_over_arms_and_an_order_names_them_all() -> None:
    over_arms = {**SHAPE, "measure": {**LEVEL, "at": "last", "arm": ["x_0.1", "y"]}}
    order = {**SHAPE, "name": "order", "shape": "descending"}
    order |= {"measure": {"of": "ranking", "column": "nc1", "arms": ["y", ["x_0.1", "z"]], "at": "last"}}
    first, second, ranked = parse({**CONTENT, "claims": [over_arms, order]}, "file").claims
    assert [(claim.name, claim.quantity) for claim in (first, second)] == [
        ("falling_x_0.1", "NC1, x 0.1"),
        ("falling_y", "NC1, y"),
    ]
    assert (second.arms, ranked.arms, ranked.tiers) == (("y",), ("y", "x_0.1", "z"), [["y"], ["x_0.1", "z"]])
    assert ranked.requires[("arms", "x_0.1", "d", "e")] == 3


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (_broken(sd=[0.1]), "n.sd: expected 2 numbers, one per point, got 1"),
        (
            _broken(measure={**LEVEL, "arm": ["x", "y"]}),
            "expected one list, of places or of arms, got at and arm",
        ),
        (_broken(system="z"), "expected one of the systems s, got 'z'"),
        (_broken(name="falling_x", shape="rises"), "claims[0]"),
        (_broken(basis="rumour"), "claims[0].basis: 'rumour' is not one of"),
        (_broken(colour="red"), "claims[0]"),
        ({**CONTENT, "claims": [SHAPE, SHAPE]}, "expected every name once, got falling twice"),
        ([], "is not of type 'object'"),
    ],
)
def test_a_broken_file_is_told_in_one_line(content: Any, said: str) -> None:
    with pytest.raises(PlasticityError) as caught:
        parse(content, "file.yaml")
    assert said in str(caught.value)
    assert str(caught.value).startswith("file.yaml: ")
    assert "\n" not in str(caught.value)


def test_the_shapes_of_the_form_have_signs() -> None:
    schema = yaml.safe_load((FOLDER / "schema.yaml").read_text(encoding="utf-8"))
    assert set(schema["properties"]["claims"]["items"]["properties"]["shape"]["enum"]) == set(SIGNS)
