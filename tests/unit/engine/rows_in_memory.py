"""What a restorer restores to, in memory."""

from collections.abc import Mapping


class RowsInMemory:
    """Rows and positions by partition."""

    def __init__(self, **positions: int) -> None:
        self.rows: dict[int, dict[bytes, bytes]] = {}
        self.positions = {int(partition[1:]): position for partition, position in positions.items()}
        self.resets: list[int] = []

    def changelog_position(self, partition: int) -> int:
        return self.positions.get(partition, 0)

    def restore(self, partition: int, entries: Mapping[bytes, bytes | None], position: int) -> None:
        rows = self.rows.setdefault(partition, {})
        for key, value in entries.items():
            if value is None:
                rows.pop(key, None)
            else:
                rows[key] = value
        self.positions[partition] = position

    def reset(self, partition: int) -> None:
        self.resets.append(partition)
        self.rows.pop(partition, None)
        self.positions.pop(partition, None)
