"""The Faust app of this process, without its agents; `app.main` puts everything together."""

from app.engine.app import BatchApp
from app.settings import SettingsError, settings
from app.topics import topics

try:
    app = BatchApp(settings())
except SettingsError as error:
    raise SystemExit(str(error)) from None

catalogue = topics(app.settings)
