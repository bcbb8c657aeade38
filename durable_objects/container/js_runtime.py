"""`Runtime` on ctx.container, the platform's own API."""

from __future__ import annotations

from typing import Any

import js
from pyodide.ffi import JsException, jsnull, to_js

from durable_objects.container.faults import RuntimeFault
from durable_objects.container.meanings import Meaning, read
from durable_objects.container.readiness import Look
from durable_objects.container.settings import Launch
from durable_objects.container.states import Ended

# A program (or whoever stands in for it) that answers with this header has ended, and the body is the end of its log.
LAST_WORDS_HEADER = "x-container-last-words"
_SHOWN = 4000  # characters of a refusal's body that are worth reading


def js_object(members: Any) -> Any:
    """A plain JavaScript object from a dict."""
    return to_js(members, dict_converter=js.Object.fromEntries)


def known(value: Any) -> Any:
    """RPC carries a missing value as JavaScript's null."""
    return None if value is jsnull else value


def fault_of(error: JsException) -> RuntimeFault:
    return RuntimeFault(str(getattr(error, "message", None) or error))


def aborted(error: JsException) -> bool:
    return getattr(error, "name", "") in ("TimeoutError", "AbortError")


class JsRuntime:
    def __init__(self, container: Any) -> None:
        # The raw proxy: a wrapper would remember `running` at its first reading.
        self._container = container

    @property
    def raw(self) -> Any:
        return self._container

    @property
    def running(self) -> bool:
        return bool(self._container.running)

    def start(self, launch: Launch) -> None:
        try:
            self._container.start(js_object(launch.as_dict()))
        except JsException as error:
            raise fault_of(error) from error

    async def wait_exit(self) -> Ended:
        try:
            await self._container.monitor()
        except JsException as error:
            reading = read(str(getattr(error, "message", None) or error))
            if reading.meaning is Meaning.EXITED:
                return Ended(reading.exit_code, "exit")
            if reading.meaning is Meaning.SIGNALLED:
                return Ended(reading.exit_code, "runtime_signal")
            raise fault_of(error) from error
        return Ended(0, "exit")

    async def probe(self, port: int, endpoint: str, timeout: float) -> Look:
        signal = js.AbortSignal.timeout(max(1, int(timeout * 1000)))
        try:
            response = await self._container.getTcpPort(port).fetch(f"http://{endpoint}", signal=signal)
            text = ""
            if response.status >= 300:
                text = (await response.text())[-_SHOWN:]
            elif response.body:
                await response.body.cancel()
        except JsException as error:
            if aborted(error):
                raise TimeoutError(f"no answer within {timeout:g} s") from error
            raise fault_of(error) from error
        return Look(int(response.status), text, last_words=bool(response.headers.has(LAST_WORDS_HEADER)))

    def signal(self, number: int) -> None:
        try:
            self._container.signal(number)
        except JsException as error:
            raise fault_of(error) from error

    async def destroy(self) -> None:
        try:
            await self._container.destroy()
        except JsException as error:
            raise fault_of(error) from error
