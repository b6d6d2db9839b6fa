"""One page a guideline panel could read on one marker: what is claimed, and what each kind of evidence can say of it.

Conventions: interactions within randomised trials stand first and alone carry a certainty; prognostic evidence, votes
and own cohorts stand apart, under a sentence of what they cannot show.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from ..effects import EffectEstimate
from ..endpoints import TIMED
from ..errors import TamoxresError
from ..evidence import literature
from ..evidence.tables import Extraction
from ..evidence.votes import Vote, trial_votes, votes_table
from ..files import write_whole
from ..inference.sample_size import events_for_ratio
from ..meta.body import altered_share
from ..meta.votes import direction
from ..meta.within import ASKED, Interactions, interactions_table
from ..registry import Claim, find
from ..tables.as_html import STYLE_FILE
from ..tables.cells import count_cell, effect_cell, p_cell
from ..tables.effects import EffectRows
from ..tables.table import Cell, Column, Number, Row, Table
from ..wording import percent
from ..wording.codes import timepoint_words, treatment_words
from ..wording.rows import contrast_words
from ..wording.rules import endpoint_words, measure_words, rule_words
from .interactions import interactions, own_rows

__all__ = ["MarkerPage", "marker_page"]

RATIO = 1.5  # the ratio of hazard ratios that the page's study should see
_SHARES = (0.1, 0.2, 0.3, 0.5)  # of altered patients, beside the share that rows tell
_POWERS = (0.80, 0.90)
_STYLE = (
    'body { max-width: 75rem; margin: 2rem auto; padding: 0 1rem; font-family: "DejaVu Sans", Arial, sans-serif; }\n'
)
_REFUSAL = "Nothing here is a reason to withhold, change or stop endocrine therapy."


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkerPage:
    """What is known of one marker and failure of tamoxifen.

    Attributes
    ----------
    marker : str
    claim : Claim or None
        Of the examined review.
    interactions : Interactions
        Within trials.
    votes : tuple of Vote
        Of clinical studies, one trial once.
    prognostic : EffectRows
        Published, the marker among patients treated alike or all together.
    own : EffectRows
        Of the user's cohorts.
    recalled : int
        Published interactions known from memory alone, which enter nothing.

    Examples
    --------
    >>> import tamoxres as tr
    >>> page = tr.marker_page("HER2")
    >>> page.marker, page.interactions.marker
    ('HER2', 'HER2')
    """

    marker: str
    claim: Claim | None
    interactions: Interactions
    votes: tuple[Vote, ...]
    prognostic: EffectRows
    own: EffectRows
    recalled: int

    @property
    def tables(self) -> tuple[Table, ...]:
        """The page's tables, in the order in which a panel reads them."""
        rated = self.interactions.certainty()
        title = f"{self.marker}: interactions of marker and treatment within trials"
        trials = interactions_table([self.interactions]).titled(title)
        trials = trials.with_footnotes(*self.interactions.ratings(but=ASKED))
        if self.recalled:
            trials = trials.with_footnotes(f"Interactions known from memory alone, left out: {self.recalled}.")
        return (
            _claim_table(self), trials, _of_tamoxifen(rated.table()),
            *([_of_tamoxifen(self.interactions.iceman())] if rated.k else []),
            *([votes_table(self.votes)] if self.votes else []),
            _apart(self.prognostic, "Prognostic evidence, published", _PROGNOSTIC),
            _apart(self.own, "Own cohorts", _OWN), _settles(self),
        )  # fmt: skip

    def to_markdown(self) -> str:
        """Write the page as Markdown."""
        return "\n".join(
            [f"# {self.marker} and failure of tamoxifen\n", *(table.to_markdown() for table in self.tables)]
        )

    def to_html(self) -> str:
        """Write the page as an HTML document."""
        title = escape(f"{self.marker} and failure of tamoxifen")
        body = "\n".join(table.to_html() for table in self.tables)
        style = f"{STYLE_FILE.read_text(encoding='utf-8')}{_STYLE}"
        return (
            f'<!doctype html>\n<html lang="en">\n<head><meta charset="utf-8"><title>{title}</title>\n'
            f"<style>\n{style}</style></head>\n<body>\n<h1>{title}</h1>\n{body}\n</body>\n</html>\n"
        )

    def save(self, path: str | Path) -> Path:
        """Write the page to an .html or .md file, whole or not at all.

        Raises
        ------
        TamoxresError
            If the file ends otherwise.
        """
        target = Path(path)
        writers = {".html": self.to_html, ".md": self.to_markdown}
        if target.suffix.lower() not in writers:
            raise TamoxresError(f"{target.name}: a marker's page is written as .html or .md; end the name with one.")
        return write_whole(target, writers[target.suffix.lower()]())

    def __str__(self) -> str:
        return self.to_markdown()

    def _repr_html_(self) -> str:
        return "\n".join(str(table._repr_html_()) for table in self.tables)


_PROGNOSTIC = (
    "Among patients treated alike, or all together: an outcome that differs by marker is prognosis; whether treatment "
    "works differently these rows cannot show. Worse or better: the side of a test without a number, where it is told."
)
_OWN = (
    "Rows of your own cohorts. Where treatment was not randomised they enter no pool and no certainty, whatever their "
    "interval."
)


def marker_page(
    marker: str,
    *,
    own: Iterable[EffectEstimate] = (),
    data: str | Path | Extraction | None = None,
    merge: bool = False,
) -> MarkerPage:
    """Put together what is known of one marker and failure of tamoxifen, each kind of evidence by itself.

    Parameters
    ----------
    marker : str
        By any of its names.
    own : iterable of EffectEstimate
        Rows of your own cohorts, such as effects.csv of a report; of this marker's interactions and prognostic effects
        one a question is taken, that with most covariates.
    data, merge
        As in `literature`.

    Returns
    -------
    MarkerPage

    Raises
    ------
    QuestionError
        If the marker is unknown.

    Examples
    --------
    >>> page = marker_page("PTEN")
    >>> [table.title for table in page.tables][0]
    'PTEN: the claim, and how sure randomised evidence makes us'
    """
    about, given = find(marker), list(own)
    in_tables = bool(about.evidence_name)
    published: dict[str, Any] = {"marker": about.name, "data": data, "merge": merge}
    prognostic = literature(estimand="prognostic", **published) if in_tables else EffectRows()
    every = literature(estimand="interaction", include="recalled", **published) if in_tables else EffectRows()
    return MarkerPage(
        marker=about.label, claim=about.claim,
        interactions=interactions(marker=about.name, own=given, data=data, merge=merge),
        votes=trial_votes(about.name, data=data, merge=merge) if in_tables else (),
        prognostic=prognostic, own=EffectRows(own_rows(given, about)),
        recalled=sum(row.flagged("recalled") for row in every),
    )  # fmt: skip


def _of_tamoxifen(table: Table) -> Table:
    """Say in a table's title which comparison it rates."""
    return table.titled(f"{table.title}: {contrast_words('tamoxifen', 'none')}")


def _claim_table(page: MarkerPage) -> Table:
    rated, claim = page.interactions.certainty(), page.claim
    told = [("The review claims", claim.statement if claim else "nothing of this marker")]
    if claim is not None:
        told += [("Of the altered state", claim.altered), ("The review", claim.citation)]
    told += [
        ("Randomised trials of tamoxifen against none", str(rated.k)),
        ("Certainty that tamoxifen does less where altered", rated.for_modification),
        ("Certainty that the marker does not modify its effect", rated.of_none),
    ]
    return Table(
        title=f"{page.marker}: the claim, and how sure randomised evidence makes us",
        columns=(Column("What"), Column("Told")), rows=tuple(Row.of(*pair) for pair in told), footnotes=(_REFUSAL,),
    )  # fmt: skip


def _apart(rows: Sequence[EffectEstimate], title: str, note: str) -> Table:
    heads = (
        Column("Study"), Column("Measure"), Column("Treatment"), Column("Endpoint"), Column("Altered"),
        Column("N", "count"), Column("Events", "count"), Column("Altered over unaltered (95% CI)", "ratio"),
        Column("P", "p"),
    )  # fmt: skip
    return Table(
        title=title, columns=heads, rows=tuple(map(_line, rows)),
        footnotes=(note, *_short(rows)) if rows else ("None.",),
    )  # fmt: skip


def _line(row: EffectEstimate) -> Row:
    estimated = row.status == "estimated"
    value = effect_cell(row) if estimated else Cell(direction(row) or "side not told", (), row.row_id)
    measure = measure_words(row.measure, row.estimand) if estimated else "test alone"
    texts = (row.label, measure, _treatment(row), _endpoint(row), rule_words(row.rule))
    counts = (count_cell(row.n), count_cell(row.events))
    return Row((*map(Cell, texts), *counts, value, p_cell(row.p_value, row.row_id)))


def _endpoint(row: EffectEstimate) -> str:
    """Write the endpoint, with the time at which it was read where the row tells one."""
    return " ".join(filter(None, (endpoint_words(row.endpoint), timepoint_words(row.flags))))


def _short(rows: Iterable[EffectEstimate]) -> tuple[str, ...]:
    """Spell out the endpoints that are written short."""
    used = sorted({row.endpoint for row in rows})
    names = [f"{code}, {TIMED[code].name}" for code in used if code in TIMED]
    names += ["ORR, objective response"] if "ORR" in used else []
    return (f"{'; '.join(names)}.",) if names else ()


def _treatment(row: EffectEstimate) -> str:
    if row.treatment_0:
        return row.treatment_contrast.replace("_", " ")
    if row.treated_alike == "no":
        return "treated and untreated"
    return treatment_words(row.treatment_1) if row.treatment_1 else "not told"


def _settles(page: MarkerPage) -> Table:
    """Print the events that a trial needs for a ratio of 1.5, by the share of altered patients."""
    told = altered_share([*page.interactions.effects, *page.own])
    shares = sorted({*_SHARES, *([max(0.01, round(told, 2))] if told else [])})
    rows = []
    for share in shares:
        events = [events_for_ratio(RATIO, altered=share, power=power) for power in _POWERS]
        cells = [Cell(f"{n:,}", (Number(n, "#,##0"),)) for n in events]
        rows.append(Row((Cell(percent(share, 0)), *cells)))
    known = f"{percent(told, 0)} by the rows that tell it" if told else "told by no row"
    return Table(
        title="What would settle it: a trial of tamoxifen against none, or stored samples of one, for a ratio of "
        f"{RATIO:g}",
        columns=(
            Column("Share altered"),
            *(Column(f"Events, power {percent(power, 0)}", "count") for power in _POWERS),
        ),
        rows=tuple(rows),
        footnotes=(
            f"Two-sided 5%, arms of equal size; the share of altered patients is {known}. Peterson and George 1993; "
            "Schmoor 2000.",
        ),
    )
