"""The files of a delivery, in the form of their contracts, and the dictionary beside them."""

import dataclasses
import datetime
import io
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
from small_deliveries import AIMS, NAMES

from linkage.contracts.dataset import Column, Dataset
from linkage.errors import ContractError
from linkage.synthetic.departments.delivery import Delivery, date_to_spoil, in_form, never_a_day, part
from linkage.synthetic.departments.dictionary import SOURCES, dictionary
from linkage.synthetic.departments.mistakes import LABELS

# -- files ----------------------------------------------------------------------------------------------------------


def written(rows: pd.DataFrame, dataset: Dataset, path: Path) -> bytes:
    """The bytes of a delivery of these rows in two parts."""
    half = len(rows) // 2
    with Delivery(dataset, path) as delivery:
        delivery.append(part(rows.iloc[:half], dataset))
        delivery.append(part(rows.iloc[half:], dataset))
    return path.read_bytes()


@pytest.mark.parametrize("name", NAMES)
def test_an_extract_has_the_columns_and_the_form_of_its_contract(name, datasets, late, tmp_path):
    dataset = datasets[name]
    content = written(late[name].rows, dataset, tmp_path / dataset.path)
    wanted = [column.name for column in dataset.columns]
    if dataset.format == "parquet":
        file = pq.ParquetFile(io.BytesIO(content))
        assert file.schema_arrow.names == wanted
        assert file.num_row_groups == 2
        return
    lines = content.decode(dataset.encoding).splitlines()
    assert lines[0].split(dataset.delimiter) == wanted
    assert len(lines) == 1 + len(late[name].rows)
    assert all(line.count(dataset.delimiter) == len(wanted) - 1 for line in lines)
    for column in (c for c in dataset.columns if c.type == "date"):
        values = {line.split(dataset.delimiter)[wanted.index(column.name)] for line in lines[1:]}
        for value in values - {"", never_a_day(column)}:
            datetime.datetime.strptime(value, column.date_format)


def test_every_department_can_deliver_csv_and_parquet_with_the_same_content(datasets, late, tmp_path):
    for name in NAMES:
        csv, parquet = in_form(datasets[name], "csv"), in_form(datasets[name], "parquet")
        assert (csv.path, parquet.path) == (f"{name}.csv", f"{name}.parquet")
        text = io.BytesIO(written(late[name].rows, csv, tmp_path / csv.path))
        typed = pq.read_table(io.BytesIO(written(late[name].rows, parquet, tmp_path / parquet.path)))
        read = pd.read_csv(text, dtype=str, keep_default_na=False)
        plain = typed.to_pandas().astype(object)
        spoiled = date_to_spoil(datasets[name])
        for column in datasets[name].columns:
            if column.name != spoiled:
                values = plain[column.name].map(lambda value: "" if pd.isna(value) else str(value).removesuffix(".0"))
                assert (read[column.name] == values).all(), (name, column.name)


def test_half_of_the_unusable_dates_are_days_that_never_were(datasets, late, tmp_path):
    dataset, rows = datasets["paye"], late["paye"].rows.copy()
    rows.loc[:9, "start_date"] = pd.NaT
    text = part(rows.iloc[:10], dataset).decode(dataset.encoding)
    assert text.count("|31-02-2021|") == 5


def test_a_delivery_that_breaks_off_leaves_the_file_before_it(datasets, late, tmp_path):
    dataset, path = datasets["prison"], tmp_path / "prison.csv"
    whole = written(late["prison"].rows, dataset, path)
    with pytest.raises(TypeError), Delivery(dataset, path) as delivery:
        delivery.append("a text where bytes belong")
    assert path.read_bytes() == whole
    assert [p.name for p in tmp_path.iterdir()] == ["prison.csv"]
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_contract_these_people_cannot_follow_is_named(datasets, late):
    court = datasets["court"]
    wider = dataclasses.replace(court, columns=(*court.columns, Column("shoe_size")))
    with pytest.raises(ContractError, match="court.yaml.*column shoe_size is not one it can invent"):
        part(late["court"].rows, wider)
    narrower = dataclasses.replace(court, columns=court.columns[:-1])
    with pytest.raises(ContractError, match="column previous_offences is invented but not in the contract"):
        part(late["court"].rows, narrower)


def changed_column(dataset: Dataset, name: str, **parts: object) -> Dataset:
    """The contract with one column changed."""
    columns = tuple(dataclasses.replace(c, **parts) if c.name == name else c for c in dataset.columns)
    return dataclasses.replace(dataset, columns=columns)


@pytest.mark.parametrize("form", ["csv", "parquet"])
@pytest.mark.parametrize(
    ("name", "kind", "invented"),
    [("surname", "integer", "string"), ("surname", "boolean", "string"), ("offence_date", "string", "date"),
     ("previous_offences", "string", "integer"), ("previous_offences", "number", "integer")],
)  # fmt: skip
def test_a_column_whose_type_cannot_hold_what_is_invented_is_named(form, name, kind, invented, datasets, late):
    other = changed_column(in_form(datasets["court"], form), name, type=kind)
    with pytest.raises(ContractError, match=f"court.yaml.*column {name} is of type {kind}.* of type {invented}"):
        part(late["court"].rows, other)


def test_a_contract_that_requires_no_date_is_named(datasets, late):
    court = datasets["court"]
    loose = dataclasses.replace(court, columns=tuple(dataclasses.replace(c, required=False) for c in court.columns))
    with pytest.raises(ContractError, match="court.yaml.*no column is a required date"):
        part(late["court"].rows, loose)


def test_values_that_hold_the_delimiter_are_quoted(datasets, late):
    dataset = dataclasses.replace(datasets["court"], delimiter=";")
    text = part(late["court"].rows, dataset).decode()
    read = pd.read_csv(io.StringIO(text), sep=";", header=None, dtype=str, keep_default_na=False)
    assert read.shape == (len(late["court"].rows), len(dataset.columns))
    assert (read[5] == late["court"].rows["alias_surnames"]).all()


def test_a_letter_an_old_system_has_no_place_for_loses_its_accent(datasets, late):
    rows = late["paye"].rows.iloc[:1].assign(surname="WIŚNIEWSKA", forename="ZOË")
    text = part(rows, datasets["paye"]).decode("cp1252")
    assert "|ZOË|WISNIEWSKA|" in text


# -- the data dictionary --------------------------------------------------------------------------------------------


def test_the_dictionary_names_every_column_code_and_mistake(datasets, late):
    page = dictionary(datasets, AIMS)
    for name, dataset in datasets.items():
        section = page.split(f'<section id="{name}"')[1].split("</section>")[0]
        assert all(f'<th scope="row">{column.name}</th>' in section for column in dataset.columns)
        assert dataset.path in section
        met = {label for text in late[name].errors for label in text.split(";") if label}
        assert all(f'<th scope="row">{label}</th>' in section for label in met), name
    assert "CAU = caution" in page
    assert "://" not in page


def test_every_department_has_its_rates_and_lag_in_the_calibration():
    for name, source in SOURCES.items():
        assert AIMS[f"entry_days_{name}"] > 0
        assert all(AIMS[figure] >= 0 for figure in source.figures.values())
        assert source.figures.keys() <= LABELS.keys()
