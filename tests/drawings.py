"""Tables as drawings: integers, decimals, ISO dates, true/false, words; `-` is null, `[1 2]` a list."""

import datetime
import re
from typing import Any

import pyarrow as pa


def drawn(drawing: str) -> pa.Table:
    """The drawing as an Arrow table: first line the names, then a line a row."""
    lines = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in drawing.strip().splitlines()]
    names, rows = lines[0], lines[1:]
    return pa.table({name: [value(row[i]) for row in rows] for i, name in enumerate(names)})


def value(cell: str) -> Any:
    """One cell of a drawing."""
    if cell in ("-", ""):
        return None
    if cell.startswith("["):
        return [value(part) for part in cell[1:-1].split()]
    if cell in ("true", "false"):
        return cell == "true"
    if re.fullmatch(r"-?\d+", cell):
        return int(cell)
    if re.fullmatch(r"-?\d+\.\d+", cell):
        return float(cell)
    if re.fullmatch(r"\d{4}-\d\d-\d\d", cell):
        return datetime.date.fromisoformat(cell)
    return cell
