"""Endpoints of breast-cancer studies by STEEP 2.0: which events end the interval, and which compete with it.

An endpoint is the set of its component events. Deaths that are not among them *compete*: they are not censored away
when an absolute risk is estimated. Endpoints that publications use and STEEP does not define (`PUBLISHED`) are known by
name only, and are never pooled with STEEP endpoints unless the caller maps them.

References
----------
Tolaney SM et al. 2021, doi:10.1200/JCO.20.03613 (STEEP 2.0).
Hudis CA et al. 2007, doi:10.1200/JCO.2006.10.3523 (STEEP).
"""

from __future__ import annotations

from dataclasses import dataclass

from .vocabulary import choose

__all__ = [
    "BCFI", "BCSS", "DRFI", "DRFS", "GENERAL", "IBCFS", "IDFS", "OS", "OTHER_DEATH", "PUBLISHED", "RFI", "RFS",
    "STEEP", "TIMED", "Endpoint", "endpoint",
]  # fmt: skip

_LOCAL, _DISTANT = "invasive local or regional recurrence", "distant recurrence"
_CANCER_DEATH, _OTHER_DEATH = "death from breast cancer", "death from another or unknown cause"
_CONTRALATERAL, _SECOND = "invasive contralateral breast cancer", "second primary invasive cancer, not breast"
_DCIS = "ductal carcinoma in situ"
_STEEP_2 = "Tolaney 2021, doi:10.1200/JCO.20.03613"


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A time-to-event endpoint: its component events, and the deaths that compete with them.

    Attributes
    ----------
    code : str
        The abbreviation that stands in effect rows, such as `BCSS`.
    name : str
    events : tuple of str
        Component events; the first of them ends the interval.
    competing : tuple of str
        Deaths that make the events impossible (empty when every death is an event).
    reference : str
    """

    code: str
    name: str
    events: tuple[str, ...]
    competing: tuple[str, ...] = ()
    reference: str = _STEEP_2

    def __str__(self) -> str:
        return self.code

    @property
    def months(self) -> str:
        """Name of the harmonised time column, in months of 365.25/12 days."""
        return f"{self.code}_months"

    @property
    def event(self) -> str:
        """Name of the harmonised event column: 0 censored, 1 event, 2 competing death."""
        return f"{self.code}_event"


OS = Endpoint(code="OS", name="overall survival", events=(_CANCER_DEATH, _OTHER_DEATH))
BCSS = Endpoint(code="BCSS", name="breast-cancer-specific survival", events=(_CANCER_DEATH,), competing=(_OTHER_DEATH,))
RFI = Endpoint(
    code="RFI", name="recurrence-free interval", events=(_LOCAL, _DISTANT, _CANCER_DEATH), competing=(_OTHER_DEATH,)
)
RFS = Endpoint(code="RFS", name="recurrence-free survival", events=(_LOCAL, _DISTANT, _CANCER_DEATH, _OTHER_DEATH))
DRFI = Endpoint(
    code="DRFI", name="distant recurrence-free interval", events=(_DISTANT, _CANCER_DEATH), competing=(_OTHER_DEATH,)
)
DRFS = Endpoint(code="DRFS", name="distant recurrence-free survival", events=(_DISTANT, _CANCER_DEATH, _OTHER_DEATH))
IDFS = Endpoint(
    code="IDFS",
    name="invasive disease-free survival",
    events=(_LOCAL, _DISTANT, _CONTRALATERAL, _SECOND, _CANCER_DEATH, _OTHER_DEATH),
)
IBCFS = Endpoint(
    code="IBCFS",
    name="invasive breast cancer-free survival",
    events=(_LOCAL, _DISTANT, _CONTRALATERAL, _CANCER_DEATH, _OTHER_DEATH),
)
BCFI = Endpoint(
    code="BCFI",
    name="breast cancer-free interval",
    events=(_LOCAL, _DISTANT, _CONTRALATERAL, _DCIS, _CANCER_DEATH),
    competing=(_OTHER_DEATH,),
    reference="Hudis 2007, doi:10.1200/JCO.2006.10.3523",
)

STEEP = {e.code: e for e in (OS, BCSS, RFI, RFS, DRFI, DRFS, IDFS, IBCFS, BCFI)}


def _general(code: str, name: str) -> Endpoint:
    """Make an endpoint that studies define each in their own way; a cohort declares the components of its own."""
    return Endpoint(code=code, name=name, events=("as the study defines it",), reference="")


TIMED = STEEP | {
    e.code: e
    for e in (
        _general("DFS", "disease-free survival"), _general("EFS", "event-free survival"),
        _general("PFS", "progression-free survival"), _general("TTP", "time to progression"),
        _general("TTF", "time to treatment failure"),
    )
}  # fmt: skip
PUBLISHED = ("DFS", "PFS", "TTP", "TTF", "EFS", "ORR", "treatment_failure", "KI67_change")
OTHER_DEATH = Endpoint(
    code="other_cause_death", name="death from another cause", events=(_OTHER_DEATH,), competing=(_CANCER_DEATH,),
    reference="Lipsitch 2010, doi:10.1097/EDE.0b013e3181d61eeb (negative controls)",
)  # fmt: skip
GENERAL = (*PUBLISHED, OTHER_DEATH.code)  # known by name alone; never pooled with STEEP endpoints unless mapped


def endpoint(code: str | Endpoint) -> Endpoint:
    """Find an endpoint by its code: a STEEP one, or a general one (DFS, EFS, PFS, TTP, TTF).

    Raises
    ------
    QuestionError
        If no endpoint has the code.

    Examples
    --------
    >>> endpoint("bcss").name
    'breast-cancer-specific survival'
    """
    if isinstance(code, Endpoint):
        return code
    return TIMED[choose("endpoint", str(code).upper() if isinstance(code, str) else code, tuple(TIMED))]
