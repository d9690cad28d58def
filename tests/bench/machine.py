"""What a bench ran on."""

import os
import platform
import shutil
import subprocess
from importlib.metadata import version
from pathlib import Path

import psutil

from app.stack.artifacts import artifacts
from tests.bench.trial import ROOT

_PACKAGES = ("aiokafka", "confluent-kafka", "fastavro", "faust-streaming", "numpy", "pyarrow", "pyruhvro", "rocksdict")


def machine() -> dict[str, str]:
    """Processor, cores, memory, system."""
    return {
        "processor": _processor(),
        "cores": str(os.cpu_count()),
        "memory": f"{psutil.virtual_memory().total / 2**30:.0f} GiB",
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
    }


def versions(*, with_jvm: bool) -> dict[str, str]:
    """Of this tree and of what it stands on."""
    found = {"commit": _commit(), "Python": platform.python_version(), "Kafka": _kafka()}
    if with_jvm:
        found["Java"] = _java()
    return found | {package: version(package) for package in _PACKAGES}


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def _commit() -> str:
    return _said("git", "-C", str(ROOT), "describe", "--always", "--dirty")


def _java() -> str:
    return _said("java", "--version").partition("\n")[0]


def _kafka() -> str:
    """The one that the local stack runs."""
    names = (jar.name for jar in artifacts().kafka_jars)
    return next((name.split("-")[-1].removesuffix(".jar") for name in names if name.startswith("kafka_")), "unknown")


def _said(*command: str) -> str:
    if shutil.which(command[0]) is None:
        return "unknown"
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    return ran.stdout.strip() if ran.returncode == 0 else "unknown"
