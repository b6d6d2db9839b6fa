"""The papers that several rules follow."""

from __future__ import annotations

__all__ = ["CARPTEN", "CURTIS", "GRUVBERGER_SAAL", "MERMEL", "PEREIRA", "PORTAL", "RAMASWAMY", "STEMKE_HALE", "TCPA"]

CARPTEN = "Carpten 2007, doi:10.1038/nature05933"
CURTIS = "Curtis 2012, doi:10.1038/nature10983"
GRUVBERGER_SAAL = "Gruvberger-Saal 2007, PMID 17404078; Saal 2005, PMID 15805248"
MERMEL = "Mermel 2011, doi:10.1186/gb-2011-12-4-r41"
PEREIRA = "Pereira 2016, doi:10.1038/ncomms11479"
PORTAL = "Cerami 2012, doi:10.1158/2159-8290.CD-12-0095 (z-score threshold of cBioPortal)"
RAMASWAMY = "Ramaswamy 2012, Cancer Res 72:5048"
STEMKE_HALE = "Stemke-Hale 2008, doi:10.1158/0008-5472.CAN-07-6854"
TCPA = "Li 2013, doi:10.1038/nmeth.2650"
