"""What was typed: values of `snakemake --config`, text inside a mapping, and whether anything is to be run at all."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import yaml

_CHANGE_NOTHING = ("--dry", "--lint", "--list", "--summary", "--detailed-summary", "--dag", "--rulegraph", "--report")


_LOOKS = re.compile(r"-[A-Za-z]*[nl][A-Za-z]*|(\w+_)?verify")


def changes_nothing(arguments: Sequence[str]) -> bool:
    """Say whether a call of Snakemake only looks: a dry run (`-n`, also as in `-np`), a report, or the rule `verify`.

    An outer workflow may have put a prefix before the rule's name.
    """
    return any(each.startswith(_CHANGE_NOTHING) or _LOOKS.fullmatch(each) for each in arguments)


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


def typed_as_given(config: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return a configuration in which what came from the command line, and still is its text, means what it says.

    Args:
        config: What Snakemake made of files and command line. An outer workflow may have handed over a part of it only,
            such as `config["plasticity"]`, so that every mapping of the command line is looked for.
        given: What `--config` said, as Snakemake parsed it.
    """
    result = dict(config)
    for layer in _mappings(given):
        result = _typed_where_equal(result, layer)
    return result


def _mappings(value: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield value
    for part in value.values():
        if isinstance(part, Mapping):
            yield from _mappings(part)


def _typed_where_equal(config: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(config)
    for key in result.keys() & given.keys():
        ours, theirs = result[key], given[key]
        if isinstance(ours, Mapping) and isinstance(theirs, Mapping):
            result[key] = _typed_where_equal(ours, theirs)
        elif ours == theirs:
            result[key] = typed(theirs)
    return result


def _meaning(text: str) -> Any:
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        return text  # the check of the configuration says what was expected in its place
