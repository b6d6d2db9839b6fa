"""Effect rows: one estimate or test with its question, its counts and where it came from.

Above an `EffectEstimate` everything speaks patients, below it everything speaks effect rows.
"""

from .agreement import Doubt, doubts, doubts_of
from .estimate import EffectEstimate
from .rows import (
    COLUMNS,
    SCHEMA,
    effects_from_frame,
    effects_to_csv,
    effects_to_frame,
    effects_to_json,
    effects_to_xlsx,
    from_printed,
    rows_of,
    unread_columns,
)
from .rows_many import read_effects

__all__ = [
    "COLUMNS", "SCHEMA", "Doubt", "EffectEstimate", "doubts", "doubts_of", "effects_from_frame", "effects_to_csv",
    "effects_to_frame", "effects_to_json", "effects_to_xlsx", "from_printed", "read_effects", "rows_of",
    "unread_columns",
]  # fmt: skip
