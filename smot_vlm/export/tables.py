"""CSV and Parquet: boxes, people and interactions, a file each."""

import csv
import io

from smot_vlm.structures import Description
from smot_vlm.structures.tables import TABLES, dataframe, table
from smot_vlm.system.printing import printable

# A cell that begins so is a formula to spreadsheets.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def to_csv(description: Description) -> dict[str, str]:
    """Three files with a header line each.

    Args:
        description: any.

    Returns:
        Content by name of file.
    """
    files = {}
    for kind in TABLES:
        columns, rows = table(description, kind)
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([_cell(row[name]) for name in columns] for row in rows)
        files[f"{kind}.csv"] = text.getvalue()
    return files


def to_parquet(description: Description) -> dict[str, bytes]:
    """Three files with the types of their columns.

    Args:
        description: any.

    Returns:
        Content by name of file.

    Raises:
        ImportError: pandas or pyarrow is not installed.
    """
    try:
        return {f"{kind}.parquet": dataframe(description, kind).to_parquet(None, index=False) for kind in TABLES}
    except ImportError as error:
        raise ImportError("Parquet needs pandas and pyarrow: pip install 'smot-vlm[tables]'") from error


def _cell(value: object) -> object:
    """Text that a spreadsheet would run as a formula is quoted, as OWASP advises; what steers a terminal is escaped."""
    if not isinstance(value, str):
        return value
    text = printable(value, keep="\n\r\t")
    return f"'{text}" if text.startswith(_FORMULA) else text
