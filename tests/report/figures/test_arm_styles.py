from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.colors import to_hex, to_rgb

from plasticity.report.figures.arm_styles import SEQUENCE, arm_styles

KNOWN = ["random_init", "warm_start", "shrink_perturb", "nc1_spread", "nc1_collapse"]


def luminance(color: str) -> float:
    return float(np.dot(to_rgb(color), [0.2126, 0.7152, 0.0722]))


@given(st.lists(st.sampled_from([*KNOWN, "mine", "yours"]), min_size=1, unique=True))
def test_a_known_arm_has_its_look_in_every_study(arms):
    everywhere = arm_styles(KNOWN)
    here = arm_styles(arms)
    assert list(here) == arms
    assert all(here[arm] == everywhere[arm] for arm in arms if arm in KNOWN)


@settings(max_examples=40)
@given(st.lists(st.from_regex(r"[a-z]{1,6}(_[a-z]{1,4})?", fullmatch=True), max_size=6, unique=True))
def test_own_arms_differ_from_each_other_and_from_the_known_ones(own):
    arms = [*KNOWN, *(name for name in own if name not in {*KNOWN, "weight_decay"})]
    styles = arm_styles(arms)
    assert len({(style.color, style.marker) for style in styles.values()}) == len(arms)
    assert len({style.color for style in styles.values()}) == len(arms)


def test_weight_decays_are_shades_that_darken_with_the_value():
    styles = arm_styles(["weight_decay_0.1", "weight_decay_1e-3", "warm_start", "weight_decay_0.01"])
    order = ["weight_decay_1e-3", "weight_decay_0.01", "weight_decay_0.1"]
    shades = [luminance(styles[arm].color) for arm in order]
    assert shades == sorted(shades, reverse=True)
    assert shades[0] - shades[-1] > 0.3
    assert len({styles[arm].marker for arm in order}) == 3
    assert arm_styles(["weight_decay_0.1"])["weight_decay_0.1"].color == styles["weight_decay_0.01"].color


def test_many_values_of_an_own_arm_go_from_light_to_dark():
    arms = [f"first_task_length_{epochs}" for epochs in (100, 1, 10, 2, 50, 5)]
    styles = arm_styles(["random_init", *arms])
    ordered = sorted(arms, key=lambda arm: int(arm.rpartition("_")[2]))
    shades = [luminance(styles[arm].color) for arm in ordered]
    assert shades == sorted(shades, reverse=True)
    assert min(a - b for a, b in pairwise(shades)) > 0.04
    assert len({styles[arm].marker for arm in arms}) == len(arms)
    assert styles["first_task_length_1"].color == to_hex(SEQUENCE(0)).upper()
