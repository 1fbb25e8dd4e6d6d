"""The page in a browser: `python app.py`, then open the address it prints. The first start builds the index."""

import sys

from rag.serve import main

if __name__ == "__main__":
    sys.exit(main())
