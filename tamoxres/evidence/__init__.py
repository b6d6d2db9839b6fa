"""Published effects and studies: the hand-curated tables of `data_raw/literature` as effect rows, or a user's own.

`published` gives rows and studies, `review` the claims examined and the trials' ratios side by side, `check` says what
is wrong in a user's tables, `compare` what they change, `counts` who was left out on the way. The embedded tables were
made from abstracts and are no systematic review; read the README beside them before pooling.
"""

from .check import ExtractionCheck, check_extraction, is_extraction
from .compare import changes
from .counts import evidence_counts
from .published import OPTIONAL, derived_interactions, literature, narrowed, studies
from .review import Claim, claims, side_by_side

__all__ = [
    "OPTIONAL", "Claim", "ExtractionCheck", "changes", "check_extraction", "claims",
    "derived_interactions", "evidence_counts", "is_extraction", "literature", "narrowed", "side_by_side", "studies",
]  # fmt: skip
