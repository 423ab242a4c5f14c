"""The receivers of `samples/push` take what another implementation of RFC 9421 signs, and nothing else."""

from __future__ import annotations

import http.client
import json
import shutil
import subprocess
import sys
from base64 import urlsafe_b64encode
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from http_message_signatures import HTTPMessageSigner, MappingKeyResolver
from http_message_signatures.algorithms import ECDSA_P256_SHA256
from lxml import etree

from notigateway.contract.push_v1 import (
    Change,
    ConfirmSubscription,
    Event,
    TellChanges,
    check_told,
    read_confirmation,
)
from notigateway.contract.writing import write

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from notigateway.contract.xml import Part

SAMPLES = Path(__file__).parents[2] / "samples" / "push"
URL = "https://bureau.example/hook/Zq7wT3"
COVERED = ("@method", "@target-uri", "content-type", "content-digest")
JSON = "application/cloudevents+json; charset=utf-8"
XML = "text/xml; charset=utf-8"
SUBSCRIPTION, NOTIFICATION, EVENT = (str(uuid4()) for _ in range(3))
KEY = ec.generate_private_key(ec.SECP256R1())
ANOTHER = ec.generate_private_key(ec.SECP256R1())


@dataclass
class Message:
    """A request as the signing library wants to see one."""

    body: bytes
    url: str = URL
    method: str = "POST"
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Running:
    """A receiver that runs, and the file of its process."""

    process: subprocess.Popen[str]
    port: int

    def post(self, message: Message, path: str = "/hook/Zq7wT3") -> tuple[int, bytes]:
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)) as connection:
            connection.request("POST", path, body=message.body, headers=message.headers)
            answer = connection.getresponse()
            return answer.status, answer.read()

    def end(self) -> list[dict[str, Any]]:
        """Stop it, and return what it said of events."""
        self.process.terminate()
        out, _ = self.process.communicate(timeout=20)
        return [json.loads(line) for line in out.splitlines()]


def signed(
    body: bytes,
    *,
    kind: str = JSON,
    url: str = URL,
    key: ec.EllipticCurvePrivateKey = KEY,
    name: str = "one",
    at: timedelta = timedelta(0),
    tag: str = "notigateway-push",
    covered: tuple[str, ...] = COVERED,
) -> Message:
    message = Message(body, url=url, headers={"Content-Type": kind})
    signer = HTTPMessageSigner(
        signature_algorithm=ECDSA_P256_SHA256,
        key_resolver=MappingKeyResolver(public_keys={}, private_keys={name: key}),
    )
    signer.sign(
        message,
        key_id=name,
        created=datetime.now(UTC) + at,
        tag=tag,
        label="sig1",
        covered_component_ids=covered,
        body=body if "content-digest" in covered else None,
    )
    return message


def event(state: str = "accepted", position: int = 7, identifier: str = EVENT) -> bytes:
    said = {
        "code": 1001,
        "notificationId": NOTIFICATION,
        "eventId": EVENT,
        "state": state,
        "position": position,
    }
    kind = f"notigateway.notification.{state}"
    return json.dumps({"specversion": "1.0", "id": identifier, "type": kind, "data": said}).encode()


def coordinate(number: int) -> str:
    return urlsafe_b64encode(number.to_bytes(32, "big")).decode().rstrip("=")


def published(keys: Mapping[str, ec.EllipticCurvePrivateKey]) -> str:
    numbers = {name: key.public_key().public_numbers() for name, key in keys.items()}
    return json.dumps(
        {
            "keys": [
                {"kty": "EC", "crv": "P-256", "kid": name, "x": coordinate(one.x), "y": coordinate(one.y)}
                for name, one in numbers.items()
            ]
        }
    )


@contextmanager
def running(kind: str, folder: Path) -> Iterator[Running]:
    keys, store = folder / "keys.json", folder / "store"
    keys.write_text(published({"one": KEY, "next": ANOTHER}))
    if kind == "python":
        options = ["--port", "0", "--url", URL, "--keys", str(keys), "--store", str(store)]
        command = [sys.executable, str(SAMPLES / "receiver.py"), *options]
    else:
        command = ["node", str(SAMPLES / "receiver.mjs"), "0", URL, str(keys), str(store)]
    with (
        (folder / "errors").open("w+") as errors,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True) as process,
    ):
        try:
            yield Running(process, _port(process, folder / "errors"))
        finally:
            process.kill()


def _port(process: subprocess.Popen[str], errors: Path) -> int:
    while process.poll() is None:
        words = errors.read_text().split()
        if words[:1] == ["READY"] and errors.read_text().endswith("\n"):
            return int(words[1])
    raise AssertionError(errors.read_text())


NODE = pytest.param(
    "node", marks=[pytest.mark.interop, pytest.mark.skipif(not shutil.which("node"), reason="no Node here")]
)


@pytest.fixture(params=["python", NODE])
def receiver(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Running]:
    with running(request.param, tmp_path) as found:
        yield found


def test_keys_that_might_be_anybodys_are_refused_at_the_start() -> None:
    options = ["--port", "0", "--url", URL, "--keys", "http://gateway.example/notigateway/push-keys"]
    command = [sys.executable, str(SAMPLES / "receiver.py"), *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, "by http may be anybody's" in done.stderr) == (2, True)


def test_a_ping_is_answered_with_its_challenge_and_an_event_is_told_once(receiver: Running) -> None:
    said = {"subscriptionId": SUBSCRIPTION, "challenge": "abc-123"}
    ping = json.dumps({"id": "ping-1", "type": "notigateway.subscription.ping", "data": said}).encode()
    status, content = receiver.post(signed(ping))
    assert (status, json.loads(content)) == (200, {"challenge": "abc-123"})
    assert receiver.post(signed(event()))[0] == 204
    assert receiver.post(signed(event()))[0] == 204  # told again: nothing new
    by_the_next_key = signed(event(identifier="another"), key=ANOTHER, name="next")
    assert receiver.post(by_the_next_key)[0] == 204
    assert [(one["id"], one["notificationId"], one["state"]) for one in receiver.end()] == [
        (EVENT, NOTIFICATION, "accepted"),
        ("another", NOTIFICATION, "accepted"),
    ]


def test_what_the_gateway_has_not_signed_for_this_address_is_refused(receiver: Running) -> None:
    good = signed(event())
    unsigned = Message(good.body, headers={"Content-Type": JSON})
    changed = Message(event("rejected"), headers=dict(good.headers))
    other_type = Message(good.body, headers={**good.headers, "Content-Type": "text/xml"})
    refused = {
        "unsigned": unsigned,
        "changed": changed,
        "another type": other_type,
        "another address": signed(event(), url="https://bureau.example/hook/other"),
        "another key": signed(event(), key=ANOTHER),
        "an unknown key": signed(event(), name="nobody"),
        "too old": signed(event(), at=timedelta(seconds=-400)),
        "another use": signed(event(), tag="something-else"),
        "without digest": signed(event(), covered=("@method", "@target-uri", "content-type")),
    }
    assert {name: receiver.post(one)[0] for name, one in refused.items()} == dict.fromkeys(refused, 401)
    assert receiver.post(good, path="/hook/guessed")[0] == 404
    assert receiver.end() == []


def test_a_soap_call_back_is_verified_and_answered_by_its_contract(tmp_path: Path) -> None:
    told = Event(
        id=EVENT,
        type="notigateway.notification.lapsed",
        time=datetime.now(UTC),
        change=Change(code=1001, notification_id=NOTIFICATION, event_id=EVENT, state="lapsed", position=9),
    )
    rights = Event(
        id="ffffffff-0000-7000-8000-000000000000", type="notigateway.rights.changed", time=told.time
    )
    with running("python", tmp_path) as receiver:
        asked = ConfirmSubscription(subscription_id=SUBSCRIPTION, challenge="a<b&c")
        status, content = receiver.post(signed(_envelope(asked), kind=XML))
        assert (status, read_confirmation(content)) == (200, "a<b&c")
        message = signed(
            _envelope(TellChanges(subscription_id=SUBSCRIPTION, events=(told, rights))), kind=XML
        )
        status, content = receiver.post(message)
        assert status == 200
        check_told(content)
        assert receiver.end() == [
            {
                "id": EVENT,
                "type": "notigateway.notification.lapsed",
                "code": 1001,
                "notificationId": NOTIFICATION,
                "eventId": EVENT,
                "state": "lapsed",
                "position": 9,
            },
            {"id": rights.id, "type": rights.type},
        ]


def _envelope(message: Part) -> bytes:
    soap = "http://schemas.xmlsoap.org/soap/envelope/"
    root = etree.Element(f"{{{soap}}}Envelope")
    etree.SubElement(root, f"{{{soap}}}Body").append(etree.fromstring(write(message)))
    return etree.tostring(root)
