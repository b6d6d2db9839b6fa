"""Models: each takes an AnalysisSet and gives a frozen result or effect rows; one file each."""
