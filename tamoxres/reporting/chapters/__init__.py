"""The chapters of the report: each takes findings and gives sections; nothing here computes an estimate."""
