"""A running `ocellus run --http`, fed frame by frame through a pipe, for the tests of watching."""
import re
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

WIDTH, HEIGHT = 128, 96
faults = []


def fault(text):
    faults.append(text)
    print("FAILED:", text)


def expect(condition, text):
    if not condition:
        fault(text)


def finish():
    print("as expected" if not faults else f"{len(faults)} faults")
    sys.exit(bool(faults))


def wait_for(what, condition, seconds=60):
    """Waits until condition() gives something true, and gives it back."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        found = condition()
        if found:
            return found
        time.sleep(0.05)
    fault(f"{what}: not within {seconds} s")
    return None


class Run:
    def __init__(self, program, pipeline, *options, http="127.0.0.1:0"):
        self.child = subprocess.Popen(
            [program, "run", pipeline, "--source", "pipe:0", "--json", "--quiet", "--http", http, *options],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.log = []
        self.url = None
        self.listening = threading.Event()
        self.reader = threading.Thread(target=self._read_log, daemon=True)
        self.reader.start()
        if not self.listening.wait(60) or not self.url:
            raise RuntimeError("does not serve: " + "".join(self.log))
        host, port = re.fullmatch(r"http://(.*):(\d+)", self.url).groups()
        self.at = (host.strip("[]"), int(port))
        self.frames = 0
        self.feeding = None

    def _read_log(self):
        for line in self.child.stderr:
            self.log.append(line.decode(errors="replace"))
            found = re.search(r"serving (http://\S+)/metrics", self.log[-1])
            if found:
                self.url = found.group(1)
                self.listening.set()
        self.listening.set()

    def feed(self, n=1):
        """n frames of Y4M, grey of changing brightness."""
        if not self.frames:
            self.child.stdin.write(f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F10:1 C420\n".encode())
        for _ in range(n):
            plane = bytes([64 + self.frames % 128]) * (WIDTH * HEIGHT)
            self.child.stdin.write(b"FRAME\n" + plane + b"\x80" * (WIDTH * HEIGHT // 2))
            self.frames += 1
        self.child.stdin.flush()

    def feed_on(self, fps=20):
        """Frames until stop()."""
        self.feeding = threading.Event()

        def go():
            while not self.feeding.wait(1 / fps):
                try:
                    self.feed()
                except (BrokenPipeError, ValueError):
                    return
        threading.Thread(target=go, daemon=True).start()

    def stop(self):
        if self.feeding:
            self.feeding.set()
            time.sleep(0.2)
        try:
            self.child.stdin.close()
        except BrokenPipeError:
            pass
        out = self.child.stdout.read()
        code = self.child.wait(60)
        self.reader.join(10)  # all of the log is there
        return code, out

    def get(self, path, accept=None, method="GET"):
        """Status, headers, body."""
        request = urllib.request.Request(self.url + path, method=method)
        if accept:
            request.add_header("Accept", accept)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, answer.headers, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.headers, error.read().decode()

    def values(self):
        """Samples of the classic page: name and labels -> value."""
        page = self.get("/metrics")[2]
        return {k: float(v) for k, v in re.findall(r"^([a-z][^\n]*) (\S+)$", page, re.M)}

    def connect(self):
        return socket.create_connection(self.at, timeout=60)
