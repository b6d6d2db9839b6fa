"""Cox regression on plain arrays: one fit that serves registries, and batches of fits that serve screens."""
