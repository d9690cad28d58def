"""Why a worker ended is found in its log."""

from tests.harness.chaos.run import last_words


def test_the_last_line_that_tells_why_is_found() -> None:
    log = "[INFO] Starting...\n[CRITICAL] first\n[CRITICAL] second\n[INFO] Closing event loop\n"
    assert last_words(log) == "[CRITICAL] second"
    assert last_words("[INFO] x\nError: No broker answers\n") == "Error: No broker answers"
    assert last_words("[INFO] only this\n") == "[INFO] only this"
    assert last_words("") == "nothing said"
