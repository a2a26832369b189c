"""The colour and marker of every arm, the same in all figures and pages.

Nothing here draws: stages that only name colours do not import what does, which takes longer than their work.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib import colormaps
from matplotlib.colors import LinearSegmentedColormap, ListedColormap, to_hex

# Okabe & Ito (2008), distinguishable with all common forms of colour blindness.
_FIXED = {
    "random_init": ("#000000", "none"),
    "warm_start": ("#D55E00", "o"),
    "continual": ("#D55E00", "o"),
    "shrink_perturb": ("#0072B2", "s"),
    "first_task_collapse": ("#009E73", "^"),
    "nc1_spread": ("#009E73", "^"),
    "nc1_collapse": ("#E69F00", "v"),
    "weight_decay": ("#B0508A", "D"),
}
SEQUENCE = ListedColormap(colormaps["viridis"](np.linspace(0.9, 0, 256)), "sequence")
"""Colours of an amount, such as the length of a training: light for little, dark for much."""

_FREE_COLORS = ("#56B4E9", "#999933", "#44AA99", "#332288", "#882255", "#661100")
_FREE_MARKERS = ("P", "X", "h", "<", ">", "*", "p", "d", "8", "H")
_FAMILY = re.compile(r"(?P<name>.+)_(?P<value>-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)")


@dataclass(frozen=True)
class ArmStyle:
    """How an arm is drawn: `color` as a hexadecimal string, Matplotlib's names of marker and line style."""

    color: str
    marker: str
    linestyle: str = "-"


def arm_styles(arms: Sequence[str]) -> dict[str, ArmStyle]:
    """Return the style of every arm of a study.

    Known arms have their colour in every study. Arms that differ in one number, such as weight_decay_0.01 and
    weight_decay_0.1, share a hue and darken with the value; more than three that are not known go through the colours
    of `SEQUENCE` instead. Other arms take free colours in the order of `arms`.

    Args:
        arms: All arms of the study, also when a figure draws only some, so that an arm looks the same everywhere.
    """
    families = list(dict.fromkeys(_family(arm)[0] for arm in arms))
    unknown = [family for family in families if family not in _FIXED]
    styles: dict[str, ArmStyle] = {}
    markers = iter(_FREE_MARKERS * (1 + len(arms) // len(_FREE_MARKERS)))
    for family in families:
        members = sorted((arm for arm in arms if _family(arm)[0] == family), key=lambda arm: _family(arm)[1])
        color, first_marker = _FIXED.get(family) or (_FREE_COLORS[unknown.index(family) % len(_FREE_COLORS)], "")
        shades = _sequence(len(members)) if family in unknown and len(members) > 3 else _shades(color, len(members))
        for position, (arm, shade) in enumerate(zip(members, shades, strict=True)):
            marker = first_marker if first_marker and position == 0 else next(markers)
            styles[arm] = ArmStyle(shade, marker, "--" if family == "random_init" else "-")
    return {arm: styles[arm] for arm in arms}


def _family(arm: str) -> tuple[str, float]:
    match = _FAMILY.fullmatch(arm)
    return (match["name"], float(match["value"])) if match else (arm, -np.inf)


def _shades(color: str, count: int) -> list[str]:
    if count == 1:
        return [color]
    light, dark = (_blend(color, end)(0.4) for end in ("white", "black"))
    return [to_hex(shade).upper() for shade in _blend(light, color, dark)(np.linspace(0, 1, count))]


def _blend(*colors: str | tuple[float, ...]) -> LinearSegmentedColormap:
    return LinearSegmentedColormap.from_list("blend", list(colors))


def _sequence(count: int) -> list[str]:
    return [to_hex(SEQUENCE(place)).upper() for place in np.linspace(0, 1, count)]
