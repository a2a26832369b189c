"""How a place, a value and a near name stand in a message to the user."""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

Location = tuple[str | int, ...]
"""Keys and positions that lead to a value in nested mappings and lists."""

_LONGEST = 80


def dotted(location: Location) -> str:
    """Return a location as text, such as `warm_start.seeds[1]`; keys that are no plain words are quoted."""
    parts = [f"[{part}]" if isinstance(part, int) else f".{_word(part)}" for part in location]
    return "".join(parts).removeprefix(".") or "configuration"


def shown(value: Any) -> str:
    """Return a value as it would stand in YAML or, where that is long, the start of it."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    try:
        text = repr(value)
    except ValueError:  # Python refuses to print integers of thousands of digits
        return "a huge number"
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return a hint at the nearest known name, or nothing."""
    near = get_close_matches(name, list(known), n=1)
    return f"did you mean {near[0]!r}?" if near else ""


def _word(part: str) -> str:
    return part if part and part.isprintable() and not set(part) & set(" .:[]'\"") else repr(part)
