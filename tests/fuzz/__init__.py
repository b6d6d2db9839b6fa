"""Hostile inputs for everything that reads: strategies, targets, and the rule that only our sentences come back."""
