"""How a planted surname, birth date and National Insurance number, and the keys, are looked for, and would be found.

test_pipeline and test_up look for them downstream.
"""

import base64
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from conftest import PLANTED, RECORD_KEY, TEST_KEY

SECRETS = {
    "surname": (PLANTED.surname,),
    "date of birth": tuple(PLANTED.born.strftime(form) for form in ("%Y-%m-%d", "%d/%m/%Y", "%d-%m-%Y", "%Y%m%d")),
    "National Insurance number": (PLANTED.nino,),
    "key": (TEST_KEY, RECORD_KEY),
}


def forms(secret: str) -> Iterator[bytes]:
    """The ways in which a secret may stand in a file."""
    for text in {secret, secret.lower(), secret.upper()}:
        yield text.encode()
        yield text.encode("utf-16-le")
        yield text.encode().hex().encode()
        for padding in range(3):  # base64 of a text depends on where in a group of three it begins
            yield base64.b64encode(b"\0" * padding + text.encode())[4 * bool(padding) : -4]
    if secret in (TEST_KEY, RECORD_KEY):
        yield bytes.fromhex(secret)
        yield base64.b64encode(bytes.fromhex(secret))[:-4]


def contents(path: Path) -> Iterator[bytes]:
    """What a file says: its bytes, and the values in it where they are packed."""
    yield path.read_bytes()
    with duckdb.connect() as con:
        if path.suffix == ".parquet":
            yield repr(con.sql(f"select columns(*)::varchar from '{path}'").fetchall()).encode()
    if path.suffix == ".duckdb":
        with duckdb.connect(str(path), read_only=True) as con:
            for (table,) in con.execute("select table_name from duckdb_tables()").fetchall():
                yield repr(con.execute(f'select columns(*)::varchar from "{table}"').fetchall()).encode()


def found_in(folder: Path, leave_out: tuple[Path, ...] = ()) -> dict[str, list[str]]:
    """{what: the files it is in} of every file below `folder`."""
    found: dict[str, list[str]] = {}
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        if any(path.is_relative_to(left) for left in leave_out):
            continue
        said = list(contents(path))
        for what, secrets in SECRETS.items():
            if any(form in content for content in said for secret in secrets for form in forms(secret)):
                found.setdefault(what, []).append(str(path.relative_to(folder)))
    return found


@pytest.mark.parametrize("what", sorted(SECRETS))
def test_the_same_search_would_find_it_in_each_kind_of_file_downstream(tmp_path, what):
    secret = SECRETS[what][0]
    duckdb.from_arrow(pa.table({"column": [secret] * 3})).write_parquet(str(tmp_path / "a.parquet"), compression="zstd")
    with duckdb.connect(str(tmp_path / "b.duckdb")) as con:
        con.execute("create table t as select ? as c from range(5000)", [secret])
    with sqlite3.connect(tmp_path / "c.db") as con:
        con.execute("create table log (line text)")
        con.execute("insert into log values (?)", [f"a value {secret} in a message"])
    (tmp_path / "d.log").write_text(f"cannot convert {secret.lower()} to a number")
    (tmp_path / "e.json").write_bytes(base64.b64encode(f"{{'value': '{secret}'}}".encode()))
    assert found_in(tmp_path)[what] == ["a.parquet", "b.duckdb", "c.db", "d.log", "e.json"]
