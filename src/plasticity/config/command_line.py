"""Values given by `snakemake --config`, which reads everything inside a mapping as text."""

from collections.abc import Mapping
from typing import Any

import yaml


def typed(value: Any) -> Any:
    """Return what the text of a `--config` argument means in YAML, leaf by leaf: "4" is 4, "null" is None.

    Snakemake parses `--config "warm_start={fine_tune: {max_epochs: 4}}"` into nested mappings whose leaves are all
    text. In a file the same text would be a quoted number, which is refused; on the command line it cannot be meant.
    """
    if isinstance(value, Mapping):
        return {key: typed(part) for key, part in value.items()}
    if isinstance(value, list):
        return [typed(part) for part in value]
    return _meaning(value) if isinstance(value, str) else value


def _meaning(text: str) -> Any:
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        return text  # the check of the configuration says what was expected in its place
