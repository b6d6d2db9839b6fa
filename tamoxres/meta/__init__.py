"""Meta-analysis of effect rows: numbers in functions of plain arrays, results as small frozen types.

Nothing here knows patients or cohorts; `pool` takes `EffectEstimate` rows, published and own alike.
"""
