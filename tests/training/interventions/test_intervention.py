"""The contract that every intervention is held to."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

import numpy as np
import pytest

from plasticity.errors import PlasticityError
from plasticity.training.interventions.intervention import Intervention, NetworkState, intervened
from typed import intervention as made

WEIGHTS = {"body.weight": np.ones((3, 2), np.float32), "head.weight": np.ones((2, 3), np.float32)}
FRESH = {name: np.zeros_like(value) for name, value in WEIGHTS.items()}
KEPT = {"body.weight": {"exp_avg": np.ones((3, 2), np.float32)}}
STATE = NetworkState(WEIGHTS, FRESH, head=("head.weight",), optimizer=KEPT, initial=FRESH)


class Mine(Intervention):
    def __call__(self, state: NetworkState) -> NetworkState:
        return CHANGE[0](state)


CHANGE: list[Callable[[NetworkState], Any]] = []
BODY = "body.weight"


def weights(**changed: Any) -> Callable[[NetworkState], NetworkState]:
    return lambda state: replace(state, weights={**state.weights, BODY: changed["value"]})


BROKEN: dict[str, tuple[Callable[[NetworkState], Any], str]] = {
    "nothing": (lambda _state: None, "expected a NetworkState, got NoneType"),
    "forgets": (
        lambda state: replace(state, weights={BODY: state.weights[BODY]}),
        r"weights: expected the network's own names, got 'head\.weight' left out",
    ),
    "makes up": (
        lambda state: replace(state, weights={**state.weights, "tail": np.zeros(1)}),
        "weights: expected the network's own names, got 'tail' made up",
    ),
    "shape": (
        weights(value=np.ones((2, 3), np.float32)),
        r"expected body\.weight as float32\[3, 2\], got float32\[2, 3\]",
    ),
    "type": (weights(value=np.ones((3, 2))), r"expected body\.weight as float32\[3, 2\], got float64\[3, 2\]"),
    "finite": (
        weights(value=np.full((3, 2), np.nan, np.float32)),
        r"expected finite numbers in body\.weight, got others",
    ),
    "initial": (
        lambda state: replace(state, initial={}),
        r"initial: expected the network's own names, got 'body\.weight' left",
    ),
    "slot": (
        lambda state: replace(state, optimizer={BODY: {"speed": np.ones((3, 2), np.float32)}}),
        r"optimizer of body\.weight: expected the network's own names, got 'speed' made up",
    ),
    "slot's shape": (
        lambda state: replace(state, optimizer={BODY: {"exp_avg": np.ones(3, np.float32)}}),
        r"optimizer of body\.weight: expected exp_avg as float32\[3, 2\], got float32\[3\]",
    ),
}


@pytest.mark.parametrize("way", BROKEN)
def test_a_broken_contract_is_one_line_that_names_the_intervention(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    change, message = BROKEN[way]
    monkeypatch.setattr(f"{__name__}.CHANGE", [change])
    with pytest.raises(PlasticityError, match=f"^intervention Mine.*{message}") as error:
        intervened(Mine(), STATE)
    assert "\n" not in str(error.value)


def test_what_the_optimizer_keeps_may_be_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{__name__}.CHANGE", [lambda state: replace(state, optimizer={})])
    assert intervened(Mine(), STATE).optimizer == {}


def test_a_diverged_network_is_no_breach(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{__name__}.CHANGE", [lambda state: state])
    diverged = replace(STATE, weights={**WEIGHTS, BODY: np.full((3, 2), np.inf, np.float32)})
    assert intervened(Mine(), diverged) is diverged


def test_renewing_leaves_the_given_state_as_it_is() -> None:
    renewed = STATE.renewed([BODY])
    assert (renewed.weights[BODY] == 0).all()
    assert (STATE.weights[BODY] == 1).all()
    assert cast(dict, renewed.optimizer) == {}
    assert STATE.optimizer == KEPT


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ({"name": "reset", "shrink": 0.4}, r"^intervention\.name: expected one of .*shrink_perturb.*, got 'reset'"),
        ({"name": "shrink_perturb", "shrink": 0.4}, r"^intervention\.perturb: "),
        ({"name": "shrink_perturb", "shrink": 1.5, "perturb": 0.1}, r"^intervention\.shrink: .*, got 1\.5$"),
        ({"name": "reset_head", "optimizer": True}, r"^intervention\.optimizer: "),
    ],
)
def test_what_is_not_known_is_one_line(chosen: dict[str, Any], message: str) -> None:
    with pytest.raises(PlasticityError, match=message):
        made(chosen)
