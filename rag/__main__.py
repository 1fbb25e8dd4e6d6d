"""`python -m rag` says what there is; with arguments it is `kuaida`."""

import sys

from rag.cli import main

sys.exit(main(sys.argv[1:] or ["--help"], "rag"))
