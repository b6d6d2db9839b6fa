"""Effect rows: one estimate or test with its question, its counts and where it came from.

Above an `EffectEstimate` everything speaks patients, below it everything speaks effect rows.
"""

from .estimate import CONTRASTS, DESIGNS, ESTIMANDS, MEASURES, RATIO_MEASURES, STATUSES, EffectEstimate
from .rows import COLUMNS, effects_from_frame, effects_to_csv, effects_to_frame, effects_to_json, read_effects

__all__ = [
    "COLUMNS", "CONTRASTS", "DESIGNS", "ESTIMANDS", "MEASURES", "RATIO_MEASURES", "STATUSES", "EffectEstimate",
    "effects_from_frame", "effects_to_csv", "effects_to_frame", "effects_to_json", "read_effects",
]  # fmt: skip
