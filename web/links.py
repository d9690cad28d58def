"""The addresses that a stranger looks for first, and what is there."""

LINKS = {
    "/signals": "the newest signals of all symbols",
    "/symbols": "the symbols",
    "/runs": "the runs: series of bars that are kept apart",
    "/operations": "a page on the workers, their partitions and the dead letters",
    "/docs": "every address, with its parameters and answers",
    "/health": "whether the process lives",
    "/ready": "whether it does its work",
    "/metrics": "numbers for Prometheus",
}
