"""The manual page of the configuration, rendered from schema and catalogue so that it cannot be out of date."""

from collections.abc import Iterable, Iterator, Mapping

from plasticity.config.catalogue import (
    INTERVENTIONS,
    MODELS,
    PENALTIES,
    PERMUTED_FIGURES,
    READERS,
    TRAIN_TEST_FIGURES,
    WARM_START_FIGURES,
    Entry,
)
from plasticity.config.frame import read_schema
from plasticity.config.messages import shown
from plasticity.config.wording import Schema, expectation

COMMAND = "python -m plasticity.config docs/configuration.md"

_INTRODUCTION = f"""\
<!-- Rendered from src/plasticity/config/config.schema.yaml and src/plasticity/config/catalogue.py by: {COMMAND} -->
# Configuration

`config.yaml` is the demonstration. A preset, or a file of your own, overlays it and repeats nothing:
`snakemake --cores 2 --configfile config/cifar10_small.yaml`. Mappings are merged key by key, lists are replaced, and
null removes an optional key, an arm or a figure that `config.yaml` gives.

A configuration is checked before any work starts: an unknown key, a value out of range, lengths that do not fit
together or a missing data file are all refused in one message, with one line each. Nothing is assumed in silence:
a key is required unless it is marked *optional*, and defaults are those that this page states.
"""

_NAMES: dict[str, tuple[str, Mapping[str, Entry]]] = {
    "Readers": ("`dataset.reader`; how to add one is in [data sets](data_sets.md)", READERS),
    "Networks": ("`model.name` of a study; that of permuted images has `mlp` with `relu`", MODELS),
    "Penalties": ("`penalty.name`, in `warm_up`, `first_task`, `following` and in arms of them", PENALTIES),
    "Interventions": ("`intervention.name` of an arm of the warm-start or permuted study", INTERVENTIONS),
    "Figures of the warm-start study": ("keys of `warm_start.figures`", WARM_START_FIGURES),
    "Figures of the permuted study": ("keys of `permuted.figures`", PERMUTED_FIGURES),
    "Figures of the train-test study": ("keys of `train_test_collapse.figures`", TRAIN_TEST_FIGURES),
}
_ADDING = (
    "To add a name of your own, write its function, enter it in the registry beside the existing ones, and describe\n"
    "its parameters in `src/plasticity/config/catalogue.py`: the configuration then accepts it, and this page shows it."
)


def describe_schema() -> str:
    """Return the manual page as Markdown."""
    parts = [_INTRODUCTION]
    for key, schema in read_schema()["properties"].items():
        parts += [f"## `{key}`\n\n{schema['description']}\n", _table(_rows(schema, ""))]
    parts.append(f"## Names\n\n{_ADDING}\n")
    for title, (where, table) in _NAMES.items():
        parts.append(f"### {title}\n\nFor {where}.\n")
        parts += _entries(table)
    return "\n".join(parts)


def _entries(table: Mapping[str, Entry]) -> Iterator[str]:
    """Yield lists of names, each list with the parameters that its names share."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for name, entry in table.items():
        rows = (_row(key, part, optional=key not in entry.required) for key, part in entry.parameters.items())
        groups.setdefault(tuple(rows), []).append(f"- `{name}`: {entry.description}")
    for rows, names in groups.items():
        yield "\n".join(names) + "\n"
        if rows:
            yield _table(rows)


def _table(rows: Iterable[str]) -> str:
    head = "| key | value | unit | meaning |\n|---|---|---|---|"
    return "\n".join([head, *rows]) + "\n"


def _rows(schema: Schema, prefix: str) -> Iterator[str]:
    required = schema.get("required", ())
    free = [("<name>", part) for part in schema.get("patternProperties", {}).values()]
    for key, part in [*schema.get("properties", {}).items(), *free]:
        yield _row(f"{prefix}{key}", part, optional=key not in required)
        yield from _rows(part, f"{prefix}{key}.")


def _row(key: str, part: Schema, *, optional: bool) -> str:
    default = f", default {shown(part['default'])}" if "default" in part else ""
    expected = _cell(expectation(part))
    if "pattern" in part:
        expected = expected.replace(part["pattern"], f"`{part['pattern']}`")
    value = expected + default + (" *(optional)*" if optional else "")
    return f"| `{key}` | {value} | {part['unit']} | {_cell(part['description'])} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")
