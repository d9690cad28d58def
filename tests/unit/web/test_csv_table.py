import csv
import io
import json
from typing import Any

import pandas as pd
import pytest
from pydantic import BaseModel

from web.csv_table import csv_of, harmless


class Inner(BaseModel):
    before: float
    after: float


class Row(BaseModel):
    name: str
    time: str = "2024-11-14T14:30:00Z"
    price: float | None = None
    count: int = 0
    good: bool = True
    inner: Inner | None = None
    more: dict[str, float | None] = {}


async def table(*rows: Row, lead: dict[str, str] | None = None) -> str:
    return (await csv_of(Row, [row.model_dump_json().encode() for row in rows], lead or {})).decode()


async def test_flat_columns_of_which_each_row_has_all() -> None:
    text = await table(
        Row(name="A", price=0.1 + 0.2, inner=Inner(before=96.2, after=24.1), more={"ema": 1.5}),
        Row(name="B", good=False, count=-3, more={"ema": None, "band": -2.0}),
        lead={"run_id": "r"},
    )
    assert text == (
        "run_id,name,time,price,count,good,inner_before,inner_after,more_ema,more_band\r\n"
        "r,A,2024-11-14T14:30:00Z,0.30000000000000004,0,true,96.2,24.1,1.5,\r\n"
        "r,B,2024-11-14T14:30:00Z,,-3,false,,,,-2.0\r\n"
    )


async def test_a_table_without_rows_has_its_columns() -> None:
    assert await table() == "name,time,price,count,good,inner_before,inner_after\r\n"
    assert pd.read_csv(io.StringIO(await table())).empty


async def test_pandas_reads_numbers_times_and_truth() -> None:
    text = await table(Row(name="A", price=1e-9, count=7), Row(name="B"))
    found = pd.read_csv(io.StringIO(text), parse_dates=["time"])
    assert found["price"][0] == 1e-9
    assert found["count"].dtype == "int64"
    assert found["good"].dtype == "bool"
    assert str(found["time"].dtype).endswith("UTC]")


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20"])
async def test_no_text_is_a_formula(start: str) -> None:
    text = f'{start}HYPERLINK("http://x","y")'
    assert harmless(text) == f"'{text}"
    (row,) = csv.DictReader(io.StringIO(await table(Row(name=text), lead={"symbol": text}), newline=""))
    assert row["name"] == row["symbol"] == f"'{text}"


@pytest.mark.parametrize("text", ["AAPL", "", "BRK/B", "a=b", "'", 'say "x", y\nand more', "Ünïcode →"])
async def test_other_texts_come_back_as_they_were(text: str) -> None:
    (row,) = csv.DictReader(io.StringIO(await table(Row(name=text)), newline=""))
    assert row["name"] == text


async def test_a_negative_number_is_a_number() -> None:
    assert "\r\nA,2024-11-14T14:30:00Z,-1.5,-3," in await table(Row(name="A", price=-1.5, count=-3))


async def test_values_are_those_of_json() -> None:
    row = Row(name="A", price=123456.789012345)
    (read,) = csv.DictReader(io.StringIO(await table(row)))
    told: dict[str, Any] = json.loads(row.model_dump_json())
    assert float(read["price"]) == told["price"]
