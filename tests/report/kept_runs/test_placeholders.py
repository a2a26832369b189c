"""Numbers of a note that are filled from tables: which rows, which column, in what form, and what is refused."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from plasticity.errors import PlasticityError
from plasticity.report.kept_runs.placeholders import filled

METRICS = pd.DataFrame(
    {"arm": ["a", "a", "a", "b"], "seed": [1, 2, 3, 1], "task": 2, "accuracy": [0.5, 0.6, 0.61, 0.9], "nc1": np.nan}
)
CAUSES = pd.DataFrame(
    {
        "question": ["mediation", "dose_response", "dose_response"],
        "treatment": ["", "x", "y"],
        "estimate": [0.123, -0.0126, 0.5],
        "ci_low": [0.1, -0.0204, np.nan],
        "ci_high": [0.2, 0.001, np.nan],
        "n_seeds": [3, 4, 5],
        "power": [0.2, 0.345, 0.6],
        "verdict": ["supports", "undecided", "too few seeds"],
    }
)
STEPS = pd.DataFrame(
    {
        "arm": ["a", "a", "a", "a", "b"],
        "seed": [1, 1, 2, 2, 1],
        "iteration": [10, 3000, 10, 2000, 10],
        "variance": [0.5, 4.0, 3.0, 1.0, 0.0],
    }
)
TABLES = {"metrics": METRICS, "causes": CAUSES, "steps": STEPS}
LOW, HIGH = stats.t.interval(0.95, 2, 0.57, stats.sem([0.5, 0.6, 0.61]))
LOGS = np.log([4.0, 1.0])
FIRST, LAST = np.exp(stats.t.interval(0.95, 1, LOGS.mean(), stats.sem(LOGS)))


@pytest.mark.parametrize(
    ("placeholder", "expected"),
    [
        ("causes treatment=x: .1f x100", "−1.3 [−2.0, 0.1]"),
        ("causes treatment=x: +.2f alone", "−0.01"),
        ("causes treatment=y: +.1f", "+0.5"),
        ("causes treatment=_nothing_: .2f", "0.12 [0.10, 0.20]"),
        ("causes treatment=x: verdict", "undecided"),
        ("causes treatment=x: power .2f", "0.34"),
        ("causes treatment=x: n", "4"),
        ("causes treatment=x,y: .1f max", "0.5"),
        ("causes treatment=x,y: .2g min x100", "−1.3"),
        ("metrics arm=a task=2: accuracy .3f", f"0.570 [{LOW:.3f}, {HIGH:.3f}]"),
        ("metrics arm=a: accuracy .1f x100 alone", "57.0"),
        ("metrics arm=a: accuracy .3f sd", f"0.570 ± {np.std([0.5, 0.6, 0.61], ddof=1):.3f}"),
        ("metrics arm=a: accuracy .2f max", "0.61"),
        ("metrics arm=a: n", "3"),
        ("metrics arm=b: accuracy .1f", "0.9"),  # one seed has no interval
        ("steps arm=a: iteration ,.0f max", "3,000"),
        ("steps arm=a highest=iteration: iteration ,.1g alone", "2,000"),
        ("steps arm=a highest=iteration: iteration ,.0f alone", "2,500"),
        ("steps arm=a lowest=variance: iteration ,.0f alone", "1,005"),  # of each seed, not of all
        ("steps lowest=variance: iteration .0f min", "10"),
        ("steps arm=a highest=iteration: variance .2f geometric", f"2.00 [{FIRST:.2f}, {LAST:.2f}]"),
        ("steps arm=a highest=iteration: variance +.1f geometric alone", "+2.0"),
    ],
)
def test_what_is_shown(placeholder: str, expected: str) -> None:
    assert filled(f"r = {{{{{placeholder}}}}}.", TABLES, 0.95) == f"r = {expected}."


@pytest.mark.parametrize(
    ("placeholder", "why"),
    [
        ("nothing arm=a: .1f", "expected one of the tables metrics, causes, steps, got 'nothing'"),
        ("causes arm=a: .1f", "expected a column, got 'arm'"),
        ("steps lowest=loss: iteration .1f", "expected a column, got 'loss'"),
        ("causes treatment=z: .1f", "expected a row, found none"),
        ("causes treatment=x,y: .1f", "expected one row, found 2"),
        ("metrics arm=a: .1f", "expected a column of metrics, got '.1f'"),
    ],
)
def test_what_cannot_be_filled_is_refused(placeholder: str, why: str) -> None:
    with pytest.raises(PlasticityError, match=why.replace(".", r"\.")):
        filled(f"{{{{{placeholder}}}}}", TABLES, 0.95)


def test_text_without_placeholders_stays() -> None:
    assert filled("a {{b}} {c: d} ```{}```", TABLES, 0.95) == "a {{b}} {c: d} ```{}```"
