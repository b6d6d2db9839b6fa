"""Questions put to cohorts: an answer, its sensitivity to choices, and what moved between two releases."""
