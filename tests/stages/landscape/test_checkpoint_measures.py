"""Columns of the landscape against the library's functions, and when they are filled."""

import logging
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from plasticity.config.component import Chosen
from plasticity.config.landscape_section import CurvatureMeasure, HessianMeasure, MeasureLandscape
from plasticity.config.training_section import Optimisation
from plasticity.data.image_tensors import ImageTensors
from plasticity.errors import PlasticityError
from plasticity.metrics.landscape import (
    gauss_newton_spectrum,
    gradient_covariance,
    hessian_product,
    hessian_spectrum,
    kronecker_ranks,
    stochastic_spectrum,
)
from plasticity.models.classifier import Classifier
from plasticity.models.model_registry import build_model
from plasticity.seeding import torch_generator
from plasticity.stages.landscape.checkpoint_measures import Measures, landscape_columns
from plasticity.stages.landscape.measured_hessian import MeasuredHessian
from plasticity.stages.landscape.subject import Ground, drawn_rows
from plasticity.training.online.stack import stack_of
from plasticity.training.optimisers.sgd import SGD
from plasticity.training.probe import probe
from plasticity.training.probe_targets import label_targets, noise_targets

SHAPE, SEED, NUMBER = (1, 4, 4), 3, 4
TRAINING = Optimisation(learning_rate=0.1, momentum=0.5)
HESSIAN = {"images": 9, "probes": 3, "steps": 4, "exact_up_to": 0}
TRAINABLE = {"above": 0.01, "of_largest": True, "share": 0.5, "reference": "fresh"}


def perceptron(generator: torch.Generator, **parameters: object) -> Classifier:
    return build_model(Chosen.model_validate({"name": "mlp", "hidden": [6], **parameters}), SHAPE, 3, generator)


def ground(count: int = 20, positions: Tensor | None = None) -> Ground:
    generator = torch_generator(0, "tests")
    pixels = torch.randint(256, (count, *SHAPE[1:], SHAPE[0]), generator=generator, dtype=torch.uint8)
    zero = torch.zeros(())
    images = ImageTensors(pixels, torch.randint(3, (count,), generator=generator), mean=zero, std=zero + 1)
    return Ground(images, torch.arange(count), SEED, perceptron, positions)


def measured(said: Mapping[str, object], model: Classifier | None = None) -> dict[str, Any]:
    settings = MeasureLandscape.of(said)
    network = model or perceptron(torch_generator(1, "trained"))
    found = Measures(settings, TRAINING).row(network, ground(), NUMBER)
    assert list(found) == [column.name for column in landscape_columns(settings)]
    return found


def drawn(count: int) -> tuple[Tensor, Tensor]:
    there = ground()
    return there.images.batch(drawn_rows(count, 20, SEED))


def test_gradients_are_those_of_the_library() -> None:
    found = gradient_covariance(perceptron(torch_generator(1, "trained")), *drawn(8))
    assert measured({"gradients": {"images": 8}}) == {
        "gradient_rank": found.effective_rank,
        "negative_gradient_pairs": found.negative_pairs,
        "vanished_gradients": found.vanished / 8,
    }


def test_curvature_is_that_of_the_library() -> None:
    said = {"curvature": {"images": 7, "above": [0.01], "above_of_largest": [0.1], "trainability": TRAINABLE}}
    model, fresh = perceptron(torch_generator(1, "trained")), perceptron(torch_generator(SEED, "landscape/fresh"))
    images, _ = drawn(7)
    spectrum, other = gauss_newton_spectrum(model, images), gauss_newton_spectrum(fresh, images)
    enough = 0.5 * other.rank(0.01 * other.largest).value
    assert measured(said) == {
        "gauss_newton_largest": spectrum.largest,
        "gauss_newton_trace": spectrum.trace.value,
        "gauss_newton_rank_above_0.01": spectrum.rank(0.01).value,
        "gauss_newton_rank_above_0.1_of_largest": spectrum.rank(0.1 * spectrum.largest).value,
        "kronecker_rank": float(np.mean(kronecker_ranks(model, images))),
        "trainable": float(spectrum.rank(0.01 * spectrum.largest).value >= enough),
    }


@pytest.mark.parametrize(("share", "trainable"), [(0.01, 1.0), (1.0, 0.0)])
def test_a_rank_is_enough_as_a_share_of_the_largest_possible(share: float, trainable: float) -> None:
    asked = {"above": 0.5, "of_largest": True, "share": share, "reference": "possible"}
    assert measured({"curvature": {"images": 7, "trainability": asked}})["trainable"] == trainable


def test_the_hessian_is_estimated_with_the_draws_of_the_checkpoint() -> None:
    said = {"curvature": {"images": 7, "above": [0.01], "above_of_largest": [0.1], "hessian": HESSIAN}}
    product = hessian_product(perceptron(torch_generator(1, "trained")), *drawn(9))
    generator = torch_generator(SEED, "landscape/end", NUMBER)
    spectrum = stochastic_spectrum(product, probes=3, steps=4, generator=generator)
    found = {name: value for name, value in measured(said).items() if name.startswith("hessian")}
    absolute, relative = spectrum.rank(0.01), spectrum.rank(0.1 * spectrum.largest)
    assert found == pytest.approx(
        {
            "hessian_largest": spectrum.largest,
            "hessian_smallest": spectrum.smallest,
            "hessian_trace": spectrum.trace.value,
            "hessian_trace_error": spectrum.trace.standard_error,
            "hessian_rank_above_0.01": absolute.value,
            "hessian_rank_above_0.01_error": absolute.standard_error,
            "hessian_rank_above_0.01_steps_error": spectrum.unresolved(0.01),
            "hessian_rank_above_0.1_of_largest": relative.value,
            "hessian_rank_above_0.1_of_largest_error": relative.standard_error,
            "hessian_rank_above_0.1_of_largest_steps_error": spectrum.unresolved(0.1 * spectrum.largest),
            "hessian_smoothed_share_above_0.01": spectrum.smoothed_share(0.01),
            "hessian_smoothed_share_above_0.1_of_largest": spectrum.smoothed_share(0.1 * spectrum.largest),
        },
        rel=1e-6,
        nan_ok=True,
    )
    assert math.isnan(absolute.value)  # four steps see nothing below this threshold, so that the table has no value
    assert relative.value > 0


@pytest.mark.parametrize(("most", "exact"), [(123, True), (122, False)])
def test_the_hessian_of_a_network_that_is_small_enough_is_exact(most: int, exact: bool) -> None:
    """Of 16·6 + 6 + 6·3 + 3 = 123 parameters."""
    hessian = {**HESSIAN, "exact_up_to": most, "keep": True}
    said = {"curvature": {"images": 7, "above": [0.01], "above_of_largest": [0.1], "hessian": hessian}}
    found = measured(said)
    errors = [name for name in found if name.endswith("_error")]
    ranks = [f"rank_above_{of}{steps}" for of in ("0.01", "0.1_of_largest") for steps in ("", "_steps")]
    assert errors == [f"hessian_{name}_error" for name in ("trace", *ranks)]
    assert [found[name] == 0 for name in errors] == [exact] * 5
    assert len(found["hessian_nodes"]) == (123 if exact else 3 * 4)
    if exact:
        spectrum = hessian_spectrum(perceptron(torch_generator(1, "trained")), *drawn(9))
        assert found["hessian_nodes"] == pytest.approx(spectrum.nodes[0].tolist(), rel=1e-9, abs=1e-9)
        assert found["hessian_trace"] == pytest.approx(spectrum.trace.value, rel=1e-9)
        assert found["hessian_rank_above_0.01"] == spectrum.rank(0.01).value
        assert found["hessian_smoothed_share_above_0.01"] == pytest.approx(spectrum.smoothed_share(0.01), rel=1e-6)


def test_the_cost_of_an_exact_hessian_is_that_of_a_product_per_parameter_and_of_the_eigenvalues() -> None:
    model = perceptron(torch_generator(0, "init"))
    said = {name: HessianMeasure.of({**HESSIAN, "exact_up_to": most}) for name, most in (("all", 123), ("some", 122))}
    seconds = {name: MeasuredHessian(each, CurvatureMeasure()).seconds(1.0, model) for name, each in said.items()}
    assert seconds == {"all": pytest.approx(2 * 9 * 123 + 1.3e-10 * 123**3), "some": 2 * 9 * 3 * 4}


@pytest.mark.parametrize("target", ["noise", "labels"])
def test_the_probe_is_trained_as_the_checkpoint_was(target: str) -> None:
    said = {"images": 12, "targets": 2, "target": target, "steps": 6, "batch_size": 4, "points": 2}
    found, (images, _) = measured({"probe": said}), drawn(12)
    if target == "noise":
        draws = [perceptron(torch_generator(SEED, "landscape/targets", place)) for place in range(2)]
        targets = noise_targets(draws, images)
    else:
        targets = label_targets(2, 12, 3, torch_generator(SEED, "landscape/targets"))
    training = MeasureLandscape.of({"probe": said}).by(TRAINING).probe
    assert training is not None
    model, fresh = perceptron(torch_generator(1, "trained")), perceptron(torch_generator(SEED, "landscape/fresh"))
    curve, other = (
        probe(
            each,
            images,
            targets,
            training.training,
            optimiser=SGD(),
            generator=torch_generator(SEED, "landscape/probe"),
        )
        for each in (model, fresh)
    )
    assert (training.learning_rate, training.momentum) == (0.1, 0.5)
    ratio = curve.loss / other.loss if other.relative_loss < 0.5 else math.nan
    assert found.pop("probe_over_fresh") == pytest.approx(ratio, nan_ok=True)
    assert found == {
        "probe_loss": curve.loss,
        "probe_relative_loss": curve.relative_loss,
        "fresh_probe_loss": other.loss,
        "probe_curve": curve.losses.mean(dim=0).tolist(),
        "probe_steps": [0, 3, 6],
    }


def test_what_figures_draw_is_kept_where_it_is_asked_for() -> None:
    said = {
        "gradients": {"images": 8, "keep": True},
        "curvature": {"images": 4, "hessian": {**HESSIAN, "keep": True}},
        "probe": {"images": 12, "targets": 2, "steps": 6, "batch_size": 4, "points": 2, "keep": True},
    }
    found, model = measured(said), perceptron(torch_generator(1, "trained"))
    covariance = gradient_covariance(model, *drawn(8))
    generator = torch_generator(SEED, "landscape/end", NUMBER)
    spectrum = stochastic_spectrum(hessian_product(model, *drawn(9)), probes=3, steps=4, generator=generator)
    assert found["gradient_cosines"] == pytest.approx(covariance.cosines.flatten().tolist(), abs=5.1e-4)
    assert found["gradient_labels"] == covariance.labels.tolist()
    assert found["hessian_nodes"] == pytest.approx(spectrum.nodes.flatten().tolist(), rel=1e-5, abs=1e-6)
    assert found["hessian_weights"] == pytest.approx(spectrum.weights.flatten().tolist(), rel=1e-4, abs=1e-6)
    assert found["probe_steps"] == [0, 3, 6]
    curves = np.array(found["probe_curves"]).reshape(2, 3)
    assert curves.mean(0).tolist() == pytest.approx(found["probe_curve"])
    assert np.array(found["fresh_probe_curves"]).reshape(2, 3)[:, -1].mean() == pytest.approx(found["fresh_probe_loss"])


def test_a_probe_that_is_too_short_for_a_fresh_network_compares_nothing() -> None:
    short = {"images": 12, "targets": 2, "steps": 1, "batch_size": 4, "points": 1, "learning_rate": 1e-9}
    assert math.isnan(measured({"probe": short})["probe_over_fresh"])


def test_checkpoints_are_measured_in_turn_and_starts_have_columns_of_their_own() -> None:
    settings = MeasureLandscape.of({"gradients": {"images": 5, "every": 2}, "curvature": {"images": 4, "every": 3}})
    measures, model = Measures(settings), perceptron(torch_generator(1, "trained"))
    rows = [measures.row(model, ground(), number, start=number > 3) for number in range(5)]
    assert [("gradient_rank" in row, "kronecker_rank" in row) for row in rows[:4]] == [
        (True, True),
        (False, False),
        (True, False),
        (False, True),
    ]
    assert [measures.due(number) for number in range(5)] == [True, False, True, True, True]
    assert set(rows[4]) == {"start_gradient_rank", "start_negative_gradient_pairs", "start_vanished_gradients"}
    columns = [column.name for column in landscape_columns(settings, starts=True)]
    assert columns[len(columns) // 2 :] == [f"start_{name}" for name in columns[: len(columns) // 2]]
    assert not Measures(MeasureLandscape()).row(model, ground(), 0)


def test_what_overflows_is_missing(caplog: pytest.LogCaptureFixture) -> None:
    model = perceptron(torch_generator(1, "trained"))
    model.head.weight.data *= 1e30
    model.body[1].weight.data *= 1e30  # pyright: ignore[reportIndexIssue, reportOptionalMemberAccess]
    said = {"curvature": {"images": 4, "hessian": {**HESSIAN, "keep": True}}}
    with caplog.at_level(logging.WARNING):
        found = measured(said, model)
    assert found.pop("hessian_nodes") is found.pop("hessian_weights") is None
    assert all(math.isnan(value) for value in found.values())
    assert "curvature is missing: expected finite" in caplog.text


def test_the_cost_is_said_and_unknown_layers_are_refused_before_any_training(caplog: pytest.LogCaptureFixture) -> None:
    said = {"gradients": {"images": 5}, "curvature": {"images": 4, "hessian": HESSIAN}, "probe": {"every": 3}}
    measures = Measures(MeasureLandscape.of(said), TRAINING)
    with caplog.at_level(logging.INFO):
        measures.begin(perceptron(torch_generator(0, "init")), ground())
    way, line = [record.message for record in caplog.records]
    assert way == "probe: 10 copies train as one stack"
    assert line.startswith("measuring a checkpoint: gradients about ")
    assert line.count(" s") == 4
    assert line.endswith(" s at one in 3")
    other = perceptron(torch_generator(0, "init"))
    other.body = nn.Sequential(other.body, nn.PReLU())
    with pytest.raises(PlasticityError, match="expected parameters in Linear"):
        measures.begin(other, ground())


def test_a_smaller_draw_begins_a_larger_one() -> None:
    assert drawn_rows(5, 20, SEED).tolist() == drawn_rows(12, 20, SEED)[:5].tolist()
    assert sorted(drawn_rows(99, 20, SEED).tolist()) == list(range(20))


def test_pixels_go_where_the_task_has_them() -> None:
    positions = np.random.default_rng(0).permutation(16)
    model, moved = perceptron(torch_generator(1, "trained")), ground(positions=torch.from_numpy(positions))
    stack = stack_of([{name: value.numpy() for name, value in model.state_dict().items()}])
    stack.permute_inputs(positions[None])
    other = perceptron(torch_generator(2, "other"))
    other.load_state_dict({name: torch.from_numpy(value) for name, value in stack.network(0).items()})
    subject, plain = (there.subject(model, 6, 0, "tests") for there in (moved, ground()))
    torch.testing.assert_close(model(subject.images), other(plain.images))
