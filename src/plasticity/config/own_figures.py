"""Figures of the user's own code: a function that the key `figures` names, such as `my_lab.figures:spread`.

Its docstring is the caption, and `TABLES` of its module names the tables that it is drawn from, as in the package's own
(`plasticity.config.described`). Until it is drawn its text is read and nothing imported.
"""

import ast
from collections.abc import Iterable
from functools import cache

from plasticity.config.component import ComponentError
from plasticity.config.described import Described, described
from plasticity.config.findings import Findings
from plasticity.config.messages import Location, did_you_mean
from plasticity.config.own_code import looked_in, source_of

_PLACE = "figures"


def file_name(figure: str) -> str:
    """Return what the files of a figure are called: its name, of one's own code the function's."""
    return figure.rpartition(":")[2]


@cache
def own_figure(name: str) -> Described:
    """Return a figure of the user's own code as its text describes it.

    Args:
        name: "module:function".

    Raises:
        ComponentError: If there is none, or it has no caption or names no tables.
    """
    module, _, function = name.partition(":")
    path, found = source_of(module), f"{name!r} to be a function"
    if path is None:
        hint = f"looked in {', '.join(looked_in())}, and where Python looks"
        raise ComponentError(_PLACE, expected=found, got=f"no module {module!r}", hint=hint)
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except (SyntaxError, ValueError) as error:
        raise ComponentError(_PLACE, expected=f"{path} to be Python", got=str(error)) from None
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    if function not in functions:
        hint = did_you_mean(function, functions)
        raise ComponentError(_PLACE, expected=found, got=f"no function {function!r} in {path}", hint=hint)
    of_figure = described(name, ast.get_docstring(functions[function]), tree)
    if of_figure is None:
        expected = f"{name!r} to have a docstring, its caption, and TABLES = (...) above it"
        raise ComponentError(_PLACE, expected=expected, got="one without")
    return of_figure


def check_own_figures(figures: Iterable[str], known: Iterable[str], location: Location, findings: Findings) -> None:
    """Record figures of the user's own code that cannot be drawn, and those whose files have another's name.

    Args:
        figures: Names of figures, in which those of own code have a colon.
        known: The figures that the study has.
        location: Where they are named.
        findings: Gets what is wrong.
    """
    taken = set(known)
    for name in (name for name in figures if ":" in name):
        if file_name(name) in taken:
            got = f"{file_name(name)!r}, which another figure has"
            findings.add((*location, name), expected="a function with a name of its own", got=got)
        taken.add(file_name(name))
        try:
            own_figure(name)
        except ComponentError as error:
            findings.add((*location, name), expected=error.expected, got=error.got, hint=error.hint)
