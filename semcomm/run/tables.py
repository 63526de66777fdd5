"""Results as files."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from semcomm.files import write_atomically


def write_summaries(rows: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Write results.csv, a row a scenario."""
    write_atomically(path, _csv(pd.DataFrame(rows, dtype=object)))


def _csv(table: pd.DataFrame) -> bytes:
    return table.to_csv(index=False).encode()
