"""A worker that was paused beyond its session and goes on while another has its partitions."""

import shutil
import signal

from tests.integration.bars import random_bars
from tests.integration.conftest import Deploy
from tests.integration.deployment import final
from tests.integration.test_crashes import await_outputs, check_tables
from tests.integration.waiting import eventually
from tests.oracle import differences, final_signals


def test_a_paused_workers_late_writes_do_not_survive(deploy: Deploy) -> None:
    deployment = deploy(batch_max=3000, partitions=4)
    bars = list(random_bars(symbols=200, minutes=400, seed=6))
    deployment.send(bars)
    zombie = deployment.start_worker("zombie").wait_ready()
    for topic in (deployment.topics.indicators, deployment.topics.signals):
        await_outputs(deployment, topic)
    zombie.process.send_signal(signal.SIGSTOP)
    assert deployment.lag() > 0
    successor = deployment.start_worker("successor").wait_ready()
    zombie.process.send_signal(signal.SIGCONT)
    eventually(lambda: 0 < len(zombie.get("/signals").json().get("missing_partitions", [])) < 4, 60, zombie.tail)
    deployment.settle()

    expected = final_signals(bars, deployment.settings.strategy)
    assert differences(expected, final(deployment.signals())) == []
    for worker in (zombie, successor):
        assert worker.terminate() == 0
    # What the changelogs alone give is what the judge says.
    shutil.rmtree(deployment.directory / "successor")
    deployment.start_worker("successor").wait_ready()
    check_tables(deployment, expected)
