"""Spyne 2.14 imports and answers on every Python we support, each time in a fresh interpreter."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module

import pytest

FIRST_CONTRACT = """
import notigateway.soap
from io import BytesIO
from spyne import Application, Integer, Iterable, Service, Unicode, rpc
from spyne.protocol.soap import Soap11
from spyne.server.wsgi import WsgiApplication

class Greeting(Service):
    @rpc(Unicode, Integer, _returns=Iterable(Unicode))
    def greet(ctx, name, times):
        return [name] * times

wsgi = WsgiApplication(Application([Greeting], "urn:x", in_protocol=Soap11(), out_protocol=Soap11()))
place = {"SERVER_NAME": "127.0.0.1", "SERVER_PORT": "80", "wsgi.url_scheme": "http", "SCRIPT_NAME": ""}
get = place | {"REQUEST_METHOD": "GET", "QUERY_STRING": "wsdl", "PATH_INFO": "/"}
assert b"wsdl:definitions" in b"".join(wsgi(get, lambda status, headers: None))

request = (
    b'<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>'
    b'<greet xmlns="urn:x"><name>Ana</name><times>2</times></greet></e:Body></e:Envelope>'
)
post = place | {"REQUEST_METHOD": "POST", "QUERY_STRING": "", "PATH_INFO": "/"}
post |= {"wsgi.input": BytesIO(request)}
post |= {"CONTENT_TYPE": "text/xml; charset=utf-8", "CONTENT_LENGTH": str(len(request))}
assert b"".join(wsgi(post, lambda status, headers: None)).count(b">Ana<") == 2
"""

STANDARD_LIBRARY_UNTOUCHED = """
import http.cookies, urllib.parse, collections.abc
before = [m.__spec__ for m in (http.cookies, urllib.parse, collections.abc)]
import notigateway.soap
import spyne.server.wsgi
from spyne.util.six.moves import http_cookies
from spyne.util.six.moves.urllib import parse
assert http_cookies is http.cookies
assert parse.unquote is urllib.parse.unquote
assert [m.__spec__ for m in (http.cookies, urllib.parse, collections.abc)] == before
"""

ONE_HOOK = """
import sys
from notigateway.soap import spyne_compat
hooks = list(sys.meta_path)
spyne_compat.install()
assert sys.meta_path == hooks
import spyne
assert not [hook for hook in sys.meta_path if type(hook).__module__ == "spyne.util.six"]
"""

ABSENT_STAYS_ABSENT = """
import notigateway.soap
try:
    import spyne.util.six.moves.no_such_module
except ModuleNotFoundError as error:
    assert error.name == "spyne.util.six.moves.no_such_module"
else:
    raise SystemExit("an absent module was imported")
"""


@pytest.mark.parametrize(
    "program",
    [
        pytest.param(FIRST_CONTRACT, id="contract-and-call"),
        pytest.param(STANDARD_LIBRARY_UNTOUCHED, id="standard-library-untouched"),
        pytest.param(ONE_HOOK, id="installed-once"),
        pytest.param(ABSENT_STAYS_ABSENT, id="absent-stays-absent"),
    ],
)
def test_spyne_works_in_a_fresh_interpreter(program: str) -> None:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_spyne_works_beside_the_other_tests() -> None:
    import_module("notigateway.soap")
    assert import_module("spyne.server.wsgi").WsgiApplication is not None
