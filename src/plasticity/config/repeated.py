"""Configuration files in which a key stands twice: YAML takes the last one, and the first is lost without a word."""

from collections.abc import Iterable
from pathlib import Path

import yaml

from plasticity.config.findings import ConfigError
from plasticity.config.messages import shown


def refuse_repeated_keys(paths: Iterable[str | Path]) -> None:
    """Look for keys that a mapping has more than once; what else is wrong with a file is its reader's to say.

    Args:
        paths: YAML files.

    Raises:
        ConfigError: If there are any, with a line for each.
    """
    lines = []
    for path in paths:
        try:
            root = yaml.compose(Path(path).read_text(encoding="utf-8"), yaml.SafeLoader)
        except (OSError, UnicodeError, yaml.YAMLError):
            continue
        lines += [f"{path}: {line}" for line in _repeated(root)]
    if lines:
        raise ConfigError(lines)


def _repeated(node: yaml.Node | None) -> list[str]:
    found: list[str] = []
    if isinstance(node, yaml.MappingNode):
        first: dict[str, int] = {}
        for key, value in node.value:
            line, name = key.start_mark.line + 1, str(key.value)
            if name in first:
                found.append(f"expected every key once, got {shown(name)} in lines {first[name]} and {line}")
            first.setdefault(name, line)
            found += _repeated(value)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            found += _repeated(item)
    return found
