"""Reading a registry's file in whatever form it comes: one room for each form, one door (`tables.read_table`).

Conventions: cells become text, an empty cell is None, and whatever was detected rather than given is said
(`Reading.options`, `Reading.remarks`). Text becomes numbers in `tamoxres.files.numbers`, and how much is read of any
one file stands in `tamoxres.files.LIMITS`.
"""
