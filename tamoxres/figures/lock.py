"""One thread draws at a time: matplotlib's settings belong to the whole process.

Conventions: every drawing in the house's look and every rendering holds `DRAWING`; a thread may take it again.
"""

from __future__ import annotations

import threading

__all__ = ["DRAWING"]

DRAWING = threading.RLock()
