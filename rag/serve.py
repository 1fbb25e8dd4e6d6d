"""The page in a browser: `kuaida`, or `python app.py` in a clone. The first start builds the index.

What is slow to import is imported in functions: `--help` waits for nothing, and a browser for the web server alone.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from rag import console
from rag.config import browser_wanted
from rag.errors import KuaidaError, ServerError
from rag.folders import Folders, folders, remember

if TYPE_CHECKING:
    from rag.serving.instance import Claim
    from rag.serving.service import Service
    from rag.serving.starting import Starting


def main(arguments: list[str] | None = None, program: str = "app.py") -> int:
    """Returns the exit code: 0 after Ctrl-C, or when the page runs already, 2 when it cannot be served."""
    parser = make_parser(program)
    options = parser.parse_args(arguments)
    if options.folder and options.corpus:
        parser.error("name the folder of the notes once")
    return console.run(program, lambda: _run(options))


def make_parser(
    program: str, description: str = "Ask your notes in the browser.", **more: str
) -> argparse.ArgumentParser:
    """Returns the parser of the command that starts the page; `more` is for argparse."""
    parser = console.parser(program, description, "--corpus", "--index", "--encoder", "--reranker", **more)
    parser.add_argument("folder", nargs="?", type=Path, metavar="FOLDER", help="the same as --corpus FOLDER")
    parser.add_argument(
        "--feedback", type=Path, metavar="FOLDER", help="folder of ratings, gaps and pins (default: beside the index)"
    )
    parser.add_argument("--allow-writing", action="store_true", help="let the page add questions to notes")
    parser.add_argument("--editor", metavar="LINK", help="opens a note: {path}, {line}; '' for none (default: VS Code)")
    parser.add_argument("--host", default="127.0.0.1", help="loopback address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, help="0 takes any free one (default: 7860, or the next one that is free)")
    parser.add_argument("--no-browser", action="store_true", help="only print the address (default off a terminal)")
    return parser


def _run(options: argparse.Namespace) -> int:
    from rag.notes.walking import require_folder
    from rag.serving import instance

    chosen = folders(options.folder or options.corpus, options.index, options.feedback)
    require_folder(chosen.corpus)
    claim = instance.claim(chosen.index)
    if claim is None:
        return _show_running(options, chosen)
    try:
        with _ended_by_signals():
            _serve(options, chosen, claim)
    except KeyboardInterrupt:
        sys.stdout.write("\n")
    finally:
        claim.close()
    return 0


def _show_running(options: argparse.Namespace, chosen: Folders) -> int:
    from rag.serving import instance

    page = instance.running(chosen.index)
    if page.corpus != os.path.realpath(chosen.corpus):
        raise ServerError(
            f"the index in {chosen.index} is in use by the page over {page.corpus} at {page.url}: "
            "stop that, or name another folder with --index"
        )
    _print(f"{page.url}  (runs already)")
    _browse(page.url, options)
    return 0


@contextlib.contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Ends the page as Ctrl-C does when its service manager stops it too, and where a shell ignores Ctrl-C for it."""
    if threading.current_thread() is not threading.main_thread():  # which alone can say so
        yield
        return
    before = {number: signal.signal(number, signal.default_int_handler) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _serve(options: argparse.Namespace, chosen: Folders, claim: Claim) -> None:
    """Serves until Ctrl-C, which it passes on as KeyboardInterrupt; raises KuaidaError."""
    from rag.serving import listener
    from rag.serving.guard import Guard
    from rag.serving.starting import Starting

    with _listen(options) as connections:
        url = listener.url(connections)
        claim.announce(url, chosen.corpus)
        starting = Starting()
        server = listener.Server(Guard(starting), connections)
        with server.serving():
            _print(f"preparing the page at {url}")
            is_awaited = _browse(url, options)
            service = _prepare(options, chosen, starting, is_awaited)
            _print(f"{url}  (Ctrl-C stops it)")
            service.warm_up()
            server.wait()


def _listen(options: argparse.Namespace) -> socket.socket:
    from rag.serving import listener

    if options.port is not None:
        return listener.listen(options.host, options.port)
    connections = listener.listen_next(options.host)
    if listener.port_of(connections) != listener.PORT:
        console.say(options.program, f"port {listener.PORT} is in use: the page is at {listener.url(connections)}")
    return connections


def _prepare(options: argparse.Namespace, chosen: Folders, starting: Starting, is_awaited: bool) -> Service:
    """Returns the service once its page answers; an error is said on the page that waits before it is raised."""
    try:
        service = _open(options, chosen, starting)
    except KuaidaError as error:
        starting.fail(console.in_words_of(options.program, str(error)), is_awaited)
        raise
    if options.index is None:  # else a question would not find this index by itself
        remember(chosen.corpus)
    return service


def _open(options: argparse.Namespace, chosen: Folders, starting: Starting) -> Service:
    from rag import server
    from rag.serving.service import EDITOR, Settings

    editor = EDITOR if options.editor is None else options.editor
    settings = Settings(chosen.corpus, chosen.index, chosen.feedback, writable=options.allow_writing, editor=editor)
    service = server.open_service(settings, options.encoder, options.reranker, starting, options.program)
    starting.step("opening")
    starting.hand_over(server.application(service))
    return service


def _browse(url: str, options: argparse.Namespace) -> bool:
    """Opens the address in the browser where a person wants that; returns whether it did."""
    if options.no_browser or not browser_wanted(sys.stdout.isatty()):
        return False
    import webbrowser

    # some browsers let it wait
    threading.Thread(target=webbrowser.open, args=(url,), name="kuaida-browser", daemon=True).start()
    return True


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
