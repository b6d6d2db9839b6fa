"""Judgements on effect rows: verdict, equivalence, E-values, families of tests, Gail and Simon, Rubin's rules."""
