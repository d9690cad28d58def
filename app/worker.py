"""The Faust app of this process, without its agents; `app.main` puts everything together."""

from app.engine.app import BatchApp
from app.errors import StocksError
from app.settings import settings
from app.topics import topics

try:
    app = BatchApp(settings())
except StocksError as error:
    raise SystemExit(str(error)) from None

catalogue = topics(app.settings)
