"""Behaves: answers, streams, counts, dies when it is told to, speaks WebSocket."""

from __future__ import annotations

import base64
import hashlib
import os
import signal
import time

from _http import Handler, serve


class Echo(Handler):
    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path.endswith("/die"):
            os.kill(os.getpid(), signal.SIGKILL)
        if path.endswith("/exit"):
            os._exit(int(self.path.partition("=")[2] or 0))
        if path.endswith("/none"):
            self.send_response(204)
            self.end_headers()
            return
        if path.endswith("/slow"):
            time.sleep(float(self.path.partition("=")[2] or 1))
        if path.endswith("/drip"):
            self._drip(int(self.path.partition("=")[2] or 5))
            return
        if path.endswith("/half"):
            self._half()
        if path.endswith("/other"):
            self.answer(200, b"from another incarnation", x_incarnation="someone-else")
            return
        if path.endswith("/socket"):
            self._socket()
            return
        super().do_GET()

    def do_POST(self) -> None:
        length = self.headers.get("content-length")
        if self.path.endswith("/die"):
            os.kill(os.getpid(), signal.SIGKILL)
        body = self.rfile.read(int(length)) if length is not None else b"".join(self._chunks())
        digest = hashlib.sha256(body).hexdigest()
        self.answer(200, f"{len(body)} {digest}".encode())

    def _chunks(self):
        while size := int(self.rfile.readline().strip() or b"0", 16):
            yield self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()

    def _drip(self, lines: int) -> None:
        self.send_response(200)
        self.send_header("content-type", "application/x-ndjson")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        for number in range(lines):
            line = f'{{"line": {number}, "at": {time.time()}}}\n'.encode()
            self.wfile.write(f"{len(line):x}\r\n".encode() + line + b"\r\n")
            self.wfile.flush()
            time.sleep(0.2)
        self.wfile.write(b"0\r\n\r\n")

    def _half(self) -> None:
        """Ten bytes of an answer that says it has a hundred, and death."""
        self.send_response(200)
        self.send_header("content-length", "100")
        self.end_headers()
        self.wfile.write(b"0123456789")
        self.wfile.flush()
        os.kill(os.getpid(), signal.SIGKILL)

    def _socket(self) -> None:
        """RFC 6455, just enough: short frames; text is answered in upper case, bytes reversed, "bye" closes with 4001."""
        key = self.headers["sec-websocket-key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        self.send_response(101)
        self.send_header("upgrade", "websocket")
        self.send_header("connection", "Upgrade")
        self.send_header("sec-websocket-accept", base64.b64encode(hashlib.sha1(key.encode()).digest()).decode())
        self.send_header("x-socket", "yes")
        self.end_headers()
        self.close_connection = True
        while True:
            head = self.rfile.read(2)
            if len(head) < 2:
                return
            opcode, size = head[0] & 15, head[1] & 127
            if size == 126:
                size = int.from_bytes(self.rfile.read(2), "big")
            mask = self.rfile.read(4) if head[1] & 128 else b"\0\0\0\0"
            data = bytes(byte ^ mask[index % 4] for index, byte in enumerate(self.rfile.read(size)))
            if opcode == 8:
                self._frame(8, data[:2])
                return
            if opcode == 1 and data == b"bye":
                self._frame(8, (4001).to_bytes(2, "big") + b"as you wish")
                return
            if opcode == 1 and data == b"die":
                os.kill(os.getpid(), signal.SIGKILL)
            if opcode in (1, 2):
                self._frame(opcode, data.upper() if opcode == 1 else data[::-1])

    def _frame(self, opcode: int, data: bytes) -> None:
        size = bytes([len(data)]) if len(data) < 126 else b"\x7e" + len(data).to_bytes(2, "big")
        self.wfile.write(bytes([128 | opcode]) + size + data)
        self.wfile.flush()


serve(Echo, 8080)
