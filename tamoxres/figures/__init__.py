"""Figures: rows in, Axes out. The only door of matplotlib; nothing here knows a cohort or fits a model."""
