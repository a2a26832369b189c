import re
from itertools import pairwise

import matplotlib as mpl
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.colors import to_hex, to_rgb
from PIL import Image

from plasticity.errors import PlasticityError
from plasticity.figures.description import Description
from plasticity.figures.style import DOUBLE, PNG_DPI, SEQUENCE, Style, arm_styles, save

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


def test_style_takes_what_the_configuration_gives():
    style = Style.from_settings({"width": 3.35, "height": 2, "font_size": 7, "log_y": True})
    with style.context():
        figure, axes = style.figure(1, 2, height=4)
    assert tuple(figure.get_size_inches()) == (3.35, 2)
    assert axes.shape == (1, 2)
    assert axes[0, 0].xaxis.label.get_fontsize() == 7
    with Style.from_settings({"width": None}).context():
        assert Style().figure(1, 1, height=4)[0].get_figwidth() == DOUBLE


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"colour": 3}, r"figure style: expected keys among .*'width'.*, got 'colour'"),
        ({"width": 0.1}, "figure style: width: expected 2 to 30 inches, got 0.1"),
        ({"font_size": "big"}, "figure style: font_size: expected 4 to 30 points, got 'big'"),
        ({"height": True}, "figure style: height: expected 1 to 30 inches, got True"),
        ({"log_y": 1}, "figure style: log_y: expected true or false, got 1"),
    ],
)
def test_a_wrong_style_is_refused_in_one_line(settings, message):
    with pytest.raises(PlasticityError, match=message) as caught:
        Style.from_settings(settings)
    assert "\n" not in str(caught.value)


def test_context_leaves_the_settings_of_matplotlib_as_they_were():
    before = dict(mpl.rcParams)
    with Style(font_size=11).context():
        assert mpl.rcParams["font.size"] == 11
    assert dict(mpl.rcParams) == before


def test_save_writes_text_as_text_and_the_same_bytes_each_time(tmp_path):
    names = ("once", "again")
    for name in names:
        with Style().context():
            figure, axes = Style().figure(1, 1, height=2, width=3)
            axes[0, 0].fill_between([1, 2], [1, 2], [2, 3], label="band")
            axes[0, 0].set_title("readable text")
            save(figure, tmp_path / f"{name}.svg", tmp_path / f"{name}.png", Description("a title", "what is drawn"))
    for kind in ("svg", "png"):
        once, again = ((tmp_path / f"{name}.{kind}").read_bytes() for name in names)
        assert once == again
    text = (tmp_path / "once.svg").read_text()
    assert re.search(r"<text[^>]*>\s*readable text</text>", text)
    assert "dc:date" not in text
    with Image.open(tmp_path / "once.png") as image:
        assert image.size == (3 * PNG_DPI, 2 * PNG_DPI)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["again.png", "again.svg", "once.png", "once.svg"]


def test_many_values_of_an_own_arm_go_from_light_to_dark():
    arms = [f"first_task_length_{epochs}" for epochs in (100, 1, 10, 2, 50, 5)]
    styles = arm_styles(["random_init", *arms])
    ordered = sorted(arms, key=lambda arm: int(arm.rpartition("_")[2]))
    shades = [luminance(styles[arm].color) for arm in ordered]
    assert shades == sorted(shades, reverse=True)
    assert min(a - b for a, b in pairwise(shades)) > 0.04
    assert len({styles[arm].marker for arm in arms}) == len(arms)
    assert styles["first_task_length_1"].color == to_hex(SEQUENCE(0)).upper()
