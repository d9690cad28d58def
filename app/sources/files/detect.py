"""Finds out which form a file has."""

from app.sources.base import SourceError
from app.sources.files.file_start import FileStart
from app.sources.files.form import Form
from app.sources.files.forms.alpaca_csv import AlpacaCsv
from app.sources.files.forms.alpaca_json import AlpacaJson
from app.sources.files.forms.firstrate import FirstRate
from app.sources.files.forms.lean import Lean
from app.sources.files.forms.own import Own
from app.sources.files.forms.parquet import Parquet
from app.sources.files.forms.polygon import Polygon
from app.sources.files.forms.stooq import Stooq
from app.sources.files.forms.yahoo import Yahoo
from app.sources.files.forms.yahoo_wide import YahooWide

#: The first that a file looks like is its form; the last takes every text.
FORMS: tuple[Form, ...] = (
    Parquet(),
    AlpacaJson(),
    Lean(),
    Stooq(),
    Polygon(),
    YahooWide(),
    AlpacaCsv(),
    FirstRate(),
    Yahoo(),
    Own(),
)


def find_form(start: FileStart) -> Form:
    """The form of the file. Raises SourceError when it has none."""
    for form in FORMS:
        if form.looks_like(start):
            return form
    raise SourceError("it is no text and no Parquet file. Give a file with bars.")
