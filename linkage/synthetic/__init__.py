"""Invented women, men and families, the extracts departments would deliver about them, and the truth kept apart.

In reading order: `population` (who lives with whom, under what name, where) · `careers`, `courts`, `custody`,
`liberty`, `journeys` (lives in contact with justice, round by round) · `everyday` (work and treatment of everybody
else) · `mistakes` (how a clerk writes a person down) · `justice`, `registers` (the extracts) · `delivery` (in the form
of their contracts) · `truth`, `answers` (whose each row is; what became of each woman) · `synthesise`. Every target
figure stands in calibration.yaml with its source; names and places in names.yaml and geography.yaml. Nobody here is or
was anybody.
"""
