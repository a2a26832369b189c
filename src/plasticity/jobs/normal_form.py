"""Python source without what does not change what it does, as a text that every Python version writes alike.

`ast.dump` differs between versions: a newer one knows more fields, leaves empty ones out, and cuts f-strings elsewhere.
Here a node is its class and those of its fields that say something. It has no comments, formatting and positions, which
the parser drops, no strings that stand alone, such as docstrings, and nothing that `setting` says for the manual.
"""

import ast
from collections.abc import Callable
from functools import cache
from typing import Any

_SILENT = frozenset({"ctx", "kind", "type_comment", "type_ignores"})
_FOR_THE_MANUAL = frozenset({"description", "unit"})

Write = Callable[[str], None]


def normal_form(source: str | ast.AST) -> str:
    """Return the normal form of a module.

    Args:
        source: Text of a module, or what `ast.parse` made of it.

    Raises:
        SyntaxError: If the text is not Python.
    """
    parts: list[str] = []
    _write(ast.parse(source) if isinstance(source, str) else source, parts.append)
    return "".join(parts)


def _write(value: Any, write: Write) -> None:
    if isinstance(value, ast.AST):
        _WRITERS.get(type(value), _write_node)(value, write)
    elif isinstance(value, list):
        write("[")
        for part in value:
            _write(part, write)
            write(",")
        write("]")
    else:
        write(ascii(value))  # not repr, which depends on the version's table of printable characters


def _write_node(node: ast.AST, write: Write) -> None:
    _write_fields(node, ((field, getattr(node, field, None)) for field in _fields(type(node))), write)


def _write_fields(node: ast.AST, fields: Any, write: Write) -> None:
    write(type(node).__name__ + "(")
    for field, value in fields:
        kept = [part for part in value if not _stands_alone(part)] if isinstance(value, list) else value
        if kept is not None and kept != []:
            write(field + "=")
            _write(kept, write)
            write(";")
    write(")")


@cache
def _fields(kind: type[ast.AST]) -> tuple[str, ...]:
    return tuple(sorted(set(kind._fields) - _SILENT))


def _stands_alone(node: Any) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _write_constant(node: ast.Constant, write: Write) -> None:
    write("=" + ascii(node.value))


def _write_call(node: ast.Call, write: Write) -> None:
    args, keywords = node.args, node.keywords
    if isinstance(node.func, ast.Name) and node.func.id == "setting":
        args, keywords = args[1:], [given for given in keywords if given.arg not in _FOR_THE_MANUAL]
    _write_fields(node, (("args", args), ("func", node.func), ("keywords", keywords)), write)


def _write_f_string(node: ast.JoinedStr, write: Write) -> None:
    """Write the parts; versions differ in where text is cut and in whether an empty text is a part."""
    write("JoinedStr[")
    for part in _joined(node):
        _write(ast.Constant(part) if isinstance(part, str) else part, write)
        write(",")
    write("]")


def _joined(node: ast.JoinedStr) -> list[str | ast.AST]:
    parts: list[str | ast.AST] = []
    for value in node.values:
        text = value.value if isinstance(value, ast.Constant) else None
        if not isinstance(text, str):
            parts.append(value)
        elif parts and isinstance(parts[-1], str):
            parts[-1] += text
        elif text:
            parts.append(text)
    return parts


def _write_replacement(node: ast.FormattedValue, write: Write) -> None:
    form = node.format_spec
    empty = isinstance(form, ast.JoinedStr) and not _joined(form)
    fields = (("conversion", node.conversion), ("format_spec", None if empty else form), ("value", node.value))
    _write_fields(node, fields, write)


_WRITERS: dict[type[ast.AST], Callable[[Any, Write], None]] = {
    ast.Call: _write_call,
    ast.Constant: _write_constant,
    ast.FormattedValue: _write_replacement,
    ast.JoinedStr: _write_f_string,
}
