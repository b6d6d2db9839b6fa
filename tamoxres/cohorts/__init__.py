"""Cohorts: one file each, brought into one schema; `catalogue` finds and loads them."""
