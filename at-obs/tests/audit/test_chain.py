from __future__ import annotations

from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from obs_world import Flow, at, chain_of, journal, message, signals

from at_obs.audit.chain import GENESIS, ChainRow, Checkpoint, Gap, seal, verify
from at_obs.audit.record import AuditRecord, gap_record

SIZE = 12
ROWS = chain_of(signals(SIZE))
STRANGER = chain_of(signals(SIZE + 1))[-1].record
positions = st.integers(min_value=0, max_value=SIZE - 1)


def another(value: object) -> object:
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    return value + (b"x" if isinstance(value, bytes) else "x")  # type: ignore[operator]  # text or bytes by now


def test_an_untouched_chain_holds_and_names_its_head() -> None:
    verdict = verify(ROWS)
    assert verdict.ok
    assert (verdict.position, verdict.sequence, verdict.head) == (SIZE, SIZE, ROWS[-1].row_hash)


def test_an_empty_chain_holds() -> None:
    assert verify([]).checkpoint == Checkpoint(0, GENESIS)


@given(place=positions, name=st.sampled_from([field.name for field in fields(AuditRecord)]))
def test_an_edit_of_any_field_of_any_row_is_found_at_that_row(place: int, name: str) -> None:
    record = ROWS[place].record
    rows = list(ROWS)
    rows[place] = replace(rows[place], record=replace(record, **{name: another(getattr(record, name))}))
    verdict = verify(rows)
    assert verdict.broken is not None
    assert (verdict.broken.position, verdict.broken.reason) == (place + 1, "ROW_ALTERED")


@given(place=positions, name=st.sampled_from(["body_digest", "previous_hash", "row_hash"]))
def test_an_edit_of_any_hash_is_found_at_that_row(place: int, name: str) -> None:
    rows = list(ROWS)
    rows[place] = replace(rows[place], **{name: "f" * 64})
    broken = verify(rows).broken
    assert broken is not None
    assert broken.position == place + 1


@given(place=st.integers(min_value=0, max_value=SIZE - 2))
def test_a_deletion_before_the_last_row_is_found_with_the_missing_sequence(place: int) -> None:
    broken = verify(ROWS[:place] + ROWS[place + 1 :]).broken
    assert broken is not None
    assert (broken.sequence, broken.reason) == (place + 1, "ROW_MISSING")


@given(places=st.lists(positions, min_size=2, max_size=2, unique=True))
def test_a_swap_is_found_at_the_earlier_row(places: list[int]) -> None:
    one, two = places
    rows = list(ROWS)
    rows[one], rows[two] = rows[two], rows[one]
    broken = verify(rows).broken
    assert broken is not None
    assert broken.position == min(places) + 1


@given(place=positions, seal_it=st.booleans())
def test_an_insertion_in_the_middle_is_found_even_when_the_row_itself_is_sealed(
    place: int, seal_it: bool
) -> None:
    before = ROWS[place - 1].row_hash if place else GENESIS
    stranger = seal(STRANGER, place + 1, before if seal_it else GENESIS)
    broken = verify([*ROWS[:place], stranger, *ROWS[place:]]).broken
    assert broken is not None
    assert broken.position in {place + 1, place + 2}


@given(place=st.integers(min_value=0, max_value=SIZE - 2))
def test_an_edit_with_its_own_hash_made_new_is_found_at_the_row_behind_it(place: int) -> None:
    rows = list(ROWS)
    edited = replace(rows[place].record, decision="APPROVED")
    rows[place] = seal(edited, rows[place].position, rows[place].previous_hash)
    broken = verify(rows).broken
    assert broken is not None
    assert (broken.position, broken.reason) == (place + 2, "LINK_BROKEN")


def resealed(rows: list[ChainRow]) -> list[ChainRow]:
    out: list[ChainRow] = []
    for row in rows:
        out.append(seal(row.record, len(out) + 1, out[-1].row_hash if out else GENESIS))
    return out


@given(keep=st.integers(min_value=0, max_value=SIZE - 1))
def test_a_cut_tail_is_not_found_without_a_checkpoint_and_is_found_with_one(keep: int) -> None:
    checkpoint = verify(ROWS).checkpoint
    assert verify(ROWS[:keep]).ok
    broken = verify(ROWS[:keep], checkpoint).broken
    assert broken is not None
    assert (broken.sequence, broken.reason) == (keep + 1, "TAIL_CUT")


@given(place=positions)
def test_an_edit_with_all_hashes_made_new_is_not_found_without_a_checkpoint_and_is_found_with_one(
    place: int,
) -> None:
    rows = list(ROWS)
    rows[place] = replace(rows[place], record=replace(rows[place].record, decision="APPROVED"))
    forged = resealed(rows)
    assert verify(forged).ok
    broken = verify(forged, verify(ROWS).checkpoint).broken
    assert broken is not None
    assert broken.reason == "CHECKPOINT_MISMATCH"


def test_a_chain_that_grew_since_the_checkpoint_holds() -> None:
    assert verify(ROWS, verify(ROWS[:5]).checkpoint).ok


def sealed(*records: AuditRecord) -> list[ChainRow]:
    return resealed([ChainRow(0, record, "", "", "") for record in records])


RECORDS = [row.record for row in ROWS]


def test_a_declared_gap_is_reported_and_holds() -> None:
    verdict = verify(sealed(RECORDS[0], gap_record(2, 4, at(9), "gone"), RECORDS[4]))
    assert verdict.ok
    assert verdict.gaps == (Gap(2, 4),)
    assert verdict.sequence == 5


def test_a_late_row_inside_a_declared_gap_holds() -> None:
    late = replace(RECORDS[2], late=True)
    verdict = verify(sealed(RECORDS[0], gap_record(2, 4, at(9), "gone"), RECORDS[4], late, RECORDS[5]))
    assert verdict.ok
    assert (verdict.late, verdict.sequence) == (1, 6)


LATE = replace(RECORDS[2], late=True)
GAP = gap_record(2, 4, at(9), "gone")


@pytest.mark.parametrize(
    ("records", "reason", "sequence"),
    [
        ((RECORDS[0], RECORDS[2]), "SEQUENCE_MISSING", 2),
        ((RECORDS[1],), "SEQUENCE_MISSING", 1),
        ((RECORDS[0], RECORDS[0]), "SEQUENCE_REPEATED", 1),
        ((RECORDS[0], GAP, RECORDS[2]), "SEQUENCE_REPEATED", 3),
        ((RECORDS[0], RECORDS[1], RECORDS[2], LATE), "LATE_WITHOUT_GAP", 3),
        ((RECORDS[0], GAP, LATE, LATE), "LATE_WITHOUT_GAP", 3),
    ],
)
def test_well_sealed_rows_that_do_not_tell_the_journal_in_order_are_found(
    records: tuple[AuditRecord, ...], reason: str, sequence: int
) -> None:
    broken = verify(sealed(*records)).broken
    assert broken is not None
    assert (broken.reason, broken.sequence) == (reason, sequence)


def test_the_hash_of_a_known_row_is_frozen_because_it_is_a_file_format() -> None:
    row = sealed(gap_record(1, 2, at(0), "known"))[0]
    assert row.row_hash == "ca6c9ae9ce393f3d7e62b18acb63094de82e1800e0752a844eec701b5a323079"


def test_fields_cannot_be_shifted_into_one_another() -> None:
    record = replace(RECORDS[0], component="ab", correlation_id="c")
    shifted = replace(RECORDS[0], component="a", correlation_id="bc")
    assert sealed(record)[0].row_hash != sealed(shifted)[0].row_hash


def test_a_whole_flow_can_be_chained_and_verified() -> None:
    rows = chain_of(journal(Flow().whole()))
    assert verify(rows).ok
    assert [row.record.decision for row in rows] == [
        "CREATED", "CREATED", "PROPOSED", "APPROVED", "SUBMITTED", "ACKNOWLEDGED", "FILLED", "FILLED", "CHANGED",
    ]  # fmt: skip


def test_the_verdict_counts_rows_that_could_not_be_decoded() -> None:
    broken_body = replace(message(2, Flow(2).signal), body=b"\xff\x00 not json")
    assert verify(chain_of([message(1, Flow(1).signal), broken_body])).undecodable == 1
