"""Invented women, men and families, the extracts departments would deliver about them, and the truth kept apart.

In reading order: `people` (who lives with whom, under what name, where) · `journeys` (offences and what follows, work,
treatment, homes, round by round) · `departments` (how a clerk writes a person down; the extracts, in the form of their
contracts) · `truth` (whose each row is; what became of each woman) · `synthesise` · `measures` and `achieved` (what the
records show). Every target figure stands in calibration.yaml with its source. Nobody here is or was anybody.
"""
