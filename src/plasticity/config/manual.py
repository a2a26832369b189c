"""The manual page of the configuration, rendered from its classes so that it cannot be out of date."""

from collections.abc import Iterable, Iterator, Mapping

from plasticity.config.component import known
from plasticity.config.json_schema import Schema, first_paragraph
from plasticity.config.messages import shown
from plasticity.config.parameters import parameters
from plasticity.config.wording import expectation

COMMAND = "python -m plasticity.studies manual"

_INTRODUCTION = f"""\
<!-- Rendered from the classes of the configuration by: {COMMAND} -->
# Configuration

`config.yaml` is the demonstration. A preset, or your own file, overrides values in it:
`snakemake --cores 2 --configfile config/cifar10_small.yaml`. Mappings are merged key by key and lists are replaced;
null removes an optional key or an arm set in `config.yaml`, and omits a figure.

The configuration is checked before any work starts: unknown keys, values out of range, inconsistent lengths and
missing data files are reported in one message, one line each. A key is required unless it is marked
*optional*; all defaults are given on this page.

A section may have any name if it contains `study: <name>`; several sections may use the same study.

Editors with the YAML language server complete and check keys using `workflow/schemas/config.schema.json`, which
the first line of `config.yaml` refers to.
"""

_KINDS: Mapping[str, tuple[str, str]] = {
    "reader": ("Readers", "`dataset.reader`; to add one, see [data sets](data_sets.md)"),
    "model": ("Networks", "`model.name` of a study"),
    "tasks": (
        "Sequences of tasks",
        "`tasks.name` of `permuted`, and of other sections of the study `continual`",
    ),
    "optimizer": ("Optimizers", "`optimizer.name` in every section that says how a network is trained"),
    "penalty": ("Penalties", "`penalty.name` in `warm_up`, `first_task`, `following` and in arms that override them"),
    "hook": ("Hooks", "`name` in the list `hooks` of every section that says how a network is trained"),
    "intervention": ("Interventions", "`intervention.name` of an arm of the warm-start or permuted study"),
}
_ADDING = (
    "A name is a class in a file of the package, found automatically, or `module:Class` of your own code, such as\n"
    "`my_lab.nets:WideNet`; see [components of your own](how_to/own_component.md). Its fields are the keys below."
)


def describe_schema(schema: Schema) -> str:
    """Return the manual page as Markdown.

    Args:
        schema: The schema of a configuration.
    """
    parts, figures = [_INTRODUCTION], []
    for key, section in schema["properties"].items():
        parts.append(f"## `{key}`\n\n{section['description']}\n")
        if "properties" in section:
            parts.append(_table(_rows(section, "")))
        if shows := section.get("properties", {}).get("figures"):
            lines = [f"- `{name}`: {text}" for name, text in shows["x-names"].items()]
            figures.append(f"### Figures of `{key}`\n\nFor keys of `{key}.figures`.\n\n" + "\n".join(lines) + "\n")
    parts.append(f"## Names\n\n{_ADDING}\n")
    for kind, (title, where) in _KINDS.items():
        if known(kind):
            parts += [f"### {title}\n\nFor {where}.\n", *_entries(kind)]
    return "\n".join([*parts, *figures])


def _entries(kind: str) -> Iterator[str]:
    """Yield lists of names, each list with the parameters that its names share."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for name in known(kind):
        found = parameters(kind, name)
        rows = tuple(_rows(found, ""))
        groups.setdefault(rows, []).append(f"- `{name}`: {first_paragraph(found)}")
    for rows, lines in groups.items():
        yield "\n".join(lines) + "\n"
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
        yield from _rows(part.get("items", {}), f"{prefix}{key}[].")


def _row(key: str, part: Schema, *, optional: bool) -> str:
    default = f", default {shown(part['default'])}" if "default" in part else ""
    expected = _cell(expectation(part))
    if "pattern" in part:
        expected = expected.replace(part["pattern"], f"`{part['pattern']}`")
    value = expected + default + (" *(optional)*" if optional else "")
    return f"| `{key}` | {value} | {part['unit']} | {_cell(part['description'])} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")
