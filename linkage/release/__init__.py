"""Sees counts, and decides what may leave.

Read in this order: `columns` (what a published row holds), `primary` (which counts are too few by themselves),
`coarser` (breakdowns left out), `draft`, `joint`, `joined` and `every` (all tables as one problem), `before` (with what
left earlier), `suppress` (which cells hide the others), `control` (counts in, publishable rows out), `frequency`
(numbers of events beside them), `codes` (what the codes in rows stand for), `publish` (the files), `auditor` (these,
judged by code of its own), `ledger` (what left). `given`, `frames`: the same for any tidy table.
"""

from linkage.release.auditor.frames import FrameAudit, Limits, audit
from linkage.release.frames import Protected, Rules, protect
from linkage.release.suppress.solve import Effort

__all__ = ["Effort", "FrameAudit", "Limits", "Protected", "Rules", "audit", "protect"]
