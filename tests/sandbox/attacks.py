"""Attack programs, and what they are aimed at.

Every program is run twice: outside, where it must succeed (so that it can fail at all), and behind the walls of each
tier, where it must not. Programs read what to attack from standard input and print ``got`` if they succeeded.

    python -m tests.sandbox.attacks     # the survey as the current user, as JSON
"""

# ruff: noqa: E501 - programs stand on one line

import asyncio
import json
import os
import platform
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from itas.core.execution import CodeLimits, CodeOutcome, InputTest
from itas.sandbox import SAFE_TIERS, Sandbox, Tier, report_tiers
from itas.sandbox.inside.numbers import MACHINES
from tests.sandbox.more_attacks import MORE

SECRET = "canary-7f3a91"
_FRAME = """
import ctypes, errno, fcntl, json, mmap, os, resource, select, signal, socket, struct, subprocess, sys, threading, time
t = json.load(sys.stdin)
libc = ctypes.CDLL(None, use_errno=True)
def ok(result):
    if result < 0:
        raise OSError(ctypes.get_errno(), "refused")
    return result
def call(name, *arguments):
    return ok(libc.syscall(ctypes.c_long(t["nr"][name]), *[ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]))
def attack():
{body}
try:
    worked = attack()
except BaseException as error:
    sys.stderr.write(repr(error))
    worked = False
print("got" if worked else "refused", flush=True)
os._exit(0)
"""


@dataclass(frozen=True)
class Attack:
    """A program; the control needs root where the kernel asks for it outside too."""

    name: str
    body: str
    needs_root: bool = False
    needs_machine: str = ""

    @property
    def program(self) -> str:
        return _FRAME.format(body=textwrap.indent(textwrap.dedent(self.body).strip(), "    "))


def _attacks() -> Iterator[Attack]:
    def add(name: str, body: str, *, root: bool = False, machine: str = "") -> Attack:
        return Attack(name, body, root, machine)

    # secrets
    yield add("own environment", "return t['secret'] in str(dict(os.environ))")
    yield add("launcher's environment", "return len(open(f\"/proc/{t['launcher']}/environ\").read()) > 0")
    yield add("parent's environment", "return len(open(f'/proc/{os.getppid()}/environ').read()) > 0")
    yield add("decoy's environment", "return t['secret'] in open(f\"/proc/{t['pid']}/environ\").read()")
    yield add("decoy's command line", "return len(open(f\"/proc/{t['pid']}/cmdline\").read()) > 0")
    yield add("launcher's folder", "return len(os.readlink(f\"/proc/{t['launcher']}/cwd\")) > 0")
    yield add("launcher's descriptors", "return len(os.listdir(f\"/proc/{t['launcher']}/fd\")) > 0")
    yield add("list processes", "return str(t['pid']) in os.listdir('/proc')")
    yield add("parent's memory map", "return len(open(f'/proc/{os.getppid()}/maps').read()) > 0")
    yield add("users of the machine", "return 'root' in open('/etc/passwd').read()")
    yield add("mounts of the machine", "return len(open('/proc/self/mountinfo').read()) > 0")
    # other processes' memory
    yield add(
        "decoy's memory by /proc",
        """
        with open(f"/proc/{t['pid']}/mem", "rb") as f:
            f.seek(t["address"])
            return t["secret"].encode() in f.read(32)
        """,
        root=True,
    )
    yield add(
        "decoy's memory by process_vm_readv",
        """
        buffer = ctypes.create_string_buffer(32)
        ours = struct.pack("QQ", ctypes.addressof(buffer), 32)
        theirs = struct.pack("QQ", t["address"], 32)
        call("process_vm_readv", t["pid"], ours, 1, theirs, 1, 0)
        return t["secret"].encode() in buffer.raw
        """,
        root=True,
    )
    yield add("trace the decoy", "ok(libc.ptrace(0x4206, t['pid'], None, None)); return True", root=True)
    yield add("trace the parent", "ok(libc.ptrace(0x4206, os.getppid(), None, None)); return True", root=True)
    yield add(
        "steal a descriptor",
        "call('pidfd_getfd', call('pidfd_open', t['pid'], 0), 1, 0); return True",
        root=True,
    )
    yield add(
        "compare with the decoy", "call('kcmp', os.getpid(), t['pid'], 1, 0, 0); return True", root=True
    )
    # files
    yield add("read a file", "return t['secret'] in open(t['file']).read()")
    yield add("read by another root", "return t['secret'] in open('/proc/self/root' + t['file']).read()")
    yield add(
        "read relative to an open folder",
        """
        folder = os.open(t["folder"], os.O_RDONLY | os.O_DIRECTORY)
        return len(os.read(os.open(os.path.basename(t["file"]), os.O_RDONLY, dir_fd=folder), 10)) > 0
        """,
    )
    yield add(
        "read by handle",
        """
        handle = ctypes.create_string_buffer(struct.pack("Ii", 128, 0) + bytes(128))
        mount = ctypes.c_int()
        call("name_to_handle_at", -100, t["file"].encode(), handle, ctypes.byref(mount), 0)
        place = os.open("/", os.O_RDONLY)
        return len(os.read(call("open_by_handle_at", place, handle, os.O_RDONLY), 10)) > 0
        """,
        root=True,
    )
    yield add("list a folder", "return len(os.listdir(t['folder'])) > 0")
    yield add("map a file", "f = os.open(t['file'], 0); return len(mmap.mmap(f, 0, prot=1)) > 0")
    yield add("copy between descriptors", "a = os.open(t['file'], 0); return os.sendfile(1, a, 0, 0) >= 0")
    yield add("append to a file", "open(t['open_file'], 'a').write('x'); return True")
    yield add("create a file", "open(t['open_folder'] + '/new', 'w').write('x'); return True")
    yield add("delete a file", "os.unlink(t['open_folder'] + '/victim'); return True")
    yield add(
        "rename a file", "os.rename(t['open_folder'] + '/victim', t['open_folder'] + '/v2'); return True"
    )
    yield add("link a file", "os.link(t['open_file'], t['open_folder'] + '/hard'); return True")
    yield add("make a symbolic link", "os.symlink('/etc/passwd', t['open_folder'] + '/soft'); return True")
    yield add("make a folder", "os.mkdir(t['open_folder'] + '/sub'); return True")
    yield add("make a pipe with a name", "os.mkfifo(t['open_folder'] + '/fifo'); return True")
    yield add(
        "make a device",
        "os.mknod(t['open_folder'] + '/dev', 0o20666, os.makedev(1, 3)); return True",
        root=True,
    )
    yield add("change rights", "os.chmod(t['open_file'], 0o666); return True")
    yield add("change the owner", "os.chown(t['open_file'], os.getuid(), os.getgid()); return True")
    yield add("change times", "os.utime(t['open_file']); return True")
    yield add("cut a file", "os.truncate(t['open_file'], 3); return True")
    yield add("read attributes", "os.listxattr(t['file']); return True")
    yield add(
        "watch a file",
        "ok(libc.inotify_add_watch(ok(libc.inotify_init()), t['file'].encode(), 2)); return True",
    )
    yield add(
        "write to /tmp", "p = f'/tmp/itas-{os.getpid()}'; open(p, 'w').close(); os.unlink(p); return True"
    )
    yield add(
        "write to /var/tmp",
        "p = f'/var/tmp/itas-{os.getpid()}'; open(p, 'w').close(); os.unlink(p); return True",
    )
    yield add(
        "write to /dev/shm",
        "p = f'/dev/shm/itas-{os.getpid()}'; open(p, 'w').close(); os.unlink(p); return True",
    )
    yield add("unnamed file", "os.open(t['open_folder'], 0o20200000 | os.O_RDWR); return True")
    yield add(
        "fill the disk", "f = open(t['open_folder'] + '/big', 'wb'); f.write(bytes(64 << 20)); return True"
    )
    yield add("change the library", "os.close(os.open(os.__file__, os.O_WRONLY)); return True", root=True)
    # network
    yield add("connect by TCP", "socket.create_connection(('127.0.0.1', t['port']), 2); return True")
    yield add(
        "send by UDP",
        "return socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', t['port'])) == 1",
    )
    yield add("listen by TCP", "s = socket.socket(); s.bind(('127.0.0.1', 0)); s.listen(); return True")
    yield add("IPv6 socket", "socket.socket(socket.AF_INET6); return True")
    yield add("kernel socket", "socket.socket(16, socket.SOCK_RAW, 0); return True")
    yield add("raw packets", "socket.socket(17, socket.SOCK_RAW, 0); return True", root=True)
    yield add("connect to a named socket", "socket.socket(socket.AF_UNIX).connect(t['socket']); return True")
    yield add(
        "connect to an abstract socket", "socket.socket(socket.AF_UNIX).connect(t['abstract']); return True"
    )
    yield add(
        "send to a named socket from a pair",
        "return socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)[0].sendto(b'x', t['datagrams']) == 1",
    )
    # signals
    yield add("signal the decoy", "os.kill(t['pid'], 0); return True")
    yield add("signal the launcher", "os.kill(t['launcher'], 0); return True")
    yield add("signal the parent", "os.kill(os.getppid(), 0); return True")
    yield add("signal a group", "os.killpg(t['pid'], 0); return True")
    yield add("signal a thread", "call('tgkill', t['pid'], t['pid'], 0); return True")
    yield add("signal any thread", "call('tkill', t['pid'], 0); return True")
    yield add(
        "queue a signal",
        "call('rt_sigqueueinfo', t['pid'], 10, struct.pack('iiii', 10, 0, -1, 0) + bytes(112)); return True",
    )
    yield add(
        "signal by descriptor",
        "call('pidfd_send_signal', call('pidfd_open', t['pid'], 0), 0, None, 0); return True",
    )
    yield add("signal by a pipe", "r, w = os.pipe(); fcntl.fcntl(r, fcntl.F_SETOWN, t['pid']); return True")
    yield add("limits of the decoy", "resource.prlimit(t['pid'], resource.RLIMIT_NOFILE); return True")
    yield add("priority of the decoy", "os.setpriority(os.PRIO_PROCESS, t['pid'], 5); return True")
    yield add(
        "processors of the decoy", "os.sched_setaffinity(t['pid'], os.sched_getaffinity(0)); return True"
    )
    # processes
    yield add("fork", "os.fork() or os._exit(0); return True")
    yield add("fork by system call", "call('clone', 17, 0, 0, 0, 0) or os._exit(0); return True")
    yield add("vfork", "return subprocess.run(['/bin/true']).returncode == 0")
    yield add("spawn", "os.posix_spawn('/bin/true', ['true'], {}); return True")
    yield add(
        "clone3", "call('clone3', struct.pack('8Q', 0, 0, 0, 0, 17, 0, 0, 0), 64) or os._exit(0); return True"
    )
    yield add("become a program", "sys.stdout.flush(); os.execv('/bin/echo', ['echo', 'got'])")
    yield add(
        "daemon",
        """
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                time.sleep(0.2)
            os._exit(0)
        return True
        """,
    )
    yield add(
        "worker processes",
        "import multiprocessing as m; p = m.get_context('fork').Process(target=int); p.start(); p.join(); return p.exitcode == 0",
    )
    yield add("stop being ended with the parent", "ok(libc.prctl(1, 0, 0, 0, 0)); return True")
    # bombs
    yield add(
        "thread bomb",
        """
        threading.stack_size(65536)
        done = threading.Event()
        try:
            for _ in range(3000):
                threading.Thread(target=done.wait, daemon=True).start()
        finally:
            done.set()
        return True
        """,
    )
    yield add("memory bomb", "return len(bytearray(2 << 30)) > 0")
    yield add("shared memory bomb", "return len(mmap.mmap(-1, 2 << 30)) > 0")
    yield add("descriptor bomb", "return len([os.open('/dev/null', 0) for _ in range(500)]) == 500")
    yield add("pipe bomb", "return len([os.pipe() for _ in range(200)]) == 200")
    yield add(
        "locked memory",
        "ok(libc.mlock(ctypes.create_string_buffer(1 << 20), ctypes.c_size_t(1 << 20))); return True",
    )
    yield add(
        "raise a limit", "resource.setrlimit(resource.RLIMIT_NOFILE, (9999, 9999)); return True", root=True
    )
    yield add("memory file", "os.memfd_create('x'); return True")
    yield add(
        "System V memory",
        "s = ok(libc.shmget(0, 1 << 20, 0o1600)); libc.shmctl(s, 0, None); return True",
    )
    yield add("message queue", "q = ok(libc.msgget(0, 0o1600)); libc.msgctl(q, 0, None); return True")
    yield add("semaphores", "s = ok(libc.semget(0, 1, 0o1600)); libc.semctl(s, 0, 0); return True")
    yield add(
        "POSIX queue",
        "n = b'/itas%d' % os.getpid(); ok(libc.mq_open(n, 66, 0o600, None)); libc.mq_unlink(n); return True",
    )
    # descriptors
    yield add(
        "inherited descriptors",
        """
        found = []
        for fd in range(3, 1024):
            try:
                os.fstat(fd)
                found.append(fd)
            except OSError:
                pass
        return bool(found)
        """,
    )
    # kernel
    yield add("new user namespace", "ok(libc.unshare(0x10000000)); return True")
    yield add("new mount namespace", "ok(libc.unshare(0x20000)); return True", root=True)
    yield add(
        "decoy's namespace",
        "ok(libc.setns(os.open(f\"/proc/{t['pid']}/ns/net\", 0), 0)); return True",
        root=True,
    )
    yield add(
        "mount",
        "f = t['open_folder'].encode(); ok(libc.mount(b'x', f, b'tmpfs', 0, None)); ok(libc.umount2(f, 2)); return True",
        root=True,
    )
    yield add("change root", "os.chroot('/usr'); return True", root=True)
    yield add("become root", "os.setresuid(0, 0, 0); return True", root=True)
    yield add("host name", "socket.sethostname(socket.gethostname()); return True", root=True)
    yield add(
        "programs in the kernel",
        "call('bpf', 0, struct.pack('IIII', 2, 4, 4, 1) + bytes(112), 128); return True",
        root=True,
    )
    yield add(
        "asynchronous calls", "call('io_uring_setup', 4, ctypes.create_string_buffer(120)); return True"
    )
    yield add("page faults", "call('userfaultfd', 1); return True")
    yield add(
        "performance counters",
        "call('perf_event_open', struct.pack('IIQ', 1, 112, 0) + bytes(96), 0, -1, -1, 0); return True",
        root=True,
    )
    yield add("keys", "call('add_key', b'user', b'itas', b'x', 1, -2); return True")
    yield add("personality", "call('personality', 0x0040000); return True")
    yield add(
        "clock",
        "time.clock_settime(time.CLOCK_REALTIME, time.clock_gettime(time.CLOCK_REALTIME)); return True",
        root=True,
    )
    yield add("kernel log", "return ok(libc.klogctl(10, None, 0)) >= 0", root=True)
    yield add(
        "32-bit system call",
        """
        code = mmap.mmap(-1, 4096, prot=7)
        code.write(bytes.fromhex("b814000000cd80c3"))  # getpid
        address = ctypes.addressof(ctypes.c_char.from_buffer(code))
        return ctypes.CFUNCTYPE(ctypes.c_int)(address)() == os.getpid()
        """,
        machine="x86_64",
    )


ATTACKS = tuple(
    attack
    for attack in (*_attacks(), *(Attack(*each) for each in MORE))
    if attack.needs_machine in ("", platform.machine())
)

_DECOY = """
import ctypes, os, signal, socket, sys, time
folder, secret = sys.argv[1:3]
buffer = ctypes.create_string_buffer(secret.encode())
tcp = socket.socket(); tcp.bind(("127.0.0.1", 0)); tcp.listen(64)
port = tcp.getsockname()[1]
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); udp.bind(("127.0.0.1", port))
named = socket.socket(socket.AF_UNIX); named.bind(folder + "/socket"); named.listen(64)
abstract = socket.socket(socket.AF_UNIX); abstract.bind("\\0itas" + str(os.getpid())); abstract.listen(64)
datagrams = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); datagrams.bind(folder + "/datagrams")
os.chmod(folder + "/socket", 0o777); os.chmod(folder + "/datagrams", 0o777)
signal.signal(signal.SIGUSR1, lambda *_: None)
print(port, ctypes.addressof(buffer), flush=True)
sys.stdin.read()
"""


@contextmanager
def targets() -> Iterator[dict[str, Any]]:
    """Files, sockets and a process to attack; rights that let everybody in, so that only walls keep out."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="itas-attacks-")))
        folder.chmod(0o755)
        (folder / "file").write_text(SECRET)
        open_folder = folder / "open"
        open_folder.mkdir()
        open_folder.chmod(0o777)
        open_file = folder / "open-file"
        open_file.write_text("0123456789")
        open_file.chmod(0o666)
        decoy = stack.enter_context(
            subprocess.Popen(
                [sys.executable, "-I", "-c", _DECOY, str(folder), SECRET],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env={"TOKEN": SECRET},
                start_new_session=True,
            )
        )
        assert decoy.stdout is not None
        assert decoy.stdin is not None
        stack.callback(decoy.stdin.close)
        port, address = map(int, decoy.stdout.readline().split())
        yield {
            "secret": SECRET,
            "launcher": os.getpid(),
            "pid": decoy.pid,
            "address": address,
            "port": port,
            "folder": str(folder),
            "file": str(folder / "file"),
            "open_folder": str(open_folder),
            "open_file": str(open_file),
            "socket": str(folder / "socket"),
            "datagrams": str(folder / "datagrams"),
            "abstract": f"\0itas{decoy.pid}",
            "nr": MACHINES[platform.machine()].calls,
        }
        assert decoy.poll() is None, "the decoy was killed"


def prepare(target: dict[str, Any]) -> None:
    """Put the files back as every attack expects them."""
    folder = Path(target["open_folder"])
    for path in folder.iterdir():
        path.rmdir() if path.is_dir() else path.unlink()
    (folder / "victim").write_text("x")
    (folder / "victim").chmod(0o666)


def attack_outside(attack: Attack, target: dict[str, Any]) -> str:
    """The control: the same program without walls. Returns ``got``, or why not."""
    prepare(target)
    reading, writing = os.pipe()
    with os.fdopen(reading), os.fdopen(writing):
        done = subprocess.run(
            [sys.executable, "-I", "-c", attack.program],
            input=json.dumps(target).encode(),
            capture_output=True,
            check=False,
            env={**os.environ, "OUTSIDE_TEST_KEY": SECRET},
            pass_fds=(reading,),
            timeout=60,
        )
    prepare(target)
    lines = done.stdout.decode().split()
    return "got" if lines[-1:] == ["got"] else f"{lines} {done.returncode} {done.stderr.decode()[-300:]}"


async def attack_inside(sandbox: Sandbox, attack: Attack, target: dict[str, Any]) -> CodeOutcome:
    """The same program behind the walls; ``passed`` means that it got out."""
    limits = CodeLimits(cpu_s=5, memory_mb=512)
    test = InputTest(stdin=json.dumps(target), expected="got")
    (outcome,) = await sandbox.check(attack.program, [test], limits=limits)
    return outcome


async def survey(tier: Tier) -> dict[str, str]:
    """What every attack came to in a tier, by name; a file left behind is an entry of its own."""
    os.environ["OUTSIDE_TEST_KEY"] = SECRET
    with targets() as target:
        prepare(target)
        before = snapshot(target)
        async with Sandbox(tier) as sandbox:
            outcomes = await asyncio.gather(*[attack_inside(sandbox, attack, target) for attack in ATTACKS])
        found = {attack.name: outcome.verdict for attack, outcome in zip(ATTACKS, outcomes, strict=True)}
        if snapshot(target) != before:
            found["files"] = "passed"
    return found


def snapshot(target: dict[str, Any]) -> dict[str, object]:
    """All names, contents, rights and times in the attacked folder."""
    return {
        str(path): (path.stat().st_mode, path.stat().st_uid, path.stat().st_mtime_ns, path.stat().st_size)
        for path in sorted(Path(target["folder"]).rglob("*"))
    }


async def survey_all() -> dict[str, dict[str, str]]:
    """Every tier that works for the current user."""
    working = [report.tier for report in await report_tiers() if report.works]
    return {tier: await survey(tier) for tier in SAFE_TIERS if tier in working}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(survey_all())))
