"""The rule of succession in SQL is the pure one, on both databases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from notigateway.law.lifecycle import Kind, State
from notigateway.law.succession import Cause, Concerned, Succession, shows
from notigateway.repository.engine import writing
from notigateway.repository.model import Act, Addressee, IssuingBody, Notification
from notigateway.repository.successions import SuccessionRow, shown_by_succession

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from notigateway.repository.session import Session

START = datetime(2026, 1, 15, 9, tzinfo=UTC)
DAY, MILLISECOND = timedelta(days=1), timedelta(milliseconds=1)
A, B = "12345678Z", "00000007F"
BODIES = ("EA0041485", "EA0021234")
INSTANTS = st.builds(
    lambda day, edge: START + day * DAY + edge * MILLISECOND, st.integers(0, 5), st.integers(-1, 1)
)
# Names that hold one another.
PROCEDURES = st.sampled_from(["1", "12", "2", "1_"])
ACCOUNTS = st.sampled_from([None, "28123456742", "011128123456742", "08999999904"])
SUCCESSIONS = st.builds(
    Succession,
    predecessor=st.just(A),
    successor=st.just(B),
    cause=st.sampled_from(Cause),
    fact_at=INSTANTS,
    communicated_at=INSTANTS,
    ends_at=st.none() | INSTANTS,
    body=st.none() | st.sampled_from(BODIES),
    procedures=st.frozensets(PROCEDURES, max_size=2),
    account=st.sampled_from([None, "28123456742"]),
)
PATTERN = Succession(
    predecessor=A,
    successor=B,
    cause=Cause.DEATH,
    fact_at=START,
    communicated_at=START,
    procedures=frozenset({"12"}),
)
ACTS = st.tuples(
    st.builds(Concerned, body=st.sampled_from(BODIES), procedure=PROCEDURES, account=ACCOUNTS), INSTANTS
)


def populate(session: Session, one: Succession, acts: list[tuple[Concerned, datetime]]) -> list[int]:
    """Write the succession and the acts into empty tables; return their codes in order."""
    bodies = {dir3: IssuingBody(dir3=dir3, acronym="x", name="x", nif="Q2827003A") for dir3 in BODIES}
    addressee = Addressee(identifier=A, name=A)
    session.add_all([*bodies.values(), addressee])
    session.flush()
    session.add(
        SuccessionRow(
            id=uuid4(),
            predecessor_id=addressee.id,
            successor=B,
            cause=one.cause,
            fact_at=one.fact_at,
            communicated_at=one.communicated_at,
            ends_at=one.ends_at,
            issuing_body_id=None if one.body is None else bodies[one.body].id,
            procedures="\n".join(sorted(one.procedures)),
            account=one.account,
            document="x",
        )
    )
    codes = []
    for concerned, available_at in acts:
        act = Act(
            id=uuid4(),
            issuing_body_id=bodies[concerned.body].id,
            reference=str(uuid4()),
            subject="x",
            procedure=concerned.procedure,
            matter="x",
            special_category=False,
            submission_sha256="0" * 64,
            document_sizes="1",
            ccc=concerned.account,
        )
        row = Notification(
            id=uuid4(),
            act_id=act.id,
            addressee_id=addressee.id,
            kind=Kind.COMMUNICATION,
            state=State.AVAILABLE,
            available_at=available_at,
        )
        session.add(act)
        session.flush()
        session.add(row)
        session.flush()
        codes.append(row.code)
    return codes


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(PATTERN, [(Concerned(body=BODIES[0], procedure="1_", account=None), START)], [START])
@given(SUCCESSIONS, st.lists(ACTS, min_size=1, max_size=5), st.lists(INSTANTS, min_size=3, max_size=3))
def test_the_query_says_what_the_rule_says(
    engine: Engine, one: Succession, acts: list[tuple[Concerned, datetime]], instants: list[datetime]
) -> None:
    with writing(engine) as session:
        codes = populate(session, one, acts)
        for now in instants:
            query = select(Notification.code).join(Act, Notification.act_id == Act.id)
            found = set(session.scalars(query.where(shown_by_succession(B, now))))
            expected = {
                code
                for code, (act, available_at) in zip(codes, acts, strict=True)
                if shows(one, act, available_at=available_at, now=now)
            }
            assert found == expected
        session.rollback()
        session.begin()
