"""Every decoder, by family."""

from tests.harness.fuzzing.alpaca_bars import ANSWERS, FRAMES
from tests.harness.fuzzing.avro_records import AVRO
from tests.harness.fuzzing.bar_files import CSV, FORMS, PACKED, TIMESTAMPS
from tests.harness.fuzzing.dead_letters import LETTERS
from tests.harness.fuzzing.family import Family
from tests.harness.fuzzing.table_rows import CHECKPOINTS, ROWS

FAMILIES: dict[str, Family] = {
    family.name: family
    for family in (AVRO, ROWS, CHECKPOINTS, CSV, FORMS, PACKED, TIMESTAMPS, ANSWERS, FRAMES, LETTERS)
}
