"""Markers: one declaration each, with the rules that call it altered or unaltered."""
