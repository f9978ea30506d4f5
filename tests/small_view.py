"""A small view, and invented rows of its tokens: small numbers, since nothing in matching cares what they are."""

import numpy as np
import pyarrow as pa

from linkage.contracts.encodings import View

VIEW = View.model_validate(
    {
        "needs": ["surname"],
        "tokens": {
            "forename": {"from": "forename", "key": "name"},
            "surname": {"from": "surname", "key": "name"},
            "surnames": {"from": ["surname", "other_surname"], "take": "parts", "key": "name"},
            "dob": {"from": "date_of_birth"},
            "pnc": {"from": "pnc"},
        },
        "block_on": [["pnc"], ["forename", "surname"], ["dob"]],
        "comparisons": {
            "forename": {
                "needs": ["forename"],
                "levels": [
                    {"label": "exact", "same": ["forename"], "term_frequency": "forename"},
                    {"label": "swapped", "swapped": ["forename", "surname"]},
                    {"label": "all else"},
                ],
            },
            "surname": {
                "needs": ["surname"],
                "levels": [
                    {"label": "exact", "same": ["surname"], "term_frequency": "surname"},
                    {"label": "alias", "share": ["surnames"]},
                    {"label": "all else"},
                ],
            },
            "dob": {"needs": ["dob"], "levels": [{"label": "exact", "same": ["dob"]}, {"label": "all else"}]},
            "pnc": {"needs": ["pnc"], "levels": [{"label": "exact", "same": ["pnc"]}, {"label": "all else"}]},
        },
        "training": {
            "prior_rules": [["forename", "surname", "dob"]],
            "prior_recall": 0.7,
            "em_blocks": [["dob"], ["forename", "surname"]],
            "max_pairs": 100_000,
        },
    }
)


PEOPLE = 800


def invented(seed: int = 5) -> tuple[dict[str, pa.Table], dict[int, int]]:
    """Two datasets of PEOPLE each with slips, and {view_id: person}. A few people have several equal rows."""
    rng = np.random.default_rng(seed)
    forename, surname = rng.zipf(1.4, PEOPLE) % 60, 100 + rng.integers(0, 300, PEOPLE)
    dob, pnc = 1000 + rng.integers(0, 9000, PEOPLE), 50_000 + np.arange(PEOPLE)
    tables, truth = {}, {}
    for n, dataset in enumerate(("court", "prison")):
        times = 1 + 3 * (rng.random(PEOPLE) < 0.1)
        person = np.repeat(np.arange(PEOPLE), times)
        slip = rng.random((3, PEOPLE)) < 0.05
        columns = {
            "forename": np.where(slip[0], 20_000 + np.arange(PEOPLE), forename)[person],
            "surname": np.where(slip[1], 30_000 + np.arange(PEOPLE), surname)[person],
            "dob": np.where(slip[2], 40_000 + np.arange(PEOPLE), dob)[person],
        }
        view_id = rng.permutation(1_000_000)[: len(person)] * 2 + n
        missing = (rng.random(PEOPLE) < 0.4)[person]
        tables[dataset] = pa.table(
            {"view_id": view_id} | columns
            | {"surnames": pa.array([[s] for s in columns["surname"]], pa.list_(pa.int64()))}
            | {"pnc": pa.array(pnc[person], mask=missing)}
        ).sort_by("view_id")  # fmt: skip
        truth |= dict(zip(view_id.tolist(), person.tolist(), strict=True))
    return tables, truth
