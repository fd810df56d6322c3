"""One engine's process, spoken to in the protocol of peer.h."""
import os
import select
import subprocess
import time

ANSWER_S = 300  # an engine that says nothing for so long hangs


class Unsupported(Exception):
    """The engine does not run this network (or failed at it); the text says why."""


class Engine:
    """A way to start processes: a name and a program."""

    def __init__(self, name, program, file="clean", options=()):
        self.name = name
        self.program = program
        self.file = file  # which of Network.files it gets
        self.options = list(options)  # of peer.h
        self.version = ""

    def start(self, network, threads):
        return Process(self, network, threads, self.options)


class PreparedEngine(Engine):
    """Ocellus with a file made beforehand of a network, for each number of threads."""

    OPTION = FILE = ""

    def made(self, network, threads):
        """The file, made when it is first asked for."""
        made = network.folder / f"{self.name}.{network.name}.{threads}" / self.FILE
        if not made.exists():
            made.parent.mkdir(parents=True, exist_ok=True)
            self.make(network, threads, made)
        return made

    def make(self, network, threads, made):
        raise NotImplementedError

    def start(self, network, threads):
        return Process(self, network, threads, [self.OPTION, str(self.made(network, threads))])


class TunedEngine(PreparedEngine):
    """As `ocellus tune` sets it, in a table of its own."""

    OPTION, FILE = "--tuned", "ocellus/tune.txt"

    def __init__(self, name, program, file, ocellus):
        super().__init__(name, program, file)
        self.ocellus = ocellus

    def make(self, network, threads, made):
        command = [str(self.ocellus), "tune", str(network.files[self.file]),
                   "--threads", str(threads)]
        for i in network.inputs:
            command += ["--shape", f"{i.name}=" + "x".join(str(d) for d in i.shape)]
        done = subprocess.run(command, env={**os.environ, "XDG_CACHE_HOME": str(made.parent.parent)},
                              stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        if done.returncode:
            raise Unsupported(done.stderr.strip())


class PlannedEngine(PreparedEngine):
    """From a plan, the second start of an application.  A plan belongs to the program that wrote it, so
    the peer's own first start writes it."""

    OPTION, FILE = "--plan", "network.ocplan"

    def make(self, network, threads, made):
        Process(self, network, threads, [self.OPTION, str(made)]).close()


class Process:
    def __init__(self, engine, network, threads, extra):
        self.engine = engine
        command = [str(engine.program), str(network.files[engine.file]), str(threads)]
        for i in network.inputs:
            command += ["-i", i.name, i.type, "x".join(str(d) for d in i.shape), str(i.file)]
        for name in network.outputs:
            command += ["-o", name]
        self.child = subprocess.Popen(command + extra, stdin=subprocess.PIPE,
                                      stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.pending = b""
        word, rest = self.hear()
        if word != "ready":
            self.close()
            raise Unsupported(rest)
        load, _, engine.version = rest.partition(" ")
        self.load_ms = float(load)

    def hear(self):
        """The next line's first word and the rest of it; programs' other words are passed over."""
        known = ("ready", "unsupported", "times", "info", "saved", "failed")
        end = time.monotonic() + ANSWER_S
        while True:
            line, newline, rest = self.pending.partition(b"\n")
            if newline:
                self.pending = rest
                word, _, text = line.decode(errors="replace").partition(" ")
                if word in known:
                    return word, text
                continue
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.child.stdout], [], [], left)[0]:
                self.child.kill()
                return "failed", f"no answer in {ANSWER_S} s"
            piece = os.read(self.child.stdout.fileno(), 1 << 16)
            if not piece:
                return "failed", f"ended with status {self.child.wait()}"
            self.pending += piece

    def ask(self, line, expected):
        try:
            self.child.stdin.write(line.encode() + b"\n")
            self.child.stdin.flush()
        except BrokenPipeError:
            raise Unsupported("ended early") from None
        word, rest = self.hear()
        if word != expected:
            raise Unsupported(rest)
        return rest

    def run(self, n):
        return [float(ms) for ms in self.ask(f"run {n}", "times").split()]

    def save(self, path):
        self.ask(f"save {path}", "saved")

    def info(self):
        """What the engine tells of itself, {key: number}; often nothing."""
        try:
            words = self.ask("info", "info").split()
            return {key: float(value) for key, _, value in (w.partition("=") for w in words)}
        except (Unsupported, ValueError):
            return {}

    def peak_mb(self):
        """The most memory it had in use at once, of its own and of files it mapped."""
        with open(f"/proc/{self.child.pid}/status") as status:
            for line in status:
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) / 1024
        return None

    def close(self):
        try:
            self.child.stdin.close()  # the end of its input ends it
            self.child.wait(timeout=10)
        except (OSError, subprocess.TimeoutExpired):
            self.child.kill()
            self.child.wait()
        self.child.stdout.close()
