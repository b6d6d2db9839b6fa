"""Sentences that claim more than such data can show, found in the report itself and in any Markdown.

Four rules. A sentence that speaks of prediction or resistance without the interaction; one that reads two P values
against each other ("significant in A but not in B"); one that takes a large P for "no difference"; and one that calls
patients of a cohort tamoxifen-treated where the drug is not named. Words in quotation marks are somebody else's and are
not read; a question, and a negation of the claim itself ("cannot be called predictive"), are no claims.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["Flag", "check_claims"]

_QUOTED = re.compile(r"“[^”]*”|\"[^\"\n]*\"|`[^`\n]*`")
_SENTENCE = re.compile(r"(?<=[.!?])[\"')\]]*\s+(?=[A-Z(\[*_])|(?<=\?)\s+|\n\s*\n|\n(?=\s*(?:[-*+|>#]|\d+\.)\s)")
_CLAIM = re.compile(
    r"\bpredictive\b|\bpredict(?:s|ed|or)?\b(?=[^.]{0,60}\b(?:fail|resist|respon|benefit|tamoxifen|endocrine|treatment))"
    r"|\bresistan(?:ce|t)\b",
    re.IGNORECASE,
)
_EVIDENCE = re.compile(
    r"\binteractions?\b|\bratios? of (?:the )?(?:hazard ratios|HRs)\b|\bdoes not show\b|\bstays open\b", re.IGNORECASE
)
_DENIED = re.compile(
    r"\b(?:cannot|can not|can never|must not|never|not|no evidence|no marker is shown|whether|claims?|question|asks?|if"
    r"|how sure)\b",
    re.IGNORECASE,
)
_TWO_P = re.compile(
    r"\bsignifican(?:t|ce|tly)\b.{0,80}\b(?:but|while|whereas|and|although)\b.{0,30}\bnot\b(?!\s+only\b)", re.IGNORECASE
)
_NOTHING = re.compile(
    r"\b(?:no|without(?: any)?)(?: statistically)?(?: significant)? "
    r"(?:difference|effect|association|impact|influence)s?\b"
    r"|\b(?:did|does|do) not differ\b|\bnot (?:associated|related)\b|\bonly prognostic\b",
    re.IGNORECASE,
)
_MARGIN = re.compile(
    r"\bmargin\b|\bequivalen|\bnot evidence of\b|\bnot\b.{0,25}\bread as\b|\bnever\b|\bclaims?\b"
    r"|\bnot (?:the same as|proof of)\b",
    re.IGNORECASE,
)
_TAMOXIFEN = re.compile(r"\btamoxifen[- ]treated\b|\btreated with tamoxifen\b|\bpatients on tamoxifen\b", re.IGNORECASE)
_UNNAMED = re.compile(r"\bMETABRIC\b|\bSCAN-B\b", re.IGNORECASE)
_SAID = re.compile(
    r"\bnot named?\b|\bunspecified\b|\bunnamed\b|\bwithout the name\b|\bnever\b|\bnot appear\b", re.IGNORECASE
)
_WHY = {
    "interaction": "prediction and resistance are about the interaction of marker and treatment; name it",
    "two P values": "a difference in significance is not a significant difference; give the interaction",
    "no difference": "a large P does not show that there is none; give the interval, or a margin it lies within",
    "drug": "the cohort does not name the drug; say endocrine-treated",
}


@dataclass(frozen=True, slots=True)
class Flag:
    """A sentence that claims too much.

    Attributes
    ----------
    line : int
        Where it begins.
    rule : "interaction" | "two P values" | "no difference" | "drug"
    sentence : str
    """

    line: int
    rule: str
    sentence: str

    @property
    def why(self) -> str:
        """What is wrong, and what to write."""
        return _WHY[self.rule]

    def __str__(self) -> str:
        return f"line {self.line}, {self.rule}: {self.why}. “{self.sentence}”"


def check_claims(text: str) -> list[Flag]:
    """Find the sentences of a text or Markdown that claim more than such data can show.

    Examples
    --------
    >>> [flag.rule for flag in check_claims("HER2 gain is predictive of tamoxifen failure (P = 0.01).")]
    ['interaction']
    >>> check_claims("Whether HER2 predicts failure of tamoxifen stays open.")
    []
    """
    return [Flag(line, rule, sentence) for line, sentence in _sentences(text) for rule in _broken(sentence)]


def _sentences(text: str) -> Iterator[tuple[int, str]]:
    start = 0
    hidden = _QUOTED.sub(lambda found: "\N{BULLET}" * len(found.group()), text)  # a quotation may hold sentences
    ends = [found.span() for found in _SENTENCE.finditer(hidden)]
    for stop, following in [*ends, (len(text), len(text))]:
        piece = text[start:stop]
        lead = len(piece) - len(piece.lstrip())
        if piece.strip():
            yield text.count("\n", 0, start + lead) + 1, " ".join(piece.split())
        start = following


def _broken(sentence: str) -> Iterator[str]:
    own = _QUOTED.sub("", sentence)
    if own.rstrip("*_) ").endswith("?"):
        return
    if _CLAIM.search(own) and not _EVIDENCE.search(own) and not _DENIED.search(own):
        yield "interaction"
    if _TWO_P.search(own):
        yield "two P values"
    if _NOTHING.search(own) and not _MARGIN.search(own):
        yield "no difference"
    if _TAMOXIFEN.search(own) and _UNNAMED.search(own) and not _SAID.search(own):
        yield "drug"
