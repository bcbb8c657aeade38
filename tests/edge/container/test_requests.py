"""Requests through a container, in real workerd: what passes, what streams, what wakes it, what a failure answers."""

from __future__ import annotations

import asyncio
import concurrent.futures
import hashlib
import json
import time

import pytest
import websockets

from tests.edge.container.world import Box, Refused, World


def test_a_request_starts_the_container_and_reaches_it_with_path_query_and_headers(world: World) -> None:
    box = world.box("echo")
    answer = box.get("/hello?a=1", headers={"x-test": "yes"})
    assert answer.status_code == 200
    seen = answer.json()
    assert seen["path"] == f"/fetch/{box.name}/hello?a=1"
    assert seen["header"] == "yes"
    assert box.state["status"] == "healthy"
    assert box.journal == ["start"]


def test_twenty_requests_at_once_start_one_program(world: World) -> None:
    box = world.box("echo")
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: box.get("/"), range(20)))
    assert [answer.status_code for answer in answers] == [200] * 20
    assert len({answer.json()["pid"] for answer in answers}) == 1
    assert box.journal == ["start"]


def test_a_large_body_passes_both_ways_untouched(world: World) -> None:
    box = world.box("echo")
    body = bytes(range(256)) * 4096 * 8  # 8 MiB
    answer = world.http.post(f"/fetch/{box.name}/size", content=body)
    assert answer.text == f"{len(body)} {hashlib.sha256(body).hexdigest()}"


def test_a_body_without_a_length_is_streamed_in(world: World) -> None:
    box = world.box("echo")
    parts = [b"part %d;" % number for number in range(50)]
    answer = world.http.post(f"/fetch/{box.name}/size", content=iter(parts))
    whole = b"".join(parts)
    assert answer.text == f"{len(whole)} {hashlib.sha256(whole).hexdigest()}"


def test_an_answer_streams_line_by_line(world: World) -> None:
    """Five lines, one each 0.2 s: the first arrives while the last is not written yet."""
    box = world.box("echo")
    box.get("/")
    arrived = []
    with world.http.stream("GET", f"/fetch/{box.name}/drip?n=5") as answer:
        assert answer.headers["content-type"] == "application/x-ndjson"
        for line in answer.iter_lines():
            arrived.append((time.time(), json.loads(line)["line"]))
    assert [line for _, line in arrived] == [0, 1, 2, 3, 4]
    assert arrived[-1][0] - arrived[0][0] > 0.5


def test_an_open_answer_counts_as_a_request_in_flight_until_it_ends(world: World) -> None:
    box = world.box("echo")
    box.get("/")
    with world.http.stream("GET", f"/fetch/{box.name}/drip?n=5") as answer:
        lines = answer.iter_lines()
        next(lines)
        assert box.state["in_flight"] == 1
        assert len(list(lines)) == 4
    box.wait(lambda: box.state["in_flight"] == 0)


def test_a_short_answer_passes_whole_with_its_headers_and_is_over_when_it_has_come(world: World) -> None:
    box = world.box("echo")
    answer = box.get("/")
    assert answer.headers["x-incarnation"] == answer.json()["incarnation"] != ""
    assert box.state["in_flight"] == 0
    head = box.http.head(f"/fetch/{box.name}/")
    assert (head.status_code, head.content, head.headers["x-incarnation"]) == (200, b"", answer.json()["incarnation"])


def test_a_container_that_dies_within_a_short_answer_gives_no_half_answer(world: World) -> None:
    """The request may be repeated, and is, once; then the failure is told."""
    box = world.box("echo")
    answer = box.get("/half")
    assert answer.status_code == 500
    assert "Error proxying request to container" in answer.text
    assert box.wait(lambda: box.journal.count("stop 137 exit") == 2)


def test_an_answer_that_its_reader_gives_up_is_no_longer_in_flight(world: World) -> None:
    box = world.box("echo")
    box.get("/")
    with world.http.stream("GET", f"/fetch/{box.name}/drip?n=30") as answer:
        next(answer.iter_lines())
    box.wait(lambda: box.state["in_flight"] == 0, seconds=5)


def test_an_answer_without_content_stays_without_content(world: World) -> None:
    box = world.box("echo")
    answer = box.get("/none")
    assert answer.status_code == 204
    assert answer.content == b""
    assert box.state["in_flight"] == 0


def test_switch_port_names_another_port_of_the_container(world: World) -> None:
    box = world.box("two-ports")
    first = world.http.get(f"/port/{box.name}/8080/x").json()["port"]
    second = world.http.get(f"/port/{box.name}/8081/x").json()["port"]
    assert first != second


def test_an_https_address_reaches_the_port_which_speaks_http_alone(world: World) -> None:
    status, seen = world.box("echo").call("secure", 8080)
    assert (status, seen["path"], seen["header"]) == (200, "/x?y=1", "own")


def test_a_port_that_is_none_is_refused(world: World) -> None:
    box = world.box("echo")
    answer = box.get("/", headers={"cf-container-target-port": "eighty"})
    assert answer.status_code == 500
    assert box.state["status"] == "stopped"


def test_a_web_socket_passes_text_and_bytes_both_ways_and_its_closing(world: World) -> None:
    box = world.box("echo")

    async def talk() -> None:
        url = world.url.replace("http", "ws") + f"/fetch/{box.name}/socket"
        async with websockets.connect(url) as socket:
            assert socket.response is not None
            assert socket.response.headers["x-socket"] == "yes"
            await socket.send("hello")
            assert await socket.recv() == "HELLO"
            await socket.send(b"\x01\x02\x03")
            assert await socket.recv() == b"\x03\x02\x01"
            assert box.state["in_flight"] == 1
            await socket.send("bye")
            with pytest.raises(websockets.ConnectionClosed) as closed:
                await socket.recv()
            assert closed.value.rcvd is not None
            assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (4001, "as you wish")

    asyncio.run(talk())
    box.wait(lambda: box.state["in_flight"] == 0)


def test_a_web_socket_that_the_client_closes_is_no_longer_in_flight(world: World) -> None:
    box = world.box("echo")

    async def talk() -> None:
        async with websockets.connect(world.url.replace("http", "ws") + f"/fetch/{box.name}/socket") as socket:
            await socket.send("x")
            await socket.recv()

    asyncio.run(talk())
    box.wait(lambda: box.state["in_flight"] == 0)
    # Nothing listens any more when the other side tells that it has closed too.
    assert world.log is None or "has already been destroyed" not in world.log.read_text()


def test_a_request_to_a_dead_container_is_repeated_once_on_a_new_one_if_that_is_safe(world: World) -> None:
    """The state says healthy and the program is gone: a GET without a body starts another and gets its answer."""
    box = world.box("echo")
    first = box.get("/").json()
    assert kill(box, "GET").status_code in (200, 500)  # itself repeated: the second one dies too
    second = box.get("/").json()
    assert second["incarnation"] != first["incarnation"]
    assert box.state["incarnation"] == second["incarnation"]


def test_a_post_is_not_repeated_and_says_that_the_container_disconnected(world: World) -> None:
    box = world.box("echo")
    box.get("/")
    answer = kill(box, "POST")
    assert answer.status_code == 500
    assert answer.text == "Container suddenly disconnected, try again"
    assert box.get("/").status_code == 200


def kill(box: Box, method: str):
    return box.http.request(method, f"/fetch/{box.name}/die", content=b"x" if method == "POST" else None)


def test_an_answer_of_another_incarnation_is_not_passed_on(world: World) -> None:
    box = world.box("stamped")
    assert box.get("/").status_code == 200
    answer = box.get("/other")
    assert answer.status_code == 500
    assert "someone-else" in answer.text
    assert box.state["incarnation"] in answer.text


def test_a_method_that_does_not_exist_is_refused_when_it_is_scheduled(world: World) -> None:
    with pytest.raises(Refused, match="no_such_method"):
        world.box("echo").call("schedule", 1, "no_such_method")
