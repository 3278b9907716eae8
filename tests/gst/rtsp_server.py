# SPDX-License-Identifier: LGPL-2.1-or-later
"""A network camera for tests: serves a test picture at rtsp://127.0.0.1:PORT/stream.

rtsp_server.py PORT       0: any port; prints the port when it is ready
"""
import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402

PICTURE = "video/x-raw,format=I420,width=320,height=240,framerate=15/1"
CAMERA = f"( videotestsrc is-live=true ! {PICTURE} ! jpegenc ! rtpjpegpay name=pay0 )"

Gst.init(None)
server = GstRtspServer.RTSPServer()
server.set_address("127.0.0.1")
server.set_service(sys.argv[1])
factory = GstRtspServer.RTSPMediaFactory()
factory.set_launch(CAMERA)
factory.set_shared(True)
server.get_mount_points().add_factory("/stream", factory)
if server.attach(None) == 0:
    sys.exit(f"port {sys.argv[1]} is taken")
print(server.get_bound_port(), flush=True)
GLib.MainLoop().run()
