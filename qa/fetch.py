"""Fetching one page that a person asks for by its address; the web server never does.

An address leads to a public server only: the name is resolved once, every address behind it is
checked, and one of those is connected to, so that a name cannot mean another place the next time.
"""

import asyncio
import codecs
import re
import socket
from collections.abc import Callable, Iterable
from contextlib import aclosing
from importlib.metadata import PackageNotFoundError, version
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

import httpx

from qa.errors import ReadError
from qa.lines import printable, reason
from qa.readers.encodings import decode_as, is_marked
from qa.readers.sources import MAX_BYTES, Source

Resolver = Callable[[str, int], Iterable[str]]  # of a host and port, to its IP addresses

MAX_SECONDS = 20.0  # for everything together; somebody waits
CONNECT_SECONDS = 5.0  # for one address of a host
MAX_REDIRECTS = 5  # browsers follow 20; more than two or three are a loop
MAX_ADDRESSES = 4  # of one host, tried one after the other
READABLE = re.compile(
    r"text/(html|plain|markdown|x-markdown)|application/(xhtml\+xml|pdf|x-pdf|octet-stream|msword"
    r"|vnd\.openxmlformats-officedocument\.wordprocessingml\.document)|"
)
NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052: the last four bytes are an IPv4 address


def system_addresses(host: str, port: int) -> list[str]:
    """Return a host's IP addresses as the system resolves them; ways of writing one, such as 0x7f.1, included."""
    return [str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def is_public(address: str) -> bool:
    """Return whether an IP address, or the IPv4 address that it wraps, is one of the public internet."""
    ip = ip_address(address)
    if isinstance(ip, IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (IPv4Address(int(ip) & 0xFFFFFFFF) if ip in NAT64 else None)
        if inner:
            return is_public(str(inner))
        if ip.is_site_local:  # what fc00::/7 replaced
            return False
    # Python counts groups' addresses and IPv6's unassigned ones among the global.
    return ip.is_global and not (ip.is_multicast or ip.is_reserved)


def fetch(
    url: str,
    *,
    allow_private: bool = False,
    max_seconds: float = MAX_SECONDS,
    resolve: Resolver = system_addresses,
    allowed: Callable[[str], bool] = is_public,
) -> Source:
    """Fetch the page, PDF or document at an http or https address.

    Args:
        url: the address.
        allow_private: let it, and what it redirects to, lie on this computer or in a private network.
        max_seconds: for everything together, from the name's look-up to the last byte.
        resolve: looks a host's addresses up.
        allowed: tells which IP addresses may be connected to, unless private ones may.

    Raises:
        ReadError: the address is none or not allowed, the server does not answer with a readable
            format, or the content or the wait exceeds the limit.
    """

    async def limited() -> Source:
        async with asyncio.timeout(max_seconds):
            return await _fetch(url, (lambda _: True) if allow_private else allowed, resolve)

    try:
        return asyncio.run(limited())
    except TimeoutError as error:
        raise ReadError(
            f"{url} took longer than {max_seconds:g} s, the limit; save the page and give the file"
        ) from error


async def _fetch(address: str, allowed: Callable[[str], bool], resolve: Resolver) -> Source:
    """Follow redirects, each checked like the first address."""
    for _ in range(MAX_REDIRECTS + 1):
        url = _parse(address)
        hosts = await _addresses(url, allowed, resolve)
        # Nothing of the environment: no proxy that would resolve the name again, no passwords from a file.
        timeout = httpx.Timeout(MAX_SECONDS, connect=CONNECT_SECONDS)
        headers = {"User-Agent": _user_agent(), "Accept-Encoding": "gzip, deflate"}
        async with httpx.AsyncClient(trust_env=False, timeout=timeout, headers=headers) as client:
            try:
                async with aclosing(await _connect(client, url, hosts)) as response:
                    if not response.has_redirect_location:
                        return await _receive(url, response)
                    address = str(url.join(response.headers["location"]))
            except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
                raise ReadError(f"cannot fetch {url} ({reason(error)}); check the address and the network") from error
    raise ReadError(f"{address} is the end of more redirects than the limit, {MAX_REDIRECTS}; give the last address")


def _parse(address: str) -> httpx.URL:
    """Return the parts of an address, without the fragment."""
    try:
        url = httpx.URL(address).copy_with(fragment=None)
        host = url.host
    except (httpx.InvalidURL, ValueError) as error:
        raise ReadError(f"{address[:200]!r} is no address ({error}); give one that begins with https://") from error
    if url.scheme not in {"http", "https"} or not host:
        raise ReadError(f"{address[:200]!r} is no web address; give one that begins with https://")
    if url.userinfo:
        raise ReadError(f"the address on {host} holds a user name or password; leave it out")
    return url


async def _addresses(url: httpx.URL, allowed: Callable[[str], bool], resolve: Resolver) -> list[str]:
    """Return the IP addresses of an address's host, all of which may be connected to."""
    host, port = url.raw_host.decode("ascii"), url.port or (443 if url.scheme == "https" else 80)
    try:
        found = list(dict.fromkeys(await asyncio.get_running_loop().run_in_executor(None, resolve, host, port)))
    except (OSError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or "no such name"
        raise ReadError(f"cannot find the host {host} ({why}); check the address and the network") from error
    for each in found:
        if not allowed(each):
            raise ReadError(f"{url} leads to {each}, which is not public; add --allow-private if that is meant")
    return found[:MAX_ADDRESSES]


async def _connect(client: httpx.AsyncClient, url: httpx.URL, hosts: list[str]) -> httpx.Response:
    """Return the response, its content still to come, of the first IP address that answers."""
    failure: httpx.TransportError | None = None
    for host in hosts:
        request = client.build_request(
            "GET",
            url.copy_with(host=host),
            headers={"Host": url.netloc.decode("ascii")},
            extensions={"sni_hostname": url.raw_host.decode("ascii")},  # whose certificate is asked for and checked
        )
        try:
            return await client.send(request, stream=True)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            failure = error
    raise failure or ReadError(f"the host {url.host} has no address; check the address")


async def _receive(url: httpx.URL, response: httpx.Response) -> Source:
    """Return the content of a response that is good and within the limit."""
    if response.status_code != 200:
        status = f"{response.status_code} {response.reason_phrase}".strip()
        raise ReadError(f"{url} answered {status}; check the address, or save the page and give the file")
    kind = response.headers.get("content-type", "").lower().partition(";")[0].strip()
    if not READABLE.fullmatch(kind):
        raise ReadError(f"{url} is {kind[:80]}; give the address of a page, a text, a PDF or a Word document")
    # Others, and one around the other, grow a thousandfold and more before anything can be counted.
    packing = response.headers.get("content-encoding", "").strip().lower()
    if "," in packing or packing in {"br", "zstd"}:
        raise ReadError(f"{url} is packed as {packing[:80]}; save the page and give the file")
    remedy = "save it, and give a part of it as a file"
    declared = response.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > MAX_BYTES:
        raise ReadError(f"{url} has {int(declared):,} bytes; the limit is {MAX_BYTES:,}: {remedy}")
    data = bytearray()
    async for chunk in response.aiter_bytes():
        data += chunk
        if len(data) > MAX_BYTES:
            raise ReadError(f"{url} has more bytes than the limit, {MAX_BYTES:,}: {remedy}")
    content = bytes(data)
    charset = response.charset_encoding
    if charset and kind.startswith(("text/", "application/xhtml")) and not is_marked(content):
        text = decode_as(content, charset)
        if text is not None:  # the server's word goes before the page's, and a mark before both
            content = codecs.BOM_UTF8 + text.encode()
    return Source(name=printable(f"{url.host}{url.path}".rstrip("/")), data=content, url=str(url))


def _user_agent() -> str:
    try:
        return f"ask-the-article/{version('ask-the-article')}"
    except PackageNotFoundError:
        return "ask-the-article"
