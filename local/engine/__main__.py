"""`python -m local.engine serve --socket PATH`"""

from local.engine.server import main

main()
