"""Markers: named, cited rules that call a tumour altered or unaltered; one file per member of the pathway."""
