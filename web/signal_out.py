"""The form of a signal in answers, in lists and on the stream."""

from app.domain.records import Signal
from app.times import iso
from web.models import SignalOut


def signal_out(signal: Signal) -> SignalOut:
    """The answer's form of a signal, whether it comes from a row or from the topic."""
    times = {"timestamp": iso(signal["timestamp"]), "emitted_at": iso(signal["emitted_at"])}
    return SignalOut.model_validate({**signal, **times})
