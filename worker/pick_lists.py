"""Pick lists as CSV: what a picker's printer or handheld takes."""

from __future__ import annotations

import csv
import io
import json

from contracts.errors import ProblemError

COLUMNS = ("batch", "stop", "location", "sku", "quantity", "x_m", "y_m", "batch_distance_m")


def pick_list_csv(result_text: str) -> str:
    """One row per stop, in walking order (RFC 4180). `result_text`: an OptimizeResult whose solution has batches."""
    result = json.loads(result_text)
    batches = result["solution"].get("batches")
    if batches is None:
        raise ProblemError("invalid", f"a {result['problem']} result has no pick lists; fetch it as JSON")
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for batch in batches:
        for number, stop in enumerate(batch["stops"], start=1):
            row = (
                batch["id"],
                number,
                _safe(stop["location"]),
                _safe(stop["sku"]),
                stop["quantity"],
                stop["x_m"],
                stop["y_m"],
            )
            writer.writerow((*row, round(batch["distance_m"], 2)))
    return out.getvalue()


def _safe(text: str) -> str:
    """A cell that a spreadsheet will not run as a formula (OWASP, CSV injection)."""
    return f"'{text}" if text[:1] in "=+-@\t\r" else text
