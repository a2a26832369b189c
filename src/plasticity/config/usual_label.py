"""What figures and tables call an arm that has no label of its own."""

import re

_WORDS = {"shrink perturb": "shrink and perturb"}
_VALUE = re.compile(r"(?<=[a-z]{3})(?=-?\d+\.\d)")  # before the number of weight0.001
_SYMBOL = re.compile(r"\b(nc|l)(\d)\b")


def usual_label(arm: str) -> str:
    """Return an arm's key in the field's words: "NC1 spread" of nc1_spread, "shrink and perturb" of shrink_perturb."""
    label = _SYMBOL.sub(lambda found: found[0].upper(), _VALUE.sub(" ", arm.replace("_", " ")))
    for key, words in _WORDS.items():
        label = label.replace(key, words)
    return label
