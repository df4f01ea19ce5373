"""Live versions: announcements round-trip, the bucket tells the last word, and no laggard is overlooked."""

from __future__ import annotations

import itertools
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from at_core.topology.live import (
    ANNOUNCEMENT_BYTES_MAX,
    HINTS,
    REMOVED_HEADERS,
    Announcement,
    Bucket,
    LiveCode,
    Unreadable,
    announcement_subject,
    can_emit,
    decode_announcement,
    encode_announcement,
    read_bucket,
)
from at_core.topology.readers import expected_readers

T0 = datetime(2026, 1, 2, 3, 4, 5, 678_901, tzinfo=UTC)
SIGNAL = "trading.signal.created"


def announced(role: str, instance: str = "1", **reads: tuple[int, ...]) -> Announcement:
    return Announcement(
        role=role,
        instance=instance,
        member=f"at-{role}",
        member_version="0.3.0",
        at_core_version="0.3.0",
        started_at=T0,
        reads={name.replace("_", "."): majors for name, majors in reads.items()},
        writes={},
    )


def stored(one: Announcement) -> tuple[str, dict[str, str], bytes]:
    return announcement_subject(one.role, one.instance), {}, encode_announcement(one)


def test_an_announcement_comes_back_as_it_was_and_ignores_what_a_newer_build_adds() -> None:
    one = announced("gate", "a-1", trading_signal_created=(1, 2))
    assert decode_announcement("$KV.contracts.gate.a-1", encode_announcement(one)) == one
    more = json.loads(encode_announcement(one)) | {"mood": "good"}
    assert decode_announcement("$KV.contracts.gate.a-1", json.dumps(more).encode()) == one


@pytest.mark.parametrize(
    ("subject", "body", "says"),
    [
        ("$KV.contracts.gate.1", b"", "body"),
        ("$KV.contracts.gate.1", b"[]", "body"),
        ("$KV.contracts.gate.1", b'{"role": "gate"}', "instance"),
        ("$KV.contracts.gate.1", b"x" * (ANNOUNCEMENT_BYTES_MAX + 1), "bound"),
        ("$KV.contracts.agents.1", encode_announcement(announced("gate")), "speaks for gate/1"),
        ("$KV.contracts.gate.2", encode_announcement(announced("gate")), "speaks for gate/1"),
        (
            "$KV.contracts.gate.1",
            encode_announcement(announced("gate", x_y=(1,))).replace(b"[1]", b"[0]"),
            "reads.x.y.0",
        ),
    ],
)
def test_what_is_no_announcement_is_refused_in_a_sentence(subject: str, body: bytes, says: str) -> None:
    with pytest.raises(ValueError, match=r"^\$KV") as error:
        decode_announcement(subject, body)
    assert says in str(error.value)


def test_an_announcement_too_large_for_its_readers_is_not_sent() -> None:
    types = {f"some.rather.long.type.name.{number}.{'x' * 80}": (1,) for number in range(900)}
    with pytest.raises(ValueError, match="bound"):
        encode_announcement(announced("gate").model_copy(update={"reads": types}))


def test_the_last_word_of_a_key_counts_and_a_marker_removes_it() -> None:
    old, new = announced("gate", x_y=(1,)), announced("gate", x_y=(1, 2))
    gone = (announcement_subject("agents", "1"), REMOVED_HEADERS, b"")
    junk = ("$KV.contracts.engine.1", {}, b"junk")
    bucket = read_bucket([stored(old), stored(announced("agents")), junk, stored(new), gone])
    assert bucket.announcements == (new,)
    assert [(one.role, one.instance) for one in bucket.unreadable] == [("engine", "1")]
    again = read_bucket([stored(announced("agents")), gone, stored(announced("agents"))])
    assert again.announcements == (announced("agents"),)
    assert read_bucket([stored(old), ("$KV.contracts.gate.1", {"KV-Operation": "PURGE"}, b"")]) == Bucket()


V1, V2 = announced("gate", x_y=(1,)), announced("gate", "2", x_y=(1, 2))
JUNK = Unreadable("gate", "3", "junk")


@pytest.mark.parametrize(
    ("bucket", "expected", "answer", "code"),
    [
        (Bucket((V2,)), ("gate",), "yes", LiveCode.READ_BY_ALL),
        (Bucket((V1,)), ("gate",), "no", LiveCode.READER_BEHIND),
        (Bucket((V1, V2)), ("gate",), "no", LiveCode.READER_BEHIND),
        (Bucket((V2,), (JUNK,)), ("gate",), "unknown", LiveCode.READER_UNREADABLE),
        (Bucket((V1,), (JUNK,)), ("gate",), "no", LiveCode.READER_BEHIND),
        (Bucket((V2,)), ("gate", "obs"), "unknown", LiveCode.NEVER_ANNOUNCED),
        (Bucket(), ("gate",), "unknown", LiveCode.NEVER_ANNOUNCED),
        (Bucket(), (), "yes", LiveCode.READ_BY_NOBODY),
        (Bucket((V1,)), (), "no", LiveCode.READER_BEHIND),  # nobody expected it, but it says that it reads
        (Bucket((announced("obs"),)), (), "yes", LiveCode.READ_BY_NOBODY),
        (
            Bucket((announced("obs"),)),
            ("obs",),
            "no",
            LiveCode.READER_BEHIND,
        ),  # does not know the type at all
        (Bucket((V2,), (Unreadable("obs", "1", "junk"),)), ("gate",), "yes", LiveCode.READ_BY_ALL),
    ],
)
def test_verdicts(bucket: Bucket, expected: tuple[str, ...], answer: str, code: LiveCode) -> None:
    verdict = can_emit("x.y", 2, bucket, expected)
    assert (verdict.answer, verdict.code) == (answer, code)
    assert verdict.hint == HINTS[code]


def test_a_laggard_is_named_with_what_it_reads() -> None:
    verdict = can_emit("x.y", 2, Bucket((V1, V2, announced("obs"))), ("gate", "obs"))
    assert [str(laggard) for laggard in verdict.laggards] == [
        "gate/1 (at-gate 0.3.0) reads v1",
        "obs/1 (at-obs 0.3.0) reads none of it",
    ]


def test_every_code_has_a_hint() -> None:
    assert set(HINTS) == set(LiveCode)


ROLES = ("gate", "engine", "obs")
ANNOUNCEMENTS = st.lists(
    st.tuples(
        st.sampled_from(ROLES),
        st.sampled_from("12"),
        st.dictionaries(st.sampled_from(("x.y", "x.z")), st.sets(st.integers(1, 3)).map(tuple)),
    ),
    max_size=6,
    unique_by=lambda one: one[:2],
)


@given(ANNOUNCEMENTS, st.sets(st.sampled_from(ROLES)), st.sets(st.sampled_from(ROLES)), st.integers(1, 3))
def test_yes_is_never_said_while_a_live_reader_lacks_the_major(
    entries: list[tuple[str, str, dict[str, tuple[int, ...]]]],
    expected: set[str],
    unreadable: set[str],
    major: int,
) -> None:
    live = [
        announced(role, instance).model_copy(update={"reads": reads}) for role, instance, reads in entries
    ]
    junk = tuple(Unreadable(role, "9", "junk") for role in sorted(unreadable))
    verdict = can_emit("x.y", major, Bucket(tuple(live), junk), sorted(expected))
    concerned = [one for one in live if one.role in expected or "x.y" in one.reads]
    behind = [one for one in concerned if major not in one.reads.get("x.y", ())]
    assert (verdict.answer == "no") == bool(behind)
    assert {(one.role, one.instance) for one in verdict.laggards} == {
        (one.role, one.instance) for one in behind
    }
    if verdict.answer == "yes":
        assert expected <= {one.role for one in live}
        assert not expected & unreadable


@given(ANNOUNCEMENTS, st.permutations(range(6)))
def test_the_order_in_which_processes_announced_changes_no_verdict(
    entries: list[tuple[str, str, dict[str, tuple[int, ...]]]], order: list[int]
) -> None:
    messages = [
        stored(announced(role, instance).model_copy(update={"reads": reads}))
        for role, instance, reads in entries
    ]
    shuffled = [messages[place] for place in order if place < len(messages)]
    assert read_bucket(messages) == read_bucket(shuffled)


def test_who_is_expected_to_read_follows_from_the_durables() -> None:
    assert set(expected_readers(SIGNAL)) == {"gateway", "agents", "obs"}  # the journal's readers are readers
    assert set(expected_readers("intake.alert.quarantined")) == {"gateway"}
    assert set(expected_readers("heartbeat.gate")) == {"obs"}
    assert expected_readers("no.such.type") == ()


def test_subjects_of_two_processes_never_meet() -> None:
    names = [("gate", "1"), ("gate", "2"), ("gate1", "2"), ("gateway", "1")]
    for one, other in itertools.combinations(names, 2):
        assert announcement_subject(*one) != announcement_subject(*other)
