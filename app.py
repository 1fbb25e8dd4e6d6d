"""The page in a browser: `python app.py`, then open the address it prints. The first start builds the index."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from rag import server
from rag.assistant import Assistant
from rag.build import summary
from rag.config import DEFAULT_CORPUS, DEFAULT_FEEDBACK, DEFAULT_INDEX
from rag.console import speak_utf8
from rag.encoders.base import Encoder
from rag.encoders.load import load_encoder
from rag.errors import IndexNotWritable, IndexUnusable, KuaidaError
from rag.indexing.sync import sync
from rag.progress import progress_bar
from rag.retrieval.reranker import Reranker, load_reranker
from rag.serving.service import EDITOR, Service, Settings


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit code: 0 after Ctrl-C, 2 when the page cannot be served."""
    options = _parser().parse_args(arguments)
    speak_utf8()
    try:
        with server.bind(options.host, options.port) as listener:
            encoder, reranker = load_encoder(options.encoder), load_reranker(options.reranker)
            assistant = _open(options.corpus, options.index, encoder, reranker)
            settings = Settings(
                options.corpus, options.index, options.feedback, writable=options.allow_writing, editor=options.editor
            )
            service = Service(settings, encoder, assistant)
            app = server.application(service)
            server.listen(listener)
            print(f"{server.url(listener)}  (Ctrl-C stops it)", flush=True)
            service.warm_up()
            server.serve(app, listener)
    except KuaidaError as error:
        print(f"app.py: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Ask your notes in the browser.")
    parser.add_argument("--host", default="127.0.0.1", help="loopback address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=7860, help="0 takes any free one (default: %(default)s)")
    parser.add_argument("--corpus", type=Path, default=DEFAULT_CORPUS, help="folder of the notes (default: corpus/)")
    parser.add_argument("--index", type=Path, default=DEFAULT_INDEX, help="folder of the index (default: index/)")
    parser.add_argument(
        "--feedback", type=Path, default=DEFAULT_FEEDBACK, help="folder of ratings, gaps and pins (default: feedback/)"
    )
    parser.add_argument("--allow-writing", action="store_true", help="let the page add questions to notes")
    parser.add_argument(
        "--editor",
        metavar="LINK",
        default=EDITOR,
        help="opens a note: {path}, {line}; '' for none (default: %(default)s)",
    )
    parser.add_argument("--encoder", metavar="NAME", help="sentence-transformers model or folder (default: bundled)")
    parser.add_argument("--reranker", metavar="NAME", help="CrossEncoder name or folder (default: none)")
    return parser


def _open(corpus: Path, index: Path, encoder: Encoder, reranker: Reranker | None) -> Assistant:
    """Returns an assistant on the notes as they are now; an index that cannot be written still serves as it is."""
    try:
        with progress_bar("encoding") as advance:
            built = sync(corpus, index, encoder, progress=advance)
    except IndexNotWritable as error:
        try:
            assistant = Assistant.open(index, encoder, reranker)
        except IndexUnusable:
            raise error from None
        print(f"app.py: {error}; serving the index as it is", file=sys.stderr)
        return assistant
    print(summary(built), flush=True)
    return Assistant.open(index, encoder, reranker)


if __name__ == "__main__":
    sys.exit(main())
