"""What tests rely on when they hold a port for a server of theirs."""

import errno
import socket

import pytest
from ports import free_port


def test_a_port_that_is_held_refuses_all_but_the_server_that_asks_for_it():
    with free_port() as port:
        with socket.socket() as client:
            assert client.connect_ex(("127.0.0.1", port)) == errno.ECONNREFUSED
        with socket.socket() as other, pytest.raises(OSError, match="in use"):
            other.bind(("127.0.0.1", port))
        with socket.create_server(("127.0.0.1", port)), socket.socket() as client:  # it sets SO_REUSEADDR
            assert client.connect_ex(("127.0.0.1", port)) == 0
