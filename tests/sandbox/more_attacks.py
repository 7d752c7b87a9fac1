"""More attack programs: name, body, whether the control needs root, and on which machine only. See `attacks.py`."""

# ruff: noqa: E501 - programs stand on one line

MORE: tuple[tuple[str, str, bool, str], ...] = (
    (
        "read by openat2",
        "fd = ok(libc.syscall(437, -100, t['file'].encode(), struct.pack('QQQ', 0, 0, 0), 24)); return len(os.read(fd, 9)) > 0",
        False,
        "",
    ),
    (
        "lock a file of the machine",
        "fcntl.flock(os.open(os.__file__, 0), fcntl.LOCK_EX | fcntl.LOCK_NB); return True",
        False,
        "",
    ),
    (
        "lock a part of a file",
        "fcntl.fcntl(os.open(os.__file__, 0), 37, struct.pack('hhqqi', 0, 0, 0, 9, 0) + bytes(4)); return True",
        False,
        "",
    ),
    (
        "watch a folder of the library",
        "fcntl.fcntl(os.open(os.path.dirname(os.__file__), 0), fcntl.F_NOTIFY, fcntl.DN_MODIFY); return True",
        False,
        "",
    ),
    ("stir the random numbers", "os.write(os.open('/dev/urandom', os.O_WRONLY), b'x'); return True", False, ""),
    ("open a terminal", "return len(os.openpty()) == 2", False, ""),
    (
        "timer bomb",
        """
        number, made = (222 if os.uname().machine == "x86_64" else 107), 0
        event = struct.pack("QiiQ", 0, 0, 1, 0) + bytes(64)
        for _ in range(2000):
            ok(libc.syscall(number, 1, event, ctypes.create_string_buffer(8)))
            made += 1
        return made == 2000
        """,
        False,
        "",
    ),
    ("ask to be traced", "ok(libc.ptrace(0, 0, None, None)); return True", False, ""),
    ("open the decoy's process", "return call('pidfd_open', t['pid'], 0) >= 0", False, ""),
    ("session keys", "return call('keyctl', 0, -3, 1) != 0", False, ""),
    (
        "become a program by descriptor",
        """
        number = 322 if os.uname().machine == "x86_64" else 281
        words = (ctypes.c_char_p * 3)(b"echo", b"got", None)
        return ok(libc.syscall(number, os.open("/bin/echo", os.O_PATH), b"", words, None, 0x1000)) >= 0
        """,
        False,
        "",
    ),
    ("batch scheduling", "os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0)); return True", False, ""),
    ("own priority", "os.setpriority(os.PRIO_PROCESS, 0, 1); return True", False, ""),
    ("real-time scheduling", "os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1)); return True", True, ""),
    ("own processors", "os.sched_setaffinity(0, os.sched_getaffinity(0)); return True", False, ""),
    ("pair of sequenced packets", "return len(socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)) == 2", False, ""),
    (
        "routes of the machine",
        "s = socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM, 0); s.bind((0, 0)); return True",
        False,
        "",
    ),
    (
        "connect to an abstract socket by datagram",
        "s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.bind('\\0itas-attack-' + str(os.getpid())); return True",
        False,
        "",
    ),
    (
        "compile the library anew",
        "import py_compile; path = os.path.dirname(os.__file__) + '/itas-attack.pyc'; py_compile.compile(os.__file__, path, doraise=True); os.unlink(path); return True",
        True,
        "",
    ),
    (
        "link into shared memory",
        "p = '/dev/shm/itas-attack-' + str(os.getpid()); os.symlink(t['file'], p); got = t['secret'] in open(p).read(); os.unlink(p); return got",
        False,
        "",
    ),
    (
        "shared memory by name",
        "from multiprocessing import shared_memory as s; m = s.SharedMemory(create=True, size=9); m.close(); m.unlink(); return True",
        False,
        "",
    ),
    (
        "rights of files made later",
        "fd = os.open(t['open_folder'] + '/suid', os.O_CREAT | os.O_WRONLY, 0o4755); os.fchmod(fd, 0o4755); return True",
        False,
        "",
    ),
    ("attributes of an open file", "os.setxattr(os.open(t['open_file'], os.O_WRONLY), 'user.x', b'y'); return True", True, ""),
    ("times of an open file", "os.utime(os.open(t['open_file'], os.O_RDONLY)); return True", True, ""),
    ("mark a pipe for signals", "r, w = os.pipe(); fcntl.fcntl(r, 10, signal.SIGUSR1); return True", False, ""),
    ("new time namespace", "ok(libc.unshare(0x80)); return True", True, ""),
    ("new process namespace", "ok(libc.unshare(0x20000000)); return True", True, ""),
    ("open a file system", "return call('fsopen', b'tmpfs', 0) >= 0", True, ""),
    ("copy a mount", "return call('open_tree', -100, b'/usr', 1) >= 0", True, ""),
    ("disk of the machine", "return len(os.listdir('/sys/block')) >= 0", False, ""),
    ("arguments of the kernel", "return len(open('/proc/cmdline').read()) > 0", False, ""),
)  # fmt: skip
