"""How this project's own programs ask a worker. Where, app.asgi.listen.local_url and app.kafka.address say."""

from app.settings import Settings


def authorization(settings: Settings) -> dict[str, str]:
    """The header with the token; empty without one."""
    token = settings.api_token
    return {"Authorization": f"Bearer {token.get_secret_value()}"} if token else {}
