"""Every decoder, by family."""

from tests.fuzzing.alpaca_bars import ANSWERS, FRAMES
from tests.fuzzing.avro_records import AVRO
from tests.fuzzing.bar_files import CSV, FORMS, PACKED, TIMESTAMPS
from tests.fuzzing.dead_letters import LETTERS
from tests.fuzzing.family import Family
from tests.fuzzing.table_rows import CHECKPOINTS, ROWS

FAMILIES: dict[str, Family] = {
    family.name: family
    for family in (AVRO, ROWS, CHECKPOINTS, CSV, FORMS, PACKED, TIMESTAMPS, ANSWERS, FRAMES, LETTERS)
}
