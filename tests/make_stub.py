"""Writes tamoxres/__init__.pyi, what type checkers and editors see of the lazy names: `make stub`."""

from __future__ import annotations

from pathlib import Path

import tamoxres

STUB = Path(tamoxres.__file__).with_suffix(".pyi")


def stub() -> str:
    """Return the stub that fits the table of lazy names."""
    where = {name: home for home, names in tamoxres._HOMES.items() for name in names}
    imports = [f"from .{where[name]} import {name} as {name}\n" for name in where]
    names = "".join(f'    "{name}",\n' for name in tamoxres.__all__)
    return (
        "# Made by `make stub` from the table of lazy names in __init__.py; edit that.\n"
        f"\n{''.join(sorted(imports))}\n__version__: str\n__all__ = [\n{names}]\n"
    )


if __name__ == "__main__":
    STUB.write_text(stub(), encoding="utf-8")
