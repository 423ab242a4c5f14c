"""The form of the text that is kept of a row: whoever changes it gives it another number."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace

from notigateway.contract.row_text import FORM, row_text
from notigateway.law.grounds import Ground, Paper
from notigateway.law.lifecycle import Kind

ROW = SimpleNamespace(
    code=7,
    id="01900000-0000-7000-8000-000000000000",
    kind=Kind.NOTIFICATION,
    subject="Uno & <dos>",
    dir3="EA0041485",
    acronym="TGSS",
    name="Tesorería",
    procedure="9900102",
    matter="affiliation",
    identifier="A58818501",
    addressee_name="Una, S.A.",
    available_at=datetime(2026, 1, 15, 9, tzinfo=UTC),
    special_category=False,
    document_sizes="23 18",
    reference="R-1",
    ccc="28123456742",
    naf="281234567840",
    ground=Ground.A,
    paper=Paper.FIRST_EX_OFFICIO,
    predecessor="B12345674",
    predecessor_name="Otra, S.L.",
    public_metadata="\nperiod\t2026-01\nunit\tA & B\n",
)
# By the number of the form: what was kept in an earlier one stays there, and is read no more.
WRITTEN = {
    2: (
        "<notification><code>7</code><id>01900000-0000-7000-8000-000000000000</id><kind>notification</kind>"
        "<subject>Uno &amp; &lt;dos&gt;</subject><issuingBody><issuerId>EA0041485</issuerId>"
        "<acronym>TGSS</acronym><name>Tesorería</name></issuingBody><procedure>9900102</procedure>"
        "<matter>affiliation</matter><addressee><identifier>A58818501</identifier><name>Una, S.A.</name>"
        "</addressee><role>\0"
        "</state><availableAt>2026-01-15T09:00:00.000Z</availableAt>\0"
        "<specialCategory>false</specialCategory><documentCount>2</documentCount>"
        "<documentSize>23</documentSize><documentSize>18</documentSize>\0"
        "<reference>R-1</reference><obligationGround>a</obligationGround><paper>first_ex_officio</paper>\0"
        "<ccc>28123456742</ccc><naf>281234567840</naf>"
        "<predecessor><identifier>B12345674</identifier><name>Otra, S.L.</name></predecessor>"
        "<metadata><key>period</key><value>2026-01</value></metadata>"
        "<metadata><key>unit</key><value>A &amp; B</value></metadata>"
    )
}


def test_the_text_of_a_row_has_the_form_of_its_number() -> None:
    assert row_text(ROW).decode() == WRITTEN[FORM]
