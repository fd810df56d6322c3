#!/usr/bin/python3
"""rtsp_camera.py PORT [FPS]: a camera made by GStreamer, rtsp://127.0.0.1:PORT/cam, H.264, 320x240.

Prints "ready" when it listens.  Exit status 77: GStreamer or a part of it is missing."""
import sys

try:
    import gi

    gi.require_version("Gst", "1.0")
    gi.require_version("GstRtspServer", "1.0")
    from gi.repository import GLib, Gst, GstRtspServer
except (ImportError, ValueError) as missing:
    print(f"no GStreamer RTSP server: {missing}")
    sys.exit(77)

Gst.init(None)
encoders = {"x264enc": "tune=zerolatency key-int-max=10 speed-preset=ultrafast", "openh264enc": "gop-size=10"}
encoder = next((e for e in encoders if Gst.ElementFactory.find(e)), None)
if not encoder or not Gst.ElementFactory.find("rtph264pay"):
    print("no H.264 encoder for GStreamer")
    sys.exit(77)

port = sys.argv[1]
fps = sys.argv[2] if len(sys.argv) > 2 else "10"
server = GstRtspServer.RTSPServer()
server.set_address("127.0.0.1")
server.set_service(port)
factory = GstRtspServer.RTSPMediaFactory()
factory.set_shared(True)
factory.set_launch(
    f"( videotestsrc is-live=true pattern=ball ! video/x-raw,width=320,height=240,framerate={fps}/1 "
    f"! {encoder} {encoders[encoder]} ! rtph264pay name=pay0 pt=96 config-interval=1 )"
)
server.get_mount_points().add_factory("/cam", factory)
if server.attach(None) == 0:
    print("the port is taken")
    sys.exit(1)
print("ready", flush=True)
GLib.MainLoop().run()
