"""Examples for /openapi.json, made of the models: of each field its own example, or one by its name or kind.

So a new field has one at once, and none can say what the schema does not.
"""

import re
from typing import Any

from web import problems

_TIME = "2024-11-14T14:30:00Z"

#: By the names of fields and parameters, where the model gives none.
_BY_NAME: dict[str, Any] = {
    "action": "BUY",
    "address": "http://127.0.0.1:8001",
    "bars": 390,
    "bars_seen": 377,
    "close": 188.97,
    "count": 1042,
    "cursor": "2024-11-14T15:29:00Z,SPY",
    "dead_letters": {"stale": 2},
    "deployment": "stock-signals on cluster 5L6g3nShT-eMCtK--X86sw",
    "detail": "No run 'x' here: there is replay-2024-11-14-1f6a09c3.",
    "emitted_at": "2024-11-14T14:31:00.123Z",
    "exception": "Poison: does not begin with 0 and a schema id but with 0x6e6f742061",
    "high": 189.2,
    "id": "replay-2024-11-14-1f6a09c3/AAPL/1731594600000/sma20-sma50-rsi14-30-70/1/0",
    "key": "AAPL",
    "last-event-id": "0:1042,1:998",
    "last_event_id": "0:1042,1:998",
    "limit": 10,
    "low": 188.4,
    "next": "/signals?run=replay-2024-11-14-1f6a09c3&cursor=2024-11-14T15%3A29%3A00Z%2CSPY",
    "offset": 1041,
    "open": 188.5,
    "owner": "http://127.0.0.1:8002",
    "p99_seconds": 0.1,
    "median_seconds": 0.025,
    "position": 1042,
    "reasons": [],
    "rsi": 27.4,
    "rsi_seed_weight": 0.0001,
    "run": "replay-2024-11-14-1f6a09c3",
    "scope": "local",
    "sma_fast": 189.42,
    "sma_slow": 188.97,
    "status": "ok",
    "symbol": "AAPL",
    "symbols": ["AAPL", "SPY"],
    "version": "0.1.0",
    "versions": {"python": "3.11.9"},
    "volume": 12400.0,
    "vwap": 188.8,
    "workers": ["http://127.0.0.1:8001", "http://127.0.0.1:8002"],
}

#: The example of a mapping with any keys.
_KEYS = {"bars": "appended", "own_indicators": "ema_fast", "reasons": "stale", "retries": "broker", "signals": "BUY"}

_DETAILS = {
    401: "This worker asks for its token: send the header 'Authorization: Bearer …' with what API_TOKEN says, or log "
    "in at /login.",
    404: "No symbol 'APPL' in run replay-2024-11-14-1f6a09c3: there is AAPL, GOOGL, SPY. Did you mean AAPL?",
    414: "The address is longer than 16,384 bytes; ask for less at once.",
    421: "The request's Host is no name of this machine that is known here: ask at localhost or 127.0.0.1, or add the "
    "name to API_HOSTS.",
    422: "limit=0: it should be greater than or equal to 1.",
    431: "The headers are larger than 16,384 bytes or more than 100; send fewer.",
    503: "The worker is restoring its tables; try again in 2 s. tables are being restored: 3 changelog records to go",
}

_TEXTS = {
    "text/event-stream": 'id: 0:1042,1:998\nevent: signal\ndata: {"symbol":"AAPL","action":"BUY"}\n\n',
    "text/plain": 'stocks_signals_total{action="BUY"} 42.0\n',
    "text/csv": "symbol,timestamp,action,close\nAAPL,2024-11-14T14:30:00Z,BUY,188.97\n",
}

Schema = dict[str, Any]


def example(described: Schema, schemas: Schema, name: str = "", media_type: str = "application/json") -> Any:
    """A value that the schema allows."""
    if media_type in _TEXTS:
        return _TEXTS[media_type]
    described = _resolved(described, schemas)
    if examples := described.get("examples"):
        return examples[0]
    if "example" in described:
        return described["example"]
    if "const" in described:
        return described["const"]
    values = described.get("enum")
    known = _BY_NAME.get(name)
    if known is not None and _fits(known, described, schemas):
        return known
    if values:
        return next(value for value in values if value is not None)
    for kind in ("anyOf", "oneOf", "allOf"):
        if kind in described:
            return example(_first(described[kind], schemas), schemas, name)
    return _by_kind(described, schemas, name)


def parameter_example(name: str, described: Schema, schemas: Schema) -> Any:
    """A value for a parameter."""
    return example(described, schemas, name.lower())


def problem_example(status: int, path: str, described: Schema, schemas: Schema) -> Any:
    """An error, with the sentence that such a status may have."""
    detail = _DETAILS.get(status, "Something is wrong with the request.")
    kind, title = problems.kind_of(status)
    path = re.sub(r"{[^}]*}", "AAPL", path) or "/signals"
    more = {"type": kind, "title": title, "status": status, "detail": detail, "instance": path}
    return {**example(described, schemas), **more}


def not_ready(found: Any) -> Any:
    """A state, as it is where it is an error."""
    if isinstance(found, dict) and "ready" in found:
        return {**found, "ready": False, "reasons": ["tables are being restored: 3 changelog records to go"]}
    return found


def _by_kind(described: Schema, schemas: Schema, name: str) -> Any:
    match described.get("type"):
        case "object":
            if "properties" in described:
                return {key: example(value, schemas, key) for key, value in described["properties"].items()}
            more = described.get("additionalProperties")
            return {_KEYS.get(name, "name"): example(more, schemas)} if isinstance(more, dict) else {}
        case "array":
            return [example(described.get("items", {}), schemas, name.removesuffix("s"))]
        case "string":
            return _TIME if described.get("format") == "date-time" else "text"
        case "integer":
            return described.get("minimum", 1)
        case "number":
            return float(described.get("minimum", 1.0))
        case "boolean":
            return True
        case "null":
            return None
    return "text"


def _resolved(described: Schema, schemas: Schema) -> Schema:
    while "$ref" in described:
        described = {
            **schemas[described["$ref"].rpartition("/")[2]],
            **{k: v for k, v in described.items() if k != "$ref"},
        }
    return described


def _first(choices: list[Schema], schemas: Schema) -> Schema:
    """The first that is not null."""
    return next((each for each in choices if _resolved(each, schemas).get("type") != "null"), choices[0])


def _fits(value: Any, described: Schema, schemas: Schema) -> bool:
    """Whether a value by a name is of the kind that is wanted here: names may stand for two things."""
    described = _resolved(described, schemas)
    if kinds := next((described[kind] for kind in ("anyOf", "oneOf", "allOf") if kind in described), None):
        return any(_fits(value, each, schemas) for each in kinds)
    if "enum" in described:
        return value in described["enum"]
    match described.get("type"):
        case "object":
            return isinstance(value, dict) and "properties" not in described
        case "array":
            items = described.get("items", {})
            return isinstance(value, list) and all(_fits(each, items, schemas) for each in value)
        case "string":
            return isinstance(value, str)
        case "integer":
            return isinstance(value, int) and not isinstance(value, bool)
        case "number":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "boolean":
            return isinstance(value, bool)
    return False
