"""One text for one meaning, whatever the layout, and whichever version of Python reads it."""

import ast
import hashlib
import os
import subprocess
from pathlib import Path
from shutil import which

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plasticity.jobs import normal_form as module
from plasticity.jobs.normal_form import normal_form

CORPUS = r'''
"""Docstring."""
from __future__ import annotations
import a.b as c
from . import d
from ..e import (f, g as h)


class Plain: ...


class Full(Base, kind="x", *more, **options):
    """Docstring."""
    field: int = setting("Words.", unit="1", ge=0)
    """Of the field."""

    @property
    async def method(self, /, x: int, *args: str, y=1, z, **given) -> None:
        async with a as b, c:
            return await b
        async for _ in c:
            yield {**d, None: 1, "key": ..., 1.5: -2j, b"\x00\xff": True}
        lambda *, q: (yield)
        raise ValueError from None


def strings(x, w):
    u"kind"
    s = "joined" " text" f" and {x!r:>{w}.{w}}" f"{x:}" rf"\d{x}" f"" "end"
    f"{x = }{{literal}} {'nested'}{f'{x}'}{x:%Y-%m}"
    f"{x:{w}}" "µ \ud800 \U0001FAE8"
    return [s[1:2, ::3], *s, {n for n in s if n}, {n: m for n, m in s}]


def statements(x):
    global y
    with (open("a") as a, open("b")):
        pass
    try:
        del x[0], x.y
    except* (A, B) as error:
        assert x, "message"
    else:
        x += 1; x @= 2
    finally:
        while (n := x) not in y:
            break
    match x:
        case None | True | {"a": 1, **rest} | [1, *_] | Point(x=0) as p if p:
            ...
        case _:
            nonlocal_ = 0xFFFF_FFFF ** 1e400 if x is not None else ~x
    a: int
    (b): int = 1
    x[*y]
'''
DIGEST = "ad434ce182d3d369"
"""Of the corpus's normal form: the same under Python 3.11, 3.12 and 3.13."""


def test_the_corpus_has_one_digest() -> None:
    assert hashlib.sha256(normal_form(CORPUS).encode()).hexdigest()[:16] == DIGEST


def interpreter(version: str) -> str:
    """Return a Python of the version, where the machine has one."""
    homes = [str(path) for path in Path.home().glob(f".pyenv/versions/{version}.*/bin")]
    found = which(f"python{version}", path=os.pathsep.join([*homes, "/usr/bin", "/usr/local/bin"]))
    return found or pytest.skip(f"no Python {version} here")


_DIGEST_OF_STDIN = """
import hashlib, importlib.util, sys
spec = importlib.util.spec_from_file_location("normal_form", sys.argv[1])
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
text = sys.stdin.buffer.read().decode()
print(hashlib.sha256(module.normal_form(text).encode()).hexdigest()[:16])
"""


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13"])
def test_every_version_of_python_says_the_same(version: str) -> None:
    command = [interpreter(version), "-W", "ignore", "-c", _DIGEST_OF_STDIN, str(module.__file__)]
    done = subprocess.run(command, input=CORPUS.encode(), capture_output=True, check=True)
    assert done.stdout.decode().strip() == DIGEST


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("x = 1", "# a comment\nx   =  1\n"),
        ("x = 'a'", 'x = ("a")'),
        ("x = 1", '"""Docstring."""\nx = 1\n"""Of x."""'),
        ("def f(): return 1", 'def f():\n    """Docstring."""\n    return 1'),
        ("class A: x = 1", "class A:\n    '''Docstring.'''\n    x = 1\n    '''Of x.'''"),
        ("f'a{x}b'", "f'a' f'{x}' 'b'"),
        ("f'{x}'", "f'{x:}'"),
        ("x = 'a'", "x = u'a'"),
        ("x = setting('One.', unit='1', ge=0)", "x = setting('Two.', unit='px', ge=0)"),
        ("", "'''Only a docstring.'''"),
    ],
)
def test_what_python_does_alike_is_written_alike(one: str, other: str) -> None:
    assert normal_form(one) == normal_form(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("x = 1", "x = 1.0"),
        ("x = 1", "x = True"),
        ("x = 'a'", "x = b'a'"),
        ("x = 'None'", "x = None"),
        ("x = None", "x: None"),
        ("{**a}", "{None: a}"),
        ("a[b:]", "a[:b]"),
        ("f'{x}'", "f'{x!s}'"),
        ("f'{x:>3}'", "f'{x:<3}'"),
        ("f'{x}a'", "f'a{x}'"),
        ("def f(a, /, b): 1", "def f(a, b): 1"),
        ("def f(*, a, b=1): 1", "def f(*, a=1, b): 1"),
        ("import a", "import a as b"),
        ("from . import a", "from .. import a"),
        ("x = setting('One.', ge=0)", "x = setting('One.', ge=1)"),
        ("x = other('One.')", "x = other('Two.')"),
        ("x = ['a', 'b']", "x = ['a' 'b']"),
        ("return_ = a or b and c", "return_ = (a or b) and c"),
    ],
)
def test_what_differs_is_written_differently(one: str, other: str) -> None:
    assert normal_form(one) != normal_form(other)


CONSTANTS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary()


@given(CONSTANTS, CONSTANTS)
def test_constants_are_told_apart(one: object, other: object) -> None:
    forms = [normal_form(ast.Constant(value)) for value in (one, other)]  # pyright: ignore[reportArgumentType]
    assert (forms[0] == forms[1]) == (repr(one) == repr(other))
