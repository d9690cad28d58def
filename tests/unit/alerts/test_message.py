from app.alerts.message import AlertMessage, last_offsets
from tests.unit.alerts.made import alert


def test_the_same_alerts_have_the_same_id_in_whatever_order() -> None:
    one, other = alert(1), alert(2)
    assert (
        AlertMessage((one, other), digest=True).id == AlertMessage((other, one), digest=True, possibly_repeated=True).id
    )
    assert AlertMessage((one,)).id != AlertMessage((other,)).id
    assert AlertMessage((one,)).id.startswith("msg_")


def test_it_ends_behind_its_last_alert_of_each_partition() -> None:
    alerts = (alert(4, partition=1), alert(2, partition=0), alert(7, partition=1))
    assert AlertMessage(alerts).ends() == {1: 8, 0: 3}
    assert last_offsets([]) == {}
