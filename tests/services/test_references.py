"""References among mappings: in files and exports, kept when a mapping is renamed, in the way of its removal."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from glsync.errors import ConfigError, InvalidInput, InvalidMapping
from glsync.services import config, demo, errors, mappings, runs
from glsync.services.mappings import MappingDraft
from glsync.standin import StandIn
from glsync.standin.demo import demo_fixture
from glsync.values import ColumnPair

from .conftest import ADMIN, TOKEN, VIEWER
from .test_config import FILE

ROW_ID = {"glide_column_name": "$rowID", "supabase_column_name": "glide_row_id", "data_type": "string"}


def mapped(name: str, **refers: str) -> dict[str, Any]:
    """A mapping of the items onto a table of its own, its columns holding rows of other mappings."""
    return {
        "name": name,
        "connection": "ops",
        "glide_table": "items",
        "supabase_table": f"public.{name}",
        "create_table": True,
        "column_mappings": {"$rowID": ROW_ID}
        | {
            column: {"supabase_column_name": column.lower(), "data_type": "string", "reference": parent}
            for column, parent in refers.items()
        },
    }


@pytest.fixture
def applied(addresses: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Apply a file with these mappings; what changed."""
    monkeypatch.setenv("GLIDE_TOKEN", TOKEN)

    def apply(*wanted: dict[str, Any]) -> list[str]:
        path = tmp_path / "family.yaml"
        path.write_text(yaml.safe_dump(yaml.safe_load(FILE.format(**addresses)) | {"mappings": list(wanted)}))
        return config.apply(ADMIN, path)

    return apply


def test_a_file_may_name_children_before_their_parents(applied: Any):
    changes = applied(mapped("lines", Name="orders"), mapped("orders", Name="customers"), mapped("customers"))
    added = [change for change in changes if change.endswith(": added") and change.startswith("mapping")]
    assert added == ["mapping customers: added", "mapping orders: added", "mapping lines: added"]
    assert applied(mapped("lines", Name="orders"), mapped("orders", Name="customers"), mapped("customers")) == []


def test_a_file_may_name_mappings_that_refer_to_each_other_and_to_themselves(applied: Any):
    family = [mapped("teams", Name="people"), mapped("people", Name="teams", pr1ce="people")]
    applied(*family)
    assert {row.name: row.status for row in mappings.listing(VIEWER)} == {"teams": "active", "people": "active"}
    assert applied(*family) == []


def test_an_export_says_whom_a_column_refers_to(applied: Any):
    applied(mapped("orders", Name="customers"), mapped("customers"))
    exported = {one["name"]: one for one in yaml.safe_load(config.export(ADMIN))["mappings"]}
    assert exported["orders"]["column_mappings"]["Name"]["reference"] == "customers"
    assert "reference" not in exported["customers"]["column_mappings"]["$rowID"]


def test_a_file_that_refers_to_nobody_is_refused_with_the_place(applied: Any):
    with pytest.raises(
        ConfigError, match=r"orders › column_mappings › Name: .*\"nobody\", and this workspace has none"
    ):
        applied(mapped("orders", Name="nobody"))


def test_a_renamed_mapping_is_still_referred_to_by_its_children_and_itself(applied: Any):
    applied(mapped("orders", Name="people"), mapped("people", Name="people"))
    mappings.save(ADMIN, replace(mappings.find(ADMIN, "people"), name="persons"), activate=True)
    for name in ("orders", "persons"):
        assert [pair.reference for pair in mappings.find(VIEWER, name).pairs] == ["persons"]


def test_a_mapping_that_others_refer_to_is_not_removed(applied: Any):
    applied(mapped("orders", Name="customers"), mapped("customers", Name="customers"))
    customers, orders = (mappings.find(ADMIN, name).id for name in ("customers", "orders"))
    assert customers is not None
    assert orders is not None
    with pytest.raises(InvalidInput, match="orders refers to the rows of customers"):
        mappings.remove(ADMIN, customers, "customers")
    mappings.remove(ADMIN, orders, "orders")
    mappings.remove(ADMIN, customers, "customers")


def test_a_new_mapping_may_refer_to_its_own_rows(draft: MappingDraft):
    mappings.create_table(ADMIN, draft)
    own = replace(draft, pairs=[ColumnPair("Name", "Item", "item", "string", reference="items")])
    assert [pair.reference for pair in mappings.save(ADMIN, own, activate=True).pairs] == ["items"]


def test_a_reference_of_another_kind_or_with_a_rule_is_refused(draft: MappingDraft):
    mappings.create_table(ADMIN, draft)
    for wrong in ({"kind": "number"}, {"rule": "Name"}):
        pair = replace(ColumnPair("Name", "Item", "item", "string", reference="items"), **wrong)
        with pytest.raises(InvalidMapping, match=r"refers to rows of \"items\""):
            mappings.save(ADMIN, replace(draft, pairs=[pair]), activate=True)


def test_the_demo_runs_parents_first_and_its_one_dangling_reference_is_one_clear_error(
    glide: StandIn, addresses: dict[str, Any], ask: Any
):
    glide.load(demo_fixture())
    demo.load(ADMIN, **addresses)
    told: list[str] = []
    runs.sync_all(ADMIN, inline=True, on_end=lambda run: told.append(run.mapping_name))
    assert told[0] == "accounts"
    assert max(told.index("invoices"), told.index("products")) < told.index("invoice_lines")
    assert len(told) == 13  # products and vendor payments refer to each other
    dangling = errors.listing(VIEWER, errors.ErrorFilter(types=("RELATIONSHIP",)))
    assert [(error.mapping_name, error.column, error.value) for error in dangling] == [
        ("invoice_lines", "rowid_invoices", "gone0000000000000000AA")
    ]
    assert dangling[0].message.endswith("refers to row gone0000000000000000AA of invoices, and no such row is there")
    assert ask("select count(*) > 300 from gl_products where rowid_accounts is not null") == [(True,)]


def test_columns_that_seem_to_mean_rows_of_other_mappings_are_found_by_key_or_name(applied: Any, ask: Any):
    applied(mapped("customers"), mapped("orders"))
    ask("create table lines (of_order uuid references orders, rowid_customers text, note text)")
    assert mappings.likely_references(VIEWER, "public.lines") == {"of_order": "orders", "rowid_customers": "customers"}
