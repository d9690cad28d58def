"""The header with which this project's own programs ask a worker."""

from app.settings import Settings


def authorization(settings: Settings) -> dict[str, str]:
    """The header with the token; empty without one."""
    token = settings.api_token
    return {"Authorization": f"Bearer {token.get_secret_value()}"} if token else {}
