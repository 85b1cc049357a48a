"""Kept-alive HTTP connections with one request out on each.

For servers that volley-load does not speak to. One thread and epoll: some
20,000 requests a second, so that a slower figure is the server's own.
"""
import select
import socket
import time


class Lane:
    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.began_s = 0.0
        self.input = b""

    def send(self, request):
        self.input = b""
        self.began_s = time.monotonic()
        self.socket.sendall(request)

    def answer(self):
        """The status when an answer is whole, else None."""
        octets = self.socket.recv(65536)
        if not octets:
            raise OSError("the server closed a connection")
        self.input += octets
        end = self.input.find(b"\r\n\r\n")
        if end < 0:
            return None
        for line in self.input[:end].split(b"\r\n")[1:]:
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                if len(self.input) < end + 4 + int(value):
                    return None
                return int(self.input[9:12])
        raise OSError("an answer without Content-Length")


class Lanes:
    """size requests over so many connections; statuses and times after."""

    def __init__(self, port, connections, size, request_of):
        self.lanes = [Lane(port) for _ in range(min(connections, size))]
        self.size, self.request_of = size, request_of
        self.statuses, self.times_s = {}, []
        self.sent = 0

    def run(self, seconds):
        poll = select.epoll()
        by_fd = {}
        for lane in self.lanes:
            by_fd[lane.socket.fileno()] = lane
            poll.register(lane.socket, select.EPOLLIN)
        end = time.monotonic() + seconds
        for lane in self.lanes:
            self.ask(lane)
        while len(self.times_s) < self.size and time.monotonic() < end:
            for fd, _ in poll.poll(1):
                self.on_input(by_fd[fd])
        poll.close()
        for lane in self.lanes:
            lane.socket.close()

    def ask(self, lane):
        if self.sent < self.size:
            self.sent += 1
            lane.send(self.request_of(self.sent))

    def on_input(self, lane):
        status = lane.answer()
        if status is None:
            return
        self.times_s.append(time.monotonic() - lane.began_s)
        self.statuses[status] = self.statuses.get(status, 0) + 1
        self.ask(lane)
