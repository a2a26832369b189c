"""Do the tables still hold the same values, bit for bit? A digest of every column, before a change and after it.

    python tests/frozen_tables.py write before.json results
    python tests/frozen_tables.py compare before.json results --rename old=new --ignore 'benchmarks/*'
    python tests/frozen_tables.py recompute folder

Values only: the layout of a file, its provenance and the order of its columns have no part in it. Missing is not NaN,
and -0.0 is not 0.0. While the tables that were written down lie where they were, a difference says how large it is.
"""

import argparse
import hashlib
import json
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from fnmatch import translate
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq


@dataclass(frozen=True)
class Frozen:
    """A table's file, name and rows, digests of all its values and of each column's."""

    file: str
    table: str
    rows: int
    values: str
    columns: dict[str, str]


def freeze(path: Path) -> Frozen | None:
    """Return what is kept of a table; None for a file that this project did not write."""
    table = pq.ParquetFile(path).read()
    name = (table.schema.metadata or {}).get(b"plasticity_table")
    if name is None:
        return None
    columns = {column: digest_of(table[column]) for column in sorted(table.column_names)}
    values = hashlib.sha256(json.dumps([table.num_rows, columns]).encode()).hexdigest()
    return Frozen(str(path.resolve()), name.decode(), table.num_rows, values, columns)


def freeze_all(roots: Sequence[Path]) -> dict[str, Frozen]:
    """Return the tables below folders, by their paths from there.

    Raises:
        SystemExit: If there is none, one is damaged, or two have the same path.
    """
    found: dict[str, Frozen] = {}
    for path, name in ((path, path.relative_to(root)) for root in roots for path in sorted(root.rglob("*.parquet"))):
        try:
            frozen = freeze(path)
        except (pa.ArrowException, OSError) as error:
            raise SystemExit(f"{path}: expected a table, got: {error}") from None
        if frozen and found.setdefault(name.as_posix(), frozen) is not frozen:
            raise SystemExit(f"{path}: expected one table of this path, got also {found[name.as_posix()].file}")
    if not found:
        raise SystemExit(f"expected tables of this project in folders, got none in {[*map(str, roots)]}")
    return found


def digest_of(column: pa.ChunkedArray) -> str:
    """Return a column's type and a digest of its values."""
    missing, values = cells(column)
    content = json.dumps(values.tolist()).encode() if values.dtype == object else values.tobytes()
    return f"{column.type}:{hashlib.sha256(missing.tobytes() + content).hexdigest()}"


def cells(column: pa.ChunkedArray) -> tuple[np.ndarray, np.ndarray]:
    """Return which values are missing, and the values: numbers as they are, anything else as objects."""
    missing = column.is_null().to_numpy()
    if pa.types.is_primitive(column.type):
        return missing, column.fill_null(pa.scalar(0).cast(column.type)).to_numpy()
    return missing, np.array(column.to_pylist(), dtype=object)


def differences(old: Frozen, new: Frozen) -> Iterator[tuple[str, str]]:
    """Yield the columns in which two tables differ, and how; the column "*" is all of them."""
    yield from ((column, "missing column") for column in old.columns if column not in new.columns)
    if old.rows != new.rows:
        yield "*", f"other rows, {old.rows} then, {new.rows} now"
        return
    for column in (name for name in old.columns if new.columns.get(name, old.columns[name]) != old.columns[name]):
        then, now = (table.columns[column].rpartition(":")[0] for table in (old, new))
        yield column, how_far(old, new, column) if then == now else f"other type, {then} then, {now} now"


def how_far(old: Frozen, new: Frozen, column: str) -> str:
    """Say that values differ; also how many and how much, if the earlier table lies where it was."""
    if not (there := Path(old.file).is_file() and freeze(Path(old.file))) or there.values != old.values:
        return "other values"
    (gone, then), (missing, now) = (cells(pq.ParquetFile(each.file).read()[column]) for each in (old, new))
    bits = [values.view(f"u{values.itemsize}") if values.dtype.kind == "f" else values for values in (then, now)]
    text = f"other values, {np.count_nonzero((gone != missing) | (bits[0] != bits[1]))} of {old.rows}"
    if then.dtype == object:
        return text
    with np.errstate(invalid="ignore", over="ignore"):
        apart = np.abs(then.astype(float) - now.astype(float))[~(gone | missing)]
    most = apart[np.isfinite(apart)].max(initial=0)
    return f"{text}, by {most:.3g} at most" if most else text


def compare(old: dict[str, Frozen], new: dict[str, Frozen], ignored: re.Pattern[str]) -> int:
    """Print how tables differ from earlier ones by path; return how many do or are missing, not what is new."""
    old, new = ({path: some[path] for path in some if not ignored.match(path)} for some in (old, new))
    missing, differing = [path for path in old if path not in new], 0
    lines = [f"{path} ({old[path].table}) *: missing file" for path in missing]
    lines += [f"{path} ({new[path].table}) *: new file" for path in new if path not in old]
    for path in (path for path in old if path in new):
        columns = [each for each in differences(old[path], new[path]) if not ignored.match(f"{path}:{each[0]}")]
        added = [(column, "new column") for column in new[path].columns if column not in old[path].columns]
        lines += [f"{path} ({old[path].table}) {column}: {what}" for column, what in [*columns, *added]]
        differing += bool(columns)
    bad = differing + len(missing)
    print(*lines, f"{len(old) - bad} tables equal, {differing} differ, {len(missing)} missing", sep="\n")
    return bad


def read(file: Path, names: dict[str, str]) -> dict[str, Frozen]:
    """Return the tables of a file of digests by path, folders and files by new names; end where two paths are one."""
    content = json.loads(file.read_text(encoding="utf-8"))
    found = {"/".join(names.get(part, part) for part in str(path).split("/")): path for path in content}
    if len(found) < len(content):
        raise SystemExit(f"expected names that keep {len(content)} tables apart, got {len(found)} paths")
    return {path: Frozen(**content[earlier]) for path, earlier in found.items()}


def recompute(folder: Path) -> None:
    """Write what is computed from the tables of each kept run into a folder of its name, as the workflow does."""
    from plasticity.report.compare_published import compare_published
    from plasticity.studies.continual.causes import find_causes_permuted
    from plasticity.studies.continual.correlate import correlate_permuted
    from plasticity.studies.kept_runs import read_run
    from plasticity.studies.train_test_collapse.correlate import correlate_transfer
    from plasticity.studies.train_test_collapse.plan import TrainTestPlan
    from plasticity.studies.warm_start.causes import find_causes
    from plasticity.studies.warm_start.correlate import correlate

    records = Path(__file__).parents[1].glob("docs/reproduction/*/run.yaml")
    stages: dict[str, tuple[Callable[..., None], Callable[..., None]]] = {
        "warm_start": (correlate, find_causes),
        "permuted": (correlate_permuted, find_causes_permuted),
    }
    for run in (read_run(record.parent) for record in sorted(records)):
        plan, out, metrics = run.plan, folder / run.folder.name, run.table("metrics")
        correlations, published = out / "correlations.parquet", out / "published.parquet"
        if isinstance(plan, TrainTestPlan):
            correlate_transfer(run.table("transfer"), correlations, settings=plan.correlate_settings())
        else:
            stages[run.study][0](metrics, correlations, settings=plan.correlate_settings())
            stages[run.study][1](metrics, out / "causes.parquet", settings=plan.causes_settings())
        files, page = {"metrics": metrics, "correlations": correlations}, published.with_suffix(".html")
        compare_published(
            run.published, run.study, files, table=published, page=page, settings=plan.published_settings()
        )


def main(arguments: Sequence[str]) -> int:
    """Do what the command line says; return the exit status."""
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("command", choices=["write", "compare", "recompute"])
    parser.add_argument("target", type=Path, help="file of digests; of recompute the folder that it writes")
    parser.add_argument("roots", type=Path, nargs="*", help="folders of tables")
    parser.add_argument("--rename", action="append", default=[], metavar="OLD=NEW", help="parts of earlier paths")
    parser.add_argument("--ignore", action="append", default=[], metavar="GLOB", help="later paths, or path:column")
    given = parser.parse_intermixed_args(arguments)
    if given.command == "recompute":
        recompute(given.target)
        return 0
    now = freeze_all(given.roots)
    if given.command == "write":
        given.target.write_text(json.dumps({path: asdict(now[path]) for path in now}, indent=1), encoding="utf-8")
        return 0
    old = read(given.target, dict(pair.split("=", 1) for pair in given.rename))
    ignored = re.compile("|".join(map(translate, given.ignore)) or r"(?!)")
    return int(compare(old, now, ignored) > 0)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
