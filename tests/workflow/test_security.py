"""What is read from disk is data, never a program: no pickle, no array of objects, no evaluated text, no shell."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted(
    [*(ROOT / "src").rglob("*.py"), *(ROOT / "workflow").rglob("*.py"), *(ROOT / "benchmarks").rglob("*.py")]
)

FORBIDDEN_MODULES = {"pickle", "cPickle", "_pickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}
FORBIDDEN_CALLS = {"torch.load", "torch.save", "pd.read_pickle", "pandas.read_pickle", "yaml.load", "os.system"}
FORBIDDEN_NAMES = {"eval", "exec", "to_pickle", "read_pickle", "loadtxt", "fromregex"}
ARRAYS = {"load", "save", "savez", "savez_compressed"}  # of NumPy: they pickle unless they are told not to


def imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def faults(source: str) -> list[str]:
    """Return what in a module could run code from a file."""
    tree = ast.parse(source)
    found = [name for name in imports(tree) if set(name.split(".")) & FORBIDDEN_MODULES or name in FORBIDDEN_CALLS]
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        name = ast.unparse(call.func)
        options = {option.arg: ast.unparse(option.value) for option in call.keywords}
        owner, _, last = name.rpartition(".")
        if name in FORBIDDEN_CALLS or (last in FORBIDDEN_NAMES and owner not in {"model", "network"}):
            found.append(name)
        if owner in {"np", "numpy"} and last in ARRAYS and options.get("allow_pickle") != "False":
            found.append(f"{name} without allow_pickle=False")
        if options.get("allow_pickle", "False") != "False" or options.get("shell", "False") != "False":
            found.append(f"{name}({options})")
    return found


def test_nothing_read_is_ever_run() -> None:
    assert len(SOURCES) > 80
    found = {path.relative_to(ROOT): faults(path.read_text(encoding="utf-8")) for path in SOURCES}
    assert {path: told for path, told in found.items() if told} == {}


@pytest.mark.parametrize(
    "line",
    [
        "import pickle",
        "from joblib import load",
        "from sklearn.externals import joblib",
        "from torch import load",
        "torch.load(path, weights_only=True)",
        "torch.save(model, path)",
        "np.load(path)",
        "np.load(path, allow_pickle=True)",
        "numpy.save(path, array)",
        "read(path, allow_pickle=flag)",
        "frame.to_pickle(path)",
        "yaml.load(text)",
        "eval(text)",
        "subprocess.run(line, shell=True)",
    ],
)
def test_what_must_not_be_is_seen(line: str) -> None:
    assert faults(line)


@pytest.mark.parametrize(
    "line", ["np.load(path, mmap_mode='r', allow_pickle=False)", "yaml.safe_load(text)", "model.eval()", "json.load(f)"]
)
def test_what_may_be_is_not(line: str) -> None:
    assert not faults(line)
