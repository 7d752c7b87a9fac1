"""Fetching benchmark data from a server on this machine: whole or not at all, and the content that was promised."""

import hashlib
import http.server
import io
import json
import tarfile
import threading
from dataclasses import replace

import pytest

from itas.api.fetching import fetch_benchmark
from itas.benchmarks import open_benchmark
from itas.benchmarks.fetch import RECORD, RemoteFile, data_folder, fetch, find_fetched
from itas.benchmarks.judged import JUDGED
from itas.benchmarks.known import KNOWN
from itas.benchmarks.registry import list_benchmarks
from itas.errors import DataError, SpecError

CONTENT = bytes(range(256)) * 8_000
HASH = hashlib.sha256(CONTENT).hexdigest()


class Server(http.server.ThreadingHTTPServer):
    """Serves `content`; may break connections, and may not know ranges."""

    daemon_threads = True
    content = CONTENT
    break_after: int | None = None
    knows_ranges = True
    status = 200

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.ranges: list[str | None] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/data.bin"


class Handler(http.server.BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        server = self.server
        wanted = self.headers.get("Range")
        server.ranges.append(wanted)
        if server.status != 200:
            self.send_error(server.status)
            return
        start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted and server.knows_ranges else 0
        body = server.content[start:]
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if server.break_after is not None:
            body, server.break_after = body[: server.break_after], None
            self.wfile.write(body)
            self.wfile.flush()
            self.connection.close()
            return
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server():
    server = Server()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")


def test_a_file_is_fetched_once_and_told_about(server, tmp_path):
    told: list[tuple[str, int, int | None]] = []
    file = RemoteFile("data.bin", server.url, HASH)
    found = fetch("gsm8k", file, folder=tmp_path, progress=lambda *each: told.append(each))
    assert found.path.read_bytes() == CONTENT
    assert (found.sha256, found.is_first, found.was_here) == (HASH, False, False)
    assert told[-1] == ("data.bin", len(CONTENT), len(CONTENT))
    assert [done for _, done, _ in told] == sorted(done for _, done, _ in told)
    assert fetch("gsm8k", file, folder=tmp_path).was_here
    assert len(server.ranges) == 1
    assert find_fetched("gsm8k", file, folder=tmp_path) == found.path
    assert [path.name for path in found.path.parent.iterdir()] == ["data.bin"]


def test_a_wrong_content_is_refused_and_not_kept(server, tmp_path):
    with pytest.raises(DataError, match="must have SHA-256 0000") as raised:
        fetch("gsm8k", RemoteFile("data.bin", server.url, "0" * 64), folder=tmp_path)
    assert HASH in str(raised.value)
    assert list((tmp_path / "gsm8k").iterdir()) == []


def test_an_unknown_hash_is_recorded_at_first_and_must_be_the_same_from_then_on(server, tmp_path):
    file = RemoteFile("data.bin", server.url)
    first = fetch("gsm8k", file, folder=tmp_path)
    assert (first.sha256, first.is_first) == (HASH, True)
    assert json.loads((tmp_path / "gsm8k" / RECORD).read_text()) == {"data.bin": HASH}
    first.path.unlink()
    assert not fetch("gsm8k", file, folder=tmp_path).is_first
    first.path.unlink()
    server.content = CONTENT[:-1] + b"x"
    with pytest.raises(DataError, match=HASH):
        fetch("gsm8k", file, folder=tmp_path)
    assert not first.path.exists()


def test_a_file_changed_on_the_disk_is_noticed(server, tmp_path):
    file = RemoteFile("data.bin", server.url, HASH)
    path = fetch("gsm8k", file, folder=tmp_path).path
    path.write_bytes(b"changed")
    with pytest.raises(DataError, match=r"Delete .*data\.bin to fetch it again"):
        fetch("gsm8k", file, folder=tmp_path)


def test_a_broken_connection_is_continued_where_it_broke(server, tmp_path):
    server.break_after = 600_000
    found = fetch("gsm8k", RemoteFile("data.bin", server.url, HASH), folder=tmp_path)
    assert found.path.read_bytes() == CONTENT
    assert server.ranges[0] is None
    assert server.ranges[1] is not None
    assert server.ranges[1] != "bytes=0-"


def test_a_server_without_ranges_is_asked_for_everything_again(server, tmp_path):
    server.break_after, server.knows_ranges = 600_000, False
    found = fetch("gsm8k", RemoteFile("data.bin", server.url, HASH), folder=tmp_path)
    assert found.path.read_bytes() == CONTENT


def test_a_half_file_is_never_taken_for_a_whole_one(server, tmp_path):
    file = RemoteFile("data.bin", server.url, HASH)
    (tmp_path / "gsm8k").mkdir()
    (tmp_path / "gsm8k" / "data.bin.part").write_bytes(b"not the beginning")
    assert find_fetched("gsm8k", file, folder=tmp_path) is None
    with pytest.raises(DataError, match="must have SHA-256"):
        fetch("gsm8k", file, folder=tmp_path)
    assert fetch("gsm8k", file, folder=tmp_path).path.read_bytes() == CONTENT


def test_an_error_of_the_server_says_what_and_where(server, tmp_path):
    server.status = 404
    with pytest.raises(DataError, match=r"data\.bin: the server said 404"):
        fetch("gsm8k", RemoteFile("data.bin", server.url, HASH), folder=tmp_path)


def test_nothing_but_http_is_fetched(tmp_path):
    with pytest.raises(SpecError, match="only http and https"):
        fetch("gsm8k", RemoteFile("passwd", "file:///etc/passwd"), folder=tmp_path)


def archive(*members: tuple[str, bytes], link: str | None = None) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as file:
        for name, content in members:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            file.addfile(info, io.BytesIO(content))
        if link:
            info = tarfile.TarInfo("data/test/link")
            info.type, info.linkname = tarfile.SYMTYPE, link
            file.addfile(info)
    return out.getvalue()


def test_the_folder_of_an_archive_is_the_data(server, tmp_path):
    server.content = archive(("data/test/a_test.csv", b"q,1,2,3,4,A\n"), ("data/dev/b.csv", b"x"))
    file = RemoteFile("data.tar", server.url, unpack="data/test")
    assert find_fetched("mmlu", file, folder=tmp_path) is None
    found = fetch("mmlu", file, folder=tmp_path)
    assert [path.name for path in found.path.iterdir()] == ["a_test.csv"]
    assert find_fetched("mmlu", file, folder=tmp_path) == found.path
    assert fetch("mmlu", file, folder=tmp_path).path == found.path


@pytest.mark.parametrize(
    "content",
    [
        archive(("data/test/../../../evil", b"x")),
        archive(("data/test/a", b"x"), link="/etc/passwd"),
        archive(("other/a", b"x")),
        b"no archive at all",
    ],
)
def test_an_archive_that_reaches_outside_or_is_none_is_refused(server, tmp_path, content):
    server.content = content
    with pytest.raises(DataError):
        fetch("mmlu", RemoteFile("data.tar", server.url, unpack="data/test"), folder=tmp_path / "inner")
    assert not (tmp_path / "evil").exists()
    assert not (tmp_path / "inner" / "mmlu" / "test").exists()


def test_what_is_not_fetched_freely_says_where_it_is(tmp_path):
    with pytest.raises(SpecError, match=r"bring your own copy from https://github.com/google-deepmind"):
        fetch_benchmark("code_contests", folder=tmp_path)
    with pytest.raises(SpecError, match="Did you mean 'gsm8k'"):
        fetch_benchmark("gsm8", folder=tmp_path)


def test_a_judged_benchmark_is_fetched_as_several_files_and_then_needs_no_path(server, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    server.content = (
        b'{"question_id": 1, "category": "writing", "turns": ["Describe a harbour.", "In four words."]}\n'
    )
    names = ("question.jsonl", "reference_answer/extra.jsonl")
    files = tuple(RemoteFile(name, server.url) for name in names)
    monkeypatch.setitem(JUDGED, "mt_bench", replace(JUDGED["mt_bench"], files=files))
    with pytest.raises(SpecError, match="itas benchmarks --fetch mt_bench"):
        open_benchmark("mt_bench", scorer="judge:fake/judge")
    fetch("mt_bench", files[0])
    assert JUDGED["mt_bench"].find_data() is None  # a part of it is not all of it
    found = fetch_benchmark("mt_bench:PATH")
    assert [each.path.relative_to(tmp_path / "itas/mt_bench").as_posix() for each in found] == list(names)
    assert [each.was_here for each in found] == [True, False]
    benchmark = open_benchmark("mt_bench", scorer="judge:fake/judge")
    assert [problem.turns for problem in benchmark.problems] == [("In four words.",)]
    (info,) = [each for each in list_benchmarks() if each.name.startswith("mt_bench")]
    assert (info.name, info.is_here, info.size) == ("mt_bench", True, 80)


def test_every_public_address_is_https_and_its_files_have_plain_names():
    files = [file for known in JUDGED.values() for file in known.files]
    files += [known.file for known in KNOWN.values() if known.file is not None]
    assert len(files) > 20
    for file in files:
        assert file.url.startswith("https://"), file
        assert ".." not in file.name, file
        assert not file.name.startswith("/"), file


def test_the_data_folder_is_the_users_cache(tmp_path):
    assert data_folder({"XDG_CACHE_HOME": str(tmp_path)}) == tmp_path / "itas"
    assert data_folder({}).parts[-2:] == (".cache", "itas")
