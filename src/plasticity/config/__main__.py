"""Write the manual page of the configuration: `python -m plasticity.config docs/configuration.md`."""

import sys

from plasticity.config.manual import COMMAND, describe_schema
from plasticity.storage.files import atomic_path


def main(arguments: list[str]) -> int:
    """Write the page to the one path that is given; return the exit status."""
    if len(arguments) != 1:
        print(f"usage: {COMMAND}", file=sys.stderr)
        return 2
    with atomic_path(arguments[0]) as temporary:
        temporary.write_text(describe_schema(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
