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
FORBIDDEN_USES = {"torch.load", "torch.save", "pd.read_pickle", "pandas.read_pickle", "yaml.load", "os.system"}
FORBIDDEN_NAMES = {"eval", "exec", "to_pickle", "read_pickle", "loadtxt", "fromregex"}
ARRAYS = {"load", "save", "savez", "savez_compressed"}  # of NumPy: they pickle unless they are told not to
OPTIONS = {"allow_pickle", "shell"}


def imports(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.module:
        return [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return []


def dotted(node: ast.AST) -> str:
    """Return what a name or an attribute is called; a question mark stands for what an expression gives."""
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else "?"


def faults(source: str) -> list[str]:
    """Return what in a module could run code from a file."""
    found = []
    for node in ast.walk(ast.parse(source)):
        names = imports(node)
        found += [name for name in names if set(name.split(".")) & FORBIDDEN_MODULES or name in FORBIDDEN_USES]
        if isinstance(node, ast.Attribute) and dotted(node) in FORBIDDEN_USES:
            found.append(dotted(node))
        if isinstance(node, ast.Call):
            found += faults_of_call(node)
    return found


def faults_of_call(call: ast.Call) -> Iterator[str]:
    owner, _, last = (name := dotted(call.func)).rpartition(".")
    options = {option.arg: ast.unparse(option.value) for option in call.keywords if option.arg in OPTIONS}
    if last in FORBIDDEN_NAMES and owner not in {"model", "network"}:
        yield name
    if owner in {"np", "numpy"} and last in ARRAYS and options.get("allow_pickle") != "False":
        yield f"{name} without allow_pickle=False"
    if set(options.values()) - {"False"}:
        yield f"{name}({options})"


def test_nothing_read_is_ever_run() -> None:
    assert len(SOURCES) > 80
    found = {path.relative_to(ROOT): faults(path.read_text(encoding="utf-8")) for path in SOURCES}
    assert {path: seen for path, seen in found.items() if seen} == {}


@pytest.mark.parametrize(
    "line",
    [
        "import pickle",
        "from joblib import load",
        "from sklearn.externals import joblib",
        "from torch import load",
        "torch.load(path, weights_only=True)",
        "torch.save(model, path)",
        "read = torch.load",
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
