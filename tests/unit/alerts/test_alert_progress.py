from app.alerts.alert_progress import AlertProgress, CommittedPlace


def begun(offset: int, note: str = "", low: int = 0, high: int = 100) -> AlertProgress:
    progress = AlertProgress()
    progress.begin(0, CommittedPlace(offset, note), low, high)
    return progress


def test_a_group_that_is_new_begins_at_the_end_and_remembers_that() -> None:
    progress = AlertProgress()
    assert progress.begin(0, CommittedPlace(-1001), 0, 100) == (100, "")
    assert progress.to_commit({}, {}) == {0: CommittedPlace(100)}


def test_it_goes_on_where_it_was() -> None:
    progress = begun(40)
    assert progress.has(0)
    assert not progress.has(1)
    assert progress.is_handled(0, 39)
    assert not progress.is_handled(0, 40)
    progress.advance(0, 50)
    progress.advance(0, 20)
    assert progress.to_commit({}, {}) == {0: CommittedPlace(50)}
    assert progress.to_commit({0: 44}, {}) == {0: CommittedPlace(44)}


def test_what_has_not_changed_is_not_committed_again() -> None:
    progress = begun(40)
    changed = progress.to_commit({}, {})
    progress.committed(changed)
    assert progress.to_commit({}, {}) == {}
    progress.advance(0, 41)
    assert progress.to_commit({}, {}) == {0: CommittedPlace(41)}


def test_what_is_being_sent_is_noted_and_found_by_the_next_one() -> None:
    progress = begun(40)
    progress.advance(0, 60)
    [place] = progress.to_commit({0: 45}, {0: 48}).values()
    assert place == CommittedPlace(45, "sending until 48")
    after = begun(*place)
    assert [after.is_uncertain(0, offset) for offset in (44, 45, 47, 48)] == [False, True, True, False]


def test_a_note_stays_until_all_that_it_speaks_of_was_read() -> None:
    progress = begun(45, "sending until 48")
    assert progress.to_commit({}, {}) == {0: CommittedPlace(45, "sending until 48")}
    progress.advance(0, 47)
    assert progress.is_catching_up
    assert progress.to_commit({0: 45}, {0: 46}) == {0: CommittedPlace(45, "sending until 48")}
    progress.advance(0, 48)
    assert not progress.is_catching_up
    # From here on the outbox says what of it is still uncertain.
    assert progress.to_commit({0: 45}, {0: 46}) == {0: CommittedPlace(45, "sending until 46")}
    assert progress.to_commit({}, {}) == {0: CommittedPlace(48)}


def test_another_programs_note_means_nothing() -> None:
    assert not begun(40, "from elsewhere: sending until 90").is_uncertain(0, 40)


def test_a_topic_that_was_made_again_or_has_lost_records_is_read_from_its_beginning_and_that_is_said() -> None:
    progress = AlertProgress()
    again = progress.begin(0, CommittedPlace(40, "sending until 48"), 0, 30)
    assert not progress.is_catching_up
    lost = progress.begin(0, CommittedPlace(40), 70, 100)
    assert (again.offset, lost.offset) == (0, 70)
    assert "made again" in again.surprise
    assert "lost 30 records" in lost.surprise


def test_partitions_that_go_are_forgotten() -> None:
    progress = begun(40)
    progress.drop({0, 5})
    assert (progress.has(0), progress.to_commit({}, {})) == (False, {})
