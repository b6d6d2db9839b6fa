"""The figure of the benchmarks: seconds of each peer on a log axis, a panel a task, read from the written table."""

from __future__ import annotations

from pathlib import Path

from tamoxres.figures.save import figure_bytes
from tamoxres.figures.style import ACCENT, INK, LIGHT, MID, HouseFigure, use_style

HEADER = "| task | who | seconds |"
LINE, HEAD, FOOT, LABELS, WIDE = 11.0, 20.0, 26.0, 175.0, 496.0  # points

Rows = dict[str, list[tuple[str, float, bool]]]


def rows_of(text: str) -> Rows:
    """Return who took how many seconds, by task, and whether extrapolated, of a Markdown table with `HEADER`."""
    rows: Rows = {}
    lines = iter(text.splitlines())
    if not any(line.startswith(HEADER) for line in lines):
        return rows
    next(lines)
    for line in lines:
        if not line.startswith("|"):
            break
        task, who, seconds, _, note = (cell.strip() for cell in line.strip("|").split("|"))
        if seconds != "-" and not task.startswith("growth"):
            rows.setdefault(task, []).append((who, float(seconds.replace(",", "")), note.startswith("from")))
    return rows


def draw(rows: Rows, path: Path) -> None:
    """Draw a panel a task, a line a peer: tamoxres in the accent colour, hollow where extrapolated."""
    high = sum(HEAD + LINE * len(peers) for peers in rows.values()) + FOOT
    seconds = [value for peers in rows.values() for _, value, _ in peers]
    low, top = min(seconds) / 2, max(seconds) * 6
    with use_style():
        figure = HouseFigure(figsize=(WIDE / 72, high / 72))
        at = high
        for task, peers in rows.items():
            at -= HEAD + LINE * len(peers)
            box = (LABELS / WIDE, at / high, 1 - (LABELS + 12) / WIDE, LINE * len(peers) / high)
            ax = figure.add_axes(box, xscale="log", xlim=(low, top), ylim=(len(peers) - 0.5, -0.5))
            ax.set_title(task, loc="left", fontsize=7, fontweight="bold", color=INK, pad=3)
            ax.set_yticks(range(len(peers)), [who for who, _, _ in peers])
            ax.tick_params(axis="y", length=0)
            ax.spines["left"].set_visible(False)
            for line, (who, value, extrapolated) in enumerate(peers):
                colour = ACCENT if who.startswith("tamoxres") else MID
                ax.plot([low, value], [line, line], color=LIGHT, linewidth=0.6)
                ax.plot(
                    value, line, "o", markersize=4, color=colour, markerfacecolor="white" if extrapolated else colour
                )
                ax.annotate(f"{value:,.3g}" if value < 100 else f"{value:,.0f}", (value, line), (5, 0),
                            textcoords="offset points", va="center", fontsize=6)  # fmt: skip
            ax.tick_params(axis="x", which="both", labelbottom=False)
        ax.tick_params(axis="x", which="major", labelbottom=True)
        ax.xaxis.set_major_formatter("{x:,g}")
        ax.set_xlabel("seconds (log scale); hollow: extrapolated")
        path.write_bytes(figure_bytes(figure, "svg"))
