#!/usr/bin/env bash
# ocellus top over a server that serves pages of ours, of others, and none.
source "$(dirname "$0")/lib.sh"
cat > serve.py << 'PY'
import http.server, sys
PAGE = """ocellus_build_info{version="9.9"} 1
ocellus_ready 1
process_cpu_seconds_total %(n)d
ocellus_frames_captured_total{stream="door"} %(c)d
ocellus_frames_completed_total{stream="door"} %(c)d
ocellus_frames_dropped_total{stream="door",reason="newest_wins"} %(c)d
ocellus_stream_up{stream="door"} 1
ocellus_stream_up{stream="a\\n\x1b[2J"} 0
ocellus_frames_captured_total{stream="a\\n\x1b[2J"} 0
ocellus_frame_latency_seconds_bucket{stream="door",le="0.01"} %(c)d
ocellus_frame_latency_seconds_bucket{stream="door",le="+Inf"} %(c)d
"""
class H(http.server.BaseHTTPRequestHandler):
    n = 0
    def do_GET(self):
        H.n += 1
        self.send_response(200)
        self.end_headers()
        text = PAGE % {"n": H.n, "c": H.n * 10} if sys.argv[2] == "ours" else sys.argv[2]
        self.wfile.write(text.encode())
    def log_message(self, *a):
        pass
s = http.server.HTTPServer(("127.0.0.1", 0), H)
open(sys.argv[1], "w").write(str(s.server_port))
s.serve_forever()
PY
serve() { # PAGE: the port in $port
    rm -f port
    $python serve.py port "$1" &
    pid=$!
    for _ in $(seq 100); do [ -s port ] && break; sleep 0.1; done
    port=$(cat port)
}

serve ours
run top "127.0.0.1:$port" --interval 0.2 --count 2
[ "$status" = 0 ] || fault "status $status: $(cat err.txt)"
grep -q '^door  *up ' out.txt || fault "no line of the stream: $(cat out.txt)"
grep -q 'newest_wins' out.txt || fault "no reason of the drops"
grep -q 'DEAD' out.txt || fault "a dead stream is not told"
grep -q "$(printf '\033')" out.txt && fault "a name commands the terminal"
kill $pid

serve 'other_metric 1'
run top "127.0.0.1:$port" --count 1
[ "$status" = 3 ] || fault "status $status: $(cat err.txt)"
grep -q 'not those of ocellus' err.txt || fault "$(cat err.txt)"
kill $pid
serve '<html>no</html>'
run top "127.0.0.1:$port" --count 1
[ "$status" = 3 ] || fault "status $status: $(cat err.txt)"
grep -q ':1: neither a comment nor a name' err.txt || fault "$(cat err.txt)"
kill $pid
run top "127.0.0.1:$port" --count 1
[ "$status" = 3 ] || fault "status $status: $(cat err.txt)"
run top nonsense
[ "$status" = 2 ] || fault "status $status: $(cat err.txt)"
run top :1 --interval 0
[ "$status" = 2 ] || fault "status $status: $(cat err.txt)"
finish
