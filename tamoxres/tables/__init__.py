"""Tables: rows in, a `Table` out, printed alike in every format; nothing here knows a cohort or fits a model."""
