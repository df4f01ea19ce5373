"""Against every frozen minor, not only the last; and the whole check on the shipped registry."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

from at_core.contracts.compat.catalogue import Shape, event_class
from at_core.contracts.compat.current import contract_of_class, current_contracts
from at_core.contracts.compat.history import history_complaints
from at_core.contracts.compat.rules import Rule
from at_core.contracts.compat.whole import whole_check
from at_core.contracts.frozen import FrozenContract, frozen_contracts, frozen_folder
from at_core.events.envelope import Token

TYPE = "trial.row.changed"
OPTIONAL = (Token | None, None)


def version(number: str, **fields: Any) -> FrozenContract:
    return contract_of_class(event_class(Shape(fields, {"VERSION": number})), TYPE)


def rules(frozen: list[FrozenContract], current: FrozenContract) -> list[tuple[Rule, str]]:
    found = history_complaints({TYPE: tuple(frozen)}, {TYPE: current})
    return [(one.finding.rule, one.against) for one in found]


def test_the_shipped_registry_is_in_order() -> None:
    assert [str(problem) for problem in whole_check(Path(str(frozen_folder())))] == []


def test_a_name_that_went_may_not_return_in_another_form() -> None:
    frozen = [version("1.0", x=OPTIONAL), version("1.1")]
    assert rules(frozen, version("1.2", x=(int | None, None))) == [(Rule.TYPE_CHANGED, "1.0")]
    assert rules(frozen, version("1.2", x=OPTIONAL)) == []


def test_an_optional_rename_is_refused_in_one_step_and_permitted_in_two() -> None:
    assert rules([version("1.0", x=OPTIONAL)], version("1.1", y=OPTIONAL)) == [(Rule.FIELD_RENAMED, "1.0")]
    frozen = [version("1.0", x=OPTIONAL), version("1.1", x=OPTIONAL, y=OPTIONAL)]
    assert rules(frozen, version("1.2", y=OPTIONAL)) == []


def test_an_older_major_is_held_to_its_own_history() -> None:
    frozen = [version("1.0"), version("1.1", x=Token), version("2.0", z=Token)]
    assert rules(frozen, version("2.0", z=Token)) == [(Rule.FIELD_REQUIRED_ADDED, "1.0")]


def test_a_version_never_goes_back() -> None:
    assert rules([version("1.0"), version("1.1", x=OPTIONAL)], version("1.0")) == [
        (Rule.VERSION_WENT_BACK, "1.1")
    ]


def test_a_new_type_has_the_envelope_of_all_others() -> None:
    table = dict(frozen_contracts())
    bent = version("1.0", source=str)
    found = list(history_complaints(table, {**current_contracts(), TYPE: bent}))
    assert {(one.event_type, one.finding.rule, one.finding.path) for one in found} == {
        (TYPE, Rule.ENVELOPE_CHANGED, "$.source"),
        (TYPE, Rule.TEXT_UNBOUNDED, "$.source"),
    }


def test_not_even_a_new_major_bends_the_envelope() -> None:
    assert (Rule.ENVELOPE_CHANGED, "") in rules([version("1.0")], version("2.0", account=Token))


def test_a_frozen_minor_that_the_model_breaks_is_named(tmp_path: Path) -> None:
    """The finding says against which version: the one in the middle, not the last."""
    table = frozen_contracts()
    first, last = table["trading.execution.fill"][:2]
    reader = json.loads(json.dumps(first.reader))
    writer = json.loads(json.dumps(first.writer))
    for side in (reader, writer):
        side["properties"]["broker"] = {"type": "integer", "default": 0}
    odd = replace(first, version="1.0", reader=reader, writer=writer)
    found = list(history_complaints({last.event_type: (odd, last)}, {last.event_type: last}))
    assert {one.against for one in found} == {"1.0"}
    assert Rule.TYPE_CHANGED in {one.finding.rule for one in found}


def test_a_frozen_text_that_was_changed_under_its_number_says_whom_that_breaks() -> None:
    assert rules([version("1.0")], version("1.0", x=Token)) == [(Rule.FIELD_REQUIRED_ADDED, "1.0")]
    assert rules([version("1.0", x=Token)], version("1.0", x=Token)) == []


def test_a_released_version_that_is_gone_is_missed(tmp_path: Path) -> None:
    data = tmp_path / "data"
    shutil.copytree(Path(str(frozen_folder())).parent, data)
    shutil.rmtree(data / "registry" / "trading.execution.fill" / "1.0")
    assert [str(problem) for problem in whole_check(data / "registry")] == [
        "FROZEN_GONE: trading.execution.fill 1.0: released with at-core 0.2.0 and gone; restore the folder from there"
    ]
    shutil.rmtree(data / "releases")
    assert whole_check(data / "registry") == []
