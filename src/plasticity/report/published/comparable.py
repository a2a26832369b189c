"""Whether a run had the settings that a number was published for, decided from the settings alone."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from plasticity.config.messages import shown
from plasticity.config.page_slices import PublishedSettings
from plasticity.report.published.claims import Claim, Requirements

_ABSENT = object()
_GROUPS = ("arms", "experiments")
_READER = ("dataset", "reader")


def missing_arms(claim: Claim, settings: PublishedSettings) -> list[str]:
    """Return the arms or experiments of a claim that the run does not have.

    Args:
        claim: The published number or shape.
        settings: What the run was: `published_settings` of its plan.
    """
    known = {**settings.arms, **settings.experiments}
    return [name for name in claim.arms if name not in known]


def mismatches(requires: Requirements, settings: PublishedSettings) -> list[str]:
    """Return a line for each setting in which the run differs; differences shared by several arms are listed once."""
    found = {}
    for path, expected, got in _pairs(requires, settings):
        if not _same(expected, got):
            found[f"{_words(path)} {_shown(got)}, published {_shown_expected(expected)}"] = True
    return list(found)


def of_other_tasks(claim: Claim, settings: PublishedSettings) -> bool:
    """Say whether a claim is about another sequence of tasks, which stands behind the reader: mnist (random_labels)."""
    reader = {**claim.other, **claim.requires}.get(_READER)
    readers = reader["one_of"] if isinstance(reader, Mapping) else [reader]
    variant = str(_at(settings.tree, _READER)).partition(" (")[2]
    return reader is not None and variant not in {str(each).partition(" (")[2] for each in readers}


def settings_text(claim: Claim, settings: PublishedSettings) -> str:
    """Return what the run has for each setting that the claim names, as text."""
    pairs = _pairs({**claim.requires, **claim.other}, settings)
    return "; ".join(dict.fromkeys(f"{_words(path)} {_shown(got)}" for path, _, got in pairs))


def _pairs(requires: Requirements, settings: PublishedSettings) -> Iterator[tuple[tuple[str, ...], Any, Any]]:
    """Yield path, expected and actual value; an experiment's settings are those of each of its arms."""
    arms, experiments, tree = settings.arms, settings.experiments, settings.tree
    for path, expected in requires.items():
        if path[0] == "arms" and path[1] in experiments and path[1] not in arms:
            for arm in experiments[path[1]].arms:
                yield path, expected, _at(tree, ("arms", arm, *path[2:]))
        elif path[0] != "arms" or path[1] in arms:
            yield path, expected, _at(tree, path)


def _at(settings: Any, path: tuple[str, ...]) -> Any:
    for key in path:
        if isinstance(settings, Sequence) and key.isdigit() and int(key) < len(settings):
            settings = settings[int(key)]  # of a list, such as that of hooks
        elif isinstance(settings, Mapping) and key in settings:
            settings = settings[key]
        else:
            return _ABSENT
    return settings


def _same(expected: Any, got: Any) -> bool:
    if isinstance(expected, Mapping):
        return any(_same(value, got) for value in expected["one_of"])
    if expected is None:
        return got is None or got is _ABSENT
    return got == expected


def _words(path: tuple[str, ...]) -> str:
    return ".".join(path[2:] if path[0] in _GROUPS else path)


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return value
    return "absent" if value is _ABSENT else shown(value)


def _shown_expected(expected: Any) -> str:
    return " or ".join(map(_shown, expected["one_of"])) if isinstance(expected, Mapping) else _shown(expected)
