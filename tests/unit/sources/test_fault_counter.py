from app.sources.base import Fault
from app.sources.fault_counter import FaultCounter


def test_all_are_counted_and_the_first_few_said() -> None:
    said: list[str] = []
    faults = FaultCounter(said.append)
    for line in range(2, 1_502):
        faults(Fault(line, "it is not CSV"))
    assert faults.count == 1_500
    assert faults.last == "Line 1,501 skipped: it is not CSV"
    assert said[0] == "Line 2 skipped: it is not CSV"
    assert len(said) == 21
    assert said[-1] == "More lines are skipped; from here on they are only counted."


def test_what_comes_from_no_file_has_no_lines() -> None:
    said: list[str] = []
    FaultCounter(said.append, "Record")(Fault(3, "close is -1.0"))
    assert said == ["Record 3 skipped: close is -1.0"]
