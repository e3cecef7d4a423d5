"""A page is fetched from where its address says, and an address leads to the public internet only."""

import contextlib
import datetime as dt
import gzip
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from qa import ReadError
from qa.commands.options import open_sources
from qa.fetch import fetch, is_public
from qa.readers import read_sources

Answer = Callable[[BaseHTTPRequestHandler], None]
SENTENCE = "Les abeilles dansent à midi."


def respond(content: bytes, kind: str = "text/plain", status: int = 200, **headers: str) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in {"Content_Type": kind, "Content_Length": str(len(content)), **headers}.items():
            if value:
                handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(content)

    return answer


def redirect(to: str) -> Answer:
    return respond(b"", status=302, Location=to)


def echo(handler: BaseHTTPRequestHandler) -> None:
    respond(f"{handler.headers['Host']} {handler.headers['User-Agent']}".encode())(handler)


def endless(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Type", "text/plain")
    handler.end_headers()
    for _ in range(25):
        handler.wfile.write(b"a" * 1_000_000)


def slow(handler: BaseHTTPRequestHandler) -> None:
    for _ in range(50):
        handler.wfile.write(b"H")
        handler.wfile.flush()
        time.sleep(0.05)


PAGES: dict[str, Answer] = {
    "/bees/": respond(b"Bees dance."),
    "/latin": respond(SENTENCE.encode("latin-1"), "text/html; charset=ISO-8859-1"),
    "/declared-wrongly": respond(SENTENCE.encode(), "text/plain; charset=latin1"),
    "/utf-16": respond(f"\ufeff{SENTENCE}".encode("utf-16-le"), 'text/plain;charset="utf-16"'),
    "/unknown-charset": respond(SENTENCE.encode(), "text/plain; charset=klingon"),
    "/escaped": respond(b"Bees dance \\x41.", "text/plain; charset=unicode_escape"),
    "/no-type": respond(b"Bees dance.", ""),
    "/echo": echo,
    "/endless": endless,
    "/slow": slow,
    "/picture": respond(b"\x89PNG", "image/png"),
    "/huge": respond(b"", Content_Length="20000001"),
    "/packed": respond(gzip.compress(b"Bees dance."), Content_Encoding="gzip"),
    "/packed-twice": respond(b"", Content_Encoding="gzip, gzip"),
    "/packed-tight": respond(b"", Content_Encoding="br"),
    "/gone": respond(b"", status=410),
    "/moved": redirect("/bees/#dance"),
    "/round": redirect("/round"),
    "/out": redirect("ftp://bees.example/"),
    "/in": redirect("http://inside.example/"),
    "/secret": redirect("http://me:secret@bees.example/"),
}


class Pages(BaseHTTPRequestHandler):
    """Serves ``PAGES``."""

    def do_GET(self) -> None:
        """Answer with the page."""
        try:
            PAGES[self.path](self)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Keep the tests' output clean."""


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    """Return the address of a server on this computer."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def refusal(url: str, *, allow_private: bool = True, **options: Any) -> str:
    """Return why an address is not fetched."""
    with pytest.raises(ReadError) as caught:
        fetch(url, allow_private=allow_private, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_page_is_named_by_its_host_and_path_and_knows_its_address(site: str) -> None:
    source = fetch(f"{site}/moved", allow_private=True)

    assert source.name == "127.0.0.1/bees"
    assert source.url == f"{site}/bees/"
    assert source.read() == b"Bees dance."
    assert read_sources([source])[0].url == f"{site}/bees/"


@pytest.mark.parametrize("path", ["latin", "declared-wrongly", "utf-16", "unknown-charset"])
def test_the_encoding_is_the_servers_word_unless_that_cannot_be(site: str, path: str) -> None:
    assert read_sources([fetch(f"{site}/{path}", allow_private=True)])[0].text == SENTENCE


def test_only_encodings_that_browsers_know_are_decoded(site: str) -> None:
    assert read_sources([fetch(f"{site}/escaped", allow_private=True)])[0].text == "Bees dance \\x41."


def test_a_server_that_names_no_type_may_send_what_can_be_read(site: str) -> None:
    assert fetch(f"{site}/no-type", allow_private=True).read() == b"Bees dance."


def test_a_packed_page_is_unpacked(site: str) -> None:
    assert fetch(f"{site}/packed", allow_private=True).read() == b"Bees dance."


def test_the_host_is_asked_for_by_its_name_at_the_address_that_was_checked(site: str) -> None:
    port = site.rpartition(":")[2]
    asked = []

    def resolve(host: str, port: int) -> list[str]:
        asked.append((host, port))
        return ["127.0.0.1"]

    source = fetch(f"http://bücher.example:{port}/echo", allow_private=True, resolve=resolve)

    assert asked == [("xn--bcher-kva.example", int(port))]
    host, agent = source.read().decode().split(" ")
    assert host == f"xn--bcher-kva.example:{port}"
    assert agent.startswith("ask-the-article")


def test_the_next_address_of_a_host_is_tried_when_one_does_not_answer(site: str) -> None:
    port = site.rpartition(":")[2]

    source = fetch(f"http://bees.example:{port}/bees/", allow_private=True, resolve=lambda *_: ["::1", "127.0.0.1"])

    assert source.read() == b"Bees dance."


def test_the_environments_proxies_are_not_asked(site: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")

    assert fetch(f"{site}/bees/", allow_private=True).read() == b"Bees dance."


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("picture", "is image/png; give the address of a page, a text, a PDF or a Word document"),
        ("gone", "answered 410 Gone; check the address, or save the page and give the file"),
        ("huge", "has 20,000,001 bytes; the limit is 20,000,000: save it, and give a part of it as a file"),
        ("endless", "has more bytes than the limit, 20,000,000: save it, and give a part of it as a file"),
        ("packed-twice", "is packed as gzip, gzip; save the page and give the file"),
        ("packed-tight", "is packed as br; save the page and give the file"),
        ("round", "is the end of more redirects than the limit, 5; give the last address"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_refused_in_one_line_with_a_remedy(site: str, path: str, message: str) -> None:
    assert refusal(f"{site}/{path}") == f"{site}/{path} {message}"


def test_a_server_that_drips_is_given_up_in_time(site: str) -> None:
    start = time.monotonic()

    assert refusal(f"{site}/slow", max_seconds=0.3) == (
        f"{site}/slow took longer than 0.3 s, the limit; save the page and give the file"
    )
    assert time.monotonic() - start < 2


def test_a_server_that_does_not_answer_is_named(site: str) -> None:
    def unknown(*_: object) -> list[str]:
        raise OSError(-2, "Name or service not known")

    assert refusal("http://127.0.0.1:9/") == (
        "cannot fetch http://127.0.0.1:9/ (All connection attempts failed); check the address and the network"
    )
    assert refusal("https://bees.example/", resolve=unknown) == (
        "cannot find the host bees.example (Name or service not known); check the address and the network"
    )
    assert refusal("https://bees.example/", resolve=lambda *_: []) == (
        "the host bees.example has no address; check the address"
    )
    assert refusal(site.replace("http", "https")).startswith(f"cannot fetch {site.replace('http', 'https')}")


def test_a_certificate_is_asked_for_by_the_hosts_name_and_must_be_trusted(tmp_path: Path) -> None:
    asked = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(self_signed("bees.example", tmp_path))
    context.sni_callback = lambda _, name, __: asked.append(name)
    server = socket.create_server(("127.0.0.1", 0))

    def shake_hands() -> None:
        connection, _ = server.accept()
        with connection, contextlib.suppress(OSError):
            context.wrap_socket(connection, server_side=True)

    thread = threading.Thread(target=shake_hands)
    thread.start()
    message = refusal(f"https://bees.example:{server.getsockname()[1]}/", resolve=lambda *_: ["127.0.0.1"])
    thread.join()
    server.close()

    assert "CERTIFICATE_VERIFY_FAILED" in message
    assert asked == ["bees.example"]


def self_signed(host: str, folder: Path) -> Path:
    """Return a file with a certificate for ``host``, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host)])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + dt.timedelta(hours=1))
        .sign(key, hashes.SHA256())
    )
    pem, traditional = serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL
    path = folder / "certificate.pem"
    path.write_bytes(certificate.public_bytes(pem) + key.private_bytes(pem, traditional, serialization.NoEncryption()))
    return path


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("ftp://bees.example/", "'ftp://bees.example/' is no web address; give one that begins with https://"),
        ("file:///etc/passwd", "'file:///etc/passwd' is no web address; give one that begins with https://"),
        ("https://", "'https://' is no web address; give one that begins with https://"),
        ("https://me:secret@bees.example/", "the address on bees.example holds a user name or password; leave it out"),
    ],
)
def test_an_address_that_is_none_for_this_is_refused(url: str, message: str) -> None:
    assert refusal(url) == message


@pytest.mark.parametrize(
    "url", ["http://[::1", "https://a:b/", "https://exa\nmple/", "https://\ud800/", "https://a b/"]
)
def test_an_address_that_is_no_address_is_refused(url: str) -> None:
    assert "give one that begins with https://" in refusal(url) or "check the address" in refusal(url)


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("out", "'ftp://bees.example/' is no web address; give one that begins with https://"),
        ("secret", "the address on bees.example holds a user name or password; leave it out"),
    ],
)
def test_a_redirect_is_held_to_the_same_rules(site: str, path: str, message: str) -> None:
    assert refusal(f"{site}/{path}") == message


PRIVATE = [
    "0.0.0.0", "10.1.2.3", "100.64.0.1", "127.0.0.1", "169.254.169.254", "172.16.0.1", "192.168.0.1", "198.18.0.1",
    "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255", "::", "::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254",
    "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::1", "100::1", "2001:db8::1", "2002:7f00:1::1", "2001:0:0:1::1",
    "fc00::1", "fd12::1", "fe80::1", "fe80::1%lo", "fec0::1", "ff02::1", "ff0e::1",
]  # fmt: skip


@pytest.mark.parametrize("address", PRIVATE)
def test_addresses_that_are_not_public_are_refused(address: str) -> None:
    assert not is_public(address)
    assert refusal("https://bees.example/", allow_private=False, resolve=lambda *_: ["93.184.215.14", address]) == (
        f"https://bees.example/ leads to {address}, which is not public; add --allow-private if that is meant"
    )


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:2800:21f:cb07::1", "::ffff:8.8.8.8", "2002:808:808::1"])
def test_public_addresses_are_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "host", ["localhost", "127.1", "2130706433", "0x7f000001", "0x7f.0.0.1", "[::1]", "[::ffff:7f00:1]"]
)
def test_no_way_of_writing_this_computers_address_gets_round_that(host: str) -> None:
    assert "not public" in refusal(f"http://{host}:9/", allow_private=False)
    assert "cannot fetch" in refusal(f"http://{host}:9/")


def test_each_redirect_is_looked_up_once_and_may_not_lead_inside(site: str) -> None:
    asked: list[str] = []

    def resolve(host: str, _: int) -> list[str]:
        asked.append(host)
        return {"public.example": ["127.0.0.1"], "inside.example": ["10.0.0.7"]}[host]

    port = site.rpartition(":")[2]
    message = refusal(
        f"http://public.example:{port}/in", allow_private=False, resolve=resolve, allowed=lambda ip: ip == "127.0.0.1"
    )

    assert message == (
        "http://inside.example/ leads to 10.0.0.7, which is not public; add --allow-private if that is meant"
    )
    assert asked == ["public.example", "inside.example"]


def test_a_commands_path_may_be_an_address_a_folder_or_left_out(site: str) -> None:
    (page,) = open_sources(f"{site}/bees/", allow_private=True)

    assert page.url == f"{site}/bees/"
    assert [source.name for source in open_sources("")] == ["deepseek.md"]
    with pytest.raises(ReadError, match="is not public; add --allow-private"):
        open_sources(f"{site.upper()}/bees/")
    with pytest.raises(ReadError, match=r"^'ftp://bees\.example' is no web address"):
        open_sources("ftp://bees.example")
