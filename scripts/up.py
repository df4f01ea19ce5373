"""Run the platform in the foreground: the bus and every process of workspace.toml, watched and restarted.

    up.py [--home DIR] [--ports fixed|auto]

Writes DIR/endpoints.json and DIR/credentials.json (mode 0600) once everything is ready. Ctrl-C stops everything.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from pathlib import Path

from _lib.tree import ROOT
from bootstrap import enter


def main() -> int:
    """Run until stopped and return the exit code."""
    parser = argparse.ArgumentParser(description="Run the whole platform on this machine, on loopback.")
    parser.add_argument("--home", type=Path, default=ROOT / ".at", help="where state lives (default: .at)")
    parser.add_argument("--ports", choices=("fixed", "auto"), default="fixed", help="auto: any free ports")
    options = parser.parse_args()
    return asyncio.run(_run(options.home, auto=options.ports == "auto"))


async def _run(home: Path, *, auto: bool) -> int:
    from _lib.home import Ports
    from _lib.platform import Platform
    from _lib.supervise import GaveUp

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    platform = Platform(home, Ports.free() if auto else Ports.fixed())
    try:
        starting = asyncio.create_task(platform.start())
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not starting.done():
            starting.cancel()
            await asyncio.gather(starting, return_exceptions=True)
            return 0
        starting.result()
        _tell(platform.endpoints, home)
        await platform.run(stop)
    except (GaveUp, RuntimeError) as error:
        print(f"up: {error}", file=sys.stderr)
        return 1
    finally:
        await platform.stop()
    print("stopped")
    return 0


def _tell(endpoints: dict[str, str], home: Path) -> None:
    print("ready")
    for name, address in endpoints.items():
        print(f"  {name:13} {address}")
    print(f"tokens: {home / 'credentials.json'}; Ctrl-C stops everything", flush=True)


if __name__ == "__main__":
    enter()
    raise SystemExit(main())
